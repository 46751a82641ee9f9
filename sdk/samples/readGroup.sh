# All events of the last hour that match a filter, as NDJSON. The last line has the cursor for a later call, or the error.
curl --fail-with-body --silent --show-error --compressed --get \
    --header "Authorization: Bearer $LOGMARK_TOKEN" \
    --header 'Accept: application/x-ndjson' \
    --data-urlencode 'start=-1h' \
    --data-urlencode 'filter={ $.status >= 500 }' \
    --data-urlencode 'trailer=line' \
    "$LOGMARK_URL/logs/:acme:api"
