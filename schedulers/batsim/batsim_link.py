"""The ZeroMQ socket to a scheduler: one request, one answer, with every way in which that can fail."""

from __future__ import annotations

import json
import time
from typing import Any

from schedulers.batsim.batsim_endpoint import BatsimEndpoint
from traces.errors import InputError, one_line, quoted

#: Messages and their answers, in order.
Talk = list[tuple[dict[str, Any], Any]]
_MOST_BYTES = 64 * 2**20
_LOOK_MS = 200  # how often a wait looks at the connection


class BatsimLink:
    """RARE's side of the connection, the REQ socket, which speaks first. `close` ends it at any time."""

    def __init__(self, endpoint: BatsimEndpoint, talk: Talk | None = None) -> None:
        """talk: is filled with messages and answers, where it is given."""
        try:
            import zmq
            from zmq.utils.monitor import recv_monitor_message
        except ImportError as error:
            raise InputError(f"batsim: needs pyzmq ({one_line(error)}); install the extra 'batsim'") from None
        self._zmq, self._read_monitor = zmq, recv_monitor_message
        self._endpoint, self._talk = endpoint, talk
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.REQ)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _MOST_BYTES)
        self._monitor = self._socket.get_monitor_socket(zmq.EVENT_CONNECTED | zmq.EVENT_DISCONNECTED)
        self._connected = False
        self._socket.setsockopt(zmq.IPV6, endpoint.address.startswith("tcp://["))
        try:
            self._socket.connect(endpoint.address)
        except zmq.ZMQError as error:
            self.close()
            raise self.failed(f"cannot be connected to ({one_line(error, 80)})") from None

    def ask(self, message: dict[str, Any]) -> object:
        """Send a message and wait for the answer, as parsed JSON. InputError, in one line, if none comes."""
        self._socket.send(json.dumps(message, separators=(",", ":")).encode())
        answer = self._parsed(self._answer())
        if self._talk is not None:
            self._talk.append((message, answer))
        return answer

    def failed(self, problem: str) -> InputError:
        """An error of the other program, with its address."""
        return InputError(f"batsim {self._endpoint.address}: {problem}")

    def close(self) -> None:
        """Close the socket. What was sent and not received is dropped."""
        self._socket.disable_monitor()
        self._context.destroy(linger=0)  # closes the monitor's socket too, without which it would wait

    def _answer(self) -> bytes:
        end_s = time.monotonic() + self._endpoint.timeout_s
        lost = False
        while True:
            if self._socket.poll(_LOOK_MS):
                parts = self._socket.recv_multipart()
                return b"".join(parts)  # a second one would be part of no JSON, and is told so
            if lost:  # what it had sent before it left would have come by now
                raise self.failed("the scheduler closed its connection without an answer; see its output")
            lost = self._look()
            if not lost and time.monotonic() > end_s:
                raise self._nobody()

    def _look(self) -> bool:
        """Take note of the connection; whether it was there and is lost."""
        while self._monitor.poll(0):
            event = self._read_monitor(self._monitor)["event"]
            if event == self._zmq.EVENT_CONNECTED:
                self._connected = True
            elif event == self._zmq.EVENT_DISCONNECTED and self._connected:
                return True
        return False

    def _nobody(self) -> InputError:
        wait = f"{self._endpoint.timeout_s:g} s"
        if not self._connected:
            return self.failed(
                f"nobody listens there after {wait}; start a scheduler, such as pybatsim, on that endpoint, "
                "one for each run"
            )
        return self.failed(f"no answer within {wait}; give it more with +timeout=SECONDS")

    def _parsed(self, answer: bytes) -> object:
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
            shown = quoted(answer[:80])
            raise self.failed(f"its answer is no JSON ({one_line(error, 80)}): {shown}") from None
