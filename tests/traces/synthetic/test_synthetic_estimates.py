import dataclasses

import numpy as np
import pytest

from traces import InputError, Workload
from traces.synthetic import lublin, tsafrir_estimates, with_estimates

HOUR_S = 3600


@pytest.fixture(scope="module")
def jobs():
    return lublin(70_000, processors=256, load=0.7, seed=1)


@pytest.fixture(scope="module")
def counted(jobs):
    """Shares of the estimates in use, most popular first, and their values."""
    values, counts = np.unique(with_estimates(jobs, seed=1).estimate_s, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return values[order], counts[order] / len(jobs)


class TestPublishedHistogram:
    def test_twenty_values_for_89_percent(self, counted):
        assert counted[1][:20].sum() == pytest.approx(0.89, abs=20 / 70_000)

    @pytest.mark.parametrize("rank", range(2, 21))
    def test_share_by_popularity(self, counted, rank):
        published = (14.0491 * np.exp(-0.177531 * rank) + 0.462513) / 100
        assert counted[1][rank - 1] == pytest.approx(published, abs=1.5 / 70_000)

    def test_the_maximum_is_the_most_popular(self, counted):
        rest = sum((14.0491 * np.exp(-0.177531 * rank) + 0.462513) / 100 for rank in range(2, 21))
        assert counted[0][0] == counted[0].max()
        assert counted[1][0] == pytest.approx(0.89 - rest, abs=1.5 / 70_000)

    def test_the_fifteen_values_of_all_four_logs(self, counted):
        minutes = {5, 10, 15, 20, 30, *(60 * hours for hours in (1, 2, 3, 4, 5, 6, 8, 10, 12, 18))}
        assert minutes <= {value // 60 for value in counted[0][:20].tolist()}

    @pytest.mark.parametrize(("count", "distinct"), [(1_000, 35), (10_000, 90), (70_000, 340)])
    def test_number_of_values(self, count, distinct):
        jobs = lublin(count, processors=256, seed=2)
        # A tail value that finds no free place near its minute is dropped, as in the authors' program.
        used = len(np.unique(with_estimates(jobs, seed=2).estimate_s))
        assert 0.9 * distinct <= used <= distinct

    def test_tail_sizes_fall_as_a_power(self, counted):
        tail = counted[1][20:]
        ranks = 21 + np.arange(len(tail))
        expected = ranks**-2.267 / (ranks**-2.267).sum() * 0.11
        assert np.abs(tail - expected).max() < 1.5 / 70_000

    def test_maximum_and_its_share_can_be_given(self, jobs):
        made = with_estimates(jobs, seed=3, max_estimate_s=36 * HOUR_S, max_share=0.4)
        assert made.estimate_s.max() == 36 * HOUR_S
        assert (made.estimate_s == 36 * HOUR_S).mean() == pytest.approx(0.4, abs=1e-4)
        counts = np.unique(made.estimate_s, return_counts=True)[1]
        # Scaled down, the least popular of the head fall below the first of the tail.
        assert np.sort(counts)[::-1][:20].sum() / len(jobs) == pytest.approx(0.89, abs=1e-3)


class TestMatching:
    def test_no_job_outlives_its_estimate(self, jobs):
        made = with_estimates(jobs, seed=4)
        assert made.estimates == "model" and (made.estimate_s >= made.work_s).all()
        assert np.array_equal(made.work_s, jobs.work_s)

    def test_like_the_authors_one_by_one(self):
        """The same urn, job by job: the mean estimate of each of a few jobs agrees."""
        work_s = lublin(60, processors=64, seed=5).work_s
        grouped, single = np.zeros(60), np.zeros(60)
        rounds = 600
        random = np.random.default_rng(6)
        for seed in range(rounds):
            estimates, _ = tsafrir_estimates(work_s, seed=seed)
            grouped += estimates
            single += one_by_one(work_s, estimates, random)
        spread_s = 18 * HOUR_S / 2  # of one estimate, at most
        assert np.abs(grouped - single).max() / rounds < 4.5 * spread_s * np.sqrt(2 / rounds)
        assert abs((grouped - single).mean()) < 1e-6  # the same estimates in all

    def test_longer_jobs_have_longer_estimates_on_average(self, jobs):
        made = with_estimates(jobs, seed=7)
        long = made.work_s > np.median(made.work_s)
        assert made.estimate_s[long].mean() > 1.2 * made.estimate_s[~long].mean()

    def test_jobs_past_the_maximum_are_cut_and_counted(self, jobs):
        made = with_estimates(jobs, seed=8, max_estimate_s=18 * HOUR_S)
        longer = jobs.work_s > 18 * HOUR_S
        assert longer.any() and (made.work_s[longer] == 18 * HOUR_S).all()
        assert made.report.repairs["cut_to_max_estimate"].count == longer.sum()

    def test_pure_and_seeded(self, jobs):
        hashes = [with_estimates(jobs, seed=seed).content_hash() for seed in (9, 9, 10)]
        assert hashes[0] == hashes[1] != hashes[2]

    @pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 250])
    def test_few_jobs(self, count):
        made = with_estimates(lublin(count, processors=64, seed=11), seed=11)
        assert len(made) == count and (made.estimate_s >= made.work_s).all()


def one_by_one(work_s, estimates, random):
    """The authors' procedure: from the longest job down, swap in any later estimate that covers the job."""
    left = sorted(estimates.tolist(), reverse=True)
    out = np.empty(len(work_s))
    for place, job in enumerate(np.argsort(-work_s, kind="stable")):
        last = max(index for index, value in enumerate(left) if value >= work_s[job])
        chosen = int(random.integers(place, last + 1))
        left[place], left[chosen] = left[chosen], left[place]
        out[job] = left[place]
    return out


class TestHostile:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"max_estimate_s": 0}, "max_estimate_s is 0"),
            ({"max_estimate_s": 5999}, "max_estimate_s is 5999"),
            ({"max_estimate_s": 1.5e4}, "max_estimate_s is 15000.0"),
            ({"max_share": -0.1}, "max_share is -0.1"),
            ({"max_share": 0.9}, "max_share is 0.9"),
            ({"max_share": float("nan")}, "max_share is nan"),
            ({"seed": -1}, "seed is -1"),
        ],
    )
    def test_arguments(self, jobs, arguments, words):
        with pytest.raises(InputError, match=words):
            with_estimates(jobs, **arguments)

    def test_estimates_that_cannot_cover_the_jobs(self):
        long = Workload.from_columns("long", submit_s=[0] * 1000, work_s=[17 * HOUR_S + 1] * 1000)
        with pytest.raises(InputError, match=r"100.0% of the jobs need an estimate of 6\d+ s or more"):
            with_estimates(long, max_estimate_s=18 * HOUR_S)

    def test_the_hint_works(self, jobs):
        with pytest.raises(InputError, match=r"max_share, such as (0\.\d+)") as caught:
            with_estimates(jobs, max_estimate_s=7200)
        hint = float(str(caught.value).rsplit(" ", 1)[1])
        assert with_estimates(jobs, max_estimate_s=7200, max_share=hint).estimate_s.max() == 7200

    def test_a_workload_of_no_jobs_stays_one(self, jobs):
        none = jobs.take(slice(0, 0))
        assert len(with_estimates(dataclasses.replace(none))) == 0
