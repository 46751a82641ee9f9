from datetime import datetime, timezone

import anyio
import pytest

from logmark import Event, Gap, LogmarkError, Notice, Sampled

from stage import BEGIN, BIG, EXPIRED, TOKEN, WATCHER, acme, acme_async, door, failure, summary

BIG_STREAM = ("/acme/big", "web-1")


def test_a_tail_begins_with_its_history_and_outlives_cuts():
    tail, found = acme(url=door("live")).tail(*BIG_STREAM, start=BEGIN), []
    for item in tail:
        assert isinstance(item, Event)
        found.append(item.message)
        if len(found) == len(BIG):
            break
    assert found == BIG
    assert tail.cursor is not None


@pytest.mark.parametrize("habit", ["ragged", "buffered"])
def test_it_outlives_cuts_at_any_byte_and_buffers_that_are_lost(habit):
    found = []
    for item in acme(url=door(habit)).tail(*BIG_STREAM, start=BEGIN):
        found.append(item.message)
        if len(found) == len(BIG):
            break
    assert found == BIG


def test_nothing_is_lost_where_idle_connections_are_closed():
    found = []
    for item in acme(WATCHER, url=door("idle")).tail("/watched/ticks"):
        found.append(int(item.message.removeprefix("tick ")))
        if len(found) == 6:
            break
    assert found == list(range(found[0], found[0] + 6))


def test_it_does_asynchronously():
    async def read():
        found = []
        async with acme_async(url=door("live")) as logmark:
            async for item in logmark.tail(*BIG_STREAM, start=BEGIN):
                found.append(item.message)
                if len(found) == len(BIG):
                    return found

    assert anyio.run(read) == BIG


def test_a_tail_is_resumed_by_its_cursor():
    first, found = acme().tail(*BIG_STREAM, start=BEGIN), []
    for item in first:
        found.append(item.message)
        if len(found) == 100:
            break
    for item in acme().tail(cursor=first.cursor):
        found.append(item.message)
        if len(found) == 200:
            break
    assert found == BIG[:200]


def kinds(item):
    return item.message if isinstance(item, Event) else item


EXPECTED = [
    "one",
    Gap(
        datetime(2026, 11, 20, 10, 0, 0, tzinfo=timezone.utc), datetime(2026, 11, 20, 10, 0, 1, tzinfo=timezone.utc), "dropped", True
    ),
    Sampled(500),
    Notice("sweeps"),
    "two",
]


def test_every_kind_of_item_has_its_type_and_a_refusal_ends_it():
    tail, found = acme(url=door("items")).tail("/acme/big"), []
    with pytest.raises(LogmarkError) as error:
        found.extend(kinds(item) for item in tail)
    assert found == EXPECTED
    assert summary(error.value) == "403 insufficient_scope"
    assert tail.cursor == "e"


def test_they_have_asynchronously():
    async def read():
        found = []
        async with acme_async(url=door("items")) as logmark:
            with pytest.raises(LogmarkError):
                async for item in logmark.tail("/acme/big"):
                    found.append(kinds(item))
        return found

    assert anyio.run(read) == EXPECTED


def test_a_refused_tail_is_an_error_at_once():
    assert summary(failure(lambda: next(iter(acme().tail("/acme/none"))))) == "404 not_found"
    assert summary(failure(lambda: next(iter(acme(EXPIRED).tail("/acme/big"))))) == "401 expired_token"
    assert summary(failure(lambda: next(iter(acme(url=door("html")).tail("/acme/big"))))) == "502 http_error"


def test_a_renewed_token_lets_it_begin():
    tokens = [EXPIRED, TOKEN]
    assert next(iter(acme(lambda: tokens.pop(0)).tail(*BIG_STREAM, start=BEGIN))).message == "event 00000"
