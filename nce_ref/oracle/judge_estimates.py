r"""An estimate is judged by what it is for: is it the maximum, or one as good that proves itself?

With theta-hat the stored estimate, J the objective on the vector's samples and M = -Hessian of J at theta-hat,

    gap        J(theta-hat) - J(theta)                            at most  A = k eta scale
    distance   1/2 (theta - theta-hat)' M (theta - theta-hat)     at most  A,  rows matched up to order and sign first

and 1/2 |.|_M^2 is the gap that the quadratic at theta-hat predicts: one allowance for both. sqrt(2 n_data A) is the
distance in standard errors that passes, some hundredths of one.

Conventions
-----------
eta         2^-26 = sqrt(eps) in float64: an iteration that stops at half the digits is a maximum found. In float32 it is eps,
            2^-23, for sqrt(eps) would let other local maxima pass
k, scale    those of ``laplace_ica_nce`` or ``gaussian_nce`` at theta-hat (``tolerance.py``, ``scales.py``)
elsewhere   an answer far from theta-hat passes where a certified climb (``optimize``) from it ends within the same
            distance of it and not below theta-hat by more than A: an equally good or higher maximum, and proved
c           may be missing: the best c for that B is put in its place
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.matching import match_rows
from nce_ref.models.gaussian import Gaussian
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.noise import GaussianNoise
from nce_ref.objectives.nce import NCEObjective
from nce_ref.optimize import certify
from nce_ref.optimize.nonsmooth import climb_kinks
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.results import CaseResult, Comparison
from nce_ref.oracle.scales import scales
from nce_ref.oracle.tolerance import K
from nce_ref.oracle.vectors import Vector

_NEAR_KINKS = 0.05  # |b_i . x|/|b_i||x| below which a climb from an estimate looks at kinks


@dataclass(frozen=True)
class _Problem:
    """The vector's objective, the stored maximum with its curvature, and the allowance A of both rules."""

    vector: Vector
    matrix: str
    model: LaplaceICA | Gaussian
    objective: NCEObjective
    theta: Float
    value: float
    metric: Float
    allowed: float

    def distance(self, theta: Float, other: Float) -> float:
        """1/2 |theta - other|^2 in the metric of the information matrix, rows matched."""
        if isinstance(self.model, LaplaceICA):
            n = self.model.n_dim
            theta = match_rows(theta[:-1].reshape(n, n), other[:-1].reshape(n, n)).apply_theta(
                theta
            )
        step = theta - other
        return 0.5 * float(step @ self.metric @ step)


def judge_estimate(
    vector: Vector, outputs: Mapping[str, Float], dtype: str, convention: Convention
) -> CaseResult:
    """The verdict on an estimate; its message says where the answer lies and by how much it misses."""
    matrix = vector.objective.outputs[0].name
    if matrix not in outputs:
        return CaseResult(
            vector,
            "unsupported",
            f"{matrix} was not returned; an estimate is judged by it",
            outputs=outputs,
        )
    if not all(np.isfinite(value).all() for value in outputs.values()):
        return CaseResult(vector, "failed", "the estimate is not finite", outputs=outputs)
    problem = _problem(vector, matrix, dtype)
    try:
        with np.errstate(all="ignore"):
            theta = _theta(problem, outputs, convention)
            gap, distance = (
                problem.value - problem.objective(theta)[0],
                problem.distance(theta, problem.theta),
            )
    except ValueError as refusal:  # entries of 1e200
        return CaseResult(
            vector, "failed", f"the estimate cannot be evaluated: {refusal}", outputs=outputs
        )
    comparisons = (
        _comparison("objective gap", gap, problem),
        _comparison("distance", distance, problem),
    )
    if gap <= problem.allowed and distance <= problem.allowed:
        return CaseResult(vector, "passed", _digits(problem, theta), comparisons, outputs)
    try:
        with np.errstate(all="ignore"):
            passed, message = _elsewhere(problem, theta, gap, distance)
    except ValueError as refusal:  # so far off that a step from there overflows
        passed, message = False, f"the estimate cannot be climbed from: {refusal}"
    return CaseResult(vector, "passed" if passed else "failed", message, comparisons, outputs)


