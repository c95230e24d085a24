"""The gymnasium environments, as clients use them."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import gymnasium
import numpy as np

import rare
from rare import GreenClusterEnv, GreenClusterVectorEnv
from rare.episodes import Episode, Episodes
from tests.builders import make_inputs, make_workload
from tests.public_cases.registry import case, refusal
from traces.errors import InputError

AREA = "environments"
SMALL: dict[str, Any] = {"queue_slots": 6, "running_slots": 4, "forecast_hours": 2}
ACTIONS = 11
KINDS = (InputError, ValueError)
OVER = (gymnasium.error.ResetNeeded, ValueError)


def begun(steps: int = 20, **options: Any) -> Any:
    """An environment some steps into an episode."""
    env = GreenClusterEnv("tiny", **SMALL, **options)
    _, info = env.reset(seed=5)
    for _ in range(steps):
        info = env.step(first(info["action_mask"]))[-1]
    return env


def first(mask: Any) -> int:
    """The last valid action: a start where there is one."""
    return int(np.flatnonzero(mask)[-1])


def future(env: Any, steps: int = 30) -> list[Any]:
    """What it shows and pays from now on, over the ends of episodes."""
    seen = []
    mask = env.unwrapped.action_masks()
    for _ in range(steps):
        obs, reward, terminated, _, info = env.step(first(mask))
        seen.append((obs.tobytes(), float(reward), bool(terminated)))
        mask = env.reset()[1]["action_mask"] if terminated else info["action_mask"]
    return seen


@case(AREA, [True, True], "a copy is exact and does not move its original", "garage #2095, gym PR 1553")
def a_deep_copy_is_independent() -> Any:
    env = begun()
    before = env.unwrapped.action_masks().tobytes()
    twin = copy.deepcopy(env)
    ahead = future(twin)
    unmoved = env.unwrapped.action_masks().tobytes() == before
    return [unmoved, future(env) == ahead]


@case(AREA, [True, True], "two ways of copying", "cyberwheel PR 12 (pickles for AsyncVectorEnv)")
def a_pickle_is_exact() -> Any:
    env = begun()
    data = pickle.dumps(env)
    ahead = future(env)
    one, two = pickle.loads(data), pickle.loads(data)
    return [future(one) == ahead, future(two) == ahead]


@case(
    AREA,
    True,
    "the worker has no address of the parent's memory",
    "own: joblib's and Dask's workers get pickles",
)
def a_pickle_lives_in_another_process() -> Any:
    env = begun()
    twin = pickle.dumps(env)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(_unpacked_future, twin).result(timeout=100)
    return there == future(env)


def _unpacked_future(data: bytes) -> list[Any]:
    return future(pickle.loads(data))


@case(AREA, True, "a seeded reset decides the resets that follow", "Gymnasium #1084")
def resets_after_a_seeded_one_are_the_same() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    runs = []
    for _ in range(2):
        windows = [env.reset(seed=1)[1].get("window")]
        windows += [env.reset()[0].tobytes() for _ in range(3)]
        runs.append(windows)
    return runs[0] == runs[1]


@case(AREA, True, "another seed shows other windows", "gym #250")
def seeds_differ() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    return len({env.reset(seed=seed)[0].tobytes() for seed in range(8)}) > 1


@case(AREA, True, "an observation stays what it was after the next step", "Gymnasium #1681 and #1132")
def observations_are_not_one_buffer() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    obs, info = env.reset(seed=0)
    kept = obs.copy()
    env.step(first(info["action_mask"]))
    return bool(np.array_equal(obs, kept))


@case(
    AREA,
    [True, True],
    "final_obs is of the ended episode, the observation of the next",
    "Gymnasium #1103, gym PR 2484",
)
def the_terminal_observation_is_kept() -> Any:
    many = GreenClusterVectorEnv(2, "tiny", **SMALL)
    _, infos = many.reset(seed=0)
    single = GreenClusterEnv("tiny", **SMALL)
    single.reset(seed=0)
    while True:
        actions = [first(mask) for mask in many.action_masks()]
        obs, _, terminated, _, infos = many.step(actions)
        last, _, over, _, _ = single.step(actions[0])
        if over:
            break
    again = single.reset()[0]
    return [bool(np.array_equal(infos["final_obs"][0], last)), bool(np.array_equal(obs[0], again))]


@case(AREA, True, "space.sample(mask) wants int8", "PettingZoo PR 1038, gym PR 2906")
def masks_are_those_of_spaces() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    mask = env.reset(seed=0)[1]["action_mask"]
    return bool(mask[env.action_space.sample(mask)])


@case(AREA, [1, 0], "a softmax over no valid action is NaN", "SB3 #1596, stable-baselines PR 453")
def waiting_is_valid_after_the_end() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    mask = env.reset(seed=0)[1]["action_mask"]
    over = False
    while not over:
        _, _, over, _, info = env.step(first(mask))
        mask = info["action_mask"]
    return [int(mask[0]), int(mask[1:].sum())]


def dark() -> Episodes:
    """One window in which nobody can ever start: there is no power."""
    rows = [{"submit_s": s, "work_s": 100, "value_u": 10**6, "deadline_s": s + 300} for s in (0, 900)]
    machine = rare.Cluster((rare.Partition(nodes=1, core_mw=1000),))
    one = rare.Case(make_workload(rows), machine, make_inputs([{"t": 0, "supply": 0, "grid": 0}]))
    return Episodes("dark", (one,), (Episode("dark", "train", 0, 2, 0, 1000, 2 * 10**6, 2),))


@case(
    AREA,
    [1, True],
    "the mask offers to wait, and waiting ends it",
    "SB3 #1596: a mask without a valid action",
)
def an_episode_without_a_decision() -> Any:
    env = GreenClusterEnv(dark(), **SMALL)
    mask = env.reset(seed=0)[1]["action_mask"]
    return [int(mask.sum()), bool(env.step(0)[2])]


@case(AREA, True, "one such window must not stop the others", "SB3 #1596")
def a_batch_of_episodes_without_a_decision() -> Any:
    many = GreenClusterVectorEnv(2, dark(), **SMALL)
    many.reset(seed=0)
    return bool(np.asarray(many.step([0, 0])[2]).all())


def theirs(count: int = 2, **options: Any) -> Any:
    from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

    return GreenClusterSB3VecEnv(count, "tiny", **SMALL, **options)


def to_the_end(env: Any) -> dict[str, Any]:
    """The info of the step in which the first episode of a batch of one ends."""
    env.seed(0)
    env.reset()
    while True:
        _, _, dones, infos = env.step([first(env.env_method("action_masks")[0])])
        if dones[0]:
            return infos[0]


@case(AREA, [False, True], "an end is no cut: no bootstrapping", "SB3 #1864, #1787")
def the_end_of_an_episode_is_no_time_limit() -> Any:
    info = to_the_end(theirs(1))
    return [bool(info["TimeLimit.truncated"]), "terminal_observation" in info]


@case(
    AREA, [True, True], "a cut is bootstrapped from its last observation", "SB3 #633, skrl #449, cleanrl #198"
)
def a_cut_is_a_time_limit() -> Any:
    info = to_the_end(theirs(1, max_episode_steps=3))
    return [bool(info["TimeLimit.truncated"]), "terminal_observation" in info]


@case(AREA, False, "an end at the limit is an end", "SB3 #1276, d3rlpy PR 463")
def an_end_at_the_limit_is_an_end() -> Any:
    env = theirs(1)
    env.seed(0)
    env.reset()
    steps = 0
    while True:
        steps += 1
        if env.step([first(env.env_method("action_masks")[0])])[2][0]:
            break
    return bool(to_the_end(theirs(1, max_episode_steps=steps))["TimeLimit.truncated"])


@case(AREA, [True, 2], "each is an environment's, not the batch's", "stable-baselines PR 258, #912")
def attributes_of_a_batch_are_those_of_its_environments() -> Any:
    spaces = theirs().get_attr("action_space")
    return [spaces[0] == gymnasium.spaces.Discrete(ACTIONS), len(spaces)]


@case(AREA, ["test-01", "test-01"], "options hold for the next reset", "SB3 #1523, PR 1606")
def options_of_a_batch_choose_the_window() -> Any:
    env = theirs()
    env.set_options({"window": "test-01"})
    env.reset()
    return [episode.name for episode in env.vector.batch.playing]


@case(AREA, True, "reset_infos holds the info of each reset", "SB3's VecEnv: reset_infos")
def infos_of_a_reset_of_a_batch() -> Any:
    env = theirs()
    env.reset()
    return all("action_mask" in info for info in env.reset_infos) and len(env.reset_infos) == 2


@case(AREA, "refused", "the remedy is named", "gym #2564: stepping in a done state")
def a_step_before_the_first_reset() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    return refusal(lambda: env.step(0), "reset", kinds=OVER)


@case(AREA, "refused", "an ended episode takes no action", "lerobot PR 4242, gym #2564")
def a_step_after_the_end() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    mask, over = env.reset(seed=0)[1]["action_mask"], False
    while not over:
        _, _, over, _, info = env.step(first(mask))
        mask = info["action_mask"]
    return refusal(lambda: env.step(0), "over", kinds=OVER)


@case(AREA, "refused", "a misspelt option would change nothing", "own; options by SB3 #1523")
def an_unknown_option_of_a_reset() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    return refusal(lambda: env.reset(options={"windw": "test-00"}), "windw", "window", kinds=KINDS)


@case(AREA, "refused", "1.7 is not action 1", "own: a cast would take it")
def an_action_that_is_no_whole_number() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    env.reset(seed=0)
    return refusal(lambda: env.step(1.7), "1.7", kinds=KINDS)


@case(AREA, ["refused", 1], "refused unless asked to count it as waiting", "gym #2823, sb3-contrib #200")
def an_invalid_action() -> Any:
    strict = GreenClusterEnv("tiny", **SMALL)
    strict.reset(seed=0)
    empty_slot = 6
    said = refusal(lambda: strict.step(empty_slot), "6", kinds=KINDS)
    loose = GreenClusterEnv("tiny", invalid="wait", **SMALL)
    loose.reset(seed=0)
    info = loose.step(empty_slot)[-1]
    return [said, int(info["episode_summary"]["invalid_actions"])]


@case(AREA, True, "clients without masks pass the checker", "gym-pusht PR 27: checkers of gymnasium 1.x")
def the_checker_of_gymnasium_passes() -> Any:
    from gymnasium.utils.env_checker import check_env

    env = gymnasium.make("rare:rare/GreenCluster-v0", scenario="tiny", invalid="wait", **SMALL)
    check_env(env.unwrapped, skip_render_check=True)
    return True


@case(AREA, [3, True], "the registered vector is the fast one", "Gymnasium's vector_entry_point")
def make_vec_gives_a_batch() -> Any:
    many = gymnasium.make_vec("rare/GreenCluster-v0", num_envs=3, scenario="tiny", **SMALL)
    return [many.num_envs, isinstance(many.unwrapped, GreenClusterVectorEnv)]


@case(AREA, [True, 0.0], "the step after the end is a reset and pays nothing", "cleanrl #499 (gymnasium 1.0)")
def a_reset_in_the_next_step() -> Any:
    many = GreenClusterVectorEnv(1, "tiny", autoreset_mode="NEXT_STEP", **SMALL)
    single = GreenClusterEnv("tiny", **SMALL)
    many.reset(seed=0)
    single.reset(seed=0)
    over = False
    while not over:
        action = first(many.action_masks()[0])
        over = bool(many.step([action])[2][0])
        single.step(action)
    obs, reward, *_ = many.step([0])
    return [bool(np.array_equal(obs[0], single.reset()[0])), float(reward[0])]


@case(AREA, True, "rewards of an episode add up to its objective", "gym #3177: rewards lost at an autoreset")
def rewards_add_up_to_the_objective() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    mask = env.reset(options={"window": "validation-06"})[1]["action_mask"]
    total, over = 0.0, False
    while not over:
        _, reward, over, _, info = env.step(first(mask))
        total, mask = total + reward, info["action_mask"]
    return abs(total - info["episode_summary"]["objective"]) < 1e-9


@case(AREA, True, "keys that come and go break readers", "own: docs/reference/environment.md")
def the_keys_of_info_are_always_the_same() -> Any:
    env = GreenClusterEnv("tiny", **SMALL)
    info = env.reset(seed=0)[1]
    keys, over = {tuple(sorted(info))}, False
    while not over:
        _, _, over, _, info = env.step(first(info["action_mask"]))
        keys.add(tuple(sorted(info)))
    return len(keys) == 1


@case(
    AREA,
    True,
    "a state of the beginning comes back after the tables have grown",
    "own: islanded at load 4",
)
def a_state_is_restored_after_growth() -> Any:
    rows = [{"submit_s": s, "work_s": 5000, "value_u": 10**6, "deadline_s": s + 10**5} for s in range(200)]
    machine = rare.Cluster((rare.Partition(nodes=4, core_mw=1000),))
    one = rare.Case(make_workload(rows), machine)
    window = Episode("crowd", "train", 0, 200, 0, 10**6, 200 * 10**6, 200)
    env = GreenClusterEnv(Episodes("crowd", (one,), (window,)), **SMALL)
    info = env.reset(seed=0)[1]
    saved = env.save_state()
    ahead = []
    for _ in range(60):
        obs, _, _, _, info = env.step(first(info["action_mask"]))
        ahead.append(obs.tobytes())
    env.restore_state(saved)
    mask, again = env.action_masks(), []
    for _ in range(60):
        obs, _, _, _, info = env.step(first(mask))
        mask = info["action_mask"]
        again.append(obs.tobytes())
    return ahead == again


@case(AREA, "refused", "slots count from 0", "own: the next block of the layout was read")
def a_slot_that_is_not_there() -> Any:
    layout = rare.Layout(queue_slots=20, running_slots=4, forecast_hours=2)
    return refusal(
        lambda: layout.index("queue", "slack", slot=20), "20", kinds=(InputError, ValueError, IndexError)
    )
