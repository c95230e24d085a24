"""A registry takes names once, with help and something behind them, and plug-ins without falling over."""

from __future__ import annotations

import logging

import pytest

from tests.plugin_distribution import make_distribution
from traces.errors import InputError
from traces.name_registry import RegistrationError, Registry

GROUP = "rare.test_fruits"


@pytest.fixture
def fruits():
    registry: Registry[int] = Registry("fruit")
    registry.register("apple", "grows on trees", 1)
    registry.register("banana", "grows on plants", 2)
    return registry


@pytest.mark.parametrize(
    ("name", "help_text", "value", "message"),
    [
        ("apple", "again", 3, "fruit 'apple' is registered already"),
        ("kiwi", "", 3, "fruit 'kiwi' has no help text"),
        ("kiwi", "two\nlines", 3, "its help text must be one line"),
        ("kiwi", "green", None, "fruit 'kiwi' is not implemented"),
        ("carrot", "orange", 3, "fruit 'carrot' is a vegetable too"),
        *(
            (name, "odd", 3, "cannot be a name")
            for name in ("a+b", "a=b", "a:b", "a/b", "a b", "a,b", "A", "")
        ),
    ],
)
def test_what_cannot_be_registered(fruits, name, help_text, value, message):
    fruits.reserve(["carrot"], "vegetable")
    with pytest.raises(RegistrationError, match=message):
        fruits.register(name, help_text, value)
    assert fruits.names() == ["apple", "banana"]


def test_a_check_of_its_own_refuses_values():
    def check(value: int) -> None:
        if value < 0:
            raise RegistrationError("below zero")

    with pytest.raises(RegistrationError, match="below zero"):
        Registry("number", check).register("one", "a number", -1)


def test_variants_belong_to_a_registered_name(fruits):
    fruits.register_variant("apple", "green", "unripe", 3)
    assert fruits["apple=green"].value == 3
    for name, word, message in (("kiwi", "green", "register 'kiwi' first"), ("apple", "a=b", "a name has")):
        with pytest.raises(RegistrationError, match=message):
            fruits.register_variant(name, word, "unripe", 3)
    with pytest.raises(RegistrationError, match="'apple=green' is registered already"):
        fruits.register_variant("apple", "green", "unripe", 3)


def test_reserving_a_registered_name_fails(fruits):
    with pytest.raises(RegistrationError, match="fruit 'apple' is a company too"):
        fruits.reserve(["apple"], "company")


def test_an_unknown_name_lists_the_known_ones_and_the_nearest(fruits):
    with pytest.raises(InputError, match="unknown fruit 'aple'; known: apple, banana; did you mean 'apple'?"):
        fruits["aple"]
    assert "aple" not in fruits
    assert "did you mean" not in fruits.unknown("xyz")


# --- plug-ins ---------------------------------------------------------------------------------------------

MODULES = {
    "rare_test_fruits.py": "KIWI = 7\nTEXT = 'no number'\n",
    "rare_test_broken.py": "raise RuntimeError('out of order')\n",
    "rare_test_leaves.py": "import sys\nsys.exit(3)\n",
}
POINTS = {
    "kiwi": "rare_test_fruits:KIWI",
    "broken": "rare_test_broken:KIWI",
    "leaves": "rare_test_leaves:KIWI",
    "absent": "rare_test_fruits:NOTHING",
    "text": "rare_test_fruits:TEXT",
    "apple": "rare_test_fruits:KIWI",
    "kiwi+plum": "rare_test_fruits:KIWI",
}


def fruit_of_plugin(plugin: object) -> tuple[str, int]:
    if not isinstance(plugin, int):
        raise RegistrationError("it is no number")
    return "comes from outside", plugin


@pytest.fixture
def open_fruits(fruits, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(make_distribution(tmp_path / "a", "orchard", {GROUP: POINTS}, MODULES))
    fruits.accept_plugins(GROUP, fruit_of_plugin)
    return fruits


def test_a_plugin_is_found_by_name_and_listed(open_fruits):
    kiwi = open_fruits["kiwi"]
    assert (kiwi.value, kiwi.help, kiwi.origin) == (7, "comes from outside", "orchard 1.0")
    assert kiwi.source.endswith("rare_test_fruits.py")
    assert open_fruits.names() == ["apple", "banana", "kiwi"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "fruit 'broken' of the plug-in orchard 1.0 cannot be used: RuntimeError: out of order"),
        ("leaves", "fruit 'leaves' of the plug-in orchard 1.0 cannot be used: SystemExit: 3"),
        ("absent", "fruit 'absent' of the plug-in orchard 1.0 cannot be used: AttributeError"),
        ("text", "fruit 'text' of the plug-in orchard 1.0 cannot be used: it is no number"),
        ("kiwi.plum", "fruit 'kiwi.plum' is unknown|unknown fruit 'kiwi.plum'"),
    ],
)
def test_a_plugin_that_fails_is_named_with_its_distribution(open_fruits, name, message):
    with pytest.raises(InputError, match=message):
        open_fruits[name]


def test_a_list_names_what_fails_in_one_line_each_and_goes_on(open_fruits, caplog):
    with caplog.at_level(logging.WARNING, "rare"):
        assert open_fruits.names() == ["apple", "banana", "kiwi"]
        assert open_fruits.names() == ["apple", "banana", "kiwi"]  # said once
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == len(POINTS) - 1
    assert all("orchard 1.0" in message and "\n" not in message for message in messages)
    assert any("fruit 'apple' is registered already" in message for message in messages)
    assert any("'kiwi+plum' cannot be a name" in message for message in messages)


def test_what_rare_brings_is_found_without_looking_for_plugins(open_fruits, monkeypatch):
    def looked_for(**_: str) -> None:
        raise AssertionError("entry points were read")

    monkeypatch.setattr("traces.name_registry.metadata.entry_points", looked_for)
    assert open_fruits["banana"].value == 2
    with pytest.raises(AssertionError):
        open_fruits.find("kiwi")


def test_two_plugins_of_one_name_are_both_named(open_fruits, tmp_path, monkeypatch):
    second = make_distribution(tmp_path / "b", "garden", {GROUP: {"kiwi": "rare_test_fruits:KIWI"}}, {})
    monkeypatch.syspath_prepend(second)
    with pytest.raises(InputError, match="(orchard|garden) 1.0 and .* 1.0: two plug-ins have"):
        open_fruits["kiwi"]
