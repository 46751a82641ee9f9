import re

import anyio
import httpx
import pytest

from logmark import LogmarkError
from logmark.error import retry_after_of
from logmark.generated.api.caller import me
from logmark.generated.api.events import read_logs
from logmark.generated.api.groups import describe_group, list_groups
from logmark.generated.api.queries import read_query, start_query
from logmark.generated.models import NewQuery, ReadQueryFormat

from stage import BEGIN, EXPIRED, LIMITED, NARROW, ODD_STREAM
from stage import acme, acme_async, door, failure, messages, seen, summary


def query(group, text="fields a"):
    return NewQuery(query=text, log_groups=[group], start="-1h")


def start(body, **options):
    return start_query.sync(client=acme(**options).client, body=body)


def test_what_is_wrong_with_the_input_is_said_fault_by_fault():
    error = failure(lambda: read_logs.sync(client=acme().client, group="/acme/big", start="yesterday", limit=0))
    assert summary(error) == "400 invalid_parameter"
    assert sorted(fault.parameter for fault in error.errors) == ["limit", "start"]
    assert all(fault.detail for fault in error.errors)
    assert re.fullmatch("[0-9a-f]{32}", error.request_id)
    assert error.title and error.detail in str(error)
    error = failure(lambda: start(query("/acme/queried", "stat count(*)")))
    assert (summary(error), error.errors[0].pointer) == ("400 invalid_query", "/query")
    assert summary(failure(lambda: messages(acme().events(cursor="made-up")))) == "400 invalid_cursor"


def test_a_token_is_refused_with_its_reason():
    for token in (EXPIRED, lambda: EXPIRED):
        assert summary(failure(lambda: me.sync(client=acme(token).client))) == "401 expired_token"
    assert len(messages(acme(NARROW).events("/acme/small", ODD_STREAM, start=BEGIN))) == 3
    error = failure(lambda: messages(acme(NARROW).events("/acme/big", start=BEGIN)))
    assert summary(error) == "403 insufficient_scope"
    assert "logs:read:/acme/big" in error.detail


def test_what_is_not_there_and_what_is_not_allowed():
    for group in ("/acme/gone", "/other/x"):
        assert summary(failure(lambda: messages(acme().stream(group)))) == "404 not_found"
    assert summary(failure(lambda: describe_group.sync("/other/x", client=acme().client))) == "404 not_found"
    assert summary(failure(lambda: start(query("/acme/queried", "SOURCE 'x' | fields a")))) == "422 query_forbidden"
    assert summary(failure(lambda: acme().query("pattern @message | anomaly", ["/acme/small"], "-1h"))) == "400 invalid_query"


def test_a_query_that_runs_is_no_file_yet_and_a_body_may_be_too_large():
    running = start(query("/acme/endless")).query_id
    error = failure(lambda: read_query.sync(running, client=acme().client, format_=ReadQueryFormat.CSV))
    assert (summary(error), error.retry_after) == ("409 query_incomplete", 2)
    large = query("/acme/queried", f'fields a | filter b = "{"x" * 5000}"')
    assert summary(failure(lambda: start(large))) == "413 body_too_large"


def test_too_many_requests_say_when_to_come_back():
    async def ask():
        async with acme_async(LIMITED, retries=0) as logmark:
            for _ in range(100):
                answers = [0] * 5

                async def one():
                    try:
                        await me.asyncio(client=logmark.client)
                    except LogmarkError as error:
                        answers.append(error)

                async with anyio.create_task_group() as tasks:
                    for _ in range(5):
                        tasks.start_soon(one)
                for answer in answers:
                    if answer:
                        return answer

    error = anyio.run(ask)
    assert (summary(error), error.retry_after) == ("429 rate_limited", 1)


def test_a_query_that_was_refused_for_the_moment_is_started_later():
    started = []

    async def ask():
        async with acme_async(LIMITED) as logmark, anyio.create_task_group() as tasks:

            async def one():
                answer = await start_query.asyncio(client=logmark.client, body=query("/acme/big"))
                started.append(answer.query_id)

            for _ in range(5):
                tasks.start_soon(one)

    anyio.run(ask)
    assert len(set(started)) == 5


