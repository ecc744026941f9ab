r"""Multipliers of the ridges: which element of Clarke's subdifferential is smallest, and which of its many descriptions
to take.

    min over |mu_k| <= 1 of | gradient - sum_k mu_k w_k a_k |,      a_k the active ridges

The smallest element is unique, its multipliers are not where ridges depend on each other (points that occur twice,
lattice data). All valid mu form a polyhedron; which of them a solver ends at is an accident of rounding and of the
order of the points, and some of them say |mu_k| = 1 where |mu_k| = 0 would do as well. So one is chosen by a rule:

1. Ridges that are exactly parallel are one ridge, |a . d| and |c a . d| having the same multiplier up to sign.
2. mu in the *relative interior* of the valid ones, where |mu_k| < 1 for every k for which any valid choice has it: one
   linear programme, max sum t_k subject to A mu = tau b, |mu_k| + t_k <= tau, 0 <= t_k <= 1, tau >= 1, in mu = mu_0 + Z
   y, Z a basis of the null space of A, so that the solver's tolerance of 1e-7 does not touch A mu = b.
3. From there the *analytic centre*, the maximum of sum ln(1 - mu_k^2) over the k that are not forced to +-1: it is
   unique, whatever the coordinates and the order of the points.

Conventions
-----------
gradient b (n,), directions a (k, n), weights w (k,), all in one system of coordinates; multipliers mu (k,) in [-1, 1]
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, lsq_linear

from nce_ref._checks import Float

# Unit directions whose matrix has singular values below this are dependent: a thousand times what rounding leaves.
_DEPENDENT = 1e-12
# The linear programme leaves its bounds by 1e-7 at most; tau above this would ask for slacks below its resolution.
_SOLVER_TOLERANCE = 1e-7
_LARGEST_TAU = 1e5
# A slack 1 - |mu| below this is not told from a forced multiplier.
_FORCED = 1e-9
_MAX_CENTRING_STEPS = 60
# Below this all multipliers are well inside; above so many ridges a programme would take minutes, and theta lies on a
# flood of kinks.
_INSIDE, _MANY = 0.999, 1500
# From here on the centre is looked for in as many unknowns as theta has, before a programme in as many as there are
# ridges.
_MANY_FOR_A_PROGRAMME = 100


@dataclass(frozen=True)
class MergedRidges:
    """Exactly parallel ridges as one: sum_k w_k |a_k . d| = sum_j forces_j |units_j . d|, in an order that no
    permutation changes.

    ``units`` (m, n), one entry of each 1; ``group`` and ``signed`` (k,): ridge k is ``signed[k] units[group[k]]``
    to the last bit of a quotient.
    """

    units: Float
    forces: Float
    group: NDArray[np.intp]
    signed: Float
    directions: Float

    @property
    def exact(self) -> bool:
        """Whether the members of each group are parallel exactly, not only to the rounding of a quotient."""
        several = np.count_nonzero(self.units, axis=1) > 1
        for j in np.flatnonzero(several & (np.bincount(self.group) > 1)):
            members = np.unique(np.abs(self.directions[self.group == j]), axis=0)
            first = [Fraction(value) for value in members[0]]
            pivot = next((i for i, value in enumerate(first) if value), 0)
            for other in members[1:]:
                scale = Fraction(other[pivot])
                if any(
                    Fraction(b) * first[pivot] != a * scale
                    for a, b in zip(first, other, strict=True)
                ):
                    return False
        return True

    def rank(self) -> int:
        """The exact rank of the directions, by Gauss's elimination in rational numbers."""
        first = [int(np.argmax(self.group == j)) for j in range(len(self.units))]
        rows = [[Fraction(value) for value in self.directions[k]] for k in first]
        rank = 0
        for column in range(self.units.shape[1]):
            pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
            if pivot is None:
                continue
            rows[rank], rows[pivot] = rows[pivot], rows[rank]
            top = rows[rank]
            for i in range(rank + 1, len(rows)):
                if rows[i][column]:
                    factor = rows[i][column] / top[column]
                    rows[i] = [
                        a - factor * b if b else a for a, b in zip(rows[i], top, strict=True)
                    ]
            rank += 1
        return rank

    def forces_of(self, weights: Float) -> Float:
        """``forces`` for other weights of the same ridges."""
        sizes = weights * np.abs(self.signed)
        return np.bincount(self.group, sizes, len(self.units)).astype(np.float64)

    def spread(self, multipliers: Float) -> Float:
        """The multipliers of the single ridges, (k,), from those of the merged ones."""
        return np.sign(self.signed) * multipliers[self.group]


