import os

from logmark import Logmark

logmark = Logmark(os.environ["LOGMARK_URL"], os.environ["LOGMARK_TOKEN"])

events = logmark.events("/acme/api", "prod-a", start="-15m")
for event in events:
    print(event.timestamp.isoformat(), event.message)
print("continue from cursor", events.cursor)
