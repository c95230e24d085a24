"""The offline algorithms: masks hold, targets go by hours, losses are those of their papers."""

from __future__ import annotations

import dataclasses
import math

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")
pytest.importorskip("d3rlpy", reason="needs the extra 'learn'")

from rare.env.observation.layout import Layout  # noqa: E402
from schedulers.training.offline.algorithms import OFFLINE_ALGORITHMS, algorithm, config_of  # noqa: E402
from schedulers.training.offline.batches import Batches, gather  # noqa: E402
from schedulers.training.offline.learners.crr import MOST, Scale  # noqa: E402
from schedulers.training.offline.learners.offline_base import rate  # noqa: E402
from schedulers.training.offline.transitions import Transitions  # noqa: E402
from schedulers.training.scheduler_net import MASKED, NetworkSize, SchedulerNet  # noqa: E402
from tests.schedulers.training.offline_data import by_hand, drawn_observations  # noqa: E402
from traces.errors import InputError  # noqa: E402

torch.set_num_threads(1)
LAYOUT = Layout(6, 3, 2)
KINDS_OF_CRR = [("crr", {}), ("crr", {"filter": "binary", "critics": 1}), ("crr", {"advantage": "return"})]
ALL = [("bc", {}), *KINDS_OF_CRR, ("cql", {}), ("bcq", {}), ("sac", {})]


def impl_of(name, layout=LAYOUT, **options):
    torch.manual_seed(1)
    config = config_of(name, layout=layout.to_json(), width=8, warmup=1, gamma=0.5, **options)
    return algorithm(config, SchedulerNet(layout, NetworkSize(width=8))).impl


def drawn_transitions(number=600):
    """Logged actions drawn from the valid ones; every hundredth observation is an episode's end."""
    obs = drawn_observations(LAYOUT, number)
    generator = torch.Generator().manual_seed(0)
    at = torch.tensor([row for row in range(number - 1) if row % 100])
    mask = obs[at][:, LAYOUT.slices["mask"]]
    size = len(at)
    return Transitions(
        LAYOUT,
        obs,
        at,
        torch.multinomial(mask, 1, generator=generator)[:, 0],
        torch.rand(size, generator=generator),
        torch.rand(size, generator=generator),
        ((at + 1) % 100 == 0).float(),
        torch.ones(size),
        torch.rand(size, generator=generator),
    )


@pytest.mark.parametrize(("name", "options"), ALL)
class TestEveryAlgorithm:
    def test_it_learns_with_finite_losses_and_never_chooses_an_invalid_action(self, name, options):
        impl = impl_of(name, **options)
        before = {key: weights.clone() for key, weights in impl.net.state_dict().items()}
        batches = Batches(drawn_transitions(), 64, 0, with_next=impl.looks_ahead)
        for step in range(30):
            losses = impl.update(batches.draw(), step)
            assert set(losses) <= set(impl.reported)
            assert all(math.isfinite(loss) for loss in losses.values()), (step, losses)
        assert any(not torch.equal(before[key], weights) for key, weights in impl.net.state_dict().items())
        obs = drawn_observations(LAYOUT, 10_000, seed=3)
        mask = obs[:, LAYOUT.slices["mask"]] > 0.5
        mask[:, 0] |= ~mask.any(dim=1)
        with torch.no_grad():
            for action in (impl.predict_best_action(obs), impl.sample_action(obs)):
                assert mask.gather(1, action[:, None]).all()
            scores = impl.net.q(obs) if "q" in impl.heads else impl.net.policy(obs)
        assert (scores[~mask] == MASKED).all() and torch.isfinite(scores).all()

    def test_the_same_seed_gives_the_same_weights(self, name, options):
        weights = []
        for _ in range(2):
            impl = impl_of(name, **options)
            batches = Batches(drawn_transitions(), 32, 5, with_next=impl.looks_ahead)
            for step in range(5):
                impl.learn(batches.draw(), step)
            weights.append(torch.cat([tensor.flatten() for tensor in impl.net.state_dict().values()]))
        assert torch.equal(*weights)


