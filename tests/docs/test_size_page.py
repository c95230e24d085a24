"""docs/guides/size.md has other costs than the package."""

import pytest

from docs.scripts.size_costs import PAGE, refreshed


def test_the_cost_table_is_that_of_the_package():
    text = PAGE.read_text("utf-8")
    assert refreshed(text) == text, "run: python -m docs.scripts.size_costs"


def test_a_page_without_its_markers_is_refused():
    with pytest.raises(ValueError, match="put them back"):
        refreshed("# Sizing\n")
