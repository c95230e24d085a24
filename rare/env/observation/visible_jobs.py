"""The waiting jobs that a policy sees, of a long queue the most wanted (DESIGN §4), and their cards.

Most of the time goes into touching memory, so what of a job does not change while it waits is gathered once
on its card (buffers.CARD), and the choice walks over one row of numbers.
"""

from __future__ import annotations

from rare.env.observation.buffers import card_at, memory_of, slot_at, static_at, wish_at, wish_in
from rare.rules.events.waiting_timers import latest_start_of
from rare.rules.orders import FCFS, allowance_s, estimate_left_s
from rare.rules.progress.pace import work_left
from rare.state.arrays import QUEUE, SUSPENDED, entry_of, env_of, job_of, live_of
from rare.state.compile import rule
from traces.numbers.constants import HOUR_S


@rule
def card_of(w, v, slot):
    """The card of a live job, written anew if the job or what is left of it has changed."""
    live = live_of(w, slot)
    card = card_at(v.at_cards, slot)
    suspended = live.doing == SUSPENDED
    left = live.left_s if w.pace_rows == 0 else work_left(w, slot)
    if card.job == live.job and card.left == left and (card.suspended == 1.0) == suspended:
        return card
    job = job_of(w, live.job)
    fixed = static_at(v.at_static, live.job)
    left_s = estimate_left_s(job, live.left_s)
    card.job = live.job
    card.left = left
    card.suspended = suspended
    card.decline = 1.0 / allowance_s(job)
    card.submit_s = job.submit_s
    card.latest_s = latest_start_of(w, slot)
    width = max(float(live.cores), live.gpus_milli / 1000.0)
    card.wish = max(job.value_u, 0) / (width * max(left_s, 1))
    card.saved = fixed.unserved_u / (width * max(left_s, 1)) if v.prices else 0.0
    card.cores = fixed.cores
    card.gpus = fixed.gpus
    card.memory = fixed.memory
    card.power = fixed.power
    card.density = fixed.density
    card.preemptible = live.preemptible
    card.estimate = left_s / (left_s + HOUR_S)
    return card


@rule
def worth_share(card, now_s):
    """Share of its value that a waiting job with value earns if it starts now (§6.2)."""
    if now_s <= card.latest_s:
        return 1.0
    return max(1.0 - float(now_s - card.latest_s) * card.decline, 0.0)


@rule
def wanted(w, v, slot):
    """Value still attainable per core-second, the order of the slots; 0 where there is no value.

    With prices in the layout also what it saves to serve the job.
    """
    card = card_of(w, v, slot)
    if card.wish == 0:
        return card.saved
    return card.wish * worth_share(card, env_of(w).now_s) + card.saved


@rule
def count_above(wishes, count, threshold):
    """How many of the wishes at an address are above a threshold."""
    above = 0
    for i in range(count):
        above += 1 if wish_in(wishes, i).x > threshold else 0
    return above


@rule
def last_of_equals(w, v, first, count, low, high, room):
    """The job up to which, in the order of submits, `room` jobs have a wish above `low` up to `high`."""
    wishes = memory_of(v).at_wishes
    fewer = -1
    more = env_of(w).jobs_end
    while more - fewer > 1:
        middle = (fewer + more) // 2
        reached = 0
        for i in range(count):
            wish = wish_at(wishes, i).x
            reached += wish > low and wish <= high and entry_of(w, QUEUE, first + i).job <= middle
        if reached <= room:
            fewer = middle
        else:
            more = middle
    return fewer


@rule
def sort_by_submit(w, v, count):
    """Bring the first `count` slots into the order of submits."""
    for i in range(1, count):
        slot = slot_at(v.at_slots, i).slot
        job = live_of(w, slot).job
        j = i
        while j > 0 and live_of(w, slot_at(v.at_slots, j - 1).slot).job > job:
            slot_at(v.at_slots, j).slot = slot_at(v.at_slots, j - 1).slot
            j -= 1
        slot_at(v.at_slots, j).slot = slot


@rule
def most_wanted(w, v, first, count):
    """Keep the K most wanted of a long queue, in the queue's order; of equals the first submitted.

    Returns their number. The threshold is found by halving: few walks over a row of numbers, no sorting.
    """
    wishes = memory_of(v).at_wishes
    low = -1.0
    high = 0.0
    for i in range(count):
        wish = wanted(w, v, entry_of(w, QUEUE, first + i).slot)
        wish_at(wishes, i).x = wish
        high = max(high, wish)
    above = 0  # the maximum
    for _ in range(60):
        middle = 0.5 * (low + high)
        beyond = count_above(wishes, count, middle)
        if beyond > v.queue_slots:
            low = middle
            continue
        high = middle
        above = beyond
        if above == v.queue_slots:
            break
    room = v.queue_slots - above  # for those at the threshold
    last = env_of(w).jobs_end
    if room > 0 and env_of(w).order != FCFS:  # the queue's first are not the first submitted
        last = last_of_equals(w, v, first, count, low, high, room)
    chosen = 0
    for i in range(count):
        wish = wish_at(wishes, i).x
        if wish > high or (room > 0 and wish > low and entry_of(w, QUEUE, first + i).job <= last):
            room -= wish <= high
            slot_at(v.at_slots, chosen).slot = entry_of(w, QUEUE, first + i).slot
            chosen += 1
    return chosen
