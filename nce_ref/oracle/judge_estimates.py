r"""An estimate is judged by what it is for: is it the maximum, or one as good that proves itself?

With theta-hat the stored estimate, J the objective on the vector's samples and M = -Hessian of J at theta-hat,

    gap        J(theta-hat) - J(theta)                            at most  A = k eta scale
    distance   1/2 (theta - theta-hat)' M (theta - theta-hat)     at most  A,  rows matched up to order and sign first

and 1/2 |.|_M^2 is the gap that the quadratic at theta-hat predicts: one allowance for both. sqrt(2 n_data A) is the
distance in standard errors that passes, some hundredths of one.

Conventions
-----------
eta         2^-26 = sqrt(eps) in float64: an iteration that stops at half the digits is a maximum found. In float32 it
            is eps, 2^-23, for sqrt(eps) would let other local maxima pass
k, scale    those of the objective that it maximises, at theta-hat (``tolerance.py``, ``scales.py``)
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
from nce_ref.optimize import certify
from nce_ref.optimize.nonsmooth import climb_kinks
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.families.base import Argmax, Tools
from nce_ref.oracle.results import CaseResult, Comparison
from nce_ref.oracle.scales import scales
from nce_ref.oracle.tolerance import K
from nce_ref.oracle.vectors import Vector

_NEAR_KINKS = 0.05  # |b_i . x|/|b_i||x| below which a climb from an estimate looks at kinks


@dataclass(frozen=True)
class _Problem:
    """The vector's objective, the stored maximum with its curvature, and the allowance A of both rules."""

    vector: Vector
    argmax: Argmax
    tools: Tools
    objective: Any
    theta: Float
    value: float
    metric: Float
    allowed: float

    def distance(self, theta: Float, other: Float) -> float:
        """1/2 |theta - other|^2 in the metric of the information matrix, rows matched."""
        step = self.tools.aligned(theta, other) - other
        return 0.5 * float(step @ self.metric @ step)


def judge_estimate(
    vector: Vector, outputs: Mapping[str, Float], dtype: str, convention: Convention
) -> CaseResult:
    """The verdict on an estimate; its message says where the answer lies and by how much it misses."""
    argmax = vector.objective.argmax
    assert argmax is not None  # what is of kind "estimate" has one
    matrix = argmax.matrix
    if matrix not in outputs:
        return CaseResult(
            vector,
            "unsupported",
            f"{matrix} was not returned; an estimate is judged by it",
            outputs=outputs,
        )
    if not all(np.isfinite(value).all() for value in outputs.values()):
        return CaseResult(vector, "failed", "the estimate is not finite", outputs=outputs)
    problem = _problem(vector, argmax, dtype)
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


def _problem(vector: Vector, argmax: Argmax, dtype: str) -> _Problem:
    function, tools = argmax.of, argmax.tools()
    objective = tools.objective(vector.inputs)
    matrix, constant = argmax.matrix, str(function.constant)
    best = vector.expected[matrix].value
    theta = objective.model.pack(best, float(vector.expected[constant].value))
    value, gradient = objective(theta)
    by = {
        None: np.asarray(value),
        matrix: np.zeros_like(best),
        constant: np.asarray(gradient[-1]),
    }
    want = {output.name: by[output.derivative_of] for output in function.outputs}
    at = {matrix: best, constant: float(theta[-1])}
    scale = float(scales(function.name, {**at, **vector.inputs}, want)["value"])
    eta = max(float(np.finfo(dtype).eps), 2.0**-26)
    # The Hessian without the active kinks: the curvature along the manifold, as the stored standard errors have it.
    metric = -objective.expand(theta).hessian
    return _Problem(
        vector, argmax, tools, objective, theta, value, metric, K["value"] * eta * scale
    )


def _theta(problem: _Problem, outputs: Mapping[str, Float], convention: Convention) -> Float:
    matrix = np.asarray(outputs[problem.argmax.matrix], dtype=np.float64)
    if problem.argmax.matrix in problem.argmax.of.symmetric:
        matrix = (matrix + matrix.T) / 2  # a float32 answer is symmetric to its own rounding only
    constant, pack = str(problem.argmax.of.constant), problem.objective.model.pack
    if constant in outputs:
        sign = convention.factor(problem.vector.objective, constant, problem.vector.inputs)
        return np.asarray(pack(matrix, sign * float(outputs[constant])))
    return _with_best_c(problem, pack(matrix, float(problem.theta[-1])))


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
    where = (
        f"J is {abs(gap):.3g} {'below' if gap > 0.0 else 'above'} the stored maximum, {errors:.3g}"
        " standard errors away"
    )
    where += f" (allowed: {problem.allowed:.2g} and {np.sqrt(2.0 * problem.allowed * problem.objective.n_data):.2g})"
    end = climb_kinks(problem.objective, theta, _NEAR_KINKS)
    proof = certify(problem.objective, end.theta)
    stays = problem.distance(theta, end.theta) <= problem.allowed
    if proof.is_local_maximum and stays and problem.value - end.value <= problem.allowed:
        return (
            True,
            (
                f"another maximum, certified, {end.value - problem.value:.3g} above the stored one:"
                " the vectors do not know it"
            ),
        )
    if proof.is_local_maximum and stays:
        return False, f"a local maximum, not the best: {where}; try more starts"
    if end.value - problem.objective(theta)[0] > problem.allowed:
        rise = end.value - problem.objective(theta)[0]
        return (
            False,
            (
                f"no maximum: {where}, and a climb from here rises by {rise:.3g}; stop later, and"
                " mind the kinks of |b . x|"
            ),
        )
    return False, f"not proved to be a maximum ({proof.status}: {proof.reason}); {where}"


def _digits(problem: _Problem, theta: Float) -> str:
    """How many digits agree, as NIST's statistical reference data sets report it: -log10 of the largest relative
    error."""
    theta = problem.tools.aligned(theta, problem.theta)
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
