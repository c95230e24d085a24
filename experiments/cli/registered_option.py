"""An option whose help lists registered names. They are looked up when the help is printed, not before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click


class RegisteredOption(click.Option):
    """An option of a registered name.

    names : gives the names; `{names}` in the help text is where they stand, separated by commas
    """

    def __init__(self, *args: Any, names: Callable[[], Iterable[str]], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._names = names
        self._text = self.help or "{names}."

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help text, with the names."""
        self.help = self._text.replace("{names}", ", ".join(self._names()))
        return super().get_help_record(ctx)


def offline_algorithms() -> list[str]:
    """Names of the offline algorithms."""
    from schedulers.training.offline.algorithms import OFFLINE_ALGORITHMS

    return OFFLINE_ALGORITHMS.names()


def online_algorithms() -> list[str]:
    """Names of the online algorithms."""
    from schedulers.training.online.online_algorithms import ONLINE_ALGORITHMS

    return ONLINE_ALGORITHMS.names()


def job_formats() -> list[str]:
    """Names of the formats of jobs."""
    from traces.jobs.job_formats import JOB_FORMATS

    return JOB_FORMATS.names()
