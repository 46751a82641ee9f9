"""httpx clients that add the token, retry, and raise errors."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import httpx

from .error import LogmarkError, shown_url
from .values import checked_token

Token = str | Callable[[], str]
AsyncToken = str | Callable[[], str | Awaitable[str]]

_FIRST_WAIT = 0.2
"""Upper bound of the first random wait; it doubles with each retry."""
_LONGEST_WAIT = 5.0
_IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")


@dataclass
class RetrySettings:
    """Limits of retries."""

    retries: int
    max_wait: float


class _Retry:
    """The retries of one request so far."""

    def __init__(self, settings: RetrySettings, method: str) -> None:
        self.settings = settings
        self.method = method
        self.attempt = 0
        self.waited = 0.0

    def wait_after(self, error: LogmarkError) -> float:
        """Seconds to wait before the next attempt; raises the error if there is none."""
        wait = self._pause(error)
        if wait is None or self.attempt >= self.settings.retries or self.waited + wait > self.settings.max_wait:
            raise error
        self.attempt += 1
        self.waited += wait
        return wait

    def _pause(self, error: LogmarkError) -> float | None:
        # With `Retry-After` the service has not carried out the request.
        is_refused = error.status in (429, 503) and error.retry_after is not None
        is_passing = error.status in (0, 429, 502, 503, 504) and self.method in _IDEMPOTENT
        if not (is_refused or is_passing):
            return None
        backoff = random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**self.attempt))
        return max(backoff, (error.retry_after or 0) * random.uniform(1, 1.1))


def _failed(request: httpx.Request, error: httpx.TransportError) -> LogmarkError:
    reason = str(error) or type(error).__name__
    return LogmarkError.local("connection_failed", f"no response from {shown_url(request.url)}: {reason}")


def _is_page(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("content-type", "").startswith("text/html"))


def raise_unexpected(answer: httpx.Response) -> None:
    """Raises the error of an error response, or of a response that is not the service's."""
    if not answer.is_success:
        raise LogmarkError.of_answer(answer)
    if _is_page(answer):
        detail = f"{shown_url(answer.request.url)} responded with a page of HTML: is this the address of the service?"
        raise LogmarkError(answer.status_code, "unexpected_answer", "Not a response of the service", detail)


class RetryingClient(httpx.Client):
    """For the generated operations, and for ours."""

    def __init__(self, token: Token, settings: RetrySettings, **options: Any) -> None:
        super().__init__(**options)
        self._token = token if callable(token) else checked_token(token)
        self._settings = settings

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Sends the request, with retries."""
        retry = _Retry(self._settings, request.method)
        while True:
            try:
                return self._authorized(request, stream, options)
            except LogmarkError as error:
                time.sleep(retry.wait_after(error))

    def _authorized(self, request: httpx.Request, stream: bool, options: dict[str, Any]) -> httpx.Response:
        if isinstance(self._token, str):
            return self._exchange(request, self._token, stream, options)
        used = checked_token(self._token(), "token_failed")
        try:
            return self._exchange(request, used, stream, options)
        except LogmarkError as error:
            renewed = checked_token(self._token(), "token_failed") if error.status == 401 else used
            if renewed == used:
                raise
        return self._exchange(request, renewed, stream, options)

    def _exchange(self, request: httpx.Request, token: str, stream: bool, options: dict[str, Any]) -> httpx.Response:
        request.headers["authorization"] = f"Bearer {token}"
        try:
            answer = super().send(request, stream=stream, **options)
            if not answer.is_success or _is_page(answer):
                answer.read()
                answer.close()
        except httpx.TransportError as error:
            raise _failed(request, error) from error
        raise_unexpected(answer)
        return answer


class AsyncRetryingClient(httpx.AsyncClient):
    """The same, for `async`."""

    def __init__(self, token: AsyncToken, settings: RetrySettings, **options: Any) -> None:
        super().__init__(**options)
        self._token = token if callable(token) else checked_token(token)
        self._settings = settings

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Sends the request, with retries."""
        retry = _Retry(self._settings, request.method)
        while True:
            try:
                return await self._authorized(request, stream, options)
            except LogmarkError as error:
                await anyio.sleep(retry.wait_after(error))

    async def _authorized(self, request: httpx.Request, stream: bool, options: dict[str, Any]) -> httpx.Response:
        if isinstance(self._token, str):
            return await self._exchange(request, self._token, stream, options)
        used = await _given(self._token())
        try:
            return await self._exchange(request, used, stream, options)
        except LogmarkError as error:
            renewed = await _given(self._token()) if error.status == 401 else used
            if renewed == used:
                raise
        return await self._exchange(request, renewed, stream, options)

    async def _exchange(self, request: httpx.Request, token: str, stream: bool, options: dict[str, Any]) -> httpx.Response:
        request.headers["authorization"] = f"Bearer {token}"
        try:
            answer = await super().send(request, stream=stream, **options)
            if not answer.is_success or _is_page(answer):
                await answer.aread()
                await answer.aclose()
        except httpx.TransportError as error:
            raise _failed(request, error) from error
        raise_unexpected(answer)
        return answer


async def _given(token: str | Awaitable[str]) -> str:
    return checked_token(await token if inspect.isawaitable(token) else token, "token_failed")
