"""The error type."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from .generated.models import FieldError

_TITLES = {
    "connection_failed": "No answer",
    "incomplete_body": "The response is incomplete",
    "invalid_request": "The request can't be sent",
    "query_failed": "The query failed",
    "query_timeout": "The query took too long",
    "token_failed": "No token",
}


class LogmarkError(Exception):
    """An error: the service's problem document, or one of the client's own codes."""

    status: int
    """HTTP status; 0: there was no response."""
    code: str
    """Stable error code, for programs."""
    title: str
    """Title of the code."""
    detail: str
    """Description of this error."""
    request_id: str | None
    """Request id; give it to the operator of the service."""
    errors: list[FieldError]
    """Faults of the input, one entry each."""
    retry_after: float | None
    """Seconds to wait before a retry."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        request_id: str | None = None,
        errors: list[FieldError] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status or title} {code}: {detail}" + "".join(map(_fault_text, errors or [])))
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.request_id = request_id
        self.errors = errors or []
        self.retry_after = retry_after

    def __repr__(self) -> str:
        parts = [f"status={self.status}", f"code={self.code!r}", f"detail={self.detail!r}"]
        parts += [f"errors={self.errors!r}"] if self.errors else []
        parts += [f"request_id={self.request_id!r}"] if self.request_id else []
        parts += [f"retry_after={self.retry_after:g}"] if self.retry_after is not None else []
        return f"LogmarkError({', '.join(parts)})"

    @classmethod
    def local(cls, code: str, detail: str) -> LogmarkError:
        """An error of the client: no response, or an incomplete one."""
        return cls(0, code, _TITLES.get(code, code), detail)

    @classmethod
    def of_problem(
        cls, problem: Any, status: int, text: str, headers: httpx.Headers | None = None, place: str = ""
    ) -> LogmarkError:
        """From a problem document, if `text` is one; `place` precedes the text of other bodies."""
        found: dict[str, Any] = problem if isinstance(problem, dict) else {}
        headers = httpx.Headers() if headers is None else headers
        request_id = found.get("instance") or headers.get("x-request-id")
        retry_after = retry_after_of(headers)
        if not isinstance(found.get("code"), str):
            detail = text.strip()[:500] or "the response has no body"
            return cls(status, "http_error", "Not a response of the service", place + detail, request_id, retry_after=retry_after)
        errors = [FieldError.from_dict(error) for error in found.get("errors", [])]
        title, detail = str(found.get("title", found["code"])), str(found.get("detail", ""))
        return cls(int(found.get("status", status)), found["code"], title, detail, request_id, errors, retry_after)

    @classmethod
    def of_answer(cls, answer: httpx.Response) -> LogmarkError:
        """From an error response whose body was read."""
        try:
            problem = json.loads(answer.content)
        except ValueError:
            problem = None
        return cls.of_problem(problem, answer.status_code, answer.text, answer.headers, f"{shown_url(answer.request.url)}: ")


def shown_url(url: httpx.URL) -> str:
    """The URL for error messages, which may be logged: without credentials, and without the query, which contains cursors."""
    return f"{url.scheme}://{url.netloc.decode()}{url.raw_path.partition(b'?')[0].decode()}"


def _fault_text(fault: FieldError) -> str:
    return f"\n  {fault.parameter or fault.pointer or 'body'}: {fault.detail}"


def retry_after_of(headers: httpx.Headers) -> float | None:
    """`Retry-After` in seconds, from either of its forms (RFC 9110 §10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())
