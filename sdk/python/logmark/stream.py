"""Events of one response, read as they arrive."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from .error import LogmarkError
from .events import Selection
from .generated.models import Event
from .readable import value_text
from .values import time_text


class StreamOptions(Selection, total=False):
    """Selects events, and their total number."""

    limit: int


_WIRE_NAMES = {"stream_prefix": "streamPrefix", "from_": "from"}


class _Reading:
    """The common part of the synchronous and the asynchronous stream."""

    cursor: str | None = None
    """Cursor for a later request; set at the end."""
    stop_reason: str | None = None
    """The reason why it ended; set at the end."""

    def __init__(self, group: str | None, stream: str | None, options: StreamOptions) -> None:
        names = {"group": group, "stream": stream}
        self._parameters: dict[str, Any] = {name: value for name, value in names.items() if value is not None}
        self._parameters |= {_WIRE_NAMES.get(name, name): value for name, value in options.items()}
        self._parameters |= {name: time_text(name, options[name]) for name in ("start", "end") if name in options}

    def __repr__(self) -> str:
        parts = [f"{name}={value_text(value)}" for name, value in self._parameters.items() if name != "cursor"]
        return f"{type(self).__name__}({', '.join([*parts, f'stop_reason={self.stop_reason!r}'])})"

    def _query(self) -> dict[str, Any]:
        return self._parameters | {"format": "ndjson", "trailer": "line"}

    def _event(self, line: bytes) -> Event | None:
        """The event of the line; None: it was the last line."""
        try:
            value = json.loads(line)
        except ValueError as error:
            raise LogmarkError.local("incomplete_body", "the stream ended within a line") from error
        if "error" in value:
            raise LogmarkError.of_problem(value["error"], 0, line.decode(errors="replace"))
        if "stopReason" not in value:
            return Event.from_dict(value)
        self.cursor, self.stop_reason = value["cursor"], value["stopReason"]
        return None


def _short() -> LogmarkError:
    return LogmarkError.local("incomplete_body", "the stream ended without its last line")


def _broken(error: httpx.HTTPError) -> LogmarkError:
    return LogmarkError.local("incomplete_body", f"the stream broke off: {error or type(error).__name__}")


class Lines:
    """Assembles lines from parts of a body. httpx's own function splits at every line end of Unicode, which is wrong for NDJSON."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, part: bytes) -> list[bytes]:
        """The lines that this part completes."""
        *lines, begun = part.split(b"\n")
        if lines:
            lines[0], self._begun = self._begun + lines[0], b""
        self._begun += begun
        return lines

    def rest(self) -> list[bytes]:
        """The last line, if it has no line end."""
        return [self._begun] if self._begun else []


class EventStream(_Reading):
    """Events. It ends without an error only if the service confirms that it is complete."""

    def __init__(self, http: httpx.Client, group: str | None, stream: str | None, options: StreamOptions) -> None:
        super().__init__(group, stream, options)
        self._http = http

    def __iter__(self) -> Iterator[Event]:
        with self._http.stream("GET", "/logs", params=self._query()) as answer:
            for line in _lines(answer):
                event = self._event(line)
                if event is None:
                    return
                yield event
        raise _short()


def _lines(answer: httpx.Response) -> Iterator[bytes]:
    lines = Lines()
    parts = answer.iter_bytes()
    while True:
        # Only errors of reading are converted; errors of the caller pass through `yield`.
        try:
            part = next(parts, None)
        except httpx.HTTPError as error:
            raise _broken(error) from error
        if part is None:
            break
        yield from lines.feed(part)
    yield from lines.rest()


class AsyncEventStream(_Reading):
    """The same for `async for`."""

    def __init__(self, http: httpx.AsyncClient, group: str | None, stream: str | None, options: StreamOptions) -> None:
        super().__init__(group, stream, options)
        self._http = http

    async def __aiter__(self) -> AsyncIterator[Event]:
        async with self._http.stream("GET", "/logs", params=self._query()) as answer:
            async for line in _lines_async(answer):
                event = self._event(line)
                if event is None:
                    return
                yield event
        raise _short()


async def _lines_async(answer: httpx.Response) -> AsyncIterator[bytes]:
    lines = Lines()
    parts = answer.aiter_bytes()
    while True:
        try:
            part = await anext(parts, None)
        except httpx.HTTPError as error:
            raise _broken(error) from error
        if part is None:
            break
        for line in lines.feed(part):
            yield line
    for line in lines.rest():
        yield line
