"""HTML pages from templates: every text is escaped; style, script and figures are embedded."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
SMALL_SVG_BYTES = 220_000  # larger ones cost more than the PNG and draw slowly


@dataclass(frozen=True, slots=True)
class Image:
    """A figure inside a page. kind: png or svg+xml. name: its id in the page, or empty.

    An SVG is embedded as an image: its scripts do not run, and its ids cannot clash.
    """

    base64: str
    kind: str
    caption: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text: the first `words` columns are words, the others numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]] = ()
    words: int = 1


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = environment.get_template("page.js").render()
    # The content security policy of the page allows only this script, and no loading.
    environment.globals["script_sha256"] = sha256(script)
    return environment


def sha256(script: str) -> str:
    """The hash of a script for the content security policy of a page."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def render_part(template: str, **values: Any) -> Markup:
    """A part of a page as Markup, which other templates do not escape."""
    return Markup(_environment().get_template(template).render(**values))


def render_page(template: str, **values: Any) -> str:
    """A complete HTML document. Values are escaped, except Markup."""
    return _environment().get_template(template).render(**values)


def png_image(path: Path, caption: str) -> Image:
    """A PNG as an image of a page."""
    return Image(base64.b64encode(path.read_bytes()).decode(), "png", caption)


def small_image(folder: Path, name: str, caption: str) -> Image:
    """The SVG of a figure if it is small, else its PNG. OSError if it cannot be read."""
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    small = svg.stat().st_size <= SMALL_SVG_BYTES
    data = base64.b64encode((svg if small else png).read_bytes()).decode()
    return Image(data, "svg+xml" if small else "png", caption, name)


def indented_json(value: Mapping[str, Any]) -> str:
    """An object as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)
