"""Client of Logmark.

`Logmark` and `AsyncLogmark` have the conveniences; every operation of the API is a module of `logmark.generated.api`, called with
`client=logmark.client`: `list_groups.sync(client=logmark.client)`, `await list_groups.asyncio(client=...)`. All times are in seconds.
"""

from .client import AsyncLogmark, Logmark
from .error import LogmarkError
from .events import AsyncEventIterator, EventIterator
from .query import QueryResult
from .stream import AsyncEventStream, EventStream

__all__ = [
    "AsyncEventIterator",
    "AsyncEventStream",
    "AsyncLogmark",
    "EventIterator",
    "EventStream",
    "Logmark",
    "LogmarkError",
    "QueryResult",
]
