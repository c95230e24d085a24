"""Docstrings of plain text become reStructuredText that says the same."""

from dataclasses import dataclass

from docs.scripts.docstring_layout import fields_of, laid_out, marked_up, parameters_of, shorten


def lines_of(text, *names):
    rendered, _ = laid_out(text.splitlines(), set(names))
    return [line for line in rendered if line]


def test_rows_become_definitions_and_deeper_lines_belong_to_them():
    text = "power_w : (K,) int64,\n          not negative\nname    : what messages call it"
    assert lines_of(text) == [
        "``power_w``", r"    (K,) int64, not negative", "``name``", "    what messages call it",
    ]  # fmt: skip


def test_a_word_before_a_colon_is_a_row_only_if_it_is_a_parameter():
    assert lines_of("clock: fast or open", "clock") == ["``clock``", "    fast or open"]
    assert lines_of("Note: nothing else", "clock") == ["Note: nothing else"]


def test_sentences_on_other_parameters_and_on_errors_are_apart():
    text = "record: keep events. warmup_s: left out.\nInputError for a bad one."
    assert lines_of(text, "record", "warmup_s") == [
        "``record``", "    keep events.", "``warmup_s``", r"    left out.", "InputError for a bad one.",
    ]  # fmt: skip


def test_code_is_code_and_nothing_else_is_marked():
    assert marked_up("`a_b` x_y *z* |w|") == r"\ ``a_b``\  x\_y \*z\* \|w\|"


def test_rules_become_links_to_their_paragraph():
    assert marked_up("RULES §4.2a") == r"\ :ref:`§4.2a <rule-4.2>`\ "
    assert marked_up("§7.4a") == r"\ :ref:`§7.4a <rule-7.4a>`\ "


def test_examples_stay_as_they_are():
    assert lines_of(">>> f(`x`)\n*y*") == [">>> f(`x`)", "*y*"]


@dataclass
class Sample:
    """A sample."""

    nodes: int = 1  # how many
    plain: int = 2
    _hidden: int = 3  # not shown


def test_comments_beside_fields_are_read():
    assert fields_of(Sample) == {"nodes": "how many", "plain": ""}
    assert parameters_of(Sample) == ["nodes", "plain", "_hidden"]


def test_default_objects_of_signatures_are_short():
    signature = "(battery: Battery = Battery(capacity_mj=0, limits=(1, 2)), inputs: Inputs = <factory>)"
    short, _ = shorten(None, "class", "Case", None, None, signature, None)
    assert short == "(battery: Battery = Battery(...), inputs: Inputs = ...)"
