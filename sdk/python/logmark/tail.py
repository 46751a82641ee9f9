"""Live tails: new events as they arrive, resumed automatically."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

import anyio
import httpx

from .error import LogmarkError
from .generated.models import Event
from .readable import value_text
from .stream import Lines
from .values import Time, time_text

_RECONNECT = 0.5
"""Upper bound of the random wait after a planned end, so that the viewers of a service that restarts do not return together."""
_FIRST_WAIT = 0.2
_LONGEST_WAIT = 10.0
_MAX_DATA = 16 << 20
"""Exceeds every valid event: the largest is 1 MiB, and JSON may write six characters for one."""
_PASSING_STATUSES = (429, 502, 503, 504)
_PASSING_CODES = ("connection_failed", "incomplete_body")
_WIRE_NAMES = {"stream_prefix": "streamPrefix"}


class TailOptions(TypedDict, total=False):
    """Selects events. `start`: events since then first; without it only new ones. `cursor`: resumes an earlier tail."""

    streams: list[str]
    stream_prefix: str
    start: Time
    filter: str
    source: str
    cursor: str


@dataclass(frozen=True)
class Gap:
    """A time for which the source did not supply all events."""

    start: datetime | None
    end: datetime | None
    reason: str
    recovered: bool
    """The missing events were found later, and are part of the tail."""


@dataclass(frozen=True)
class Sampled:
    """The source shows only a part of the events live at this rate. The others follow later."""

    above: int | None
    """Events per second above which the source samples."""


@dataclass(frozen=True)
class Notice:
    """Information on how the tail is supplied, such as `sweeps`."""

    mode: str


TailItem = Event | Gap | Sampled | Notice


class _Reconnect(Exception):
    """The service ended the tail as planned."""


class _Tail:
    """The common part of the synchronous and the asynchronous tail."""

    cursor: str | None
    """Position after the last item that was returned: resumes the tail later, in another process too."""

    def __init__(self, group: str | None, stream: str | None, options: TailOptions, renewable: bool) -> None:
        self.cursor = options.get("cursor")
        self._renewable = renewable
        self._parameters: dict[str, Any] = {
            name: value for name, value in (("group", group), ("stream", stream)) if value is not None
        }
        own = ("cursor", "start")
        self._parameters |= {_WIRE_NAMES.get(name, name): value for name, value in options.items() if name not in own}
        if "start" in options:
            self._parameters["start"] = time_text("start", options["start"])
        self._failures = 0

    def __repr__(self) -> str:
        parts = [f"{name}={value_text(value)}" for name, value in self._parameters.items()]
        return f"{type(self).__name__}({', '.join([*parts, f'cursor={self.cursor!r}'])})"

    def _request(self) -> dict[str, Any]:
        # A cursor contains its request: repeated relative times would differ.
        parameters = {"cursor": self.cursor} if self.cursor is not None else self._parameters
        return {"params": parameters | {"follow": "true"}, "headers": {"accept": "text/event-stream"}}

    def _wait_after(self, error: LogmarkError) -> float:
        """Seconds until the tail is resumed; raises the error if it is final."""
        is_renewable = error.status == 401 and self._renewable and self._failures == 0
        if not (is_renewable or error.status in _PASSING_STATUSES or error.code in _PASSING_CODES):
            raise error
        if self.cursor is None:
            # It never began, and the client has already tried it several times.
            raise error
        backoff = random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._failures, 10)))
        self._failures += 1
        return max(backoff, error.retry_after or 0)


class _Frames:
    """Server-Sent Events (WHATWG HTML §9.2.6) of one connection."""

    def __init__(self, tail: _Tail) -> None:
        self._tail = tail
        self._lines = Lines()
        self._id = tail.cursor
        self._kind = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, part: bytes) -> Iterator[TailItem]:
        for line in self._lines.feed(part):
            item = self._line(line.removesuffix(b"\r").decode(errors="replace"))
            # Also after a comment: the service is there.
            self._tail._failures = 0
            if item is not None:
                yield item

    def _line(self, line: str) -> TailItem | None:
        if line:
            name, _, value = line.partition(":")
            self._field(name, value.removeprefix(" "))
            return None
        kind, data = self._kind, "\n".join(self._data) if self._data else None
        self._kind, self._data, self._size = "", [], 0
        item = None if data is None else _item(kind, data)
        # The caller gets the item next: the cursor is then the position after it.
        self._tail.cursor = self._id
        if kind == "reconnect":
            raise _Reconnect
        return item

    def _field(self, name: str, value: str) -> None:
        if name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "data":
            self._data.append(value)
            self._size += len(value)
            if self._size > _MAX_DATA:
                raise LogmarkError.local("unexpected_answer", f"an event is longer than {_MAX_DATA} bytes")


def _item(kind: str, data: str) -> TailItem | None:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise LogmarkError.local("unexpected_answer", "the tail has an event that is not JSON") from error
    if kind == "event":
        return Event.from_dict(value)
    if kind == "gap":
        return Gap(_time(value.get("from")), _time(value.get("to")), value.get("reason", ""), bool(value.get("recovered")))
    if kind == "sampled":
        return Sampled(value.get("above"))
    if kind == "notice":
        return Notice(value.get("mode", ""))
    if kind == "error":
        raise LogmarkError.of_problem(value, 0, data)
    # `reconnect`, or a kind that a newer service has.
    return None


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _broken(error: httpx.HTTPError) -> LogmarkError:
    return LogmarkError.local("incomplete_body", f"the tail broke off: {error or type(error).__name__}")


def _ended() -> LogmarkError:
    return LogmarkError.local("incomplete_body", "the tail ended without a reason")


def _check(answer: httpx.Response) -> None:
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        raise LogmarkError.local("unexpected_answer", f"the service has no live tail: it sent {answer.headers.get('content-type')}")


class Tail(_Tail):
    """New events, gaps and other items. A second loop continues after the first."""

    def __init__(
        self, http: httpx.Client, group: str | None, stream: str | None, options: TailOptions, renewable: bool
    ) -> None:
        super().__init__(group, stream, options, renewable)
        self._http = http

    def __iter__(self) -> Iterator[TailItem]:
        while True:
            try:
                yield from self._connection()
            except _Reconnect:
                time.sleep(random.uniform(0, _RECONNECT))
            except LogmarkError as error:
                time.sleep(self._wait_after(error))

    def _connection(self) -> Iterator[TailItem]:
        with self._http.stream("GET", "/logs", **self._request()) as answer:
            _check(answer)
            frames = _Frames(self)
            parts = answer.iter_bytes()
            while True:
                # Only errors of reading are converted; errors of the caller pass through `yield`.
                try:
                    part = next(parts, None)
                except httpx.HTTPError as error:
                    raise _broken(error) from error
                if part is None:
                    raise _ended()
                yield from frames.feed(part)


class AsyncTail(_Tail):
    """The same for `async for`."""

    def __init__(
        self, http: httpx.AsyncClient, group: str | None, stream: str | None, options: TailOptions, renewable: bool
    ) -> None:
        super().__init__(group, stream, options, renewable)
        self._http = http

    async def __aiter__(self) -> AsyncIterator[TailItem]:
        while True:
            try:
                async for item in self._connection():
                    yield item
            except _Reconnect:
                await anyio.sleep(random.uniform(0, _RECONNECT))
            except LogmarkError as error:
                await anyio.sleep(self._wait_after(error))

    async def _connection(self) -> AsyncIterator[TailItem]:
        async with self._http.stream("GET", "/logs", **self._request()) as answer:
            _check(answer)
            frames = _Frames(self)
            parts = answer.aiter_bytes()
            while True:
                try:
                    part = await anext(parts, None)
                except httpx.HTTPError as error:
                    raise _broken(error) from error
                if part is None:
                    raise _ended()
                for item in frames.feed(part):
                    yield item
