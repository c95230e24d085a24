"""What a scheduler answers, checked: its decisions as values, or one line that says what is wrong.

Protocol: Batsim's documentation, "Protocol" (classic JSON, as Batsim 3 and 4 and pybatsim 3 speak it).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from traces.errors import quoted

_MOST_EVENTS = 10**6
_LATEST_S = 10**12
#: What RARE cannot do, and why.
_REFUSED = {
    "REGISTER_JOB": "a workload of RARE is fixed; run the scheduler without dynamic jobs",
    "REGISTER_PROFILE": "a workload of RARE is fixed; run the scheduler without dynamic jobs",
    "TO_JOB_MSG": "jobs of RARE take no messages",
    "ANSWER": "RARE asked nothing",
}
_NOTIFICATIONS = ("registration_finished", "continue_registration")


class ProtocolError(ValueError):
    """Something in an answer is not as the protocol, or RARE, has it; the text is the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class Execute:
    """Start a job on the cores of an interval set, not before a second."""

    job_id: str
    alloc: str
    from_s: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A waiting job will never be started."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End running jobs for good. acknowledged: by an event of its own."""

    job_ids: tuple[str, ...]
    acknowledged: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """Ask again at a second."""

    at_s: int


@dataclass(frozen=True, slots=True)
class SetState:
    """Put cores into a power state."""

    resources: str
    state: str


@dataclass(frozen=True, slots=True)
class SetMetadata:
    """Attach a text to a job."""

    job_id: str
    metadata: str


@dataclass(frozen=True, slots=True)
class Query:
    """Ask for the energy drawn so far."""


Decision = Execute | Reject | Kill | Call | SetState | SetMetadata | Query


@dataclass(frozen=True, slots=True)
class Answer:
    """The decisions of one message, in order. until_s: the whole second in which it finished deciding."""

    decisions: tuple[Decision, ...]
    until_s: int


def read_answer(message: object, now_s: int) -> Answer:
    """The decisions in a message to one of `now_s`. ProtocolError for anything that is none.

    RARE's time is whole seconds: a decision counts in the second of its time stamp.
    """
    if not isinstance(message, dict):
        raise ProtocolError(f"the answer is {_kind(message)}, not an object with now and events")
    end = _time(message, "now", "the answer", now_s)
    events = message.get("events")
    if not isinstance(events, list) or len(events) > _MOST_EVENTS:
        raise ProtocolError(f"events of the answer are {_kind(events)}, not a list of at most {_MOST_EVENTS}")
    decisions: list[Decision] = []
    before = float(now_s)
    for event in events:
        if not isinstance(event, dict):
            raise ProtocolError(f"an event of the answer is {_kind(event)}, not an object")
        name = event.get("type")
        if not isinstance(name, str):
            raise ProtocolError(f"the type of an event is {_kind(name)}, not a text")
        at = _time(event, "timestamp", f"the event {quoted(name)}", now_s)
        if at < before:
            raise ProtocolError(f"the event {quoted(name)} is of {at:g} s, after one of {before:g} s")
        if at > end:
            raise ProtocolError(f"the event {quoted(name)} is of {at:g} s, and the answer of {end:g} s")
        before = at
        decision = _decision(name, event.get("data"), at)
        if decision is not None:
            decisions.append(decision)
    return Answer(tuple(decisions), math.floor(end))


def _decision(name: str, data: object, at: float) -> Decision | None:
    if name in _REFUSED:
        raise ProtocolError(f"{name} is not possible: {_REFUSED[name]}")
    if name not in _READERS:
        raise ProtocolError(f"the event {quoted(name)} is unknown; known are {', '.join(sorted(_READERS))}")
    if not isinstance(data, dict):
        raise ProtocolError(f"{name} has {_kind(data)} for data, not an object")
    return _READERS[name](data, at)


def _execute(data: dict[str, Any], at: float) -> Decision:
    if data.get("additional_io_job") is not None:
        raise ProtocolError(
            "EXECUTE_JOB with additional_io_job is not possible: jobs of RARE have no profile"
        )
    return Execute(_text(data, "job_id"), _text(data, "alloc"), math.floor(at))


def _kill(data: dict[str, Any], at: float) -> Decision:
    ids = data.get("job_ids")
    if not isinstance(ids, list) or not all(isinstance(job_id, str) for job_id in ids):
        raise ProtocolError(f"KILL_JOB has {_kind(ids)} for job_ids, not a list of texts")
    return Kill(tuple(dict.fromkeys(ids)))


def _call(data: dict[str, Any], at: float) -> Decision:
    return Call(math.ceil(_time(data, "timestamp", "the time of CALL_ME_LATER", at)))


def _change_state(data: dict[str, Any], at: float) -> Decision:
    job_id, state = _text(data, "job_id"), _text(data, "job_state")
    if state == "REJECTED":
        return Reject(job_id)
    if state == "COMPLETED_KILLED":
        return Kill((job_id,), acknowledged=False)
    raise ProtocolError(
        f"CHANGE_JOB_STATE to {quoted(state)} is not possible: RARE alone knows when a job has completed; "
        "REJECTED and COMPLETED_KILLED are"
    )


def _query(data: dict[str, Any], at: float) -> Decision:
    requests = data.get("requests")
    if not isinstance(requests, dict) or not requests:
        raise ProtocolError(f"QUERY has {_kind(requests)} for requests, not an object with one")
    for name in requests:
        if name != "consumed_energy":
            raise ProtocolError(
                f"QUERY of {quoted(name)} cannot be answered; RARE knows consumed_energy, and no temperatures"
            )
    return Query()


def _notify(data: dict[str, Any], at: float) -> Decision | None:
    if _text(data, "type") not in _NOTIFICATIONS:  # these say nothing where no job is registered
        raise ProtocolError(f"NOTIFY of {quoted(data['type'])} is unknown")
    return None


_READERS: dict[str, Callable[[dict[str, Any], float], Decision | None]] = {
    "EXECUTE_JOB": _execute,
    "REJECT_JOB": lambda data, _: Reject(_text(data, "job_id")),
    "KILL_JOB": _kill,
    "CALL_ME_LATER": _call,
    "SET_RESOURCE_STATE": lambda data, _: SetState(_text(data, "resources"), _text(data, "state")),
    "SET_JOB_METADATA": lambda data, _: SetMetadata(_text(data, "job_id"), _text(data, "metadata")),
    "CHANGE_JOB_STATE": _change_state,
    "QUERY": _query,
    "NOTIFY": _notify,
}


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise ProtocolError(f"{key} of an event is {_kind(value)}, not a text")
    return value


def _time(data: dict[str, Any], key: str, of: str, earliest: float) -> float:
    """A time in seconds, not before `earliest`."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LATEST_S:
        raise ProtocolError(f"{key} of {of} is {_kind(value)}, not a time in seconds")
    if value < earliest:
        raise ProtocolError(f"{of} is of {value:g} s, and it is {earliest:g} s: time runs backwards")
    return float(value)


def _kind(value: object) -> str:
    """A value in words, short."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return quoted(value)
