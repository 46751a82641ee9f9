import os

from logmark import Logmark
from logmark.generated.api.groups import list_groups
from logmark.generated.types import UNSET

logmark = Logmark(os.environ["LOGMARK_URL"], os.environ["LOGMARK_TOKEN"])

cursor = UNSET
while cursor is not None:
    page = list_groups.sync(client=logmark.client, cursor=cursor)
    for group in page.groups:
        print(group.name, group.stored_bytes)
    cursor = page.next_cursor or None
