"""The part of JSON Schema that rare's schemas use, so that tests need no validator from outside."""

import datetime
import re

TYPES = {
    "object": dict,
    "array": list,
    "string": (str, datetime.date, datetime.time),  # TOML's dates; editors take them as strings
    "number": (int, float),
    "integer": int,
    "boolean": bool,
}
CHECKED = {
    "$ref", "$defs", "$schema", "anyOf", "enum", "const", "type", "properties", "required",
    "additionalProperties", "items", "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum",
    "maximum", "exclusiveMinimum",
}  # fmt: skip
REMARKS = {"title", "description", "default", "examples", "unit", "otherwise"}


def faults(value, schema, root, path=""):
    """What in `value` the schema forbids, a line each."""
    unknown = set(schema) - CHECKED - REMARKS
    assert not unknown, f"{path}: the schema has {unknown}, which this check does not know"
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, path)
    if "anyOf" in schema:
        ways = [faults(value, way, root, path) for way in schema["anyOf"]]
        return [] if [] in ways else [line for way in ways for line in way]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{path}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"] or value != schema.get("const", value):
        return [f"{path}: {value!r} is none of the choices"]
    if isinstance(value, dict):
        return _table_faults(value, schema, root, path)
    if isinstance(value, list):
        inner = [
            line
            for i, item in enumerate(value)
            for line in faults(item, schema["items"], root, f"{path}.{i}")
        ]
        fits = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        return inner if fits else [*inner, f"{path}: has {len(value)} items"]
    if isinstance(value, str):
        fits = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        return [] if fits and re.search(schema.get("pattern", ""), value) else [f"{path}: {value!r}"]
    if isinstance(value, int | float) and not isinstance(value, bool):
        fits = schema.get("minimum", value) <= value <= schema.get("maximum", value)
        return [] if fits and value > schema.get("exclusiveMinimum", value - 1) else [f"{path}: {value!r}"]
    return []


def _table_faults(value, schema, root, path):
    known = schema["properties"]
    lines = [f"{path}: {key} is unknown" for key in value if key not in known]
    lines += [f"{path}: {key} is missing" for key in schema.get("required", []) if key not in value]
    for key in value:
        if key in known:
            lines += faults(value[key], known[key], root, f"{path}.{key}")
    return lines
