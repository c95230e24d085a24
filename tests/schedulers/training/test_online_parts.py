"""The parts of online training, by hand: discounts, multipliers, the ring, options."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from schedulers.training.online.lagrangian import Gains, Limits, Multiplier, parsed
from schedulers.training.online.learner_start import RingFiles
from schedulers.training.online.online_options import DqnOptions, PpoOptions, with_changes
from schedulers.training.online.replay_ring import ElapsedReplay
from schedulers.training.online.rollout_buffer import ElapsedRolloutBuffer
from traces.errors import InputError

OBS, ACTIONS = spaces.Box(-1, 1, (2,), np.float32), spaces.Discrete(3)


class TestAdvantages:
    """gamma 0.5 per hour, lambda 0.5, steps of 0, 2 and 1 hours: discounts 1, 1/4, 1/2."""

    def filled(self, episode_starts, dones):
        buffer = ElapsedRolloutBuffer(3, OBS, ACTIONS, "cpu", gae_lambda=0.5, gamma=0.5, n_envs=1)
        for step, (reward, hours) in enumerate([(1.0, 0), (0.0, 2), (4.0, 1)]):
            buffer.add(
                np.zeros((1, 2), np.float32), np.zeros((1, 1)), np.array([reward]),
                np.array([episode_starts[step]]), torch.zeros(1), torch.zeros(1),
                elapsed_s=np.array([hours * 3600]),
            )  # fmt: skip
        buffer.fill_values(np.array([[2.0], [4.0], [8.0]]))
        buffer.compute_returns_and_advantage(torch.tensor([6.0]), np.array([dones]))
        return buffer

    def test_each_step_discounts_by_its_own_time(self):
        buffer = self.filled([1, 0, 0], False)
        last = 4 + 6 / 2 - 8  # -1
        middle = 0 + 8 / 4 - 4 + last / 4 / 2  # -2.125
        first = 1 + 4 - 2 + middle / 2  # 1.9375
        assert buffer.advantages[:, 0].tolist() == [first, middle, last]
        assert buffer.returns[:, 0].tolist() == [first + 2, middle + 4, last + 8]

    def test_nothing_comes_over_from_another_episode(self):
        buffer = self.filled([1, 0, 1], True)  # one ends after the middle step, one after the last
        last, middle = 4 - 8, 0 - 4
        assert buffer.advantages[:, 0].tolist() == [1 + 4 - 2 + middle / 2, middle, last]

    def test_the_flat_rollout_keeps_rows_together(self):
        buffer = self.filled([1, 0, 0], False)
        data = buffer.tensors("cpu")
        assert data.advantages.tolist() == buffer.advantages[:, 0].tolist()


class TestMultiplier:
    def test_by_hand(self):
        """Excesses +1, +1, -1 of the limit; proportional 1, integral 0.5, derivative 2, no smoothing."""
        multiplier = Multiplier("violations", 0.1, Gains(1.0, 0.5, 2.0, smoothing=0.0))
        assert multiplier.update(0.2) == pytest.approx(1 + 0.5 + 0)
        assert multiplier.update(0.2) == pytest.approx(1 + 1.0 + 0)
        assert multiplier.update(0.0) == pytest.approx(max(0, -1 + 0.5 + 0))
        assert multiplier.update(0.2) == pytest.approx(1 + 0.5 + 0.5 + 2 * 2)

    def test_growth_raises_it_at_once_and_rest_below_the_limit_takes_it_to_zero(self):
        multiplier = Multiplier("violations", 0.1)
        high = [multiplier.update(0.3) for _ in range(5)]
        assert high == sorted(high)
        assert [multiplier.update(0.0) for _ in range(40)][-1] == 0

    def test_a_restored_one_goes_on_alike(self):
        one, two = Multiplier("slowdown", 2.0), Multiplier("slowdown", 2.0)
        for cost in (3.0, 5.0):
            one.update(cost)
        two.restore(one.state())
        assert [one.update(4.0), one.update(1.0)] == [two.update(4.0), two.update(1.0)]


def test_limits_price_costs_and_learn_from_finished_episodes():
    limits = Limits({"violations": 0.5}, 2)
    costs = {"violations": np.array([0.5, 0.25]), "slowdown": np.zeros(2)}
    rewards = np.array([1.0, 1.0])
    for _ in range(2):  # no multiplier yet: rewards as they are
        penalised = limits.reward(rewards, costs, np.array([False, False]))
        assert penalised.tolist() == [1.0, 1.0]
    limits.update()
    assert limits.last == {}  # no episode has ended
    limits.reward(rewards, costs, np.array([True, False]))
    limits.update()
    assert limits.last["violations"] == 1.5
    value = limits.multipliers[0].value
    assert value > 0
    priced = limits.reward(rewards, costs, np.array([False, False]))
    assert priced == pytest.approx((1 - value * np.array([1.0, 0.5])) / (1 + value))


class TestReplay:
    def ring(self, folder=None):
        return ElapsedReplay(6, OBS, ACTIONS, "cpu", n_envs=2, files=RingFiles(folder, 2))

    def put(self, ring, steps):
        for _ in steps:
            step = ring.count
            obs = np.array([[step, 0], [step, 1]], np.float32)
            ring.put(
                obs, obs + [[1, 0]], np.array([step % 3, 0]), np.array([step, -step]),
                np.zeros(2), np.array([3600, 7200]),
            )  # fmt: skip

    def test_draws_the_last_steps_with_what_came_after_them(self):
        ring, generator = self.ring(), np.random.default_rng(0)
        self.put(ring, range(20))
        batch = ring.draw(200, generator, gamma=0.5)
        step, env = batch.observations[:, 0], batch.observations[:, 1]
        assert set(step.tolist()) == {17, 18, 19}
        assert (batch.next_observations[:, 0] == step + 1).all()
        assert (batch.next_observations[:, 1] == env).all()
        assert (batch.actions == torch.where(env == 0, step % 3, 0)).all()
        assert (batch.rewards == torch.where(env == 0, step, -step)).all()
        assert torch.allclose(batch.discounts, torch.where(env == 0, 0.5, 0.25))

    def test_what_a_killed_run_wrote_later_is_not_drawn(self, tmp_path):
        ring = self.ring(tmp_path)
        self.put(ring, range(20))
        before = ring.draw(50, np.random.default_rng(1), 0.9)
        self.put(ring, range(2))  # as many as may come between two saved states
        again = self.ring(tmp_path)
        again.count = 20
        after = again.draw(50, np.random.default_rng(1), 0.9)
        assert all(torch.equal(one, two) for one, two in zip(before, after, strict=True))


class TestOptions:
    def test_text_becomes_numbers(self):
        options = with_changes(PpoOptions(), {"rollout": "32", "learning_rate": "3e-4"})
        assert (options.rollout, options.learning_rate) == (32, 3e-4)

    @pytest.mark.parametrize(
        ("options", "changes", "said"),
        [
            (PpoOptions(), {"speed": 1}, "'speed' is unknown; known are environments"),
            (PpoOptions(), {"rollout": "many"}, "'many' is not a whole number"),
            (PpoOptions(), {"batch": 0}, "batch: must be above 0"),
            (DqnOptions(), {"gamma": 1.5}, "gamma: must be at most 1"),
        ],
    )
    def test_what_cannot_be_is_said(self, options, changes, said):
        with pytest.raises(InputError, match=said):
            with_changes(options, changes)

    @pytest.mark.parametrize("text", ["delay=1", "violations", "violations=few", "violations=0"])
    def test_limits(self, text):
        with pytest.raises(InputError, match="--limit"):
            parsed((text,))
        assert parsed(("violations=0.1", "slowdown=3")) == {"violations": 0.1, "slowdown": 3.0}
