"""Online training as a user runs it: runs, resumption bit for bit, hand-over, refusals."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from experiments.cli.commands.train_online_command import online
from experiments.data.log_dataset import dataset_run
from experiments.runs.key_values import parsed_randomise
from experiments.training.train_online import train_online
from rare.env.environment import GreenClusterEnv
from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
from rare.env.vector_env import GreenClusterVectorEnv
from rare.scenario.scenario_episodes import episodes_of
from schedulers.network.forward import CHOICES_OF_POLICY  # noqa: E402
from schedulers.training import checkpoint, resume
from schedulers.training.greedy_windows import greedy_scores
from schedulers.training.journal import read_rows
from schedulers.training.online.dqn import SchedulerDQN
from schedulers.training.online.learner_start import LearnerStart
from schedulers.training.online.online_options import DqnOptions, PpoOptions
from schedulers.training.online.ppo import SchedulerPPO
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet
from traces.errors import InputError

SMALL = {"environments": 8, "rollout": 8}
OPTIONS = {
    "ppo": {
        **SMALL, "batch": 32, "critic_steps": 32, "actor_steps": 64, "average": 3.0, "clone_factor": 2.0,
        "tolerance": 0.0, "sharpness": 2.0, "guide_share": 0.8, "guide_fall": 0.3,
    },
    "dqn": {**SMALL, "batch": 16, "updates": 1.0, "capacity": 64, "starts": 32},
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A checkpoint that nobody trained."""
    folder = tmp_path_factory.mktemp("start") / "net"
    torch.manual_seed(5)
    net = SchedulerNet(GreenClusterVectorEnv(1, "tiny").layout, NetworkSize(width=8))
    checkpoint.save(folder, checkpoint.Checkpoint(net, {"trained": "not at all"}))
    return folder


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "log"
    dataset_run(["fcfs"], folder, scenario="tiny", episodes=2, epsilon=0.1)
    return folder


def trained(algorithm, out, start, logged, **options):
    """256 steps, a validation every 64."""
    more = {"limits": ["violations=0.01"]} if algorithm == "ppo" else {"data": [logged]}
    return train_online(
        "tiny", out, algorithm=algorithm, steps=256, start=start, validate_every=64, figure=False,
        options=OPTIONS[algorithm], **more, **options,
    )  # fmt: skip


def weights(folder):
    return checkpoint.load(folder / "last").net.state_dict()


@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
class TestRun:
    def test_interrupted_anywhere_it_ends_in_the_same_weights(
        self, algorithm, start, logged, tmp_path, monkeypatch
    ):
        whole = trained(algorithm, tmp_path / "whole", start, logged)
        assert whole["last"]["step"] == 256
        kind, done = (SchedulerPPO if algorithm == "ppo" else SchedulerDQN), 0
        play = kind.round

        def until_killed(self):
            nonlocal done
            done += 1
            if done in (2, 5):  # the third round goes further than the state that was saved
                raise KeyboardInterrupt
            return play(self)

        monkeypatch.setattr(kind, "round", until_killed)
        for turn in range(2):
            with pytest.raises(KeyboardInterrupt):
                trained(algorithm, tmp_path / "cut", start, logged, resume=turn > 0)
        cut = trained(algorithm, tmp_path / "cut", start, logged, resume=True)
        for name, tensor in weights(tmp_path / "whole").items():
            assert torch.equal(tensor, weights(tmp_path / "cut")[name]), name
        assert cut["last"]["objectives"] == whole["last"]["objectives"]
        one, two = ([dict(row) for row in read_rows(tmp_path / run)] for run in ("whole", "cut"))
        assert one == two
        assert [int(row["step"]) for row in one] == [0, 64, 128, 192, 256]

    def test_the_hand_over_changes_nothing(self, algorithm, start):
        """Scores of 10,000 observations before and after, equal to the last bit, and the same greedy runs."""
        env, generator, visited = GreenClusterVectorEnv(100, "tiny"), np.random.default_rng(0), []
        obs, info = env.reset(seed=0)
        for _ in range(100):
            visited.append(obs)
            mask = info["action_mask"]
            obs, _, _, _, info = env.step((generator.random(mask.shape) * mask).argmax(axis=1))
        observations = torch.from_numpy(np.concatenate(visited))
        assert len(observations) == 10_000
        before = checkpoint.load(start).net
        vec = GreenClusterSB3VecEnv(2, "tiny")
        if algorithm == "ppo":
            learner = SchedulerPPO(vec, PpoOptions(rollout=2), 100, LearnerStart(before, True))
            played = learner.net.policy
        else:
            learner = SchedulerDQN(vec, DqnOptions(capacity=10), 100, LearnerStart(before, True))
            played = learner.net.q
        after = learner.trained()
        with torch.no_grad():
            assert torch.equal(before.policy(observations), after.policy(observations))
            assert torch.equal(before.q(observations), after.q(observations))
            assert torch.equal(before.value(observations), after.value(observations))
            expected = (before.policy if algorithm == "ppo" else before.q)(observations)
            assert torch.equal(played(observations).argmax(dim=1), expected.argmax(dim=1))
        episodes, head = episodes_of("tiny"), learner.heads[0]
        windows = episodes.of("validation")[:3]
        objectives = [greedy_scores(net, episodes, windows, head=head) for net in (before, after)]
        assert np.array_equal(*objectives)

    def test_a_run_of_another_configuration_is_not_gone_on_with(self, algorithm, start, logged, tmp_path):
        trained(algorithm, tmp_path / "run", start, logged)
        with pytest.raises(InputError, match="give --resume"):
            trained(algorithm, tmp_path / "run", start, logged)
        with pytest.raises(InputError, match="begun with another seed"):
            trained(algorithm, tmp_path / "run", start, logged, seed=1, resume=True)


