# The newest events of a stream. `:acme:api` is the group /acme/api: a name is one path segment, with `:` for `/`.
curl --fail-with-body --silent --show-error \
    --header "Authorization: Bearer $LOGMARK_TOKEN" \
    "$LOGMARK_URL/logs/:acme:api/prod-a?limit=20"
