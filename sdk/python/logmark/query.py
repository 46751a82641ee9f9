"""A Logs Insights query."""

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
"""Seconds that one request waits for the query to end."""
_SOON = 1.0
"""After a faster response the client pauses; the pause doubles up to the maximum."""
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0


class QueryOptions(TypedDict, total=False):
    """End of the range (default: now), maximum number of rows, and seconds after which the query is stopped (default: none)."""

    end: Time
    limit: int
    timeout: float


@dataclass(repr=False)
class QueryResult:
    """The result of a query."""

    query_id: str
    rows: list[dict[str, str]]
    """Values by column, all strings."""
    statistics: QueryStatistics | None
    estimated_cost_usd: float | None

    def __repr__(self) -> str:
        rows = f"<{len(self.rows)} rows>"
        cost = self.estimated_cost_usd
        return f"QueryResult(query_id={self.query_id!r}, rows={rows}, statistics={self.statistics!r}, estimated_cost_usd={cost})"


class _Run:
    """The state of a query, shared by the synchronous and the asynchronous function."""

    def __init__(self, text: str, log_groups: list[str], start: Time, options: QueryOptions) -> None:
        end = time_text("end", options["end"]) if "end" in options else UNSET
        limit = options.get("limit", UNSET)
        self.body = NewQuery(query=text, log_groups=log_groups, start=time_text("start", start), end=end, limit=limit)
        self.timeout = options.get("timeout")
        self.deadline = None if self.timeout is None else time.monotonic() + self.timeout
        self.pause = _FIRST_PAUSE
        self.rows: list[dict[str, str]] = []

    def prefer(self) -> str:
        """The value of `Prefer`, within the remaining time."""
        wait = _WAIT if self.deadline is None else min(_WAIT, math.ceil(self.deadline - time.monotonic()))
        if wait <= 0:
            raise LogmarkError.local("query_timeout", f"the query had not ended after {self.timeout} s, and was stopped")
        return f"wait={wait}"

    def pause_after(self, begun: float) -> float:
        """Seconds to wait after a request that took this time."""
        if time.monotonic() - begun >= _SOON:
            return 0
        pause = self.pause * random.uniform(0.5, 1)
        self.pause = min(2 * self.pause, _LONGEST_PAUSE)
        return pause

    def take(self, page: Query) -> str | None:
        """Adds the rows of a page, and returns the next cursor."""
        self.rows += [dict(row.additional_properties) for row in page.results or []]
        return page.next_cursor or None

    def result(self, ended: Query) -> QueryResult:
        """The rows and their metadata."""
        cost = ended.estimated_cost_usd
        return QueryResult(ended.query_id, self.rows, ended.statistics or None, None if isinstance(cost, Unset) else cost)


def _runs(found: Query) -> bool:
    return found.status in ("Scheduled", "Running", "Unknown")


def _checked(found: Any) -> Query:
    assert isinstance(found, Query), "an error response has raised"
    return found


def _complete(found: Query) -> Query:
    if found.status != "Complete":
        raise LogmarkError.local("query_failed", f"the query ended as {found.status}")
    return found


def query(
    client: AuthenticatedClient, text: str, log_groups: list[str], start: Time, options: QueryOptions
) -> QueryResult:
    """Starts the query, waits for its end, and returns all its rows."""
    run = _Run(text, log_groups, start, options)
    found = _checked(start_query.sync(client=client, body=run.body, prefer=run.prefer()))
    try:
        while _runs(found):
            begun = time.monotonic()
            found = _checked(read_query.sync(found.query_id, client=client, prefer=run.prefer()))
            if _runs(found):
                time.sleep(run.pause_after(begun))
    except BaseException:
        # Cancelled or interrupted. The original error is raised, even if stopping fails.
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
    """Starts the query, waits for its end, and returns all its rows."""
    run = _Run(text, log_groups, start, options)
    # If it is cancelled before the id is known, the service stops it, because the client has disconnected.
    found = _checked(await start_query.asyncio(client=client, body=run.body, prefer=run.prefer()))
    try:
        while _runs(found):
            begun = time.monotonic()
            found = _checked(await read_query.asyncio(found.query_id, client=client, prefer=run.prefer()))
            if _runs(found):
                await anyio.sleep(run.pause_after(begun))
    except BaseException:
        # Cancelled. The cancellation must not cancel the stop request.
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
