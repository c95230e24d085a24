"""A speed level is not what was published, or a wrong file of levels goes unnoticed."""

import pytest

from energy.datacenter.speed_levels import known_speed_levels, load_speed_levels, speed_levels
from traces.errors import InputError

GOOD = """[mine]
description = "slow"
rate = [0.8, 0.5]
power = [0.6, 0.3]
sources = ["measured"]
"""


@pytest.fixture
def loaded(tmp_path):
    def load(text):
        path = tmp_path / "levels.toml"
        path.write_text(text, encoding="utf-8")
        return load_speed_levels(path)

    return load


def test_levels_are_whole_thousandths(loaded):
    assert loaded(GOOD)["mine"].per_mille == ((800, 600), (500, 300))


@pytest.mark.parametrize("name", known_speed_levels())
def test_every_shipped_level_is_slower_and_thriftier_than_the_one_before(name):
    levels = speed_levels(name)
    for before, after in zip(((1000, 1000), *levels.per_mille), levels.per_mille, strict=False):
        assert after[0] < before[0] and after[1] < before[1]
    assert levels.sources


def test_caps_of_a_v100_are_the_published_times_and_powers():
    """ResNet-50 at 150 W: 4148.66 s and 144.5947 W instead of 3514.9867 s and 220.2503 W."""
    levels = speed_levels("v100")
    assert levels.rate[3] == pytest.approx(3514.9867 / 4148.66, abs=5e-4)
    assert levels.power[3] == pytest.approx(144.5947 / 220.2503, abs=5e-4)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'cpus': did you mean 'cpu'\? Known: cpu, gpu"):
        speed_levels("cpus")


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("0.8, 0.5", "0.5, 0.8", "must fall"),
        ("0.6, 0.3", "0.6", "2 rates and 1 powers"),
        ("0.8, 0.5", "1.0, 0.5", "above 0 and below 1"),
        ("0.8, 0.5", "", "at least one"),
        ('sources = ["measured"]', "sources = []", "list of texts"),
        ('sources = ["measured"]', "", "'sources' is missing"),
        ('description = "slow"', "watts = 3", "unknown key 'watts'"),
        ('"slow"', '" "', "must be text"),
    ],
)
def test_a_wrong_file_is_refused(loaded, old, new, message):
    with pytest.raises(InputError, match=message):
        loaded(GOOD.replace(old, new))
