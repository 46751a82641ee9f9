"""What Schemathesis has to know of Logmark's requests that OpenAPI has no words for.

No check is off. A valid request by the document that is refused is a failure, unless the refusal says one of the reasons below,
each of which no schema of single parameters can say.
"""

import re

import schemathesis

# By code of the problem: a text in a language, or one that the service itself must have sealed for this caller and request.
CODES = {"invalid_filter", "invalid_query", "invalid_cursor", "query_forbidden"}

# By what a fault of the input says: parameters that are each valid, but not together, or not at this moment.
TOGETHER = [
    re.compile(reason)
    for reason in (
        r"is missing: name a log group, or give a `cursor`",
        r"can't be combined with",
        r"chooses among the streams of a group, but one stream is asked for already",
        r"goes with `[a-z/-]+` only",
        r"is not later than `start`",
        r"lies outside 1970 to 9999",
        r"is no valid RFC 3339 time",
        r"is no relative time",
        r"a query runs over groups of one source",
        r"names of \d+ characters together; a query takes \d+",
        r"a limit of the source that holds the log group",
        r"can't be put to this query",
    )
]


def is_unsayable(problem):
    if problem["code"] in CODES:
        return True
    faults = problem.get("errors", [])
    return bool(faults) and all(any(reason.search(fault["detail"]) for reason in TOGETHER) for fault in faults)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure but those of valid requests that are refused for a reason that a schema can't say."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    if response.headers.get("content-type", [""])[0] != "application/problem+json":
        return True
    return not is_unsayable(response.json())
