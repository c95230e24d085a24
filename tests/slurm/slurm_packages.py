"""Slurm's programs: which are missing, and how Debian's packages of them are installed.

`python -m tests.slurm.slurm_packages` installs them; where it cannot, it says why and ends well, so that the
tests that follow are skipped with that reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("slurm-wlm", "slurmdbd", "slurmrestd", "munge", "mariadb-server")
PROGRAMS = (
    *("munged", "munge", "mariadbd", "mariadb", "mariadb-install-db", "setpriv"),
    *(
        "slurmdbd",
        "slurmctld",
        "slurmd",
        "sbatch",
        "squeue",
        "scancel",
        "scontrol",
        "sacct",
        "sacctmgr",
        "sinfo",
        "slurmrestd",
    ),
)
#: Daemons are there, and a user's PATH may lack it.
_ADMIN_PATH = "/usr/sbin:/usr/local/sbin:/sbin"
#: Debian's packages ask this program whether they may start their services. 101: no.
_POLICY, _NEVER = Path("/usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n"


def search_path() -> str:
    """PATH with the folders of daemons."""
    return f"{os.environ.get('PATH', os.defpath)}:{_ADMIN_PATH}"


def missing() -> list[str]:
    """The programs of Slurm and of what it stands on that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name, path=search_path()) is None]


def obstacle() -> str | None:
    """Why Slurm is not installed and cannot be either; None where it is or can be."""
    absent = ", ".join(missing())
    if absent and shutil.which("apt-get") is None:
        return f"Slurm is not installed (no {absent}), and there is no apt-get to install it with"
    if absent and os.geteuid() != 0:
        return f"Slurm is not installed (no {absent}); as root: apt-get install {' '.join(PACKAGES)}"
    return None


def install() -> str | None:
    """Install what is missing, without starting it. Why that cannot be, or None where all is there."""
    if obstacle() or not missing():
        return obstacle()
    with _services_stay_off():
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", "--quiet", *words],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
                return f"Slurm is not installed: apt-get {words[0]} failed ({last})"
    if missing():
        return f"the packages {' '.join(PACKAGES)} lack {', '.join(missing())}"
    return None


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Packages that are installed inside do not start their services."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(_NEVER)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


if __name__ == "__main__":
    print(install() or "Slurm is installed")
