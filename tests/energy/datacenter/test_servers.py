"""Server profiles: the published watts come back out, every one has a source, bad files are refused."""

import pytest

from energy.datacenter.servers import known_profiles, load_profiles, profile
from traces.errors import InputError

GOOD = """
[mine]
description = "My node"
year = 2024
cores_per_node = 8
gpus_per_node = 1
memory_gib = 64
idle_w = 60
core_w = 5.5
gpu_w = 200
sleep_w = 4
sources = ["measured at the socket, 2024"]
"""


@pytest.mark.parametrize(
    ("name", "idle_w", "full_w"),
    [
        ("epyc-9845-2s", 135, 711),  # SPECpower_ssj2008, active idle and 100 % load
        ("xeon-x5675-2s", 58.4, 222),
        ("raspberry-pi-cm5", 4.4, 10.5),
    ],
)
def test_the_published_ends_come_back_out(name, idle_w, full_w):
    found = profile(name)
    assert found.idle_w == idle_w
    assert found.peak_w == pytest.approx(full_w, abs=0.01)


def test_the_gpu_node_stays_below_the_rating_of_its_like():
    node = profile("a100-8gpu")
    assert (node.gpus_per_node, node.gpu_mw) == (8, 400_000)
    assert node.idle_w + 8 * node.gpu_w < node.peak_w < 6500  # DGX A100: at most 6.5 kW
    # 256,646 kWh over 1,082,990 GPU-hours, of it 37/64 by the nodes, 8 GPUs a node.
    assert node.idle_w == pytest.approx(256_646_000 / 1_082_990 * 37 / 64 * 8, abs=1)


@pytest.mark.parametrize("name", known_profiles())
def test_every_profile_names_its_sources_and_what_is_assumed(name):
    found = profile(name)
    assert any("http" in line for line in found.sources)
    assert any(line.startswith("sleep_w") for line in found.assumed)
    assert 0 < found.sleep_w < found.idle_w < found.peak_w
    assert found.idle_mw == round(1000 * found.idle_w)
    assert found.memory_mib is None or found.memory_mib == 1024 * found.memory_gib


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="did you mean 'a100-8gpu'.*epyc-9845-2s, xeon-x5675-2s"):
        profile("a100-8gpus")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    mine = load_profiles(path)["mine"]
    assert (mine.peak_w, mine.core_mw, mine.memory_mib, mine.assumed) == (304, 5500, 65536, ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("idle_w = 60", "", r"\[mine\]: 'idle_w' is missing"),
        ("idle_w = 60", "idle_w = -1", "idle_w = -1 must be watts"),
        ("idle_w = 60", 'idle_w = "60 W"', "must be watts"),
        ("idle_w = 60", "idle_w = nan", "must be watts"),
        ("idle_w = 60", "idle_w = true", "must be watts"),
        ("idle_w = 60", "idle_w = 3", "sleep_w 4 is more than idle_w 3"),
        ("idle_w = 60", "idle_kw = 60", "unknown key 'idle_kw'"),
        ("cores_per_node = 8", "cores_per_node = 7.5", "must be a whole number"),
        ("cores_per_node = 8\ngpus_per_node = 1", "cores_per_node = 0\ngpus_per_node = 0", "core or GPU"),
        ('"My node"', "3", "must be text"),
        ('["measured at the socket, 2024"]', "[]", "at least one source"),
        ("[mine]", "[mine", "cannot be read as TOML"),
        (GOOD, "mine = 3", "must be a table"),
    ],
)
def test_a_bad_file_gives_one_clear_line(tmp_path, old, new, message):
    path = tmp_path / "bad.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        load_profiles(path)
    assert "\n" not in str(caught.value) and "bad.toml" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read"):
        load_profiles(tmp_path / "nowhere.toml")
