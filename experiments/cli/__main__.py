"""`python -m experiments.cli`: the command `rare`."""
# ruff: noqa: E402 - signals are handled before anything else is imported

import os
import sys

try:
    from experiments.process import interrupts

    _importing = interrupts.AtOnce(__name__)
except KeyboardInterrupt:  # of Python's own handler, until ours is there
    os._exit(130)

from experiments.cli.root import main

_importing.over()

if __name__ == "__main__":
    sys.exit(main())