def test_the_actor_rests_while_the_critic_warms_up_and_then_leaves_slowly(start):
    origin = checkpoint.load(start).net
    options = PpoOptions(
        environments=4, rollout=8, batch=16, critic_steps=32, clone_weight=1.0, clone_steps=128,
        clone_last=0.0, clone_factor=1.0, sharpness=1.0, actor_steps=0,
    )  # fmt: skip
    learner = SchedulerPPO(GreenClusterSB3VecEnv(4, "tiny"), options, 400, LearnerStart(origin, True))
    numbers = learner.round()
    assert "loss" not in numbers
    assert all(torch.equal(one, two) for one, two in zip(learner.actor, _actor(origin), strict=True))
    assert not all(torch.equal(one, two) for one, two in zip(learner.critic, _critic(origin), strict=True))
    learner.num_timesteps = 96  # half of the fading
    assert learner.handover.clone_weight(96) == 0.5
    numbers = learner.round()
    assert numbers["clone_kl"] >= 0
    assert not all(torch.equal(one, two) for one, two in zip(learner.actor, _actor(origin), strict=True))
    learner.num_timesteps = 160
    assert learner.handover.clone_weight(160) == 0
    assert "clone_kl" not in learner.round()


def _actor(net):
    return [*net.actor.parameters(), *net.logits.parameters()]


def _critic(net):
    return [*net.critic.parameters(), *net.values.parameters()]


def test_targets_of_dqn_are_masked_and_double():
    vec = GreenClusterSB3VecEnv(4, "tiny")
    vec.seed(0)
    torch.manual_seed(1)
    net = SchedulerNet(vec.layout, NetworkSize(width=8))
    learner = SchedulerDQN(vec, DqnOptions(rollout=30, starts=10**6, capacity=200), 10**6, LearnerStart(net))
    with torch.no_grad():
        for weights in learner.target.parameters():
            weights += 0.1 * torch.randn_like(weights)
    learner.round()  # the environment refuses invalid actions: exploration obeys masks
    batch = learner.ring.draw(64, np.random.default_rng(0), 0.9)
    valid = batch.next_observations[:, vec.layout.slices["mask"]] > 0.5
    chosen = learner.net.q(batch.next_observations).argmax(dim=1)
    assert valid.gather(1, chosen[:, None]).all()
    after = learner.target.q(batch.next_observations)[torch.arange(64), chosen]
    expected = batch.rewards + (1 - batch.dones) * batch.discounts * after
    assert torch.equal(learner.targets(batch), expected)
    best = learner.target.q(batch.next_observations).argmax(dim=1)
    assert (best != chosen).any()  # else this would not tell double from plain


def test_the_command_writes_a_run_that_loads(tmp_path):
    out = tmp_path / "run"
    arguments = [
        "--scenario",
        "tiny",
        "--out",
        str(out),
        "--steps",
        "64",
        "--width",
        "8",
        "--validate-every",
        "32",
    ]
    arguments += ["--environments", "4", "--rollout", "8", "--option", "batch=16", "--json", "--quiet"]
    arguments += ["--randomise", "variants=2,cluster=0.5:2"]
    outcome = CliRunner().invoke(online, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    summary = json.loads(outcome.stdout)
    assert summary == json.loads((out / "summary.json").read_text())
    assert summary["last"]["step"] == 64
    assert len(summary["best"]["objectives"]) == len(summary["windows"]) == 13
    facts = checkpoint.load(out / "best").facts
    assert (facts["trained"], facts["scenario"]) == ("online ppo", "tiny") and facts[
        "head"
    ] in CHOICES_OF_POLICY
    assert (out / "curve.png").is_file()
    again = CliRunner().invoke(online, [*arguments, "--resume"], catch_exceptions=False)
    assert json.loads(again.stdout) == summary


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"algorithm": "a2c"}, "known: ppo, dqn"),
        ({"data": ["x"]}, "only dqn learns from logged"),
        ({"algorithm": "dqn", "limits": ["violations=0.1"]}, "only ppo keeps limits"),
        ({"network": "transformer"}, "known are pointwise, attention"),
        ({"steps": 0}, "--steps must be at least 1"),
        ({"mix": 1.0}, "--mix must be"),
        ({"device": "tpu"}, "known are auto, cpu, cuda"),
        ({"start": "nowhere"}, "a checkpoint is a folder"),
    ],
)
def test_refusals(options, said, tmp_path):
    with pytest.raises(InputError, match=said):
        train_online("tiny", tmp_path / "run", **options)


