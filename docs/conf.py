"""How Sphinx builds the site from the pages of docs: `make docs`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from docs.scripts import docstring_layout, site_pages, tutorial_kernel  # noqa: E402 - the checkout has to be on the path first
from rare import __version__  # noqa: E402

project = "RARE"
author = "The RARE authors"
project_copyright = "The RARE authors. MIT licence"
version = release = os.environ.get("RARE_SITE_VERSION", __version__)

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "scripts"]
nitpicky = True

# --- pages: Markdown that a forge shows too ------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 6

# --- docstrings: plain text, laid out by docs/scripts/docstring_layout.py -------------------------------------

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
python_maximum_signature_line_length = 88
# Types in signatures are often private or of other projects; links in texts are checked by MyST.
nitpick_ignore_regex = [("py:class", r".*")]

# --- tutorials: run at each build, each in a folder of its own ------------------------------------------------

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 600  # s a cell; the first may compile the rules
nb_merge_streams = True
tutorial_kernel.provide(ROOT)

# --- looks ----------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = f"RARE {version}"
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = dict.fromkeys(("index", "contributing", "security", "changes"), ())
html_theme_options: dict[str, object] = {
    "show_nav_level": 1,
    "navigation_with_keys": True,
    "header_links_before_dropdown": 4,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
if os.environ.get("RARE_SITE_SWITCHER"):  # docs/scripts/site_versions.py, which writes the list of versions
    templates_path = ["_templates"]
    html_js_files = ["versions.js"]
    html_theme_options["navbar_end"] = ["versions", "theme-switcher"]
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"


def setup(app: object) -> None:
    """Called by Sphinx: what the pages need beyond its own extensions."""
    site_pages.connect(app)
    docstring_layout.connect(app)
