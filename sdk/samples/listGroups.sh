# The log groups that you may see, with a path for the events of each.
curl --fail-with-body --silent --show-error \
    --header "Authorization: Bearer $LOGMARK_TOKEN" \
    "$LOGMARK_URL/groups?limit=50"
