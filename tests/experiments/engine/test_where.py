"""A connection that others can read or write is made without a word, or a wrong one is refused too late."""

import sys

import pytest

from experiments.engine.choose_executor import executor_of
from experiments.engine.executor import InProcess
from experiments.engine.where import Where
from experiments.process.progress import QUIET
from traces.errors import InputError

TLS = {"tls_ca": "ca.pem", "tls_cert": "cert.pem", "tls_key": "key.pem"}


@pytest.mark.parametrize(
    "options",
    [
        {"dask": "tcp://127.0.0.1:8786"},
        {"dask": "tcp://localhost:8786"},
        {"dask": "tcp://[::1]:8786"},
        {"dask": "tls://head:8786", **TLS},
        {"dask": "tcp://head:8786", "insecure": True},
        {"workers": 3},
        {"dask_slurm": "slurm.toml"},
    ],
)
def test_accepted(options):
    assert Where(**options).is_remote == ("workers" not in options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dask": "tcp://head:8786"}, "--insecure"),
        ({"dask": "tcp://10.0.0.7:8786"}, "run code"),
        ({"dask": "tcp://127.0.0.1.evil.org:8786"}, "--insecure"),
        ({"dask": "tls://head:8786"}, "--tls-ca"),
        ({"dask": "tcp://127.0.0.1:8786", **TLS}, "write tls://"),
        ({"dask": "tls://head:8786", "tls_ca": "ca.pem"}, "--tls-cert: is missing"),
        ({"dask": "head:8786"}, "no address"),
        ({"dask": "tcp://head"}, "no address"),
        ({"dask": "tcp://head:port"}, "no address"),
        ({"dask": "http://head:8786"}, "no address"),
        ({"dask": ""}, "no address"),
        ({"dask": "tcp://[::1:8786"}, "no address"),
        ({"workers": 2, "dask": "tcp://127.0.0.1:8786"}, "do not go together"),
        ({"dask": "tcp://127.0.0.1:8786", "dask_slurm": "s.toml"}, "do not go together"),
        ({"workers": 0}, "at least 1"),
        ({"tls_ca": "ca.pem"}, "of --dask"),
    ],
)
def test_refused(options, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        Where(**options)


class TestWithoutDask:
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch):
        monkeypatch.setattr("experiments.engine.choose_executor.has_dask", lambda: False)
        monkeypatch.setattr("experiments.engine.choose_executor.available_cores", lambda: 8)

    def test_one_process_needs_none(self, tmp_path):
        assert isinstance(executor_of(Where(workers=1), 5, QUIET, tmp_path), InProcess)
        assert isinstance(executor_of(Where(workers=4), 1, QUIET, tmp_path), InProcess)

    def test_the_default_works_in_one_process(self, tmp_path):
        assert isinstance(executor_of(Where(), 5, QUIET, tmp_path), InProcess)

    @pytest.mark.parametrize("where", [Where(workers=2), Where(dask="tcp://127.0.0.1:1")])
    def test_what_needs_it_says_what_to_install(self, where, tmp_path):
        with pytest.raises(InputError, match=r"needs Dask; pip install 'rare-datacenter\[cluster\]'"):
            executor_of(where, 5, QUIET, tmp_path)


def test_dask_is_not_imported_for_one_process():
    import subprocess

    program = (
        "import sys, experiments.engine.run_cells, experiments.sweep.sweep_file\n"
        "assert 'distributed' not in sys.modules and 'dask' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
