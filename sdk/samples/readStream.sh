curl -sS --fail-with-body -H "Authorization: Bearer $LOGMARK_TOKEN" \
  "$LOGMARK_URL/logs/:acme:api/prod-a?start=-15m&format=text"
