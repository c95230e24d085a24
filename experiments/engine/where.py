"""Where the user wants cells to run: here, on a Dask scheduler that is there, or on a Slurm cluster."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from traces.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Where:
    """Where cells run. At most one of workers, dask and dask_slurm is given.

    workers    : processes on this machine; 1: this process itself; None: one for each core
    dask       : the address of a Dask scheduler, such as tcp://127.0.0.1:8786 or tls://head:8786
    dask_slurm : TOML file by which workers are started through Slurm
    tls_ca, tls_cert, tls_key : PEM files for a scheduler that speaks TLS
    insecure   : connect to another machine without TLS
    InputError for what does not go together.
    """

    workers: int | None = None
    dask: str | None = None
    dask_slurm: str | None = None
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        named = {"--workers": self.workers, "--dask": self.dask, "--dask-slurm": self.dask_slurm}
        chosen = [option for option, value in named.items() if value is not None]
        if len(chosen) > 1:
            raise InputError(f"{chosen[0]} and {chosen[1]} do not go together; give one of them")
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers must be at least 1, got {self.workers}")
        tls = {"--tls-ca": self.tls_ca, "--tls-cert": self.tls_cert, "--tls-key": self.tls_key}
        if any(tls.values()) and self.dask is None:
            option = next(option for option, value in tls.items() if value)
            raise InputError(f"{option}: is of --dask ADDRESS alone; leave it out")
        if any(tls.values()) and not all(tls.values()):
            option = next(option for option, value in tls.items() if not value)
            raise InputError(f"{option}: is missing; TLS takes --tls-ca, --tls-cert and --tls-key")
        if self.dask is not None:
            self._check_address(self.dask)

    @property
    def is_remote(self) -> bool:
        """Whether workers may run on other machines: files must then lie where these see them."""
        return self.dask is not None or self.dask_slurm is not None

    @property
    def has_tls(self) -> bool:
        """Whether TLS files are named."""
        return self.tls_ca is not None

    def _check_address(self, address: str) -> None:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or port is None or parts.scheme not in ("tcp", "tls"):
            raise InputError(
                f"--dask {address!r}: is no address of a Dask scheduler; write tcp://HOST:PORT or "
                "tls://HOST:PORT"
            )
        if parts.scheme == "tls" and not self.has_tls:
            raise InputError(f"--dask {address}: needs --tls-ca, --tls-cert and --tls-key")
        if parts.scheme == "tcp" and self.has_tls:
            raise InputError(f"--dask {address}: is not encrypted, but TLS files are given; write tls://")
        if parts.scheme == "tcp" and host not in LOOPBACK and not self.insecure:
            raise InputError(
                f"--dask {address}: is another machine, and whoever is between can run code there and here; "
                "use tls:// with --tls-ca, --tls-cert and --tls-key, or --insecure on a network you trust"
            )
