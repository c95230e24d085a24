import pytest

from experiments.results.scheduler_labels import short_label
from schedulers import make_scheduler
from schedulers.batsim.batsim_endpoint import BatsimEndpoint, parse_endpoint
from traces import InputError


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("batsim:tcp://127.0.0.1:28000", BatsimEndpoint("tcp://127.0.0.1:28000")),
        ("batsim:tcp://localhost:1", BatsimEndpoint("tcp://localhost:1")),
        ("BATSIM:tcp://[::1]:5+power=machines", BatsimEndpoint("tcp://[::1]:5", "machines")),
        ("batsim:ipc://Ab+timeout=2.5+power=hold", BatsimEndpoint("ipc://Ab", "hold", 2.5)),
    ],
)
def test_a_name_says_where_and_how(name, endpoint):
    assert parse_endpoint(name) == endpoint
    assert make_scheduler(name).name == name
    assert short_label(name) == name  # it is no path of a checkpoint


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("batsim", "is no endpoint"),
        ("batsim:", "is no endpoint"),
        ("batsim:28000", "is no endpoint"),
        ("batsim:tcp://*:28000", "is no endpoint"),
        ("batsim:tcp://127.0.0.1", "is no endpoint"),
        ("batsim:tcp://127.0.0.1:0", "is no endpoint"),
        ("batsim:tcp://127.0.0.1:99999", "is no endpoint"),
        ("batsim:udp://127.0.0.1:28000", "is no endpoint"),
        ("batsim:tcp://example.org:28000", "another machine"),
        ("batsim:tcp://10.0.0.1:28000", "another machine"),
        ("batsim:tcp://0.0.0.0:28000", "another machine"),
        ("batsim:tcp://localhost.example.org:28000", "another machine"),
        ("batsim:ipc://", "path of a socket"),
        ("batsim:ipc:///" + "a" * 101, "path of a socket"),
        ("batsim:ipc:///a\0b", "path of a socket"),
        ("batsim:ipc:///a+b", "no option"),
        ("batsim:ipc:///a+power=off", "write hold or machines"),
        ("batsim:ipc:///a+timeout=0", "give seconds"),
        ("batsim:ipc:///a+timeout=nan", "give seconds"),
        ("batsim:ipc:///a+timeout=1e9", "give seconds"),
        ("batsim:ipc:///a+power=hold+power=hold", "given twice"),
    ],
)
def test_another_name_is_refused_in_one_line(name, problem):
    with pytest.raises(InputError, match=problem) as caught:
        make_scheduler(name)
    assert str(caught.value).isprintable()


def test_two_schedulers_of_one_command_need_two_endpoints():
    first = make_scheduler("batsim:tcp://127.0.0.1:28000")
    with pytest.raises(InputError, match="an endpoint of its own"):
        make_scheduler("batsim:tcp://127.0.0.1:28000+power=machines")
    del first
    make_scheduler("batsim:tcp://127.0.0.1:28000")