def merged(directions: Float, weights: Float) -> MergedRidges:
    """Merge parallel ridges. Quotients of parallel vectors are equal to the last bit, so nothing here depends on a
    tolerance."""
    k = len(directions)
    first = np.argmax(directions != 0.0, axis=1)
    signed = directions[np.arange(k), first]
    # A direction of zeros bends nothing; it is a group of its own, without force.
    units = directions / np.where(signed == 0.0, 1.0, signed)[:, None] + 0.0
    order = np.lexsort(units.T[::-1])
    units = units[order]
    first_of_group = np.ones(k, dtype=bool)
    first_of_group[1:] = (units[1:] != units[:-1]).any(axis=1)
    group = np.empty(k, dtype=np.intp)
    group[order] = np.cumsum(first_of_group) - 1
    units = units[first_of_group]
    merge = MergedRidges(units, np.empty(0), group, signed, directions)
    return replace(merge, forces=merge.forces_of(weights))


def smallest_subgradient(
    gradient: Float, directions: Float, weights: Float, ridges: MergedRidges | None = None
) -> tuple[float, Float]:
    """Return the norm of the smallest element of Clarke's subdifferential, and multipliers in the relative interior of
    its own.

    ``ridges`` are those of ``merged``, where they are at hand.
    """
    if len(weights) == 0:
        return float(np.linalg.norm(gradient)), np.empty(0)
    ridges = ridges or merged(directions, weights)
    shares = _multipliers(gradient, ridges.units, ridges.forces)
    rest = gradient - (ridges.units.T * ridges.forces) @ shares
    return float(np.linalg.norm(rest)), ridges.spread(shares)


def multipliers_in(root: Float, gradient: Float, directions: Float, weights: Float) -> Float:
    """The same multipliers where the norm is that of root^T gradient: coordinates theta + root z."""
    if len(weights) == 0:
        return np.empty(0)
    ridges = merged(directions, weights)
    return ridges.spread(_multipliers(root.T @ gradient, ridges.units @ root, ridges.forces))


def _multipliers(gradient: Float, directions: Float, weights: Float) -> Float:
    lengths = np.linalg.norm(directions, axis=1)
    shares, kept = np.zeros(len(weights)), (lengths > 0.0) & (weights > 0.0)
    units, forces = directions[kept] / lengths[kept, None], weights[kept] * lengths[kept]
    if kept.any():
        # In units of the largest force: a solver's absolute tolerances then mean the same in every unit of the data.
        scale = float(forces.max())
        shares[kept] = _unit_multipliers(gradient / scale, units, forces / scale)
    return shares


def _unit_multipliers(b: Float, units: Float, forces: Float) -> Float:
    pull = units.T * forces
    left, size, right = np.linalg.svd(units, full_matrices=True)
    rank = int(np.sum(size > _DEPENDENT * size[0]))
    unique = rank == len(forces)
    # The shortest forces that come nearest to b; with unique multipliers they are these.
    shortest = (left[:, :rank] / size[:rank]) @ (right[:rank] @ b) / forces
    if unique and np.abs(shortest).max() <= 1.0:
        return shortest
    null = left[:, rank:] / forces[:, None]
    if np.abs(shortest).max() <= _INSIDE:  # in the relative interior as it is: no ridge is forced
        return _analytic_centre(shortest, null, np.zeros(len(forces), dtype=bool))
    if len(forces) > _MANY:
        central = _centre_by_dual(shortest, pull)[1]
        return np.clip(shortest if central is None else central, -1.0, 1.0)
    bounded = _bounded(pull, b)
    central = None if unique else _central(shortest, null, pull, b)
    if central is None:
        return bounded
    # Where no valid multipliers exist (theta is not stationary) the bounded ones are nearer, and they are the answer.
    worse = float(np.linalg.norm(b - pull @ central) - np.linalg.norm(b - pull @ bounded))
    rounding = 1e-14 * len(forces) * (float(np.linalg.norm(b)) + float(forces.sum()))
    return central if worse <= rounding else bounded


