import numpy as np
import pytest
from scipy.stats import ks_2samp

from traces import InputError, read_workload
from traces.synthetic import gpu_mix, node_layout
from traces.synthetic.gpu import fit_gpu, quantiles
from traces.synthetic.gpu.gpu_parameters import PARAMETER_FILE, gpu_parameters

TABLE = "data/workloads/openb_pod_list_default.csv"
HEADER = "num_gpu,gpu_milli,cpu_milli,memory_mib,creation_time,deletion_time,scheduled_time\n"


@pytest.fixture(scope="module")
def jobs():
    return gpu_mix(100_000, gpus=512, load=0.8, seed=1)


@pytest.fixture(scope="module")
def pods(shared):
    """The real jobs of the time for which the table is complete."""
    real = read_workload(shared / TABLE)
    return real.take(real.submit_s >= 10_000_000)


def gpu_load(jobs, gpus):
    return (jobs.gpus_milli * jobs.work_s).sum() / (1000 * gpus * jobs.submit_s[-1])


class TestLoad:
    @pytest.mark.parametrize("load", [0.1, 0.8, 2.0])
    @pytest.mark.parametrize("gpus", [1, 8, 64])
    def test_is_reached(self, gpus, load):
        assert gpu_load(gpu_mix(20_000, gpus=gpus, load=load, seed=2), gpus) == pytest.approx(load, rel=1e-3)

    def test_days(self):
        jobs = gpu_mix(days=14, gpus=64, load=0.8, seed=3)
        assert gpu_load(jobs, 64) == pytest.approx(0.8, rel=1e-3)
        assert 12 < jobs.submit_s[-1] / 86400 <= 14

    def test_cycle(self, jobs):
        hours = np.bincount(jobs.submit_s % 86400 // 3600, minlength=24) / len(jobs)
        expected = gpu_parameters().hour_weights / gpu_parameters().hour_weights.sum()
        assert np.abs(hours - expected).max() < 0.005


class TestTheMachine:
    def test_none_asks_for_more_than_there_is(self):
        for gpus in (1, 4, 8, 16):
            jobs, nodes = gpu_mix(20_000, gpus=gpus, load=0.5, seed=4), node_layout(gpus)
            assert jobs.gpus_milli.max() <= 1000 * gpus
            assert jobs.cores.max() <= nodes.count * nodes.cores == jobs.processors
            assert jobs.memory_mib.max() <= nodes.count * nodes.memory_gib * 1024

    def test_layout(self):
        assert node_layout(64) == node_layout(64).__class__(8, 8, 96, 384)
        assert node_layout(2) == node_layout(2).__class__(1, 2, 24, 96)
        with pytest.raises(InputError, match="gpus is 12, which does not fill nodes of 8; give 8 or 16"):
            node_layout(12)

    def test_layout_is_the_most_common_node(self, shared):
        import pandas as pd

        nodes = pd.read_csv(shared / "data/workloads/openb_node_list_gpu_node.csv")
        nodes = nodes[nodes.gpu == 8]
        assert nodes.groupby(["cpu_milli", "memory_mib"]).size().idxmax() == (96_000, 384 * 1024)
        assert ((nodes.cpu_milli == 96_000) & (nodes.model == "G2")).sum() == 549


class TestFit:
    def test_the_tool_writes_what_ships(self, shared, tmp_path):
        assert fit_gpu.main([str(shared / TABLE), str(tmp_path / "again.toml")]) == 0
        assert (tmp_path / "again.toml").read_text() == PARAMETER_FILE.read_text()

    def test_shares_of_gpus(self, pods, jobs):
        real, made = ([(each.gpus_milli == size).mean() for size in (0, 1000, 8000)] for each in (pods, jobs))
        # The table read as jobs leaves out pods that never ran, the fit of the shares does not.
        assert made == pytest.approx(real, abs=0.03)
        below = [((each.gpus_milli > 0) & (each.gpus_milli < 1000)).mean() for each in (pods, jobs)]
        assert below[1] == pytest.approx(below[0], abs=0.03)

    @pytest.mark.parametrize("gpus_milli", [(0, 0), (1, 999), (1000, 1000)])
    def test_run_times_by_class(self, pods, jobs, gpus_milli):
        real, made = (
            each.work_s[(each.gpus_milli >= gpus_milli[0]) & (each.gpus_milli <= gpus_milli[1])]
            for each in (pods, jobs)
        )
        assert ks_2samp(real, made).statistic < 0.08
        assert np.median(made) == pytest.approx(np.median(real), rel=0.05)

    @pytest.mark.parametrize("column", ["cores", "memory_mib", "gpus_milli"])
    def test_requests(self, pods, jobs, column):
        assert ks_2samp(getattr(pods, column), getattr(jobs, column)).statistic < 0.04

    def test_means_of_the_run_times_are_the_sample_s(self, pods):
        none = pods.work_s[pods.gpus_milli == 0]
        assert quantiles.mean(*gpu_parameters().classes["none"].run_time) == pytest.approx(
            none.mean(), rel=1e-3
        )

    def test_no_row_ships(self):
        """Every request that is listed was made by three pods or more."""
        assert all((each.requests[:, 3] >= 3).all() for each in gpu_parameters().classes.values())

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a,b\n1,2\n", "no column num_gpu"),
            (HEADER + "1,1000,x,1,1,1,1\n", ":2:"),
            (HEADER + "3,1,1,1,20000000,1,1\n", "'3'"),
            ("", "empty"),
        ],
    )
    def test_another_table(self, tmp_path, capsys, text, words):
        (tmp_path / "t.csv").write_text(text)
        assert fit_gpu.main([str(tmp_path / "t.csv"), str(tmp_path / "out.toml")]) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1
        assert not (tmp_path / "out.toml").exists()

    def test_usage(self, capsys):
        assert fit_gpu.main([]) == 2 and "usage" in capsys.readouterr().err


class TestQuantiles:
    def test_mean_of_a_loguniform(self):
        # Between 1 and e the log is uniform: mean = e - 1.
        assert quantiles.mean(np.array([0.0, 1.0]), np.array([1.0, np.e])) == pytest.approx(np.e - 1)

    def test_a_fit_keeps_the_mean_and_the_median(self):
        sample = np.random.default_rng(1).lognormal(6, 2, 5000)
        shares = np.array(fit_gpu.RUN_TIME_KNOTS)
        values = quantiles.fit(sample, shares)
        drawn = quantiles.draw(shares, values, np.random.default_rng(2).random(400_000))
        assert drawn.mean() == pytest.approx(sample.mean(), rel=0.05)
        assert np.median(drawn) == pytest.approx(np.median(sample), rel=0.02)


def test_the_first_jobs_stay_when_more_are_asked_for():
    few, many = (gpu_mix(n, gpus=64, load=0.6, seed=7) for n in (1000, 5000))
    for column in ("cores", "gpus_milli", "memory_mib", "work_s"):
        assert np.array_equal(getattr(few, column), getattr(many, column)[:1000])
