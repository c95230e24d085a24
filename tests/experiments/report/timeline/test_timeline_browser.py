"""The timeline in a real Chromium: loads without an error, zooms, shows a job, switches, sorts, prints."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from experiments.figures.drawing import style
from experiments.report.html_report import MOST_BYTES, write_report
from experiments.results.run_folder import load_run
from tests.experiments.fake_runs import fake_compare

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
EVIL = "</script><img src=x onerror=alert(2)>\"'& \u20ac"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright (of the extra `test`) is not installed"
    )
    if not CHROMIUM.is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True, scope="module")
def coarse():
    before, style.PNG_DPI = style.PNG_DPI, 30
    yield
    style.PNG_DPI = before


class Opened:
    """A page with the timeline drawn, and the errors that it reported."""

    def __init__(self, page, errors):
        self.page, self.errors = page, errors

    def text(self, name):
        return self.page.locator(f"#timeline-{name}").inner_text()

    def settle(self):
        """Wait until what was asked for is drawn: two frames of the browser."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def zoom(self, how, times=1):
        for _ in range(times):
            self.page.click(f"[data-zoom={how}]")
        self.settle()

    def place(self, x, y):
        """A point of the plots, as shares of their width and height, scrolled into the window."""
        self.page.locator("#timeline-state").evaluate("(element) => element.scrollIntoView()")
        box = self.page.locator("#timeline-plots").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def show(self, job):
        self.page.fill("#timeline-id", str(job))
        self.page.click("#timeline-find button")
        self.settle()


