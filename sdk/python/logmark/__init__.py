"""Client of Logmark.

`Logmark` and `AsyncLogmark` have the conveniences; every operation of the API is a module of `logmark.generated.api`, called with
`client=logmark.client`: `list_groups.sync(client=logmark.client)`, `await list_groups.asyncio(client=...)`. Durations are in seconds.
"""

from . import readable
from .client import AsyncLogmark, Logmark
from .error import LogmarkError
from .events import AsyncEventIterator, EventIterator
from .generated.models import Event
from .listing import AsyncGroupIterator, AsyncStreamIterator, GroupIterator, StreamIterator
from .query import QueryResult
from .stream import AsyncEventStream, EventStream
from .tail import AsyncTail, Gap, Notice, Sampled, Tail, TailItem
from .values import Time

readable.install()

__all__ = [
    "AsyncEventIterator",
    "AsyncEventStream",
    "AsyncGroupIterator",
    "AsyncLogmark",
    "AsyncStreamIterator",
    "AsyncTail",
    "Event",
    "EventIterator",
    "EventStream",
    "Gap",
    "GroupIterator",
    "Logmark",
    "LogmarkError",
    "Notice",
    "QueryResult",
    "Sampled",
    "StreamIterator",
    "Tail",
    "TailItem",
    "Time",
]
