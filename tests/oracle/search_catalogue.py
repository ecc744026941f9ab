"""How many of the catalogue's (mistake, objective) pairs ``oracle.search`` finds alone, and that right forms pass: run
by hand, once.

    python tests/oracle/search_catalogue.py [draws a pair, 200] [draws a right form, 1500]

Conventions
-----------
found    a search with one fixed state of the generator fails; named: its suspect is the mistake
time     processor time of the whole search, the diagnosis and the shrinking included
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.search import Search, search

SEED = 7


def timed(impl: Callable[..., Any], name: str, n_draws: int, dtype: str) -> tuple[Search, float]:
    """A search and its processor time."""
    start = time.process_time()
    found = search(impl, name, n_draws=n_draws, rng=np.random.default_rng(SEED), dtype=dtype)
    return found, time.process_time() - start


def main(n_draws: int, n_right: int) -> None:
    """Print the counts, what was missed, and the right forms of which something was said."""
    missed, misnamed, times = [], [], []
    for mistake in CATALOGUE.values():
        for place in mistake.places:
            if place.kind != "function" or mistake.choice:
                continue

            def wrong(mistake: Any = mistake, place: Any = place, **inputs: Any) -> Any:
                return mistake.evaluate(place.name, inputs)

            found, seconds = timed(wrong, place.name, n_draws, "float64")
            times.append(seconds)
            best = found.report.diagnosis.best
            missed += [(mistake.id, place.name)] if found.ok else []
            if not found.ok and (best is None or not best.id.startswith(mistake.id)):
                misnamed.append((mistake.id, place.name, best and best.id))
    n = len(times)
    print(f"{n - len(missed)} of {n} pairs found, {n - len(missed) - len(misnamed)} named")
    print(f"processor time: median {np.median(times):.2f} s, largest {max(times):.2f} s")
    for pair in missed:
        print("missed", *pair)
    for triple in misnamed:
        print("other name", *triple)
    for name, place in OBJECTIVES.items():
        for dtype in ("float32", "float64") if place.kind == "function" else ():
            found, seconds = timed(partial(_right, place), name, n_right, dtype)
            print(f"right {name} {dtype}: {found.n_failed} of {found.n_judged}, {seconds:.1f} s")


def _right(place: Any, **inputs: Any) -> Any:
    return place.evaluate(place.right, inputs)


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["200", "1500"][len(sys.argv) - 1 :])))
