import dataclasses

import numpy as np
import pytest

from traces import NO_DEADLINE_S, NO_VALUE, InputError, ServiceClass, Workload, assign_service

CLASSES = [
    ServiceClass("urgent", 0.2, 5.0, 20.0, (0.5, 2.0), (1.5, 2.0), preemptible=False),
    ServiceClass("normal", 0.5, 1.0, 4.0, (0.5, 1.5), (3.0, 6.0)),
    ServiceClass(
        "flexible", 0.3, 0.25, 1.0, slack_factor=(10.0, 20.0), min_allowance_s=86400, preemptible=True
    ),
]


def workload(count=4000, **others):
    rng = np.random.default_rng(1)
    columns = {
        "submit_s": np.sort(rng.integers(0, 10**6, count)),
        "work_s": rng.integers(1, 10**4, count),
        "estimate_s": rng.integers(1, 10**5, count),
        "cores": rng.integers(1, 64, count),
        "gpus_milli": rng.integers(0, 4000, count),
    }
    return Workload.from_columns("w", **{**columns, **others})


def by_id(jobs):
    """(class, value, allowance, preemptible) of each job."""
    rows = zip(
        jobs.service_class, jobs.value_u, jobs.deadline_s - jobs.submit_s, jobs.preemptible, strict=True
    )
    return dict(zip(jobs.job_id.tolist(), map(tuple, rows), strict=True))


@pytest.mark.parametrize("ids", ["numbers", "texts"])
class TestADrawTellsNothingItShouldNot:
    def jobs(self, ids, **others):
        names = [k + 1 if ids == "numbers" else (f"job {k}" if k % 3 else str(k)) for k in range(4000)]
        return workload(job_id=names, **others)

    def test_file_order_does_not_matter(self, ids):
        jobs = self.jobs(ids)
        order = np.random.default_rng(2).permutation(len(jobs))
        shuffled = {
            name: getattr(jobs, name)[order]
            for name in ("job_id", "work_s", "estimate_s", "cores", "gpus_milli")
        }
        other = Workload.from_columns("w", submit_s=jobs.submit_s, **shuffled)
        assert by_id(assign_service(jobs, CLASSES, 7)) == by_id(assign_service(other, CLASSES, 7))

    def test_the_other_jobs_do_not_matter(self, ids):
        jobs = self.jobs(ids)
        mask = np.array([str(name).isdecimal() for name in jobs.job_id])
        whole, part = (
            by_id(assign_service(jobs, CLASSES, 7)),
            by_id(assign_service(jobs.take(mask), CLASSES, 7)),
        )
        assert {str(name): row for name, row in part.items()}.items() <= {
            str(n): row for n, row in whole.items()
        }.items()

    def test_the_true_run_time_does_not_matter(self, ids):
        one = assign_service(self.jobs(ids), CLASSES, 7)
        two = assign_service(self.jobs(ids, work_s=np.arange(4000)), CLASSES, 7)
        assert by_id(one) == by_id(two)

    def test_the_seed_matters(self, ids):
        assert by_id(assign_service(self.jobs(ids), CLASSES, 7)) != by_id(
            assign_service(self.jobs(ids), CLASSES, 8)
        )


class TestDistribution:
    def test_shares(self):
        jobs = assign_service(workload(20000), CLASSES, 3)
        for each in CLASSES:
            count = int((jobs.service_class == each.name).sum())
            # Within 5 standard deviations of a binomial count.
            assert abs(count - 20000 * each.share) < 5 * (20000 * each.share * (1 - each.share)) ** 0.5

    def test_factors_are_even_and_independent_of_each_other(self):
        plain = ServiceClass(
            "one", 1.0, 3600.0, value_spread=(0.0, 2.0), slack_factor=(0.0, 1.0), min_allowance_s=0
        )
        jobs = assign_service(workload(20000, estimate_s=10**6, cores=1, gpus_milli=0), [plain], 5)
        value = jobs.value_u / jobs.value_u.max()
        slack = (jobs.deadline_s - jobs.submit_s) / 10**6
        for factor in (value, slack):
            counts = np.histogram(factor, bins=20, range=(0, 1))[0]
            assert ((counts - 1000) ** 2 / 1000).sum() < 45  # chi-square, 19 degrees: 0.1 % point is 43.8
        assert abs(np.corrcoef(value, slack)[0, 1]) < 0.035

    def test_consecutive_ids_and_seeds_are_unlike(self):
        jobs = workload(5000)
        first, second = (assign_service(jobs, CLASSES, seed).service_class == "normal" for seed in (1, 2))
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.07
        assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.07


