curl -sS --fail-with-body -H "Authorization: Bearer $LOGMARK_TOKEN" \
  -H 'Content-Type: application/json' -H 'Prefer: wait=20' "$LOGMARK_URL/queries" \
  --data '{"query": "stats count(*) by status", "logGroups": ["/acme/api"], "start": "-1h"}'
