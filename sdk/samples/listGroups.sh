curl -sS --fail-with-body -H "Authorization: Bearer $LOGMARK_TOKEN" "$LOGMARK_URL/groups"
