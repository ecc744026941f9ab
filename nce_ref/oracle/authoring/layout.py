"""How the vectors' files are spelled: one spelling of a number and one layout, so that a change of one number is a
change of one line.

Conventions
-----------
decimal, hex   ``numbers.spelling``
number    inputs and scales: the shortest decimal that reads back as the same float64 (Python's repr)
layout    two blanks a level; a list of numbers, or anything else without a dict inside that fits, stands on one line;
          of a matrix each row; of a long list of decimals each one; of a long list of words (kills, hex) as many as fit
NPZ       arrays sorted by name, stored, not compressed, with one fixed date: the same arrays give the same bytes
"""

from __future__ import annotations

import hashlib
import io
import json
import textwrap
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float

WIDTH = 140
_WORD = 40  # a text that is shorter shares its line
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can hold


def to_text(content: Mapping[str, Any]) -> str:
    """The file's text."""
    return _lines(content, 0) + "\n"


def to_npz(arrays: Mapping[str, Float]) -> tuple[bytes, str]:
    """The bytes of an NPZ with these arrays as float64, and their sha256."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            entry = io.BytesIO()
            np.lib.format.write_array(
                entry, np.ascontiguousarray(arrays[name], dtype=np.float64), version=(1, 0)
            )
            info = zipfile.ZipInfo(f"{name}.npy", date_time=_DATE)
            info.create_system, info.external_attr = (
                3,
                0o644 << 16,
            )  # else it depends on the machine that writes
            archive.writestr(info, entry.getvalue())
    content = stream.getvalue()
    return content, hashlib.sha256(content).hexdigest()


def _lines(value: Any, level: int) -> str:
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner, outer = "  " * (level + 1), "  " * level
    if isinstance(value, Mapping):
        if not value or (
            len(outer) + len(line) <= WIDTH
            and not any(isinstance(entry, dict) for entry in value.values())
            and level > 1
        ):
            return line
        parts = [
            f"{inner}{json.dumps(key)}: {_lines(entry, level + 1)}" for key, entry in value.items()
        ]
        return "{\n" + ",\n".join(parts) + f"\n{outer}}}"
    if (
        not isinstance(value, list)
        or not value
        or all(isinstance(entry, int | float) for entry in value)
    ):
        return line
    if len(outer) + len(line) <= WIDTH and not any(isinstance(entry, dict) for entry in value):
        return line
    if all(isinstance(entry, str) and len(entry) < _WORD for entry in value):
        wrapped = textwrap.wrap(
            line[1:-1], WIDTH - len(inner), break_long_words=False, break_on_hyphens=False
        )
        return "[\n" + "\n".join(inner + part for part in wrapped) + f"\n{outer}]"
    return "[\n" + ",\n".join(inner + _lines(entry, level + 1) for entry in value) + f"\n{outer}]"
