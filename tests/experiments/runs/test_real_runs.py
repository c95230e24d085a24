"""The commands as people type them, on the real simulator: published numbers, the demo, the example."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.cli.root import main

ROOT = Path(__file__).resolve().parents[3]
# shared/validation/README.md section 1, to the digits given there.
PUBLISHED = {
    "fcfs": ("2388443.7601", "66502.4755", "0.654908", 12482549, "lublin_fcfs_pyss.csv.gz"),
    "sjf": ("275304.2226", "53.5435", "0.719683", 11359058, "lublin_sjf_accasim.csv.gz"),
    "easy": ("97155.9945", "590.0538", "0.936343", 8730698, "lublin_easy_pyss.csv.gz"),
}


def json_of(capsys, *arguments):
    assert main([*arguments, "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_numbers_and_every_start(name, clock, shared, tmp_path, capsys):
    trace = str(shared / "data" / "workloads" / "lublin_256.swf")
    out = tmp_path / "run"
    arguments = (
        "--workload",
        trace,
        "--scheduler",
        name,
        "--clock",
        clock,
        "--out",
        str(out),
        "--no-figures",
    )
    metrics = json_of(capsys, "simulate", *arguments)["metrics"]
    wait, slowdown, used, makespan_s, table = PUBLISHED[name]
    assert f"{metrics['mean_wait_s']:.4f}" == wait
    assert f"{metrics['mean_bounded_slowdown']:.4f}" == slowdown
    assert f"{metrics['utilization']:.6f}" == used
    assert metrics["makespan_s"] == makespan_s
    published = pd.read_csv(shared / "validation" / table)
    ours = pd.read_csv(out / "jobs.csv")
    merged = ours.merge(published, left_on="job_id", right_on="job", validate="one_to_one")
    assert len(merged) == 10_000
    assert np.array_equal(merged["start_s"], merged["start"])


def test_sjf_greedy_on_the_first_thousand(shared, capsys):
    trace = str(shared / "data" / "workloads" / "lublin_256.swf")
    arguments = ("--workload", trace, "--scheduler", "sjf+greedy", "--jobs", "0:1000")
    metrics = json_of(capsys, "simulate", *arguments)["metrics"]
    assert (f"{metrics['mean_wait_s']:.3f}", f"{metrics['mean_bounded_slowdown']:.4f}") == (
        "6702.671",
        "18.2331",
    )


def test_a_shipped_scenario_is_the_same_on_both_clocks_and_accounts_for_every_job(capsys):
    found = [
        json_of(capsys, "simulate", "--scenario", "grid-tied", "--scheduler", "atc+greedy", "--clock", clock)[
            "metrics"
        ]
        for clock in ("compiled", "simpy", "simpy")
    ]
    for metrics in found:
        for key in ("simulate_s", "jobs_per_s"):
            metrics.pop(key)
        ends = metrics["jobs_completed"] + metrics["jobs_rejected"] + metrics["jobs_unfinished"]
        assert metrics["jobs_submitted"] == ends > 300
        supplied = metrics["renewable_used_kwh"] + metrics["battery_charged_kwh"] + metrics["curtailed_kwh"]
        assert supplied == pytest.approx(metrics["renewable_available_kwh"], rel=1e-12)
        assert metrics["suspensions"] > 0 and metrics["unserved_kwh"] == 0
    assert found[0] == found[1] == found[2]


def test_another_seed_draws_other_values(capsys):
    one, other = (
        json_of(capsys, "simulate", "--scenario", "grid-tied", "--seed", seed)["metrics"]["value_offered"]
        for seed in ("1", "2")
    )
    assert one != other


def test_the_example_compares_on_real_data(shared, capsys):
    data = shared / "data"
    found = json_of(
        capsys,
        "compare",
        *("--scenario", str(ROOT / "examples" / "kth-ercot.toml"), "--scheduler", "fcfs,slack+easy"),
        *("--workload", str(data / "workloads" / "KTH-SP2-1996-2.1-cln.swf.gz")),
        *("--power", str(data / "grid" / "eia_ERCO_2022_generation_avgCI.csv.gz")),
    )
    fcfs, slack = (each["metrics"] for each in found["results"])
    assert fcfs["jobs_submitted"] == slack["jobs_submitted"] == 5000
    assert slack["objective"] > fcfs["objective"]
    assert found["results"][0]["ended"] == "completed"


def test_traces_show_counts_what_the_archive_documents(shared, capsys):
    trace = shared / "data" / "workloads" / "SDSC-SP2-1998-4.2-cln.swf.gz"
    assert main(["traces", "show", str(trace), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["records"], found["jobs_skipped"], found["processors"]) == (59_715, 5_671, 128)
