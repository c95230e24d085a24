"""Files that appear whole or not at all, and folders held by one process."""

import json
import os
import stat
import subprocess
import sys

import pytest

from traces.errors import InputError
from traces.files import atomic
from traces.files.atomic import folder_lock, record_config, remove_partial, remove_unfinished, replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


class TestFiles:
    def test_replaces_text_bytes_and_json(self, tmp_path):
        path = tmp_path / "a.json"
        atomic.write_json(path, {"b": [1]})
        assert path.read_text() == '{\n "b": [\n  1\n ]\n}\n'
        atomic.write_text(path, "ü\udcff", errors="replace")
        assert path.read_bytes() == "ü?".encode()
        atomic.write_bytes(path, b"\x00")
        assert (path.read_bytes(), names(tmp_path)) == (b"\x00", ["a.json"])

    def test_follows_the_umask(self, tmp_path, umask):
        atomic.write_text(tmp_path / "a", "")
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640

    @pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
    def test_an_error_leaves_the_old_file_alone(self, tmp_path, error):
        path = tmp_path / "a"
        path.write_text("old")
        with pytest.raises(error), replacing(path) as partial:
            partial.write_text("half")
            raise error
        assert (path.read_text(), names(tmp_path)) == ("old", ["a"])

    def test_a_value_that_is_no_json_leaves_the_old_file_alone(self, tmp_path):
        path = tmp_path / "a"
        path.write_text("old")
        with pytest.raises(TypeError):
            atomic.write_json(path, {"set": {1}})
        assert (path.read_text(), names(tmp_path)) == ("old", ["a"])

    def test_takes_the_longest_names_that_a_file_system_takes(self, tmp_path):
        path = tmp_path / ("𝄞" * 63)
        atomic.write_text(path, "here")
        assert path.read_text() == "here"

    def test_two_writers_of_one_file_do_not_mix(self, tmp_path):
        path = tmp_path / "a"
        with replacing(path, sync=True) as first:
            first.write_text("first")
            with replacing(path) as second:
                second.write_text("second")
            assert path.read_text() == "second"
        assert (path.read_text(), names(tmp_path)) == ("first", ["a"])

    def test_a_folder_that_is_not_there_is_an_os_error(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            atomic.write_text(tmp_path / "none" / "a", "")

    def test_a_process_that_ends_without_exceptions_can_clean_up(self, tmp_path):
        with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
            assert len(names(tmp_path)) == 1
            remove_unfinished()
            assert names(tmp_path) == []

    def test_removes_what_a_killed_process_left(self, tmp_path):
        program = (
            "import os, sys\nfrom traces.files.atomic import replacing\n"
            "with replacing(sys.argv[1]) as partial:\n    os._exit(9)"
        )
        assert subprocess.run([sys.executable, "-c", program, str(tmp_path / "a")]).returncode == 9
        (left,) = names(tmp_path)
        assert atomic.is_partial(left)
        remove_partial(tmp_path)
        assert names(tmp_path) == []


class TestFolders:
    def test_refuses_a_second_holder_and_names_the_first(self, tmp_path):
        with folder_lock(tmp_path, "--out x", "another run is writing"):
            second = folder_lock(tmp_path, "--out x", "another run is writing")
            with (
                pytest.raises(InputError, match="^--out x: another run is writing this folder") as refused,
                second,
            ):
                pass
            if os.path.exists("/proc/locks"):
                assert f"(process {os.getpid()}); wait for it" in str(refused.value)
        with folder_lock(tmp_path, "--out x", "another run is writing"):
            pass

    def test_a_killed_holder_leaves_no_lock(self, tmp_path):
        program = (
            "import os, sys\nfrom pathlib import Path\nfrom traces.files.atomic import folder_lock\n"
            "with folder_lock(Path(sys.argv[1]), '', ''):\n    os._exit(9)"
        )
        assert subprocess.run([sys.executable, "-c", program, str(tmp_path)]).returncode == 9
        with folder_lock(tmp_path, "", ""):
            assert names(tmp_path) == []

    def test_records_a_configuration_and_compares_it_later(self, tmp_path):
        path = tmp_path / "plan.json"
        config = {"seed": 1, "layers": (2, 3), "long": "x" * 100}
        assert record_config(path, config, "remove it") is None
        assert record_config(path, config, "remove it") is None
        assert json.loads(path.read_text())["layers"] == [2, 3]
        assert record_config(path, {**config, "seed": 2}, "remove it") == ("seed", "1", "2")
        difference = record_config(path, {"seed": 1, "layers": (2, 3)}, "remove it")
        assert difference == ("long", '"' + "x" * 56 + "...", "null")

    def test_refuses_a_recorded_configuration_that_cannot_be_read(self, tmp_path):
        (tmp_path / "plan.json").write_text("{")
        with pytest.raises(InputError, match="remove it$"):
            record_config(tmp_path / "plan.json", {}, "remove it")


def test_what_killed_processes_left_of_a_file_is_removed(tmp_path):
    """`traces generate` was killed and given again: a hidden part of the first file stayed for ever."""
    target, dead = tmp_path / "jobs.csv", subprocess.Popen(["true"])
    dead.wait()
    mark = atomic.machine_mark()
    other = "000000" if mark != "000000" else "111111"
    stays = [f".jobs.csv.{mark}-{os.getpid()}-01234567.part", f".jobs.csv.{other}-{dead.pid}-01234567.part",
             f".else.csv.{mark}-{dead.pid}-01234567.part", f".jobs.csv.{dead.pid}-01234567.part"]  # fmt: skip
    for name in [*stays, f".jobs.csv.{mark}-{dead.pid}-89abcdef.part"]:
        (tmp_path / name).touch()
    atomic.remove_killed(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stays)
    partial = atomic.partial_beside(target)
    assert atomic.is_partial(partial.name) and partial.parent == tmp_path
    atomic.remove_killed(tmp_path / "gone" / "jobs.csv")


def test_a_file_named_on_a_command_line_is_cleared_of_them(tmp_path):
    from experiments.runs.output_targets import check_target

    dead = subprocess.Popen(["true"])
    dead.wait()
    (tmp_path / f".jobs.csv.{atomic.machine_mark()}-{dead.pid}-89abcdef.part").touch()
    check_target(tmp_path / "jobs.csv", (".csv", ".parquet"), False)
    assert list(tmp_path.iterdir()) == []
