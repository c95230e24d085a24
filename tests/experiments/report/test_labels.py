"""Checkpoints have short names in tables and figures, and never the same one twice."""

from experiments.results.scheduler_labels import short_label, short_labels


def test_heuristics_and_classes_keep_their_names():
    names = ["easy", "atc=0.5+greedy+green", "lookahead=hvf+easy", "my/own/file.py:Mine", "a/../b", "oracle"]
    assert short_labels(names) == names


def test_a_checkpoint_is_called_by_its_last_folders(tmp_path):
    assert short_label(f"{tmp_path}/runs/crr/best/") == "crr/best"
    assert short_label("runs/crr/best/weights.safetensors") == "crr/best"
    assert short_label("../runs/crr/best/checkpoint.json") == "crr/best"
    assert short_label("./best") == "best"


def test_as_many_folders_as_tell_them_apart():
    names = ["x/a/crr/best", "x/b/crr/best", "x/b/bc/best"]
    assert short_labels(names) == ["a/crr/best", "b/crr/best", "bc/best"]
    assert short_labels(["best", "runs/best"]) == ["best", "runs/best"]
    assert short_labels(["runs/crr/best", "runs/crr/best"]) == ["crr/best", "crr/best"]
