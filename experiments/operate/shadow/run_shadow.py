"""The steps of `rare shadow` as functions: observe, advise, act, release."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from experiments.operate.shadow.acting.act_loop import JOURNAL, ActLoop, ActTimes
from experiments.operate.shadow.acting.actor import MARK, ActLimits, Actor
from experiments.operate.shadow.acting.allow_list import read_allow_list
from experiments.operate.shadow.acting.held_jobs import Journal, release_all
from experiments.operate.shadow.acting.slurm_answers import (
    JOB_ID,
    ControllerLost,
    Refused,
    SlurmCommands,
    answer,
)
from experiments.operate.shadow.advice import Advice
from experiments.operate.shadow.first_opinion import check_setup, warm_up
from experiments.operate.shadow.live_opinion import LiveOpinion
from experiments.operate.shadow.logged_scenario import scenario_record
from experiments.operate.shadow.polls import Poller, job_extras
from experiments.operate.shadow.shadow_log import ShadowLog
from experiments.operate.shadow.sources.power_feed import FeedOptions, power_feed
from experiments.operate.shadow.sources.slurm_source import (
    API_VERSION,
    CommandSource,
    RestSource,
    SlurmSource,
    command_words,
)
from experiments.operate.shadow.watch_queue import Watch, WatchCounts, record_of
from experiments.operate.snapshots.slurm_snapshot import snapshot_of_slurm
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scheduler import as_scheduler
from schedulers import make_scheduler
from traces.errors import InputError
from traces.files.atomic import folder_lock
from traces.files.documents import user_path

LEAST_EVERY_S = 5.0
LOCK_WAIT_S = 3.0


@dataclass(frozen=True)
class ShadowRequest:
    """What every step is asked for. Commands are texts, split into words without a shell."""

    scheduler: str = "rare"
    scenario: str = "plain"
    settings: tuple[str, ...] = ()
    every_s: float = 30.0
    run_s: float | None = None
    squeue: str = "squeue"
    sinfo: str = "sinfo"
    slurmrestd: str | None = None
    slurmrestd_version: str = API_VERSION
    feed: str | None = None
    feed_options: FeedOptions = FeedOptions()
    feed_limit_s: float = 600.0

    def __post_init__(self) -> None:
        if self.every_s < LEAST_EVERY_S:
            raise InputError(f"--every must be at least {LEAST_EVERY_S:g} s, got {self.every_s:g}")

    def poller(self) -> Poller:
        """What looks at the cluster. InputError for options that cannot be right."""
        source: SlurmSource
        if self.slurmrestd is not None:
            source = RestSource(self.slurmrestd, self.slurmrestd_version)
        else:
            source = CommandSource(
                command_words(self.squeue, "--squeue-command"), command_words(self.sinfo, "--sinfo-command")
            )
        feed = None if self.feed is None else power_feed(self.feed, self.feed_options)
        return Poller(source, feed, self.feed_limit_s)

    def opinion(self) -> LiveOpinion:
        """What decides. InputError for an unknown scheduler or scenario."""
        loaded = load_scenario(self.scenario, Wishes(settings=self.settings))
        return LiveOpinion(as_scheduler(make_scheduler(self.scheduler)), loaded)

    def log(self, folder: Path, loaded: Loaded) -> ShadowLog:
        """The log in a folder; it says which scenario it is observed with."""
        return ShadowLog(folder, scenario_record(self.scenario, loaded, self.settings))


@dataclass(frozen=True)
class ActRequest:
    """What `act` is asked for beside a ShadowRequest."""

    allow: str
    limits: ActLimits = ActLimits()
    scontrol: str = "scontrol"
    dry_run: bool = False
    calm_polls: int = 3
    lost_s: float = 3600.0


def observe(request: ShadowRequest, out: str, note: Callable[[str], None]) -> WatchCounts:
    """Log a live queue, what RARE would do, and what the scheduler does. Acts on nothing."""
    poller, opinion = request.poller(), request.opinion()
    with _opened(out) as folder:
        log = request.log(folder, opinion.loaded)
        return _warm(Watch(poller, opinion, log, None, note, request.every_s), opinion).run(request.run_s)


def advise(
    request: ShadowRequest, out: str | None, write: Callable[[str], None], note: Callable[[str], None]
) -> WatchCounts:
    """Write one JSON line a decision. out: a folder in which the queue is logged too. Acts on nothing.

    InputError where its time ends and no poll had an opinion.
    """

    def tell(advice: Sequence[Advice]) -> None:
        for one in advice:
            write(json.dumps(one.as_dict()))

    poller, opinion = request.poller(), request.opinion()
    with nullcontext() if out is None else _opened(out) as folder:
        log = None if folder is None else request.log(folder, opinion.loaded)
        watch = _warm(Watch(poller, opinion, log, tell, note, request.every_s), opinion)
        counts = watch.run(request.run_s)
    if not counts.opinions:
        raise InputError(
            f"no opinion in {counts.polls:,} polls and {counts.skipped:,} skipped ones: {counts.last_problem}"
        )
    return counts


def _warm(watch: Watch, opinion: LiveOpinion) -> Watch:
    """The watch, with what decides compiled; at its first poll the setup is checked."""
    fed = watch.poller.feed is not None
    warm_up(opinion, fed, watch.note)
    watch.check = partial(check_setup, opinion, fed=fed)
    return watch


def act(request: ShadowRequest, act_request: ActRequest, out: str, note: Callable[[str], None]) -> None:
    """Hold and suspend jobs of the allow-list as RARE would; Stopped by a signal, InputError by trouble."""
    if request.feed is None and request.scenario == "plain":
        raise InputError(
            "no power is given, so there would be nothing to act on",
            remedy="give --power-feed, or a --scenario with plants of today",
        )
    if act_request.limits.lease_s < 3 * request.every_s:
        raise InputError(
            f"--lease must be at least three times --every, got {act_request.limits.lease_s} s and "
            f"{request.every_s:g} s: a hold would end between two polls"
        )

    def tell(text: str) -> None:
        with suppress(OSError, ValueError):  # a terminal that is gone must not keep a job held
            note(text)

    allowed = read_allow_list(user_path(act_request.allow))
    poller, opinion = request.poller(), request.opinion()
    commands = SlurmCommands(
        command_words(request.squeue, "--squeue-command"),
        command_words(act_request.scontrol, "--scontrol-command"),
    )
    with _opened(out) as folder:
        journal = Journal(folder / JOURNAL)
        ActLoop(
            folder=folder,
            poller=poller,
            opinion=opinion,
            actor=Actor(journal, commands, allowed, act_request.limits, tell, act_request.dry_run),
            times=ActTimes(request.every_s, act_request.lost_s, act_request.calm_polls, request.run_s),
            log=request.log(folder, opinion.loaded),
            record=record_of,
            note=tell,
        ).run()


def release(
    out: str,
    squeue: str,
    scontrol: str,
    *,
    marked: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> int:
    """Give back everything that the journal in a folder says is ours; how many jobs were.

    marked: also jobs that bear our mark, whatever the journal says: where it is lost. InputError where some
    could not be given back.
    """
    commands = SlurmCommands(
        command_words(squeue, "--squeue-command"), command_words(scontrol, "--scontrol-command")
    )
    with _opened(out) as folder:
        journal = Journal(folder / JOURNAL)
        count = len(journal.held())
        try:
            left = release_all(journal, commands, note)
            if marked:
                count += release_marked(commands, note)
        except (ControllerLost, Refused) as error:
            raise InputError(
                f"nothing could be given back: {error}", remedy="the same command again, when it answers"
            ) from None
    if left:
        raise InputError(f"{len(left)} jobs could not be given back", remedy="the same command again")
    return count


def release_marked(commands: SlurmCommands, note: Callable[[str], None]) -> int:
    """Give back every job that waits for its begin time or is suspended and bears our mark; how many."""
    text = answer([*commands.squeue, "--json"])
    extras = job_extras_checked(text)
    rows, count, now_s = commands.rows(), 0, time.time()
    for job_id, row in rows.items():
        mark = extras.get(job_id, "")
        if not JOB_ID.fullmatch(job_id) or mark != f"{MARK}:{row.submit_s}":
            continue
        if row.state == "SUSPENDED":
            commands.resume(job_id)
            commands.comment(job_id, "")
        elif row.state == "PENDING" and row.eligible_s is not None and row.eligible_s > now_s:
            commands.let_go(job_id, marked=True)
        else:
            continue
        note(f"gave back job {job_id}, by its mark")
        count += 1
    return count


def job_extras_checked(squeue_json: bytes) -> dict[str, str]:
    """Administrator's comments by job id. InputError for what squeue does not print."""
    no_nodes = b'{"nodes": [{"name": "n", "cpus": 1, "state": "idle", "partitions": ["p"]}]}'
    with suppress(UnicodeDecodeError):
        snapshot_of_slurm(squeue_json, no_nodes, int(time.time()))
        return {name: extras.admin_comment for name, extras in job_extras(squeue_json).items()}
    raise InputError("squeue --json printed no UTF-8 text")


@contextmanager
def _opened(out: str) -> Iterator[Path]:
    """The folder, made where it is missing, and locked: one shadow a folder."""
    folder = user_path(out)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as lock:
        limit_s = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                lock.enter_context(folder_lock(folder, str(folder), "another shadow works in"))
                break
            except InputError:
                if time.monotonic() >= limit_s:
                    raise
            time.sleep(0.5)  # the watchdog of an earlier run holds it for as long as it gives back
        yield folder
