"""Runs bundles on Dask workers. What goes through Dask's scheduler is which cells to run, never a result."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import dask
from distributed import Client, Future, get_worker
from distributed.scheduler import KilledWorker
from distributed.security import Security

from experiments.engine.bundle import Bundle, BundleReport, run_bundle
from experiments.engine.dask_workers.local_cluster import LocalWorkers
from experiments.engine.executor import WorkerLost
from experiments.engine.slurm.leaving import leave
from experiments.engine.where import Where
from experiments.process.progress import ProgressDisplay
from traces.errors import InputError
from traces.files.documents import is_regular, user_path
from traces.files.text import place

CONNECT_S = 20
COUNT_EVERY_S = 2.0
FETCH_S = 20
LOST_REPORT = BundleReport(out_of_time=True)
"""For a report that left with its worker: what is done is found on disk when the cells come up again."""
CONFIG = {
    "distributed.scheduler.allowed-failures": 0,  # a second try is ours: the book knows which cell it was
    "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
    "distributed.admin.tick.limit": "1h",  # a client that redraws a figure is no fault
}


class Cluster(Protocol):
    """Workers that this command has started."""

    scheduler_address: str
    security: Any

    def keep_up(self, cells_left: int) -> None:
        """Start workers anew where some have ended, but no more than there are cells left."""
        ...

    def reason(self, pid: int, worker: str) -> str:
        """Why a worker died, by its process and Dask's name for it; empty if nobody knows."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


def run_on_worker(bundle: Bundle) -> BundleReport:
    """Run a bundle inside a Dask worker. A worker that is ended soon takes no more of them."""
    worker = get_worker()
    report = run_bundle(bundle, str(worker.name))
    if report.out_of_time:
        leave(worker)
    return report


class DaskExecutor:
    """Bundles on the workers of one Dask scheduler."""

    most_cells: int | None = None

    def __init__(self, client: Client, resources: ExitStack, cluster: Cluster | None, label: str) -> None:
        self._client, self._resources, self._cluster, self._label = client, resources, cluster, label
        self._ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._bundles: dict[Any, tuple[Bundle, Future]] = {}
        self._submitted = 0
        self._workers, self._counted_s = 0, float("-inf")

    def __enter__(self) -> DaskExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bundles.clear()
        self._resources.close()

    def workers(self, cells_left: int) -> int:
        """Threads of all workers, counted every few seconds."""
        now_s = time.monotonic()
        if now_s - self._counted_s > COUNT_EVERY_S:
            if self._cluster is not None:
                self._cluster.keep_up(cells_left)
            self._workers = sum(self._client.nthreads().values()) if self._is_connected() else 0
            self._counted_s = now_s
        return self._workers

    def submit(self, bundle: Bundle) -> None:
        """Queue a bundle."""
        self._submitted += 1
        name = f"rare-{bundle.session}-{self._submitted}"
        future = self._client.submit(run_on_worker, bundle, key=name, pure=False, retries=0)
        self._bundles[future.key] = bundle, future
        future.add_done_callback(self._ended.put)

    def ended(self, timeout_s: float) -> Iterator[tuple[Bundle, BundleReport | WorkerLost]]:
        """Wait so long for bundles to end, and give those that have. InputError if the scheduler is gone."""
        futures = []
        try:
            futures.append(self._ended.get(timeout=timeout_s))
            while True:
                futures.append(self._ended.get_nowait())
        except queue.Empty:
            pass
        if not futures and not self._is_connected():
            raise self._gone()
        for future in futures:
            bundle, _ = self._bundles.pop(future.key)
            yield bundle, self._outcome(future)

    def reason(self, pid: int, worker: str) -> str:
        """Why a worker died; empty if nobody knows."""
        return "" if self._cluster is None else self._cluster.reason(pid, worker)

    def _outcome(self, future: Future) -> BundleReport | WorkerLost:
        if future.status == "finished":
            try:
                report = future.result(timeout=FETCH_S)
            except TimeoutError:
                return LOST_REPORT
            assert isinstance(report, BundleReport)
            return report
        if future.status == "lost" and self._is_connected():
            return LOST_REPORT
        if future.status != "error":  # cancelled or lost: so it is if the scheduler is gone
            raise self._gone()
        error = future.exception()
        if isinstance(error, KilledWorker):
            return WorkerLost()
        if isinstance(error, ImportError | AttributeError):
            raise InputError(
                f"{self._label}: a worker cannot import what it is to run ({error}); install the same "
                "version of RARE and its libraries there"
            )
        raise RuntimeError(f"{self._label}: {type(error).__name__}: {error}") from error

    def _is_connected(self) -> bool:
        return self._client.status == "running" and self._client.scheduler is not None

    def _gone(self) -> InputError:
        return InputError(
            f"{self._label}: the connection to the Dask scheduler is lost; finished cells are kept: start it "
            "again, and give the same command"
        )


def local_executor(count: int) -> DaskExecutor:
    """Workers on this machine, reachable from this machine alone; they end with this process."""
    with ExitStack() as resources:
        resources.enter_context(dask.config.set(CONFIG))
        cluster = LocalWorkers(count)
        resources.callback(cluster.close)
        return _connected(cluster.scheduler_address, None, resources.pop_all(), cluster, f"--workers {count}")


def remote_executor(where: Where, display: ProgressDisplay, folder: Path) -> DaskExecutor:
    """Workers of a Dask scheduler that is there, or that Slurm starts. InputError if there is none."""
    with ExitStack() as resources:
        resources.enter_context(dask.config.set(CONFIG))
        silence_dask()
        if where.dask_slurm is not None:
            from experiments.engine.slurm.slurm_cluster import slurm_cluster

            cluster: Cluster = slurm_cluster(
                user_path(where.dask_slurm), folder, insecure=where.insecure, note=display.note
            )
            resources.callback(cluster.close)
            label = f"--dask-slurm {where.dask_slurm}"
            address, security = cluster.scheduler_address, cluster.security
            return _connected(address, security, resources.pop_all(), cluster, label)
        assert where.dask is not None
        security = _security(where) if where.has_tls else None
        return _connected(where.dask, security, resources.pop_all(), None, f"--dask {where.dask}")


def _connected(
    address: str, security: Any, resources: ExitStack, cluster: Cluster | None, label: str
) -> DaskExecutor:
    try:
        client = Client(
            address, security=security, set_as_default=False, timeout=f"{CONNECT_S}s", name="rare"
        )
    except (OSError, TimeoutError) as error:
        resources.close()
        raise InputError(
            f"{label}: no Dask scheduler answers there ({_line(error)}); start it, or mend the address"
        ) from error
    except BaseException:
        resources.close()
        raise
    resources.callback(_close, client)
    return DaskExecutor(client, resources, cluster, label)


def _close(client: Client) -> None:
    client.close(timeout=5)


def _security(where: Where) -> Security:
    for option, file in (
        ("--tls-ca", where.tls_ca),
        ("--tls-cert", where.tls_cert),
        ("--tls-key", where.tls_key),
    ):
        if file is None or not is_regular(user_path(file)):
            raise InputError(f"{option} {place(str(file))}: is no file; give a PEM file")
    return Security(
        tls_ca_file=where.tls_ca,
        tls_client_cert=where.tls_cert,
        tls_client_key=where.tls_key,
        require_encryption=True,
    )


def silence_dask() -> None:
    """Keep Dask's messages off the terminal: what matters in them is in our own."""
    for name in ("distributed", "tornado.application", "bokeh", "asyncio"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