def test_the_upstream_fails_in_each_of_its_ways():
    def read(group):
        return failure(lambda: messages(acme(retries=0).events(group, "web-1", start=BEGIN)))

    assert summary(read("/acme/down/502")) == "502 upstream_error"
    busy = read("/acme/down/503")
    assert summary(busy) == "503 overloaded"
    assert busy.retry_after >= 1
    assert summary(read("/acme/down/504")) == "504 upstream_timeout"


def test_a_stream_never_ends_well_when_it_is_not_whole():
    found = []

    def read():
        for event in acme().stream("/acme/midway", "web-1"):
            found.append(int(event.message[-9:]))

    assert summary(failure(read)) == "502 upstream_error"
    assert found == [0, 1, 2, 3]
    for habit in ("cut", "short"):
        stream = acme(url=door(habit)).stream("/acme/big", "web-1", start=BEGIN)
        assert summary(failure(lambda: messages(stream))) == "0 incomplete_body"
        assert stream.stop_reason is None


@pytest.mark.parametrize("habit", ["cut", "short"])
def test_nor_does_an_asynchronous_one(habit):
    async def read():
        async with acme_async(url=door(habit)) as logmark:
            return [event async for event in logmark.stream("/acme/big", "web-1", start=BEGIN)]

    assert summary(failure(lambda: anyio.run(read))) == "0 incomplete_body"


def test_what_the_reader_raises_is_its_own():
    with pytest.raises(httpx.ReadError, match="the reader's"):
        for _event in acme().stream("/acme/big", "web-1", start=BEGIN):
            raise httpx.ReadError("the reader's")


def test_a_page_that_breaks_off_is_asked_for_again():
    client = acme(url=door("cut"), retries=1).client
    assert summary(failure(lambda: list_groups.sync(client=client, prefix="/acme/s"))) == "0 connection_failed"
    assert len(seen("/cut/groups?prefix=%2Facme%2Fs")) == 2


def test_connections_that_fail_are_tried_again_but_no_query_is_started_twice():
    client = acme(url=door("flaky")).client
    assert len(list_groups.sync(client=client, prefix="/acme/big").groups) == 1
    assert len(seen("GET /flaky/groups?prefix=%2Facme%2Fbig")) == 3
    assert summary(failure(lambda: start(query("/acme/queried"), url=door("flaky")))) == "0 connection_failed"
    assert len(seen("POST /flaky/queries")) == 1


def test_they_are_asynchronously():
    async def ask():
        async with acme_async(url=door("flaky")) as logmark:
            return await list_groups.asyncio(client=logmark.client, prefix="/acme/m")

    assert [group.name for group in anyio.run(ask).groups] == ["/acme/many", "/acme/midway"]


def test_retries_are_bounded_in_number_and_in_time():
    assert summary(failure(lambda: me.sync(client=acme(url=door("gone"), retries=2).client))) == "0 connection_failed"
    assert len(seen("GET /gone/me")) == 3
    later = failure(lambda: me.sync(client=acme(url=door("later")).client))
    assert (summary(later), later.retry_after) == ("429 rate_limited", 3600)
    assert len(seen("GET /later/me")) == 1


def test_an_answer_that_is_not_the_services_is_an_error_too():
    error = failure(lambda: me.sync(client=acme(url=door("html"), retries=1).client))
    assert summary(error) == "502 http_error"
    assert "Bad gateway" in error.detail
    assert len(seen("GET /html/me")) == 2
    refused = failure(lambda: me.sync(client=acme(url="http://127.0.0.1:1", retries=0).client))
    assert summary(refused) == "0 connection_failed"
    assert "refused" in refused.detail


def test_what_takes_too_long_has_failed():
    slow = acme(timeout=0.3, retries=0).events("/acme/down/504", "web-1", start=BEGIN)
    assert summary(failure(lambda: messages(slow))) == "0 connection_failed"


def test_retry_after_has_two_forms():
    for value, expected in [("3", 3), ("Fri, 20 Nov 2026 10:00:00 GMT", 0), ("soon", None), ("", None)]:
        found = retry_after_of(httpx.Headers({"retry-after": value}))
        assert found == expected or (expected == 0 and found is not None)
