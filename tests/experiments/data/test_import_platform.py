"""Platforms of SimGrid to scenarios: kinds of hosts, watts, speeds; and hostile XML."""

import json
import tomllib

import pytest
from click.testing import CliRunner

from experiments.cli.commands.import_command import import_group
from experiments.data.cluster_import.import_platform import PlatformImport, import_platform
from rare.scenario.case_builder import build
from rare.scenario.load import Overrides, load_scenario
from tests.builders import make_workload
from traces import InputError, write_workload

HEAD = '<?xml version="1.0"?>\n<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">\n'


def platform(*parts, head=HEAD):
    return f'{head}<platform version="4.1"><zone id="A" routing="Full">{"".join(parts)}</zone></platform>'


def host(name, speed="100Mf", watts=None, more="", **properties):
    properties |= {"watt_per_state": watts} if watts else {}
    inside = "".join(f'<prop id="{key}" value="{value}"/>' for key, value in properties.items())
    return f'<host id="{name}" speed="{speed}" {more}>{inside}</host>'


@pytest.fixture
def bring(tmp_path):
    def bring_in(content):
        (tmp_path / "p.xml").write_bytes(content if isinstance(content, bytes) else content.encode())
        report = import_platform(
            str(tmp_path / "p.xml"), PlatformImport(str(tmp_path / "p.toml"), force=True)
        )
        return report, tomllib.loads((tmp_path / "p.toml").read_text())

    return bring_in


def test_hosts_of_one_kind_are_a_partition_and_the_master_is_none(bring, tmp_path):
    hosts = [host(f"node{k}", watts="95:190", watt_off=10) for k in range(4)]
    report, tables = bring(platform(host("master_host"), *hosts))
    assert tables["cluster"]["partition"] == [
        {"name": "node", "nodes": 4, "cores_per_node": 1, "idle_w": 95.0, "core_w": 95.0, "sleep_w": 10.0}
    ]
    assert (report["cores"], report["other_hosts"]) == (4, {"master": 1})
    write_workload(make_workload([{"cores": 3}]), tmp_path / "jobs.csv")
    loaded = load_scenario(str(tmp_path / "p.toml"), Overrides(workload=str(tmp_path / "jobs.csv")))
    assert build(loaded, seed=0).case.cluster.cores == 4  # it is a scenario as it stands


def test_clusters_count_their_hosts_and_cores_share_the_watts(bring):
    cluster = (
        '<cluster id="c" prefix="n" suffix="" radical="0-99,200" speed="1Gf" core="8" bw="1Gbps" lat="1us">'
        '<prop id="watt_per_state" value="100:110:260"/></cluster>'
    )
    report, tables = bring(platform(cluster))
    part = tables["cluster"]["partition"][0]
    assert (part["nodes"], part["cores_per_node"], part["idle_w"], part["core_w"]) == (101, 8, 100.0, 20.0)
    assert part["idle_nodes"] == "on"
    assert report["notes"] == ["c: no state of sleep; unused nodes stay on"]


def test_power_states_become_speed_levels_and_sleep(bring):
    text = host(
        "m",
        "100Mf, 80Mf, 50Mf, 1e-9Mf, 0.1f, 0.2f",
        "90:190, 90:150, 90:120, 9:9, 100:100, 125:125",
        sleep_pstates="3:4:5",
    )
    report, tables = bring(platform(text))
    part = tables["cluster"]["partition"][0]
    assert part["speed"] == [{"rate": 0.8, "power": 0.6}, {"rate": 0.5, "power": 0.3}]
    assert part["sleep_w"] == 9.0
    assert report["notes"] == []


def test_kinds_become_partitions_and_lacking_watts_are_said(bring):
    report, tables = bring(
        platform(host("a1", watts="5:9", watt_off=0), host("a2", "2Gf"), host("s", role="storage"))
    )
    assert [(part["name"], part["nodes"]) for part in tables["cluster"]["partition"]] == [
        ("a", 1),
        ("a-2", 1),
    ]
    assert report["other_hosts"] == {"storage": 1}
    assert "a-2: no watt_per_state; watts are those of the scenario 'plain'" in report["notes"]


WRONG = {
    "nothing": (b"", "no whole XML"),
    "no xml": (b"\x00\xff\x01", "no whole XML"),
    "cut off": (platform(host("a"))[:-20].encode(), "no whole XML"),
    "another document": (b"<html/>", "begins with 'html'"),
    "no hosts": (platform().encode(), "has no compute hosts"),
    "no host but the master": (platform(host("master_host")).encode(), "has no compute hosts"),
    "a file of the machine": (
        b'<!DOCTYPE platform [<!ENTITY x SYSTEM "file:///etc/passwd">]><platform><host id="&x;"/></platform>',
        "declarations of its own",
    ),
    "a billion laughs": (
        b'<!DOCTYPE platform [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><platform>&b;</platform>',
        "declarations of its own",
    ),
    "an entity that is not there": (platform("&x;").encode(), "has no compute hosts"),
    "deep": (b"<platform>" + b"<zone>" * 5000, "nested more than 64 deep"),
    "no speed": (platform('<host id="a"/>').encode(), "a host has no speed"),
    "a speed of 0": (platform(host("a", "0f")).encode(), "speed is '0f'"),
    "a fast one": (platform(host("a", "1e400f")).encode(), "speed is"),
    "a word": (platform(host("a", "fast")).encode(), "speed is 'fast'"),
    "no core": (platform(host("a", more='core="0"')).encode(), "core is '0'"),
    "watts of two states": (platform(host("a", watts="1:2,3:4")).encode(), "watt_per_state has 2 states"),
    "watts that fall": (platform(host("a", watts="9:2")).encode(), "watt_per_state has '9:2'"),
    "watts without end": (platform(host("a", watts="1:99999999")).encode(), "'99999999' are no watts"),
    "nan": (platform(host("a", watts="nan:nan")).encode(), "'nan' are no watts"),
    "no such state": (platform(host("a", more='pstate="3"')).encode(), "'3' is no power state"),
    "no ranges": (
        platform('<cluster id="a" radical="x" speed="1f"/>').encode(),
        "radical of a cluster is 'x'",
    ),
    "backwards": (platform('<cluster id="a" radical="9-1" speed="1f"/>').encode(), "radical"),
    "many": (
        platform('<cluster id="a" radical="0-99999999" speed="1f"/>').encode(),
        "more than 1000000 hosts",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_clear_line_and_nothing_is_written(tmp_path, case):
    content, part = WRONG[case]
    (tmp_path / "p.xml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        import_platform(str(tmp_path / "p.xml"), PlatformImport(str(tmp_path / "p.toml")))
    text = str(caught.value)
    assert "p.xml" in text and part in text
    assert text.isprintable() and len(text) < 500
    assert not (tmp_path / "p.toml").exists()


def test_the_command_prints_text_or_json(tmp_path):
    (tmp_path / "p.xml").write_text(platform(host("a1", watts="5:9", watt_off=1), host("master_host")))
    arguments = ["batsim-platform", str(tmp_path / "p.xml"), "--out", str(tmp_path / "p.toml")]
    shown = CliRunner().invoke(import_group, arguments).output
    assert shown.splitlines()[1:] == ["  a: 1 nodes of 1 cores", "  left out  1 hosts of role master"]
    report = json.loads(CliRunner().invoke(import_group, [*arguments, "--force", "--json"]).output)
    assert report["partitions"] == [{"name": "a", "nodes": 1, "cores_per_node": 1}]
