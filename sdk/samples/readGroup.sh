# Every event of the last hour that a filter lets pass, as NDJSON. The last line says where a later call goes on, or what failed.
curl --fail-with-body --silent --show-error --compressed --get \
    --header "Authorization: Bearer $LOGMARK_TOKEN" \
    --header 'Accept: application/x-ndjson' \
    --data-urlencode 'start=-1h' \
    --data-urlencode 'filter={ $.status >= 500 }' \
    --data-urlencode 'trailer=line' \
    "$LOGMARK_URL/logs/:acme:api"
