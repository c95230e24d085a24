"""A class in a user's file is not found, gets other arguments than were given, or its errors become ours."""

import pytest

from experiments.cli.output import split_names
from schedulers import make_scheduler
from schedulers.user.user_class import declared_name, parse_user_class
from traces.errors import InputError

SOURCE = '''"""A scheduler with arguments."""
import sys
class Mine:
    def __init__(self, seed=0, path="", **more):
        self.given = (seed, path, more)
        if seed == "exit":
            sys.exit(0)
        if seed == "fail":
            raise RuntimeError("two\\nlines")
    def choose(self, view):
        return -1
class Named(Mine):
    name = "my own"
class Policy:
    __slots__ = ()
    def act(self, observation, mask):
        return 0
class Neither:
    pass
function = print
'''


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path / "own.py"


@pytest.mark.parametrize("arguments, given", [
    ("", (0, "", {})), ("()", (0, "", {})), ("(3)", (3, "", {})), ('(seed=-3, path="a,b:c(d).zip")',
     (-3, "a,b:c(d).zip", {})), ("(seed=None, n=[1, 2], d={'a': (1.5, True)})",
     (None, "", {"n": [1, 2], "d": {"a": (1.5, True)}})), (" ( seed = 1 ) ", (1, "", {})),
])  # fmt: skip
def test_arguments_are_handed_over(file, arguments, given):
    assert make_scheduler(f"own.py:Mine{arguments}").given == given


@pytest.mark.parametrize("name, said", [
    ("own.py:Mine(seed=open('x'))", r"open\('x'\)\W+is no literal"), ("own.py:Mine(seed=1", "is no class"),
    ("own.py:Mine(__import__('os'))", "no literal"), ("own.py:Mine(**{'a': 1})", r"\*\* is not taken"),
    ("own.py:Mine(seed=)", "cannot be read"), ("own.py:Mine(seed=1)(2)", "cannot be read"),
    ("own.py:Mine(a=1, a=2)", "cannot be read"), ("own.py:3", "write path/to/file.py:Class"),
    ("own.py:", "write path/to/file.py:Class"), ("own.py:Mine(" + "(" * 900 + ")" * 900 + ")", "cannot be"),
    ("own.py:Mine(seed='" + "x" * 3000 + "')", "is no class in a file"), ("none.py:Mine", "no file none.py"),
    ("own.py:Other", "has no class Other with a method choose"), ("own.py:Neither", "no class Neither"),
    ("own.py:function", "no class function"),
    ("own.py:Mine(1, 2, 3)", r"own\.py:3: TypeError: .*takes from 1 to 3"),
    ("own.py:Mine(seed='fail')", r"Mine\(\.\.\.\): own\.py:9: RuntimeError: two lines"),
    ("own.py:Mine(seed='exit')", r"own\.py:7: SystemExit: 0"),
])  # fmt: skip
def test_what_is_wrong_with_a_name_or_its_constructor_is_told_in_one_line(file, name, said):
    with pytest.raises(InputError, match=said) as caught:
        make_scheduler(name)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 800


@pytest.mark.parametrize("source, said", [
    ("x = 1\nimport no_such_module\n", r"bad\.py:2: ModuleNotFoundError"),
    ("def f(:\n", r"bad\.py:1: Syntax"), ("a = 1\nb = a / 0\n", r"bad\.py:2: ZeroDivisionError"),
    ("raise SystemExit(0)\n", r"bad\.py:1: SystemExit"), ("x = 'a\0b'\n", "bad.py.*null bytes"),
])  # fmt: skip
def test_a_file_that_cannot_be_imported_names_its_line(file, source, said):
    (file.parent / "bad.py").write_text(source, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        make_scheduler("bad.py:Mine")


def test_only_a_declared_name_is_one(file):
    names = {name: declared_name(name, make_scheduler(name)) for name in (
        "own.py:Mine", "own.py:Named", "own.py:Named(seed=2)", "own.py:Policy", "easy",
    )}  # fmt: skip
    assert names == {
        "own.py:Mine": None, "own.py:Named": "my own", "own.py:Named(seed=2)": "my own",
        "own.py:Policy": None, "easy": None,
    }  # fmt: skip


def test_files_named_by_arguments_belong_to_the_scheduler(file):
    from experiments.runs.provenance import scheduler_files

    name = 'own.py:Mine(path="model.zip")'
    without = scheduler_files([name])
    (file.parent / "model.zip").write_text("1")
    first = scheduler_files([name])
    (file.parent / "model.zip").write_text("2")
    assert len({without[name], first[name], scheduler_files([name])[name]}) == 3
    assert [path.name for path in parse_user_class(name).files] == ["own.py", "model.zip"]


HELPED = """import numpy, helper
from parts import deep
class Mine:
    def __init__(self, path=None, more=None):
        pass
    def choose(self, view):
        return -1
"""


@pytest.mark.parametrize("changed", [
    "helper.py", "below.py", "parts/__init__.py", "parts/deep.py", "model/weights.bin", "model/a/b.txt",
    "listed.bin",
])  # fmt: skip
def test_a_changed_module_or_folder_is_another_scheduler(file, changed):
    """Else an evaluation that was kept would be taken for that of the changed policy."""
    from experiments.runs.provenance import scheduler_files

    here = file.parent
    texts = {
        "own.py": HELPED, "helper.py": "import below\n", "below.py": "", "parts/__init__.py": "",
        "parts/deep.py": "from . import other\n", "parts/other.py": "", "model/weights.bin": "1",
        "model/a/b.txt": "1", "listed.bin": "1", "beside.py": "",
    }  # fmt: skip
    for name, text in texts.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text, "utf-8")
    name = "own.py:Mine('model', more={'a': ['listed.bin']})"
    before = scheduler_files([name])
    (here / "beside.py").write_text("# nobody imports it", "utf-8")
    assert scheduler_files([name]) == before
    with (here / changed).open("a", encoding="utf-8") as out:
        out.write("#")
    assert scheduler_files([name]) != before


def test_files_of_libraries_and_of_endless_folders_are_left_alone(file):
    (file.parent / "own.py").write_text("import numpy, os, json, rare\nclass Mine:\n    pass\n", "utf-8")
    (file.parent / "loop").mkdir()
    (file.parent / "loop" / "self").symlink_to("..")
    assert [path.name for path in parse_user_class("own.py:Mine").files] == ["own.py"]
    assert [path.name for path in parse_user_class("own.py:Mine('loop')").files] == ["own.py"]
    assert len(parse_user_class("own.py:Mine('/')").files) <= 2001


@pytest.mark.parametrize("text, names", [
    ("a,b", ["a", "b"]), ("a.py:C(x=1, y=2),b", ["a.py:C(x=1, y=2)", "b"]),
    ('a.py:C(p="x,)y"),b', ['a.py:C(p="x,)y")', "b"]), ("a.py:C([1, (2, 3)]),", ["a.py:C([1, (2, 3)])", ""]),
    ("a)b,c", ["a)b", "c"]),
])  # fmt: skip
def test_commas_inside_brackets_and_quotes_split_no_names(text, names):
    assert split_names(text) == names
