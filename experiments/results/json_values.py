"""Values of results in JSON's own types, and as text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def plain_json(value: Any) -> Any:
    """`value` in JSON's own types: NumPy's values unwrapped, NaN and infinities null, the rest as text."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def json_text(value: Any, ascii_only: bool = False) -> str:
    """A value as JSON over several lines. ascii_only: every other character as an escape."""
    return json.dumps(plain_json(value), indent=2, allow_nan=False, ensure_ascii=ascii_only)
