"""What the tests of scenarios share: a folder with tiny files, and cases built from a few lines of TOML."""

import pytest

from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from tests.rare.scenario.scenario_texts import BASE

JOBS = """# start_utc: 2022-06-13T00:00:00Z
# zone: UTC
# processors: 8
job_id,submit_s,cores,work_s,estimate_s
1,100,2,600,900
2,200,4,1200,3600
3,86500,8,300,600
"""
SUPPLY = "time_utc,wind_kw\n" + "".join(
    f"2022-06-{13 + hour // 24:02d}T{hour % 24:02d}:00:00Z,{hour % 24}\n" for hour in range(10 * 24)
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder with jobs.csv and supply.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text(JOBS, encoding="utf-8")
    (tmp_path / "supply.csv").write_text(SUPPLY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def made(here):
    """Build BASE with more TOML and settings."""

    def make(more="", *settings, base=BASE, seed=0, **wishes):
        (here / "mine.toml").write_text(base + more, encoding="utf-8")
        return build(load_scenario("mine.toml", Wishes(settings=settings, **wishes)), seed=seed)

    return make
