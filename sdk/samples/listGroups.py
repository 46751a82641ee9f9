import os

from logmark import Logmark

logmark = Logmark(os.environ["LOGMARK_URL"], os.environ["LOGMARK_TOKEN"])

for group in logmark.groups():
    print(group.name, group.stored_bytes)
