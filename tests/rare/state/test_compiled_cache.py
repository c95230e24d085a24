"""Compiled code on disk: never stale, and never where somebody else could put it."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rare.state import cache_place
from rare.state.cache_place import Unsafe, check_private, private_folder
from rare.state.compile import cache_folder, compiled_sources

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {
    "rare/__init__.py": "from rare.reader import read\n",
    "rare/state/compile.py": "def rule(function): ...\n",
    "rare/rules/job_life.py": (
        "from rare.state.compile import (\n    shared_rule,  # side by side (RULES)\n"
        "    rule as compiled,\n)\n"
        "from traces.limits import (  # constants (of all)\n    LARGEST as MOST,\n    SMALLEST,\n)\n"
        "import rare.rules.orders as orders, rare.state.live_lists\n"
        "from rare.env import case_tables as known\nfrom rare.state import arrays\n"
        "from energy.units \\\n    import JOULES\nfrom ..near import here\n"
        "def late():\n    from traces.reader import read\n"
    ),
    "rare/rules/instant.py": "from rare.state.compile import shared_rule\n",
    "rare/whole_numbers.py": "import rare.state.compile as c\nimport numpy\n@c.rule\ndef f(): ...\n",
    "rare/threads.py": "from rare.state.compile import most_threads\n# a rule is compiled elsewhere\n",
    "rare/rules/orders.py": "ORDER = 1\n",
    "rare/state/live_lists.py": "LIST = 1\n",
    "rare/env/case_tables.py": "TABLE = 1\n",
    "rare/state/arrays.py": "from energy import constants\n",
    "rare/near.py": "here = 1\n",
    "rare/reader.py": "def read(): ...\n",
    "traces/__init__.py": "",
    "traces/limits.py": "LARGEST = SMALLEST = 1\n",
    "traces/reader.py": "def read(): ...\n",
    "energy/__init__.py": "constants = 1\n",
    "energy/units.py": "JOULES = 1\n",
    "schedulers/heuristics/chooser.py": "from rare.state.compile import rule\n@rule\ndef choose(): ...\n",
    "schedulers/report.py": "from schedulers.heuristics.chooser import choose\n",
}
PARTS = {
    "rare/rules/instant.py",
    "rare/state/compile.py", "rare/rules/job_life.py", "rare/whole_numbers.py", "rare/rules/orders.py",
    "rare/state/live_lists.py", "rare/env/case_tables.py", "rare/state/arrays.py", "rare/near.py",
    "traces/limits.py", "energy/__init__.py",
    "energy/units.py", "schedulers/heuristics/chooser.py",
}  # fmt: skip
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")


def test_the_key_covers_rules_and_what_they_import_however_it_is_written(tmp_path):
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert set(compiled_sources(tmp_path)) == PARTS


def test_the_key_of_this_package_has_its_rules_and_no_reader():
    found = set(compiled_sources(ROOT))
    assert {
        "rare/rules/instant.py",
        "rare/rules/power_balance.py",
        "rare/state/arrays.py",
        "schedulers/heuristics/chooser.py",
    } <= found
    assert {"traces/jobs/workload.py", "traces/errors.py"} <= found  # their constants are compiled in
    assert not found & {
        "traces/jobs/readers/swf.py",
        "traces/files/documents.py",
        "rare/metrics.py",
        "energy/weather/site_weather.py",
    }


def folder_name(root, cache):
    """The name of the cache folder that a copy of the sources has in a process of its own."""
    code = "from rare.state.compile import cache_folder; print(cache_folder().name)"
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "XDG_CACHE_HOME": str(cache),
        "NUMBA_DISABLE_JIT": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=root
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_an_edit_to_a_rule_or_a_constant_renames_the_folder_and_one_to_a_reader_does_not(tmp_path):
    import shutil

    root = tmp_path / "copy"
    for package in ("traces", "energy", "rare", "schedulers"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    before = folder_name(root, tmp_path / "cache")

    def after_edit(name):
        path = root / name
        text = path.read_text("utf-8")
        path.write_text(text + "\n# edited\n", "utf-8")
        found = folder_name(root, tmp_path / "cache")
        path.write_text(text, "utf-8")
        return found

    for name in (
        "rare/rules/power_balance.py",
        "rare/state/arrays.py",
        "traces/jobs/workload.py",
        "schedulers/heuristics/gates.py",
    ):
        assert after_edit(name) != before, name
    for name in (
        "traces/jobs/readers/swf.py",
        "traces/files/documents.py",
        "energy/weather/site_weather.py",
        "rare/metrics.py",
    ):
        assert after_edit(name) == before, name


# --- where it lies ----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache and a temporary folder of this user alone."""
    tmp_path.chmod(0o700)
    for name in ("cache", "temporary"):
        (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_place.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setattr(cache_place.tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def refused(caplog, reason):
    """The folder used instead, with one line that says why."""
    with caplog.at_level(logging.WARNING, "rare"):
        folder, lasting = private_folder("abc")
    assert not lasting
    (record,) = caplog.records
    line = record.getMessage()
    assert "\n" not in line and reason in line and (folder is None or str(folder.parent) in line)
    if folder is not None:
        check_private(folder)
    return folder


def test_a_new_folder_is_for_this_user_alone_whatever_the_umask(home):
    before = os.umask(0)
    try:
        folder, lasting = private_folder("abc")
    finally:
        os.umask(before)
    assert (folder, lasting) == (home / "cache" / "rare" / "abc", True)
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]
    assert private_folder("abc") == (folder, True)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o775])
