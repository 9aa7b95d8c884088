"""The GPUs: which is idle, what it holds in memory, when it is paid for. Compiled."""

from __future__ import annotations

from mutoscope.bench.simulator.tables import BUSY, IDLE, NOBODY, OFF, STARTING, Tables, compiled


@compiled
def set_state(g: int, state: int, t: Tables) -> None:
    p = t.gpus[g].pool
    t.counts[p, t.gpus[g].state] -= 1
    t.counts[p, state] += 1
    t.gpus[g].state = state
    t.gpus[g].stamp += 1


@compiled
def alive(p: int, t: Tables) -> int:
    """GPUs of a pool that are paid for."""
    return int(t.counts[p, STARTING] + t.counts[p, IDLE] + t.counts[p, BUSY])


@compiled
def start(g: int, now: float, t: Tables) -> None:
    t.gpus[g].paid_from_s = now
    t.gpus[g].life += 1
    set_state(g, STARTING, t)


@compiled
def switch_off(g: int, now: float, t: Tables) -> None:
    """Give a GPU back, or lose it; what it held is gone."""
    p = t.gpus[g].pool
    t.pools[p].paid_s += now - t.gpus[g].paid_from_s
    if t.gpus[g].state == IDLE:
        leave_lists(g, t)
    set_state(g, OFF, t)
    for m in range(len(t.models)):
        t.held[g, m].loaded = False
    t.gpus[g].free_gb = t.pools[p].memory_gb


@compiled
def rest(g: int, now: float, t: Tables) -> None:
    """Nothing to do: into the lists of the idle."""
    set_state(g, IDLE, t)
    t.gpus[g].since_s = now
    models = len(t.models)
    for m in range(models):
        if t.held[g, m].loaded:
            _enter(g, m, m, t)
    _enter(g, models, models + t.gpus[g].pool, t)


@compiled
def _enter(g: int, row: int, which: int, t: Tables) -> None:
    first = t.idle[which].first
    t.links[row, g].before, t.links[row, g].behind = NOBODY, first
    if first == NOBODY:
        t.idle[which].last = g
    else:
        t.links[row, first].before = g
    t.idle[which].first = g


@compiled
def leave_lists(g: int, t: Tables) -> None:
    models = len(t.models)
    for m in range(models):
        if t.held[g, m].loaded:
            _leave(g, m, m, t)
    _leave(g, models, models + t.gpus[g].pool, t)


@compiled
def _leave(g: int, row: int, which: int, t: Tables) -> None:
    before, behind = t.links[row, g].before, t.links[row, g].behind
    if before == NOBODY:
        t.idle[which].first = behind
    else:
        t.links[row, before].behind = behind
    if behind == NOBODY:
        t.idle[which].last = before
    else:
        t.links[row, behind].before = before


@compiled
def idle_for(m: int, t: Tables) -> int:
    """An idle GPU for a model: one that holds it, the one that worked last; else the one that is idle longest."""
    if t.idle[m].first != NOBODY:
        return int(t.idle[m].first)
    models, found = len(t.models), NOBODY
    for p in range(len(t.pools)):
        if t.serves[p, m]:
            g = t.idle[models + p].last
            if g != NOBODY and (found == NOBODY or t.gpus[g].since_s < t.gpus[found].since_s):
                found = g
    return int(found)


@compiled
def load(g: int, m: int, now: float, t: Tables) -> float:
    """Seconds until this model can work on this GPU. Models not used for longest leave if memory is short."""
    t.held[g, m].used_s = now
    if t.held[g, m].loaded:
        return 0.0
    while t.gpus[g].free_gb < t.models[m].memory_gb:
        oldest = NOBODY
        for other in range(len(t.models)):
            if t.held[g, other].loaded and (oldest == NOBODY or t.held[g, other].used_s < t.held[g, oldest].used_s):
                oldest = other
        t.held[g, oldest].loaded = False
        t.gpus[g].free_gb += t.models[oldest].memory_gb
    t.held[g, m].loaded = True
    t.gpus[g].free_gb -= t.models[m].memory_gb
    t.models[m].loads += 1
    return float(t.models[m].load_s)