def _bounded(pull: Float, b: Float) -> Float:
    # BVLS starts from the unbounded solution, which is the answer to rounding wherever theta is a maximum.
    # It leaves its box by an ulp at times.
    return np.clip(lsq_linear(pull, b, bounds=(-1.0, 1.0), method="bvls", tol=1e-15).x, -1.0, 1.0)


def _central(start: Float, null: Float, pull: Float, b: Float) -> Float | None:
    """The analytic centre of { start + null y } within the box; None where the box is not met."""
    if len(start) > _MANY_FOR_A_PROGRAMME:
        decided, shares = _centre_by_dual(start, pull)
        if decided:
            return shares
    found = _relative_interior(start, null)
    if found is None:
        return None
    shares, forced = found
    shares = _analytic_centre(shares, null, forced)
    # A forced multiplier is +-1 up to the solver's tolerance: put it there, and the others where they make up for it.
    if forced.any():
        shares[forced] = np.sign(shares[forced])
        rest = b - pull @ shares
        shares[~forced] += np.linalg.lstsq(pull[:, ~forced], rest, rcond=1e-12)[0]
    return np.clip(shares, -1.0, 1.0)


def _centre_by_dual(start: Float, pull: Float) -> tuple[bool, Float | None]:
    """(decided, the analytic centre or None where the box is not met), by Newton's method in as many unknowns as
    ``pull`` has rows.

    The centre maximises sum ln(1 - mu_k^2) subject to pull mu = b = pull start: 2 mu_k/(1 - mu_k^2) = s_k = pull_k.v
    for some v, which minimises the convex sum_k (s_k mu_k + ln(1 - mu_k^2)) - b.v. No mu in the box gives b where b.v >
    sum_k |s_k|. Where they are equal, the s_k other than 0 have their mu_k forced to sign s_k, and the rest is asked
    for again. A thousand kinks of a zero row take a linear programme minutes.
    """
    left, size, _ = np.linalg.svd(pull, full_matrices=False)
    rows = left[:, size > _DEPENDENT * size[0]].T @ pull
    b, v = rows @ start, np.zeros(len(rows))
    total = float(np.abs(rows).sum())
    value, mu, s = _dual(v, rows, b)
    for _ in range(_MAX_CENTRING_STEPS):
        over = float(b @ v) - float(np.abs(s).sum())
        if over > _FORCED * float(np.abs(s).sum()):
            return True, None
        if over > -_FORCED * float(np.abs(s).sum()) and v.any():
            return _on_a_face(pull, start, s)
        rest = rows @ mu - b
        bend = (rows * ((1.0 - mu * mu) ** 2 / (2.0 * (1.0 + mu * mu)))) @ rows.T
        step = np.linalg.lstsq(bend, -rest, rcond=None)[0]
        decrement = -float(rest @ step)
        if np.abs(rest).max() <= 1e-15 * total or decrement <= 1e-24:
            return True, mu
        length = 1.0
        while length > 1e-9:
            there = _dual(v + length * step, rows, b)
            # Newton's step is safe from here on, and values have no digits left to say so.
            if decrement < 1e-4 or there[0] <= value - 1e-4 * length * decrement:
                break
            length *= 0.5
        else:
            break
        v = v + length * step
        value, mu, s = there
    # Near the border the sums round more than the first rule allows.
    met = bool(np.abs(rows @ mu - b).max() <= 1e-12 * total)
    return met, mu if met else None


def _dual(v: Float, rows: Float, b: Float) -> tuple[float, Float, Float]:
    s = v @ rows
    mu = s / (1.0 + np.sqrt(1.0 + s * s))
    return float(s @ mu + np.log1p(-mu * mu).sum() - b @ v), mu, s


