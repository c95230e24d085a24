"""A scheduler behind Batsim's protocol in a thread of the test: a function answers each message."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

Answer = Any
"""Events of an answer, or the whole answer as bytes; None: leave without one."""


class ScriptedPeer:
    """Listens on an ipc endpoint in a folder until the simulation ends. `messages` holds what it was told."""

    def __init__(self, folder: Any, answer: Callable[[dict[str, Any]], Answer]) -> None:
        self.zmq = pytest.importorskip("zmq", reason="the extra `batsim` is not installed: pip install pyzmq")
        self.endpoint = f"ipc://{folder}/socket"
        self.messages: list[dict[str, Any]] = []
        self._answer = answer
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._over = threading.Event()

    def __enter__(self) -> ScriptedPeer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind, with their times."""
        return [event for message in self.messages for event in message["events"] if event["type"] == kind]

    def _serve(self) -> None:
        context = self.zmq.Context()
        socket = context.socket(self.zmq.REP)
        socket.bind(self.endpoint)
        try:
            while not self._over.is_set():
                if not socket.poll(20):
                    continue
                message = json.loads(socket.recv())
                self.messages.append(message)
                answer = self._answer(message)
                if answer is None:
                    return
                if not isinstance(answer, bytes):
                    end = max([message["now"], *(event["timestamp"] for event in answer)])
                    answer = json.dumps({"now": end, "events": answer}).encode()
                socket.send(answer)
                if any(event["type"] == "SIMULATION_ENDS" for event in message["events"]):
                    return
        finally:
            context.destroy(linger=500)


def event(message: dict[str, Any], kind: str, after_s: float = 0, **data: Any) -> dict[str, Any]:
    """An event of an answer to a message."""
    return {"timestamp": message["now"] + after_s, "type": kind, "data": data}


def submitted(message: dict[str, Any]) -> list[str]:
    """The jobs that a message submits."""
    return [one["data"]["job_id"] for one in message["events"] if one["type"] == "JOB_SUBMITTED"]
