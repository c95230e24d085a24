"""Sorted lists of live jobs inside the state: by queue order, end, expected end and next timer.

Each is a stretch of one array row, ordered by (key, job). Most insertions are at the back and most
removals at the front, both without moving anything; otherwise the shorter side moves over, a plain
memory move that beats a heap for the lengths of real queues.
"""

from __future__ import annotations

from rare.compile import rule


@rule
def size(w, e, which):
    """Number of entries."""
    return w.ends[e, which, 1] - w.ends[e, which, 0]


@rule
def place_of(w, e, which, key, job):
    """First place whose entry is not before (key, job)."""
    rows = w.lists[e, which]
    low = w.ends[e, which, 0]
    high = w.ends[e, which, 1]
    if high > low:  # most newcomers belong at the back
        last = rows[high - 1]
        if last.key < key or (last.key == key and last.job < job):
            return high
    while low < high:
        middle = (low + high) // 2
        entry = rows[middle]
        if entry.key < key or (entry.key == key and entry.job < job):
            low = middle + 1
        else:
            high = middle
    return low


@rule
def _recentre(w, e, which):
    """Move the stretch to the middle of its row, so that both sides have room."""
    rows = w.lists[e, which]
    first = w.ends[e, which, 0]
    count = w.ends[e, which, 1] - first
    target = (rows.shape[0] - count) // 2
    if target < first:
        for i in range(count):
            rows[target + i] = rows[first + i]
    elif target > first:
        for i in range(count - 1, -1, -1):
            rows[target + i] = rows[first + i]
    w.ends[e, which, 0] = target
    w.ends[e, which, 1] = target + count


@rule
def insert(w, e, which, key, job, slot):
    """Add a live job. The row must have room for it: it holds twice as many as there are slots."""
    rows = w.lists[e, which]
    first = w.ends[e, which, 0]
    last = w.ends[e, which, 1]
    place = place_of(w, e, which, key, job)
    forward = last - place <= place - first  # which side is shorter
    if (forward and last == rows.shape[0]) or (not forward and first == 0):
        _recentre(w, e, which)
        place += w.ends[e, which, 0] - first
        first = w.ends[e, which, 0]
        last = w.ends[e, which, 1]
    if forward:
        for i in range(last, place, -1):
            rows[i] = rows[i - 1]
        w.ends[e, which, 1] = last + 1
    else:
        place -= 1
        for i in range(first - 1, place):
            rows[i] = rows[i + 1]
        w.ends[e, which, 0] = first - 1
    entry = rows[place]
    entry.key = key
    entry.job = job
    entry.slot = slot


@rule
def remove(w, e, which, key, job):
    """Take out the entry (key, job), which must be there."""
    rows = w.lists[e, which]
    first = w.ends[e, which, 0]
    last = w.ends[e, which, 1]
    place = place_of(w, e, which, key, job)
    if last - place <= place - first:
        for i in range(place, last - 1):
            rows[i] = rows[i + 1]
        w.ends[e, which, 1] = last - 1
    else:
        for i in range(place, first, -1):
            rows[i] = rows[i - 1]
        w.ends[e, which, 0] = first + 1


@rule
def sort(w, e, which):
    """Restore the order after keys have changed in place. Nearly sorted rows cost one walk.

    Shell's method with Ciura's gaps: in place, and far from quadratic when everything moved.
    """
    rows = w.lists[e, which]
    first = w.ends[e, which, 0]
    count = w.ends[e, which, 1] - first
    for gap in (1750, 701, 301, 132, 57, 23, 10, 4, 1):
        for i in range(gap, count):
            key = rows[first + i].key
            job = rows[first + i].job
            slot = rows[first + i].slot
            j = i
            while j >= gap:
                before = rows[first + j - gap]
                if before.key < key or (before.key == key and before.job < job):
                    break
                rows[first + j] = before
                j -= gap
            entry = rows[first + j]
            entry.key = key
            entry.job = job
            entry.slot = slot
