"""Does a strict maximum hang on the last bits of the data?

``0.03`` stands for every real number that rounds to it. Integers times a power of ten tie to rounding only: a median
that two points share is then unique by a slack of 2e-16, on the side to which the products happened to round, and in
data that differ by an ulp it is another point, 0.2 away. Arithmetic that rounds cannot tell them apart, and a verdict
that could would change with the unit.

The rule, which asks nothing of nce_ref: each entry of x and y is moved by -1, 0 or 1 ulp (0 stays 0), in ``DRAWS``
draws of a fixed generator. Where the judge then finds no strict maximum within ``NEAR`` of the one of the data as
given, it hangs on the last bits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .building import Problem
from .judge import NEAR, Verdict, judge
from .sample import theta_of

DRAWS = 8


def moved(points: np.ndarray | None, rng: np.random.Generator) -> np.ndarray | None:
    if points is None:
        return None
    way = rng.choice([-1.0, 0.0, 1.0], points.shape)
    beside = np.where(way == 0.0, points, np.nextafter(points, np.copysign(np.inf, way)))
    return np.where(points == 0.0, 0.0, beside)


def hangs_on_last_bits(problem: Problem, verdict: Verdict) -> bool:
    """``verdict`` is that of the data as given, "strict"."""
    top = theta_of(problem, verdict.theta)
    for k in range(DRAWS):
        rng = np.random.default_rng([20261201, k])
        beside = replace(problem, x=moved(problem.x, rng), y=moved(problem.y, rng))
        found = judge(beside, top)
        if found.kind != "strict" or not found.distance < NEAR:
            return True
    return False
