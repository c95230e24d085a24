"""The command `rare`: one module a group of commands, each a thin call of a function."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (experiments.cli.root.main), which is imported only now; the exit code."""
    from experiments.cli.root import main as run

    return run(arguments)
