"""An error loses its parts on the way to the one who prints it, or somebody's words for another's."""

import copy
import pickle

import pytest

from experiments.data.option_words import option_words
from rare.scenario.inputs.key_words import keys_of
from traces.errors import InputError, Parameter, Phrase
from traces.read_report import Finding

FILL = Phrase("fill with ", Parameter("gaps", ("hold", "zero")), ", or leave ", Parameter("unit"), " out")
ERROR = InputError("no value", where="a.csv:3", value="'x'", remedy=FILL)


def test_the_line_says_where_what_value_and_remedy():
    line = "a.csv:3: no value, got 'x'; fill with gaps='hold' or 'zero', or leave unit= out"
    assert str(ERROR) == line
    assert str(InputError("all in one line")) == "all in one line"


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_copies_keep_every_part(copied):
    again = copied(ERROR)
    assert (again.what, again.where, again.value) == ("no value", "a.csv:3", "'x'")
    assert again.worded(option_words).remedy == ERROR.worded(option_words).remedy
    assert again.parameters() == {"gaps", "unit"}


@pytest.mark.parametrize(
    "words, remedy",
    [
        (option_words, "fill with --gaps hold or zero, or leave --unit out"),
        (keys_of("forecast"), "fill with forecast.gaps = 'hold' or 'zero', or leave forecast.unit out"),
        (keys_of("site", {"unit": "a.b"}), "fill with site.gaps = 'hold' or 'zero', or leave a.b out"),
    ],
    ids=["options", "keys of a table", "a key of another table"],
)
def test_each_layer_has_its_own_words_and_the_first_stay(words, remedy):
    worded = ERROR.worded(words)
    assert worded.line() == f"a.csv:3: no value, got 'x'; {remedy}" == worded.worded(str).line()


def test_what_a_file_holds_is_never_taken_for_a_parameter():
    error = InputError("column 'gaps=hold' is unknown", where="unit=.csv", remedy="name zone='UTC' in it")
    assert error.worded(option_words).line() == str(error)


def test_a_place_is_added_where_there_is_none():
    assert str(ERROR.at("site")) == str(ERROR)
    assert str(InputError("no such zone").at("site")) == "site: no such zone"
    assert str(ERROR.within("supply.source.0")).startswith("supply.source.0: a.csv:3: no value")
    assert str(InputError("is no zone", where=Parameter("zone"))) == "zone: is no zone"
    assert InputError("is no zone", where=Parameter("zone")).worded(option_words).where == "--zone"


def test_one_more_remedy_follows_the_others():
    assert str(InputError("x").also("y")) == "x; y"
    more = ERROR.also("or ask").worded(option_words)
    assert str(more).endswith("--unit out; or ask")


def test_a_long_one_is_cut_and_keeps_its_place():
    short = InputError("x" * 5000 + "\nend", where="a.csv:3", remedy="do this").shortened(300)
    assert len(str(short)) <= 300 and "\n" not in str(short)
    assert short.where == "a.csv:3" and str(short).endswith("end; do this")
    assert ERROR.shortened(300) is ERROR


def test_values_of_any_size_can_be_said():
    assert len(str(Parameter("year", 10**5000))) < 300
    assert str(Parameter("utc_offset_h", 5.0)) == "utc_offset_h=5"
    assert str(Parameter("clear_sky", True, "read_weather")) == "read_weather(..., clear_sky=True)"


def test_findings_are_worded_like_errors():
    finding = Finding(2, 3, None, Phrase("taken as 0; ", Parameter("altitude_m"), " states it"))
    assert finding.as_dict()["text"] == "taken as 0; altitude_m= states it"
    assert finding.as_dict(option_words)["text"] == "taken as 0; --altitude-m states it"
