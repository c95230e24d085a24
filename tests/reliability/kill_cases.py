"""The commands that a campaign kills, each on a case of seconds, and the files that it must end in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.experiments.operate.shadow.fake_slurm import PROGRAM, FakeSlurm

ROOT = Path(__file__).resolve().parents[2]
OWN_CLUSTER = ROOT / "examples" / "own-cluster"
SWEEP = 'scenarios = ["tiny"]\nschedulers = ["easy", "lookahead"]\nseeds = 6\n'
LEARNING = "learn"


def _nothing(folder: Path) -> None:
    pass


@dataclass(frozen=True)
class KillCase:
    """A command, and what it promises.

    words    : of the command; {data} is the folder of datasets and runs that were made before
    promised : parts of names of files that must be the same as without a kill
    again    : words that a second try adds, such as --resume
    prepare  : fills the folder in which it runs
    extra    : what must be installed
    log      : a log that goes on, of which nothing is lost, instead of a result that is the same
    """

    name: str
    words: str
    promised: tuple[str, ...] = ()
    again: str = ""
    prepare: Callable[[Path], None] = field(default=_nothing)
    extra: str = ""
    log: bool = False


def _sweep(folder: Path) -> None:
    (folder / "s.toml").write_text(SWEEP, "utf-8")


def _size(folder: Path) -> None:
    (folder / "size.toml").write_bytes((ROOT / "tests" / "experiments" / "size" / "tiny.toml").read_bytes())


def _slurm(folder: Path) -> None:
    fake = FakeSlurm(folder / "slurm.json")
    for number in (11, 12):
        fake.job(number)


def _fake(command: str) -> str:
    return " ".join((sys.executable, "-I", "-S", str(PROGRAM), "slurm.json", command))


_QUICK = "--width 8 --quiet --out o"
CASES = (
    KillCase("simulate", "simulate --scenario tiny --scheduler lookahead --quiet --out o",
             ("jobs.csv", "metrics.json")),
    KillCase("compare", "compare --scenario tiny --scheduler easy,fcfs,atc+easy --quiet --no-figures --out o",
             ("compare.json", "jobs.csv")),
    KillCase("evaluate", "evaluate --scenario tiny --windows validation --scheduler easy,lookahead --workers 1 "
             "--quiet --out o", ("evaluate.csv",)),
    KillCase("evaluate, 2 workers", "evaluate --scenario tiny --windows validation --scheduler easy,lookahead "
             "--workers 2 --quiet --out o", ("evaluate.csv",)),
    KillCase("sweep", "sweep s.toml --workers 1 --quiet --out o", ("results.parquet", "summary.csv"), prepare=_sweep),
    KillCase("sweep, 2 workers", "sweep s.toml --workers 2 --quiet --no-figures --out o",
             ("results.parquet", "summary.csv"), prepare=_sweep),
    KillCase("size", "size size.toml --workers 1 --quiet --out o", ("size.json",), prepare=_size),
    KillCase("dataset", "dataset --scheduler easy,random --scenario tiny --episodes 60 --queue-slots 8 "
             "--workers 1 --quiet --out o", (".hdf5", "datasheet.json"), extra=LEARNING),
    KillCase("train offline", f"train offline --data {{data}}/d-v0 --algorithm crr --steps 600 --validate-every 50 "
             f"--batch 64 {_QUICK}", ("best/weights.safetensors", "last/weights.safetensors"), again="--resume",
             extra=LEARNING),
    KillCase("train online, ppo", "train online --scenario tiny --algorithm ppo --steps 4096 --environments 8 "
             f"--rollout 8 --validate-every 512 {_QUICK}", ("best/weights.safetensors", "last/weights.safetensors"),
             again="--resume", extra=LEARNING),
    KillCase("train online, dqn", "train online --scenario tiny --algorithm dqn --steps 2048 --environments 8 "
             f"--rollout 8 --validate-every 256 --option capacity=256 --option starts=64 {_QUICK}",
             ("best/weights.safetensors", "last/weights.safetensors"), again="--resume", extra=LEARNING),
    KillCase("launchpad", "launchpad --experiment {mini} --workers 1 --quiet --out o", ("claims.json",),
             extra=LEARNING),
    KillCase("report", "report {data}/run --quiet", ("report.html",)),
    KillCase("traces import", "traces import sacct {cluster}/sacct.txt --zone Europe/Berlin --out jobs.csv --force "
             "--quiet", ("jobs.csv", "jobs.toml")),
    KillCase("traces generate", "traces generate lublin --processors 256 --jobs 20000 --out jobs.csv", ("jobs.csv",),
             again="--force"),
    KillCase("start-times", "start-times {cluster}/queue.json --history {cluster}/past-jobs.csv.gz --zone "
             "Europe/Berlin --futures 40 --quiet --out o", ("start_times.json",)),
    KillCase("shadow observe", "shadow observe --scheduler easy --every 5 --for 12 --quiet --out o", log=True,
             prepare=_slurm),
)  # fmt: skip


def words_of(case: KillCase, data: Path, again: bool) -> list[str]:
    """The words of the command, with the options of a second try if it is one."""
    mini = ROOT / "tests" / "experiments" / "launchpad" / "mini.toml"
    text = f"{case.words} {case.again}" if again else case.words
    words = [word.format(data=data, mini=mini, cluster=OWN_CLUSTER) for word in text.split()]
    if case.log:
        words += ["--squeue-command", _fake("squeue"), "--sinfo-command", _fake("sinfo")]
    return words
