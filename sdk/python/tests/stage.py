"""The environment of the tests; `sdk/CONTRIBUTING.md` describes the service."""

import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from logmark import AsyncLogmark, Logmark, LogmarkError


def variable(name: str) -> str:
    value = os.environ.get(name)
    assert value, f"{name} is not set: these tests are run by `cargo test --test integration sdk::`"
    return value


URL = variable("LOGMARK_URL")
TOKEN = variable("LOGMARK_TOKEN")
NARROW = variable("LOGMARK_TOKEN_NARROW")
EXPIRED = variable("LOGMARK_TOKEN_EXPIRED")
LIMITED = variable("LOGMARK_TOKEN_LIMITED")
WATCHER = variable("LOGMARK_TOKEN_WATCHER")
FRONT = variable("LOGMARK_FRONT_URL")

BEGIN = "2026-11-20T10:00:00Z"
ODD_STREAM = "2026/11/20/[$LATEST]a#b?c d é%2F+&="
BIG = [f"event {number:05}" for number in range(10_000)]
SMALL = ["plain", "quotes \" and \\ and 'these'", "two lines\nof ünïcödé 🪵"]


def acme(token: Any = TOKEN, url: str = URL, **options: Any) -> Logmark:
    return Logmark(url, token, **options)


def acme_async(token: Any = TOKEN, url: str = URL, **options: Any) -> AsyncLogmark:
    return AsyncLogmark(url, token, **options)


def door(habit: str) -> str:
    """The service through the faulty proxy, at one of its paths."""
    return f"{FRONT}/{habit}"


def seen(text: str) -> list[str]:
    """Requests to the proxy so far that contain this text."""
    return [line for line in httpx.get(f"{FRONT}/seen").json() if text in line]


def failure(what: Callable[[], Any]) -> LogmarkError:
    """The error that ends it."""
    with pytest.raises(LogmarkError) as error:
        what()
    return error.value


def summary(error: LogmarkError) -> str:
    return f"{error.status} {error.code}"


def messages(events: Any) -> list[str]:
    return [event.message for event in events]
