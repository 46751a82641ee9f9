"""Client of Logmark.

`Logmark` and `AsyncLogmark` have the conveniences; every operation of the API is a module of `logmark.generated.api`, called with
`client=logmark.client`: `list_groups.sync(client=logmark.client)`, `await list_groups.asyncio(client=...)`. Durations are in seconds.
"""

from . import readable
from .client import AsyncLogmark, Logmark
from .error import LogmarkError
from .events import AsyncEventIterator, EventIterator
from .listing import AsyncGroupIterator, AsyncStreamIterator, GroupIterator, StreamIterator
from .query import QueryResult
from .stream import AsyncEventStream, EventStream
from .values import Time

readable.install()

__all__ = [
    "AsyncEventIterator",
    "AsyncEventStream",
    "AsyncGroupIterator",
    "AsyncLogmark",
    "AsyncStreamIterator",
    "EventIterator",
    "EventStream",
    "GroupIterator",
    "Logmark",
    "LogmarkError",
    "QueryResult",
    "StreamIterator",
    "Time",
]
