"""Calling sacct for the accounts of a span."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from typing import BinaryIO

from traces.errors import InputError, quoted
from traces.jobs.sacct.rows.sacct_fields import COMMAND

#: Times as seconds since 1970, so that no zone is needed.
_TIME_FORMAT = "SLURM_TIME_FORMAT"


def sacct_words(since: str, until: str, cluster: str | None) -> list[str]:
    """The command. InputError for a time that begins as an option."""
    for name, value in (("--since", since), ("--until", until), ("--cluster", cluster)):
        if value is not None and not (value.strip() and value.isprintable() and value[0] != "-"):
            raise InputError(f"{name} is {quoted(value)}; give it as sacct takes it")
    words = [*shlex.split(COMMAND), f"--starttime={since}", f"--endtime={until}"]
    return words if cluster is None else [*words, f"--clusters={cluster}"]


def sacct_output(since: str, until: str, cluster: str | None, stream: BinaryIO) -> None:
    """Print the command on stderr, run it, and write its output to `stream`. InputError where it fails."""
    words = sacct_words(since, until, cluster)
    print(f"{_TIME_FORMAT}=%s {shlex.join(words)}", file=sys.stderr)
    with tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=errors,
                env={**os.environ, _TIME_FORMAT: "%s"},
            )
        except OSError as error:
            raise InputError(
                f"sacct cannot be run ({error.strerror}); run it where Slurm is, or import what it printed"
            ) from None
        if done.returncode != 0:
            errors.seek(0)
            lines = errors.read(10_000).decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
            raise InputError(
                f"sacct ended with {done.returncode}: {quoted(lines[-1], 200)}; see its own message"
            )
