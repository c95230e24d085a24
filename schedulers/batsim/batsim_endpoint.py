"""The name of a scheduler behind Batsim's protocol: `batsim:ENDPOINT[+power=machines][+timeout=SECONDS]`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from traces.errors import InputError, quoted

FORM = "batsim:tcp://127.0.0.1:28000 or batsim:ipc://batsim.sock, with +power=machines or +timeout=60"
HOLD, MACHINES = "hold", "machines"
_TIMEOUT_S = 60.0
_LONGEST_PATH = 100  # of a Unix socket: 107 bytes, some of which ZeroMQ may need
_TCP = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class BatsimEndpoint:
    """Where the other program listens, and how it is treated.

    power : what a lack of power is to it. "hold": a start that it decides is held until there is power;
            "machines": cores without power are told as unavailable machines
    timeout_s : how long an answer may take [s]
    """

    address: str
    power: str = HOLD
    timeout_s: float = _TIMEOUT_S


def parse_endpoint(name: str) -> BatsimEndpoint:
    """The parts of a scheduler's name. InputError for another form, and an address of another machine."""
    address, *words = name.strip().partition(":")[2].split("+")
    options = dict(_option(name, word) for word in words)
    if len(options) < len(words):
        raise InputError(f"scheduler {quoted(name)}: an option is given twice; write {FORM}")
    _check_address(name, address)
    power = options.get("power", HOLD)
    if power not in (HOLD, MACHINES):
        raise InputError(f"scheduler {quoted(name)}: power is {quoted(power)}; write {HOLD} or {MACHINES}")
    return BatsimEndpoint(address, power, _seconds(name, options.get("timeout", str(_TIMEOUT_S))))


def _option(name: str, word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if key not in ("power", "timeout") or not equals:
        raise InputError(f"scheduler {quoted(name)}: {quoted(word)} is no option; write {FORM}")
    return key, value


def _seconds(name: str, text: str) -> float:
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) and 0 < float(text) <= 86_400:
        return float(text)
    raise InputError(f"scheduler {quoted(name)}: timeout is {quoted(text)}; give seconds, up to 86400")


def _check_address(name: str, address: str) -> None:
    if address.startswith("ipc://"):
        path = address.removeprefix("ipc://")
        if not path or not path.isprintable() or len(path.encode()) > _LONGEST_PATH:
            raise InputError(
                f"scheduler {quoted(name)}: ipc:// needs the path of a socket, at most {_LONGEST_PATH} bytes"
            )
        return
    match = _TCP.fullmatch(address)
    if match is None or not 1 <= int(match[2]) <= 65_535:
        raise InputError(f"scheduler {quoted(name)}: {quoted(address)} is no endpoint; write {FORM}")
    if not _is_loopback(match[1].strip("[]")):
        raise InputError(
            f"scheduler {quoted(name)}: {quoted(match[1])} is another machine; the protocol neither proves "
            "who is there nor hides anything, so give 127.0.0.1, or a tunnel's end here"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
