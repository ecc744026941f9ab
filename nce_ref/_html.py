"""Text in a notebook: as it stands, in a fixed width."""

from __future__ import annotations

import html


def preformatted(text: str) -> str:
    """Return the text as an HTML block that keeps its lines."""
    return f"<pre>{html.escape(text, quote=False)}</pre>"