@contextmanager
def opened(browser, report, **options):
    page = browser.new_page(viewport={"width": 1200, "height": 1200}, **options)
    errors = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else errors.append(asked.url),
    )
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-timeline=ready]", state="attached", timeout=120_000)
    yield Opened(page, errors)
    page.close()


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Two runs of 20 jobs, with users whose names are hostile."""
    folder = fake_compare(tmp_path_factory.mktemp("few") / "c", {"easy": 1, "fcfs": 5}, 20)
    for run in ("easy", "fcfs"):
        path = folder / "runs" / run / "jobs.csv"
        pd.read_csv(path, dtype=str).assign(user=EVIL).to_csv(path, index=False)
    write_report(folder)
    return folder


class TestFewJobs:
    def test_zooms_hovers_switches_sorts_and_prints(self, browser, few):
        """One page for all, since opening it takes longest."""
        job = load_run(few / "runs" / "easy").jobs.query("status == 'completed'").iloc[5]
        with opened(browser, few / "report.html") as view:
            assert "easy" in view.text("state") and "20 jobs in view." in view.text("state")
            self.zooms(view)
            self.hovers(view, job)
            self.switches(view)
            self.sorts(view)
            self.prints(view)
            assert view.errors == []

    def zooms(self, view):
        whole = view.text("state")
        view.zoom("in", 2)
        assert view.text("state") != whole
        view.zoom("all")
        assert view.text("state") == whole
        view.page.mouse.move(*view.place(0.3, 0.1))
        view.page.mouse.down()
        view.page.mouse.move(*view.place(0.5, 0.15), steps=4)
        view.page.mouse.up()
        view.settle()
        boxed = view.text("state")
        assert boxed != whole
        view.page.keyboard.down("Control")
        view.page.mouse.wheel(0, -300)
        view.page.wait_for_timeout(150)
        view.page.keyboard.up("Control")
        assert view.text("state") not in (whole, boxed)

    def hovers(self, view, job):
        view.show(job["job_id"])
        state = view.text("state")
        for share in range(50, 97):
            view.page.mouse.move(*view.place(0.5, share / 100))
            view.settle()
            if view.page.locator("#timeline-card").is_visible() and f"job\n{job['job_id']}\n" in view.text(
                "card"
            ):
                break
        card = view.text("card")
        for name in (
            "user",
            "cores",
            "submit",
            "first start",
            "end",
            "run time",
            "value",
            "status",
            "suspensions",
            "kills",
        ):
            assert f"\n{name}\n" in card, card
        assert EVIL in card and f"cores\n{job['cores']:,}" in card and "status\ncompleted" in card
        assert "Completed at" in card
        assert "draw" in view.text("now") and "waiting for" in view.text("now")
        assert view.text("state") == state  # hovering changes nothing
        assert view.text("job").startswith(f"Job {job['job_id']} under easy")

    def switches(self, view):
        before = view.text("state")
        view.page.select_option("#timeline-run", label="fcfs")
        view.settle()
        assert (
            view.text("state").replace("fcfs", "easy").split(":")[0] == before.split(":")[0]
        )  # the same zoom
        assert "under fcfs" in view.text("job")
        view.zoom("all")

    def sorts(self, view):
        view.page.click("#timeline-table summary")
        rows = view.page.locator("#timeline-table tbody tr")
        rows.first.wait_for()
        view.page.click("#timeline-table [data-order=cores]")
        view.page.wait_for_selector("th[aria-sort=descending] [data-order=cores]")
        cores = [int(row.locator("td").nth(2).inner_text().replace(",", "")) for row in rows.all()]
        assert len(cores) == 20 and cores == sorted(cores, reverse=True) and len(set(cores)) > 3
        view.page.click("#timeline-table [data-order=cores]")
        view.page.wait_for_selector("th[aria-sort=ascending] [data-order=cores]")
        assert int(rows.first.locator("td").nth(2).inner_text()) == cores[-1]
        rows.first.locator("button").click()
        assert "under fcfs" in view.text("job")

    def prints(self, view):
        view.page.evaluate("() => { dispatchEvent(new Event('beforeprint')); }")
        pictures = view.page.locator("#timeline-print img")
        assert pictures.count() == 3  # no battery's capacity is known
        for picture in pictures.all():
            picture.evaluate("(image) => image.decode()")
            assert picture.evaluate("(image) => image.naturalWidth") > 500
        view.page.evaluate("() => { dispatchEvent(new Event('afterprint')); }")
        assert len(view.page.pdf()) > 20_000


@pytest.mark.slow
class TestLargerRuns:
    def test_a_shipped_scenario_dark_and_narrow(self, browser, tmp_path):
        command = [sys.executable, "-m", "experiments.cli", "compare", "--scenario", "tiny", "--quiet"]
        command += ["--scheduler", "easy", "--scheduler", "edf+easy", "--out", tmp_path / "run"]
        subprocess.run(command, check=True, capture_output=True)
        with opened(browser, tmp_path / "run" / "report.html", color_scheme="dark") as view:
            view.zoom("in", 3)
            view.page.set_viewport_size({"width": 420, "height": 900})
            view.settle()
            assert view.page.evaluate("document.documentElement.scrollWidth") <= 420
            assert view.page.locator("#timeline-legend").inner_text().count("battery") >= 1
            view.page.select_option("#timeline-mode", "status")
            view.settle()
            assert "cores of jobs completed" in view.text("legend")
            assert view.errors == []

    def test_200_000_jobs(self, browser, tmp_path):
        folder = fake_compare(tmp_path / "c", {"easy": 1, "fcfs": 3}, 200_000)
        report = write_report(folder)
        assert report.stat().st_size <= MOST_BYTES
        with opened(browser, report) as view:
            assert "200,000 jobs in view; zoom in for single bars" in view.text("state")
            view.show(100_000)
            assert "Job 100000 under easy" in view.text("job")
            view.page.select_option("#timeline-mode", "bars")
            view.zoom("all")
            assert "bars of the first 300 in order" in view.text("state")
            view.page.select_option("#timeline-run", label="fcfs")
            view.page.locator("#timeline-state", has_text="fcfs").wait_for(timeout=60_000)
            assert view.errors == []
