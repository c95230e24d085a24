"""Fits the GPU mix to the Alibaba table: `python -m traces.synthetic.gpu.fit_gpu FILE [OUT.toml]`.

FILE is openb_pod_list_default.csv of cluster-trace-gpu-v2023 (Q. Weng et al., "Beware of fragmentation:
scheduling GPU-sharing workloads with fragmentation gradient descent", USENIX ATC 2023). What comes out is
`gpu_mix.toml`: shares, quantiles and the requests that occur again and again; no row of the table.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from traces.errors import InputError
from traces.files.csv_table import TableReader
from traces.jobs.workload import LARGEST_S
from traces.synthetic.gpu import quantiles
from traces.synthetic.gpu.gpu_parameters import PARAMETER_FILE

#: The table holds every pod from here on [s]; of earlier ones only those that were still there.
COMPLETE_FROM_S = 10_000_000
#: Requests of fewer pods than this are left out.
LEAST_PODS = 3
#: Classes with fewer pods share the run times of all of them.
LEAST_FOR_RUN_TIMES = 100
RUN_TIME_KNOTS = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
FEW_KNOTS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
GAP_KNOTS = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
#: The table's clock names no zone. Its quietest hours are taken for the ones before this local hour.
QUIET_UNTIL_H = 6
_QUIET_H = 6
_NUMBERS = ("num_gpu", "gpu_milli", "cpu_milli", "memory_mib", "creation_time")
_CLASSES = ("none", "fraction", "1", "2", "4", "8")


def fitted(path: Path | str) -> str:
    """The text of `gpu_mix.toml`, fitted to the table. InputError where it is not the expected table."""
    pods = _pods(Path(path))
    lines = [
        "# Written by `python -m traces.synthetic.gpu.fit_gpu openb_pod_list_default.csv`; do not edit.",
        "# Facts of a fit to the Alibaba cluster-trace-gpu-v2023, see traces/synthetic/gpu/fit_gpu.py.",
        "",
        "[arrivals]",
        f"hour_weights = {_numbers(_hour_weights(pods.creation_time), 4)}",
        f"gap_shares = {_numbers(GAP_KNOTS, 4)}",
        f"gap_values = {_numbers(_gaps(pods.creation_time), 4)}",
    ]
    few = pods[pods.groupby("kind").kind.transform("size") < LEAST_FOR_RUN_TIMES]
    for name in _CLASSES:
        lines += _class_lines(name, pods[pods.kind == name], len(pods), few)
    return "\n".join(lines) + "\n"


def _pods(path: Path) -> pd.DataFrame:
    """The pods that were created while the table is complete; `work_s` is NaN where never scheduled."""
    reader = TableReader(path)
    names = (*_NUMBERS, "deletion_time", "scheduled_time")
    missing = [name for name in names if name not in reader.header]
    if missing:
        raise InputError(f"no column {missing[0]}", where=path, remedy="give openb_pod_list_default.csv")
    table = reader.read(names)
    pods = pd.DataFrame({name: pd.to_numeric(table.cells[name], errors="coerce") for name in names})
    invalid = (
        pods[list(_NUMBERS)].isna().any(axis=1) | (pods < 0).any(axis=1) | (pods > LARGEST_S).any(axis=1)
    )
    if invalid.any():
        raise InputError(
            "a cell is no number of 0 or more", where=f"{path}:{table.lines[int(invalid.argmax())]}"
        )
    pods = pods[pods.creation_time >= COMPLETE_FROM_S].copy()
    pods["work_s"] = pods.deletion_time - pods.scheduled_time
    fraction = (pods.num_gpu == 1) & (pods.gpu_milli < 1000)
    pods["kind"] = np.where(fraction, "fraction", pods.num_gpu.astype(int).astype(str))
    pods.loc[pods.num_gpu == 0, ["kind", "gpu_milli"]] = ["none", 0]
    unknown = sorted(set(pods.kind) - set(_CLASSES))
    if unknown or pods.kind.nunique() != len(_CLASSES):
        raise InputError(
            f"pods ask for {unknown or 'too few kinds of'} GPUs", where=path, remedy="this is another table"
        )
    return pods


def _hour_weights(created_s: pd.Series) -> np.ndarray:
    """(24,) relative arrivals by local hour, turned so that the quietest hours end at QUIET_UNTIL_H."""
    counts = np.bincount(created_s.astype(int) // 3600 % 24, minlength=24).astype(float)
    windows = [np.roll(counts, -hour)[:_QUIET_H].sum() for hour in range(24)]
    quiet_ends = int(np.argmin(windows)) + _QUIET_H
    return np.roll(counts, QUIET_UNTIL_H - quiet_ends) / counts.mean()


def _gaps(created_s: pd.Series) -> np.ndarray:
    """Quantiles of the gap between arrivals, over its mean."""
    gaps_s = np.diff(np.sort(created_s.to_numpy())).astype(float)
    return quantiles.fit(np.maximum(gaps_s, 1.0), np.array(GAP_KNOTS)) / np.maximum(gaps_s, 1.0).mean()


def _class_lines(name: str, pods: pd.DataFrame, total: int, few: pd.DataFrame) -> list[str]:
    """The TOML lines of one class: share, GPUs, run-time quantiles, frequent requests."""
    pooled = len(pods) < LEAST_FOR_RUN_TIMES
    run_times = (few if pooled else pods).work_s.dropna()
    knots = FEW_KNOTS if pooled else RUN_TIME_KNOTS
    values = quantiles.fit(np.maximum(run_times.to_numpy(dtype=float), 1.0), np.array(knots))
    requests = pods.groupby(["gpu_milli", "cpu_milli", "memory_mib"]).size()
    frequent = requests[requests >= LEAST_PODS].sort_index()
    rows = [f"  [{', '.join(str(int(part)) for part in key)}, {count}]," for key, count in frequent.items()]
    return [
        "",
        f"[classes.{name}]",
        f"share = {len(pods) / total:.5f}",
        f"gpus = {0 if name == 'none' else 1 if name == 'fraction' else int(name)}",
        f"run_time_shares = {_numbers(knots, 4)}",
        f"run_time_values = {_numbers(values, 0)}",
        "# thousandths of each GPU, thousandths of a core, MiB, weight",
        "requests = [",
        *rows,
        "]",
    ]


def _numbers(values: np.ndarray | tuple[float, ...], digits: int) -> str:
    texts = [f"{value:.{digits}f}" for value in values]
    return "[" + ", ".join(texts) + "]"


def main(arguments: list[str]) -> int:
    """Fit the table named by the first argument and write the parameters; returns the exit code."""
    if len(arguments) not in (1, 2):
        print("usage: python -m traces.synthetic.gpu.fit_gpu FILE [OUT.toml]", file=sys.stderr)
        return 2
    try:
        text = fitted(arguments[0])
        Path(arguments[1] if len(arguments) == 2 else PARAMETER_FILE).write_text(text, encoding="utf-8")
    except (InputError, OSError) as error:
        print(f"fit_gpu: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