class TestExactness:
    def test_value_and_deadline_by_hand(self):
        # 3 cores x 2.5 + 0.5 GPU x 10 = 12.5 an hour; 1,801 s; factor 1: 6.25347222...; allowance 2.5 x 1801.
        one = ServiceClass("one", 1, 2.5, 10, slack_factor=(2.5, 2.5), min_allowance_s=60)
        jobs = Workload.from_columns(
            "w", submit_s=[100], work_s=[1], estimate_s=[1801], cores=3, gpus_milli=500
        )
        out = assign_service(jobs, [one], 0)
        assert (out.value_u[0], out.deadline_s[0]) == (6253472, 100 + 4503)

    def test_no_value_below_a_millionth_and_no_allowance_below_the_least(self):
        one = ServiceClass("one", 1, 0.0, slack_factor=(1, 1), min_allowance_s=60)
        out = assign_service(Workload.from_columns("w", submit_s=[5], work_s=[0]), [one], 0)
        assert (out.value_u[0], out.deadline_s[0]) == (1, 65)

    def test_a_class_without_slack_has_no_deadlines(self):
        one = ServiceClass("one", 1, 1.0, slack_factor=None)
        assert assign_service(workload(5), [one], 0).deadline_s.tolist() == [NO_DEADLINE_S] * 5

    def test_preemptible_follows_the_class_only_where_it_says(self):
        jobs = assign_service(workload(1000, preemptible=np.arange(1000) % 2 == 0), CLASSES, 1)
        assert not jobs.preemptible[jobs.service_class == "urgent"].any()
        assert jobs.preemptible[jobs.service_class == "flexible"].all()
        normal = jobs.service_class == "normal"
        assert (jobs.preemptible[normal] == (jobs.job_id[normal] % 2 == 1)).all()


class TestWhatTheTraceSays:
    def test_own_values_deadlines_and_classes_are_kept(self):
        own = {"value_u": [7, NO_VALUE], "deadline_s": [NO_DEADLINE_S, 99], "service_class": ["", "urgent"]}
        jobs = Workload.from_columns("w", submit_s=[0, 1], work_s=[5, 5], **own)
        out = assign_service(jobs, CLASSES, 1)
        assert (out.value_u[0], out.deadline_s[1], out.service_class[1]) == (7, 99, "urgent")
        assert out.value_u[1] != NO_VALUE and out.deadline_s[0] != NO_DEADLINE_S

    def test_a_second_time_changes_nothing(self):
        once = assign_service(workload(), CLASSES, 1)
        assert assign_service(once, CLASSES, 2).content_hash() == once.content_hash()


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"share": -0.1},
        {"share": float("nan")},
        {"share": "half"},
        {"value_per_core_hour": -1},
        {"value_per_core_hour": float("inf")},
        {"value_per_gpu_hour": True},
        {"value_spread": (2, 1)},
        {"value_spread": (1,)},
        {"slack_factor": (1, 1e9)},
        {"slack_factor": "12"},
        {"min_allowance_s": 1.5},
        {"preemptible": "no"},
    ],
)
def test_a_class_that_makes_no_sense_is_refused(change):
    with pytest.raises(InputError, match="service class"):
        dataclasses.replace(CLASSES[0], **change)


@pytest.mark.parametrize(
    ("classes", "jobs", "message"),
    [
        ([], {}, "no service classes"),
        (CLASSES[:2], {}, r"add up to 0\.7"),
        ([CLASSES[0], CLASSES[0]], {}, "declared twice"),
        (CLASSES, {"service_class": ["LS"] * 3}, "not declared"),
        ([ServiceClass("x", 1, 1e9, value_spread=(2000, 2000))], {"estimate_s": 10**12}, "passes 64 bits"),
        ([ServiceClass("x", 1, 1e9)], {"estimate_s": 3600 * 4000, "cores": 1}, "add up to over"),
    ],
)
def test_an_assignment_that_cannot_be_is_refused(classes, jobs, message):
    with pytest.raises(InputError, match=message):
        assign_service(workload(3, **jobs), classes, 1)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True, "1"])
def test_a_seed_must_be_a_64_bit_number(seed):
    with pytest.raises(InputError, match="seed"):
        assign_service(workload(3), CLASSES, seed)
