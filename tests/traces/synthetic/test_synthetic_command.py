import os
from datetime import UTC, datetime

import numpy as np
import pytest

from experiments.cli.root import main
from experiments.data.generate_jobs import generate_workload
from traces import InputError, read_workload
from traces.synthetic import gpu_mix, lublin

LUBLIN = ["lublin", "--jobs", "50", "--processors", "64", "--load", "0.7"]
GPU = ["gpu", "--jobs", "50", "--gpus", "16", "--load", "0.7"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return main(["traces", "generate", *map(str, words)])


class TestCommand:
    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
    @pytest.mark.parametrize("model", [LUBLIN, GPU])
    @pytest.mark.parametrize("estimates", ["exact", "tsafrir"])
    def test_writes_what_the_function_returns(self, model, suffix, estimates, capsys):
        out = f"jobs{suffix}"
        assert run(*model, "--seed", 3, "--out", out, "--estimates", estimates) == 0
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and "50 jobs over" in said.err
        keys = {"jobs": 50, "load": 0.7, "seed": 3, "estimates": estimates}
        keys |= {"processors": 64} if model is LUBLIN else {"gpus": 16}
        made = generate_workload(model[0], f"again{suffix}", **keys)
        assert read_workload(out).content_hash() == made.content_hash()

    def test_says_the_load_that_was_made(self, capsys):
        assert run(*LUBLIN, "--out", "a.csv") == 0
        assert "0.700 of 64 processors" in capsys.readouterr().err

    def test_quiet(self, capsys):
        assert run(*LUBLIN, "--out", "a.csv", "--quiet") == 0
        assert capsys.readouterr() == ("", "")

    def test_replaces_a_file_only_when_told(self, folder, capsys):
        assert run(*LUBLIN, "--out", "a.csv") == 0
        before = (folder / "a.csv").read_bytes()
        assert run(*LUBLIN, "--seed", 9, "--out", "a.csv") == 2
        assert "a.csv: exists already" in capsys.readouterr().err
        assert (folder / "a.csv").read_bytes() == before
        assert run(*LUBLIN, "--seed", 9, "--out", "a.csv", "--force") == 0
        assert (folder / "a.csv").read_bytes() != before


HOSTILE = [
    (["uniform", "--jobs", "5", "--processors", "8"], "unknown model 'uniform'; known: lublin, gpu"),
    (["lublin", "--jobs", "0", "--processors", "8"], "jobs is 0; give a whole number from 1"),
    (["lublin", "--jobs", "-3", "--processors", "8"], "jobs is -3"),
    (["lublin", "--jobs", "10000001", "--processors", "8"], "jobs is 10000001"),
    (["lublin", "--jobs", "nan", "--processors", "8"], "'nan' is not a valid integer"),
    (["lublin", "--jobs", "5", "--days", "1", "--processors", "8"], "both given"),
    (["lublin", "--processors", "8"], "neither given"),
    (["lublin", "--days", "0", "--processors", "8"], "days is 0.0"),
    (["lublin", "--days", "inf", "--processors", "8"], "days is inf"),
    (["lublin", "--days", "0.05", "--processors", "8", "--seed", "14"], "no job arrives in so short a time"),
    (["lublin", "--days", "36525", "--processors", "1000000", "--load", "10"], "more than 10000000 jobs"),
    (["lublin", "--jobs", "5", "--processors", "0"], "processors is 0"),
    (["lublin", "--jobs", "5", "--processors", "10000000"], "processors is 10000000"),
    (["lublin", "--jobs", "5"], "the lublin model needs processors"),
    (["lublin", "--jobs", "5", "--processors", "8", "--gpus", "8"], "takes no gpus"),
    (["lublin", "--jobs", "5", "--processors", "8", "--load", "0"], "load is 0.0"),
    (["lublin", "--jobs", "5", "--processors", "8", "--load", "-1"], "load is -1.0"),
    (["lublin", "--jobs", "5", "--processors", "8", "--load", "10.5"], "load is 10.5"),
    (["lublin", "--jobs", "5", "--processors", "8", "--load", "nan"], "load is nan"),
    (["lublin", "--jobs", "5", "--processors", "8", "--seed", "-1"], "seed is -1"),
    (["lublin", "--jobs", "5", "--processors", "8", "--variant", "x"],
     "unknown variant 'x' of the Lublin model; known: typeless, batch, interactive, both"),
    (["lublin", "--jobs", "5", "--processors", "8", "--estimates", "good"], "known: exact, tsafrir"),
    (["lublin", "--jobs", "5", "--processors", "8", "--max-estimate", "7200"], "use tsafrir"),
    (["lublin", "--jobs", "5", "--processors", "8", "--estimates", "tsafrir", "--max-estimate", "60"],
     "max_estimate_s is 60"),
    (["gpu", "--jobs", "5", "--gpus", "8"], "needs gpus and load"),
    (["gpu", "--jobs", "5", "--load", "0.5"], "needs gpus and load"),
    (["gpu", "--jobs", "5", "--gpus", "0", "--load", "0.5"], "gpus is 0"),
    (["gpu", "--jobs", "5", "--gpus", "9", "--load", "0.5"], "gpus is 9, which does not fill"),
    (["gpu", "--jobs", "5", "--gpus", "8", "--load", "inf"], "load is inf"),
    (["gpu", "--jobs", "5", "--gpus", "8", "--load", "0.5", "--processors", "8"], "takes no processors"),
    (["gpu", "--jobs", "5", "--gpus", "8", "--load", "0.5", "--variant", "both"], "no variant"),
    (["gpu", "--days", "0.05", "--gpus", "1", "--load", "0.001", "--seed", "2"], "not even the first job"),
]  # fmt: skip


class TestHostile:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            pytest.param(words, message, id=" ".join(words), marks=[pytest.mark.slow] * ("36525" in words))
            for words, message in HOSTILE
        ],
    )
    def test_one_line_and_exit_code_2(self, words, message, folder, capsys):
        assert run(*words, "--out", "out.csv") == 2
        said = capsys.readouterr()
        assert message in said.err and said.err.count("\n") == 1 and said.out == ""
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize(
        ("out", "message"),
        [
            ("out.swf", "unknown format"),
            ("out", "unknown format"),
            (".", "unknown format"),
            ("", "is no name of a file"),
            ("missing/out.csv", "its folder does not exist"),
            ("folder.csv", "is a folder"),
            ("a\nb.txt", "unknown format"),
            ("x" * 300 + ".csv", "cannot be written"),
            ("nul\0.csv", "nul"),
        ],
    )
    def test_places_that_cannot_be_written(self, out, message, folder, capsys):
        (folder / "folder.csv").mkdir()
        assert run(*LUBLIN, "--out", out, "--force") == 2
        said = capsys.readouterr().err
        assert message in said and said.count("\n") == 1
        assert [each.name for each in folder.iterdir()] == ["folder.csv"]

    def test_a_folder_without_permission(self, folder, capsys, monkeypatch):
        opened = os.open

        def refuse(path, *words, **options):
            if str(path).endswith(".part"):
                raise PermissionError(13, "Permission denied")
            return opened(path, *words, **options)

        monkeypatch.setattr("os.open", refuse)
        assert run(*LUBLIN, "--out", "out.csv") == 2
        said = capsys.readouterr().err
        assert "out.csv" in said and "ermission" in said and said.count("\n") == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"jobs": 5.0},
            {"jobs": True},
            {"jobs": "5"},
            {"jobs": None, "days": float("nan")},
            {"processors": None},
            {"processors": 2.5},
            {"seed": 0.5},
            {"seed": 2**63},
            {"load": "0.5"},
            {"load": True},
            {"variant": None},
            {"zone": "Mars/Base"},
            {"origin_utc": datetime(2024, 1, 1)},
            {"origin_utc": datetime(2024, 1, 1, tzinfo=UTC), "zone": "Europe/Berlin"},
        ],
        ids=str,
    )
    def test_arguments_of_the_function(self, wrong):
        with pytest.raises(InputError) as caught:
            lublin(**{"jobs": 5, "processors": 8, **wrong})
        assert "\n" not in str(caught.value)

    def test_a_load_so_low_that_time_runs_out(self):
        with pytest.raises(InputError, match="more than 1000000000000"):
            lublin(4_000_000, processors=1, load=0.001)

    def test_gpu_jobs_without_any_gpu(self):
        seed = next(s for s in range(100) if not gpu_draw(s))
        with pytest.raises(InputError, match="asks for a GPU"):
            gpu_mix(1, gpus=8, load=0.5, seed=seed)


def gpu_draw(seed):
    """Whether the first job of this seed asks for GPUs."""
    return gpu_mix(50, gpus=8, load=0.5, seed=seed).gpus_milli[0] > 0


def test_a_calendar_is_carried():
    origin = datetime(2023, 12, 31, 23, tzinfo=UTC)
    jobs = lublin(100, processors=8, origin_utc=origin, zone="Europe/Berlin")
    assert (jobs.origin_utc, jobs.zone) == (origin, "Europe/Berlin")
    assert np.array_equal(jobs.submit_s, lublin(100, processors=8).submit_s)