def test_a_checkpoint_says_its_own_size(start, tmp_path):
    with pytest.raises(InputError, match="pointwise network of width 8; leave out"):
        train_online("tiny", tmp_path / "run", start=start, width=16)


def test_randomise_from_text():
    randomise = parsed_randomise("variants=3,cluster=0.5:2,load=0.9,mix=1")
    assert (randomise.variants, randomise.cluster, randomise.load, randomise.mix) == (
        3,
        (0.5, 2.0),
        (0.9, 0.9),
        True,
    )
    for text in ("cluster", "size=1", "cluster=a:b"):
        with pytest.raises(InputError, match="--randomise"):
            parsed_randomise(text)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
def test_kill_9_at_any_moment(algorithm, tmp_path):
    def command(out, *more):
        call = "from experiments.cli.commands.train_online_command import online; online()"
        arguments = ["--scenario", "tiny", "--algorithm", algorithm, "--steps", "4096", "--width", "8"]
        arguments += ["--environments", "8", "--rollout", "8", "--validate-every", "128", "--quiet"]
        if algorithm == "dqn":
            arguments += ["--option", "capacity=256", "--option", "starts=64"]
        return [sys.executable, "-c", call, *arguments, "--out", str(out), *more]

    subprocess.run(command(tmp_path / "whole"), check=True)
    kills = 0
    for wait_s in (0.3, 0.55, 0.8):
        process = subprocess.Popen(command(tmp_path / "cut", *(["--resume"] if kills else [])))
        while not (tmp_path / "cut" / resume.STATE).exists() and process.poll() is None:
            time.sleep(0.01)
        before = (tmp_path / "cut" / resume.STATE).stat().st_mtime_ns
        while process.poll() is None and before == (tmp_path / "cut" / resume.STATE).stat().st_mtime_ns:
            time.sleep(0.01)
        time.sleep(wait_s)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills == 3
    subprocess.run(command(tmp_path / "cut", "--resume"), check=True)
    for name, tensor in weights(tmp_path / "whole").items():
        assert torch.equal(tensor, weights(tmp_path / "cut")[name]), name


@pytest.mark.slow
def test_a_limit_lowers_violations(tmp_path):
    """Share of broken promises over the last rounds, with a limit far below what comes without one."""
    costs = {}
    for name, limit in (("free", 100.0), ("kept", 0.05)):
        train_online(
            "tiny", tmp_path / name, steps=200_000, width=16, limits=[f"violations={limit}"], figure=False,
            validate_every=100_000,
        )  # fmt: skip
        rows = [row["cost_violations"] for row in read_rows(tmp_path / name)]
        costs[name] = np.mean([float(cost) for cost in rows[-10:]])
    assert costs["kept"] < 0.8 * costs["free"]


def test_what_is_judged_is_the_mean_of_the_last_weights():
    """Of all rounds while there are fewer than `average`; from then on each counts for its share."""
    torch.manual_seed(1)
    vec = GreenClusterSB3VecEnv(4, "tiny")
    net = SchedulerNet(vec.layout, NetworkSize(width=8))
    learner = SchedulerPPO(vec, PpoOptions(rollout=4, batch=8, average=2.0), 100, LearnerStart(net))
    name, seen = "logits.wait.bias", []
    for _ in range(3):
        learner.round()
        seen.append(learner.net.state_dict()[name].clone())
    wanted = ((seen[0] + seen[1]) / 2 + seen[2]) / 2
    assert torch.allclose(learner.trained().state_dict()[name], wanted, atol=1e-7)
    assert not torch.equal(seen[0], seen[2])


def test_other_rewards_are_what_runs_are_judged_by(tmp_path):
    """What the summary says of a window is what an environment with that reward pays the checkpoint."""
    found = train_online(
        "tiny", tmp_path / "run", steps=64, validate_every=64, width=8, figure=False,
        options={**SMALL, "batch": 32}, reward="slowdown",
    )  # fmt: skip
    net = checkpoint.load(tmp_path / "run/last").net
    env = GreenClusterEnv("tiny", reward="slowdown", split="validation")
    obs, _ = env.reset(options={"window": found["windows"][0]})
    paid, over = 0.0, False
    while not over:
        with torch.no_grad():
            action = int(net.policy(torch.from_numpy(obs[None])).argmax())
        obs, reward, over, _, _ = env.step(action)
        paid += reward
    assert found["last"]["objectives"][0] == pytest.approx(paid)
    assert paid < -1.0  # no bounded slowdown is below 1
