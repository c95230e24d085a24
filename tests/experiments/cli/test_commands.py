"""A command is missing from the help, says another thing there, or makes its help wait for numba."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from experiments.cli import functions
from experiments.cli.root import COMMANDS, main, rare

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("numba", "numpy", "pandas", "torch", "matplotlib", "pyarrow", "rich")


def paths(group: click.Group, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command and group below this one."""
    found = []
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        found.append((*above, name))
        if isinstance(command, click.Group):
            found += paths(command, (*above, name))
    return found


@pytest.mark.parametrize("words", paths(rare), ids=" ".join)
def test_every_command_has_a_help(words, capsys):
    assert main([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: rare {' '.join(words)} ") and "--help" in out


def test_no_help_imports_a_heavy_library():
    """All of them in one process, for a process of its own takes a tenth of a second."""
    code = (
        "import sys; from experiments.cli.root import main\n"
        f"for words in {[[], *map(list, paths(rare)), ['compare', '--preset', 'gas-marl']]}:\n"
        "    assert main([*words, '--help']) == 0, words\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_groups_help_has_the_first_sentence_of_the_commands_own(name):
    command = COMMANDS[name].load()
    assert command.name == name
    assert command.help is not None and command.help.split("\n\n")[0] == COMMANDS[name].short_help


def test_an_unknown_command_is_one_line(capsys):
    assert main(["simulat"]) == 2
    err = capsys.readouterr().err
    assert err == "rare: No such command 'simulat'. Did you mean 'simulate'? (see rare --help)\n"


def test_type_checkers_and_python_find_the_same_functions():
    tree = ast.parse(Path(functions.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == {(module, name) for module, names in functions.MODULES.items() for name in names}
    for module, name in typed:
        assert callable(getattr(import_module(module), name)), (module, name)
        assert getattr(functions, name) is getattr(import_module(module), name)
    with pytest.raises(AttributeError, match="no attribute 'forecast_run'"):
        functions.forecast_run  # noqa: B018


class TestPreset:
    CASE = ("compare", "--preset", "gas-marl")

    def test_it_has_a_help_of_its_own(self, capsys):
        assert main([*self.CASE, "--help"]) == 0
        out = capsys.readouterr().out
        assert "--data" in out and "--clock" not in out

    def test_the_help_of_compare_names_its_options(self, capsys):
        assert main(["compare", "--help"]) == 0
        usual, preset = capsys.readouterr().out.split("A published case")
        assert "--clock" in usual and "--data" not in usual
        assert all(option in preset for option in ("--preset", "--data", "--seeds", "--steps"))

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ((*CASE, "--clock", "simpy"), "--clock does not go with --preset, which has its own case"),
            (("compare", "--preset=gas-marl", "--strict"), "--strict does not go with --preset"),
            (("compare", "--seeds", "2"), "--seeds goes with --preset"),
            ((*CASE, "--nonsense"), "No such option '--nonsense'"),
            (("compare", "--nonsense"), "No such option '--nonsense'"),
            (CASE, "--preset needs --data FOLDER"),
            ((*CASE, "--data", "x", "--scheduler", "a,,b"), "has an empty name"),
        ],
    )
    def test_options_of_the_other_kind_are_refused_in_one_line(self, words, said, capsys):
        assert main(words) == 2
        err = capsys.readouterr().err
        assert said in err and err.count("\n") == 1
