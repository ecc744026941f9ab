"""Where the error is least, with a bound on how far off that is: every local minimum on a grid, polished by Newton's
method.

Conventions
-----------
point   (noise parameter, nu), sought as (x, ln nu) with x = ln variance or the mean itself
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .criterion import STEP, Problem, budget_error, equal_error

Vector = NDArray[np.float64]
# Ranges searched: variances and nu by logarithm. The mean's sign does not matter, by symmetry.
VARIANCES, MEANS, NUS = (0.03, 60.0), (0.0, 4.0), (0.05, 20.0)
_GRID = (61, 41)
_H = 4e-3


@dataclass(frozen=True)
class Optimum:
    """A local minimum of E.

    ``parameter, nu``              where; ``location_error`` bounds the relative error of either (absolute for a mean)
    ``error``                      E there
    ``relative``                   E over that of noise equal to the data at its own best, nu = 1
    ``curvature``                  the least eigenvalue of the Hessian in (x, ln nu) over E: above 0 for a minimum
    """

    problem: Problem
    target: str
    parameter: float
    nu: float
    error: float
    relative: float
    location_error: float
    curvature: float


def find_optima(problem: Problem, target: str, fixed_nu: float | None = None) -> list[Optimum]:
    """Return the local minima within the ranges, best first; over the parameter alone where ``fixed_nu`` is given.

    Each grid point that is below its neighbours is polished. Two polishings, with other quadrature and other
    differences, give the stated error: their distance plus the last Newton step.
    """
    n_x, n_nu = _GRID
    xs = (
        np.linspace(*MEANS, n_x)
        if problem.moves == "mean"
        else np.linspace(*np.log(VARIANCES), n_x)
    )
    ls = np.linspace(*np.log(NUS), n_nu) if fixed_nu is None else np.array([math.log(fixed_nu)])
    values = np.array([[_value(problem, target, np.array([x, l])) for l in ls] for x in xs])
    found: list[Optimum] = []
    for i, j in np.argwhere(_below_neighbours(values, problem.moves == "mean")):
        start = np.array([xs[i], ls[j]])
        free = 2 if fixed_nu is None else 1
        one, step_one, _ = _polish(lambda v: _value(problem, target, v), start, free, _H)
        two, step_two, curvature = _polish(
            lambda v: _value(problem, target, v, 0.5 * STEP), one, free, 0.5 * _H
        )
        slack = float(np.abs(one - two).max()) + max(step_one, step_two)
        parameter = math.exp(two[0]) if problem.moves == "variance" else abs(float(two[0]))
        error = _value(problem, target, two, 0.5 * STEP)
        relative = error / equal_error(problem, target)
        found.append(
            Optimum(
                problem,
                target,
                parameter,
                math.exp(two[1]),
                error,
                relative,
                slack,
                curvature / error,
            )
        )
    return sorted(found, key=lambda o: o.error)


def best_nu(problem: Problem, target: str, parameter: float) -> tuple[float, float]:
    """Return (nu, E) with nu the best for this noise, to the accuracy a picture needs (1e-6 in ln nu)."""
    from scipy.optimize import minimize_scalar

    bounds = (math.log(NUS[0]) - 3.0, math.log(NUS[1]) + 3.0)
    found = minimize_scalar(
        lambda l: budget_error(problem, target, parameter, math.exp(l)),
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-6},
    )
    return math.exp(float(found.x)), float(found.fun)


def _value(problem: Problem, target: str, point: Vector, step: float = STEP) -> float:
    x, log_nu = float(point[0]), float(point[1])
    return budget_error(
        problem, target, math.exp(x) if problem.moves == "variance" else x, math.exp(log_nu), step
    )


def _below_neighbours(values: Vector, symmetric: bool) -> NDArray[np.bool_]:
    """Which entries are below all (up to eight) neighbours; on an edge of the range only where E is symmetric about
    it."""
    n_x, n_nu = values.shape
    padded = np.pad(values, 1, constant_values=np.inf)
    around = [
        padded[1 + a : 1 + a + n_x, 1 + b : 1 + b + n_nu]
        for a in (-1, 0, 1)
        for b in (-1, 0, 1)
        if a or b
    ]
    inner = np.ones(values.shape, dtype=bool)
    inner[-1] = False
    inner[0] = symmetric
    if n_nu > 1:
        inner[:, [0, -1]] = False
    return inner & (values < np.min(around, axis=0))


def _polish(
    f: Callable[[Vector], float], start: Vector, free: int, h: float
) -> tuple[Vector, float, float]:
    """Newton's method with differences of fourth order; (point, last step, least eigenvalue of the Hessian)."""
    point, size, lowest = start.copy(), math.inf, math.nan
    for _ in range(60):
        gradient, hessian = _derivatives(f, point, free, h)
        eigenvalues, vectors = np.linalg.eigh(hessian)
        lowest = float(eigenvalues[0])
        step = vectors @ ((vectors.T @ -gradient) / np.maximum(np.abs(eigenvalues), 1e-8))
        step *= min(1.0, 0.1 / max(float(np.abs(step).max()), 1e-300))
        point[:free] += step
        size = float(np.abs(step).max())
        if size < 1e-9:
            break
    return point, size, lowest


def _derivatives(
    f: Callable[[Vector], float], point: Vector, free: int, h: float
) -> tuple[Vector, Vector]:
    def at(*shifts: float) -> float:
        moved = point.copy()
        moved[:free] += h * np.array(shifts)
        return f(moved)

    def axis(k: int, t: float) -> float:
        return at(*(t if i == k else 0.0 for i in range(free)))

    gradient, hessian, middle = np.empty(free), np.empty((free, free)), f(point)
    for k in range(free):
        near, far = (axis(k, t) - axis(k, -t) for t in (1.0, 2.0))
        gradient[k] = (8.0 * near - far) / (12.0 * h)
        hessian[k, k] = (axis(k, 1.0) - 2.0 * middle + axis(k, -1.0)) / h**2
    if free == 2:
        hessian[0, 1] = hessian[1, 0] = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (
            4.0 * h**2
        )
    return gradient, hessian
