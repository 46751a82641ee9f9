# New events as they arrive, as NDJSON, after those of the last 15 minutes. Stop it with Ctrl-C.
curl -sS -N -G "$LOGMARK_URL/logs/:acme:java:orders" -H "Authorization: Bearer $LOGMARK_TOKEN" -d start=-15m -d follow=true -d format=ndjson
