"""Minari as it is installed: its listing, scores and environments; and what it wrote, for our learners."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings

import gymnasium
import h5py
import numpy as np
import pytest

from experiments.cli.root import main
from experiments.data.log_dataset import dataset_run
from rare import GreenClusterEnv, Layout, simulate
from rare.dataset import load
from rare.dataset.dataset_folder import existing, versioned
from rare.episodes import window_case
from schedulers import make_scheduler
from traces.errors import InputError

minari = pytest.importorskip("minari", reason="needs the extra 'learn'")
SIZES = {"queue_slots": 16, "running_slots": 6, "forecast_hours": 4}
LAYOUT = Layout(**SIZES)


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logged") / "mixed-v0"
    dataset_run(["atc+greedy", "random"], folder, scenario="tiny", episodes=4, epsilon=0.1, **SIZES)
    return folder


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty root of Minari's."""
    place = tmp_path / "minari"
    place.mkdir()
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(place))
    return place


def log(out, episodes=2, **more):
    return dataset_run(["easy"], out, scenario="tiny", episodes=episodes, epsilon=0.1, **SIZES, **more)


# --- folders and ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "id_"),
    [("mixed", "mixed-v0"), ("mixed-v3", "mixed-v3"), ("solar/wind/mixed", "solar/wind/mixed-v0")],
)
def test_minari_lists_and_loads_what_is_written_under_its_root(out, id_, root):
    log(root / out)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a misconfigured dataset it only warns
        assert list(minari.list_local_datasets()) == [id_]
    assert minari.load_dataset(id_).total_episodes == 2
    assert load(id_).folder == root / id_ == existing(root / out)
    namespace = id_.rpartition("/")[0]
    assert minari.namespace.list_local_namespaces() == ([] if not namespace else ["solar", "solar/wind"])


