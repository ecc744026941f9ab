"""Random generators from names: the same name gives the same stream in any process, order or number of workers.

    generator_for("figure1", '{"n_data":250}', 7)

The names are written with their type and length, so that ("a", "bc") and ("ab", "c"), or 1 and "1", differ; their
SHA-256 digest is the entropy of a ``numpy.random.SeedSequence``.
"""

from __future__ import annotations

import hashlib

import numpy as np


def generator_for(*names: str | int) -> np.random.Generator:
    """Return the generator that belongs to ``names``.

    Raises ValueError where there are no names, or one is neither a string nor an integer (floats have many spellings).
    """
    if not names:
        raise ValueError("names: got none; expected at least one string or integer")
    message = bytearray()
    for name in names:
        if isinstance(name, bool) or not isinstance(name, (str, int)):
            raise ValueError(
                f"names: got {name!r} of type {type(name).__name__}; expected strings and integers"
            )
        text = name.encode() if isinstance(name, str) else str(name).encode()
        message += (b"s" if isinstance(name, str) else b"i") + str(len(text)).encode() + b":" + text
    digest = hashlib.sha256(bytes(message)).digest()
    words = np.frombuffer(digest, dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence([int(word) for word in words]))
