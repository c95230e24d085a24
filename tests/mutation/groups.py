"""What is mutated, and the tests that should notice."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).resolve().parents[2]


def draw_the_same_cases() -> None:
    """Have hypothesis draw few cases, and the same in every run; before the tests are imported."""
    settings.register_profile("mutation", derandomize=True, max_examples=25, deadline=None, database=None)
    settings.load_profile("mutation")


@dataclass(frozen=True)
class Group:
    """What is mutated, and what should notice.

    sources, tests : folders or files
    last           : beginnings of names of tests that run last for every mutant, whichever lines they run
    without        : parts of names of tests that take no part
    fewer_cases    : module, name, and a smaller number of random cases
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    last: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    fewer_cases: tuple[tuple[str, str, int], ...] = ()

    def takes(self, test: str) -> bool:
        """Whether a test takes part."""
        return not any(part in test for part in self.without)

    def files(self) -> list[str]:
        """Source files with code in them, below the root."""
        found = (path for folder in self.sources for path in sorted((ROOT / folder).rglob("*.py")))
        return [path.relative_to(ROOT).as_posix() for path in found if path.name != "__init__.py"]

    def make_cases_fewer(self) -> None:
        """Set the smaller numbers in the test modules that are imported."""
        for module, name, value in self.fewer_cases:
            if module in sys.modules:
                setattr(sys.modules[module], name, value)


_LONG_QUEUES = ("a_run_with_the_index", "a_long_queue_is_indexed", "index_without_the_compiler")
_RULES = "tests/rare/rules"
# The interpreter is some hundred times slower than compiled rules: one clock (the rules are the same for both),
# and a part of the random cases, have to do.
GROUPS = {
    "rules": Group(
        ("rare/rules",),
        (
            _RULES,
            "tests/mutation/replayed_cases.py",
            "tests/rare/test_level_views.py",
            "tests/rare/options/test_job_limits.py",
        ),
        without=(
            "simpy",
            "test_differential",
            "test_event_diff",
            "test_limit_diff",
            "test_no_leak",
            "lookahead",
            "test_the_draws_reach",
            "test_reference",
            *_LONG_QUEUES,
        ),
    ),
    "energy": Group(("energy",), ("tests/energy",)),
    "readers": Group(
        ("traces/jobs", "traces/series", "traces/files", "traces/times", "traces/numbers"), ("tests/traces",)
    ),
}
