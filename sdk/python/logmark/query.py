"""A Logs Insights query from its start to its rows."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from typing import Any, TypedDict

import anyio

from .error import LogmarkError
from .generated import AuthenticatedClient
from .generated.api.queries import read_query, start_query, stop_query
from .generated.models import NewQuery, Query, QueryStatistics
from .generated.types import UNSET, Unset
from .values import Time, time_text

_WAIT = 20
"""Seconds that one request waits for the end of the query."""
_SOON = 1.0
"""An answer that comes sooner than this is followed by a pause, which doubles up to the longest."""
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0


class QueryOptions(TypedDict, total=False):
    """The range's end (now), rows at most, and seconds after which the query is given up and stopped (none)."""

    end: Time
    limit: int
    timeout: float


@dataclass(repr=False)
class QueryResult:
    """What a query found."""

    query_id: str
    rows: list[dict[str, str]]
    """Values by column, all of them texts."""
    statistics: QueryStatistics | None
    estimated_cost_usd: float | None

    def __repr__(self) -> str:
        rows = f"<{len(self.rows)} rows>"
        cost = self.estimated_cost_usd
        return f"QueryResult(query_id={self.query_id!r}, rows={rows}, statistics={self.statistics!r}, estimated_cost_usd={cost})"


class _Run:
    """Where a query stands, which the synchronous and the asynchronous function share."""

    def __init__(self, text: str, log_groups: list[str], start: Time, options: QueryOptions) -> None:
        end = time_text("end", options["end"]) if "end" in options else UNSET
        limit = options.get("limit", UNSET)
        self.body = NewQuery(query=text, log_groups=log_groups, start=time_text("start", start), end=end, limit=limit)
        self.timeout = options.get("timeout")
        self.deadline = None if self.timeout is None else time.monotonic() + self.timeout
        self.pause = _FIRST_PAUSE
        self.rows: list[dict[str, str]] = []

    def prefer(self) -> str:
        """`Prefer`, as long as there is time."""
        wait = _WAIT if self.deadline is None else min(_WAIT, math.ceil(self.deadline - time.monotonic()))
        if wait <= 0:
            raise LogmarkError.local("query_timeout", f"the query had not ended after {self.timeout} s, and was stopped")
        return f"wait={wait}"

    def pause_after(self, begun: float) -> float:
        """Seconds to wait behind an answer to a request of this time."""
        if time.monotonic() - begun >= _SOON:
            return 0
        pause = self.pause * random.uniform(0.5, 1)
        self.pause = min(2 * self.pause, _LONGEST_PAUSE)
        return pause

    def take(self, page: Query) -> str | None:
        """Takes a page's rows, and gives the next one's cursor."""
        self.rows += [dict(row.additional_properties) for row in page.results or []]
        return page.next_cursor or None

    def result(self, ended: Query) -> QueryResult:
        """The rows and what goes with them."""
        cost = ended.estimated_cost_usd
        return QueryResult(ended.query_id, self.rows, ended.statistics or None, None if isinstance(cost, Unset) else cost)


def _runs(found: Query) -> bool:
    return found.status in ("Scheduled", "Running", "Unknown")


def _checked(found: Any) -> Query:
    assert isinstance(found, Query), "what is no success has raised"
    return found


def _complete(found: Query) -> Query:
    if found.status != "Complete":
        raise LogmarkError.local("query_failed", f"the query ended as {found.status}")
    return found


def query(
    client: AuthenticatedClient, text: str, log_groups: list[str], start: Time, options: QueryOptions
) -> QueryResult:
    """Starts it, waits for its end, and gives all its rows."""
    run = _Run(text, log_groups, start, options)
    found = _checked(start_query.sync(client=client, body=run.body, prefer=run.prefer()))
    try:
        while _runs(found):
            begun = time.monotonic()
            found = _checked(read_query.sync(found.query_id, client=client, prefer=run.prefer()))
            if _runs(found):
                time.sleep(run.pause_after(begun))
    except BaseException:
        # Given up, by an interrupt too. The reason is what counts, whether or not this succeeds.
        try:
            stop_query.sync_detailed(found.query_id, client=client)
        except LogmarkError:
            pass
        raise
    ended = _complete(found)
    cursor = run.take(ended)
    while cursor is not None:
        cursor = run.take(_checked(read_query.sync(ended.query_id, client=client, cursor=cursor)))
    return run.result(ended)


async def query_async(
    client: AuthenticatedClient, text: str, log_groups: list[str], start: Time, options: QueryOptions
) -> QueryResult:
    """Starts it, waits for its end, and gives all its rows."""
    run = _Run(text, log_groups, start, options)
    # Given up before its id is known, it is stopped by the service, which no longer has anybody to give it to.
    found = _checked(await start_query.asyncio(client=client, body=run.body, prefer=run.prefer()))
    try:
        while _runs(found):
            begun = time.monotonic()
            found = _checked(await read_query.asyncio(found.query_id, client=client, prefer=run.prefer()))
            if _runs(found):
                await anyio.sleep(run.pause_after(begun))
    except BaseException:
        # Given up, by a cancellation too, which must not cancel this.
        with anyio.CancelScope(shield=True):
            try:
                await stop_query.asyncio_detailed(found.query_id, client=client)
            except LogmarkError:
                pass
        raise
    ended = _complete(found)
    cursor = run.take(ended)
    while cursor is not None:
        cursor = run.take(_checked(await read_query.asyncio(ended.query_id, client=client, cursor=cursor)))
    return run.result(ended)