@pytest.mark.parametrize("name", ["crr", "cql", "bcq"])
def test_values_stay_at_what_is_logged(name):
    """Reward 1 an hour for ever, discounted by half an hour: all is worth about 2, whatever is learned."""
    data = drawn_transitions()
    ones = torch.ones_like(data.reward)
    data = dataclasses.replace(data, reward=ones, hours=ones, terminal=0 * ones, to_go=2 * ones)
    impl = impl_of(name, steps=400, learning_rate=0.01, weight_decay=0.0)
    batches = Batches(data, 64, 0)
    for step in range(400):
        impl.learn(batches.draw(), step)
    with torch.no_grad():
        value, q = impl.net.value_and_q(data.obs[data.at])
    logged = q.gather(1, data.action[:, None])[:, 0]
    assert logged.mean().item() == pytest.approx(2.0, abs=0.3)
    assert value.mean().item() == pytest.approx(2.0, abs=0.6)


class Known(SchedulerNet):
    """A network whose policy and Q are what a test says, row by row of three observations."""

    def __init__(self, layout, logits, q):
        super().__init__(layout, NetworkSize(width=8))
        self.table = torch.nn.Parameter(torch.tensor([*logits, *q]))

    def masked_rows(self, obs, first):
        mask = obs[:, self.layout.slices["mask"]] > 0.5
        mask[:, 0] |= ~mask.any(dim=1)
        filled = torch.full((len(obs), self.layout.actions), 1e6)  # an invalid action would look best
        filled[:, :2] = self.table[first : first + len(obs)]
        return torch.where(mask, filled, torch.tensor(MASKED))

    def policy(self, obs):
        return self.masked_rows(obs, 0)

    def value_and_q(self, obs):
        return torch.zeros(len(obs)), self.masked_rows(obs, 2)


