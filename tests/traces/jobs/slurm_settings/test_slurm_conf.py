"""slurm.conf and sacctmgr's tables: what is read, and one clear line for what cannot be."""

import pytest

from traces.errors import InputError
from traces.jobs.slurm_settings.node_names import node_names
from traces.jobs.slurm_settings.sacctmgr_tables import read_manager_table
from traces.jobs.slurm_settings.slurm_conf import NodeKind, read_slurm_conf

MINIMAL = "NodeName=n[1-4] CPUs=8\nPartitionName=main Nodes=ALL Default=YES\n"


def conf(tmp_path, text, **others):
    for name, content in others.items():
        (tmp_path / name).write_text(content)
    path = tmp_path / "slurm.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_slurm_conf(path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n1", ["n1"]),
        ("n[1-3,7],gpu[08-10]", ["n1", "n2", "n3", "n7", "gpu08", "gpu09", "gpu10"]),
        ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
        ("a,b", ["a", "b"]),
        ("n[1-2]x", ["n1x", "n2x"]),
        ("", []),
    ],
)
def test_lists_of_nodes(text, names):
    assert node_names(text) == names


@pytest.mark.parametrize(
    "text", ["n[1-", "n[5-1]", "n[a-b]", "n]", "n[1-999999999]", "n[1-999][1-999]", "n[[1]]", "x" * 2**21]
)
def test_what_is_no_list_of_nodes(text):
    with pytest.raises(ValueError, match="list of nodes|range|nodes"):
        node_names(text)


def test_nodes_and_partitions(tmp_path):
    read = conf(
        tmp_path,
        """\
# A cluster that does not exist. Keys of any case; a backslash goes on.
clustername=test   # a comment behind it
NodeName=DEFAULT Sockets=2 CoresPerSocket=16 ThreadsPerCore=2 RealMemory=192000
nodename=n[1-8,10] \\
    State=UNKNOWN
NodeName=g[1-2] Gres=gpu:a100:4,mps:400 CPUs=64
NodeName=old1 CPUs=4 State=FUTURE
PartitionName=DEFAULT MaxTime=2-00:00:00 State=UP
PartitionName=batch Nodes=n[1-8],n10 Default=YES PriorityJobFactor=10
PartitionName=gpu nodes=g[1-2] MaxTime=UNLIMITED AllowGroups="a b"
PartitionName=off Nodes=n1 State=DOWN
PartitionName=all Nodes=ALL
""",
    )
    assert len(read.nodes) == 11
    assert read.nodes["n10"] == NodeKind(32, 64, 0, 192000)
    assert read.nodes["g2"] == NodeKind(32, 64, 4, 192000)
    assert [part.name for part in read.partitions] == ["batch", "gpu", "all"]
    batch, gpu, every = read.partitions
    assert (batch.default, batch.job_factor, batch.max_time_s, len(batch.nodes)) == (True, 10, 172800, 9)
    assert len(every.nodes) == 11
    assert read.limits_s == {"batch": 172800, "all": 172800}
    assert (read.cores, read.threads_per_core) == (352, 2)
    assert "PartitionName AllowGroups" in read.ignored
    assert any("FUTURE" in note for note in read.notes) and any("DOWN" in note for note in read.notes)
    assert read.settings["clustername"][1] == "test"
    assert gpu.max_time_s == -1


def test_node_sets(tmp_path):
    read = conf(
        tmp_path,
        "NodeName=n[1-2] CPUs=4 Feature=fast,new\nNodeName=n3 CPUs=4\nNodeSet=quick Feature=fast\n"
        "NodeSet=rest Nodes=n3\nPartitionName=a Nodes=quick\nPartitionName=b Nodes=rest,quick,gone\n",
    )
    assert [part.nodes for part in read.partitions] == [("n1", "n2"), ("n3", "n1", "n2")]
    assert any("'gone'" in note for note in read.notes)


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        ("CPUs=8", NodeKind(8, 8)),
        ("CPUs=8 ThreadsPerCore=2", NodeKind(4, 8)),
        ("Sockets=2 CoresPerSocket=4", NodeKind(8, 8)),
        ("CPUs=8 Sockets=2 CoresPerSocket=4 ThreadsPerCore=2", NodeKind(8, 8)),
        ("Boards=1 SocketsPerBoard=2 CoresPerSocket=4 ThreadsPerCore=2", NodeKind(8, 16)),
        ("CPUs=2 Gres=gpu:2", NodeKind(2, 2, 2)),
        ("CPUs=2 Gres=gpu:a:1,gpu:b:2", NodeKind(2, 2, 3)),
        ("", NodeKind(1, 1)),
    ],
)
def test_kinds_of_nodes(tmp_path, node, kind):
    assert conf(tmp_path, f"NodeName=n1 {node}\nPartitionName=p Nodes=n1\n").nodes["n1"] == kind


