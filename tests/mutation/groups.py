"""What is mutated, and the tests that should notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Group:
    """Folders of sources, the tests that should notice a change in them, and smaller numbers of random cases."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    fewer_cases: tuple[tuple[str, str, int], ...] = ()

    def files(self) -> list[str]:
        """Source files with code in them, below the root."""
        found = (path for folder in self.sources for path in sorted((ROOT / folder).rglob("*.py")))
        return [path.relative_to(ROOT).as_posix() for path in found if path.name != "__init__.py"]


_RULES_TESTS = "tests.rare.rules"
# The interpreter is some hundred times slower than compiled rules: a part of the random cases has to do.
GROUPS = {
    "rules": Group(
        ("rare/rules",),
        ("tests/rare/rules", "tests/rare/accounts", "tests/rare/clocks/test_clock_from_outside.py"),
        (
            (f"{_RULES_TESTS}.test_differential", "SEEDS", 72),
            (f"{_RULES_TESTS}.test_differential", "POWER_SEEDS", 24),
        ),
    ),
    "energy": Group(("energy",), ("tests/energy",)),
    "readers": Group(
        ("traces/jobs", "traces/series", "traces/files", "traces/times", "traces/numbers"), ("tests/traces",)
    ),
}