class TestTargetsByHand:
    """Two transitions: after 2 hours reward 3, after 5 hours reward 7 and the end. gamma 0.5 an hour.

    From the second observation WAIT is worth 10 and starting 20 by the target, invalid actions 1e6.
    """

    layout = Layout(3, 1, 0)

    def batch(self):
        return gather(by_hand(self.layout), torch.tensor([0, 1]))

    def impl(self, name, logits=((0.0, 0.0), (0.0, 0.0)), q=((10.0, 20.0), (10.0, 20.0)), **options):
        impl = impl_of(name, self.layout, **{"returns": 0.0, **options})
        impl.net = Known(self.layout, logits, q)
        for place in range(len(impl.beside["targets"]) if "targets" in impl.beside else 0):
            impl.beside["targets"][place] = Known(self.layout, logits, q)
        if "twin" in impl.beside:
            impl.beside["twin"] = Known(self.layout, logits, q)
        return impl

    def test_hours_discount_and_an_end_has_no_value(self):
        impl = self.impl("crr")
        target = impl.target(self.batch(), torch.tensor([16.0, 1e6]))
        assert target.tolist() == [3.0 + 0.5**2 * 16.0, 7.0]

    def test_targets_fade_from_returns_to_go(self):
        impl = self.impl("crr", returns=0.5, steps=100)
        for step, targets in ((0, [3.0 + 7.0 / 4.0, 7.0]), (25, [4.75 / 2 + 7.0 / 2, 7.0]), (50, [7.0, 7.0])):
            impl.step = step
            assert impl.target(self.batch(), torch.tensor([16.0, 1e6])).tolist() == targets

    def test_the_means_of_crr_are_over_valid_actions(self):
        """Half and half of 10 and 20 is 15: targets 3 + 15 / 4 and 7; logged Q are 10 and 20."""
        losses = self.impl("crr", critics=1).losses(self.batch())
        errors = [(10.0 - (3.0 + 15.0 / 4.0)) ** 2, (20.0 - 7.0) ** 2]
        assert losses["critic"].item() == pytest.approx(sum(errors) / 2)

    def test_crr_weighs_by_advantage(self):
        """Advantages -5 and +5 of scale 5 weigh e^-1 and e^1, binary 0 and 1; each choice has 1/2."""
        for options, weights in (({}, (math.exp(-1), math.exp(1))), ({"filter": "binary"}, (0.0, 1.0))):
            losses = self.impl("crr", **options).losses(self.batch())
            assert losses["policy"].item() == pytest.approx(math.log(2) * sum(weights) / 2, rel=1e-5)

    def test_no_weight_is_above_the_clip(self):
        impl = self.impl("crr", beta=1e-3)
        assert impl.weight(torch.tensor([-5.0, 5.0]), torch.tensor([2.0, 2.0])).tolist() == [0.0, MOST]

    def test_returns_to_go_need_no_critic(self):
        impl = impl_of("crr", self.layout, advantage="return")
        assert "targets" not in impl.beside
        losses = impl.losses(self.batch())
        value = impl.net.value(self.batch().observations)
        to_go = torch.tensor([3.0 + 0.25 * 7.0, 7.0])
        assert losses["value"].item() == pytest.approx(((value - to_go) ** 2).mean().item())

    def test_cql_takes_the_networks_best_and_the_targets_value(self):
        losses = self.impl("cql").losses(self.batch())
        errors = [(10.0 - (3.0 + 20.0 / 4.0)) ** 2, (20.0 - 7.0) ** 2]
        assert losses["critic"].item() == pytest.approx(sum(errors) / 2)
        log_sum = math.log(math.exp(-10) + 1) + 20  # over the two valid actions and no other
        assert losses["conservative"].item() == pytest.approx(((log_sum - 10) + (log_sum - 20)) / 2)

    def test_bcq_leaves_out_what_the_imitator_finds_unlikely(self):
        impl = self.impl("bcq", threshold=0.3)
        q = torch.tensor([[10.0, 20.0]])
        for logit, best in ((-2.0, 0), (-1.0, 1)):  # e^-2 = 0.14, e^-1 = 0.37
            log_policy = torch.tensor([[0.0, logit]]).log_softmax(dim=1)
            assert impl.allowed(q, log_policy).argmax().item() == best

    def test_sac_aims_at_a_share_of_the_entropy_of_valid_actions(self):
        """Two valid actions, evenly likely: entropy log 2, whose share 0.3 is aimed at."""
        impl = self.impl("sac", entropy=0.3, temperature=2.0)
        losses = impl.losses(self.batch())
        assert losses["entropy_"].item() == pytest.approx(math.log(2))
        assert losses["temperature"].item() == pytest.approx(math.log(2.0) * 0.7 * math.log(2))
        soft = 15.0 + 2.0 * math.log(2)
        errors = [(10.0 - (3.0 + soft / 4.0)) ** 2, (20.0 - 7.0) ** 2]
        assert losses["critic"].item() == pytest.approx(sum(errors))  # of two critics


def test_the_scale_is_that_of_states_with_a_choice():
    scale = Scale()
    root_mean_square = scale(torch.tensor([3.0, -3.0, 100.0]), torch.tensor([1.0, 1.0, 0.0]))
    assert root_mean_square.item() == pytest.approx(3.0)


def test_the_learning_rate_warms_up_and_falls():
    config = config_of("bc", learning_rate=1.0, warmup=10, steps=1000)
    rates = [rate(config, step) for step in range(1001)]
    assert rates[0] == pytest.approx(0.1) and max(rates) > 0.99
    assert rates[20:] == sorted(rates[20:], reverse=True) and rates[-1] == pytest.approx(0.05)


def test_unknown_names_are_told():
    with pytest.raises(InputError, match="unknown offline algorithm 'dqn'; known: bc, crr, cql, bcq, sac"):
        config_of("dqn")
    with pytest.raises(InputError, match="bc has no option 'beta'"):
        config_of("bc", beta=1.0)
    assert {name for name, _ in ALL} == set(OFFLINE_ALGORITHMS.built_in)
