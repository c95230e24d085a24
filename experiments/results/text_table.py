"""Tables as text: the one place where columns are lined up.

Text that goes to a file or a pipe has the width that its cells need. On a terminal that is narrower, headings
wrap and the last columns are left out and named.
"""

from __future__ import annotations

import io
import sys
import textwrap
from collections.abc import Iterable, Sequence

Row = Sequence[str]
GAP = 2  # spaces between columns
LEAST_WIDTH = 40  # a terminal that says it is narrower gets tables of this width
NAME_WIDTH = 14  # the first column wraps to no less


def aligned_lines(rows: Sequence[Row], words: int = 1) -> list[str]:
    """A line for each row; the first `words` columns to the left, the others, numbers, to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((" " * GAP).join(cells).rstrip())
    return lines


def named_lines(pairs: Iterable[tuple[str, str]], right: int = 0) -> list[str]:
    """Indented `name  value` lines, names of one width; values shorter than `right` are set to the right."""
    pairs = list(pairs)
    width = max((len(name) for name, _ in pairs), default=0)
    return [f"  {name:<{width}}  {value:>{right or 1}}" for name, value in pairs]


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none."""
    import shutil

    try:
        on_terminal = sys.stdout.isatty()
    except (AttributeError, ValueError):  # replaced by something else, or closed
        return None
    return max(shutil.get_terminal_size().columns, LEAST_WIDTH) if on_terminal else None


def fits(lines: Sequence[str], width: int | None) -> bool:
    """Whether no line is longer than the terminal is wide; without a terminal always."""
    return width is None or max(map(len, lines), default=0) <= width


def narrow_lines(
    rows: Sequence[Row], width: int, words: int = 1, keep: int = 2, rest: str = "--json has everything"
) -> list[str]:
    """The rows, the heading first, in at most `width` columns.

    Headings wrap, and so does the first column; the last columns are left out as far as need be, but the
    first `keep` never. What is left out is named in a last line, with where it is found (`rest`).
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    least = _least_widths(rows)
    count = len(least)
    while count > keep and sum(least[:count]) + GAP * (count - 1) > width:
        count -= 1
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="", show_edge=False)
    for place in range(count):
        heading = "\n".join(textwrap.wrap(rows[0][place], least[place])) if place else rows[0][0]
        table.add_column(
            Text(heading),
            justify="left" if place < words else "right",
            vertical="bottom" if place else "top",
            no_wrap=place > 0,
            overflow="fold" if place == 0 else "ignore",
        )
    for row in rows[1:]:
        table.add_row(*map(Text, row[:count]))
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, legacy_windows=False).print(table)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    left_out = rows[0][count:]
    if left_out:
        lines += textwrap.wrap(f"no room for: {', '.join(left_out)}; {rest}", width)
    return lines


def _least_widths(rows: Sequence[Row]) -> list[int]:
    """The width that each column needs if its heading wraps at spaces; the first may wrap its names."""
    widths = []
    for place, heading in enumerate(rows[0]):
        longest_word = max(map(len, heading.split()), default=1)
        widths.append(max(longest_word, *(len(row[place]) for row in rows[1:])))
    widths[0] = min(widths[0], max(NAME_WIDTH, len(rows[0][0])))
    return widths
