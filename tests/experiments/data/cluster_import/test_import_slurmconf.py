"""`rare traces import slurmconf`: the tables of a scenario, and what of the settings has no place in one."""

import json
import tomllib
from pathlib import Path

import pytest

from experiments.cli.root import main
from experiments.data.cluster_import.import_slurmconf import ConfImport, import_slurmconf
from rare.scenario.load import load_scenario
from traces.errors import InputError

RECORDED = Path(__file__).parents[3] / "traces/jobs/sacct/recorded"
CONF = """\
ClusterName=example
PriorityType=priority/multifactor
PriorityWeightAge=1000
PriorityWeightFairshare=10000
PriorityWeightQOS=2000
PriorityWeightPartition=500
PriorityWeightJobSize=7
PriorityMaxAge=7-0
PriorityDecayHalfLife=14-0
PriorityCalcPeriod=10
PriorityFavorSmall=YES
PriorityFlags=ACCRUE_ALWAYS,NO_FAIR_TREE
SchedulerParameters=bf_window=2880,bf_resolution=300,bf_max_job_test=1000,bf_continue
AccountingStorageEnforce=associations,limits
SelectTypeParameters=CR_Core_Memory
NodeName=n[1-8] CPUs=8 ThreadsPerCore=2 RealMemory=64000
NodeName=g[1-2] CPUs=64 ThreadsPerCore=2 RealMemory=256000 Gres=gpu:a100:4
PartitionName=batch Nodes=n[1-8] Default=YES MaxTime=1-00:00:00 PriorityJobFactor=2
PartitionName=debug Nodes=n[1-2] MaxTime=30 PriorityJobFactor=10
PartitionName=gpu Nodes=g[1-2]
PartitionName=all Nodes=ALL
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(text=CONF, **options):
    Path("slurm.conf").write_text(text)
    report = import_slurmconf("slurm.conf", ConfImport("own.toml", force=True, **options))
    return report, tomllib.loads(Path("own.toml").read_text())


def both():
    return {"associations": str(RECORDED / "associations.txt"), "qos": str(RECORDED / "qos.txt")}


def test_partitions_own_their_nodes(folder):
    report, tables = imported()
    sizes = {part["name"]: (part["nodes"], part["cores_per_node"]) for part in tables["cluster"]["partition"]}
    assert sizes == {"batch": (8, 4), "gpu": (2, 32)}
    gpu = tables["cluster"]["partition"][1]
    assert (gpu["gpus_per_node"], gpu["memory_gib_per_node"]) == (4, 250)
    shared = {part["name"]: part["shared_with"] for part in report["partitions"]}
    assert shared == {"batch": ["debug", "all"], "gpu": []}
    assert (report["cores"], report["threads_per_core"]) == (96, 2)


def test_nodes_of_another_kind_are_a_partition_of_their_own(folder):
    _, tables = imported(
        "NodeName=n[1-3] CPUs=4\nNodeName=f1 CPUs=16\n"
        "PartitionName=p Nodes=ALL\nPartitionName=p-2 Nodes=ALL\n"
    )
    assert [(part["name"], part["nodes"]) for part in tables["cluster"]["partition"]] == [
        ("p", 3),
        ("p-3", 1),
    ]


def test_memory_counts_where_slurm_gives_it_to_jobs(folder):
    _, tables = imported(CONF.replace("CR_Core_Memory", "CR_Core"))
    assert "memory_gib_per_node" not in tables["cluster"]["partition"][0]


def test_priority(folder):
    _, tables = imported()
    assert tables["priority"] == {
        "age_weight": 1000, "size_weight": 7, "partition_weight": 500, "qos_weight": 2000,
        "fair_share_weight": 10000, "max_age_s": 604800, "half_life_s": 1209600, "calc_period_s": 600,
        "favor_small": True, "fair_share": "classic", "partition": {"batch": 2, "gpu": 1},
    }  # fmt: skip


def test_slurms_defaults_of_what_is_not_said(folder):
    _, tables = imported("PriorityWeightAge=5\nNodeName=n1 CPUs=4\nPartitionName=p Nodes=ALL\n")
    assert tables["priority"] == {
        "age_weight": 5, "max_age_s": 604800, "half_life_s": 604800, "calc_period_s": 300,
        "favor_small": False, "fair_share": "tree",
    }  # fmt: skip
    assert tables["backfill"] == {"window_s": 86400, "resolution_s": 60, "max_jobs": 500, "interval_s": 30}


def test_no_priority_without_weights_and_no_backfill_without_it(folder):
    plain = "NodeName=n1 CPUs=4\nPartitionName=p Nodes=ALL\n"
    for text in (plain, f"PriorityType=priority/basic\nPriorityWeightAge=5\n{plain}"):
        report, tables = imported(text)
        assert "priority" not in tables and any("--scheduler easy" in note for note in report["notes"])
    _, tables = imported("SchedulerType=sched/builtin\n" + plain)
    assert "backfill" not in tables
    _, tables = imported("PriorityDecayHalfLife=0\nPriorityWeightAge=1\n" + plain)
    assert tables["priority"]["half_life_s"] == 0


def test_shares_and_limits_of_a_real_sacctmgr(folder):
    report, tables = imported(**both())
    assert tables["priority"]["share"] == [
        {"account": "root", "user": "root", "shares": 1},
        {"account": "physics", "shares": 20},
        {"account": "physics", "user": "cleo", "shares": 1},
        {"account": "climate", "parent": "physics", "shares": 5},
        {"account": "climate", "user": "ada", "shares": 2},
        {"account": "climate", "user": "ben", "shares": 2},
    ]
    assert tables["priority"]["qos"] == {"normal": 0, "long": 10}
    assert tables["limit"] == [
        {"user": "cleo", "account": "physics", "cores": 32},  # 64 cpus of two threads a core
        {"account": "climate", "running_jobs": 10},
        {"user": "cleo", "account": "physics", "wall_s": 86400},
        {"user": "*", "account": "climate", "running_jobs": 3},
        {"qos": "long", "cores": 256},
        {"qos": "long", "wall_s": 604800},
        {"qos": "long", "user": "*", "running_jobs": 4},
        {"qos": "long", "user": "*", "cores": 64},
        {"partition": "batch", "wall_s": 86400},
    ]
    assert any("MaxTime of partition debug" in note for note in report["notes"])


def test_limits_that_slurm_does_not_enforce_are_left_out(folder):
    report, tables = imported(CONF.replace("associations,limits", "associations"), **both())
    assert tables["limit"] == [{"partition": "batch", "wall_s": 86400}]
    assert any("AccountingStorageEnforce" in note for note in report["notes"])


def test_accounts_below_others_are_known_from_the_drawn_tree_or_not_at_all(folder):
    Path("assoc.txt").write_text("Cluster|Account|User|Share\na|root||1\na| x||2\na|  y||3\na|   y|ada|4\n")
    _, tables = imported(associations="assoc.txt")
    assert tables["priority"]["share"][1] == {"account": "y", "parent": "x", "shares": 3}
    Path("assoc.txt").write_text("Cluster|Account|User|Share\na|root||1\na|x||2\na|y||3\na|y|ada|parent\n")
    report, tables = imported(associations="assoc.txt")
    assert tables["priority"]["share"] == [{"account": "x", "shares": 2}, {"account": "y", "shares": 3}]
    assert any("show assoc tree" in note for note in report["notes"])
    assert "associations Share=parent" in report["ignored"]


def test_what_has_no_place_is_listed(folder):
    report, _ = imported(**both())
    assert {
        "ClusterName",
        "PriorityFlags ACCRUE_ALWAYS",
        "SchedulerParameters bf_continue",
        "QOS flags",
    } <= set(report["ignored"])


def test_the_scenario_loads(folder):
    imported(**both())
    scenario = load_scenario("own.toml").scenario
    assert len(scenario.limit) == 9 and scenario.priority.age_weight == 1000
    assert scenario.backfill.window_s == 172800


def test_names_are_written_as_toml_takes_them(folder):
    Path("qos.txt").write_text('Name|Priority\nodd "name\\|3\nlong.night|4\n')
    _, tables = imported(qos="qos.txt")
    assert tables["priority"]["qos"] == {'odd "name\\': 3, "long.night": 4}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": CONF.replace("=1000\n", "=-1\n", 1)}, ["slurm.conf:3", "PriorityWeightAge", "'-1'"]),
        ({"text": CONF.replace("MaxAge=7-0", "MaxAge=0")}, ["slurm.conf:8", "PriorityMaxAge"]),
        (
            {"text": CONF.replace("HalfLife=14-0", "HalfLife=often")},
            ["slurm.conf:9", "PriorityDecayHalfLife"],
        ),
        ({"text": CONF.replace("bf_window=2880", "bf_window=x")}, ["slurm.conf:13", "bf_window", "'x'"]),
        ({"associations": "wrong.txt"}, ["wrong.txt:2", "Share", "'many'"]),
        ({"associations": "two.txt"}, ["two.txt:2", "2 clusters"]),
        ({"qos": "long.txt"}, ["long.txt:2", "maxwall", "'ages'"]),
        ({"qos": "tres.txt"}, ["tres.txt:2", "grptres", "'much'"]),
        ({"qos": "gone.txt"}, ["gone.txt"]),
    ],
)
def test_one_clear_line(folder, change, words):
    Path("wrong.txt").write_text("Account|User|Share\nx||many\n")
    Path("two.txt").write_text("Cluster|Account|Share\na|x|1\nb|x|1\n")
    Path("long.txt").write_text("Name|MaxWall\nx|ages\n")
    Path("tres.txt").write_text("Name|GrpTRES\nx|much\n")
    with pytest.raises(InputError) as caught:
        imported(**change)
    line = str(caught.value)
    assert all(word in line for word in words) and line.isprintable(), line
    assert not Path("own.toml").exists()


def test_the_command(folder, capsys):
    Path("slurm.conf").write_text(CONF)
    assert main(["traces", "import", "slurmconf", "slurm.conf", "--out", "own.toml"]) == 0
    out = capsys.readouterr().out
    assert "own.toml: 96 cores in 2 partitions" in out
    assert "passed over: ClusterName" in out
    assert main(["traces", "import", "slurmconf", "slurm.conf", "--out", "own.toml"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (
        main(["traces", "import", "slurmconf", "slurm.conf", "--out", "own.toml", "--force", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["cores"] == 96
