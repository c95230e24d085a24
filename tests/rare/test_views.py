"""A view is of one decision; the case that it is of cannot be changed."""

import copy
import pickle

import numpy as np
import pytest

import rare
from rare.model import Forecast
from tests.builders import make_case

ROWS = [{"t": 0, "grid": rare.UNLIMITED_MW}]
JOBS = [{"submit_s": 10 * i, "work_s": 100, "cores": 1} for i in range(600)]
READERS = {
    "now_s": lambda view: view.now_s,
    "queue": lambda view: view.queue,
    "running": lambda view: view.running,
    "outlook": lambda view: view.outlook,
    "free_cores": lambda view: view.free_cores(),
    "spare_w": lambda view: view.spare_w,
    "slot_of": lambda view: view.slot_of(0),
    "can_start": lambda view: view.can_start(job_of_first),
}
job_of_first = None


class Keeper:
    """Starts the first that may start, and keeps all that it was shown."""

    def __init__(self):
        self.views, self.copies, self.told, self.jobs = [], [], [], []

    def choose(self, view):
        self.views.append(view)
        self.jobs += view.queue[:1]
        if len(self.copies) < 5:
            self.copies.append(copy.copy(view))
            self.told.append((view.now_s, view.queue, view.running, view.free_cores()))
        return view.startable[0].index if view.startable else rare.WAIT


@pytest.fixture(scope="module", params=["compiled", "simpy"])
def keeper(request):
    """After a run in which the live slots have grown, so that what the first views were of is no more."""
    keeper = Keeper()
    rare.simulate(make_case(JOBS, rare.Partition(nodes=2), ROWS), keeper, clock=request.param)
    assert len(keeper.views) > 500
    return keeper


@pytest.mark.parametrize("reader", READERS)
def test_a_kept_view_refuses_to_tell_of_another_instant(keeper, reader, monkeypatch):
    monkeypatch.setitem(globals(), "job_of_first", keeper.jobs[0])
    for view in (keeper.views[0], keeper.views[-1], pickle.loads(pickle.dumps(keeper.views[0]))):
        with pytest.raises(ValueError, match=r"of a decision that is past; .* keep copy.copy\(view\)"):
            READERS[reader](view)


def test_a_copy_of_a_view_and_its_jobs_stay(keeper):
    told = [(each.now_s, each.queue, each.running, each.free_cores()) for each in keeper.copies]
    assert told == keeper.told
    assert keeper.jobs[0].index == 0


def test_a_view_has_no_other_names(keeper):
    for view in (keeper.views[0], keeper.copies[0]):
        assert not hasattr(view, "supply")


def test_a_scheduler_with_kept_views_is_copied():
    keeper = Keeper()
    rare.simulate(make_case(JOBS[:5], rare.Partition(nodes=2), ROWS), keeper)
    assert copy.deepcopy(keeper).told == keeper.told


def arrays_of(case):
    """Every array of a case by its name."""
    parts = {"workload": case.workload, "inputs": case.inputs, "forecast": case.forecast}
    return {
        f"{part}.{name}": getattr(held, name)
        for part, held in parts.items()
        for name in held.__dataclass_fields__
        if isinstance(getattr(held, name), np.ndarray)
    }


def test_what_a_case_was_made_of_cannot_change_it():
    """A Case is read again at each run, and what is planned for it is kept: it must stay as it is."""
    case = make_case(JOBS[:3], rare.Partition(nodes=2), ROWS)
    rows = {name: np.array([5, 7]) for name in ("supply_mw", "import_limit_mw", "price_u_per_kwh")}
    given = {"change_s": np.array([0, 60]), **rows, "carbon_ukg_per_kwh": np.array([1, 2]),
             "pue_per_mille": np.array([1000, 1100])}  # fmt: skip
    names = ("supply_mw", "low_mw", "high_mw", "price_u", "carbon_u")
    tables = {name: np.full((2, 3), 4) for name in names}
    writable = np.arange(10)
    window = writable[2:4]
    window.flags.writeable = False  # others can still write to it
    given["price_u_per_kwh"] = window
    case = rare.Case(
        case.workload, case.cluster, rare.Inputs(**given), forecast=Forecast("own", 0, 60, 60, **tables)
    )
    held = {name: array.copy() for name, array in arrays_of(case).items()}
    for array in (*given.values(), *tables.values()):
        if array is not window:
            array[...] = 0
    writable[:] = 0
    assert len(held) > 15
    for each in (case, copy.copy(case)):
        for name, array in arrays_of(each).items():
            assert np.array_equal(array, held[name]), name
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_a_part_of_what_is_read_only_is_not_copied():
    inputs = rare.model.constant_inputs(5)
    again = rare.Inputs(*(getattr(inputs, name)[:1] for name in list(inputs.__dataclass_fields__)[:5]))
    assert np.shares_memory(again.supply_mw, inputs.supply_mw)
