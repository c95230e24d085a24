"""Measures what docs/results/learning-results.md says of offline learning. All of it goes on where it was stopped.

python -m docs.scripts.learning_page data SCENARIO FOLDER            logs every tier
python -m docs.scripts.learning_page train SCENARIO FOLDER SEEDS     trains what is missing, as 0,1,2; some
                                                              algorithms only, if such as bc,crr follows
python -m docs.scripts.learning_page table SCENARIO FOLDER           what came of it
python -m docs.scripts.learning_page choices SCENARIO FOLDER         the same networks by two ways to choose
python -m docs.scripts.learning_page online SCENARIO FOLDER SEEDS    ppo from scratch and from crr
python -m docs.scripts.learning_page switch SCENARIO FOLDER          what came of that

A tier is a dataset of one quality; all have the same number of transitions.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from schedulers.training.offline.algorithms import OFFLINE_ALGORITHMS
from schedulers.training.online.online_options import FADING_ANCHOR

ALGORITHMS = OFFLINE_ALGORITHMS.built_in
MIXED = ("easy", "sjf+easy", "hvf+easy", "edf+easy", "atc+greedy", "easy+green")
BEST = {"tiny": "atc+easy+green", "islanded": "hvf+easy+green"}  # on validation windows
TRANSITIONS = {"tiny": 4_000, "islanded": 40_000}
STEPS = {"tiny": 600, "islanded": 1_200}
ONLINE_STEPS = 200_000
QUEUE_SLOTS = 192  # with 64 half of the episodes of some heuristics are left out, those with long queues
TIERS: dict[str, tuple[tuple[str, ...] | None, float]] = {
    "oracle": (("oracle=1000",), 0.05),
    "lookahead": (("lookahead",), 0.05),
    "heuristic": (None, 0.05),  # the best one, with some coverage
    "mixed": (MIXED, 0.2),
    "random": (("random",), 1.0),
}


def schedulers_of(scenario: str, tier: str) -> tuple[str, ...]:
    """Who makes the decisions of a tier."""
    return TIERS[tier][0] or (BEST[scenario],)


def log(scenario: str, folder: Path) -> None:
    """Every tier as a dataset with enough transitions."""
    from experiments.data.log_dataset import dataset_run

    for tier, (_, epsilon) in TIERS.items():
        out, episodes = folder / scenario / "data" / tier, 26
        if logged(out) >= TRANSITIONS[scenario]:
            continue
        while True:
            sheet = dataset_run(
                schedulers_of(scenario, tier),
                out,
                scenario=scenario,
                episodes=episodes,
                epsilon=epsilon,
                queue_slots=QUEUE_SLOTS,
            )
            print(scenario, tier, episodes, sheet["episodes"], sheet["transitions"], flush=True)
            if sheet["transitions"] >= TRANSITIONS[scenario]:
                break
            episodes = int(episodes * max(1.1 * TRANSITIONS[scenario] / max(sheet["transitions"], 1), 1.1))


def logged(folder: Path) -> int:
    """Transitions of a finished dataset; 0 without one."""
    from rare.dataset.dataset_folder import existing

    path = existing(folder) / "datasheet.json"
    return int(json.loads(path.read_text("utf-8"))["transitions"]) if path.exists() else 0


def train(scenario: str, folder: Path, seeds: list[int], algorithms: tuple[str, ...] = ALGORITHMS) -> None:
    """Each of the algorithms on every tier."""
    from experiments.training.train_offline import train_offline

    for seed in seeds:
        for tier in TIERS:
            for algorithm in algorithms:
                out = folder / scenario / f"{tier}-{algorithm}-{seed}"
                if (out / "summary.json").exists():
                    continue
                found = train_offline(
                    [folder / scenario / "data" / tier],
                    out,
                    algorithm=algorithm,
                    transitions=TRANSITIONS[scenario],
                    steps=STEPS[scenario],
                    validate_every=STEPS[scenario] // 8,
                    width=32,
                    batch=256,
                    seed=seed,
                    resume=out.exists(),
                    baselines=(),
                    figure=False,
                )
                best, last = found["best"]["objective"], found["last"]["objective"]
                print(f"{scenario} {tier} {algorithm} {seed}: {best:.4f} {last:.4f}", flush=True)


def behaviour(scenario: str, tier: str, folder: Path) -> np.ndarray:
    """(W,) mean objective of a tier's behaviour policies on the validation windows; kept in a file.

    NaN where one of them wanted a job that no slot showed: such an episode ends there, and is never logged.
    """
    from experiments.data.dataset_task import policy_of
    from rare.dataset.play_episode import Player
    from rare.env.observation.layout import Layout
    from rare.scenario.scenario_episodes import episodes_of

    path = folder / scenario / "data" / f"{tier}.json"
    if not path.exists():
        episodes = episodes_of(scenario)
        player, epsilon = Player(episodes, Layout(QUEUE_SLOTS)), TIERS[tier][1]
        found = []
        for name in schedulers_of(scenario, tier):
            policy = policy_of(name, epsilon)
            played = [player.play(window, policy, 0) for window in episodes.of("validation")]
            found.append([np.nan if each.why_not else each.summary["objective"] for each in played])
        path.write_text(json.dumps(np.mean(np.array(found, float), axis=0).tolist()))
    return np.array(json.loads(path.read_text()))


def read(folder: Path, scenario: str) -> list[dict[str, Any]]:
    """The summary of each run, with tier, algorithm and seed."""
    rows = []
    for path in sorted((folder / scenario).glob("*-*-*/summary.json")):
        tier, algorithm, seed = path.parent.name.split("-")
        rows.append({"tier": tier, "algorithm": algorithm, "seed": int(seed)} | json.loads(path.read_text()))
    return rows


def heuristic(scenario: str) -> np.ndarray:
    """(W,) objective of the best heuristic on the validation windows."""
    from experiments.evaluation.evaluate import choose_windows, evaluate
    from rare.scenario.load import load_scenario

    loaded = load_scenario(scenario)
    found = evaluate(loaded, [BEST[scenario]], choose_windows(loaded, ["validation"]))
    return found.values(BEST[scenario], "objective")


def selected(folder: Path) -> float:
    """The highest mean objective of a validation after learning began."""
    steps, objectives = curve(folder)
    return float(objectives[steps > 0].max())


def table(scenario: str, folder: Path) -> None:
    """Means over seeds; intervals over windows, of the last checkpoint less behaviour and best heuristic."""
    from experiments.results.statistics import paired

    rows, best = read(folder, scenario), heuristic(scenario)
    print(
        f"{scenario}: objective on the validation windows; best heuristic {BEST[scenario]}: {best.mean():.3f}"
    )
    print("last: mean over seeds, (least to greatest); selected: best validation, chosen on the same windows")
    head = f"{'last':<25}{'selected':<10}{'less behaviour':<26}less heuristic"
    print(f"tier        behaviour  learner  seeds  {head}")
    for tier in TIERS:
        teacher = behaviour(scenario, tier, folder)
        for algorithm in ALGORITHMS:
            mine = [row for row in rows if (row["tier"], row["algorithm"]) == (tier, algorithm)]
            if not mine:
                continue
            each = np.array([row["last"]["objectives"] for row in mine])
            last, ends = each.mean(axis=0), each.mean(axis=1)
            chosen = np.mean(
                [selected(folder / scenario / f"{tier}-{algorithm}-{row['seed']}") for row in mine]
            )
            gains = [paired(last, other) for other in (teacher, best)]
            said = "  ".join(f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" for gain in gains)
            print(
                f"{tier:<10}  {np.nanmean(teacher):9.3f}  {algorithm:<7}  {len(mine):5}  {last.mean():.3f} "
                f"({ends.min():.3f} to {ends.max():.3f})   {chosen:.3f}     {said}"
            )


def choices(scenario: str, folder: Path) -> None:
    """What the last networks earn by the likeliest single action, and in two steps; means over seeds."""
    from rare.scenario.scenario_episodes import episodes_of
    from schedulers.network.forward import POLICY, TWO_STEP
    from schedulers.training import checkpoint
    from schedulers.training.greedy_windows import greedy_scores

    episodes, heads = episodes_of(scenario), (POLICY, TWO_STEP)
    windows, found = episodes.of("validation"), {}
    print(f"{scenario}: objective on the validation windows, of the last networks")
    print(f"tier        learner  seeds  {heads[0]}  {heads[1]}")
    for row in read(folder, scenario):
        tier, algorithm, seed = row["tier"], row["algorithm"], row["seed"]
        if algorithm != "cql":  # which acts by Q
            net = checkpoint.load(folder / scenario / f"{tier}-{algorithm}-{seed}" / "last").net
            scores = [greedy_scores(net, episodes, windows, head=head).mean() for head in heads]
            found.setdefault((tier, algorithm), []).append(scores)
    for tier in TIERS:
        for algorithm in ALGORITHMS:
            if each := found.get((tier, algorithm)):
                means = "     ".join(f"{mean:.3f}" for mean in np.mean(each, axis=0))
                print(f"{tier:<10}  {algorithm:<7}  {len(each):5}  {means}")


def online(scenario: str, folder: Path, seeds: list[int]) -> None:
    """PPO with the same settings and as many decisions, from nothing and from the weights of crr."""
    from experiments.training.train_online import train_online

    for seed in seeds:
        for name, start in (
            ("scratch", None),
            ("offline", folder / scenario / f"lookahead-crr-{seed}" / "last"),
        ):
            out = folder / scenario / f"ppo_{name}_{seed}"
            if not (out / "summary.json").exists():
                train_online(
                    scenario,
                    out,
                    steps=ONLINE_STEPS,
                    start=start,
                    width=None if start else 32,
                    seed=seed,
                    validate_every=ONLINE_STEPS // 20,
                    options=FADING_ANCHOR,
                    resume=out.exists(),
                    figure=False,
                )
            print(f"{scenario} {name} {seed}", flush=True)


def curve(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Steps and objectives of the validations of a run."""
    from schedulers.training.journal import read_rows

    rows = [row for row in read_rows(folder) if row["objective"]]
    return np.array([float(row["step"]) for row in rows]), np.array([float(row["objective"]) for row in rows])


