"""Was enough seen? An implementation is ok only where at least half of its objective's vectors were judged, and one
with far tails.

Conventions
-----------
judged    an answer came, whatever it was worth; not what was skipped, nor what was never asked (``flags``)
left out  skipped, and declared: a pattern of expected failures matches it. Not held against the implementation
far       the flag ``FAR``: some argument of ln sigma at -37 or below, where every plain form has gone wrong in float64.
          Asked where the objective has such vectors at all, which is where it has a ln sigma
"""

from __future__ import annotations

from collections.abc import Sequence

from nce_ref.oracle.results import LEFT_OUT, UNSUPPORTED, CaseResult
from nce_ref.oracle.vectors import Vector

FAR = "tails-40"


def what_is_missing(results: Sequence[CaseResult], stock: Sequence[Vector]) -> tuple[str, ...]:
    """What would have to be judged as well, in words; nothing where enough was. ``stock``: all vectors that there
    are."""
    left_out = {result.id for result in results if result.status == LEFT_OUT}
    asked = [vector for vector in stock if vector.id not in left_out]
    judged = {result.id for result in results if result.status not in (UNSUPPORTED, LEFT_OUT)}
    needed = max(1, (len(asked) + 1) // 2)
    missing = []
    if len(judged) < needed:
        besides = f" (besides {len(left_out)} left out as declared)" if left_out else ""
        missing.append(
            f"{len(judged)} of {len(asked)} vectors were judged{besides}, at least {needed} are needed"
        )
    far = {vector.id for vector in asked if FAR in vector.flags}
    if far and not far & judged:
        missing.append(f"none of the {len(far)} with far tails (flag {FAR}) was judged")
    return tuple(missing)
