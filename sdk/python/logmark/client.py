"""A client of one service, in both colours."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, Unpack

from .events import AsyncEventIterator, EventIterator, EventsOptions
from .generated import AuthenticatedClient
from .query import QueryOptions, QueryResult, query, query_async
from .stream import AsyncEventStream, EventStream, StreamOptions
from .transport import AsyncRetryingClient, AsyncToken, RetrySettings, RetryingClient, Token


class Logmark:
    """A client of one service.

    `url` may have a path. `token` is a token, or a function that gives one and is asked before each request. A request is sent again
    `retries` times at most, waiting no longer than `max_wait` seconds in all; an attempt has failed after `timeout` seconds
    without an answer, or without more of it. What else there is goes to `httpx.Client`: `proxy`, `verify`, `transport`, …
    """

    client: AuthenticatedClient
    """For the generated operations."""

    def __init__(
        self, url: str, token: Token, *, retries: int = 5, max_wait: float = 60, timeout: float = 60, **httpx_options: Any
    ) -> None:
        self._http = RetryingClient(token, RetrySettings(retries, max_wait), base_url=url, timeout=timeout, **httpx_options)
        self.client = AuthenticatedClient(base_url=url, token="").set_httpx_client(self._http)

    def events(self, group: str | None = None, stream: str | None = None, **options: Unpack[EventsOptions]) -> EventIterator:
        """Events, page by page to the end; with `follow`, beyond it."""
        return EventIterator(self.client, group, stream, options)

    def stream(self, group: str | None = None, stream: str | None = None, **options: Unpack[StreamOptions]) -> EventStream:
        """Events of one answer, streamed; one is held at a time."""
        return EventStream(self._http, group, stream, options)

    def query(self, query_text: str, log_groups: list[str], start: str, **options: Unpack[QueryOptions]) -> QueryResult:
        """Starts a Logs Insights query, waits for it, and gives all its rows."""
        return query(self.client, query_text, log_groups, start, options)

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncLogmark:
    """The same for `async`; the function for the token may be `async` too."""

    client: AuthenticatedClient
    """For the generated operations."""

    def __init__(
        self, url: str, token: AsyncToken, *, retries: int = 5, max_wait: float = 60, timeout: float = 60, **httpx_options: Any
    ) -> None:
        self._http = AsyncRetryingClient(
            token, RetrySettings(retries, max_wait), base_url=url, timeout=timeout, **httpx_options
        )
        self.client = AuthenticatedClient(base_url=url, token="").set_async_httpx_client(self._http)

    def events(
        self, group: str | None = None, stream: str | None = None, **options: Unpack[EventsOptions]
    ) -> AsyncEventIterator:
        """Events, page by page to the end; with `follow`, beyond it."""
        return AsyncEventIterator(self.client, group, stream, options)

    def stream(self, group: str | None = None, stream: str | None = None, **options: Unpack[StreamOptions]) -> AsyncEventStream:
        """Events of one answer, streamed; one is held at a time."""
        return AsyncEventStream(self._http, group, stream, options)

    async def query(self, query_text: str, log_groups: list[str], start: str, **options: Unpack[QueryOptions]) -> QueryResult:
        """Starts a Logs Insights query, waits for it, and gives all its rows."""
        return await query_async(self.client, query_text, log_groups, start, options)

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
