"""Power from files, commands and HTTP, and everything that a feed may answer instead."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from experiments.operate.shadow.sources import http_fetch
from experiments.operate.shadow.sources.power_feed import FeedOptions, power_feed
from traces.errors import InputError


def read(name, now_s=None, **options):
    return power_feed(str(name), FeedOptions(**options)).read(now_s)


@pytest.mark.parametrize(
    ("text", "options", "watts"),
    [
        ("12.5 kW\n", {}, 12_500),
        ("3", {"unit": "MW"}, 3e6),
        ("\ufeff5e2W", {}, 500),
        ('{"power": 7, "unit": "kW"}', {}, 7000),
        ('{"a": [{"mw": "0.5 MW"}]}', {"path": "a.0.mw"}, 5e5),
        ('{"wind": 2, "solar": 3}', {"path": "wind+solar", "unit": "kW", "scale": 0.1}, 500),
    ],
)
def test_a_file_holds_a_number_with_a_unit(tmp_path, text, options, watts):
    (tmp_path / "power.txt").write_text(text)
    reading = read(tmp_path / "power.txt", **options)
    assert reading.power_w == pytest.approx(watts)
    assert reading.age_s < 60


def test_a_share_is_of_the_peak(tmp_path):
    (tmp_path / "p.json").write_text('{"renewablePercentage": 42, "datetime": "2026-11-30T12:00:00Z"}')
    reading = read(tmp_path / "p.json", path="renewablePercentage", time_path="datetime", unit="%")
    assert (reading.share, reading.power_w, reading.of_s) == (0.42, None, 1_796_040_000)


@pytest.mark.parametrize("at", ["2026-11-30T12:00:00+00:00", "2026-11-30T13:00:00+01:00"])
def test_instants(tmp_path, at):
    (tmp_path / "p.json").write_text(json.dumps({"power": 1, "at": at}))
    assert read(tmp_path / "p.json", time_path="at", unit="W").of_s == 1_796_040_000


def test_the_age_of_a_file_is_that_of_its_last_change(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text("5 W")
    os.utime(path, (time.time() - 500,) * 2)
    assert 490 < read(path).age_s < 520


def test_a_table_has_now_and_what_is_ahead(tmp_path):
    path = tmp_path / "wind.csv"
    path.write_text("time,power_kw\n2026-11-30T12:00Z,5\n2026-11-30T12:10Z,7\n2026-11-30T12:20Z,2\n")
    noon = 1_796_040_000
    reading = read(path, noon + 700)
    assert (reading.power_w, reading.ahead, reading.age_s) == (7000, ((noon + 1200, 2000.0),), 0)
    assert read(path, noon + 3600).age_s == 1800  # the last row has held for its step
    with pytest.raises(InputError, match="begins 100 s after now"):
        read(path, noon - 100)


def test_a_command_prints_the_power():
    words = f"{sys.executable} -I -S -c 'print(\"2 kW\")'"
    assert read(f"command: {words}").power_w == 2000


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        ("", {}, "not a number with a unit"),
        ("nan W", {}, "not a number with a unit"),
        ("1e400 W", {}, "power is 0 to 10"),
        ("1e99 GW", {}, "power is 0 to 10"),
        ("-1 W", {}, "power is 0 to 10"),
        ("5", {}, "without a unit"),
        ("5 mW", {}, "unit 'mW' is unknown"),
        ("45 Watt", {}, "unit 'Watt' is unknown; use W, kW, MW, GW, %"),
        ('{"power": "45 Watt"}', {}, "unit 'Watt' is unknown; use W, kW, MW, GW, %"),
        ("45 W there", {}, "such as 12.5 kW; units are W, kW, MW, GW, %"),
        ("5000 %", {}, "a share is 0 to 1000 %"),
        ("<html><body>Service unavailable</body></html>", {}, "not a number with a unit"),
        ("{", {}, "no whole JSON"),
        ("[" * 10**5, {}, "no whole JSON"),
        ('{"power": NaN}', {}, "not a number"),
        ('{"power": true}', {}, "not a number"),
        ('{"power": [1]}', {}, "not a number"),
        ('{"power": "much"}', {}, "not a number"),
        ('{"power": 1}', {"path": "a.b"}, "has nothing at 'a.b'"),
        ('{"power": 1}', {"time_path": "at"}, "has nothing at 'at'"),
        ('{"power": 1, "at": "noon"}', {"time_path": "at"}, "not an instant"),
        ('{"power": 1, "at": "2026-11-30T12:00"}', {"time_path": "at"}, "not an instant"),
        ("\0" * 50, {}, "not a number with a unit"),
        ("9" * 5000 + " W", {}, "not a number with a unit"),
        ('{"power": ' + "9" * 5000 + "}", {}, "no whole JSON"),
    ],
)
def test_what_is_no_power_is_one_clear_line(tmp_path, text, options, line):
    (tmp_path / "p.txt").write_text(text)
    with pytest.raises(InputError, match=line) as error:
        read(tmp_path / "p.txt", **options)
    assert "p.txt" in str(error.value)
    assert len(str(error.value)) < 400
    assert str(error.value).isprintable()


def test_missing_files_large_ones_and_pipes(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.txt")
    with (tmp_path / "big.txt").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match="is larger than"):
        read(tmp_path / "big.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "pipe.txt")


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("x.txt", {"unit": "kWh"}, "--power-unit"),
        ("x.txt", {"scale": 0.0}, "--power-scale"),
        ("x.txt", {"scale": float("nan")}, "--power-scale"),
        ("x.txt", {"headers": (("a", "B"),)}, "for a feed by HTTP"),
        ("ftp://host/x", {}, "no URL of http or https"),
        ("http://user:secret@127.0.0.1/", {}, "would be logged"),
        ("http://127.0.0.1:99999/", {}, "no URL"),
        ("https://host/", {"headers": (("auth-token", "UNSET_VARIABLE"),)}, "'UNSET_VARIABLE' is empty"),
        ("https://host/", {"headers": (("a b", "TOKEN"),)}, "no name of a header"),
        ("http://host/", {"headers": (("auth-token", "TOKEN"),)}, "in clear text; use https"),
        ("command: '", {}, "cannot be split into words"),
        ("command:", {}, "is no command"),
    ],
)
def test_options_that_cannot_be_right_are_refused_at_the_start(monkeypatch, name, options, line):
    monkeypatch.setenv("TOKEN", "s3cret")
    with pytest.raises(InputError, match=line) as error:
        power_feed(name, FeedOptions(**options))
    assert "s3cret" not in str(error.value) and "secret@" not in str(error.value)


# --- HTTP -------------------------------------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    """A server of the answers that a test gives, by path."""

    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}  # noqa: RUF012 - set by tests
    seen: list[dict[str, str]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.seen.append(dict(self.headers))
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(200):
                    self.wfile.write(b" ")
                    time.sleep(0.05)
            except OSError:
                return
            return
        status, headers, body = self.answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """A server on loopback; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        running.daemon_threads = True
        Answers.answers, Answers.seen = {}, []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_an_endpoint_like_electricity_maps(server, monkeypatch):
    monkeypatch.setenv("EM_TOKEN", "s3cret")
    body = {"zone": "DE", "datetime": "2026-11-30T12:00:00.000Z", "powerConsumptionBreakdown": {"wind": 20}}
    Answers.answers["/v3/power-breakdown/latest?zone=DE"] = (200, {}, json.dumps(body).encode())
    reading = read(
        f"{server}/v3/power-breakdown/latest?zone=DE",
        path="powerConsumptionBreakdown.wind",
        time_path="datetime",
        unit="MW",
        scale=0.001,
        headers=(("auth-token", "EM_TOKEN"),),
    )
    assert (reading.power_w, reading.of_s) == (20_000, 1_796_040_000)
    assert Answers.seen[0]["auth-token"] == "s3cret"


