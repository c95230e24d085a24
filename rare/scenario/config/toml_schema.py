"""JSON schemas of TOML files, for editors that complete keys and mark mistakes (such as Taplo)."""

from __future__ import annotations

from typing import Any

from rare.scenario.config.field_types import Table

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: How a key ends, and the unit that it states; the longer endings first.
UNITS = {
    "_per_core_hour": "money/core-hour",
    "_per_gpu_hour": "money/GPU-hour",
    "_percent_per_month": "%/month",
    "_g_per_kwh": "g/kWh",
    "_per_kwh": "money/kWh",
    "_per_kg": "money/kg",
    "_percent": "%",
    "_gib_per_node": "GiB",
    "_ratio": "peak draws",
    "_kwh": "kWh",
    "_kw": "kW",
    "_deg": "degrees",
    "_w": "W",
    "_m": "m",
    "_s": "s",
    "_min": "min",
    "_h": "h",
    "hours": "h",
    "kwh": "kWh",
    "days": "d",
    "share": "1",
}


def unit_of(key: str) -> str | None:
    """The unit that a key of a table states by its name; None: a count, a ratio to itself, or no quantity."""
    if key.startswith("dc_ac"):
        return None
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), None)


def toml_schema(model: type[Table], title: str, given: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON schema of files of `model`. `given`: required keys that a file need not have."""
    schema = model.model_json_schema()
    for table in (schema, *schema.get("$defs", {}).values()):
        table["properties"] = {key: _property(key, value) for key, value in table["properties"].items()}
        required = [key for key in table.get("required", []) if key not in given or table is not schema]
        table["required"] = required
    return {"$schema": DIALECT, **schema, "title": title}


def _property(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A key's schema without `null`, which TOML has not, named by its key and unit."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        schema = {**{name: value for name, value in schema.items() if name != "anyOf"}, **choices[0]}
    elif choices:
        schema = {**schema, "anyOf": choices}
    if schema.get("default", "") is None or "$ref" in schema:
        schema = {name: value for name, value in schema.items() if name != "default"}
    if schema.get("type") == "array" and "maxLength" in schema:  # pydantic's name for it is that of texts
        schema = {**schema, "maxItems": schema["maxLength"]}
        del schema["maxLength"]
    unit = unit_of(key)
    return {**schema, "title": key if unit is None else f"{key} [{unit}]"} | ({"unit": unit} if unit else {})