def test_its_own_command_lists_them(root):
    log(root / "mixed", author=["Ada"])
    command = [sys.executable, "-c", "from minari.cli import app; app()", "list", "local"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "mixed-v0" in done.stdout and "Ada" in done.stdout, done.stderr


def test_the_same_command_goes_on_in_the_folder_with_a_version(tmp_path, capsys):
    words = [
        "dataset",
        "--scenario",
        "tiny",
        "--scheduler",
        "easy",
        "--quiet",
        "--out",
        str(tmp_path / "log"),
    ]
    assert main([*words, "--episodes", "2"]) == main([*words, "--episodes", "3"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["log-v0"]
    assert str(tmp_path / "log-v0" / "datasheet.md") in capsys.readouterr().out
    assert len(load(tmp_path / "log")) == len(load(tmp_path / "log-v0" / "data")) == 3


def test_a_folder_of_an_older_version_is_still_read(logged, tmp_path, capsys):
    shutil.copytree(logged, tmp_path / "mixed")
    assert len(load(tmp_path / "mixed")) == 4
    assert main(["dataset", "show", str(tmp_path / "mixed"), "--no-figures"]) == 0
    assert versioned(tmp_path / "mixed") == tmp_path / "mixed-v0"  # a new one goes beside it


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("a.b", "give {root}/a-b-v0"),
        ("a b-v1", "give {root}/a-b-v1"),
        ("x/mixed", "'x' is no namespace"),
        ("wind.de/mixed", "'wind.de' is no namespace"),
        ("data/mixed", "a folder called 'data'"),
        ("mixed-v0/more", "which Minari takes for a dataset"),
        (".", "is where Minari keeps all datasets"),
        ("there", "give {root}/there-v0"),
    ],
)
def test_a_name_that_would_stop_its_listing_is_refused(out, said, root, capsys):
    (root / "mixed-v0" / "data").mkdir(parents=True)
    (root / "there").mkdir()
    before = sorted(root.rglob("*"))
    place = str(root / out)
    assert main(["dataset", "--scenario", "tiny", "--scheduler", "easy", "--out", place]) == 2
    err = capsys.readouterr().err
    if out != ".":
        assert said.format(root=root) in err
    assert err.count("\n") == 1 and sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["x" * 3000, "a\0b", "", "~nobody-of-that-name/x", "/dev/null", "/dev/null/x"]
)
def test_what_is_no_name_of_a_folder_is_refused(name, capsys):
    words = ["dataset", "--scenario", "tiny", "--scheduler", "easy", "--quiet", "--out", name]
    assert main(words) == 2
    assert main(["dataset", "show", name, "--no-figures"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 2 and "a bug" not in err


def test_what_a_message_proposes_is_taken(root):
    for out in ("a.b", "a b-v1", "ü.v-v2"):
        with pytest.raises(InputError) as error:
            versioned(root / out)
        proposed = str(error.value).rpartition("; give ")[2]
        assert str(versioned(proposed)) == proposed


# --- metadata ----------------------------------------------------------------------------------------------


def test_scores_are_relative_to_random_and_the_best_heuristic(logged):
    data = minari.MinariDataset(logged / "data")
    low, high = (data.storage.metadata[f"ref_{end}_score"] for end in ("min", "max"))
    assert minari.get_normalized_score(data, np.array([low, high])).tolist() == [0.0, 1.0]
    episodes = GreenClusterEnv("tiny", **SIZES).episodes
    windows = episodes.of("validation")
    assert data.storage.metadata["num_episodes_average_score"] == len(windows) == 13
    cases = [window_case(episodes.case, window) for window in windows]
    means = [
        np.mean([simulate(case, make_scheduler(name), record=False).metrics["objective"] for case in cases])
        for name in ("easy", "sjf+easy", "hvf+easy", "atc+greedy")
    ]
    assert high == pytest.approx(max(means)) and low < min(means)
    assert load(logged).sheet["reference_scores"]["best"] == high


def test_random_actions_give_the_lower_reference(logged):
    env = minari.MinariDataset(logged / "data").recover_environment(eval_env=True).unwrapped
    generator, returns = np.random.default_rng(5), []
    for window in env.episodes.of("validation") * 4:
        _, info = env.reset(options={"window": window.name})
        total, ended = 0.0, False
        while not ended:
            valid = np.flatnonzero(info["action_mask"])
            _, reward, ended, _, info = env.step(int(generator.choice(valid)))
            total += reward
        returns.append(total)
    error = np.std(returns) / np.sqrt(len(returns)) + np.std(returns) / np.sqrt(13)
    low = load(logged).sheet["reference_scores"]["random"]
    assert abs(np.mean(returns) - low) < 4 * error


def test_the_environment_to_judge_with_plays_validation_windows(logged):
    data = minari.MinariDataset(logged / "data")
    assert data.recover_environment().unwrapped.split == "train"
    env = data.recover_environment(eval_env=True)
    assert env.reset(seed=1)[1]["window"].startswith("validation")
    assert env.observation_space == data.observation_space and env.action_space == data.action_space


def test_making_a_dataset_leaves_the_registered_environment_as_it_is(logged):
    assert gymnasium.spec("rare/GreenCluster-v0").kwargs == {}


def test_author_and_permalink_are_in_its_metadata(tmp_path, logged):
    log(tmp_path / "log", author=["Ada", "Bo"], author_email=["a@b.c"], code_permalink="https://x.y/z")
    metadata = minari.MinariDataset(tmp_path / "log-v0" / "data").storage.metadata
    assert metadata["author"] == {"Ada", "Bo"} and metadata["author_email"] == {"a@b.c"}
    assert metadata["code_permalink"] == "https://x.y/z"
    unnamed = minari.MinariDataset(logged / "data").storage.metadata
    assert len(unnamed["author"]) == 1 and "code_permalink" not in unnamed


# --- what others wrote -------------------------------------------------------------------------------------


def collected(id_, *, infos=("action_mask", "elapsed_s"), env="made", episodes=3, seed=0, change=None):
    """Random valid actions, put into a dataset by Minari; `infos` are recorded. env: whether it is named."""
    made = gymnasium.make("rare/GreenCluster-v0", scenario="tiny", **SIZES)
    env_ = made.unwrapped
    generator, buffers, time_s = np.random.default_rng(seed), [], []
    for _ in range(episodes):
        obs, info = env_.reset(seed=int(generator.integers(1000)))
        rows = {"observations": [obs], "actions": [], "rewards": [], "terminations": [], "truncations": []}
        told = {"action_mask": [info["action_mask"].astype(np.int8)], "elapsed_s": [0]}
        ended, now_s = False, _now_s(env_)
        while not ended:
            action = generator.choice(np.flatnonzero(info["action_mask"]))
            obs, reward, ended, _, info = env_.step(action)
            told["elapsed_s"].append(_now_s(env_) - now_s)
            now_s = _now_s(env_)
            told["action_mask"].append(info["action_mask"].astype(np.int8))
            row = {"observations": obs, "actions": action, "rewards": reward, "terminations": ended,
                   "truncations": False}  # fmt: skip
            for key, value in row.items():
                rows[key].append(value)
        time_s.append(np.cumsum(told["elapsed_s"]))
        kept = {key: told[key] for key in infos}
        if change is not None:
            change(rows, kept)
        buffers.append(minari.data_collector.EpisodeBuffer(**rows, infos=kept or None))
    spaces = {"observation_space": made.observation_space, "action_space": made.action_space}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nobody is named
        minari.create_dataset_from_buffers(id_, buffers, env=made if env == "made" else None, **spaces)
    return time_s


def _now_s(env):
    return int(env._batch.world.env[0]["now_s"])


@pytest.mark.parametrize("env", ["made", "unnamed"])
@pytest.mark.parametrize("infos", [("action_mask", "elapsed_s"), ("action_mask",), ()])
def test_a_dataset_that_minari_wrote_is_read(root, env, infos):
    time_s = collected("team/random-v0", env=env, infos=infos)
    data = load("team/random-v0")
    assert data.layout == LAYOUT and len(data) == 3 and not data.is_ours
    assert bool(data.notes) == ("elapsed_s" not in infos)
    for episode, seconds in zip(data, time_s, strict=True):
        mask = episode.observations[:, LAYOUT.slices["mask"]] == 1
        assert np.array_equal(episode.action_mask, mask) and episode.terminations[-1]
        # the time left that is seen is a float32: a second over weeks
        assert np.abs(episode.time_s[:-1] - seconds[:-1]).max() <= (0 if "elapsed_s" in infos else 1)


def test_datasets_that_minari_combined_are_read(root, logged):
    shutil.copytree(logged, root / "ours-v0")
    parts = [minari.load_dataset("ours-v0"), minari.load_dataset("ours-v0")]
    combined = minari.combine_datasets(parts, "both-v0")
    data = load(root / "both-v0")
    assert len(data) == combined.total_episodes == 8 and data.layout == LAYOUT
    for one, other in zip(data, [*load(logged), *load(logged)], strict=True):
        assert np.array_equal(one.observations, other.observations)
        assert np.array_equal(one.action_mask, other.action_mask)
        assert np.array_equal(one.time_s, other.time_s) and np.array_equal(one.probability, other.probability)


def test_show_describes_them(root, capsys):
    collected("random-v0", env="unnamed")
    assert main(["dataset", "show", "random-v0"]) == 0
    said = capsys.readouterr().out
    assert "3 episodes, 3 of them distinct" in said and "unknown" in said and "nan" not in said
    assert (root / "random-v0" / "figures" / "dataset.png").exists()


def test_offline_training_takes_them(root, tmp_path, capsys):
    pytest.importorskip("torch", reason="needs the extra 'learn'")
    pytest.importorskip("d3rlpy", reason="needs the extra 'learn'")
    collected("random-v0", infos=())
    words = ["train", "offline", "--steps", "4", "--batch", "8", "--width", "8", "--algorithm", "crr"]
    assert main([*words, "--data", "random-v0", "--out", str(tmp_path / "run")]) == 0
    assert "infos hold no elapsed_s" in capsys.readouterr().err
    collected("unnamed-v0", env="unnamed")
    unnamed = [*words, "--data", str(root / "unnamed-v0"), "--out", str(tmp_path / "other")]
    assert main(unnamed) == 2
    assert "does not say of which scenario it is; say with --scenario" in capsys.readouterr().err
    assert main([*unnamed, "--scenario", "tiny"]) == 0


def _forbidden(rows, infos):
    mask = rows["observations"][0][LAYOUT.slices["mask"]]
    rows["actions"][0] = int(np.flatnonzero(mask == 0)[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_forbidden, "which its mask forbids"),
        (lambda rows, infos: rows["rewards"].__setitem__(1, float("nan")), "rewards holds nan at step 1"),
        (lambda rows, infos: rows["actions"].__setitem__(0, 1.5), "actions holds values of type float64"),
        (
            lambda rows, infos: infos["elapsed_s"].__setitem__(2, -5),
            "elapsed_s holds values that are no seconds",
        ),
        (lambda rows, infos: infos["elapsed_s"].append(1), "elapsed_s has"),
        (lambda rows, infos: infos["action_mask"][1].fill(1), "differs from the observation's mask"),
        (lambda rows, infos: infos["action_mask"][1].fill(2), "holds 2, which is neither 0 nor 1"),
        (lambda rows, infos: rows["terminations"].pop(), "terminations has"),
        (lambda rows, infos: rows["observations"].pop(), "observations has"),
        (lambda rows, infos: rows["observations"].__setitem__(1, 9 * rows["observations"][1]), "holds"),
    ],
)
def test_what_others_wrote_is_not_trusted_either(root, change, said):
    collected("wrong-v0", change=change)
    with pytest.raises(InputError, match=said):
        list(load("wrong-v0"))


def _metadata(root, **changes):
    import json

    path = root / "wrong-v0" / "data" / "metadata.json"
    table = json.loads(path.read_text("utf-8"))
    table |= changes
    path.write_text(json.dumps({key: value for key, value in table.items() if value is not None}), "utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"total_episodes": 10**15}, "lacks episode_3"),
        ({"total_episodes": None}, "lacks 'total_episodes'"),
        ({"total_steps": 5}, "'total_steps' is 5"),
        ({"data_format": "arrow"}, "only hdf5 is read"),
        ({"observation_space": None}, "lacks 'observation_space'"),
        ({"observation_space": "[" * 10_000}, "'observation_space': "),
        ({"observation_space": '{"type": "Box", "shape": [1e3]}'}, "a Box of one dimension"),
        ({"observation_space": '{"type": "Dict"}'}, "a Box of one dimension"),
        ({"action_space": '{"type": "Discrete", "n": 1e9}'}, "'action_space' must be Discrete"),
        ({"action_space": '{"type": "MultiDiscrete"}'}, "'action_space' must be Discrete"),
        ({"env_spec": "{"}, "'env_spec': cannot be read"),
        ({"env_spec": '{"kwargs": {"queue_slots": "many"}}'}, "queue_slots must be a whole number"),
        (
            {"env_spec": None, "action_space": '{"type": "Discrete", "n": 5}'},
            "none of rare/GreenCluster-v0's",
        ),
    ],
)
def test_its_metadata_are_not_trusted(root, changes, said):
    collected("wrong-v0", infos=())
    _metadata(root, **changes)
    with pytest.raises(InputError, match=said):
        load("wrong-v0")


def test_an_episode_that_is_another_is_refused(root):
    collected("wrong-v0")
    with h5py.File(root / "wrong-v0" / "data" / "main_data.hdf5", "r+") as file:
        del file["episode_2"]
        file["episode_2"] = file["episode_0"]
    with pytest.raises(InputError, match="episode_2 is the same as episode_0"):
        load("wrong-v0")


@pytest.mark.parametrize("name", ["run", "my data", "run-v0 (old)"])
def test_the_name_that_a_refusal_proposes_is_taken(name, tmp_path):
    (tmp_path / name).mkdir()
    (tmp_path / "run-v0").mkdir()
    (tmp_path / "run-v0" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(InputError) as refused:
        versioned(tmp_path / name)
    proposed = str(refused.value).rpartition("; give ")[2]
    place = versioned(proposed)
    assert str(place) == proposed and not place.exists()
