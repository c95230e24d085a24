"""Several scenarios in one training: each gets about the same share of the decisions."""

from experiments.episodes import evenly
from rare.episodes import Episode, Episodes


def window(name, jobs, split="train"):
    return Episode(name, split, 0, jobs, 0, None, 1, jobs)


def test_short_windows_are_named_more_often():
    found = evenly(
        Episodes("both", (), (window("long/a", 3000), window("short/a", 900), window("short/b", 1100)))
    )
    names = [each.name for each in found.episodes]
    assert (names.count("long/a"), names.count("short/a"), names.count("short/b")) == (1, 3, 3)


def test_windows_of_one_scenario_stay_as_they_are():
    """However different they are: their lengths are those of the weeks."""
    alone = Episodes(
        "one", (), (window("train-00", 10), window("train-01", 5000), window("v", 7, "validation"))
    )
    assert evenly(alone).episodes == alone.episodes


def test_tiny_windows_do_not_take_over():
    found = evenly(Episodes("both", (), (window("long/a", 10_000), window("short/a", 1))))
    assert len(found.episodes) == 1 + 20