def steps_to(folder: Path, level: float) -> float:
    """Decisions until the first validation at this level; infinite if there is none."""
    steps, objectives = curve(folder)
    reached = np.flatnonzero(objectives >= level)
    return float(steps[reached[0]]) if len(reached) else float("inf")


def switch(scenario: str, folder: Path) -> None:
    """The hand-over, and how many decisions either way takes to the level that scratch ends at."""
    home = folder / scenario
    seeds = sorted(
        int(path.parent.name.rpartition("_")[2]) for path in home.glob("ppo_offline_*/summary.json")
    )
    print(f"{scenario}: ppo, {ONLINE_STEPS:,} decisions, objective on the validation windows")
    print("seed    scratch end  best |  at the switch  lowest after  end    best")
    ends, ratios = [], {0.95: [], 0.99: []}  # type: ignore[var-annotated]
    for seed in seeds:
        scratch, tuned = curve(home / f"ppo_scratch_{seed}")[1], curve(home / f"ppo_offline_{seed}")[1]
        ends.append((scratch[-3:].mean(), tuned[-3:].mean()))
        print(
            f"{seed:4}    {scratch[-1]:.3f}        {scratch.max():.3f} |  {tuned[0]:.3f}          "
            f"{tuned[1:].min():.3f}         {tuned[-1]:.3f}  {tuned.max():.3f}"
        )
    level = float(np.mean([end for end, _ in ends]))
    for share, found in ratios.items():
        for seed in seeds:
            one, other = (
                steps_to(home / f"ppo_{name}_{seed}", share * level) for name in ("scratch", "offline")
            )
            found.append((one, other))
        texts = [f"{one:,.0f} / {other:,.0f}" for one, other in found]
        print(f"decisions to {share:.0%} of {level:.3f}, scratch / offline by seed: " + ", ".join(texts))
    gain = np.array([tuned - scratch for scratch, tuned in ends])
    error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else float("nan")
    print(f"end (last three validations), offline less scratch: {gain.mean():+.4f}, error {error:.4f}")


def split(text: str) -> tuple[str, ...]:
    """Names joined by commas."""
    return tuple(text.split(","))


def main(words: list[str]) -> None:
    """As the module says."""
    what, scenario, folder = words[0], words[1], Path(words[2])
    if what == "data":
        log(scenario, folder)
    elif what == "train":
        train(scenario, folder, [int(word) for word in words[3].split(",")], *map(split, words[4:5]))
    elif what == "online":
        online(scenario, folder, [int(word) for word in words[3].split(",")])
    elif what == "choices":
        choices(scenario, folder)
    elif what == "switch":
        switch(scenario, folder)
    else:
        table(scenario, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
