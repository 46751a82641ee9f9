"""Checks of URLs, tokens and times before a request is sent."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import httpx

from .error import LogmarkError

Time = str | float | datetime
"""A time: an aware `datetime`, or the API's forms: RFC 3339, epoch seconds or milliseconds, relative to now (`-15m`)."""


def checked_url(url: str) -> str:
    """The URL of the service, which may have a path."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise _invalid(f"`{url}` is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _invalid(f"`{url}` is not an http or https URL, such as https://logs.example.com")
    if parsed.userinfo:
        raise _invalid("the URL has a user name or a password")
    return url


def checked_token(token: str, code: str = "invalid_request") -> str:
    """The token without surrounding white space, such as a file's last newline."""
    token = token.strip() if isinstance(token, str) else ""
    if not token:
        raise LogmarkError.local(code, "the token is empty")
    if token.lower().startswith("bearer "):
        raise LogmarkError.local(code, "the token begins with `Bearer `: pass only the token")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise LogmarkError.local(code, "the token contains characters that are not allowed")
    return token


def time_text(name: str, value: Any) -> str:
    """The time in a form of the API."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            detail = f"`{name}` has no time zone: write datetime.now(timezone.utc), or .astimezone() where local time is meant"
            raise _invalid(detail)
        return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, str) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return str(value)
    raise _invalid(f"`{name}` is a {type(value).__name__}, and neither a datetime nor a text such as `-15m`")


def _invalid(detail: str) -> LogmarkError:
    return LogmarkError.local("invalid_request", detail)
