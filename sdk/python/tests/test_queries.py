import anyio
import pytest

from logmark import LogmarkError
from logmark.generated.api.queries import check_query, query_language, read_query
from logmark.generated.models import QueryToCheck

from stage import acme, acme_async, door, failure, seen

TEXT = "fields status, n"


def test_a_query_is_waited_for():
    found = acme().query(TEXT, ["/acme/queried"], "-1h")
    assert found.rows == [{"status": "0"}, {"status": "1"}, {"status": "2"}]
    assert (found.statistics.records_matched, found.statistics.bytes_scanned) == (3, 2_000_000_000)
    assert found.estimated_cost_usd == 0.01


def test_more_rows_than_a_page_holds_come_all():
    found = acme().query(TEXT, ["/acme/many"], "-1h", limit=20_000)
    assert [row["n"] for row in found.rows] == [str(number) for number in range(12_000)]


def test_they_do_asynchronously():
    async def ask():
        async with acme_async() as logmark:
            return await logmark.query(TEXT, ["/acme/many"], "-1h", limit=20_000)

    assert len(anyio.run(ask).rows) == 12_000


def test_a_query_that_fails_is_an_error():
    error = failure(lambda: acme().query(TEXT, ["/acme/failing"], "-1h"))
    assert error.code == "query_failed"
    assert "Failed" in error.detail


def stopped(habit: str) -> str:
    """The status of the query that was stopped last through the proxy."""
    return read_query.sync(seen(f"DELETE /{habit}/queries/")[-1].rsplit("/", 1)[1], client=acme().client).status


def test_a_query_that_takes_too_long_is_stopped():
    error = failure(lambda: acme(url=door("plain")).query(TEXT, ["/acme/endless"], "-1h", timeout=3))
    assert error.code == "query_timeout"
    assert stopped("plain") == "Cancelled"


def test_a_query_that_is_given_up_is_stopped(monkeypatch):
    def interrupted(_seconds):
        raise KeyboardInterrupt

    count = len(seen("DELETE /plain/queries/"))
    monkeypatch.setattr("logmark.query._SOON", 1000)
    monkeypatch.setattr("logmark.query.time.sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        acme(url=door("plain")).query(TEXT, ["/acme/endless"], "-1h")
    assert len(seen("DELETE /plain/queries/")) == count + 1
    assert stopped("plain") == "Cancelled"


def test_a_cancelled_one_is_stopped():
    count, looks = len(seen("DELETE /plain/queries/")), len(seen("GET /plain/queries/"))

    async def cancel():
        async with acme_async(url=door("plain")) as logmark, anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: logmark.query(TEXT, ["/acme/endless"], "-1h"))
            while len(await anyio.to_thread.run_sync(lambda: seen("GET /plain/queries/"))) == looks:
                await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()

    anyio.run(cancel)
    assert len(seen("DELETE /plain/queries/")) == count + 1
    assert stopped("plain") == "Cancelled"


def test_a_late_asynchronous_one_is_stopped():
    async def ask():
        async with acme_async(url=door("plain")) as logmark:
            await logmark.query(TEXT, ["/acme/endless"], "-1h", timeout=1)

    with pytest.raises(LogmarkError) as error:
        anyio.run(ask)
    assert error.value.code == "query_timeout"
    assert stopped("plain") == "Cancelled"


def test_a_check_tells_columns_and_faults_and_starts_nothing():
    def checked(text):
        return check_query.sync(client=acme().client, body=QueryToCheck(["/acme/api"], text, "-1h"))

    good = checked("stats count(*) as n by status")
    assert (good.columns, good.shape, good.diagnostics, good.refusals) == (["status", "n"], "table", [], [])
    assert good.estimate.basis in ("exact", "stored", "unknown")
    fault = checked("fields status\n| stat count(*)").diagnostics[0]
    assert (fault.severity, fault.line, fault.column, fault.fix) == ("error", 2, 3, "stats")
    assert checked("SOURCE '/other'").refusals[0].detail
    foreign = QueryToCheck(["/other/x"], "fields status", "-1h")
    assert failure(lambda: check_query.sync(client=acme().client, body=foreign)).status == 404


def test_the_language_lists_commands_and_functions():
    language = query_language.sync(client=acme().client)
    commands = {command.name: command for command in language.commands}
    assert {"fields", "filter", "stats", "parse"} <= commands.keys()
    assert all(command.description and command.example for command in language.commands)
    assert {"count", "pct"} <= {function.name for function in language.functions}
