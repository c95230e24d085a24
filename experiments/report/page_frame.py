"""The frame of the report page: its style and its one small script, both inside the page."""

import base64
import hashlib
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1b2127; --soft: #5a636c; --line: #d9dee3; --back: #ffffff;
  --card: #f5f7f8; --accent: #006b4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #a3adb6; --line: #3a424a;
  --back: #14181c; --card: #1d2329; --accent: #4fd1a5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 96rem; background: var(--back);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.1rem 0 .4rem; }
.under, .note, figcaption, .unit, th small { color: var(--soft); }
.under { margin: 0 0 1.25rem; overflow-wrap: anywhere; }
.note { font-size: .87rem; margin: .5rem 0; max-width: 60rem; }
.headline { background: var(--card); border-left: 4px solid var(--accent); padding: .9rem 1.1rem;
  border-radius: 4px; }
.headline p { margin: .3rem 0; overflow-wrap: anywhere; }
.headline p:first-child { font-size: 1.15rem; font-weight: 600; margin-top: 0; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; }
.sortable { width: 100%; font-size: .82rem; }
.plain { margin: 1rem 0 1.5rem; } .plain thead th { padding: .3rem .5rem; }
th, td { padding: .3rem .5rem;
  border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { vertical-align: bottom; background: var(--card); min-width: 3.9rem; padding: 0; }
tbody th { font-weight: 500; overflow-wrap: anywhere; }
.sortable tbody th { min-width: 8rem; max-width: 16rem; }
.sortable th:first-child { position: sticky; left: 0; background: var(--card); z-index: 1; }
td.num, thead th:not(:first-child) button { text-align: right; }
td.num { white-space: nowrap; }
thead button { all: unset; box-sizing: border-box; display: block; width: 100%;
  padding: .4rem .5rem; cursor: pointer; font-weight: 600; line-height: 1.25; }
thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
thead small { display: block; font-weight: 400; }
th[aria-sort=ascending] button::after { content: " \\25B2"; font-size: .7em; }
th[aria-sort=descending] button::after { content: " \\25BC"; font-size: .7em; }
.side { display: flex; flex-wrap: wrap; gap: 0 3rem; align-items: flex-start; }
.metrics { flex: 1 1 24rem; }
figure { margin: 0 0 2rem; max-width: 72rem; }
figure img { display: block; width: 100%; height: auto; background: #fff; border: 1px solid var(--line);
  border-radius: 4px; padding: .5rem; }
figcaption { font-size: .9rem; margin-top: .45rem; max-width: 60rem; }
details { margin: .5rem 0; border: 1px solid var(--line); border-radius: 4px; padding: .4rem .8rem; }
summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; font-size: .8rem; line-height: 1.4; white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --back: #fff;
    --card: #f4f4f4; --accent: #006b4f; }
  @page { size: A4 landscape; margin: 12mm; }
  body { max-width: none; padding: 0; font-size: 11pt; }
  .wide { overflow: visible; border: 0; } .sortable { font-size: 6.6pt; } thead th { min-width: 0; }
  th, td, thead button { padding: 2px 3px; } .sortable tbody th { min-width: 0;
    overflow-wrap: normal; }
  figure, .headline, tr { break-inside: avoid; } figure img { max-height: 165mm; object-fit: contain; }
  h2 { break-after: avoid; } }
"""

SCRIPT = """
document.querySelectorAll("table.sortable").forEach(function (table) {
  table.querySelectorAll("thead button").forEach(function (button, place) {
    button.addEventListener("click", function () {
      var head = button.parentElement, body = table.tBodies[0];
      var now = head.getAttribute("aria-sort"), up = now === null ? place === 0 : now === "descending";
      table.querySelectorAll("thead th").forEach(function (th) { th.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      Array.from(body.rows).sort(function (a, b) {
        var x = a.cells[place].dataset.v, y = b.cells[place].dataset.v;
        if (x === "" || y === "") return (x === "") - (y === "");
        var order = place === 0 ? x.localeCompare(y) : Number(x) - Number(y);
        return up ? order : -order;
      }).forEach(function (row) { body.appendChild(row); });
    });
  });
});
"""


def page(title: str, body: str) -> str:
    """A whole HTML document around `body`, which must be escaped; `title` is plain text.

    The page's own policy lets it load nothing and run nothing but the script above.
    """
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n"
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
