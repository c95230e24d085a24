"""Texts of sacct's cells as numbers."""

import pytest

from traces.jobs.sacct.rows import sacct_values as values
from traces.jobs.sacct.rows.sacct_stamps import NO_TIME, StampError, parse_times
from traces.jobs.sacct.rows.sacct_values import NONE

GIB = 2**30


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:10:00", 600),
        ("3-04:05:06", 3 * 86400 + 4 * 3600 + 5 * 60 + 6),
        ("2-12", 2 * 86400 + 12 * 3600),
        ("1-02:30", 86400 + 2 * 3600 + 30 * 60),
        ("05:30", 330),
        ("00:01.001", 2),  # to whole seconds, upwards
        ("00:01.000", 1),
        ("100:00:00", 360_000),
        ("UNLIMITED", NONE),
        ("Partition_Limit", NONE),
        ("INVALID", NONE),
        ("Unknown", NONE),
        ("", NONE),
    ],
)
def test_durations(text, seconds):
    assert values.seconds(text) == seconds


def test_a_plain_number_counts_seconds_or_minutes():
    assert values.seconds("90") == 90
    assert values.minutes("90") == 5400


@pytest.mark.parametrize(
    "text", ["soon", "1:2:3:4", "-5", "1-2-3", "1e3", "99999999999-00:00:00", "1_0", "٣"]
)
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="no duration|more than"):
        values.seconds(text)


@pytest.mark.parametrize(
    ("text", "size", "each"),
    [
        ("2048Mn", 2 * GIB, "n"),
        ("4Gc", 4 * GIB, "c"),
        ("1M", 2**20, ""),
        ("16?", 16 * 2**20, ""),
        ("0", 0, ""),
        ("", 0, ""),
        ("1.5T", 1536 * GIB, ""),
        ("4000", 4000 * 2**20, ""),
        ("512K", 512 * 2**10, ""),
    ],
)
def test_memory(text, size, each):
    assert values.memory(text) == (size, each)


@pytest.mark.parametrize("text", ["4X", "-1M", "much", "9" * 16, "999999999999999E"])
def test_what_is_no_memory(text):
    with pytest.raises(ValueError, match="ReqMem is"):
        values.memory(text)


@pytest.mark.parametrize(
    ("text", "tres"),
    [
        ("billing=4,cpu=4,energy=123,mem=16G,node=2", (4, 16 * GIB, 2, 0)),
        ("cpu=8,gres/gpu:a100=2,gres/gpu=2,node=1", (8, NONE, 1, 2)),
        ("cpu=8,gres/gpu:a100=2,gres/gpu:v100=1", (8, NONE, NONE, 3)),
        ("cpu=1,gres/shard=4,license/x=1,bb/datawarp=2G,mem=512M", (1, 512 * 2**20, NONE, 0)),
        ("cpu=1.5K", (1500, NONE, NONE, 0)),
        ("", (NONE, NONE, NONE, 0)),
    ],
)
def test_trackable_resources(text, tres):
    assert values.tres(text) == tres


def test_gpus_before_trackable_resources():
    texts = ("gpu:2", "gpu:tesla:4", "gres:gpu:1", "gpu:a100:2(S:0-1)", "craynetwork:1")
    assert [values.gres(text) for text in texts] == [2, 4, 1, 2, 0]


def test_every_state_has_a_kind():
    assert values.state_of("CANCELLED by 1000") == values.state_of("CA") == values.CANCELLED
    assert values.state_of("CANCELLED+") == values.CANCELLED
    assert values.state_of("OUT_OF_ME+") == values.ENDED
    for text in ("COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE"):
        assert values.state_of(text) == values.ENDED
    for text in ("NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "REQUEUED"):
        assert values.state_of(text) == values.AGAIN
    assert values.state_of("RESIZING") == values.RESIZED
    assert values.state_of("SUSPENDED") == values.state_of("COMPLETING") == values.RUNNING
    assert values.state_of("PENDING") == values.PENDING
    with pytest.raises(ValueError, match="no state"):
        values.state_of("HAPPY")


def test_times_of_every_kind():
    cells = [
        "2024-02-29T12:00:00",
        "2024-02-29 12:00:00",
        "1709208000",
        "2024-02-29T12:00:00+0100",
        "Unknown",
        "None",
        "",
    ]
    times = parse_times(cells)
    noon = 1709208000
    assert times.seconds.tolist() == [noon, noon, noon, noon - 3600, NO_TIME, NO_TIME, NO_TIME]
    assert times.in_utc.tolist() == [False, False, True, True, False, False, False]


@pytest.mark.parametrize(
    "text",
    ["2023-02-29T00:00:00", "2024-13-01T00:00:00", "2024-01-01T25:00:00", "10:30", "yesterday", "2024-01-01",
     "x" * 19, "0001-01-01T00:00:00", "99999999999999999999", "12345", "9" * 5000],
)  # fmt: skip
def test_what_is_no_time(text):
    with pytest.raises(StampError) as caught:
        parse_times(["2024-01-01T00:00:00", text])
    assert caught.value.row == 1
