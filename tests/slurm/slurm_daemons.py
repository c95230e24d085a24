"""A real Slurm with accounting, all of it in one temporary folder of this machine.

`running_slurm()` starts munge, MariaDB, slurmdbd, slurmctld and one slurmd for each node in this order, under
the present user, and stops them in reverse order by their process numbers. Nothing is written outside of the
folder. munge and MariaDB listen on sockets in the folder, Slurm on free ports of the loopback interface.
Slurm's commands find the daemons by the variable SLURM_CONF. Tried with Slurm 22.05 of Debian 12.

`python -m tests.slurm.slurm_daemons COMMAND ...` runs a command with such a Slurm around it.
"""

from __future__ import annotations

import getpass
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.slurm.slurm_packages import search_path

#: A daemon gets SIGTERM when this process is killed outright.
_END_WITH_US = ("setpriv", "--pdeathsig", "TERM")
NODES, CPUS_A_NODE = 4, 2
START_S, STOP_S = 40.0, 20.0


class SlurmFailure(RuntimeError):
    """A daemon that does not come up."""


@dataclass(frozen=True, slots=True)
class Slurm:
    """A running Slurm.

    folder : where its files are
    conf   : its slurm.conf, for the variable SLURM_CONF
    nodes  : names of its nodes
    pids   : process numbers of its daemons by name, in the order of their start
    """

    folder: Path
    conf: Path
    nodes: tuple[str, ...]
    pids: dict[str, int]
    starts: dict[str, Callable[[], None]]
    processes: dict[str, subprocess.Popen[bytes]]

    def stop(self, name: str) -> None:
        """End one daemon, such as slurmctld."""
        _stop(self.processes[name])

    def start(self, name: str) -> None:
        """Start a daemon again that was ended, with the state that it had, and wait until it answers."""
        self.starts[name]()

    def environment(self) -> dict[str, str]:
        """The environment of a process that is to use this Slurm."""
        return _environment(SLURM_CONF=str(self.conf))

    def command(self, *words: str) -> str:
        """What one of Slurm's commands prints. CalledProcessError with its output where it fails."""
        done = subprocess.run(words, env=self.environment(), capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
        return done.stdout


@dataclass(frozen=True, slots=True)
class Machine:
    """What a Slurm is to have: further lines of slurm.conf, nodes, cores of each, PartitionName lines."""

    more: str
    nodes: int
    cpus: int
    partitions: str | None


@contextmanager
def running_slurm(
    more: str = "", nodes: int = NODES, cpus: int = CPUS_A_NODE, partitions: str | None = None
) -> Iterator[Slurm]:
    """A Slurm with nothing in its queue. Its jobs are cancelled and its folder is removed at the end.

    more: further lines of slurm.conf. partitions: its PartitionName lines; None: one, `main`, with all nodes.
    SlurmFailure where a daemon does not come up, with the last line of its log.
    """
    with ExitStack() as stops:
        # A short path: that of a socket has at most 107 characters, and pytest's folders are long.
        folder = Path(stops.enter_context(tempfile.TemporaryDirectory(prefix="rare-slurm-")))
        folder.chmod(0o711)  # munge wants that others can reach its socket; what is inside is closed to them
        for name in ("munge", "mariadb", "state", "spool", "log", "run"):
            (folder / name).mkdir(mode=0o700)
        slurm = _start(folder, stops, Machine(more, nodes, cpus, partitions))
        stops.callback(_cancel_jobs, slurm)
        yield slurm


def _start(folder: Path, stops: ExitStack, machine: Machine) -> Slurm:
    nodes = tuple(f"n{number}" for number in range(1, machine.nodes + 1))
    conf = _write_files(folder, nodes, machine)
    # slurmdbd has no key for a socket's path, but its library heeds this variable.
    environment = _environment(SLURM_CONF=str(conf), MYSQL_UNIX_PORT=str(folder / "run/mariadb.sock"))
    pids: dict[str, int] = {}
    starts: dict[str, Callable[[], None]] = {}
    processes: dict[str, subprocess.Popen[bytes]] = {}

    def daemon(name: str, words: list[str], ready: Callable[[], bool]) -> None:
        stops.callback(lambda: _stop(processes[name]))
        start_one(name, words, ready)
        kept_state = [word for word in words if word != "-c"]
        starts[name] = lambda: start_one(name, kept_state, ready)

    def start_one(name: str, words: list[str], ready: Callable[[], bool]) -> None:
        log = folder / "log" / f"{name}.out"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*_END_WITH_US, *words],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment,
                cwd=folder,
            )
        processes[name], pids[name] = process, process.pid
        _wait(name, process, log, ready)

    def answers(*words: str, holding: str = "") -> Callable[[], bool]:
        def ask() -> bool:
            done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30)
            return done.returncode == 0 and holding in done.stdout

        return ask

    munge = str(folder / "munge.sock")
    daemon(
        "munged",
        [
            "munged",
            "--foreground",
            f"--socket={munge}",
            f"--key-file={folder / 'munge/key'}",
            f"--seed-file={folder / 'munge/seed'}",
            f"--pid-file={folder / 'run/munged.pid'}",
            "--num-threads=2",
        ],
        answers("munge", f"--socket={munge}", "--no-input"),
    )
    _make_database(folder, environment)
    database = f"--socket={folder / 'run/mariadb.sock'}"
    daemon(
        "mariadbd",
        [
            "mariadbd",
            "--no-defaults",
            f"--datadir={folder / 'mariadb'}",
            database,
            f"--pid-file={folder / 'run/mariadbd.pid'}",
            "--skip-networking",
            f"--user={getpass.getuser()}",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=8M",
        ],
        answers("mariadb", "--no-defaults", "--user=root", database, "-e", "create database slurm_acct_db"),
    )
    daemon("slurmdbd", ["slurmdbd", "-D"], answers("sacctmgr", "--noheader", "list", "cluster"))
    daemon("slurmctld", ["slurmctld", "-D", "-c"], answers("scontrol", "ping", holding="UP"))
    for node in nodes:
        daemon(f"slurmd-{node}", ["slurmd", "-D", "-N", node], lambda: True)
    for node in nodes:
        idle = answers("sinfo", "-h", "-n", node, "-o", "%T", holding="idle")
        _wait(node, None, folder / "log/slurmctld.log", idle)
    return Slurm(folder, conf, nodes, pids, starts, processes)


