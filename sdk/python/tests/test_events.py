import anyio
import pytest

from logmark.generated.api.events import read_group, read_stream
from logmark.generated.api.groups import describe_group, list_groups, list_streams
from logmark.generated.types import UNSET
from logmark.stream import Lines

from stage import BEGIN, BIG, EXPIRED, LIMITED, ODD_STREAM, SMALL, TOKEN, acme, acme_async, door, messages, seen

BIG_STREAM = ("/acme/big", "web-1")


def test_groups_are_listed_to_the_end():
    logmark, names, cursor = acme(), [], UNSET
    while cursor is not None:
        page = list_groups.sync(client=logmark.client, limit=4, cursor=cursor)
        names += [group.name for group in page.groups]
        cursor = page.next_cursor or None
    expected = "api big down/502 down/503 down/504 endless failing java/orders many midway queried small"
    assert names == [f"/acme/{name}" for name in expected.split()]


def test_events_come_once_and_in_order_over_many_pages():
    events = acme().events(*BIG_STREAM, start=BEGIN, page_size=777)
    assert messages(events) == BIG
    assert messages(acme().events(cursor=events.cursor)) == [], "there is nothing more"


def test_they_do_asynchronously():
    async def read():
        async with acme_async() as logmark:
            events = logmark.events(*BIG_STREAM, start=BEGIN, page_size=777)
            return [event.message async for event in events], [page async for page in logmark.events(cursor=events.cursor).pages()]

    found, more = anyio.run(read)
    assert found == BIG
    assert [(page.events, page.stop_reason) for page in more] == [([], "end")]


def test_too_many_requests_are_waited_out():
    events = acme(LIMITED).events(*BIG_STREAM, start=BEGIN, page_size=1000)
    assert messages(events) == BIG


def test_an_iteration_goes_on_where_another_was_left():
    first, found = acme().events(*BIG_STREAM, start=BEGIN, page_size=500), []
    for page in first.pages():
        found += messages(page.events)
        if len(found) >= 2000:
            break
    found += messages(acme().events(cursor=first.cursor, page_size=3000))
    assert found == BIG


def test_within_a_page_the_cursor_stays_before_it_and_behind_its_last_event_it_is_behind_it():
    events, cursors = acme().events(*BIG_STREAM, start=BEGIN, page_size=100), {}
    for number, _event in enumerate(events, 1):
        cursors[number] = events.cursor
        if number == 250:
            break
    assert cursors[99] is None
    assert cursors[100] == cursors[199] != cursors[200] == cursors[250]
    assert next(iter(acme().events(cursor=cursors[200]))).message == "event 00200"


def test_following_goes_on_beyond_the_end():
    events = acme(url=door("plain")).events("/acme/small", ODD_STREAM, start=BEGIN, follow=True, interval=0.02)
    found = []
    for page in events.pages():
        found += messages(page.events)
        if len(seen("/plain/logs?")) > 3:
            break
    assert found == SMALL


def test_a_stream_brings_everything_in_one_answer_and_says_where_it_ended():
    stream = acme().stream(*BIG_STREAM, start=BEGIN)
    assert messages(stream) == BIG
    assert stream.stop_reason == "end"
    assert messages(acme().stream(cursor=stream.cursor)) == []
    limited = acme().stream(*BIG_STREAM, start=BEGIN, limit=10)
    assert (len(messages(limited)), limited.stop_reason) == (10, "limit")
    assert messages(acme().stream(cursor=limited.cursor, limit=1)) == ["event 00010"]


def test_it_does_asynchronously():
    async def read():
        async with acme_async() as logmark:
            stream = logmark.stream(*BIG_STREAM, start=BEGIN)
            return [event.message async for event in stream], stream.stop_reason

    assert anyio.run(read) == (BIG, "end")


def test_a_stream_can_be_left_early():
    assert next(iter(acme().stream(*BIG_STREAM, start=BEGIN))).message == "event 00000"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_end_at_newlines_alone_wherever_parts_end(size):
    text = 'a\u2028b\x85c\rd\n\nünïcödé 🪵\nlast'
    data, lines, found = text.encode(), Lines(), []
    for place in range(0, len(data), size):
        found += lines.feed(data[place : place + size])
    assert [line.decode() for line in found + lines.rest()] == text.split("\n")


def test_names_are_put_in_safely_by_the_conveniences_and_by_the_generated_operations():
    client = acme().client
    assert messages(acme().events("/acme/small", ODD_STREAM, start=BEGIN)) == SMALL
    assert messages(acme().stream("/acme/small", ODD_STREAM, start=BEGIN)) == SMALL
    assert messages(acme().stream("/acme/small", streams=[ODD_STREAM])) == SMALL
    assert messages(acme().stream("/acme/small", stream_prefix="2026/11")) == SMALL
    for group, stream in [("/acme/small", ODD_STREAM), (":acme:small", ODD_STREAM.replace("/", ":"))]:
        assert messages(read_stream.sync(group, stream, client=client, start=BEGIN).events) == SMALL
        assert describe_group.sync(group, client=client).name == "/acme/small"
        assert list_streams.sync(group, client=client).streams[0].name == ODD_STREAM
        page = read_group.sync(group, client=client, start=BEGIN, streams=[ODD_STREAM], filter_='"two lines"')
        assert messages(page.events) == SMALL[2:]


def test_a_token_is_asked_for_before_each_request_and_once_more_when_it_is_refused():
    tokens = [EXPIRED, TOKEN, TOKEN]
    logmark = acme(lambda: tokens.pop(0))
    assert len(messages(logmark.events("/acme/small", ODD_STREAM, start=BEGIN))) == 3
    assert len(tokens) == 1
    list_groups.sync(client=logmark.client)
    assert tokens == []


@pytest.mark.parametrize("is_coroutine", [False, True])
def test_it_is_asynchronously(is_coroutine):
    tokens = [EXPIRED, TOKEN]

    async def later():
        return tokens.pop(0)

    async def read():
        async with acme_async(later if is_coroutine else lambda: tokens.pop(0)) as logmark:
            return await list_groups.asyncio(client=logmark.client, limit=1)

    assert anyio.run(read).groups[0].name == "/acme/api"
