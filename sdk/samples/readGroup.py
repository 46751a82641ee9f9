import os

from logmark import Logmark

logmark = Logmark(os.environ["LOGMARK_URL"], os.environ["LOGMARK_TOKEN"])

# One response of any length, read as it arrives. An incomplete stream is an error.
for event in logmark.stream("/acme/api", start="-15m"):
    print(event.log_stream, event.message)
