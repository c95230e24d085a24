"""Synthetic users never wait, wait for jobs of others, or think for days."""

import numpy as np
import pytest

from experiments.cli.root import main
from traces import InputError, read_workload
from traces.synthetic import lublin, with_chains


def made(share=0.25, jobs=20_000, **others):
    return with_chains(lublin(jobs, processors=64, load=0.7, seed=1), share, **{"seed": 2} | others)


class TestChains:
    def test_a_job_waits_for_the_one_before_of_its_user(self):
        jobs = made(jobs=3000)
        last = {}
        for job, user, after in zip(jobs.job_id.tolist(), jobs.user, jobs.after, strict=True):
            assert after in ((), (last.get(user),))
            last[user] = job
        assert len(last) == 22  # one per 135 jobs

    def test_as_many_as_asked_for_wait(self):
        waits = np.array([bool(after) for after in made().after])
        error = (0.25 * 0.75 / len(waits)) ** 0.5
        assert abs(waits.mean() - 0.25 * (1 - 148 / len(waits))) < 4 * error
        assert sum(map(bool, made(1.0, 100, users=3).after)) == 97

    def test_think_times_are_those_of_the_source(self):
        jobs = made(1.0)
        think_s = jobs.think_s[[bool(after) for after in jobs.after]]
        logs = np.log(np.maximum(think_s, 1))
        assert (think_s.min() >= 0, think_s.max() <= 1200) == (True, True)
        assert abs(logs.mean() - 5.33) < 4 * 1.16 / len(logs) ** 0.5
        assert abs(logs.std() - 1.16) < 0.03
        assert (jobs.think_s[[not after for after in jobs.after]] == 0).all()

    def test_busy_users_are_busy(self):
        users, counts = np.unique(made(users=50).user, return_counts=True)
        by_name = dict(zip(users, counts.tolist(), strict=True))
        assert len(by_name) == 50
        assert by_name["u1"] / by_name["u32"] == pytest.approx(32**0.6, rel=0.2)

    def test_the_jobs_themselves_stay(self):
        plain = lublin(500, processors=64, load=0.7, seed=1)
        chained = made(jobs=500)
        for column in ("job_id", "submit_s", "cores", "work_s", "estimate_s"):
            assert getattr(chained, column).tolist() == getattr(plain, column).tolist()

    def test_nobody_waits_at_a_share_of_0(self):
        jobs = made(0, 50)
        assert (jobs.after, jobs.think_s, set(jobs.user)) == (None, None, {"u1"})

    def test_the_seed_decides(self):
        hashes = [made(jobs=300, seed=seed).content_hash() for seed in (3, 3, 4)]
        assert hashes[0] == hashes[1] != hashes[2]

    @pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "x", True])
    def test_no_share(self, share):
        with pytest.raises(InputError, match="chains is .*give a number from 0 to 1"):
            made(share, 5)

    def test_no_users(self):
        with pytest.raises(InputError, match="users is 0; give a whole number"):
            made(jobs=5, users=0)


def test_the_command_writes_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["traces", "generate", "lublin", "--jobs", "300", "--processors", "64", "--out", "a.csv"]
    assert main([*words, "--chains", "0.5", "--seed", "2"]) == 0
    jobs = read_workload("a.csv", dependencies="wait")
    assert f"{sum(map(bool, jobs.after))} jobs wait for another" in capsys.readouterr().err
    assert jobs.content_hash() == with_chains(lublin(300, processors=64, seed=2), 0.5, seed=2).content_hash()
    assert main([*words, "--force", "--chains", "2"]) == 2
    assert "chains is 2.0; give a number from 0 to 1" in capsys.readouterr().err
