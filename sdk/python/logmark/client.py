"""A client for one service, synchronous and asynchronous."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, Unpack

from .events import AsyncEventIterator, EventIterator, EventsOptions
from .generated import AuthenticatedClient
from .generated.api.caller import me
from .generated.models import Me
from .listing import AsyncGroupIterator, AsyncStreamIterator, GroupIterator, StreamIterator, StreamsOptions
from .query import QueryOptions, QueryResult, query, query_async
from .stream import AsyncEventStream, EventStream, StreamOptions
from .tail import AsyncTail, Tail, TailOptions
from .transport import AsyncRetryingClient, AsyncToken, RetrySettings, RetryingClient, Token
from .values import Time, checked_url


class Logmark:
    """A client for one service.

    `url` may have a path. `token` is a token, or a function that returns one and is called before each request. A request is sent
    again at most `retries` times, with at most `max_wait` seconds of waiting in all; an attempt has failed after `timeout` seconds
    without a response, or without more of it. All other options go to `httpx.Client`: `proxy`, `verify`, `transport`, …
    """

    client: AuthenticatedClient
    """For the generated operations."""

    def __init__(
        self, url: str, token: Token, *, retries: int = 5, max_wait: float = 60, timeout: float = 60, **httpx_options: Any
    ) -> None:
        self._url = checked_url(url)
        self._renewable = callable(token)
        self._http = RetryingClient(token, RetrySettings(retries, max_wait), base_url=url, timeout=timeout, **httpx_options)
        self.client = AuthenticatedClient(base_url=url, token="").set_httpx_client(self._http)

    def __repr__(self) -> str:
        return f"Logmark(url={self._url!r})"

    def me(self) -> Me:
        """The token's tenant, scopes and grants, and the tenant's limits."""
        return _checked(me.sync(client=self.client))

    def groups(self, prefix: str | None = None) -> GroupIterator:
        """The log groups that you may see, ascending by name; with `prefix`, only those that begin with it."""
        return GroupIterator(self.client, prefix)

    def streams(self, group: str, **options: Unpack[StreamsOptions]) -> StreamIterator:
        """The streams of a group that you may see; by name, or with `order_by="lastEvent"` the newest first."""
        return StreamIterator(self.client, group, options)

    def events(self, group: str | None = None, stream: str | None = None, **options: Unpack[EventsOptions]) -> EventIterator:
        """Events, page by page to the end; with `follow` also new events."""
        return EventIterator(self.client, group, stream, options)

    def stream(self, group: str | None = None, stream: str | None = None, **options: Unpack[StreamOptions]) -> EventStream:
        """Events of one streamed response, one at a time."""
        return EventStream(self._http, group, stream, options)

    def tail(self, group: str | None = None, stream: str | None = None, **options: Unpack[TailOptions]) -> Tail:
        """New events as they arrive. It is resumed after cuts and restarts, without lost or repeated events, until you stop it."""
        return Tail(self._http, group, stream, options, self._renewable)

    def query(self, query_text: str, log_groups: list[str], start: Time, **options: Unpack[QueryOptions]) -> QueryResult:
        """Starts a Logs Insights query, waits for it, and returns all its rows."""
        return query(self.client, query_text, log_groups, start, options)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncLogmark:
    """The same for `async`; the token function may be `async` too."""

    client: AuthenticatedClient
    """For the generated operations."""

    def __init__(
        self, url: str, token: AsyncToken, *, retries: int = 5, max_wait: float = 60, timeout: float = 60, **httpx_options: Any
    ) -> None:
        self._url = checked_url(url)
        self._renewable = callable(token)
        self._http = AsyncRetryingClient(
            token, RetrySettings(retries, max_wait), base_url=url, timeout=timeout, **httpx_options
        )
        self.client = AuthenticatedClient(base_url=url, token="").set_async_httpx_client(self._http)

    def __repr__(self) -> str:
        return f"AsyncLogmark(url={self._url!r})"

    async def me(self) -> Me:
        """The token's tenant, scopes and grants, and the tenant's limits."""
        return _checked(await me.asyncio(client=self.client))

    def groups(self, prefix: str | None = None) -> AsyncGroupIterator:
        """The log groups that you may see, ascending by name; with `prefix`, only those that begin with it."""
        return AsyncGroupIterator(self.client, prefix)

    def streams(self, group: str, **options: Unpack[StreamsOptions]) -> AsyncStreamIterator:
        """The streams of a group that you may see; by name, or with `order_by="lastEvent"` the newest first."""
        return AsyncStreamIterator(self.client, group, options)

    def events(
        self, group: str | None = None, stream: str | None = None, **options: Unpack[EventsOptions]
    ) -> AsyncEventIterator:
        """Events, page by page to the end; with `follow` also new events."""
        return AsyncEventIterator(self.client, group, stream, options)

    def stream(self, group: str | None = None, stream: str | None = None, **options: Unpack[StreamOptions]) -> AsyncEventStream:
        """Events of one streamed response, one at a time."""
        return AsyncEventStream(self._http, group, stream, options)

    def tail(self, group: str | None = None, stream: str | None = None, **options: Unpack[TailOptions]) -> AsyncTail:
        """New events as they arrive. It is resumed after cuts and restarts, without lost or repeated events, until you stop it."""
        return AsyncTail(self._http, group, stream, options, self._renewable)

    async def query(self, query_text: str, log_groups: list[str], start: Time, **options: Unpack[QueryOptions]) -> QueryResult:
        """Starts a Logs Insights query, waits for it, and returns all its rows."""
        return await query_async(self.client, query_text, log_groups, start, options)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _checked(caller: object) -> Me:
    assert isinstance(caller, Me), "an error response has raised"
    return caller
