"""The smallest inputs of the faults that campaigns found, each read or refused in one line."""

import pytest

from schedulers import make_scheduler
from traces.errors import InputError


@pytest.mark.parametrize(
    "name", ["x" * 256 + ":1", "é" * 200 + "+guard=easy", "x" * 300, "rare+guard=" + "x" * 300, "\x1f" * 300]
)
def test_a_scheduler_name_longer_than_any_file_name(name, tmp_path, monkeypatch):
    """Whether there is a folder of that name cannot even be asked; the message does not repeat all of it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        make_scheduler(name)
    assert len(str(caught.value)) <= 800 and "\n" not in str(caught.value)
