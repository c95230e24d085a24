import numpy as np
import pytest
from scipy.stats import ks_2samp

from tests.traces.synthetic import published_lublin as published
from traces import read_workload
from traces.synthetic import lublin

JOBS, PROCESSORS = 400_000, 256
ACCEPTED, NOTICED = 4.0, 6.0  # standard errors: what passes, and what a wrong parameter must make of it
EXPECTED = published.statistics(published.PUBLISHED, PROCESSORS, JOBS)


@pytest.fixture(scope="module")
def jobs():
    return lublin(JOBS, processors=PROCESSORS, seed=1)


@pytest.fixture(scope="module")
def found(jobs):
    return published.measured(jobs, published.PUBLISHED)


class TestPublishedMoments:
    @pytest.mark.parametrize("name", EXPECTED)
    def test_moment(self, found, name):
        expected = EXPECTED[name]
        assert abs(found[name] - expected.mean) < ACCEPTED * expected.error, (found[name], expected)

    @pytest.mark.parametrize("name", [each for each in published.PUBLISHED if each not in ("anum", "bnum")])
    def test_a_parameter_a_tenth_off_would_fail(self, name):
        wrong = {**published.PUBLISHED, name: 1.1 * published.PUBLISHED[name]}
        other = published.statistics(wrong, PROCESSORS, JOBS)
        moved = [abs(other[key].mean - each.mean) / each.error for key, each in EXPECTED.items()]
        assert max(moved) > NOTICED

    def test_daily_cycle(self, jobs):
        """Shares of the arrivals by half hour; days are the independent samples of the error."""
        days = int(jobs.submit_s[-1] // 86400)
        counts = np.zeros((days + 1, 48))
        np.add.at(counts, (jobs.submit_s // 86400, jobs.submit_s % 86400 // 1800), 1)
        counts = counts[:days]
        weights = published.half_hour_weights(published.PUBLISHED)
        rest = counts - weights * counts.sum(axis=1, keepdims=True)
        error = rest.std(axis=0) / np.sqrt(days)
        assert (np.abs(rest.mean(axis=0)) < ACCEPTED * error).all()
        for name in ("anum", "bnum"):
            wrong = {**published.PUBLISHED, name: 1.1 * published.PUBLISHED[name]}
            moved = (published.half_hour_weights(wrong) - weights) * counts.sum() / days
            assert np.max(np.abs(moved) / error) > NOTICED

    def test_the_peak_is_by_day(self, jobs):
        hours = np.bincount(jobs.submit_s % 86400 // 3600, minlength=24)
        assert 11 <= np.argmax(hours) <= 15 and 2 <= np.argmin(hours) <= 6


class TestVariants:
    # m_lublin99.c: serial and power-of-two shares, and the largest size on 128 processors.
    @pytest.mark.parametrize(
        ("variant", "serial", "power", "largest"),
        [("batch", 0.2927, 0.6686, 128), ("interactive", 0.1541, 0.625, 45), ("typeless", 0.244, 0.576, 128)],
    )
    def test_sizes(self, variant, serial, power, largest):
        cores = lublin(100_000, processors=128, seed=2, variant=variant).cores
        assert abs((cores == 1).mean() - serial) < 4 * np.sqrt(serial * (1 - serial) / 1e5)
        assert ((cores & (cores - 1)) == 0).mean() > serial + power
        assert cores.max() == largest

    def test_both_merges_the_two(self):
        """Rates add up: arrivals per second of both = of batch + of interactive (within their noise)."""
        spans = {
            name: lublin(200_000, processors=128, seed=3, variant=name).submit_s[-1] / 200_000
            for name in ("batch", "interactive", "both")
        }
        assert 1 / spans["both"] == pytest.approx(1 / spans["batch"] + 1 / spans["interactive"], rel=0.03)


class TestLoad:
    @pytest.mark.parametrize("variant", ["typeless", "batch", "interactive", "both"])
    @pytest.mark.parametrize("load", [0.3, 0.9])
    def test_is_reached(self, variant, load):
        jobs = lublin(100_000, processors=512, load=load, seed=4, variant=variant)
        made = (jobs.cores * jobs.work_s).sum() / (512 * jobs.submit_s[-1])
        assert made == pytest.approx(load, rel=1e-4)

    @pytest.mark.parametrize("load", [0.05, 0.5, 5.0])
    def test_leaves_the_day_its_24_hours(self, load):
        submit_s = lublin(200_000, processors=256, load=load, seed=5).submit_s
        whole = submit_s[submit_s < submit_s[-1] // 86400 * 86400]
        hours = np.bincount(whole % 86400 // 3600, minlength=24) / len(whole)
        expected = published.half_hour_weights(published.PUBLISHED).reshape(24, 2).sum(axis=1)
        assert np.abs(hours - expected).max() < 0.012

    def test_days_with_a_load(self):
        jobs = lublin(days=30, processors=128, load=0.7, seed=6)
        assert (jobs.cores * jobs.work_s).sum() / (128 * jobs.submit_s[-1]) == pytest.approx(0.7, rel=1e-3)
        assert 29 < jobs.submit_s[-1] / 86400 <= 30

    def test_days_at_the_published_rate_are_the_beginning_of_more_days(self):
        week, month = (lublin(days=days, processors=128, seed=6) for days in (7, 30))
        assert week.submit_s[-1] < 7 * 86400
        assert np.array_equal(week.submit_s, month.submit_s[: len(week)])
        assert month.submit_s[len(week)] >= 7 * 86400


class TestAPureFunction:
    @pytest.mark.parametrize("variant", ["typeless", "both"])
    def test_the_first_jobs_stay_when_more_are_asked_for(self, variant):
        few, many = (lublin(n, processors=200, seed=7, variant=variant) for n in (1000, 20_000))
        assert few.content_hash() == many.take(slice(0, 1000)).content_hash()

    def test_under_a_load_they_keep_all_but_their_times(self):
        few, many = (lublin(n, processors=200, load=0.6, seed=7) for n in (1000, 20_000))
        assert np.array_equal(few.cores, many.cores[:1000])
        assert np.array_equal(few.work_s, many.work_s[:1000])

    def test_seeds_differ_and_nothing_else_is_read(self):
        np.random.seed(0)
        one = lublin(500, processors=64, seed=8)
        np.random.seed(1)
        assert one.content_hash() == lublin(500, processors=64, seed=8).content_hash()
        assert one.content_hash() != lublin(500, processors=64, seed=9).content_hash()


class TestSizesFollowTheMachine:
    @pytest.mark.parametrize("processors", [1, 2, 3, 7, 45, 100, 1000, 4097])
    @pytest.mark.parametrize("variant", ["typeless", "both"])
    def test_none_is_larger(self, processors, variant):
        cores = lublin(20_000, processors=processors, seed=10, variant=variant).cores
        assert cores.min() == 1 and cores.max() <= processors
        if processors > 2:
            assert cores.max() > processors / 2

    def test_eight_processors_as_in_the_authors_example(self):
        """Their comment: on 8 processors the uniforms meet at log2 = 1.5, so 86 % of the rounds give 2."""
        cores = lublin(100_000, processors=8, seed=11).cores
        powers = np.isin(cores, (2, 4, 8))
        two = (cores == 2).sum() / powers.sum()
        others_two = (np.log2(2.5) - 0.8) / 0.7 * 0.86  # the part of the others that rounds to 2
        expected = (0.576 * 0.86 + 0.18 * others_two) / (0.576 + 0.18 * (others_two + self.four_or_eight()))
        assert two == pytest.approx(expected, abs=0.01)

    @staticmethod
    def four_or_eight():
        cdf = np.interp(np.log2([3.5, 4.5, 7.5, 8]), [0.8, 1.5, 3], [0, 0.86, 1])
        return cdf[1] - cdf[0] + cdf[3] - cdf[2]


def test_the_same_model_elsewhere(shared, jobs):
    """lublin_256.swf was made by the authors' program for 256 processors; 10,000 jobs."""
    other = read_workload(shared / "data" / "workloads" / "lublin_256.swf")
    distances = {
        "cores": ks_2samp(other.cores, jobs.cores).statistic,
        "work": ks_2samp(other.work_s, jobs.work_s).statistic,
        "gaps": ks_2samp(np.diff(other.submit_s), np.diff(jobs.submit_s)).statistic,
    }
    assert max(distances.values()) < 0.0195, distances  # 0.1 % of samples of 10,000 are farther off
    # Arrivals come in bursts: the hours of 90 days are fewer independent draws than jobs.
    assert ks_2samp(other.submit_s % 86400, jobs.submit_s % 86400).statistic < 0.08
