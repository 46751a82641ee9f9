import os

from logmark import Logmark

logmark = Logmark(os.environ["LOGMARK_URL"], os.environ["LOGMARK_TOKEN"])

found = logmark.query("stats count(*) by status", ["/acme/api"], "-1h", timeout=120)
for row in found.rows:
    print(row)
print(found.statistics.bytes_scanned, "bytes scanned")
