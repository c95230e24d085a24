"""The options that say where a long command runs its work, and the request that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from experiments.cli import functions
from experiments.cli.shared_options import together, workers_option

if TYPE_CHECKING:
    from experiments.engine.where import Where

WHERE_NAMES = ("workers", "dask", "dask_slurm", "tls_ca", "tls_cert", "tls_key", "insecure")

where_options = together(
    workers_option,
    click.option("--dask", metavar="ADDRESS", help="Run on this Dask scheduler, such as tls://head:8786."),
    click.option(
        "--dask-slurm", metavar="FILE.toml", help="Start Dask workers through Slurm as this file says."
    ),
    click.option("--tls-ca", metavar="FILE", help="Certificate authority of the Dask scheduler (PEM)."),
    click.option("--tls-cert", metavar="FILE", help="Certificate to show to the Dask scheduler (PEM)."),
    click.option("--tls-key", metavar="FILE", help="Key of --tls-cert (PEM)."),
    click.option("--insecure", is_flag=True, help="Allow --dask on another machine without TLS."),
)
"""--workers, --dask, --dask-slurm and what belongs to them."""


def where_of(options: dict[str, Any]) -> Where:
    """Take the options of `where_options` out of a command's options. InputError if they do not fit."""
    return functions.Where(**{name: options.pop(name) for name in WHERE_NAMES})
