"""Checks the HTML of the site: links and anchors lead somewhere, pictures have words, headings go down by one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

GENERATED = ("genindex", "search", "py-modindex")  # written by Sphinx, with headings of its own
LOADED = ("stylesheet", "icon")  # what a page loads; other <link>s say what belongs together
DOI = re.compile(r"(?:doi:|doi\.org/)([^\s)\"'<>\]`,;]+)")
DOI_SHAPE = re.compile(r"10\.\d{4,9}/[\w.()/:;-]*[\w)]$")
ARXIV = re.compile(r"arxiv(?:\.org/abs/|[ :])\s*([\d.]+\d)", re.IGNORECASE)
ARXIV_SHAPE = re.compile(r"\d{4}\.\d{4,5}$")
URL = re.compile(r"https?://[^\s)\"'<>\]`]+")


@dataclass
class Page:
    """What a page of HTML holds that can be checked."""

    links: list[str] = field(default_factory=list)
    pictures: list[tuple[str, str | None]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    headings: list[int] = field(default_factory=list)


class _Reader(HTMLParser):
    """Fills a Page. Headings count inside the article only: the theme has some of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._articles = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.page.ids.add(str(values["id"]))
        if tag == "article":
            self._articles += 1
        elif values.get("href") and (tag == "a" or (tag == "link" and values.get("rel") in LOADED)):
            self.page.links.append(str(values["href"]))
        elif tag == "script" and values.get("src"):
            self.page.links.append(str(values["src"]))
        elif tag == "img":
            self.page.pictures.append((str(values.get("src")), values.get("alt")))
        elif re.fullmatch("h[1-6]", tag) and self._articles:
            self.page.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._articles -= 1


@dataclass
class SiteCheck:
    """What was checked: how many of each kind, and what is wrong, a line each."""

    counts: Counter[str]
    problems: list[str]

    def summary(self) -> str:
        """One line with the counts."""
        return ", ".join(f"{number:,} {name}" for name, number in self.counts.items())


def read_page(path: Path) -> Page:
    """The links, pictures, anchors and headings of a page."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.page


def check(site: Path) -> SiteCheck:
    """Check every page below `site`. Links to other hosts are counted, not asked for."""
    pages = {
        path.resolve(): read_page(path)
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] != "_static"
    }
    counts: Counter[str] = Counter({"pages": len(pages)})
    problems: list[str] = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve()).as_posix()
        for link in page.links:
            kind, wrong = _checked(link, path, pages)
            counts[kind] += 1
            if wrong:
                problems.append(f"{name}: {link}: {wrong}")
        for source, words in page.pictures:
            counts["pictures"] += 1
            if not words or re.fullmatch(r"[\w./-]+\.(png|svg)", words):
                problems.append(f"{name}: picture {source} has no words for those who do not see it")
            if ":" not in source and not (path.parent / unquote(source)).is_file():
                problems.append(f"{name}: picture {source} is missing")
        if not name.startswith(GENERATED):
            problems += [f"{name}: {text}" for text in _headings(page.headings)]
    return SiteCheck(counts, problems)


def _checked(link: str, path: Path, pages: dict[Path, Page]) -> tuple[str, str]:
    """Kind of a link, and what is wrong with it; empty if nothing is."""
    if re.match(r"https?://", link):
        return "external links", ""
    if re.match(r"[a-z]+:", link):
        return "other links", ""
    file, anchor = urldefrag(link)
    target = (path.parent / unquote(file.partition("?")[0])).resolve() if file else path
    if not target.is_file():
        return "links", "no such file"
    if not anchor:
        return "links", ""
    known = target not in pages or unquote(anchor) in pages[target].ids
    return "anchors", "" if known else "no such anchor"


def _headings(levels: list[int]) -> list[str]:
    """What is wrong with the order of headings."""
    wrong = [] if levels.count(1) == 1 else [f"{levels.count(1)} first headings, one is needed"]
    return wrong + [
        f"a heading of level {low} below one of level {high}"
        for high, low in zip(levels, levels[1:], strict=False)
        if low > high + 1
    ]


# --- the sources ----------------------------------------------------------------------------------------------

HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCED = re.compile(r"^(`{3,}|:{3,}).*?^\1 *$", re.MULTILINE | re.DOTALL)
MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """Anchors of the headings of a page of Markdown, as a forge and MyST make them."""
    found: Counter[str] = Counter()
    names = set()
    for heading in HEADING.findall(FENCED.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def local_links(page: Path) -> list[str]:
    """Links of a page of Markdown to files and anchors, outside code."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return [link for link in MARKDOWN_LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def broken_links(page: Path) -> list[str]:
    """Local links of a page of Markdown that lead to no file or no heading."""
    broken = []
    for link in local_links(page):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and target.suffix == ".md" and not has_anchor(target, anchor)):
            broken.append(link)
    return broken


def has_anchor(page: Path, anchor: str) -> bool:
    """Whether a page of Markdown has a heading with this anchor."""
    return anchor in anchors(page.read_text(encoding="utf-8"))


def external_links(docs: Path) -> list[tuple[str, str]]:
    """Links to other hosts in the pages of Markdown below `docs`, as (page, address)."""
    return [
        (path.relative_to(docs).as_posix(), address)
        for path in sorted(docs.rglob("*.md"))
        if not path.relative_to(docs).parts[0].startswith("_")
        for address in URL.findall(path.read_text(encoding="utf-8"))
    ]


def misshapen_identifiers(text: str) -> list[str]:
    """DOIs and arXiv numbers of a text that cannot be any."""
    dois = [
        each.rstrip(".,;:)") if each.count("(") < each.count(")") else each.rstrip(".,;:")
        for each in DOI.findall(text)
    ]
    wrong = [each for each in dois if not DOI_SHAPE.match(each)]
    return wrong + [each for each in ARXIV.findall(text) if not ARXIV_SHAPE.match(each)]
