"""Events from any number of pages."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal, TypedDict

import anyio

from .generated import AuthenticatedClient
from .generated.api.events import read_logs
from .generated.models import Event, EventPage, ReadLogsFrom, StopReason
from .readable import value_text
from .values import Time, time_text

_INTERVAL = 5.0
_THROTTLED = 1.0
"""Seconds to wait while the source is throttled."""


class Selection(TypedDict, total=False):
    """Selects events with the API's parameters."""

    streams: list[str]
    stream_prefix: str
    start: Time
    end: Time
    from_: Literal["head", "tail"]
    filter: str
    source: str
    cursor: str


class EventsOptions(Selection, total=False):
    """Also paging: `page_size` (1 to 10000; default 1000), and `follow` to poll for new events every `interval` (default 5) seconds."""

    page_size: int
    follow: bool
    interval: float


class _Walk:
    """Paging, shared by the synchronous and the asynchronous iterator."""

    cursor: str | None
    """Position after the last page whose events were all returned."""

    def __init__(self, client: AuthenticatedClient, group: str | None, stream: str | None, options: EventsOptions) -> None:
        self._client = client
        self._options = options
        self._names = {"group": group, "stream": stream}
        self.cursor = options.get("cursor")

    def __repr__(self) -> str:
        given = {name: value for name, value in (self._names | dict(self._options)).items() if value is not None}
        parts = [f"{name}={value_text(value)}" for name, value in given.items() if name != "cursor"]
        return f"{type(self).__name__}({', '.join([*parts, f'cursor={self.cursor!r}'])})"

    def _request(self, cursor: str | None) -> dict[str, Any]:
        options: dict[str, Any] = {"client": self._client}
        if "page_size" in self._options:
            options["limit"] = self._options["page_size"]
        if cursor is not None:
            return options | {"cursor": cursor}
        options |= {name: value for name, value in self._names.items() if value is not None}
        own = ("page_size", "follow", "interval", "cursor")
        options |= {name: value for name, value in self._options.items() if name not in own}
        options |= {name: time_text(name, options[name]) for name in ("start", "end") if name in options}
        if "filter" in options:
            options["filter_"] = options.pop("filter")
        if "from_" in options:
            options["from_"] = ReadLogsFrom(options["from_"])
        return options

    def _pause(self, page: EventPage) -> float | None:
        """Seconds to wait after the page; None: it was the last."""
        if page.stop_reason == StopReason.END:
            return self._options.get("interval", _INTERVAL) if self._options.get("follow") else None
        return _THROTTLED if page.stop_reason == StopReason.THROTTLED else 0

    def _events(self, page: EventPage) -> Iterator[Event]:
        yield from page.events[:-1]
        self.cursor = page.next_cursor
        yield from page.events[-1:]


class EventIterator(_Walk):
    """Events. A second loop continues after the first."""

    def __iter__(self) -> Iterator[Event]:
        for page in self._walk():
            yield from self._events(page)

    def pages(self) -> Iterator[EventPage]:
        """Whole pages, including empty ones."""
        for page in self._walk():
            self.cursor = page.next_cursor
            yield page

    def _walk(self) -> Iterator[EventPage]:
        cursor = self.cursor
        while True:
            page = read_logs.sync(**self._request(cursor))
            assert isinstance(page, EventPage), "an error response has raised"
            cursor = page.next_cursor
            yield page
            pause = self._pause(page)
            if pause is None:
                return
            time.sleep(pause)


class AsyncEventIterator(_Walk):
    """The same for `async for`."""

    async def __aiter__(self) -> AsyncIterator[Event]:
        async for page in self._walk():
            for event in self._events(page):
                yield event

    async def pages(self) -> AsyncIterator[EventPage]:
        """Whole pages, including empty ones."""
        async for page in self._walk():
            self.cursor = page.next_cursor
            yield page

    async def _walk(self) -> AsyncIterator[EventPage]:
        cursor = self.cursor
        while True:
            page = await read_logs.asyncio(**self._request(cursor))
            assert isinstance(page, EventPage), "an error response has raised"
            cursor = page.next_cursor
            yield page
            pause = self._pause(page)
            if pause is None:
                return
            await anyio.sleep(pause)
