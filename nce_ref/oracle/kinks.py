r"""The choice of a derivative where there is none: |s| at s = b_i . u = 0 exactly, and a ReLU at a pre-activation of 0
exactly.

The vectors have 0 there, as ``np.sign`` has it. Any other number in [-1, 1] is a generalised derivative as well, so
that a gradient that differs from the vector's by

    grad_B[i] - want[i] = -sqrt(2) sum_t a_it w_t u_t,   -1 <= a_it <= 1,   over the points u_t with b_i . u_t = 0

is a choice that is worth telling, not an error. JAX takes a = 1; ``where(s > 0, s, -s)`` takes -1; where b . u comes
out as a rounding error instead of 0, its sign is anybody's guess.

A ReLU has 0 there, too; 1 (z >= 0) and 1/2 (JAX's maximum) are the other choices that frameworks make, one for all
units.

Conventions
-----------
w_t      d value/d ln p_m(u_t): 1/n_data for the likelihood; h-weights of the data, then of the noise, for J; 1/n_data,
         then minus the shares of the noise, for importance sampling
rows     of B are independent of each other: one bounded least-squares problem each, in units of the allowance
allowed  twice the tolerance, since both sides are rounded (as ``Observed.agree`` has it)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.families.base import Corners, Ridges
from nce_ref.oracle.results import CHOICE, CaseResult
from nce_ref.oracle.tolerance import allowance

_SAME = 1e-3  # coefficients closer than this are told as one number


def settle(result: CaseResult, dtype: str, convention: Convention) -> CaseResult:
    """``result`` as a documented choice, where another derivative at the kinks is all that is wrong; else as it
    came."""
    if result.status != "failed":
        return result
    match result.vector.objective.kink:
        case Ridges() as ridges:
            return _settle_ridges(result, ridges, dtype, convention)
        case Corners() as corners:
            return _settle_corners(result, corners, dtype)
    return result


def _settle_ridges(
    result: CaseResult, ridges: Ridges, dtype: str, convention: Convention
) -> CaseResult:
    wrong = [comparison.output for comparison in result.comparisons if not comparison.passed]
    objective, inputs = result.vector.objective, result.vector.inputs
    if [objective.output(name).derivative_of for name in wrong] != [ridges.argument]:
        return result
    columns = ridges.columns(inputs)
    if not any(column.size for column in columns):
        return result
    expected = result.vector.expected[wrong[0]]
    factor = convention.factor(objective, wrong[0], inputs)
    difference = np.asarray(result.outputs[wrong[0]], dtype=np.float64) - factor * expected.value
    allowed = 2.0 * allowance(objective, wrong[0], abs(factor) * expected.scale, dtype)
    value = _coefficient([factor * column for column in columns], difference, allowed)
    if value is None:
        return result
    said = (
        f"{ridges.mistake}: the derivative of |s| at s = 0 is {value} here, 0 in the vectors; off"
        " exact zeros nothing differs"
    )
    return replace(result, status=CHOICE, message=said)


def _settle_corners(result: CaseResult, corners: Corners, dtype: str) -> CaseResult:
    vector = result.vector
    if not vector.objective.n_kinks(vector.inputs):
        return result
    for slope in corners.slopes:
        found = corners.outputs(slope, vector.inputs)

        def agrees(name: str, found: Mapping[str, Float] = found) -> bool:
            # The stored scale has nothing of a unit that is off; what it contributes here is as large as its own
            # numbers.
            scale = vector.expected[name].scale + np.abs(found[name])
            error = np.abs(np.asarray(result.outputs[name], dtype=np.float64) - found[name])
            return bool((error <= 2.0 * allowance(vector.objective, name, scale, dtype)).all())

        if all(agrees(name) for name in result.outputs):
            said = (
                f"the derivative of max(z, 0) at z = 0 is {slope:g} here, 0 in the vectors; off"
                " exact zeros nothing differs"
            )
            return replace(result, status=CHOICE, message=f"{corners.mistake}: {said}")
    return result


def _coefficient(columns: list[Float], difference: Float, allowed: Float) -> str | None:
    """The derivative that explains the difference, in words: one number for all kinks if one will do; None if nothing
    in [-1, 1] does."""
    together = np.array([column.sum(axis=1) for column in columns])
    if not np.isfinite(difference).all():
        return None
    if together.any():
        # Every kink by the same rule. In units of the allowance, as below.
        slope, rest = together / allowed, difference / allowed
        common = float(np.clip((slope * rest).sum() / (slope * slope).sum(), -1.0, 1.0))
        if (np.abs(difference - common * together) <= allowed).all():
            nearest = round(common, 1)
            return f"{nearest if abs(common - nearest) < _SAME else common:.3g}"
    for column, off, unit in zip(columns, difference, allowed):
        if not (np.abs(off - column @ _bounded(column / unit[:, None], off / unit)) <= unit).all():
            return None
    return "not one number, but in [-1, 1]"


def _bounded(A: Float, b: Float) -> Float:
    """argmin |A a - b| over -1 <= a <= 1, by active sets: least squares over the coordinates that are at no bound."""
    size = float(np.abs(A).max(initial=0.0))
    if size <= np.finfo(np.float64).eps:  # weights that underflowed: nothing that any choice moves
        return np.zeros(A.shape[1])
    # Imported here: a right implementation never gets this far, and SciPy's optimisers take a while to load.
    from scipy.optimize import lsq_linear

    # The common size of A is taken out, or BVLS's own stopping rule would be that of float32 problems.
    return np.asarray(
        lsq_linear(A / size, b / size, bounds=(-1.0, 1.0), method="bvls", tol=1e-15).x
    )
