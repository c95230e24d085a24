"""Results of cells on disk: named by what they depend on, whole or not there, and removed together."""

from __future__ import annotations

import pytest

from experiments.results import cell_results
from experiments.results.cell_results import CellResults, cell_key
from traces.errors import InputError


def test_a_key_tells_what_a_result_depends_on(monkeypatch):
    key = cell_key("window", ["a", 1], {"x": 1, "y": 2})
    assert key == cell_key("window", ("a", 1), {"y": 2, "x": 1}) and len(key) == 32
    assert key != cell_key("window", ["a", 2], {"x": 1, "y": 2})
    monkeypatch.setattr(cell_results, "code_identity", lambda: "another version")
    assert key != cell_key("window", ["a", 1], {"x": 1, "y": 2})


def test_what_is_written_is_read_until_it_is_removed(tmp_path):
    results = CellResults(tmp_path / "cells")
    assert not results.has("k")
    results.write("k", {"score": 0.1, "name": None})
    assert results.has("k") and results.read("k") == {"score": 0.1, "name": None}
    results.remove()
    assert not results.has("k") and not (tmp_path / "cells").exists()
    with pytest.raises(InputError, match="give the same command again"):
        results.read("k")


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path):
    (tmp_path / "cells").write_text("a file")
    with pytest.raises(InputError, match="cells: cannot be written"):
        CellResults(tmp_path / "cells").write("k", {})
