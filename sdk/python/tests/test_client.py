"""The first steps of a caller: the client's own checks, lists, times, and printed output."""

from datetime import datetime, timedelta, timezone

import anyio
import pytest

from logmark import AsyncLogmark, Logmark, LogmarkError
from logmark.generated.models import Event

from stage import BIG, EXPIRED, ODD_STREAM, SMALL, TOKEN, URL
from stage import acme, acme_async, door, failure, messages, seen, summary

GROUPS = [f"/acme/{name}" for name in "api big down/502 down/503 down/504 endless failing java/orders many midway queried small".split()]
BEGIN = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)


def test_groups_streams_and_the_caller_are_listed():
    logmark = acme()
    assert [group.name for group in logmark.groups()] == GROUPS
    assert [group.name for group in logmark.groups("/acme/down/")] == GROUPS[2:5]
    streams = list(logmark.streams("/acme/small", order_by="lastEvent", order="desc"))
    assert [stream.name for stream in streams] == [ODD_STREAM]
    assert [stream.name for stream in logmark.streams("/acme/big", prefix="web")] == ["web-1"]
    assert logmark.groups().incomplete == []
    assert (logmark.me().tenant, logmark.me().scopes) == ("acme", ["logs:*:*"])


def test_they_are_asynchronously():
    async def read():
        async with acme_async() as logmark:
            groups = [group.name async for group in logmark.groups()]
            streams = [stream.name async for stream in logmark.streams("/acme/big")]
            return groups, streams, (await logmark.me()).tenant

    assert anyio.run(read) == (GROUPS, ["web-1"], "acme")


def test_lists_follow_their_pages(monkeypatch):
    monkeypatch.setattr("logmark.listing._PAGE", 3)
    assert [group.name for group in acme(url=door("plain")).groups()] == GROUPS
    assert len(seen("/plain/groups?limit=3")) == 4


def test_a_groups_name_goes_into_a_path_that_no_proxy_changes():
    list(acme(url=door("plain")).streams("/acme/small"))
    assert len(seen("/plain/groups/%3Aacme%3Asmall/streams")) == 1


def test_times_may_be_datetimes():
    elsewhere = timezone(timedelta(hours=2))
    for start in (BEGIN, BEGIN.astimezone(elsewhere), BEGIN.timestamp(), "2026-11-20T10:00:00Z"):
        start = int(start) if isinstance(start, float) else start
        assert messages(acme().events("/acme/small", ODD_STREAM, start=start, end=BEGIN + timedelta(seconds=1))) == SMALL[:1]
        assert messages(acme().stream("/acme/small", ODD_STREAM, start=start, end=BEGIN + timedelta(seconds=2))) == SMALL[:2]
    later = BEGIN + timedelta(microseconds=3_332_000)
    assert messages(acme().events("/acme/big", "web-1", start=later)) == BIG[9996:]
    hour = datetime.now(timezone.utc) - timedelta(hours=1)
    assert len(acme().query("fields status", ["/acme/queried"], hour, end=datetime.now(timezone.utc)).rows) == 3


def test_a_time_without_a_zone_and_one_that_is_none_are_refused():
    for start, said in [(datetime(2026, 11, 20), "has no time zone"), (timedelta(hours=1), "timedelta"), (True, "bool")]:
        for read in (acme().events, acme().stream):
            error = failure(lambda: messages(read("/acme/small", start=start)))
            assert summary(error) == "0 invalid_request"
            assert said in error.detail and "`start`" in error.detail


@pytest.mark.parametrize("client", [Logmark, AsyncLogmark])
def test_a_token_or_an_address_that_can_not_work_is_refused_at_once(client):
    for token, said in [("", "empty"), (" \n", "empty"), (None, "empty"), ("Bearer e30", "pass only the token"), ("a b", "characters")]:
        error = failure(lambda: client(URL, token))
        assert summary(error) == "0 invalid_request"
        assert said in error.detail
    for url in ("", "logs.example.com", "ftp://logs.example.com", "http://"):
        error = failure(lambda: client(url, TOKEN))
        assert summary(error) == "0 invalid_request"
        assert f"`{url}`" in error.detail
    assert "secret" not in str(failure(lambda: client("http://user:secret@127.0.0.1", TOKEN)))


def test_a_token_from_a_file_may_end_in_a_newline_and_a_function_may_not_give_an_empty_one():
    assert acme(f"{TOKEN}\n").me().tenant == "acme"
    assert acme(lambda: f"{TOKEN}\n").me().tenant == "acme"
    assert summary(failure(lambda: acme(lambda: "").me())) == "0 token_failed"

    async def ask():
        async with acme_async(lambda: "") as logmark:
            await logmark.me()

    assert summary(failure(lambda: anyio.run(ask))) == "0 token_failed"


def test_connection_errors_name_the_address_and_no_cursors():
    logmark = acme(url="http://127.0.0.1:1/prod", retries=0)
    for read in (lambda: logmark.me(), lambda: messages(logmark.events(cursor="made-up")), lambda: messages(logmark.stream("/a"))):
        error = failure(read)
        assert summary(error) == "0 connection_failed"
        assert "http://127.0.0.1:1/prod/" in error.detail and "refused" in error.detail
        assert "made-up" not in str(error)


def test_the_address_of_something_else_is_said():
    error = failure(lambda: list(acme(url=door("html"), retries=0).groups()))
    assert f"{door('html')}/groups: " in error.detail
    error = failure(lambda: acme(url=door("page")).me())
    assert (summary(error), error.detail) == (
        "200 unexpected_answer",
        f"{door('page')}/me responded with a page of HTML: is this the address of the service?",
    )


def test_errors_say_every_fault():
    error = failure(lambda: messages(acme().events("/acme/big", start="yesterday", page_size=0)))
    assert "\n  start: " in str(error) and "\n  limit: " in str(error)


def test_what_is_printed_is_readable():
    logmark = acme(url="http://127.0.0.1:1/prod")
    assert repr(logmark) == "Logmark(url='http://127.0.0.1:1/prod')"
    events = logmark.events("/acme/api", start=BEGIN, page_size=5)
    assert repr(events) == "EventIterator(group='/acme/api', start=2026-11-20T10:00:00+00:00, page_size=5, cursor=None)"
    assert repr(logmark.stream("/acme/api")) == "EventStream(group='/acme/api', stop_reason=None)"
    event = Event(log_stream="web-1", message="m", timestamp=BEGIN)
    assert repr(event) == "Event(log_stream='web-1', message='m', timestamp=2026-11-20T10:00:00+00:00)"
    assert TOKEN not in repr(logmark.client) + repr(vars(logmark))
    error = failure(lambda: acme(EXPIRED).me())
    assert repr(error).startswith("LogmarkError(status=401, code=") and "request_id=" in repr(error)
    assert repr(acme().query("fields n", ["/acme/queried"], "-1h")).find("rows=<3 rows>") > 0
    assert "Unset" not in repr(acme().me()) + repr(list(acme().groups()))
    assert isinstance(error, LogmarkError)
