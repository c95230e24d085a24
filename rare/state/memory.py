"""How compiled rules reach the state: through one handle, a record of addresses.

numba passes an array as seven or more words and counts references at every call; with a tuple of
eleven arrays that was ten times the cost of the rules themselves (docs/reference/compiled-clock.md). A handle is
one pointer. The arrays belong to `state.World`, which must outlive its handles.

Without the compiler (NUMBA_DISABLE_JIT=1) the same calls go through a table of the live arrays and
check every index.
"""

from __future__ import annotations

import copy
import math
import mmap
import threading
from contextlib import suppress
from typing import Any, Self

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_numba_config: Any = numba.config
CACHE_LINE = 64
LARGE, HUGE_PAGES = 2**20, 2**22  # bytes of an array from which on it has memory of its own, in huge pages
_ARRAYS: dict[int, np.ndarray] = {}  # grows with every world, which only the interpreter's use affords


def zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeroed array whose first element begins a cache line, so that records of 64 bytes are one each."""
    size = math.prod(shape) * dtype.itemsize
    room = np.zeros(size + CACHE_LINE, np.uint8) if size < LARGE else untouched(size + CACHE_LINE)
    first = -room.__array_interface__["data"][0] % CACHE_LINE
    return room[first : first + size].view(dtype).reshape(shape)


def untouched(size: int) -> np.ndarray:
    """So many zeroed bytes of memory that the system gives only as it is touched, and takes back at the end.

    NumPy's may come from what was freed before: then every byte of it is touched to make it zero.
    """
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
    memory = mmap.mmap(-1, size, **private)  # private: as all other memory after a fork
    if size >= HUGE_PAGES and hasattr(mmap, "MADV_HUGEPAGE"):  # as NumPy does
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def records(shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """Zeroed records whose fields are attributes, in compiled code and without the compiler alike."""
    return zeros(shape, dtype).view(np.recarray)


def behind(array: np.ndarray, count: int) -> Any:
    """(1, count) records that begin with those of `array`, in the memory that was made with it.

    None where that is too little. They share their memory: `array` is then over.
    """
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    first = array.ctypes.data - owner.ctypes.data
    size = count * array.dtype.itemsize
    if owner.nbytes - first < size:
        return None
    room = owner.reshape(-1).view(np.uint8)[first : first + size]
    return room.view(array.dtype).reshape((1, count)).view(np.recarray)


def fresh(array: np.ndarray) -> Any:
    """The same numbers or records in aligned memory of their own, which may be written to.

    What a pickle gives may be read-only (joblib maps large arrays from a file).
    """
    made = (zeros if array.dtype.names is None else records)(array.shape, array.dtype)
    made[...] = array
    return made


def without_addresses(rows: np.ndarray) -> np.ndarray:
    """A copy of records in which every field that holds an address (`at_...`) is 0."""
    made = rows.copy()
    for name in rows.dtype.names or ():
        if name.startswith("at_"):
            made[name] = 0
    return made


class Copyable:
    """Copies and pickles stand alone; `copy.copy` gives what `copy.deepcopy` gives.

    A class whose arrays compiled code reaches by address leaves the addresses out in `__getstate__` and finds
    them anew in `__setstate__`. _shared: names of read-only attributes that a copy in this process shares.
    """

    _shared: tuple[str, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        for name in self._shared:
            memo[id(self.__dict__[name])] = self.__dict__[name]
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return made


def register(array: np.ndarray) -> int:
    """Address of an array's first element. The caller keeps the array alive."""
    address = array.ctypes.data  # __array_interface__ would describe all fields, in Python
    if _numba_config.DISABLE_JIT:
        _ARRAYS[address] = array
    return int(address)


def arguments(records: Any) -> list[Any]:
    """The rows of a record array in the form in which rules take them fastest.

    numba asks a NumPy record for its type at each call, which runs Python code; a plain void does not.
    The interpreter needs the record, for the fields as attributes.
    """
    if _numba_config.DISABLE_JIT:
        return list(records)
    return list(records.view(np.ndarray).view(np.dtype((np.void, records.dtype))))


def _interpreted(dtype: np.dtype) -> Any:
    def record_at(address: int, index: int) -> Any:
        array = _ARRAYS[int(address)].reshape(-1)
        if not 0 <= index < len(array) or array.dtype != dtype:
            raise IndexError(f"record {index} of {len(array)} in an array of {array.dtype}")
        return array[index]

    return record_at


def accessor(dtype: np.dtype) -> Any:
    """A function (address, index) -> the record of this dtype there, for use inside rules."""
    if _numba_config.DISABLE_JIT:
        return _interpreted(dtype)
    record_type = numba.from_dtype(dtype)

    @intrinsic
    def record_at(typing_context: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            offset = builder.mul(arguments[1], context.get_constant(types.int64, dtype.itemsize))
            place = builder.add(arguments[0], offset)
            return builder.inttoptr(place, context.get_value_type(record_type))

        return record_type(types.int64, types.int64), generate

    return record_at


def column_accessor(dtype: np.dtype) -> Any:
    """As `accessor`, for loops over many neighbours without branches.

    LLVM sees equal steps from one base, and works on several at once. `accessor` hides that from it, which
    is better where the steps are wide: there it would gather and scatter, at three times the cost (measured).
    """
    if _numba_config.DISABLE_JIT:
        return _interpreted(dtype)
    record_type = numba.from_dtype(dtype)

    @intrinsic
    def record_at(typing_context: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base = builder.inttoptr(arguments[0], context.get_value_type(record_type))
            return builder.gep(base, [arguments[1]])

        return record_type(types.int64, types.int64), generate

    return record_at


def mover(dtype: np.dtype) -> Any:
    """A function (address, source, target, count) that moves records within an array, for use inside rules.

    Returns their number. The two stretches may overlap.
    """
    if _numba_config.DISABLE_JIT:

        def move_interpreted(address: int, source: int, target: int, count: int) -> int:
            array = _ARRAYS[int(address)].reshape(-1)
            array[target : target + count] = array[source : source + count].copy()
            return count

        return move_interpreted

    @intrinsic
    def move(typing_context: Any, address: Any, source: Any, target: Any, count: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base, source, target, count = arguments
            size = context.get_constant(types.int64, dtype.itemsize)
            to, origin = (
                builder.inttoptr(builder.add(base, builder.mul(index, size)), cgutils.voidptr_t)
                for index in (target, source)
            )
            cgutils.raw_memmove(builder, to, origin, count, size)
            return count

        return types.int64(types.int64, types.int64, types.int64, types.int64), generate

    return move


def atomic(operation: str) -> Any:
    """A function (address, value) that adds to an int64 ("add") or sets it ("xchg"); returns what was there.

    At once for all threads.
    """
    if _numba_config.DISABLE_JIT:
        lock = threading.Lock()

        def change_interpreted(address: int, value: int) -> int:
            with lock:
                cells = _ARRAYS[int(address)].reshape(-1).view(np.int64)
                before = int(cells[0])
                cells[0] = before + value if operation == "add" else value
                return before

        return change_interpreted

    @intrinsic
    def change(typing_context: Any, address: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            place = builder.inttoptr(arguments[0], context.get_value_type(types.int64).as_pointer())
            return builder.atomic_rmw(operation, place, arguments[1], "seq_cst")

        return types.int64(types.int64, types.int64), generate

    return change
