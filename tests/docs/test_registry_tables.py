"""Tables of names in the documentation hold the names that the registries hold."""

import pytest

from docs.scripts.page_paths import page_path
from docs.scripts.registry_tables import PAGE, TABLES_BY_HAND, names_in_table, names_page
from energy.weather.weather_formats import WEATHER_FORMATS


def test_the_page_of_names_is_what_the_registries_say():
    written = PAGE.read_text(encoding="utf-8")
    assert written == names_page(), "python -m docs.scripts.registry_tables writes it anew"


@pytest.mark.parametrize("page", TABLES_BY_HAND)
def test_a_table_by_hand_has_every_name_and_no_other(page):
    first_line, registry = TABLES_BY_HAND[page]
    assert sorted(names_in_table(page, first_line)) == sorted(registry.built_in)


def test_the_page_of_the_supply_names_every_weather_format():
    rows = page_path("scenario-supply.md").read_text(encoding="utf-8").splitlines()
    row = next(row for row in rows if row.startswith("| `format` |") and "by its content" in row)
    assert all(f"`{name}`" in row for name in WEATHER_FORMATS.built_in)
