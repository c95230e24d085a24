"""Draws are SplitMix64's, uniform and normal, and depend on nothing but the key and the counters."""

import numpy as np
import pytest

from energy.hash_noise import autocorrelated, key_of, normals, uniforms

# The first outputs of SplitMix64 from the state 1234567, as printed with its definition by many libraries.
STATE = 1234567
OUTPUTS = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)
GOLDEN = 0x9E3779B97F4A7C15


@pytest.mark.parametrize(("place", "output"), list(enumerate(OUTPUTS)))
def test_the_published_outputs_of_the_mixer(place, output):
    state = (STATE + place * GOLDEN) % 2**64
    assert uniforms(state, np.array([0])) == ((output >> 11) + 0.5) * 2.0**-53
    # A key and a counter are joined by exclusive or: the counter 5 is the state with those bits turned.
    assert uniforms(state ^ 5, np.array([5])) == uniforms(state, np.array([0]))


def test_a_second_counter_mixes_again():
    first = (OUTPUTS[0] ^ 3) % 2**64
    assert uniforms(STATE, np.array([0]), np.array([3])) == uniforms(first, np.array([0]))


def test_counters_before_1970_are_counters_too():
    draws = uniforms(7, np.arange(-500, 500))
    assert len(np.unique(draws)) == 1000 and ((draws > 0) & (draws < 1)).all()


def test_counters_are_broadcast_together_and_order_does_not_matter():
    days, leads = np.arange(5)[:, None], np.arange(3)
    whole = uniforms(1, days, leads)
    assert whole.shape == (5, 3)
    assert uniforms(1, np.array([4]), np.array([2])) == whole[4, 2]


def test_uniform_and_normal_moments():
    even, bell = uniforms(3, np.arange(40_000)), normals(3, np.arange(40_000))
    assert even.mean() == pytest.approx(0.5, abs=0.006) and even.std() == pytest.approx(12**-0.5, abs=0.004)
    assert bell.mean() == pytest.approx(0, abs=0.02) and bell.std() == pytest.approx(1, abs=0.015)
    assert np.array_equal(bell > 0, even > 0.5)


def test_keys_are_of_64_bits_and_differ_where_a_part_does():
    keys = {
        key_of("a", 1),
        key_of("a", 2),
        key_of("a1"),
        key_of("b", 1),
        key_of("a", 1, ""),
        key_of("a", "1"),
    }
    assert len(keys) == 5  # the number 1 and the text "1" read alike
    assert key_of("grid event", "call", 0) == key_of("grid event", "call", 0)
    assert max(key_of(part) for part in range(50)).bit_length() == 64


def test_each_value_is_tied_to_the_one_before_and_stays_standard():
    draws = normals(5, np.arange(20_000)[:, None], np.arange(4))
    kept = draws.copy()
    links = np.array([9.9, 0.8, 0.0, -0.5])[:4] * np.array([0.1, 1, 1, 1])
    tied = autocorrelated(draws, links)
    assert np.array_equal(draws, kept)  # what came in stays
    assert np.array_equal(tied[:, 0], draws[:, 0])
    assert tied.std(axis=0) == pytest.approx(np.ones(4), abs=0.02)
    for place in (1, 2, 3):
        assert np.corrcoef(tied[:, place - 1], tied[:, place])[0, 1] == pytest.approx(links[place], abs=0.02)
    assert np.array_equal(autocorrelated(draws, 0.8)[:, 1], tied[:, 1])
