import os

from logmark import Logmark

logmark = Logmark(os.environ["LOGMARK_URL"], os.environ["LOGMARK_TOKEN"])

# One answer, however long: it is read as it comes, and a stream that breaks off is an error.
for event in logmark.stream("/acme/api", start="-15m"):
    print(event.log_stream, event.message)
