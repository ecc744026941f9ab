r"""Data far from 0, for a model with a mean: the fit takes the points less a shift, and theta back.

    u = s + z,      p(z) = p_m(s + z)

1, u and u^2 are nearly dependent where the data lie k deviations from 0: a curvature of 1 stands beside one of k^4, and
at k = 1000 nothing is left of the first in float64. In z they are as for data about 0. A model whose family contains
that density says so by ``shifted(theta, s)``.

**When.** If the mean of x is more than 32 deviations from 0, sqrt(m^T C^-1 m) > 32; else nothing is changed, not in the
last bit. s_i is m_i to the nearest multiple of a power of two, the one next to the coordinate's deviation: few digits,
so that u - s is exact for u within a factor of two of s (Sterbenz), and for most others.

**What is proved.** Of the theta that is returned: its image in z, each entry computed exactly and rounded once, is what
the certificate is asked about; points that u - s rounds are within half an ulp, which the pass's bounds allow for. c is
of size k^2, so that theta in float64 is known to k^2 2^-53 at best: from k = 1e5 on that is more than the 1e-6 that a
proof asks for.

Conventions
-----------
x (n_data, n_dim)    points are rows
s (n_dim,)           ``Units.shift``
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float

_FAR = 32.0
_ROWS = 65_536
TOO_FAR_FROM_0 = (
    "the data less their mean have a maximum, but they lie so many deviations from 0 that no theta in"
    " float64 is within 1e-5 of it: subtract a round number near their mean, from x and from the noise"
)


def offers_shifts(model: Any) -> bool:
    """Whether the model's family is closed under shifts of the points."""
    return callable(getattr(model, "shifted", None))


def shift_for(model: Any, x: ArrayLike) -> Float | None:
    """Return s by the module's rule, None where the data stay where they are."""
    if not offers_shifts(model):
        return None
    points = np.asarray(x)
    with np.errstate(all="ignore"):
        mean = _mean(points, np.zeros(points.shape[1]))
        mean += _mean(points, mean)
        spread = _covariance(points, mean)
        deviations = np.sqrt(spread.diagonal())
        if not (np.isfinite(mean).all() and np.isfinite(deviations).all() and mean.any()):
            return None
        if not _is_far(mean, spread, deviations):
            return None
        # A coordinate that does not vary has no unit of its own: 2^-20 of where it is.
        sizes = np.where(deviations > 0.0, deviations, np.abs(mean) * 2.0**-20)
        units = np.exp2(np.round(np.log2(np.where(sizes > 0.0, sizes, 1.0))))
        found = np.round(mean / units) * units
    return np.asarray(found) if np.isfinite(found).all() and found.any() else None


def shifted(model: Any, theta: Float, shift: Float) -> Float:
    """``model.shifted`` of theta, or of alpha without c."""
    short = model.n_params - len(theta)
    moved = model.shifted(np.append(theta, np.zeros(short)), shift)
    return np.asarray(moved, dtype=np.float64)[: len(theta)]


def about_shift(problem: Any, theta: Float) -> tuple[Any, Float, Float | None]:
    """Return (problem, theta) about the shift of its data, and the matrix that takes changes of that theta back.

    ``shifted`` is affine in theta, so that a covariance goes back by its linear part. (problem, theta, None) where the
    data stay where they are.
    """
    model = getattr(problem, "model", None)
    if not offers_shifts(model) or not callable(getattr(problem, "shifted", None)):
        return problem, theta, None
    shift = shift_for(model, problem.x)
    if shift is None:
        return problem, theta, None
    # Linear without a constant: theta = 0 is ln p = 0 wherever the points are.
    back = np.column_stack([shifted(model, one, -shift) for one in np.eye(len(theta))])
    return problem.shifted(shift), shifted(model, theta, shift), back


def _is_far(mean: Float, spread: Float, deviations: Float) -> bool:
    if (np.abs(mean) > _FAR * deviations).any():
        return True
    sizes = np.where(deviations > 0.0, deviations, 1.0)
    values, axes = np.linalg.eigh(spread / np.outer(sizes, sizes))
    along = axes.T @ (mean / sizes)
    kept = values > 1e-14 * float(values[-1])
    return math.sqrt(float(np.sum(along[kept] ** 2 / values[kept]))) > _FAR


def _mean(points: NDArray[Any], about: Float) -> Float:
    total = np.zeros(points.shape[1])
    for start in range(0, len(points), _ROWS):
        total += (np.asarray(points[start : start + _ROWS], dtype=np.float64) - about).sum(axis=0)
    return np.asarray(total / len(points))


def _covariance(points: NDArray[Any], mean: Float) -> Float:
    total = np.zeros((points.shape[1],) * 2)
    for start in range(0, len(points), _ROWS):
        piece = np.asarray(points[start : start + _ROWS], dtype=np.float64) - mean
        total += piece.T @ piece
    return np.asarray(total / len(points))
