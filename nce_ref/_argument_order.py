"""One argument order for the public face, (model, theta, ...); the one of version 0.1 is recognised until 0.3."""

from __future__ import annotations

import warnings
from typing import Any


def model_first(model: Any, theta: Any, call: str) -> tuple[Any, Any]:
    """Return (model, theta), exchanged and with a DeprecationWarning where theta came first."""
    if callable(getattr(theta, "log_density", None)) and not hasattr(model, "log_density"):
        warnings.warn(
            f"theta before model: from version 0.2 on the order is {call}; the old one is refused from 0.3 on",
            DeprecationWarning,
            stacklevel=3,
        )
        return theta, model
    return model, theta
