"""The numbers behind the picture: E over that of noise equal to the data, along the noise's parameter and along nu.

Conventions
-----------
against   "parameter": x is the noise's variance or mean, nu "best" for each or 1;  "nu": x is nu, "best noise" or
          "noise = data"
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .criterion import PROBLEMS, TARGETS, Problem, budget_error, equal_error
from .optimum import Optimum, best_nu

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """``relative``: E / E of noise equal to the data at nu = 1, at each ``x``."""

    problem: Problem
    target: str
    against: str
    label: str
    x: Vector
    relative: Vector


def make_curves(optima: list[Optimum], n_points: int = 61) -> list[Curve]:
    """Return every curve. ``optima``: joint ones over the noise and nu, best first for each problem and target."""
    nus = np.geomspace(0.1, 10.0, n_points)
    curves = []
    for problem in PROBLEMS:
        x = (
            np.geomspace(0.1, 30.0, n_points)
            if problem.moves == "variance"
            else np.linspace(0.0, 3.5, n_points)
        )
        for target in TARGETS:
            unit = equal_error(problem, target)
            best = next(o for o in optima if o.problem == problem and o.target == target)
            rows = {
                ("parameter", "nu = 1"): (x, [budget_error(problem, target, p, 1.0) for p in x]),
                ("parameter", "best nu"): (x, [best_nu(problem, target, p)[1] for p in x]),
                ("nu", "best noise"): (
                    nus,
                    [budget_error(problem, target, best.parameter, nu) for nu in nus],
                ),
                ("nu", "noise = data"): (nus, [equal_error(problem, target, nu) for nu in nus]),
            }
            curves += [
                Curve(problem, target, *key, along, np.array(values) / unit)
                for key, (along, values) in rows.items()
            ]
    return curves