def test_a_file_beside_it_is_included(tmp_path):
    read = conf(
        tmp_path,
        "include nodes.conf\nPartitionName=p Nodes=ALL\n",
        **{"nodes.conf": "NodeName=n[1-2] CPUs=2\n"},
    )
    assert read.cores == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["NodeName"]),
        (b"\xff\xfe\0", ["UTF-8"]),
        (b"NodeName=n1\0\n", ["zero bytes"]),
        ("NodeName=n1\n", ["PartitionName"]),
        ("PartitionName=p Nodes=ALL\n", ["NodeName"]),
        ("NodeName=n1\nPartitionName=p Nodes=ALL\nnonsense\n", [":3", "'nonsense'", "key=value"]),
        ("NodeName=n1 CPUs=many\nPartitionName=p Nodes=ALL\n", [":1", "cpus", "'many'"]),
        ("NodeName=n1 CPUs=9999999\nPartitionName=p Nodes=ALL\n", [":1", "cpus"]),
        ("NodeName=n1 Sockets=99999 CoresPerSocket=99999\nPartitionName=p Nodes=ALL\n", [":1", "cores"]),
        ("NodeName=n[1-\nPartitionName=p Nodes=ALL\n", [":1", "no list of nodes"]),
        ("NodeName=n[1-9999999] CPUs=1\nPartitionName=p Nodes=ALL\n", [":1", "range"]),
        ("NodeName=n1\nPartitionName=p Nodes=ALL MaxTime=soon\n", [":2", "MaxTime", "'soon'"]),
        (
            "NodeName=n1\nPartitionName=p Nodes=ALL PriorityJobFactor=-1\n",
            [":2", "PriorityJobFactor", "'-1'"],
        ),
        ("NodeName=n1\nPartitionName=p Nodes=x\n", ["no partition with nodes"]),
        ("include /etc/passwd\n", [":1", "'/etc/passwd'", "same folder"]),
        ("include ../other.conf\n", [":1", "same folder"]),
        ("NodeName=n1 RealMemory=1000000001\nPartitionName=p Nodes=n1\n", [":1", "realmemory", "1000000000"]),
        ("NodeName=n1 CPUs=100001\nPartitionName=p Nodes=n1\n", [":1", "cpus", "100000"]),
        ("include slurm.conf\n", ["included by itself"]),
        ("include gone.conf\n", ["gone.conf"]),
        ("NodeName=n1 " + "x" * 2_000_000, ["larger"]),
    ],
)
def test_one_clear_line(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        conf(tmp_path, text)
    line = str(caught.value)
    assert line.isprintable() and len(line) < 500 and all(word in line for word in words), line
    assert type(caught.value) is InputError, line


def test_tables_of_sacctmgr(tmp_path):
    path = tmp_path / "qos.txt"
    path.write_text("Name|Priority|Max Wall\nnormal|0|\nlong|10|7-00:00:00\n")
    rows = read_manager_table(path, "name", "sacctmgr -P show qos")
    assert [row.cells for row in rows] == [
        {"name": "normal", "priority": "0"},
        {"name": "long", "priority": "10", "maxwall": "7-00:00:00"},
    ]
    for text, words in (
        ("", ["sacctmgr -P show qos"]),
        ("a|b\n1|2\n", [":1", "Name"]),
        ("Name|Priority\nx\n", [":2", "1 fields", "2"]),
        ("Name|Priority\n\0|1\n", ["zero bytes"]),
    ):
        path.write_text(text)
        with pytest.raises(InputError) as caught:
            read_manager_table(path, "name", "sacctmgr -P show qos")
        assert all(word in str(caught.value) for word in words), str(caught.value)