def test_a_redirect_on_the_same_host_is_followed_and_another_is_not(server, monkeypatch):
    monkeypatch.setenv("TOKEN", "s3cret")
    Answers.answers["/a"] = (302, {"Location": "/b"}, b"")
    Answers.answers["/b"] = (200, {}, b"5 kW")
    Answers.answers["/away"] = (302, {"Location": "http://127.0.0.2:9/x?token=1"}, b"")
    Answers.answers["/round"] = (302, {"Location": "/round"}, b"")
    assert read(f"{server}/a").power_w == 5000
    seen = len(Answers.seen)
    with pytest.raises(InputError, match="redirected to another host"):
        read(f"{server}/away", headers=(("auth-token", "TOKEN"),))
    assert len(Answers.seen) == seen + 1
    with pytest.raises(InputError, match="redirected more than 3 times"):
        read(f"{server}/round")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ((500, {}, b"oops"), "status 500"),
        ((401, {}, b""), "status 401"),
        ((200, {}, b"<html>login</html>"), "not a number with a unit"),
        ((200, {}, b'{"power": NaN, "unit": "W"}'), "not a number"),
        ((200, {}, b"x" * (2**20 + 1)), "more than 1,048,576 bytes"),
        ((200, {"Content-Length": "100"}, b"5 kW"), "cannot be asked"),
    ],
)
def test_an_answer_that_is_no_power_is_one_clear_line(server, answer, line):
    Answers.answers["/p?token=s3cret"] = answer
    with pytest.raises(InputError, match=line) as error:
        read(f"{server}/p?token=s3cret")
    assert "s3cret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_an_answer_that_trickles_ends_in_time(server, monkeypatch):
    monkeypatch.setattr(http_fetch.HttpRequest, "__init__", _quick(http_fetch.HttpRequest.__init__))
    with pytest.raises(InputError, match=r"no whole answer within 0.3 s"):
        read(f"{server}/slow")


def _quick(make):
    def made(self, *words, **options):
        make(self, *words, **{**options, "within_s": 0.3})

    return made


def test_nobody_there(server):
    with pytest.raises(InputError, match="cannot be asked"):
        read("http://127.0.0.1:9/x")
