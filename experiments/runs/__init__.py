"""Simulate one, compare many; run folders, provenance, progress and interruption."""


def __getattr__(name: str) -> object:
    if name not in ("compare_run", "simulate_run"):
        raise AttributeError(f"module 'experiments.runs' has no attribute {name!r}")
    from experiments.runs import simulations  # pandas and more, which handling a signal does not need

    return getattr(simulations, name)
