"""Who is next: the store's order of claims, compiled. `store/acts.py` and `queries.sql` are what it follows; a test
lets both claim the same requests.
"""

from __future__ import annotations

from typing import Any

from mutoscope.bench.simulator.tables import NOBODY, Tables, compiled


@compiled
def submit(r: int, t: Tables) -> bool:
    """Give a request its virtual start and let it wait. False: its account has as many waiting as it may."""
    m, a = t.requests[r].model, t.requests[r].account
    if 0 <= t.accounts[a].max_queued <= t.accounts[a].waiting:
        return False
    q = t.accounts[a].rank
    clock = t.clocks[m, q].tag if t.models[m].waiting > 0 else t.clocks[m, q].ends
    share = 1.0 / t.accounts[a].weight
    t.flows[m, a].ends = max(t.flows[m, a].ends, clock) + share
    t.requests[r].tag = t.flows[m, a].ends - share  # rounded as the store rounds it: a tie is a tie in both
    t.clocks[m, q].ends = max(t.clocks[m, q].ends, t.flows[m, a].ends)
    t.models[m].waiting += 1
    t.accounts[a].waiting += 1
    line_up(r, t)
    return True


@compiled
def line_up(r: int, t: Tables) -> None:
    """Into its flow, by virtual start: last for a new one, near the front for one that comes back."""
    m, a = t.requests[r].model, t.requests[r].account
    first, last = t.flows[m, a].first, t.flows[m, a].last
    t.requests[r].after = NOBODY
    if first == NOBODY:
        t.flows[m, a].first = t.flows[m, a].last = r
        t.flows[m, a].place = t.models[m].n_flows
        t.flows[m, t.models[m].n_flows].member = a
        t.models[m].n_flows += 1
    elif last < r:
        t.requests[last].after = r
        t.flows[m, a].last = r
    elif r < first:
        t.requests[r].after = first
        t.flows[m, a].first = r
    else:
        ahead = first
        while t.requests[ahead].after < r:
            ahead = t.requests[ahead].after
        t.requests[r].after = t.requests[ahead].after
        t.requests[ahead].after = r


@compiled
def head(m: int, t: Tables) -> tuple[Any, Any]:
    """The next request of a model by priority, virtual start and age, and that start; NOBODY if none may begin."""
    best, best_start, best_rank = NOBODY, 0.0, 0
    if t.models[m].n_flows == 0 or 0 <= t.models[m].max_running <= t.models[m].running:
        return best, best_start
    for i in range(t.models[m].n_flows):
        a = t.flows[m, i].member
        if 0 <= t.accounts[a].max_running <= t.accounts[a].running:
            continue
        r, q = t.flows[m, a].first, t.accounts[a].rank
        start = t.requests[r].tag
        if has_lane(a, t):
            start = max(start, t.flows[m, a].turn)
        if best == NOBODY or (q, start, r) < (best_rank, best_start, best):
            best, best_start, best_rank = r, start, q
    return best, best_start


@compiled
def has_lane(a: int, t: Tables) -> bool:
    return bool(t.accounts[a].max_running >= 0 or t.accounts[a].max_queued >= 0)


@compiled
def claim(r: int, start: float, t: Tables) -> None:
    """Take the head of its flow away, to run; virtual time goes on."""
    m, a = t.requests[r].model, t.requests[r].account
    q = t.accounts[a].rank
    t.flows[m, a].first = t.requests[r].after
    if t.flows[m, a].first == NOBODY:
        t.flows[m, a].last = NOBODY
        t.models[m].n_flows -= 1
        moved = t.flows[m, t.models[m].n_flows].member
        t.flows[m, t.flows[m, a].place].member = moved
        t.flows[m, moved].place = t.flows[m, a].place
    t.clocks[m, q].tag = max(t.clocks[m, q].tag, start)
    if has_lane(a, t):
        t.flows[m, a].turn = max(start, t.clocks[m, q].tag) + 1.0 / t.accounts[a].weight
    t.models[m].waiting -= 1
    t.accounts[a].waiting -= 1
    t.models[m].running += 1
    t.accounts[a].running += 1


@compiled
def stop_running(r: int, t: Tables, again: bool) -> None:
    """It runs no more; again: it waits for its next attempt, and comes into its flow when that is due."""
    m, a = t.requests[r].model, t.requests[r].account
    t.models[m].running -= 1
    t.accounts[a].running -= 1
    if again:
        t.models[m].waiting += 1
        t.accounts[a].waiting += 1
