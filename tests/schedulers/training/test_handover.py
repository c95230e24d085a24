"""From an offline checkpoint to online learning: what holds the policy back, and what is kept as the best."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from experiments.training import train_online as training
from experiments.training.recipes import compare_handover
from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
from rare.env.vector_env import GreenClusterVectorEnv
from schedulers.training import checkpoint
from schedulers.training.online import handover, online_loop
from schedulers.training.online.handover import Handover
from schedulers.training.online.learner_start import LearnerStart
from schedulers.training.online.online_options import PpoOptions, with_changes
from schedulers.training.online.ppo import SchedulerPPO
from schedulers.training.online.reward_units import UNIT
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet
from traces.errors import InputError

FIRST, LOST, KEPT = [0.7, 0.6, 0.8], [0.65, 0.6, 0.75], [0.69, 0.6, 0.81]
SMALL = {"environments": 4, "rollout": 8, "batch": 16}


@pytest.fixture(scope="module")
def net():
    """A network that nobody trained."""
    torch.manual_seed(5)
    return SchedulerNet(GreenClusterVectorEnv(1, "tiny").layout, NetworkSize(width=8))


def learner_of(net, **changes):
    torch.manual_seed(1)
    options = with_changes(PpoOptions(), SMALL | {"critic_steps": 32, "sharpness": 1.0} | changes)
    vec = GreenClusterSB3VecEnv(4, "tiny")
    vec.seed(0)
    return SchedulerPPO(vec, options, 400, LearnerStart(net, True, from_logs=True))


class TestAdaptiveAnchor:
    def made(self, **changes):
        options = {"critic_steps": 100, "clone_weight": 0.5, "clone_factor": 2.0, "clone_last": 0.2}
        return Handover(with_changes(PpoOptions(), options | changes), True)

    def test_it_rises_while_scores_are_below_the_start_and_falls_to_its_least(self):
        made = self.made(tolerance=0.01)
        weights = []
        for steps, scores in enumerate([FIRST, LOST, LOST, KEPT, KEPT, KEPT, KEPT], start=100):
            made.judge(scores, steps)  # at 100 only the critic has learned
            weights.append(made.clone_weight(steps))
        assert weights == [0.5, 1.0, 2.0, 1.0, 0.5, 0.25, 0.2]

    def test_a_loss_within_the_tolerance_is_none(self):
        made = self.made(tolerance=0.05)
        made.judge(FIRST, 0)
        made.judge(LOST, 101)
        assert made.clone_weight(101) == 0.25

    def test_windows_without_a_score_are_left_out(self):
        made = self.made()
        made.judge([*FIRST, np.nan], 0)
        made.judge([*LOST, np.nan], 101)
        assert made.clone_weight(101) == 1.0

    def test_there_is_a_greatest_weight(self):
        made = self.made()
        made.judge(FIRST, 0)
        for _ in range(20):
            made.judge(LOST, 101)
        assert made.clone_weight(101) == handover.MOST

    def test_nothing_holds_a_run_from_random_weights(self):
        made = Handover(PpoOptions(), False)
        made.judge(FIRST, 0)
        assert made.acts(0) and made.clone_weight(0) == 0 and made.actor_rate(0) == 1


def test_a_fading_anchor_can_leave_a_weight_that_lasts():
    options = PpoOptions(critic_steps=100, clone_weight=1.0, clone_steps=50, clone_last=0.2, clone_factor=1.0)
    made = Handover(options, True)
    assert [made.clone_weight(steps) for steps in (0, 100, 125, 150, 900)] == pytest.approx(
        [1, 1, 0.6, 0.2, 0.2]
    )


def test_the_actors_rate_rises_from_nothing_and_the_critics_is_whole(net, monkeypatch):
    made = learner_of(net, actor_steps=64)
    assert [made.handover.actor_rate(steps) for steps in (32, 48, 64, 96, 200)] == [0, 0.25, 0.5, 1, 1]
    rates, step = [], made.policy.optimizer.step
    monkeypatch.setattr(
        made.policy.optimizer,
        "step",
        lambda: (rates.append(made.policy.optimizer.param_groups[0]["lr"]), step()),
    )
    made.num_timesteps = 32
    made.round()  # at 64 steps: half of the way
    full = made.options.learning_rate * (1 - 64 / 400)
    assert sorted(set(rates)) == pytest.approx([full / 2, full])


def test_rate_and_averaging_after_a_checkpoint_are_its_own(net):
    changes = {"learning_rate": 2e-3, "rate_share": 0.25, "average_after": 8.0}
    made = learner_of(net, **changes)
    assert made.policy.optimizer.param_groups[0]["lr"] == made.options.learning_rate == 5e-4
    assert made.mean is not None and made.options.average == 8
    assert learner_of(net, **changes, average=3.0).options.average == 3
    from_nothing = SchedulerPPO(
        GreenClusterSB3VecEnv(4, "tiny"), with_changes(PpoOptions(), SMALL | changes), 400, LearnerStart(net)
    )
    assert from_nothing.options.learning_rate == 2e-3 and from_nothing.mean is None


class TestJumpStart:
    def test_the_share_shrinks_only_when_nothing_is_lost(self):
        made = Handover(PpoOptions(critic_steps=100, guide_share=0.9, guide_fall=0.4), True)
        shares = []
        for steps, scores in enumerate([FIRST, LOST, KEPT, LOST, KEPT, KEPT], start=100):
            made.judge(scores, steps)
            shares.append(made.guided)
        assert shares == pytest.approx([0.9, 0.9, 0.5, 0.5, 0.1, 0.0])

    def test_the_checkpoint_plays_first_and_only_the_rest_is_learned_from(self, net, monkeypatch):
        made = learner_of(net, guide_share=0.75, guide_fall=0.5)
        players, learned = [], []
        draw = made.draw
        monkeypatch.setattr(
            made, "draw", lambda obs, player=None: (players.append(player), draw(obs, player))[1]
        )
        for _ in range(2):
            made.round()
        assert players == [None] * 16  # so long as the actor has not learned both are the same policy
        players.clear()
        critic_step = made._critic_step
        monkeypatch.setattr(
            made, "_critic_step", lambda obs, part: (learned.append(part.actions), critic_step(obs, part))[1]
        )
        made.round()
        assert players == [made.origin] * 6 + [None] * 2
        assert len(torch.cat(learned)) == 2 * 4 * made.n_epochs
        own = made.buffer.tensors("cpu").actions[6 * 4 :]
        assert torch.equal(torch.cat(learned)[:8].sort().values, own.sort().values)


def test_the_offline_critic_is_kept_in_the_units_of_online_training(net):
    made = learner_of(net)
    vec = GreenClusterVectorEnv(8, "tiny")
    obs = torch.from_numpy(vec.reset(seed=0)[0])
    with torch.no_grad():
        assert torch.equal(made.net.value(obs), net.value(obs) * UNIT)


def test_a_sharper_start_plays_the_same_best_action_more_often(net):
    sharp = learner_of(net, sharpness=4.0)
    obs = torch.from_numpy(GreenClusterVectorEnv(8, "tiny").reset(seed=0)[0])
    vec = GreenClusterSB3VecEnv(4, "tiny")
    played = SchedulerPPO(vec, sharp.options, 400, LearnerStart(net, True))  # its probabilities are its own
    with torch.no_grad():
        assert torch.equal(played.net.policy(obs), net.policy(obs))
        before, after = net.policy(obs).softmax(dim=1), sharp.net.policy(obs).softmax(dim=1)
        assert torch.equal(before.argmax(dim=1), after.argmax(dim=1))
        assert torch.allclose(after, before**4 / (before**4).sum(dim=1, keepdim=True), atol=1e-6)
        assert torch.equal(after, sharp.origin.policy(obs).softmax(dim=1))  # the anchor is the sharper one


@pytest.mark.parametrize(
    ("scores", "margin", "is_above"),
    [
        ([0.72, 0.62, 0.82], 2.0, True),  # the same gain everywhere: no error
        ([0.9, 0.5, 0.8], 2.0, False),  # +0.03 on average, with an error of 0.09
        ([0.9, 0.5, 0.8], 0.2, True),
        (FIRST, 0.0, False),
        ([0.8, np.nan, np.nan], 2.0, True),
    ],
)
def test_a_gain_counts_beyond_noise(scores, margin, is_above):
    assert online_loop.above(np.array(scores), FIRST, margin) is is_above


def test_the_start_stays_the_best_until_a_gain_is_proven(net, tmp_path, monkeypatch):
    """Scores by hand: a gain by chance on one window, a loss, and a gain on every window."""
    checkpoint.save(tmp_path / "start", checkpoint.Checkpoint(net, {"trained": "not at all"}))
    start = np.full(13, 0.5)
    chance, gain = start.copy(), start + np.linspace(0.01, 0.03, 13)
    chance[0] += 0.4
    found = {}
    for name, margin in (("careful", 2.0), ("any", 0.0)):
        played = iter([start, chance, start - 0.1, chance])
        monkeypatch.setattr(
            training._Run, "validate", lambda self, net, heads, played=played: (heads[0], next(played))
        )
        notes = []
        found[name] = training.train_online(
            "tiny", tmp_path / name, steps=96, validate_every=32, start=tmp_path / "start", figure=False,
            options=SMALL | {"margin": margin}, display=_Notes(notes),
        )  # fmt: skip
        assert any("is not above it by 2 standard errors" in note for note in notes) is (name == "careful")
    assert found["careful"]["best"]["step"] == 0 and found["any"]["best"]["step"] == 32
    assert found["careful"]["unproven"] == pytest.approx(chance.mean()) and found["any"]["unproven"] is None
    for name, tensor in checkpoint.load(tmp_path / "careful/best").net.state_dict().items():
        assert torch.equal(tensor, net.state_dict()[name])
    played = iter([start, chance, gain])
    monkeypatch.setattr(training._Run, "validate", lambda self, net, heads: (heads[0], next(played)))
    proven = training.train_online(
        "tiny", tmp_path / "proven", steps=64, validate_every=32, start=tmp_path / "start", figure=False,
        options=SMALL | {"margin": 2.0},
    )  # fmt: skip
    assert proven["best"]["step"] == 64


class _Notes(training.ProgressDisplay):
    """A display that keeps its notes."""

    def __init__(self, notes):
        super().__init__(True)
        self.notes = notes

    def note(self, text):
        self.notes.append(text)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"guide_share": 1.5}, "option guide_share: must be at most 1, got 1.5"),
        ({"sharpness": 0}, "option sharpness: must be above 0, got 0"),
        ({"clone_factor": "twice"}, "option clone_factor: 'twice' is not a number"),
        ({"tolerance": -1}, "option tolerance: must be above 0, got -1"),
    ],
)
def test_impossible_options_are_refused_in_one_line(changes, said):
    with pytest.raises(InputError) as error:
        with_changes(PpoOptions(), changes)
    assert str(error.value) == said


class TestComparison:
    def test_what_is_measured(self):
        result = {"curve": [0.7, 0.7, 0.65, 0.72], "first": [0.6, 0.8], "last": [0.65, 0.79]}
        found = compare_handover.measures(result)
        assert found == pytest.approx({"drop": -0.05, "area": -0.05 / 3, "end": 0.02, "best": 0.02})

    def test_the_table_has_a_row_for_each_start_and_one_for_all(self):
        curve = {"curve": [0.7, 0.65, 0.75], "first": [0.6, 0.8], "last": [0.65, 0.85]}
        runs = {(start, seed, "fading anchor"): curve for start in ("bc", "crr") for seed in (0, 1)}
        lines = compare_handover.table(runs).splitlines()
        assert [line.split("|")[2].strip() for line in lines[2:]] == ["bc", "crr", "all"]
        assert "| -5.00 (-5.00 to -5.00) | -2.50 (-2.50 to -2.50) | +5.00" in lines[-1]

    def test_runs_wait_for_their_start_and_a_distilled_one_for_its_teacher(self, tmp_path):
        made = compare_handover.HandoverComparison("tiny", tmp_path)
        run = made.online("distilled", 1, "fading anchor")
        assert run.needs == (made.start("distilled", 1).key,)
        assert made.start("distilled", 1).needs == (made.start("crr", 1).key,)
        assert made.start("crr", 1).needs == (made.log().key,)
        assert run.key != made.online("distilled", 1, "jump-start").key

    @pytest.mark.slow
    def test_a_small_one_goes_all_the_way_and_is_not_done_twice(self, tmp_path, monkeypatch):
        small = {
            "TEACHER": "hvf+greedy", "EPISODES": 2, "QUEUE_SLOTS": 64, "UPDATES": 4, "WIDTH": 8, "STEPS": 64,
            "VALIDATE_EVERY": 32, "DISTIL": {"rounds": 1, "updates": 3, "batch": 8, "kept": 0.01},
            "WAYS": {"small": {"environments": 4, "rollout": 8}},
        }  # fmt: skip
        for name, value in small.items():
            monkeypatch.setattr(compare_handover, name, value)
        arguments = [str(tmp_path), "--scenario", "tiny", "--seeds", "2", "--start", "distilled", "--quiet"]
        first, again = (
            CliRunner().invoke(compare_handover.command, arguments, catch_exceptions=False) for _ in "ab"
        )
        assert first.exit_code == again.exit_code == 0
        assert first.stdout == again.stdout
        assert [line.split("|")[1:3] for line in first.stdout.splitlines()[2:]] == [
            [" small ", " distilled "]
        ]
