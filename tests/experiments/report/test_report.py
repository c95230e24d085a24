"""The report: one page that needs nothing else, tells what the data say, and trusts no name."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from experiments.figures.drawing import style
from experiments.report.html_report import write_report
from experiments.report.metric_tables import run_table
from experiments.report.narrative import compare_sentences, run_sentences
from experiments.report.page_templates import Grid, Image, render_page
from experiments.report.usage_tables import Section
from experiments.results.run_folder import load_compare, load_run
from tests.experiments.fake_runs import fake_compare, fake_run
from traces.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def coarse():
    """Fewer pixels: these tests look at the page around the figures."""
    before, style.PNG_DPI = style.PNG_DPI, 30
    yield
    style.PNG_DPI = before


SCHEDULERS = {"fcfs": 6, "easy": 2, "sjf+easy": 1}
EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen, self.attributes, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = fake_compare(tmp_path_factory.mktemp("compare") / "c", SCHEDULERS, 60)
    write_report(folder)
    return folder


def without_scripts(text):
    """The page without what stands in its scripts, where a library may name addresses."""
    return re.sub(r"<script>.*?</script>", "<script></script>", text, flags=re.DOTALL)


class TestPage:
    def test_stands_alone(self, compared):
        text = without_scripts((compared / "report.html").read_text())
        tags = Tags(text)
        assert tags.open == []
        for tag, name, value in tags.attributes:
            if name in ("src", "href"):
                assert value.startswith("data:image/"), (tag, value[:40])
        assert not {"link", "iframe", "object", "base"} & set(tags.seen)
        assert "url(" not in text and "@import" not in text
        assert len((compared / "report.html").read_bytes()) < 5_000_000
        assert tags.seen.count("img") == 5 and tags.seen.count("figcaption") == 5

    def test_it_may_run_its_own_scripts_and_no_other(self, compared):
        text = (compared / "report.html").read_text()
        scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
        allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
        assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}\"" in text
        assert ["sortable" in script for script in scripts] == [True, False, False]
        assert "Bokeh Contributors" in scripts[1] and "Redistribution and use" in scripts[1]

    def test_only_the_report_is_left_behind(self, compared):
        names = {entry.name for entry in compared.iterdir()}
        assert names == {"compare.json", "config.json", "provenance.json", "runs", "figures", "report.html"}

    def test_best_first_and_bold_and_provenance_shown(self, compared):
        text = (compared / "report.html").read_text()
        rows = re.findall(r'<tr><th scope="row" data-v="([^"]+)">.*?</tr>', text)
        assert rows == ["sjf+easy", "easy", "fcfs"] * 3  # three tables
        first = text[text.index('data-v="sjf+easy"') :]
        assert re.match(r'[^/]*</th><td class="num" data-v="[^"]+"><b>0\.\d{3}</b>', first)
        assert "Versions, seeds and hashes" in text and "0.1.0" in text

    def test_a_single_run(self, tmp_path):
        text = write_report(fake_run(tmp_path / "r")).read_text()
        assert Tags(text).seen.count("img") == 4
        assert "easy completed 19 of 20 jobs" in text and "abababab" in text

    def test_hostile_names_are_only_text(self, tmp_path):
        folder = fake_compare(tmp_path / "c", {EVIL: 1, "easy": 2}, 20, config={EVIL: EVIL, "scenario": EVIL})
        whole = json.loads((folder / "compare.json").read_text())
        whole["scenario"] = EVIL
        whole["results"][0]["metrics"][EVIL] = EVIL
        (folder / "compare.json").write_text(json.dumps(whole))
        tags = Tags(without_scripts(write_report(folder).read_text()))
        assert tags.seen.count("script") == 4 and not any(name == "onerror" for _, name, _ in tags.attributes)
        run = folder / "runs" / "easy"
        stored = json.loads((run / "metrics.json").read_text())
        stored |= {"scenario": EVIL, "scheduler": EVIL + "\ud800", "seed": EVIL, "ended": EVIL}
        stored["metrics"] |= {EVIL: EVIL, "estimates": EVIL}
        (run / "metrics.json").write_text(json.dumps(stored))
        tags = Tags(without_scripts(write_report(run).read_text()))
        assert tags.seen.count("script") == 4 and not any(name == "onerror" for _, name, _ in tags.attributes)

    def test_no_text_reaches_a_page_unescaped(self):
        """Whatever a template is given, but a part that was made by another template, is text."""
        section = Section(EVIL, Grid([EVIL], [[EVIL]]), EVIL)
        page = render_page(
            "report.html.j2", compared=[section], sections=[section], sections_note=EVIL,
            title=EVIL, origin_line=EVIL, sentences=[EVIL], tables_title=EVIL, tables=EVIL,
            learned=EVIL, timeline=None, figures=[Image("AAAA", "png", EVIL, EVIL)], provenance=EVIL, config=EVIL,
        )  # fmt: skip
        tags = Tags(page)
        assert tags.seen.count("script") == 1 and tags.seen.count("img") == 1
        assert tags.open == [] and "alert(1)" in page

    def test_a_value_that_a_template_misses_is_an_error(self):
        with pytest.raises(UndefinedError):
            render_page("report.html.j2", title="t")

    def test_redraws_only_when_asked(self, tmp_path):
        folder = fake_run(tmp_path / "r")
        write_report(folder)
        before = (folder / "figures" / "queue.png").stat().st_mtime_ns
        write_report(folder, redraw=False)
        assert (folder / "figures" / "queue.png").stat().st_mtime_ns == before
        write_report(folder)
        assert (folder / "figures" / "queue.png").stat().st_mtime_ns > before

    def test_no_report_of_a_damaged_run(self, tmp_path):
        folder = fake_run(tmp_path / "r")
        (folder / "power.csv").write_text("time_s\n")
        with pytest.raises(InputError, match=r"power\.csv:1"):
            write_report(folder)
        assert not (folder / "report.html").exists()


class TestMissingMetrics:
    @pytest.mark.parametrize(
        "metrics",
        [
            None,
            {},
            {"objective": None},
            {"mean_wait_s": "soon"},
            {"objective": float("nan"), "jobs_submitted": [1], "value_offered": 0},
        ],
    )
    def test_never_break_a_report(self, tmp_path, metrics):
        folder = fake_compare(tmp_path / "c", {"easy": 1, "fcfs": 2}, 20)
        whole = json.loads((folder / "compare.json").read_text())
        whole["results"][0]["metrics"] = metrics
        (folder / "compare.json").write_text(json.dumps(whole))
        Tags(write_report(folder, redraw=False).read_text())
        whole["results"][1]["metrics"] = metrics
        (folder / "compare.json").write_text(json.dumps(whole))
        Tags(write_report(folder).read_text())
        run = folder / "runs" / "easy"
        (run / "metrics.json").write_text(json.dumps({"metrics": metrics}))
        Tags(write_report(run).read_text())

    def test_null_is_a_dash(self):
        assert ">–</td>" in run_table({"objective": None})


class TestWords:
    def compare(self, tmp_path, scores, key="objective"):
        compare = load_compare(fake_compare(tmp_path / "c", dict.fromkeys(scores, 1), 20))
        for result, score in zip(compare.results, scores.values(), strict=True):
            result["metrics"] = {key: score}
        return compare_sentences(compare)

    def test_the_best_beside_easy_and_the_worst(self, tmp_path):
        first = self.compare(tmp_path, {"fcfs": 0.2, "easy": 0.5, "hvd": 0.61})[0]
        assert first == (
            "Of 3 schedulers, hvd did best: its objective is 0.610 of the value offered, "
            "0.110 more than easy and 0.410 more than the worst, fcfs."
        )

    def test_easy_itself_the_best(self, tmp_path):
        first = self.compare(tmp_path, {"fcfs": 0.2, "easy": 0.5, "hvd": 0.3})[0]
        assert first.startswith("Of 3 schedulers, easy did best") and "0.300 more than fcfs." in first

    def test_a_tie_is_called_one(self, tmp_path):
        first = self.compare(tmp_path, {"easy": 0.5, "hvd": 0.5})[0]
        assert first == "Of 2 schedulers, easy, hvd share the best objective: 0.500 of the value offered."

    def test_a_negative_objective(self, tmp_path):
        assert "its objective is -0.100" in self.compare(tmp_path, {"easy": -0.4, "hvd": -0.1})[0]

    def test_without_values_the_slowdown_decides(self, tmp_path):
        sentences = self.compare(tmp_path, {"fcfs": 90.0, "easy": 30.0, "sjf": 10.0}, "mean_bounded_slowdown")
        assert sentences[0] == (
            "Of 3 schedulers, sjf had the lowest mean bounded slowdown: 10.00, against 30.00 "
            "under easy and 90.00 under the slowest, fcfs."
        )

    def test_a_stall_is_said(self, tmp_path):
        run = load_run(fake_run(tmp_path / "r"))
        run.result["ended"] = "stalled"
        assert "stalled" in run_sentences(run)[-1]

    def test_clairvoyant_schedulers_are_marked(self, tmp_path):
        folder = fake_compare(tmp_path / "c", {"easy": 1, "fcfs": 2}, 20)
        whole = json.loads((folder / "compare.json").read_text())
        whole["results"][1]["metrics"]["estimates"] = "run_time"
        (folder / "compare.json").write_text(json.dumps(whole))
        text = write_report(folder).read_text()
        assert text.count('title="saw true run times"') == 3 and "estimates: run_time" in text

    def test_privileged_schedulers_are_marked(self, tmp_path):
        folder = fake_compare(tmp_path / "c", {"easy": 1, "oracle": 2}, 20)
        assert "‡" not in write_report(folder).read_text()
        whole = json.loads((folder / "compare.json").read_text())
        whole["results"][1]["privileged"] = True
        (folder / "compare.json").write_text(json.dumps(whole))
        text = write_report(folder).read_text()
        assert text.count('oracle<span title="knew true run times and power">‡</span>') == 3
        assert "knew true run times and true power" in text
