"""The five states, the moves between them, and instants on the wire."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from mutoscope.jobs import MOVES, State, new_id, timestamp


def test_there_are_five_states_and_their_words_do_not_change() -> None:
    """They are in databases, events and other people's programs."""
    assert [str(state) for state in State] == ["in_queue", "in_progress", "completed", "failed", "cancelled"]


def test_every_state_says_where_it_can_go() -> None:
    """No state is forgotten, none goes to itself."""
    assert set(MOVES) == set(State)
    assert all(state not in targets for state, targets in MOVES.items())


@pytest.mark.parametrize("state", list(State))
def test_terminal_is_terminal(state: State) -> None:
    """A state is terminal exactly if nothing follows it."""
    assert state.is_terminal == (not MOVES[state])


def test_every_state_can_be_reached_and_left_for_an_end() -> None:
    """From the queue to everywhere; from everywhere to an end."""
    reached = {State.IN_QUEUE}
    while more := {target for state in reached for target in MOVES[state]} - reached:
        reached |= more
    assert reached == set(State)
    assert all(any(target.is_terminal for target in MOVES[s]) for s in State if not s.is_terminal)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000000+00:00"),
        (1_767_322_985_123, "2026-01-02T03:03:05.123000+00:00"),
        (1_767_322_985_000, "2026-01-02T03:03:05.000000+00:00"),
    ],
)
def test_instants_have_microseconds_and_an_offset(ms: int, text: str) -> None:
    """Always six digits, never `Z`."""
    assert timestamp(ms) == text


def test_instants_keep_every_millisecond() -> None:
    """Read back, the same number comes out."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for ms in range(1_767_322_985_000, 1_767_322_987_000, 7):
        assert (datetime.fromisoformat(timestamp(ms)) - epoch) / timedelta(milliseconds=1) == ms


def test_request_ids_are_uuids_of_version_7_in_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id made a millisecond later sorts later, and no two of one millisecond are the same."""
    now_ms = 1_790_000_000_000
    made = []
    for ms in range(50):
        monkeypatch.setattr("mutoscope.jobs.time.time_ns", lambda ms=ms: (now_ms + ms) * 1_000_000)
        made.append([new_id() for _ in range(20)])
    assert all(max(earlier) < min(later) for earlier, later in pairwise(made))
    ids = [uuid.UUID(text) for some in made for text in some]
    assert len(set(ids)) == len(ids) == 1000
    assert {(number.version, number.variant) for number in ids} == {(7, uuid.RFC_4122)}
    assert ids[0].int >> 80 == now_ms