@pytest.mark.parametrize("place", ["rare", "rare/abc"])
def test_a_folder_that_others_may_write_is_not_used(home, caplog, place, mode):
    private_folder("abc")
    path = home / "cache" / place
    path.chmod(mode)
    folder = refused(caplog, f"others may write in {path}")
    assert home / "temporary" in folder.parents


def test_a_parent_that_others_may_write_will_do_only_with_a_sticky_bit(home, caplog):
    private_folder("abc")
    (home / "cache").chmod(0o1777)
    assert private_folder("abc") == (home / "cache" / "rare" / "abc", True)
    (home / "cache").chmod(0o777)
    refused(caplog, f"others may write in {home / 'cache'}")


def test_a_new_folder_is_not_made_where_others_could_move_it(home, caplog):
    (home / "cache").chmod(0o777)
    refused(caplog, "others may write in")
    assert not list((home / "cache").iterdir())


@pytest.mark.parametrize("what", ["index", "subfolder", "link"])
def test_what_is_inside_counts_where_others_can_reach_it(home, caplog, what):
    folder, _ = private_folder("abc")
    inside = folder / "rules_1"
    inside.mkdir()
    (inside / "f.nbi").write_bytes(b"")
    folder.chmod(0o755)
    assert private_folder("abc") == (folder, True)
    if what == "link":
        (inside / "g.nbi").symlink_to("/nowhere/elsewhere")
    else:
        (inside / "f.nbi" if what == "index" else inside).chmod(0o777)
    refused(caplog, "others may write")


@pytest.mark.parametrize("place", ["rare", "rare/abc"])
def test_a_link_in_place_of_the_folder_is_not_followed(home, caplog, place):
    (home / "elsewhere").mkdir(mode=0o700)
    path = home / "cache" / place
    path.parent.mkdir(exist_ok=True, mode=0o700)
    path.symlink_to(home / "elsewhere")
    refused(caplog, f"{path} is a link")
    assert not list((home / "elsewhere").iterdir())


def test_a_link_on_the_way_is_judged_by_where_it_leads(home, monkeypatch, caplog):
    (home / "disk").mkdir(mode=0o700)
    (home / "short").symlink_to("disk/../disk")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "short"))
    assert private_folder("abc") == (home / "short" / "rare" / "abc", True)
    (home / "disk").chmod(0o777)
    refused(caplog, f"others may write in {home / 'disk'}")


def test_links_in_a_circle_end(home, monkeypatch, caplog):
    (home / "one").symlink_to("two")
    (home / "two").symlink_to("one")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "one"))
    folder, lasting = private_folder("abc")
    assert not lasting
    check_private(folder)


@as_root
@pytest.mark.parametrize("place", [".", "rare", "rare/abc", "rare/abc/f.nbi"])
def test_what_belongs_to_another_user_is_not_used(home, caplog, place):
    folder, _ = private_folder("abc")
    (folder / "f.nbi").write_bytes(b"")
    folder.chmod(0o755)
    os.chown(home / "cache" / place, 12345, -1)
    refused(caplog, "belongs to another user")


@as_root
def test_another_users_link_is_not_followed(home, monkeypatch, caplog):
    (home / "disk").mkdir(mode=0o700)
    (home / "short").symlink_to("disk")
    os.chown(home / "short", 12345, -1, follow_symlinks=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "short"))
    refused(caplog, "belongs to another user")


def test_a_relative_cache_is_not_used(home, monkeypatch, caplog):
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    refused(caplog, "XDG_CACHE_HOME cache is not an absolute path")
    assert not list((home / "cache").iterdir())


@pytest.mark.parametrize("squat", ["link", "open", "file", "foreign"])
def test_a_squatted_temporary_name_gives_way_to_one_that_nobody_can_guess(home, monkeypatch, squat):
    if squat == "foreign" and os.getuid() != 0:
        pytest.skip("only root can give a folder to another user")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    (home / "temporary").chmod(0o1777)
    name = home / "temporary" / f"rare-{os.getuid()}"
    if squat == "link":
        (home / "elsewhere").mkdir()
        name.symlink_to(home / "elsewhere")
    elif squat == "file":
        name.write_text("")
    else:
        name.mkdir()
        name.chmod(0o777 if squat == "open" else 0o755)
        if squat == "foreign":
            os.chown(name, 12345, -1)
    folder, _ = private_folder("abc")
    check_private(folder)
    assert folder.parent.parent == home / "temporary" and folder.parent != name
    assert private_folder("abc")[0] == folder  # the next start finds it again


