# The last line says how it ended; without that line the export is not whole.
curl -sS --fail-with-body --compressed -H "Authorization: Bearer $LOGMARK_TOKEN" \
  "$LOGMARK_URL/logs/:acme:api?start=-15m&format=ndjson&trailer=line"