def _on_a_face(pull: Float, start: Float, s: Float) -> tuple[bool, Float | None]:
    """The centre where the multipliers with s_k other than 0 are forced to its sign."""
    forced = np.abs(s) > 1e-6 * float(np.abs(s).max())
    mu = np.where(forced, np.sign(s), 0.0)
    rest, free = pull @ (start - mu), pull[:, ~forced]
    small = 1e-8 * float(np.abs(pull).sum())
    if free.size == 0 or not np.abs(free).max() > 0.0:
        return True, mu if np.abs(rest).max() <= small else None
    toward = np.asarray(np.linalg.lstsq(free, rest, rcond=_DEPENDENT)[0], dtype=np.float64)
    if np.abs(free @ toward - rest).max() > small:
        return False, None
    decided, centre = _centre_by_dual(toward, free)
    if centre is not None:
        mu[~forced] = centre
    return decided, None if centre is None else mu


def _relative_interior(start: Float, null: Float) -> tuple[Float, NDArray[np.bool_]] | None:
    """A point of the relative interior, and which multipliers are +-1 in all of it; None where the programme has no
    solution."""
    basis = np.linalg.qr(null)[0]
    k, q = basis.shape
    # Variables y (q), t (k), tau.  +-(tau start + basis y) + t - tau <= 0.
    rows = np.block(
        [
            [basis, np.eye(k), start[:, None] - 1.0],
            [-basis, np.eye(k), -start[:, None] - 1.0],
        ]
    )
    solved = linprog(
        np.r_[np.zeros(q), -np.ones(k), 0.0],
        A_ub=rows,
        b_ub=np.zeros(2 * k),
        bounds=[(None, None)] * q + [(0.0, 1.0)] * k + [(1.0, _LARGEST_TAU)],
        method="highs",
    )
    if solved.status != 0:
        return None
    tau = float(solved.x[-1])
    shares = start + basis @ (solved.x[:q] / tau)
    forced = np.abs(shares) > 1.0 - max(_FORCED, 3.0 * _SOLVER_TOLERANCE / tau)
    if np.abs(shares).max() > 1.0 + 10.0 * _SOLVER_TOLERANCE:
        return None
    return shares, forced


def _analytic_centre(shares: Float, null: Float, forced: NDArray[np.bool_]) -> Float:
    """Newton's method on sum ln(1 - mu_k^2) over the multipliers that are free, along the directions that leave the
    others alone."""
    _, size, right = np.linalg.svd(null[forced], full_matrices=True)
    held = int(np.sum(size > 1e-9 * np.abs(null).max()))
    along = null @ right[held:].T
    along[forced] = 0.0
    if along.shape[1] == 0:
        return shares
    along = np.linalg.qr(along)[0]
    free = along[~forced]
    mu = shares.copy()
    for _ in range(_MAX_CENTRING_STEPS):
        at = mu[~forced]
        room = (1.0 - at) * (1.0 + at)
        slope = -2.0 * (free.T @ (at / room))
        bend = (free.T * (2.0 * (1.0 + at * at) / room**2)) @ free
        step = np.linalg.solve(bend, slope)
        if not float(slope @ step) > 1e-24:
            break
        move = along @ step
        at, way = mu[~forced], move[~forced]
        # The longest step inside the box, and halves of it: the best of them, for the start is a vertex of the
        # programme.
        with np.errstate(divide="ignore"):
            room = np.where(
                way > 0.0, (1.0 - at) / way, np.where(way < 0.0, (-1.0 - at) / way, np.inf)
            )
        lengths = np.r_[1.0, 0.99 * room.min() * 0.5 ** np.arange(12)]
        lengths = lengths[lengths <= 0.99 * room.min()]
        mu = mu + float(lengths[np.argmax(_barrier(at + np.outer(lengths, way)))]) * move
    return mu


def _barrier(mu: Float) -> Float:
    return np.asarray(np.log1p(-mu * mu).sum(axis=1))
