"""What the event loop works on: tables of NumPy, a row for each thing, since all of it is compiled.

Indices: r requests in the order of arrival, m models, a accounts, q ranks of priority (0 is claimed first), p pools,
g GPUs. Times are seconds since the start of the day. Limits of -1 are none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.extending import intrinsic

# Cached, since the loop takes seconds to compile. A change of one file does not show in the cache of its callers.
compiled = njit(cache=True, nogil=True, error_model="numpy")

WAITING, RUNNING, COMPLETED, FAILED, REFUSED = range(5)
OFF, STARTING, IDLE, BUSY = range(4)
FIXED, PER_GPU, QUEUE_AGE = range(3)
NOBODY = -1

_F, _I, _B = "f8", "i8", "?"
# tag: virtual start. after: the next one of its flow. begin_s: when the engine began, in the attempt that ended it.
REQUEST = np.dtype([
    ("arrival_s", _F), ("service_s", _F), ("tag", _F), ("begin_s", _F), ("finish_s", _F), ("after", "i4"),
    ("model", "i2"), ("account", "i2"), ("tries", "i2"), ("state", "i1"),
], align=True)  # fmt: skip
# waiting: also for a next attempt. n_flows: accounts that have somebody in line. loads: times it was loaded.
MODEL = np.dtype([
    ("load_s", _F), ("memory_gb", _F), ("max_running", _I), ("waiting", _I), ("running", _I), ("n_flows", _I),
    ("loads", _I),
])  # fmt: skip
ACCOUNT = np.dtype([
    ("weight", _F), ("rank", _I), ("max_running", _I), ("max_queued", _I), ("waiting", _I), ("running", _I),
])  # fmt: skip
# What one account asks of one model. `ends` and `turn` are `tag` and `turn` of the store's `shares`. The first n_flows
# of `member` are the accounts that have somebody in line, and `place` is where an account is among them.
FLOW = np.dtype([("ends", _F), ("turn", _F), ("first", _I), ("last", _I), ("place", _I), ("member", _I)])
# `tag` of the store's `clocks`, and the largest of `ends`.
CLOCK = np.dtype([("tag", _F), ("ends", _F)])
# paid_s: of all its GPUs so far. busy_s: of these, with a request, loading included.
POOL = np.dtype([
    ("memory_gb", _F), ("least", _I), ("most", _I), ("rule", _I), ("target", _F), ("start_s", _F), ("keep_s", _F),
    ("loss_per_s", _F), ("lost", _I), ("paid_s", _F), ("busy_s", _F),
])  # fmt: skip
# stamp: what is due for an earlier one is of no concern any more. life: times started. since_s: idle, or busy, since.
GPU = np.dtype([
    ("pool", _I), ("state", _I), ("job", _I), ("stamp", _I), ("life", _I), ("since_s", _F), ("paid_from_s", _F),
    ("free_gb", _F),
])  # fmt: skip
HELD = np.dtype([("loaded", _B), ("used_s", _F)], align=True)
LINK = np.dtype([("before", "i4"), ("behind", "i4")])
IDLE_LIST = np.dtype([("first", _I), ("last", _I)])


class Rules(NamedTuple):
    """What is the same for everybody."""

    scale_every_s: float
    warm_wait_s: float
    lease_s: float
    beat_s: float
    error_share: float
    max_attempts: int
    retry_delay_s: float
    horizon_s: float
    sample_s: float


class Tables(NamedTuple):
    """A day while it goes on, and what it leaves behind.

    Idle GPUs are in doubly linked lists, one for each model that they hold (`idle[m]`, links in row m of `links`) and
    one for each pool (`idle[models + p]`, links in the last row).
    """

    requests: Any  # r
    models: Any  # m
    accounts: Any  # a
    flows: Any  # m, a
    clocks: Any  # m, q
    pools: Any  # p
    serves: Any  # p, m: bool
    gpus: Any  # g
    held: Any  # g, m
    links: Any  # m + 1, g
    idle: Any  # m + p
    counts: Any  # p, state: GPUs
    queue: Any  # samples: requests that wait
    alive: Any  # samples, p: GPUs that are paid for
    busy: Any  # samples, p
    told: Any  # arrivals so far, events so far, stop asked for, events planned so far
    rules: Rules


def _without_owner(_context: Any, table: Any) -> Any:
    """The same array, without what counts its references."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        array.meminfo, array.parent = array.meminfo.type(None), array.parent.type(None)
        return array._getvalue()

    return table(table), build


_lent: Any = intrinsic(_without_owner)


@compiled
def lent(t: Tables) -> Any:
    """The same tables without an owner, for as long as the caller holds them.

    Every call counts the references of every table it is handed, which took three quarters of the time.
    """
    return Tables(
        _lent(t.requests), _lent(t.models), _lent(t.accounts), _lent(t.flows), _lent(t.clocks), _lent(t.pools),
        _lent(t.serves), _lent(t.gpus), _lent(t.held), _lent(t.links), _lent(t.idle), _lent(t.counts),
        _lent(t.queue), _lent(t.alive), _lent(t.busy), _lent(t.told), t.rules,
    )  # fmt: skip


def rows(kind: np.dtype[Any], *shape: int) -> Any:
    """Zeros, whose fields are attributes."""
    return np.zeros(shape, kind).view(np.recarray)


def day_of(requests: Any, models: Any, accounts: Any, *, pools: Any, serves: Any, rules: Rules) -> Tables:
    """Everything else, empty, for these tables."""
    n_models, n_pools, gpus = len(models), len(pools), int(pools.most.sum())
    samples = int(np.ceil(rules.horizon_s / rules.sample_s)) + 1
    t = Tables(
        requests=requests, models=models, accounts=accounts,
        flows=rows(FLOW, n_models, len(accounts)), clocks=rows(CLOCK, n_models, int(accounts.rank.max()) + 1),
        pools=pools, serves=serves,
        gpus=rows(GPU, gpus), held=rows(HELD, gpus, n_models), links=rows(LINK, n_models + 1, gpus),
        idle=rows(IDLE_LIST, n_models + n_pools), counts=np.zeros((n_pools, 4), np.int64),
        queue=np.zeros(samples, np.int64), alive=np.zeros((samples, n_pools), np.int64),
        busy=np.zeros((samples, n_pools), np.int64), told=np.zeros(4, np.int64), rules=rules,
    )  # fmt: skip
    t.gpus.pool = np.repeat(np.arange(n_pools), pools.most)
    t.gpus.free_gb = pools.memory_gb[t.gpus.pool]
    for table, names in ((t.flows, ("first", "last")), (t.idle, ("first", "last")), (t.links, ("before", "behind"))):
        for name in names:
            table[name] = NOBODY
    requests.after = NOBODY
    requests.begin_s = requests.finish_s = np.nan
    return t