def _problem(vector: Vector, matrix: str, dtype: str) -> _Problem:
    inputs: Mapping[str, Any] = vector.inputs
    x, y, mean, cov = (inputs[name] for name in ("x", "y", "noise_mean", "noise_cov"))
    model: LaplaceICA | Gaussian = LaplaceICA(x.shape[1]) if matrix == "B" else Gaussian(x.shape[1])
    objective = NCEObjective(model, GaussianNoise(mean, cov), x, y)
    best = vector.expected[matrix].value
    theta = model.pack(best, float(vector.expected["c"].value))
    function = find_objective("laplace_ica_nce" if matrix == "B" else "gaussian_nce")
    value, gradient = objective(theta)
    want = {
        "value": np.asarray(value),
        function.outputs[1].name: np.zeros_like(best),
        "grad_c": np.asarray(gradient[-1]),
    }
    scale = float(
        scales(function.name, {matrix: best, "c": float(theta[-1]), **inputs}, want)["value"]
    )
    eta = max(float(np.finfo(dtype).eps), 2.0**-26)
    # The Hessian without the active kinks: the curvature along the manifold, as the stored standard errors have it.
    metric = -objective.expand(theta).hessian
    return _Problem(
        vector, matrix, model, objective, theta, value, metric, K["value"] * eta * scale
    )


def _theta(problem: _Problem, outputs: Mapping[str, Float], convention: Convention) -> Float:
    matrix = np.asarray(outputs[problem.matrix], dtype=np.float64)
    if problem.matrix == "precision":
        matrix = (matrix + matrix.T) / 2  # a float32 answer is symmetric to its own rounding only
    if "c" in outputs:
        c = float(outputs["c"]) * (-1.0 if convention.c_sign == "subtracted" else 1.0)
        return problem.model.pack(matrix, c)
    return _with_best_c(problem, problem.model.pack(matrix, float(problem.theta[-1])))


def _with_best_c(problem: _Problem, theta: Float) -> Float:
    """dJ/dc falls from 1 to -nu as c grows: bisection between bounds that are widened first."""
    low, high, step = theta[-1], theta[-1], 1.0

    def slope(c: float) -> float:
        return float(problem.objective(np.append(theta[:-1], c))[1][-1])

    while slope(low) < 0.0:
        low, step = low - step, 2.0 * step
    while slope(high) > 0.0:
        high, step = high + step, 2.0 * step
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) > 0.0 else (low, middle)
    return np.append(theta[:-1], 0.5 * (low + high))


def _elsewhere(problem: _Problem, theta: Float, gap: float, distance: float) -> tuple[bool, str]:
    """Is it another maximum, proved, and as good? Else say what it is near."""
    errors = np.sqrt(2.0 * distance * problem.objective.n_data)
    where = f"J is {abs(gap):.3g} {'below' if gap > 0.0 else 'above'} the stored maximum, {errors:.3g} standard errors away"
    where += f" (allowed: {problem.allowed:.2g} and {np.sqrt(2.0 * problem.allowed * problem.objective.n_data):.2g})"
    end = climb_kinks(problem.objective, theta, _NEAR_KINKS)
    proof = certify(problem.objective, end.theta)
    stays = problem.distance(theta, end.theta) <= problem.allowed
    if proof.is_local_maximum and stays and problem.value - end.value <= problem.allowed:
        return (
            True,
            f"another maximum, certified, {end.value - problem.value:.3g} above the stored one: the vectors do not know it",
        )
    if proof.is_local_maximum and stays:
        return False, f"a local maximum, not the best: {where}; try more starts"
    if end.value - problem.objective(theta)[0] > problem.allowed:
        rise = end.value - problem.objective(theta)[0]
        return (
            False,
            f"no maximum: {where}, and a climb from here rises by {rise:.3g}; stop later, and mind the kinks of |b . x|",
        )
    return False, f"not proved to be a maximum ({proof.status}: {proof.reason}); {where}"


def _digits(problem: _Problem, theta: Float) -> str:
    """How many digits agree, as NIST's statistical reference data sets report it: -log10 of the largest relative error."""
    if isinstance(problem.model, LaplaceICA):
        n = problem.model.n_dim
        theta = match_rows(theta[:-1].reshape(n, n), problem.theta[:-1].reshape(n, n)).apply_theta(
            theta
        )
    error = float(np.max(np.abs(theta - problem.theta)) / np.max(np.abs(problem.theta)))
    return f"{min(15.0, -np.log10(max(error, 1e-16))):.1f} digits agree"


def _comparison(what: str, got: float, problem: _Problem) -> Comparison:
    passed = bool(got <= problem.allowed)
    return Comparison(
        what,
        passed,
        (),
        float(got),
        0.0,
        problem.allowed,
        float(got / problem.allowed),
        float("nan"),
        int(not passed),
        1,
    )
