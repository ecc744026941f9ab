"""How many of the catalogue's (mistake, objective) pairs ``oracle.search`` finds alone, and that right forms pass: run
by hand, once.

    python tests/oracle/search_catalogue.py mistakes [every K-th pair, 1] [seconds a pair, 10]
    python tests/oracle/search_catalogue.py right [every K-th (objective, dtype), 1] [seconds a form, 60]

Conventions
-----------
pairs    every mistake that is no choice, at every objective of kind function where it can be made, layouts included
found    a search of so many seconds fails; named: its suspect is the mistake, alone or as one of a pair
theirs   processor time spent in the implementation; ours: of the whole search, diagnosis and shrinking included
seconds  of processor time, all of it
printed  a line for what was missed or has another name, as it comes; the counts at the end
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import EVERY
from nce_ref.oracle.search import Search, search

SEED = 7
DRAWS = 50


@dataclass
class Clock:
    """An implementation that counts its own processor time."""

    impl: Callable[..., Any]
    seconds: float = 0.0

    def __call__(self, **inputs: Any) -> Any:
        start = time.process_time()
        try:
            return self.impl(**inputs)
        finally:
            self.seconds += time.process_time() - start


def timed(
    impl: Callable[..., Any], name: str, seconds: float, dtype: str
) -> tuple[Search, float, float]:
    """A search, the processor time of all of it, and of the implementation."""
    clock, start, rng = Clock(impl), time.process_time(), np.random.default_rng(SEED)
    # So many draws at a time: a search stops by the wall's clock, which tells nothing on a busy machine.
    while True:
        found = search(clock, name, n_draws=DRAWS, rng=rng, dtype=dtype)
        whole = time.process_time() - start
        if not found.ok or whole > seconds:
            return found, whole, clock.seconds


def pairs() -> Iterator[tuple[Any, Any]]:
    """(mistake, objective), in the catalogue's order."""
    for mistake in CATALOGUE.values():
        for place in mistake.places:
            if place.kind == "function" and not mistake.choice:
                yield mistake, place


def mistakes(every: int, seconds: float) -> None:
    """Search for every K-th pair and print what was missed."""
    n_found = n_named = n = 0
    times, theirs = [], []
    for mistake, place in list(pairs())[::every]:
        impl = partial(_wrong, mistake, place)
        found, whole, own = timed(impl, place.name, seconds, "float64")
        n += 1
        times.append(whole)
        theirs.append(own)
        best = found.report.diagnosis.best
        n_found += not found.ok
        if found.ok:
            print(
                f"missed {mistake.id} {place.name}: {found.n_judged} judged, {own:.1f} s",
                flush=True,
            )
        elif best is not None and mistake.id in best.id.split(" + "):
            n_named += 1
        else:
            print(f"other name {mistake.id} {place.name}: {best and best.id}", flush=True)
        if whole > 10.0 or own > 2.0:
            print(f"slow {mistake.id} {place.name}: {whole:.1f} s, {own:.1f} s theirs", flush=True)
        if n % 50 == 0:
            print(f"... {n} pairs, {n_found} found, {n_named} named", flush=True)
    print(f"{n_found} of {n} pairs found, {n_named} of these named")
    for what, of in (("whole", times), ("theirs", theirs)):
        print(f"processor time, {what}: median {np.median(of):.2f} s, largest {max(of):.2f} s")


def right(every: int, seconds: float) -> None:
    """Search the right forms, in float32 and float64, and print what was said of them."""
    forms = [
        (place, dtype)
        for place in EVERY.values()
        if place.kind == "function"
        for dtype in ("float32", "float64")
    ]
    n_bad = 0
    for place, dtype in forms[::every]:
        impl = partial(_right, partial(place.evaluate, place.right))
        rng, start, n_judged, n_failed = np.random.default_rng(SEED), time.process_time(), 0, 0
        while not n_failed and time.process_time() - start < seconds:
            found = search(impl, place.name, n_draws=DRAWS, rng=rng, dtype=dtype)
            n_judged, n_failed = n_judged + found.n_judged, n_failed + found.n_failed
        n_bad += n_failed > 0
        print(f"right {place.name} {dtype}: {n_failed} of {n_judged} fail", flush=True)
        if n_failed:
            print(found, flush=True)
    print(f"{n_bad} of {len(forms[::every])} right forms called wrong")


def _wrong(mistake: Any, place: Any, **inputs: Any) -> Any:
    return mistake.evaluate(place.name, inputs)


def _right(evaluate: Callable[[Any], Any], **inputs: Any) -> Any:
    return evaluate(inputs)


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    run, default = {"mistakes": (mistakes, 10.0), "right": (right, 60.0)}[what]
    run(int((numbers + ["1"])[0]), float(([*numbers, "", ""])[1] or default))