def _make_database(folder: Path, environment: dict[str, str]) -> None:
    """MariaDB's own tables, which its daemon needs before it starts."""
    done = subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={folder / 'mariadb'}",
            f"--user={getpass.getuser()}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ],
        env=environment,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    if done.returncode != 0:
        raise SlurmFailure(f"MariaDB's tables cannot be made: {_last_line(done.stderr or done.stdout)}")


def _write_files(folder: Path, nodes: tuple[str, ...], machine: Machine) -> Path:
    """munge's key, slurmdbd.conf and slurm.conf; the last one's path."""
    key = folder / "munge/key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(256))
    user = getpass.getuser()
    controller, database, *node_ports = _free_ports(2 + len(nodes))
    shared = f"""\
AuthType=auth/munge
AuthInfo=socket={folder / "munge.sock"}
SlurmUser={user}
"""
    dbd = folder / "slurmdbd.conf"
    dbd.touch(mode=0o600)  # slurmdbd refuses a file that others can read
    dbd.write_text(
        shared
        + f"""\
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={database}
CommunicationParameters=NoInAddrAny
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct_db
LogFile={folder / "log/slurmdbd.log"}
PidFile={folder / "run/slurmdbd.pid"}
"""
    )
    conf = folder / "slurm.conf"
    conf.write_text(
        shared
        + f"""\
ClusterName=rare
SlurmdUser={user}
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={database}
AccountingStoragePass={folder / "munge.sock"}
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
# Without it nodes that claim more cores than the machine has are drained.
SlurmdParameters=config_overrides
SlurmdTimeout=20
# A job that is over its time limit is ended after this many seconds more.
KillWait=5
MinJobAge=30
PlugStackConfig=/dev/null
StateSaveLocation={folder / "state"}
SlurmdSpoolDir={folder / "spool"}/%n
SlurmctldPidFile={folder / "run/slurmctld.pid"}
SlurmdPidFile={folder / "run"}/slurmd-%n.pid
SlurmctldLogFile={folder / "log/slurmctld.log"}
SlurmdLogFile={folder / "log"}/slurmd-%n.log
"""
        + "".join(
            f"NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs={machine.cpus} "
            "RealMemory=4000\n"
            for node, port in zip(nodes, node_ports, strict=True)
        )
        + (
            machine.partitions
            or f"PartitionName=main Nodes={','.join(nodes)} Default=YES MaxTime=60 State=UP"
        )
        + "\n"
        + machine.more
        + "\n"
    )
    return conf


def _free_ports(count: int) -> list[int]:
    """Ports that nothing listens on; another program may take one before the daemon does."""
    with ExitStack() as sockets:
        opened = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in opened:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in opened]


def _wait(name: str, process: subprocess.Popen[bytes] | None, log: Path, ready: Callable[[], bool]) -> None:
    """Wait until a daemon answers. SlurmFailure, with its log's last line, where it ends or stays silent."""
    limit = time.monotonic() + START_S
    while time.monotonic() < limit:
        if process is not None and process.poll() is not None:
            raise SlurmFailure(f"{name} ended with {process.returncode}: {_log_end(log)}")
        if ready():
            return
        time.sleep(0.25)
    raise SlurmFailure(f"{name} is not ready after {START_S:g} s: {_log_end(log)}")


def _cancel_jobs(slurm: Slurm) -> None:
    """End every job: the process that watches over one would outlive the daemons."""
    slurm.command("scancel", f"--user={getpass.getuser()}")
    limit = time.monotonic() + STOP_S
    while slurm.command("squeue", "--noheader").strip() and time.monotonic() < limit:
        time.sleep(0.25)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a daemon: SIGTERM first, SIGKILL where it does not heed that."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _log_end(log: Path) -> str:
    """The last line of a daemon's own log, or of what it printed."""
    for path in (log.with_suffix(".log"), log):
        if path.is_file() and path.read_text(errors="replace").strip():
            return _last_line(path.read_text(errors="replace"))
    return "it says nothing"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def _environment(**more: str) -> dict[str, str]:
    """This process's environment without variables of another Slurm, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}
    return {**kept, "PATH": search_path(), **more}


if __name__ == "__main__":
    with running_slurm() as started:
        sys.exit(subprocess.run(sys.argv[1:], env=started.environment()).returncode)
