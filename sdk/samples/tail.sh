# New events as they arrive, as NDJSON, after those of the last 15 minutes. Stop it with Ctrl-C.
curl -sS -N -G "$LOGMARK_URL/logs" -H "Authorization: Bearer $LOGMARK_TOKEN" -d group=/acme/java/orders -d start=-15m -d follow=true -d format=ndjson
