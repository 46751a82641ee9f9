"""Groups and streams from any number of pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal, TypedDict

from .generated import AuthenticatedClient
from .generated.api.groups import list_groups, list_streams
from .generated.models import Group, GroupPage, ListStreamsOrder, ListStreamsOrderBy, Stream, StreamPage
from .generated.types import UNSET, Unset

_PAGE = 1000
"""Items in a page; the maximum of the API."""


class StreamsOptions(TypedDict, total=False):
    """Selects streams of a group, and their order."""

    prefix: str
    order_by: Literal["name", "lastEvent"]
    order: Literal["asc", "desc"]
    source: str


class _Groups:
    """The common part of the synchronous and the asynchronous list."""

    incomplete: list[str]
    """Sources that did not answer; their groups are missing. Known at the end of the list."""

    def __init__(self, client: AuthenticatedClient, prefix: str | None) -> None:
        self._prefix = prefix
        self._options: dict[str, Any] = {"client": client, "limit": _PAGE}
        self._options |= {} if prefix is None else {"prefix": prefix}
        self.incomplete = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self._prefix!r}, incomplete={self.incomplete!r})"

    def _take(self, page: Any) -> GroupPage:
        assert isinstance(page, GroupPage), "an error response has raised"
        self.incomplete = list(page.incomplete or [])
        return page


class GroupIterator(_Groups):
    """Groups, ascending by name."""

    def __iter__(self) -> Iterator[Group]:
        cursor: str | Unset = UNSET
        while True:
            page = self._take(list_groups.sync(**self._options, cursor=cursor))
            yield from page.groups
            if not page.next_cursor:
                return
            cursor = page.next_cursor


class AsyncGroupIterator(_Groups):
    """The same for `async for`."""

    async def __aiter__(self) -> AsyncIterator[Group]:
        cursor: str | Unset = UNSET
        while True:
            page = self._take(await list_groups.asyncio(**self._options, cursor=cursor))
            for group in page.groups:
                yield group
            if not page.next_cursor:
                return
            cursor = page.next_cursor


class _Streams:
    """The common part of the synchronous and the asynchronous list."""

    def __init__(self, client: AuthenticatedClient, group: str, options: StreamsOptions) -> None:
        self._group = group
        self._options: dict[str, Any] = {"client": client, "limit": _PAGE, **options}
        if "order_by" in options:
            self._options["order_by"] = ListStreamsOrderBy(options["order_by"])
        if "order" in options:
            self._options["order"] = ListStreamsOrder(options["order"])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(group={self._group!r})"

    def _path(self) -> str:
        # `:` for `/`, because some proxies decode `%2F` in a path, which changes the path.
        return self._group.replace("/", ":")


class StreamIterator(_Streams):
    """Streams of a group."""

    def __iter__(self) -> Iterator[Stream]:
        cursor: str | Unset = UNSET
        while True:
            page = list_streams.sync(self._path(), **self._options, cursor=cursor)
            assert isinstance(page, StreamPage), "an error response has raised"
            yield from page.streams
            if not page.next_cursor:
                return
            cursor = page.next_cursor


class AsyncStreamIterator(_Streams):
    """The same for `async for`."""

    async def __aiter__(self) -> AsyncIterator[Stream]:
        cursor: str | Unset = UNSET
        while True:
            page = await list_streams.asyncio(self._path(), **self._options, cursor=cursor)
            assert isinstance(page, StreamPage), "an error response has raised"
            for stream in page.streams:
                yield stream
            if not page.next_cursor:
                return
            cursor = page.next_cursor
