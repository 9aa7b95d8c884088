"""The event loop: arrivals in their order, everything else from a heap. Compiled; a few million events a second.

An arrival may start at once on an idle GPU; a GPU that has finished claims what is next of the models that it serves.
So no GPU is idle while something waits that it may begin. What a lost GPU worked on is in the queue again when its
lease has ended. An autoscaler looks at every pool every few seconds.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np

from mutoscope.bench.simulator.machines import (
    alive,
    idle_for,
    leave_lists,
    load,
    rest,
    set_state,
    start,
    switch_off,
)
from mutoscope.bench.simulator.queueing import claim, head, line_up, stop_running, submit
from mutoscope.bench.simulator.tables import (
    BUSY,
    COMPLETED,
    FAILED,
    FIXED,
    IDLE,
    NOBODY,
    OFF,
    PER_GPU,
    REFUSED,
    RUNNING,
    STARTING,
    WAITING,
    Tables,
    compiled,
    lent,
)

FINISH, UP, LOSS, RETURN, EXPIRE, SCALE = range(6)
BLOCK = 4096  # events between two looks at whether to stop


@compiled
def run(owned: Tables, rng: Any) -> bool:
    """Live through the day and until nobody waits. False: it was told to stop."""
    t = lent(owned)
    heap = [(0.0, 0, 0, 0, 0)]  # time, number, kind, whose, stamp
    heap.pop()
    _open(t, heap, rng)
    n, arrived, sample, left = len(t.requests), 0, 0, len(t.requests)
    while left > 0 or (len(heap) > 0 and heap[0][0] < t.rules.horizon_s):
        if t.told[1] % BLOCK == 0 and t.told[2]:
            return False
        of_arrivals = arrived < n and (len(heap) == 0 or t.requests[arrived].arrival_s < heap[0][0])
        now = t.requests[arrived].arrival_s if of_arrivals else heap[0][0]
        sample = _sample(sample, now, t)
        t.told[1] += 1
        if of_arrivals:
            if submit(arrived, t):
                _offer(t.requests[arrived].model, now, t, heap, rng)
            else:
                t.requests[arrived].state = REFUSED
                t.requests[arrived].begin_s = t.requests[arrived].finish_s = now
                left -= 1
            arrived += 1
            t.told[0] = arrived
        else:
            _, _, kind, whose, stamp = heappop(heap)
            left -= _happen(now, kind, whose, stamp, t, heap, rng)
            if kind == SCALE and (left > 0 or now < t.rules.horizon_s):
                _push(heap, t, now + t.rules.scale_every_s, SCALE, 0, 0)
    _close(sample, t)
    return True


@compiled
def _push(  # noqa: PLR0917 -- numba has no keyword-only arguments
    heap: Any, t: Tables, at_s: float, kind: int, whose: int, stamp: int
) -> None:
    t.told[3] += 1  # a number of its own: what is due at the same time happens in this order
    heappush(heap, (float(at_s), t.told[3], np.int64(kind), np.int64(whose), np.int64(stamp)))


@compiled
def _open(t: Tables, heap: Any, rng: Any) -> None:
    """The least of every pool is there from the start, with nothing loaded."""
    scaled = False
    before = np.zeros(len(t.pools), np.int64)
    for g in range(len(t.gpus)):
        p = t.gpus[g].pool
        t.counts[p, OFF] += 1
        scaled = scaled or t.pools[p].rule != FIXED
        if before[p] < t.pools[p].least:
            before[p] += 1
            start(g, 0.0, t)
            _come_up(g, 0.0, t, heap, rng)
            rest(g, 0.0, t)
    if scaled:
        _push(heap, t, t.rules.scale_every_s, SCALE, 0, 0)


@compiled
def _come_up(g: int, now: float, t: Tables, heap: Any, rng: Any) -> None:
    rate = t.pools[t.gpus[g].pool].loss_per_s
    if rate > 0:
        _push(heap, t, now + rng.exponential(1.0 / rate), LOSS, g, t.gpus[g].life)


@compiled
def _happen(  # noqa: PLR0917 -- as above
    now: float,
    kind: int,
    whose: int,
    stamp: int,
    t: Tables,
    heap: Any,
    rng: Any,
) -> int:
    """One event; how many requests it ended."""
    if kind == FINISH and stamp == t.gpus[whose].stamp:
        return int(_finish(whose, now, t, heap, rng))
    if kind == UP and stamp == t.gpus[whose].stamp:
        _come_up(whose, now, t, heap, rng)
        _next(whose, now, t, heap, rng)
    elif kind == LOSS and t.gpus[whose].state in (IDLE, BUSY) and stamp == t.gpus[whose].life:
        _lose(whose, now, t, heap, rng)
    elif kind == EXPIRE:
        ended = _attempt_failed(whose, now, 0.0, t, heap)
        _let_others(whose, now, t, heap, rng)
        return int(ended)
    elif kind == RETURN:
        line_up(whose, t)
        _offer(t.requests[whose].model, now, t, heap, rng)
    elif kind == SCALE:
        for p in range(len(t.pools)):
            if t.pools[p].rule != FIXED:
                _scale(p, now, t, heap)
    return 0


@compiled
def _begin(  # noqa: PLR0917 -- as above
    r: int,
    start_tag: float,
    g: int,
    now: float,
    t: Tables,
    heap: Any,
) -> None:
    """This request on this GPU, which is in no list."""
    claim(r, start_tag, t)
    t.requests[r].state = RUNNING
    t.requests[r].tries += 1
    t.gpus[g].job = r
    t.gpus[g].since_s = now
    set_state(g, BUSY, t)
    t.requests[r].begin_s = now + load(g, t.requests[r].model, now, t)
    _push(heap, t, t.requests[r].begin_s + t.requests[r].service_s, FINISH, g, t.gpus[g].stamp)


@compiled
def _offer(m: int, now: float, t: Tables, heap: Any, rng: Any) -> None:
    """Begin what may begin of a model, as long as idle GPUs are found for it."""
    while True:
        r, tag = head(m, t)
        if r == NOBODY:
            return
        g = idle_for(m, t)
        if g == NOBODY:
            return
        leave_lists(g, t)
        _begin(r, tag, g, now, t, heap)


@compiled
def _next(g: int, now: float, t: Tables, heap: Any, rng: Any) -> None:
    """A GPU claims: of the heads of its models the most urgent, then the oldest; what it would have to load counts as
    `warm_wait_s` younger."""
    p, best, best_tag, best_key = t.gpus[g].pool, NOBODY, 0.0, (0, 0.0, 0)
    for m in range(len(t.models)):
        if t.serves[p, m]:
            r, tag = head(m, t)
            if r != NOBODY:
                since_s = t.requests[r].arrival_s + (0.0 if t.held[g, m].loaded else t.rules.warm_wait_s)
                key = (t.accounts[t.requests[r].account].rank, since_s, r)
                if best == NOBODY or key < best_key:
                    best, best_tag, best_key = r, tag, key
    if best == NOBODY:
        rest(g, now, t)
    else:
        _begin(best, best_tag, g, now, t, heap)


@compiled
def _finish(g: int, now: float, t: Tables, heap: Any, rng: Any) -> int:
    r, ended = t.gpus[g].job, 1
    t.pools[t.gpus[g].pool].busy_s += now - t.gpus[g].since_s
    if t.rules.error_share > 0 and rng.random() < t.rules.error_share:
        delay_s = t.rules.retry_delay_s * t.requests[r].tries
        ended = _attempt_failed(r, now, delay_s, t, heap)
    else:
        stop_running(r, t, False)
        t.requests[r].state, t.requests[r].finish_s = COMPLETED, now
    _next(g, now, t, heap, rng)
    _let_others(r, now, t, heap, rng)
    return ended


@compiled
def _attempt_failed(r: int, now: float, delay_s: float, t: Tables, heap: Any) -> int:
    again = t.requests[r].tries < t.rules.max_attempts
    stop_running(r, t, again)
    if again:
        t.requests[r].state = WAITING
        _push(heap, t, now + delay_s, RETURN, r, 0)
        return 0
    t.requests[r].state, t.requests[r].finish_s = FAILED, now
    return 1


@compiled
def _let_others(r: int, now: float, t: Tables, heap: Any, rng: Any) -> None:
    """Where a limit kept requests from beginning, an end makes room, perhaps on GPUs that are idle."""
    if t.models[t.requests[r].model].max_running >= 0 or t.accounts[t.requests[r].account].max_running >= 0:
        for m in range(len(t.models)):
            _offer(m, now, t, heap, rng)


@compiled
def _lose(g: int, now: float, t: Tables, heap: Any, rng: Any) -> None:
    """A GPU is gone. Its last beat was at most beat_s ago; a lease after that its request is handed on."""
    p = t.gpus[g].pool
    t.pools[p].lost += 1
    if t.gpus[g].state == BUSY:
        t.pools[p].busy_s += now - t.gpus[g].since_s
        _push(heap, t, now + t.rules.lease_s - rng.random() * t.rules.beat_s, EXPIRE, t.gpus[g].job, 0)
    switch_off(g, now, t)
    if t.pools[p].rule == FIXED:
        start(g, now, t)
        _push(heap, t, now + t.pools[p].start_s, UP, g, t.gpus[g].stamp)


@compiled
def _scale(p: int, now: float, t: Tables, heap: Any) -> None:
    """Start what is wanted; give back what has been idle for long enough and is not wanted. Busy ones go on."""
    there = alive(p, t)
    wanted = min(max(_wanted(p, now, t), t.pools[p].least), t.pools[p].most)
    if wanted == there:
        return
    for g in range(len(t.gpus)):
        if t.gpus[g].pool != p:
            continue
        if there < wanted and t.gpus[g].state == OFF:
            start(g, now, t)
            _push(heap, t, now + t.pools[p].start_s, UP, g, t.gpus[g].stamp)
            there += 1
        elif there > wanted and t.gpus[g].state == IDLE and now - t.gpus[g].since_s >= t.pools[p].keep_s:
            switch_off(g, now, t)
            there -= 1


@compiled
def _wanted(p: int, now: float, t: Tables) -> int:
    waiting, oldest_s = 0, now
    for m in range(len(t.models)):
        if t.serves[p, m]:
            waiting += t.models[m].waiting
            for i in range(t.models[m].n_flows):
                oldest_s = min(oldest_s, t.requests[t.flows[m, t.flows[m, i].member].first].arrival_s)
    busy = t.counts[p, BUSY]
    if t.pools[p].rule == PER_GPU:
        return int(np.ceil((waiting + busy) / t.pools[p].target))
    if now - oldest_s > t.pools[p].target:
        return int(max(busy + waiting, alive(p, t)))
    return int(busy + t.counts[p, STARTING])


@compiled
def _sample(sample: int, now: float, t: Tables) -> int:
    """Write down how things stood at every sample before now; the next sample."""
    while sample < len(t.queue) and sample * t.rules.sample_s < now:
        for m in range(len(t.models)):
            t.queue[sample] += t.models[m].waiting
        for p in range(len(t.pools)):
            t.alive[sample, p] = alive(p, t)
            t.busy[sample, p] = t.counts[p, BUSY]
        sample += 1
    return sample


@compiled
def _close(sample: int, t: Tables) -> None:
    """The bill, to the end of the day or of the last request, and the samples that are left."""
    end_s = t.rules.horizon_s
    for r in range(len(t.requests)):
        end_s = max(end_s, t.requests[r].finish_s)
    _sample(sample, t.rules.horizon_s + t.rules.sample_s, t)
    for g in range(len(t.gpus)):
        if t.gpus[g].state != OFF:
            t.pools[t.gpus[g].pool].paid_s += end_s - t.gpus[g].paid_from_s
