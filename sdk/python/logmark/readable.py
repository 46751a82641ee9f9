"""Readable representations of the generated models, without unset fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from .generated import models
from .generated.types import Unset


def value_text(value: Any) -> str:
    """A value; times in RFC 3339, which is shorter than the `datetime` form."""
    return value.isoformat() if isinstance(value, datetime) else repr(value)


def _model_text(model: Any) -> str:
    fields = [field.name for field in attrs.fields(type(model)) if field.name != "additional_properties"]
    given = [(name, getattr(model, name)) for name in fields]
    given += list(getattr(model, "additional_properties", {}).items())
    parts = [f"{name}={value_text(value)}" for name, value in given if not isinstance(value, Unset)]
    return f"{type(model).__name__}({', '.join(parts)})"


def install() -> None:
    """Gives the generated models their representation: the generator's own shows each member that is absent."""
    for name in models.__all__:
        model = getattr(models, name)
        if attrs.has(model):
            model.__repr__ = _model_text  # type: ignore[method-assign]
