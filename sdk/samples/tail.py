import os

from logmark import Event, Gap, Logmark

logmark = Logmark(os.environ["LOGMARK_URL"], os.environ["LOGMARK_TOKEN"])

# Reconnects by itself; stop it with Ctrl-C. Store `tail.cursor` to resume it in another process.
tail = logmark.tail("/acme/java/orders", start="-15m")
for item in tail:
    match item:
        case Event():
            print(item.timestamp.isoformat(), item.message, flush=True)
        case Gap():
            print(f"events from {item.start} to {item.end} may be missing: {item.reason}", flush=True)
