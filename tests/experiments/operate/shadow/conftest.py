"""A fake Slurm for the tests of the shadow."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiments.operate.shadow.acting import slurm_answers
from experiments.operate.shadow.sources import slurm_source
from tests.experiments.operate.shadow import fake_slurm_program
from tests.experiments.operate.shadow.fake_slurm import PROGRAM, FakeSlurm


@pytest.fixture
def slurm_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    """A cluster of four nodes of two cores with an empty queue; its commands run in this process."""
    run = slurm_answers.answer

    def answer(words: Sequence[str], *limits: float) -> bytes:
        if str(PROGRAM) not in words:
            return run(words, *limits)
        stdout, stderr = io.StringIO(), io.StringIO()
        path, command, *more = words[list(words).index(str(PROGRAM)) + 1 :]
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = fake_slurm_program.main(path, command, more)
        return slurm_answers.output_of(words[0], code, stdout.getvalue().encode(), stderr.getvalue().encode())

    for module in (slurm_answers, slurm_source):
        monkeypatch.setattr(module, "answer", answer)
    return FakeSlurm(tmp_path / "slurm.json")
