"""The file of --dask-slurm: sbatch's times, defaults, and one line for what is wrong."""

import sys
from pathlib import Path

import pytest

from docs.scripts.page_paths import page_path
from experiments.engine.slurm.slurm_file import SlurmFile, read_slurm_file, slurm_file_schema
from traces.errors import InputError

ROOT = Path(__file__).resolve().parents[4]
NEEDED = {"workers": 4, "walltime": "1:00:00"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5_400),
        ("90:30", 5_430),
        ("1:30:00", 5_400),
        ("2-12", 216_000),
        ("2-12:30", 217_800),
        ("2-12:30:15", 217_815),
    ],
)
def test_times_are_read_as_sbatch_reads_them(text, seconds):
    assert SlurmFile(**{**NEEDED, "walltime": text}).walltime_s == seconds


def test_what_is_left_out():
    content = SlurmFile(**NEEDED)
    assert (content.cores, content.memory_text, content.spare_s) == (1, "2 GiB", 60)
    assert content.python_command == sys.executable
    assert not content.insecure
    assert SlurmFile(**NEEDED, cores=8).memory_text == "16 GiB"
    assert SlurmFile(**{**NEEDED, "walltime": "5"}).spare_s == 30


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'walltime = "1h"',
            "walltime must be minutes, hours:minutes:seconds or days-hours:minutes:seconds, got '1h'",
        ),
        ('walltime = "0:30"', "walltime must be at least a minute, for Slurm counts in minutes, got '0:30'"),
        ('walltime = "0"', "walltime must be minutes"),
        ("walltime = 60", "walltime must be a text that is not empty"),
        ('walltime = "1"\nmargin_s = 60', "margin_s must be below the walltime of 60 s, got 60"),
        ("workers = 0", "workers must be between 1 and 10000"),
        ('memory = "4"', "memory must be a number with a unit, such as \"4 GiB\", got '4'"),
        ('partition = "a b"', "partition must be one word, got 'a b'"),
        ('job_extra_directives = ["qos=low"]', 'job_extra_directives must be options such as "--qos=low"'),
        ('queue = "long"', "queue is an unknown key; known are workers, walltime, partition"),
        ("wokers = 3", "wokers is an unknown key; did you mean 'workers'?"),
    ],
)
def test_one_line_for_what_is_wrong(tmp_path, line, message):
    path = tmp_path / "slurm.toml"
    keys = {key for key in NEEDED if not line.startswith(f"{key} ")}
    path.write_text("".join(f"{key} = {NEEDED[key]!r}\n" for key in sorted(keys)) + line)
    with pytest.raises(InputError) as error:
        read_slurm_file(path)
    assert message in str(error.value)
    assert "slurm.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_workers_and_walltime_are_required(tmp_path):
    path = tmp_path / "slurm.toml"
    path.write_text("cores = 2\n")
    with pytest.raises(InputError, match="workers is missing and has no default"):
        read_slurm_file(path)
    assert slurm_file_schema()["required"] == ["workers", "walltime"]


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"docs/guides/clusters.md"):
        read_slurm_file(tmp_path / "absent.toml")


def test_the_page_shows_the_example_as_it_is():
    example = ROOT / "examples" / "slurm.toml"
    assert read_slurm_file(example).cores == 4
    page = page_path("clusters.md").read_text(encoding="utf-8")
    assert f"```toml\n{example.read_text(encoding='utf-8')}```" in page
