"""Properties of Logmark's requests that Schemathesis needs and OpenAPI cannot express.

No check is disabled. If the document allows a request that the service refuses, the check fails, unless the refusal has
one of the reasons below, which no schema of a single parameter can express.
"""

import re

import schemathesis

# By problem code: a text in a language, or a text that the service itself must have sealed for this caller and request.
CODES = {"invalid_filter", "invalid_query", "invalid_cursor", "query_forbidden"}

# By the error's text: parameters that are valid alone, but not together or not at this moment.
TOGETHER = [
    re.compile(reason)
    for reason in (
        r"is missing: name a log group",
        r"can't be combined with",
        r"has no live tail: use `sse` or `ndjson`",
        r"must be `true` for `text/event-stream`",
        r"differs from `cursor`",
        r"is not a path with a query",
        r"has neither `follow` nor `format`",
        r"has a `ticket` already",
        r"chooses among the streams of a group, but the request names one stream",
        r"goes with `[a-z/-]+` only",
        r"goes with `format=csv`, `format=ndjson` and `format=text`",
        r"^has (an empty column|the unknown column|the column `|the JSON path|\d+ columns|more than \d+ JSON paths)",
        r"is ambiguous: write a date as",
        r"is not later than `start`",
        r"lies outside 1970 to 9999",
        r"is not a valid RFC 3339 time",
        r"a query runs over groups of one source",
        r"names `.*` twice",
        r"is in the list twice",
        r"names of \d+ characters together; \d+ are allowed",
        r"a limit of the source that holds the log group",
        r"the range is longer than the tenant's",
        r"can't be applied to this query",
        r"is not a time zone: use a name",
        r"is not a network: write an address",
        r"has a control character",
        r"is for the report `[a-z-]+`",
        r"is a report whose rows cannot be compared",
        r"is not a report: `GET /reports` lists them",
        r"has no such value in the report",
        r"is neither a measure nor a key of the report",
        r"gives more than \d+ periods in this range",
        r"is too long: all filters together have at most",
        r"has names of more than \d+ characters together",
        r"in which you see no `",
        r"which you do not see in log lines of the format",
    )
]


def is_unsayable_fault(fault):
    # An error with a position is in a text of a language.
    return "position" in fault or any(reason.search(fault["detail"]) for reason in TOGETHER)


def is_unsayable(problem):
    faults = problem.get("errors", [])
    return problem["code"] in CODES or (bool(faults) and all(map(is_unsayable_fault, faults)))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure except valid requests that are refused for a reason that no schema can express, and the two
    cases below."""
    kind = type(failure).__name__
    # DELETE stops a query and does not remove it: by the document, the rows found so far can still be read.
    if kind == "UseAfterFree":
        return case.operation.label != "GET /queries/{id}"
    if response.headers.get("content-type", [""])[0] != "application/problem+json":
        return True
    if kind == "RejectedPositiveData":
        return not is_unsayable(response.json())
    # RFC 9110's status for unsupported features, which the document names: a local group has no Logs Insights.
    return not (kind == "ServerError" and response.status_code == 501 and response.json()["code"] == "not_supported")


# Valid queries: no schema can describe the language.
QUERIES = [
    "fields @timestamp, @message | limit 20",
    "filter status >= 500 | stats count(*) as failures by bin(5m)",
    "parse @message '* - *' as kind, text | sort kind desc",
]


@schemathesis.hook
def map_case(context, case):
    """Makes most of the valid requests consistent and directed at existing data, so that they succeed."""
    meta = case.meta
    is_fuzzing = meta is not None and type(meta.phase.data).__name__ == "FuzzingPhaseData"
    if not is_fuzzing or not meta.generation.mode.is_positive:
        return case
    path = case.path_parameters
    if isinstance(path, dict) and len(str(path.get("stream", ""))) % 3 == 1:
        path["group"], path["stream"] = ":acme:api", "web-1"
    if isinstance(case.query, dict):
        agree(case.query, one_stream="{stream}" in case.path)
    if isinstance(case.body, dict) and len(case.body.get("query", "")) % 4:
        size = len(case.body["query"])
        case.body["query"] = QUERIES[size % len(QUERIES)]
        case.body["logGroups"] = ["/acme/disk"] if size % 7 == 0 else ["/acme/api"]
        case.body["start"] = "-1h"
        case.body.pop("end", None)
    return case


def agree(query, one_stream):
    # No generated text is a valid cursor; links between answers supply real ones.
    query.pop("cursor", None)
    if query.get("format") != "text":
        query.pop("raw", None)
    if query.get("format") != "ndjson":
        query.pop("trailer", None)
    if query.get("format") != "csv":
        query.pop("bom", None)
    if query.get("format") not in ("csv", "ndjson", "text"):
        query.pop("columns", None)
    if one_stream or "stream" in query:
        query.pop("streams", None)
    if one_stream or "stream" in query or "streams" in query:
        query.pop("streamPrefix", None)
