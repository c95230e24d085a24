"""The command line: `python -m rare`, and what the command `rare` calls.

It is here because importing `rare` checks that `experiments` is ours, which could not check itself.
"""

from __future__ import annotations

import sys
from importlib import import_module


def main() -> int:
    """Run the command line (experiments.cli); the exit code."""
    code: int = import_module("experiments.cli").main()
    return code


if __name__ == "__main__":
    sys.exit(main())
