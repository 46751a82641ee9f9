"""Tickets: one GET of one URL without a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import httpx


@dataclass(frozen=True)
class Ticket:
    """A ticket for one use. Anybody who has it can use it until it expires."""

    ticket: str = field(repr=False)
    url: str = field(repr=False)
    """The URL with the ticket, relative to the service."""
    expires_at: datetime


def ticket_of(answer: httpx.Response) -> Ticket:
    """The ticket of a response."""
    value = answer.json()
    return Ticket(value["ticket"], value["url"], datetime.fromisoformat(value["expiresAt"]))
