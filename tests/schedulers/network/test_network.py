"""The network: follows the jobs when they change places, takes any number of slots, never leaves the mask."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")

from rare import GreenClusterVectorEnv, Layout  # noqa: E402
from schedulers.training import checkpoint  # noqa: E402
from schedulers.training.scheduler_net import KINDS, MASKED, NetworkSize, SchedulerNet  # noqa: E402
from traces.errors import InputError  # noqa: E402

torch.set_num_threads(1)


def observations(layout, steps=12):
    """Observations and masks of a few environments some steps in."""
    env = GreenClusterVectorEnv(
        6,
        "tiny",
        queue_slots=layout.queue_slots,
        running_slots=layout.running_slots,
        forecast_hours=layout.forecast_hours,
    )
    obs, info = env.reset(seed=2)
    generator = np.random.default_rng(0)
    for _ in range(steps):
        obs, _, _, _, info = env.step(
            np.array([generator.choice(np.flatnonzero(mask)) for mask in info["action_mask"]])
        )
    return torch.from_numpy(obs), torch.from_numpy(info["action_mask"].astype(bool))


def swapped(obs, layout, one, other):
    """The same observation with two queue slots exchanged."""
    obs = obs.clone()
    queue = obs[:, layout.slices["queue"]].reshape(-1, *layout.shapes["queue"])
    queue[:, [one, other]] = queue[:, [other, one]].clone()
    mask = obs[:, layout.slices["mask"]]
    mask[:, [1 + one, 1 + other]] = mask[:, [1 + other, 1 + one]].clone()
    obs[:, layout.slices["queue"]] = queue.reshape(len(obs), -1)
    obs[:, layout.slices["mask"]] = mask
    return obs


@pytest.mark.parametrize("kind", KINDS)
class TestNetwork:
    layout = Layout(10, 4, 12)

    def net(self, kind, layout=None):
        torch.manual_seed(0)
        return SchedulerNet(layout or self.layout, NetworkSize(kind, width=16))

    def test_scores_follow_the_jobs_when_they_change_places(self, kind):
        net = self.net(kind)
        obs, _ = observations(self.layout)
        for output in (net.policy, net.q):
            before, after = output(obs), output(swapped(obs, self.layout, 0, 2))
            before[:, [1, 3]] = before[:, [3, 1]].clone()
            assert torch.allclose(before, after, atol=1e-5)
        assert torch.allclose(net.value(obs), net.value(swapped(obs, self.layout, 0, 2)), atol=1e-5)

    def test_invalid_actions_are_out_of_reach_and_everything_is_finite(self, kind):
        net = self.net(kind)
        obs, mask = observations(self.layout)
        obs = torch.cat([obs, torch.zeros_like(obs[:1])])  # an episode's end: all zeros
        for scores in (net.policy(obs), net.q(obs)):
            assert torch.isfinite(scores).all()
            assert ((scores[:-1] == MASKED) == ~mask).all()
            assert scores[-1].argmax() == 0
        loss = torch.logsumexp(net.q(obs), 1).sum() + net.policy(obs).log_softmax(1)[:, 0].sum()
        loss.backward()
        assert all(
            torch.isfinite(weights.grad).all() for weights in net.parameters() if weights.grad is not None
        )

    def test_the_same_weights_serve_more_slots_and_shorter_forecasts(self, kind):
        """Empty slots change nothing: the wide layout's scores are the narrow one's."""
        narrow, wide = Layout(10, 4, 24), Layout(30, 9, 24)
        net = self.net(kind, narrow)
        (few, _), (many, _) = observations(narrow), observations(wide)
        scores, wider = net.policy(few), checkpoint.resized(net, wide).policy(many)
        assert torch.allclose(scores[:, :11], wider[:, :11], atol=1e-5)
        assert torch.allclose(scores[:, 11:], wider[:, 31:35], atol=1e-5)
        assert (wider[:, 11:31] == MASKED).all()
        short = Layout(10, 4, 3)
        obs, mask = observations(short)
        assert ((checkpoint.resized(net, short).policy(obs) == MASKED) == ~mask).all()

    def test_a_checkpoint_gives_the_same_numbers(self, kind, tmp_path):
        net = self.net(kind)
        checkpoint.save(tmp_path / "net", checkpoint.Checkpoint(net, {"scenario": "tiny"}))
        found = checkpoint.load(tmp_path / "net")
        obs, _ = observations(self.layout)
        assert torch.equal(net.policy(obs), found.net.policy(obs))
        assert torch.equal(net.q(obs), found.net.q(obs))
        assert found.facts == {"scenario": "tiny"}


class TestDamagedCheckpoints:
    @pytest.fixture
    def folder(self, tmp_path):
        net = SchedulerNet(Layout(4, 2, 2), NetworkSize(width=8))
        checkpoint.save(tmp_path / "net", checkpoint.Checkpoint(net))
        return tmp_path / "net"

    def test_no_checkpoint_at_all(self, tmp_path):
        with pytest.raises(InputError, match="a checkpoint is a folder with checkpoint.json"):
            checkpoint.load(tmp_path)

    def test_weights_cut_short(self, folder):
        path = folder / checkpoint.WEIGHTS
        path.write_bytes(path.read_bytes()[:200])
        with pytest.raises(InputError, match="weights.safetensors: cannot be read"):
            checkpoint.load(folder)

    def test_another_layout(self, folder):
        path = folder / checkpoint.FACTS
        path.write_text(path.read_text().replace('"slack"', '"slackness"'))
        with pytest.raises(InputError, match="with other features than version"):
            checkpoint.load(folder)

    def test_another_version(self, folder):
        path = folder / checkpoint.FACTS
        path.write_text(path.read_text().replace('"version": 1', '"version": 0', 1))
        with pytest.raises(InputError, match="is not a checkpoint of version 1"):
            checkpoint.load(folder)
