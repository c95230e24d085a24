"""Where a result comes from: versions, commit, seeds, hashes of what was read and of our own code."""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from experiments.process.code_identity import PACKAGES, ROOT, code_hash, library_versions
from traces.files.documents import opened, reading


@cache
def version() -> str:
    """Version of RARE, read from its one place without importing the simulator (numba takes a while)."""
    source = (ROOT / "rare" / "__init__.py").read_text("utf-8")
    match = re.search(r'^__version__ = "([^"]+)"', source, re.MULTILINE)
    return match[1] if match else "unknown"


def file_hash(path: Path) -> str:
    """sha256 of a file, in hex. InputError if it cannot be read."""
    digest = hashlib.sha256()
    with reading(path), opened(path, "give a file") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def scheduler_files(names: Iterable[str]) -> dict[str, str]:
    """sha256 of the files of each scheduler that is made of files: users' classes, plug-ins, checkpoints.

    Of a class that depends on more files, such as a model or a module of the user's, one hash of all of them.
    """
    from schedulers.network.checkpoint_files import checkpoint_hash
    from schedulers.registry import SHIPPED_FOLDER, checkpoint_folder, is_shipped, plugin_files
    from schedulers.user.user_class import is_user_class, parse_user_class

    hashes: dict[str, str] = {}
    for name in names:
        folder = checkpoint_folder(name)
        files = parse_user_class(name).files if is_user_class(name) else plugin_files(name)
        if files:
            parts = [(path.name, file_hash(path)) for path in files]
            joined = hashlib.sha256(repr(parts).encode()).hexdigest()
            hashes[name] = parts[0][1] if len(parts) == 1 else joined
        elif is_shipped(name):
            hashes[name] = checkpoint_hash(SHIPPED_FOLDER)
        elif folder is not None:
            hashes[name] = checkpoint_hash(folder)
    return hashes


@cache
def commit() -> str | None:
    """The git commit of the checkout, '+changes' if it was edited since; None without git or checkout."""
    if not (ROOT / ".git").exists():
        return None
    try:
        head = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--", *PACKAGES)
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+changes" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def provenance(
    *,
    seed: int,
    files: Mapping[str, Path],
    command: Iterable[str] = (),
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The object of provenance.json. Paths are as the user gave them; hashes tell the files apart."""
    return {
        "rare": version(),
        "commit": commit(),
        "code_sha256": code_hash(),
        "python": platform.python_version(),
        "libraries": dict(library_versions()),
        "platform": f"{platform.system()} {platform.machine()}",
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "seeds": {"seed": seed},
        "inputs": {role: {"file": str(path), "sha256": file_hash(path)} for role, path in files.items()},
        "command": list(command),
        **(extra or {}),
    }
