"""The queue and the nodes of a live Slurm: by squeue and sinfo, or by slurmrestd."""

from __future__ import annotations

import getpass
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from experiments.operate.shadow.acting.slurm_answers import ControllerLost, Refused, answer
from experiments.operate.shadow.sources.http_fetch import HttpRequest, checked_url, fetch
from traces.errors import InputError, quoted

TOKEN, API_VERSION = "SLURM_JWT", "v0.0.38"
MOST_BYTES = 256 * 2**20


class SlurmSource(Protocol):
    """Where a snapshot's two JSON texts come from."""

    def read(self) -> tuple[bytes, bytes]:
        """Jobs as `squeue --json` has them, and nodes as `sinfo --json` has them.

        ControllerLost where nothing answers, InputError where the answer is an error.
        """


@dataclass(frozen=True)
class CommandSource:
    """squeue and sinfo, run without a shell."""

    squeue: Sequence[str] = ("squeue",)
    sinfo: Sequence[str] = ("sinfo",)

    def read(self) -> tuple[bytes, bytes]:
        """As SlurmSource."""
        try:
            return answer([*self.squeue, "--json"]), answer([*self.sinfo, "--json"])
        except Refused as error:
            raise InputError(str(error)) from None


@dataclass(frozen=True)
class RestSource:
    """slurmrestd, by loopback, https, or a socket in the file system.

    address : http://127.0.0.1:6820, or unix:/path/of/socket
    version : of its interface
    """

    address: str
    version: str = API_VERSION

    def __post_init__(self) -> None:
        if not re.fullmatch(r"v0\.0\.[0-9]{2}", self.version):
            raise InputError(f"{quoted(self.version)} is no version; give one such as {API_VERSION}")
        self._request("jobs")

    def read(self) -> tuple[bytes, bytes]:
        """As SlurmSource."""
        try:
            return fetch(self._request("jobs")), fetch(self._request("nodes"))
        except InputError as error:
            if "status" in str(error.what):  # it answers, and it is the daemon that refuses
                raise
            raise ControllerLost(str(error)) from None

    def _request(self, what: str) -> HttpRequest:
        unix = self.address.removeprefix("unix:") if self.address.startswith("unix:") else None
        base = "http://localhost" if unix is not None else self.address.rstrip("/")
        headers = {}
        if os.environ.get(TOKEN):
            name = os.environ.get("SLURM_USER_NAME") or getpass.getuser()
            headers = {"X-SLURM-USER-NAME": name, "X-SLURM-USER-TOKEN": os.environ[TOKEN]}
        url = f"{base}/slurm/{self.version}/{what}"
        checked_url(url, headers, "--slurmrestd")
        return HttpRequest(url, headers, unix, most_bytes=MOST_BYTES)


def command_words(text: str, option: str) -> tuple[str, ...]:
    """The words of a command in an option, as a shell would split them. InputError for none."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(f"{option}: {quoted(text)} cannot be split into words ({error})") from None
    if not words or "\0" in text:
        raise InputError(f"{option}: {quoted(text)} is no command")
    return words
