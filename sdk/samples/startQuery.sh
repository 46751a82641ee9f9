# Starts a Logs Insights query and waits up to 20 seconds for it. 200 has the rows; 202 has the id for GET /queries/{id}.
curl --fail-with-body --silent --show-error \
    --header "Authorization: Bearer $LOGMARK_TOKEN" \
    --header 'Content-Type: application/json' \
    --header 'Prefer: wait=20' \
    --data '{
        "query": "filter status >= 500 | stats count(*) as failures by bin(5m)",
        "logGroups": ["/acme/api"],
        "start": "-1h"
    }' \
    "$LOGMARK_URL/queries"
