r"""What an objective converges to: its expectation under a finite law, exactly, as a function of the table of logits,
and its minimum.

A finite joint law of x and y makes every expectation a sum. Each loss here is a mixture of one of two kernels over
configurations,

    rows      sum_r weight_r softplus(lse_j (s_rj) - s_r0),  or lse_j (s_rj) - s_r0 where the positive is left out of
              the denominator
    points    sum_c [up_c softplus(-(f_c + a_c)) + down_c softplus(f_c + b_c)]

in the logits f of the n_x n_y cells, or a function of its own (DV, NWJ, BNRE). All but BNRE are convex, so that
Newton's method with the Hessian's pseudo-inverse finds the minimum, along whose null directions (constants that the
loss does not see) nothing moves.

Conventions
-----------
f        (n_x, n_y)   logits; objectives are *minimised* here, as these losses are
cell     x n_y + y;  n_x n_y is no cell: its logit is 0
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float, as_array
from nce_ref.objectives.rows import row_losses
from nce_ref.special import sigmoid, softplus

_ENOUGH = 1e-12
_MAX_STEPS = 500
_NULL = 1e-12


class FiniteLaw:
    """A joint law of x and y on n_x n_y cells, all of positive probability.

    Raises ValueError for a table that is not positive or does not add up to 1 within 1e-12.
    """

    def __init__(self, joint: ArrayLike) -> None:
        joint = as_array("joint", joint, 2)
        if not ((joint > 0.0).all() and abs(float(joint.sum()) - 1.0) <= 1e-12):
            raise ValueError(
                f"joint: entries from {joint.min():.3g}, sum {joint.sum():.15g}; expected positive"
                " probabilities that add up to 1"
            )
        self.joint = joint
        self.x, self.y = joint.sum(axis=1), joint.sum(axis=0)

    @property
    def given_x(self) -> Float:
        """p(y|x)."""
        return np.asarray(self.joint / self.x[:, None])

    @property
    def independent(self) -> Float:
        """p(x) p(y)."""
        return np.outer(self.x, self.y)

    @property
    def pmi(self) -> Float:
        """ln p(x, y)/(p(x) p(y)), the pointwise mutual information."""
        return np.asarray(np.log(self.joint / self.independent))

    @property
    def mutual_information(self) -> float:
        """I(X; Y) in nats."""
        return float((self.joint * self.pmi).sum())


class Population(Protocol):
    """An expected loss: value, gradient (n_cells,) and Hessian (n_cells, n_cells) at f, (n_x, n_y)."""

    def __call__(self, f: Float, /) -> tuple[float, Float, Float]: ...


@dataclass(frozen=True, eq=False)
class Rows:
    """The row kernel over configurations.

    ``weights`` (n_rows,);  ``positives`` (n_rows,) and ``others`` (n_rows, m) are cells, with constants added to their
    logits: ``offsets`` (n_rows,), ``other_offsets`` (n_rows, m), -inf for a candidate that is not there.
    ``with_positive``: in the denominator, or not.
    """

    weights: Float
    positives: NDArray[np.intp]
    others: NDArray[np.intp]
    offsets: Float
    other_offsets: Float
    with_positive: bool = True

    def __call__(self, f: Float) -> tuple[float, Float, Float]:
        """Return (value, gradient, Hessian)."""
        n = f.size
        logits = np.append(f.ravel(), 0.0)
        differences = logits[self.others] + self.other_offsets
        differences = differences - (logits[self.positives] + self.offsets)[:, None]
        if self.with_positive:
            losses, shares = row_losses(differences)
        else:
            top = differences.max(axis=1)
            e = np.exp(differences - top[:, None])
            losses, shares = top + np.log(e.sum(axis=1)), e / e.sum(axis=1, keepdims=True)
        value = float(self.weights @ losses)
        # d/d(difference_j) = w_j, a variance its second: differences are logits of others less that of the positive.
        slopes = np.zeros((len(losses), n + 1))
        rows = np.arange(len(losses))
        for j in range(self.others.shape[1]):
            np.add.at(slopes, (rows, self.others[:, j]), shares[:, j])
        np.add.at(slopes, (rows, self.positives), -shares.sum(axis=1))
        hessian = -(slopes.T * self.weights) @ slopes
        for j in range(self.others.shape[1]):
            move = np.zeros((len(losses), n + 1))
            np.add.at(move, (rows, self.others[:, j]), 1.0)
            np.add.at(move, (rows, self.positives), -1.0)
            hessian += (move.T * (self.weights * shares[:, j])) @ move
        return value, (self.weights @ slopes)[:n], hessian[:n, :n]


@dataclass(frozen=True, eq=False)
class Points:
    """The point kernel: ``up`` weighs softplus(-(f + up_offset)), ``down`` softplus(f + down_offset), cell by cell, all
    (n_x, n_y)."""

    up: Float
    down: Float
    up_offset: Float
    down_offset: Float

    def __call__(self, f: Float) -> tuple[float, Float, Float]:
        """Return (value, gradient, Hessian)."""
        s, t = f + self.up_offset, f + self.down_offset
        value = float((self.up * softplus(-s) + self.down * softplus(t)).sum())
        slope = self.down * sigmoid(t) - self.up * sigmoid(-s)
        bend = self.up * sigmoid(s) * sigmoid(-s) + self.down * sigmoid(t) * sigmoid(-t)
        return value, slope.ravel(), np.diag(bend.ravel())


@dataclass(frozen=True, eq=False)
class Mixture:
    """A sum of losses with weights."""

    parts: tuple[tuple[float, Population], ...]

    def __call__(self, f: Float) -> tuple[float, Float, Float]:
        """Return (value, gradient, Hessian)."""
        value, gradient, hessian = 0.0, np.zeros(f.size), np.zeros((f.size, f.size))
        for weight, part in self.parts:
            v, g, h = part(f)
            value, gradient, hessian = (
                value + weight * v,
                gradient + weight * g,
                hessian + weight * h,
            )
        return value, gradient, hessian


@dataclass(frozen=True, eq=False)
class Optimum:
    """The minimising logits, the loss there, the gradient's largest entry, and whether the Hessian leaves directions
    open."""

    f: Float
    value: float
    gradient: float
    n_open: int


def minimise(loss: Population, shape: tuple[int, int]) -> Optimum:
    """Return the minimum of a convex expected loss by Newton's method from 0.

    Raises ValueError where the gradient does not vanish: the loss is unbounded below, or its minimum is at infinity.
    """
    f = np.zeros(shape)
    value, gradient, hessian = loss(f)
    for _ in range(_MAX_STEPS):
        before = float(np.abs(gradient).max())
        if before == 0.0:
            break
        step = -(np.linalg.pinv(hessian, rcond=_NULL, hermitian=True) @ gradient).reshape(shape)
        step *= min(1.0, 2.0 / float(np.abs(step).max()))
        length = 1.0
        while True:
            there = loss(f + length * step)
            if there[0] <= value + 1e-15 * (1.0 + abs(value)) or length < 1e-9:
                break
            length *= 0.5
        now = float(np.abs(there[1]).max())
        if before <= _ENOUGH and now > 0.5 * before:
            break  # rounding: Newton's method squares what is left
        f = f + length * step
        value, gradient, hessian = there
    largest = float(np.abs(gradient).max())
    if not largest <= 1e-10:
        raise ValueError(
            f"loss: after {_MAX_STEPS} steps of Newton's method the gradient is {largest:.3g} and"
            f" the logits reach {np.abs(f).max():.3g}; expected a loss with a minimum"
        )
    sizes = np.linalg.eigvalsh(hessian)
    return Optimum(f, value, largest, int((sizes <= _NULL * sizes[-1]).sum()))


def distance(f: Float, target: Float, free: str) -> float:
    """The largest |f - target - best constant|: ``free`` is "nothing", "constant" (one for all) or "rows" (one for each
    x)."""
    off = f - target
    if free == "constant":
        off = off - 0.5 * (off.max() + off.min())
    elif free == "rows":
        off = off - 0.5 * (off.max(axis=1, keepdims=True) + off.min(axis=1, keepdims=True))
    elif free != "nothing":
        raise ValueError(f"free: got {free!r}; expected 'nothing', 'constant' or 'rows'")
    return float(np.abs(off).max())


def rows_of(
    configurations: Iterable[tuple[float, tuple[int, float], list[tuple[int, float]]]],
    with_positive: bool = True,
) -> Rows:
    """Return ``Rows`` from (weight, (positive's cell, offset), [(cell, offset), ...]), rows of different lengths."""
    found = [one for one in configurations if one[0] > 0.0]
    m = max(1, *(len(others) for _, _, others in found))
    cells = np.zeros((len(found), m), dtype=np.intp)
    offsets = np.full((len(found), m), -math.inf)
    for i, (_, _, others) in enumerate(found):
        for j, (cell, offset) in enumerate(others):
            cells[i, j], offsets[i, j] = cell, offset
    return Rows(
        np.array([weight for weight, _, _ in found]),
        np.array([cell for _, (cell, _), _ in found], dtype=np.intp),
        cells,
        np.array([offset for _, (_, offset), _ in found]),
        offsets,
        with_positive,
    )
