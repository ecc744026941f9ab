r"""The units a fit works in: those of the data where these lie within 32 of one, else units in which the data have size
1.

    u = U z,      p(z) = p_m(U z) |det U|

A likelihood and the noise-contrastive objective do not depend on U but for a constant, so a maximum in z is one in u. A
model whose family contains that density says so by ``rescaled(theta, U)``; one without is fitted in the data's own
units.

**When.** The principal deviations of x, the singular values of x/sqrt(n_data), are compared with 1, the unit that
random starts and smoothing have in mind. Within [1/32, 32] no two differ by more than 1024, U is the identity, and
nothing is changed, not in the last bit. Beyond, the first of these that brings them there is U:

1. one power of ten for all coordinates, so that data times 10^k take the very way that the data took, but for the
   rounding of the product;
2. each coordinate's root mean square;
3. with those, a whitening D V S V^T, which no choice of signs or order in the singular value decomposition can change.

**Rank.** *Where all data lie in a hyperplane through the origin, v.x = 0, no likelihood that allows every U is
bounded:* for U^-1 = I + (k - 1) v v^T the points are where they were, and ln p(x) has grown by ln k. Nor is it in any
other hyperplane where the family has all shifts, too (``offers_shifts``). Data are taken to lie in one if, with
the columns scaled to size 1, the least singular value is at most 32 n eps of the largest: rounding each entry moves
singular values by sqrt(n) eps/2 of the largest at most, and data that came out of an n-term product were rounded n
times.

Conventions
-----------
x (n_data, n_dim)    points are rows
U (n_dim, n_dim)     ``Units.scale``
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float
from nce_ref.estimators.shifts import offers_shifts, shift_for, shifted
from nce_ref.models.base import Model

_LARGEST = 32.0
_ROWS = 65_536
_MAX_ROUNDS = 100
_DEPENDENT = 32.0 * float(np.finfo(float).eps)
_LOG10_2 = math.log10(2.0)

AnyObjective = TypeVar("AnyObjective", bound=Any)


@dataclass(frozen=True)
class Units:
    """The change of units u = scale z for one model; ``scale`` None is the identity, and hands back what it is
    given."""

    model: Model
    scale: Float | None = None
    inverse: Float | None = None
    # u = shift + scale z; see ``shifts.py``.
    shift: Float | None = None

    # Whether nothing is rounded on the way: then a proof holds in both units.
    exact = False

    def into(self, theta: Float) -> Float:
        """The same density in z: theta, or alpha without c."""
        theta = self.centred(theta)
        return theta if self.scale is None else self._moved(theta, self.scale)

    def back(self, theta: Float) -> Float:
        """The same density in u: theta, or alpha without c."""
        return self.home(theta if self.inverse is None else self._moved(theta, self.inverse))

    def centred(self, theta: Float) -> Float:
        """The same density of u - shift."""
        return theta if self.shift is None else shifted(self.model, theta, self.shift)

    def home(self, theta: Float) -> Float:
        """The inverse of ``centred``, to the last bits of what is returned; c makes up for those of the others."""
        if self.shift is None:
            return theta
        found = shifted(self.model, theta, -self.shift)
        if len(found) == self.model.n_params:
            found[-1] += theta[-1] - self.centred(found)[-1]
        return found

    def about(self, objective: AnyObjective) -> AnyObjective:
        """The objective of the points u - shift, a function of ``centred(theta)``."""
        return objective if self.shift is None else objective.shifted(self.shift)

    def objective(self, objective: AnyObjective) -> AnyObjective:
        """The objective of the points z, a function of ``into(theta)``."""
        objective = self.about(objective)
        if self.scale is None or self.inverse is None:
            return objective
        return objective.in_units(self.scale, self.inverse)

    def _moved(self, theta: Float, scale: Float) -> Float:
        short = self.model.n_params - len(theta)
        moved = self.model.rescaled(np.append(theta, np.zeros(short)), scale)  # type: ignore[attr-defined]
        return np.asarray(moved, dtype=np.float64)[: len(theta)]


def units_for(model: Model, x: ArrayLike, y: ArrayLike | None = None) -> Units:
    """Return the units in which to fit ``model`` to x, and noise y where there is any, which have been checked before.

    For a model with a mean and data far from 0 (``shifts.py``) they are those of the points less a shift.
    """
    shift = shift_for(model, x)
    if shift is None:
        return _units_for(model, x, y)
    found = _units_for(model, np.asarray(x) - shift, None if y is None else np.asarray(y) - shift)
    return replace(found, shift=shift)


def _units_for(model: Model, x: ArrayLike, y: ArrayLike | None) -> Units:
    """Return the units in which to fit ``model`` to x, and noise y where there is any, which have been checked before.

    With noise: the size of most points of both, each counted at most like one on the edge of the others. The likelihood
    of a Gaussian heeds an outlier as its square says; J bends where data and noise meet, and an outlier of either has
    no say in that.
    """
    points = np.asarray(x)
    if not offers_units(model):
        return Units(model)
    near = _near_one(_gram(points))
    if near and (y is None or _near_one(_gram(np.asarray(y)))):
        return Units(model)
    if y is not None:
        points = np.concatenate([points, np.asarray(y)])
    R = _Triangle.of(points)
    if y is not None:
        R = _shrunk(points, R)
    if not R.columns().any():
        return Units(model)
    n = points.shape[1]
    for powers in (np.zeros(n), R.common_power(), R.columns()):
        sizes, axes = R.principal(powers)
        kept = sizes > _dependent(sizes)
        if _within(sizes[kept]):
            return _diagonal(model, powers)
    # A direction that the data do not have has no size of its own.
    sizes = np.where(kept, sizes, sizes[kept].min())
    return Units(
        model,
        np.diag(10.0**powers) @ ((axes.T * sizes) @ axes),
        ((axes.T / sizes) @ axes) @ np.diag(10.0**-powers),
    )


def isotropic_units_for(model: Model, x: ArrayLike) -> Units:
    """The same with one power of ten for all coordinates, for objectives that more would change (score matching's)."""
    points, shift = np.asarray(x), shift_for(model, x)
    if not offers_units(model):
        return Units(model)
    if shift is not None:
        points = points - shift
    with np.errstate(over="ignore"):
        size = math.sqrt(float(np.trace(_gram(points))) / points.shape[1])
    if 1.0 / _LARGEST <= size <= _LARGEST:
        return Units(model, shift=shift)
    R = _Triangle.of(points)
    found = _diagonal(model, R.common_power()) if R.columns().any() else Units(model)
    return replace(found, shift=shift)


def refuse_hyperplane(model: Model, x: ArrayLike) -> None:
    """Raise ValueError where x, checked before, lies in a hyperplane and the likelihood is unbounded by that."""
    points = np.asarray(x)
    rank, n = rank_for(model, points), points.shape[1]
    if rank < n and offers_units(model):
        through, about = (
            (", about the first of them", "")
            if offers_shifts(model)
            else ("", " through the origin")
        )
        of = (
            f"all 0{through}"
            if rank == 0
            else f"of rank {rank}{through} (columns scaled to size 1)"
        )
        raise ValueError(
            f"x: {len(points)} points in {n} dimensions, {of}; expected rank {n}: where the data"
            f" lie in a hyperplane{about} the likelihood is unbounded"
        )


def rank_for(model: Model, points: NDArray[Any]) -> int:
    """``rank_of``, of the differences from the first point where the family is closed under shifts: any hyperplane then
    is one in which data leave a likelihood unbounded. Differences of equal numbers are 0, those from a mean are not."""
    return rank_of(points - points[0] if offers_shifts(model) else points)


def rank_of(points: NDArray[Any]) -> int:
    """The rank of the data by the module's rule."""
    if _near_one(_gram(points)):
        return int(points.shape[1])
    R = _Triangle.of(points)
    sizes = R.principal(R.columns())[0]
    return int(np.sum(sizes > _dependent(sizes)))


def offers_units(model: Model) -> bool:
    """Whether the model's family is closed under changes of units."""
    return callable(getattr(model, "rescaled", None))


@dataclass(frozen=True)
class _Triangle:
    """x/sqrt(n_data) = Q R 2^exponents: sizes without squares, which would lose half of the digits and leave float64
    early."""

    R: Float
    exponents: NDArray[np.int64]

    @classmethod
    def of(cls, points: NDArray[Any]) -> _Triangle:
        n_points, n = points.shape
        largest, R = np.zeros(n), np.empty((0, n))
        for start in range(0, n_points, _ROWS):
            piece = np.asarray(points[start : start + _ROWS], dtype=np.float64)
            np.maximum(largest, np.abs(piece).max(axis=0), out=largest)
        exponents = np.where(largest > 0.0, np.frexp(largest)[1], 0).astype(np.int64)
        for start in range(0, n_points, _ROWS):
            piece = np.ldexp(
                np.asarray(points[start : start + _ROWS], dtype=np.float64), -exponents
            )
            R = np.asarray(np.linalg.qr(np.concatenate([R, piece]), mode="r"))
        return cls(R / math.sqrt(n_points), exponents)

    def columns(self) -> Float:
        """log10 of each column's root mean square, 0 for a column of zeros."""
        size = np.linalg.norm(self.R, axis=0)
        return np.where(
            size > 0.0, np.log10(np.where(size > 0.0, size, 1.0)) + self.exponents * _LOG10_2, 0.0
        )

    def common_power(self) -> Float:
        """The one next to the middle of the principal deviations, as a ratio; the same for all columns."""
        top = int(self.exponents[np.linalg.norm(self.R, axis=0) > 0.0].max(initial=-(2**30)))
        if top == -(2**30):
            return np.zeros(len(self.exponents))
        found = np.linalg.svd(np.ldexp(self.R, self.exponents - top), compute_uv=False)
        found = found[found > _dependent(found)]
        middle = 0.5 * (math.log10(found.max()) + math.log10(found.min())) + top * _LOG10_2
        return np.full(len(self.exponents), float(round(middle)))

    def principal(self, powers: Float) -> tuple[Float, Float]:
        """(principal deviations s, axes V^T) of the columns over 10^powers; s has n entries, those beyond the number of
        points 0."""
        with np.errstate(over="ignore", under="ignore"):
            factors = np.exp2(self.exponents - powers / _LOG10_2)
            scaled = self.R * np.where(np.isfinite(factors), factors, 0.0)
        _, found, axes = np.linalg.svd(scaled, full_matrices=True)
        sizes = np.zeros(len(powers))
        sizes[: len(found)] = found
        return sizes, axes


def _shrunk(points: NDArray[Any], R: _Triangle) -> _Triangle:
    """That of the points, those outside of their ellipsoid u.S^-1 u = 2 n drawn back to it; S, the second moment of
    what comes out."""
    u = np.ldexp(np.asarray(points, dtype=np.float64), -R.exponents)
    shrink = np.ones(len(u))
    for _ in range(_MAX_ROUNDS):
        inside = u * shrink[:, None]
        found, axes = np.linalg.eigh(inside.T @ inside / len(u))
        size = np.sqrt(np.maximum(found, _DEPENDENT**2 * float(found.max())))
        if not size.min() > 0.0:
            break
        distance = np.linalg.norm((u @ axes) / size, axis=1)
        old, reach = shrink, math.sqrt(2.0 * u.shape[1])
        shrink = np.minimum(1.0, reach / np.maximum(distance, 1e-300))
        if np.abs(shrink - old).max() <= 0.1 * old.min():
            break
    inner = _Triangle.of(u * shrink[:, None])
    return _Triangle(inner.R, inner.exponents + R.exponents)


def _diagonal(model: Model, powers: Float) -> Units:
    if not powers.any():
        return Units(model)
    return Units(model, np.diag(10.0**powers), np.diag(10.0**-powers))


def _gram(points: NDArray[Any]) -> Float:
    """x^T x/n_data, by pieces: x may be larger than memory."""
    n = points.shape[1]
    total = np.zeros((n, n))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(points), _ROWS):
            piece = np.asarray(points[start : start + _ROWS], dtype=np.float64)
            total += piece.T @ piece
        return total / len(points)


def _near_one(gram: Float) -> bool:
    # Squares lose half of the digits: there are enough for a ratio of 1024.
    return bool(np.isfinite(gram).all()) and _within(
        np.sqrt(np.maximum(np.linalg.eigvalsh(gram), 0.0))
    )


def _within(sizes: Float) -> bool:
    return bool(sizes.min() >= 1.0 / _LARGEST and sizes.max() <= _LARGEST)


def _dependent(sizes: Float) -> float:
    return _DEPENDENT * len(sizes) * float(sizes.max(initial=0.0))
