"""Sorted lists of live jobs inside the state: by queue order, end, expected end and next timer.

Each is a stretch of one array row, ordered by (key, job). Most insertions are at the back and most
removals at the front, both without moving anything; otherwise the shorter side moves over, a plain
memory move that beats a heap for the lengths of real queues.
"""

from __future__ import annotations

from rare.state.arrays import ends_of, entry_of
from rare.state.compile import rule


@rule
def size(w, which):
    """Number of entries."""
    return ends_of(w, which).last - ends_of(w, which).first


@rule
def copy_entry(w, which, source, target):
    """Make one entry equal to another."""
    one = entry_of(w, which, source)
    other = entry_of(w, which, target)
    other.key = one.key
    other.job = one.job
    other.slot = one.slot


@rule
def place_of(w, which, key, job):
    """First place whose entry is not before (key, job)."""
    low = ends_of(w, which).first
    high = ends_of(w, which).last
    if high > low:  # most newcomers belong at the back
        last = entry_of(w, which, high - 1)
        if last.key < key or (last.key == key and last.job < job):
            return high
    while low < high:
        middle = (low + high) // 2
        entry = entry_of(w, which, middle)
        if entry.key < key or (entry.key == key and entry.job < job):
            low = middle + 1
        else:
            high = middle
    return low


@rule
def _recentre(w, which):
    """Move the stretch to the middle of its row, so that both sides have room."""
    first = ends_of(w, which).first
    count = ends_of(w, which).last - first
    target = (w.list_rows - count) // 2
    if target < first:
        for i in range(count):
            copy_entry(w, which, first + i, target + i)
    elif target > first:
        for i in range(count - 1, -1, -1):
            copy_entry(w, which, first + i, target + i)
    ends_of(w, which).first = target
    ends_of(w, which).last = target + count


@rule
def insert(w, which, key, job, slot):
    """Add a live job. The row must have room for it: it holds twice as many as there are slots."""
    first = ends_of(w, which).first
    last = ends_of(w, which).last
    place = place_of(w, which, key, job)
    forward = last - place <= place - first  # which side is shorter
    if (forward and last == w.list_rows) or (not forward and first == 0):
        _recentre(w, which)
        place += ends_of(w, which).first - first
        first = ends_of(w, which).first
        last = ends_of(w, which).last
    if forward:
        for i in range(last, place, -1):
            copy_entry(w, which, i - 1, i)
        ends_of(w, which).last = last + 1
    else:
        place -= 1
        for i in range(first - 1, place):
            copy_entry(w, which, i + 1, i)
        ends_of(w, which).first = first - 1
    entry = entry_of(w, which, place)
    entry.key = key
    entry.job = job
    entry.slot = slot


@rule
def remove(w, which, key, job):
    """Take out the entry (key, job), which must be there."""
    first = ends_of(w, which).first
    last = ends_of(w, which).last
    place = place_of(w, which, key, job)
    if last - place <= place - first:
        for i in range(place, last - 1):
            copy_entry(w, which, i + 1, i)
        ends_of(w, which).last = last - 1
    else:
        for i in range(place, first, -1):
            copy_entry(w, which, i - 1, i)
        ends_of(w, which).first = first + 1


@rule
def sort(w, which):
    """Restore the order after keys have changed in place. Nearly sorted rows cost one walk.

    Shell's method with Ciura's gaps: in place, and far from quadratic when everything moved.
    """
    first = ends_of(w, which).first
    count = ends_of(w, which).last - first
    for gap in (1750, 701, 301, 132, 57, 23, 10, 4, 1):
        for i in range(gap, count):
            key = entry_of(w, which, first + i).key
            job = entry_of(w, which, first + i).job
            slot = entry_of(w, which, first + i).slot
            j = i
            while j >= gap:
                before = entry_of(w, which, first + j - gap)
                if before.key < key or (before.key == key and before.job < job):
                    break
                copy_entry(w, which, first + j - gap, first + j)
                j -= gap
            entry = entry_of(w, which, first + j)
            entry.key = key
            entry.job = job
            entry.slot = slot
