"""An index over a long queue in job order: the next waiting job that could start, without a walk.

A tree for each partition. Its leaves are blocks of 16 jobs of the workload; a node has, for each of 16
classes of size, the shortest estimate, least power and smallest size of the waiting jobs below it. Size
is what is scarce in a partition: GPUs if it has any, else cores. Classes matter: in a queue that
backfilling has combed through, what is left is narrow and long or wide and short, so that least size,
shortest estimate and least power of all would rule out no node (docs/reference/compiled-clock.md).

They are kept as distances from TOP, so that zeros mean nobody and untouched memory is right.
An answer is a candidate: size, power and estimate fit, but for GPUs beside cores, memory and the idle
power of nodes, which the caller checks. Only clocks of one environment keep it (build.with_index).
"""

from __future__ import annotations

from rare.rules.orders import estimate_left_s
from rare.state.arrays import (
    QUEUE,
    SUSPENDED,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
    part_of,
)
from rare.state.compile import rule
from rare.state.index_arrays import BLOCK, CLASSES, leaf_of, mark_of

TOP = 2**31 - 1
NOBODY = -1


@rule
def size_of(part, holder):
    """How much of a partition's scarce resource a job takes."""
    return holder.gpus_milli if part.gpus_milli > 0 else holder.cores


@rule
def free_size(part):
    """How much of it is free."""
    return part.free_gpus_milli if part.gpus_milli > 0 else part.free_cores


@rule
def spare_size(part):
    """How much of it a reservation leaves over (rare.rules.backfill.reservation)."""
    return part.spare_gpus_milli if part.gpus_milli > 0 else part.spare_cores


@rule
def first_mark(w, p, node):
    """Where the marks of a node begin: one a class. Those of node 0 are the largest sizes of the classes."""
    return (p * 2 * w.blocks + node) * CLASSES


@rule
def class_of(w, p, size):
    """Class of a size."""
    at = first_mark(w, p, 0)
    k = 0
    for i in range(CLASSES - 1):
        k += mark_of(w, at + i).soon < size
    return k


@rule
def add(w, slot):
    """Take in a waiting job."""
    live = live_of(w, slot)
    size = size_of(part_of(w, live.part), live)
    run_s = estimate_left_s(job_of(w, live.job), live.left_s)
    if live.doing == SUSPENDED:
        run_s += env_of(w).restart_s
    soon = TOP - min(run_s, TOP - 1)
    light = TOP - min(live.power_mw, TOP - 1)
    leaf = leaf_of(w, live.job)
    leaf.slot = slot
    leaf.width = size
    leaf.soon = soon
    leaf.light = light
    small = TOP - size
    k = class_of(w, live.part, size)
    node = w.blocks + live.job // BLOCK
    while node >= 1:
        mark = mark_of(w, first_mark(w, live.part, node) + k)
        if mark.soon >= soon and mark.light >= light and mark.small >= small:
            break
        mark.soon = max(mark.soon, soon)
        mark.light = max(mark.light, light)
        mark.small = max(mark.small, small)
        node //= 2


@rule
def remove(w, slot):
    """Take out a waiting job."""
    live = live_of(w, slot)
    leaf = leaf_of(w, live.job)
    k = class_of(w, live.part, leaf.width)
    leaf.soon = 0
    leaf.light = 0
    node = w.blocks + live.job // BLOCK
    soon, light, small = block_best(w, live.part, k, live.job // BLOCK)
    while True:
        mark = mark_of(w, first_mark(w, live.part, node) + k)
        if mark.soon == soon and mark.light == light and mark.small == small:
            break
        mark.soon = soon
        mark.light = light
        mark.small = small
        if node == 1:
            break
        beside = mark_of(w, first_mark(w, live.part, node ^ 1) + k)
        soon = max(soon, beside.soon)
        light = max(light, beside.light)
        small = max(small, beside.small)
        node //= 2


@rule
def block_best(w, p, k, block):
    """Marks of a class in a block, found by looking at its jobs."""
    at = first_mark(w, p, 0)
    above = mark_of(w, at + k - 1).soon if k > 0 else -1
    largest = mark_of(w, at + k).soon
    soon = 0
    light = 0
    small = 0
    for job in range(block * BLOCK, (block + 1) * BLOCK):
        leaf = leaf_of(w, job)
        if leaf.soon > 0 and above < leaf.width <= largest and live_of(w, leaf.slot).part == p:
            soon = max(soon, leaf.soon)
            light = max(light, leaf.light)
            small = max(small, TOP - leaf.width)
    return soon, light, small


@rule
def fill(w):
    """Take in the whole queue, into an empty index."""
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        add(w, entry_of(w, QUEUE, i).slot)


@rule
def may_have(w, p, node, size, soon, light, any_s_size, k_size, k_any_s):
    """Whether a node can have a candidate; sizes come with their classes.

    Only in the class of a bound itself is the smallest job looked at: all of a lower class are smaller.
    """
    at = first_mark(w, p, node)
    for k in range(k_size + 1):
        mark = mark_of(w, at + k)
        if mark.light < light or (k == k_size and mark.small < TOP - size):
            continue
        if mark.soon >= soon or k < k_any_s or (k == k_any_s and mark.small >= TOP - any_s_size):
            return True
    return False


@rule
def next_in_block(w, p, first, size, any_s_size, soon, light):
    """The first candidate from job `first` to the end of its block, or NOBODY."""
    for job in range(first, (first // BLOCK + 1) * BLOCK):
        leaf = leaf_of(w, job)
        fits = leaf.light >= light and leaf.width <= size and (leaf.soon >= soon or leaf.width <= any_s_size)
        if fits and live_of(w, leaf.slot).part == p:
            return job
    return NOBODY


@rule
def next_fit(w, p, first, size, power_mw, run_s, any_s_size):
    """First waiting job of a partition, from job `first` on, that takes no more than all of this.

    Those that take at most `any_s_size` may be of any length. Its index in the workload, or NOBODY.
    """
    if size < 0 or power_mw < 0 or first >= w.blocks * BLOCK:
        return NOBODY
    soon = TOP - min(max(run_s, -1), TOP - 1)
    light = TOP - min(power_mw, TOP - 1)
    k_size = class_of(w, p, size)
    k_any_s = class_of(w, p, any_s_size)
    job = next_in_block(w, p, first, size, any_s_size, soon, light)
    node = w.blocks + first // BLOCK
    height = 0
    while job == NOBODY:
        while node & 1:  # no subtree further right below this parent
            node >>= 1
            height += 1
        node += 1
        if node == 1 or ((node << height) - w.blocks) * BLOCK >= env_of(w).next_job:  # nobody came yet
            break
        while may_have(w, p, node, size, soon, light, any_s_size, k_size, k_any_s):
            if node >= w.blocks:
                job = next_in_block(w, p, (node - w.blocks) * BLOCK, size, any_s_size, soon, light)
                break
            node *= 2
            height -= 1
    return job


@rule
def first_job(w):
    """The first waiting job."""
    return entry_of(w, QUEUE, ends_of(w, QUEUE).first).job


@rule
def is_kept(w):
    """Whether this environment keeps the index."""
    return w.blocks > 0