def test_nothing_is_kept_where_no_folder_is_safe(home, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(cache_place, "_temporary_homes", lambda: iter(()))
    assert refused(caplog, "is not an absolute path") is None


def test_a_read_only_cache_is_replaced_without_a_word(home, monkeypatch, caplog):
    def refuse(folder):
        if home / "cache" in folder.parents:
            raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(cache_place, "_check_writable", refuse)
    folder, lasting = private_folder("abc")
    assert not lasting and home / "temporary" in folder.parents
    assert not caplog.records


def test_a_process_says_it_in_one_line_and_keeps_its_code_elsewhere(home):
    (home / "cache" / "rare" / cache_folder().name).mkdir(parents=True, exist_ok=True)
    (home / "cache" / "rare").chmod(0o777)
    code = "from rare.state.compile import cache_folder; print(cache_folder())"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(home / "cache"),
        "TMPDIR": str(home / "temporary"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert str(home / "temporary") in done.stdout
    assert done.stderr.count("\n") == 1 and "others may write in" in done.stderr


def test_unsafe_says_which_folder(home):
    (home / "open").mkdir()
    (home / "open").chmod(0o777)
    with pytest.raises(Unsafe, match="others may write in .*open"):
        check_private(home / "open")


# --- a group of this user alone (umask 002) -------------------------------------------------------------

GROUP = 4711


@pytest.fixture
def groups(home, monkeypatch):
    """The cache is writable for a group, which is this user's own unless a test says otherwise."""
    from types import SimpleNamespace

    me = cache_place.pwd.getpwuid(os.getuid())
    user = SimpleNamespace(pw_name=me.pw_name, pw_uid=os.getuid(), pw_gid=GROUP)
    group = SimpleNamespace(gr_name=me.pw_name, gr_mem=[])
    said = SimpleNamespace(user=user, group=group, users=[user], attributes=[])
    monkeypatch.setattr(cache_place.os, "getgid", lambda: GROUP)
    monkeypatch.setattr(cache_place.os, "listxattr", lambda *_, **__: said.attributes, raising=False)
    monkeypatch.setattr(cache_place.pwd, "getpwuid", lambda _: said.user)
    monkeypatch.setattr(cache_place.pwd, "getpwall", lambda: said.users)
    monkeypatch.setattr(cache_place.grp, "getgrgid", lambda _: said.group)
    plain = os.stat_result
    monkeypatch.setattr(
        cache_place, "others_write",
        lambda path, info, real=cache_place.others_write: real(path, plain((*info[:5], GROUP, *info[6:]))),
    )  # fmt: skip
    cache_place._is_private_group.cache_clear()
    yield said
    cache_place._is_private_group.cache_clear()


def test_a_folder_that_only_this_users_group_may_write_is_used(home, groups):
    (home / "cache").chmod(0o775)
    folder, lasting = private_folder("abc")
    assert (folder, lasting) == (home / "cache" / "rare" / "abc", True)
    for path in (folder, folder.parent):
        path.chmod(0o775)
    (folder / "f.nbi").write_bytes(b"")
    (folder / "f.nbi").chmod(0o664)
    assert private_folder("abc") == (folder, True)
    folder.chmod(0o777)
    with pytest.raises(Unsafe, match="others may write"):
        check_private(folder)


def test_any_other_group_is_somebody_elses(home, groups, caplog):
    from types import SimpleNamespace

    def with_member():
        groups.group.gr_mem = [groups.user.pw_name, "colleague"]

    def of_another_name():
        groups.group.gr_name = "staff"

    def primary_of_another():
        groups.users.append(SimpleNamespace(pw_name="colleague", pw_uid=os.getuid() + 1, pw_gid=GROUP))

    def with_access_list():
        groups.attributes.append("system.posix_acl_access")

    (home / "cache").chmod(0o775)
    for change in (with_member, of_another_name, primary_of_another, with_access_list):
        kept = (groups.group.gr_mem, groups.group.gr_name, list(groups.users), list(groups.attributes))
        change()
        cache_place._is_private_group.cache_clear()
        caplog.clear()
        refused(caplog, f"others may write in {home / 'cache'}")
        groups.group.gr_mem, groups.group.gr_name, groups.users[:], groups.attributes[:] = kept


def test_group_0_is_nobodys_own(home, groups, monkeypatch):
    monkeypatch.setattr(cache_place.os, "getgid", lambda: 0)
    assert not cache_place._is_private_group(0)
