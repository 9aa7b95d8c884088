"""Favourites and collections: every shelf gives what is there, page by page, and what goes leaves nothing behind."""

from __future__ import annotations

import itertools

import pytest

from mutoscope.errors import Conflict, NotFound
from mutoscope.store.expiry import Expiry
from mutoscope.store.library import Entry, Shelf

from .conftest import ALICE, BOB, Desk, Person

pytestmark = pytest.mark.anyio
MEDIA = {"image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}


async def on_shelf(desk: Desk, who: Person = ALICE, **wanted: object) -> list[Entry]:
    """Every page, two files each."""
    found: list[Entry] = []
    cursor = None
    while page := await desk.store.library.entries(who.account_id, Shelf(**wanted, cursor=cursor, limit=2)):  # type: ignore[arg-type]
        found += page
        cursor = (page[-1].file.created_ms, page[-1].file.id)
    return found


def ids(entries: list[Entry]) -> list[str]:
    return [entry.file.id for entry in entries]


async def test_every_shelf_gives_what_is_there(desk: Desk) -> None:
    """All combinations of role, kind, favourites and collection, held to a plain filter of the same files."""
    library = desk.store.library
    shelf = await library.add_collection(ALICE.account_id, "Ports", at_most=9)
    made: list[tuple[str, str, str, bool, bool]] = []
    for n, (role, kind) in enumerate(itertools.product(("upload", "output", "input", "poster"), MEDIA)):
        for who in (ALICE, BOB):
            file = await desk.store.add_file(
                desk.file(who, role=role, media_type=MEDIA[kind], request_id=None if role == "upload" else f"r{n}")
            )
            if who is ALICE and role in ("upload", "output"):
                is_liked, is_in = n % 2 == 0, n % 3 == 0
                if is_liked:
                    await library.set_favourite(file.id, ALICE.account_id, is_favourite=True)
                if is_in:
                    await library.put(shelf.id, file.id, ALICE.account_id)
                made.append((file.id, role, kind, is_liked, is_in))
    every = itertools.product((None, "upload", "output"), (None, *MEDIA), (False, True), (None, shelf.id))
    for role_, kind_, liked, collection_id in every:
        found = await on_shelf(desk, role=role_, kind=kind_, favourites=liked, collection_id=collection_id)
        assert sorted(ids(found)) == sorted(
            file_id
            for file_id, role, kind, is_liked, is_in in made
            if role_ in (None, role)
            and kind_ in (None, kind)
            and (is_liked or not liked)
            and (is_in or not collection_id)
        ), (role_, kind_, liked, collection_id)
        assert found == sorted(found, key=lambda entry: (entry.file.created_ms, entry.file.id), reverse=True)
    assert (await library.collection(shelf.id, ALICE.account_id)).files == len([1 for *_, is_in in made if is_in])


async def test_an_output_comes_with_its_poster(desk: Desk) -> None:
    """And is told to be a favourite or not."""
    output = await desk.store.add_file(desk.file(role="output", request_id="r", name="output.mp4"))
    poster = await desk.store.add_file(desk.file(role="poster", request_id="r", name="poster.jpg"))
    assert await desk.store.library.entry(output.id, ALICE.account_id) == Entry(
        output, False, (poster.id, "poster.jpg")
    )
    with pytest.raises(NotFound):
        await desk.store.library.entry(poster.id, ALICE.account_id)


async def test_a_file_that_goes_is_nowhere_any_more(desk: Desk) -> None:
    """By its owner's hand, or because it was kept long enough."""
    library = desk.store.library
    shelf = await library.add_collection(ALICE.account_id, "Ports", at_most=9)
    for forget in (desk.store.delete_file, Expiry(desk.store.db).delete_unused_file):
        file = await desk.store.add_file(desk.file())
        await library.put(shelf.id, file.id, ALICE.account_id)
        await library.set_favourite(file.id, ALICE.account_id, is_favourite=True)
        await forget(file.id)
        assert (await library.collection(shelf.id, ALICE.account_id)).files == 0
        await desk.store.add_file(file)  # of the same id, as after a restore
        assert not (await library.entry(file.id, ALICE.account_id)).is_favourite
        await desk.store.delete_file(file.id)


async def test_collections_have_names_of_their_own(desk: Desk) -> None:
    """Within an account, also after a rename, and no more than so many."""
    library = desk.store.library
    ports = await library.add_collection(ALICE.account_id, "Ports", at_most=2)
    await library.add_collection(BOB.account_id, "Ports", at_most=2)
    for name in ("Ports", "Third"):
        if name == "Third":
            await library.add_collection(ALICE.account_id, "Second", at_most=2)
        with pytest.raises(Conflict):
            await library.add_collection(ALICE.account_id, name, at_most=2)
    with pytest.raises(Conflict):
        await library.rename_collection(ports.id, ALICE.account_id, "Second")
    assert (await library.rename_collection(ports.id, ALICE.account_id, "Ports")).name == "Ports"
    assert (await library.rename_collection(ports.id, ALICE.account_id, "Zeta")).name == "Zeta"
    assert [one.name for one in await library.collections(ALICE.account_id)] == ["Second", "Zeta"]


async def test_nobody_touches_what_is_somebody_elses(desk: Desk) -> None:
    """Neither her file by his collection, nor her collection by his file."""
    library = desk.store.library
    hers, his = await desk.store.add_file(desk.file()), await desk.store.add_file(desk.file(BOB))
    shelf = await library.add_collection(ALICE.account_id, "Hers", at_most=9)
    own = await library.add_collection(BOB.account_id, "His", at_most=9)
    await library.put(shelf.id, hers.id, ALICE.account_id)
    for act in (library.put, library.take):
        for collection_id, file_id in ((shelf.id, his.id), (own.id, hers.id), (shelf.id, hers.id)):
            with pytest.raises(NotFound):
                await act(collection_id, file_id, BOB.account_id)
    for call in (
        library.set_favourite(hers.id, BOB.account_id, is_favourite=True),
        library.entry(hers.id, BOB.account_id),
        library.collection(shelf.id, BOB.account_id),
        library.rename_collection(shelf.id, BOB.account_id, "Mine"),
        library.delete_collection(shelf.id, BOB.account_id),
    ):
        with pytest.raises(NotFound):
            await call
    assert await on_shelf(desk, BOB, collection_id=shelf.id) == []
    assert ids(await on_shelf(desk, collection_id=shelf.id)) == [hers.id]


async def test_a_collection_goes_and_its_files_stay(desk: Desk) -> None:
    """Taking out, putting in twice and deleting."""
    library = desk.store.library
    one, two = await desk.store.add_file(desk.file()), await desk.store.add_file(desk.file())
    shelf = await library.add_collection(ALICE.account_id, "Ports", at_most=9)
    for file in (one, two, two):
        await library.put(shelf.id, file.id, ALICE.account_id)
    await library.take(shelf.id, one.id, ALICE.account_id)
    await library.take(shelf.id, one.id, ALICE.account_id)
    assert ids(await on_shelf(desk, collection_id=shelf.id)) == [two.id]
    await library.delete_collection(shelf.id, ALICE.account_id)
    assert await library.collections(ALICE.account_id) == []
    assert sorted(ids(await on_shelf(desk))) == sorted([one.id, two.id])
