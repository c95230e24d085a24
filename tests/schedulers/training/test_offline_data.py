"""Transitions out of datasets: nothing lost at ends and cuts, equal numbers, and errors in one line."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")
pytest.importorskip("d3rlpy", reason="needs the extra 'learn'")

from experiments.cli.root import main  # noqa: E402
from rare.dataset.load_dataset import load  # noqa: E402
from schedulers.training.discount import REWARD_SCALE  # noqa: E402
from schedulers.training.offline.batches import Batches, gather  # noqa: E402
from schedulers.training.offline.packed_observations import pack  # noqa: E402
from schedulers.training.offline.transitions import read_transitions  # noqa: E402
from schedulers.training.scheduler_net import read  # noqa: E402
from tests.schedulers.training.offline_data import SMALL  # noqa: E402
from traces.errors import InputError  # noqa: E402


def make(folder, *words):
    common = ["dataset", "--scenario", "tiny", "--quiet", "--out", str(folder)]
    assert main([*common, *words]) == 0
    return folder


@pytest.fixture(scope="module")
def easy(tmp_path_factory):
    words = ["--scheduler", "easy", "--episodes", "6", "--epsilon", "0.2", *SMALL]
    return make(tmp_path_factory.mktemp("easy") / "easy", *words)


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """Episodes cut off after 9 decisions."""
    words = ["--scheduler", "fcfs", "--episodes", "4", "--max-decisions", "9", *SMALL]
    return make(tmp_path_factory.mktemp("cut") / "cut", *words)


def test_every_transition_is_there_with_what_came_of_it(easy):
    data, episodes = read_transitions([easy], gamma_per_hour=0.9), load(easy)
    assert len(data) == sum(len(episode) for episode in episodes)
    first = 0
    for episode in episodes:
        span = slice(first, first + len(episode))
        at = data.at[span]
        assert np.array_equal(data.obs[at], episode.observations[:-1])
        assert np.array_equal(data.obs[at + 1], episode.observations[1:])
        assert np.array_equal(data.action[span], episode.actions)
        assert np.allclose(data.reward[span], episode.rewards * REWARD_SCALE)
        assert np.allclose(data.hours[span], np.diff(episode.time_s) / 3600)
        assert data.terminal[span].tolist() == [0.0] * (len(episode) - 1) + [1.0]
        hours = (episode.time_s[:-1] - episode.time_s[0]) / 3600
        discounted = (0.9**hours * episode.rewards).sum() * REWARD_SCALE
        assert data.to_go[first].item() == pytest.approx(discounted, rel=1e-4, abs=1e-4)
        first += len(episode)


def test_cut_episodes_keep_their_last_transition_and_do_not_end(cut):
    data, episodes = read_transitions([cut]), load(cut)
    assert len(data) == 36 and data.terminal.sum() == 0
    last = data.obs[data.at[8] + 1]
    assert np.array_equal(last, episodes[0].observations[9]) and last.abs().sum() > 0


def test_a_limit_takes_first_episodes_and_equal_numbers_of_every_dataset(easy, cut):
    whole = read_transitions([easy])
    number = len(load(easy)[0]) + 5
    data = read_transitions([easy], number)
    assert len(data) == number and data.sources[0]["transitions"] == number
    for name in ("action", "reward", "terminal", "to_go"):  # a cut here loses nothing of the return to go
        assert torch.equal(getattr(data, name), getattr(whole, name)[:number])
    assert torch.equal(data.obs[data.at[-1] + 1], whole.obs[whole.at[number - 1] + 1])
    both = read_transitions([easy, cut], 30)
    assert len(both) == 30 and sum(source["transitions"] for source in both.sources) == 30
    assert [source["schedulers"] for source in both.sources] == [["easy"], ["fcfs"]]


def test_batches_are_gathered_rows_in_an_order_of_their_seed(easy):
    data = read_transitions([easy])
    batch = gather(data, torch.tensor([3, 0]))
    assert torch.equal(batch.next_observations, data.obs[data.at[[3, 0]] + 1])
    assert batch.intervals[:, 0].tolist() == data.hours[[3, 0]].tolist()
    one, other = Batches(data, 8, 1), Batches(data, 8, 1)
    one.draw()
    other.restore(one.state())
    assert torch.equal(one.draw().observations.plain, other.draw().observations.plain)


def test_packed_observations_are_what_the_network_reads(easy, monkeypatch):
    monkeypatch.setattr("schedulers.training.offline.packed_observations.ROWS", 50)
    data = read_transitions([easy])
    chosen = torch.tensor([5, 99, 0, 5, len(data) - 1])
    dense, packed = gather(data, chosen), gather(data, chosen, packed=pack(data.obs, data.layout))
    for name in ("observations", "next_observations"):
        expected, parsed = read(getattr(dense, name), data.layout), getattr(packed, name)
        for block in ("waiting", "running"):
            for column in ("row", "slot", "x"):
                one, other = getattr(parsed, block), getattr(expected, block)
                assert torch.equal(getattr(one, column), getattr(other, column))
        assert torch.equal(parsed.plain, expected.plain) and torch.equal(parsed.mask, expected.mask)


def test_what_cannot_be_read_is_told(easy, tmp_path):
    with pytest.raises(InputError, match="holds no dataset; name another folder"):
        read_transitions([tmp_path])
    with pytest.raises(InputError, match="--transitions 10000000: the data hold"):
        read_transitions([easy], 10_000_000)
    other = make(tmp_path / "other", "--scheduler", "easy", "--episodes", "1", "--queue-slots", "30")
    with pytest.raises(InputError, match="30 queue slots.*16 queue slots.*give datasets of one layout"):
        read_transitions([easy, other])
