"""One run of a job, from its start or resume until it leaves the machine (RULES §5.1, §5.7, §11.5).

Work is counted in thousandths of a second of work at full speed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True)
class Piece:
    """Since when the job has had this level, with its rate (per mille) and active power."""

    from_s: int
    level: int
    rate: int
    power_mw: int


@dataclass
class Run:
    """A run. Until progress_from_s nodes wake and the job restarts; then it progresses, with checkpoints."""

    began_s: int
    progress_from_s: int
    checkpoint_s: int  # seconds of progress between two checkpoints; 0: there are none
    cost_s: int
    pieces: list[Piece] = field(default_factory=list)

    @property
    def now(self) -> Piece:
        """The level in force."""
        return self.pieces[-1]

    def seconds_of_progress(self, time_s: int) -> int:
        """Seconds up to a time in which the job has progressed, whatever its rate."""
        passed_s = max(0, time_s - self.progress_from_s)
        if self.checkpoint_s == 0:
            return passed_s
        whole, rest_s = divmod(passed_s, self.checkpoint_s + self.cost_s)
        return whole * self.checkpoint_s + min(rest_s, self.checkpoint_s)

    def time_of(self, seconds: int) -> int:
        """When it has progressed for so many seconds in this run."""
        return self.progress_from_s + run_time_s(seconds, self.checkpoint_s, self.cost_s)

    def _pieces_until(self, time_s: int) -> list[tuple[Piece, int, int]]:
        """Each piece with its begin and end, as far as a time."""
        ends = [later.from_s for _, later in pairwise(self.pieces)] + [time_s]
        return [
            (piece, min(piece.from_s, time_s), min(end_s, time_s))
            for piece, end_s in zip(self.pieces, ends, strict=True)
        ]

    def done(self, time_s: int) -> int:
        """Thousandths of work done in this run."""
        return sum(
            piece.rate * (self.seconds_of_progress(end_s) - self.seconds_of_progress(from_s))
            for piece, from_s, end_s in self._pieces_until(time_s)
        )

    def drawn_mj(self, since_s: int, until_s: int) -> int:
        """Active energy drawn between two times."""
        return sum(
            piece.power_mw * max(0, end_s - max(from_s, since_s))
            for piece, from_s, end_s in self._pieces_until(until_s)
        )

    def restart_mj(self, until_s: int) -> int:
        """Active energy drawn in waking and restart."""
        return self.drawn_mj(self.began_s, min(until_s, self.progress_from_s))

    def progress_mj(self, until_s: int) -> int:
        """Active energy drawn since its progress began, checkpoints included."""
        return self.drawn_mj(self.progress_from_s, until_s)

    def safe_s(self, now_s: int) -> int:
        """The end of its last whole checkpoint; without one the begin of its progress, or now before that."""
        if now_s <= self.progress_from_s or self.checkpoint_s == 0:
            return min(now_s, self.progress_from_s)
        cycle_s = self.checkpoint_s + self.cost_s
        return self.progress_from_s + (now_s - self.progress_from_s) // cycle_s * cycle_s

    def time_to_finish_s(self, left: int, rate: int, now_s: int) -> int:
        """When so much work that is left now is done at a rate; not before now (§5.1)."""
        seconds = self.seconds_of_progress(now_s) + -(-left // rate)
        return max(now_s, self.time_of(seconds))


def run_time_s(seconds: int, checkpoint_s: int, cost_s: int) -> int:
    """How long so many seconds of progress take with the checkpoints on the way; none at the end."""
    checkpoints = (seconds - 1) // checkpoint_s if checkpoint_s and seconds > 0 else 0
    return seconds + checkpoints * cost_s
