"""Slips in score matching's divergence: the derivative of tanh, and the rows' squared norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.score_matching.textbook import ScoreMatchingSteps

Pairs = tuple[tuple[Array, Array], tuple[Array, Array]]


class _Divergence(ScoreMatchingSteps):
    """The score is right, its derivative in the divergence is not: (g', its slope) replaced."""

    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        """What stands for them."""
        raise NotImplementedError

    def source_scores(self, s: Array, slope: float, scale: float) -> Pairs:
        return super().source_scores(s, slope, scale)[0], self.bend(s, slope, scale)


class _NoInnerSlope(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        _, first, second = self.smoothed_sign(s, slope)
        return -scale * first / slope, -scale * second / slope


_DIV = "div Psi = sum_i g'(s_i) |b_i|^2, g' = -sqrt(2) slope (1 - tanh(slope s)^2)"

SM_BEND_NO_SLOPE = Mistake(
    "sm-bend-no-slope",
    "the derivative of tanh(slope s) lacks the factor slope",
    _NoInnerSlope(),
    effect="The divergence is too small by the slope: B is too small. Nothing to see at slope 1.",
    fix=f"{_DIV}; the slip: -sqrt(2) (1 - tanh^2)",
)


class _SechNotSquared(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        z = np.abs(slope * s)
        e = np.exp(-z)
        sech = 2.0 * e / (1.0 + e * e)
        return -scale * slope * sech, scale * slope * slope * np.tanh(slope * s) * sech


SM_SECH_NOT_SQUARED = Mistake(
    "sm-sech-not-squared",
    "sech for sech^2 in the derivative of tanh",
    _SechNotSquared(),
    effect="The divergence reaches further from the kink: B is too large.",
    fix=f"{_DIV}, 1 - tanh^2 = sech^2; the slip: 1/cosh(slope s)",
)


class _TanhNotSquared(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        t, up, _ = self.smoothed_sign(s, slope)
        return -scale * slope * (1.0 - t), scale * slope * up


SM_TANH_NOT_SQUARED = Mistake(
    "sm-tanh-not-squared",
    "1 - tanh for 1 - tanh^2",
    _TanhNotSquared(),
    effect="One side of the kink gets a divergence of twice the slope, the other none.",
    fix=f"{_DIV}; the slip: 1 - tanh(slope s)",
)


class _SquareOfArgument(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        z = slope * s
        return -scale * slope * (1.0 - z * z), 2.0 * scale * slope * slope * z


SM_BEND_OF_ARGUMENT = Mistake(
    "sm-bend-of-argument",
    "the rule for the output applied to the input: 1 - (slope s)^2 for 1 - tanh(slope s)^2",
    _SquareOfArgument(),
    effect="The divergence is positive and grows with the points' distance: B is drawn to 0.",
    fix=f"{_DIV}; the slip: 1 - (slope s)^2",
)


class _BendNotScaled(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        _, first, second = self.smoothed_sign(s, slope)
        return -first, -second


_SCALE = "Only the scale of B is wrong in one dimension; in more, its directions as well."

SM_BEND_NO_SQRT2 = Mistake(
    "sm-bend-no-sqrt2",
    "sqrt(2) is in the score and not in its divergence",
    _BendNotScaled(),
    effect="B is too small by some sqrt(2). " + _SCALE,
    fix=f"{_DIV}; the slip: without sqrt(2)",
)


class _DiagonalForNorms(ScoreMatchingSteps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        diagonal = np.diag(B)
        return diagonal * diagonal, np.diag(diagonal)


SM_DIAGONAL_FOR_NORMS = Mistake(
    "sm-diagonal-for-norms",
    "B_ii^2 for |b_i|^2 in the divergence",
    _DiagonalForNorms(),
    effect="Right for a diagonal B only: B is drawn towards one.",
    fix=f"{_DIV}; the slip: diag(B)^2",
)


class _ColumnNorms(ScoreMatchingSteps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        # The slip's |B_:k|^2 has derivatives in column k: they are put in place by ``gradient_of_loss``, which is
        # handed rows.
        return (B * B).sum(axis=0), B

    def score_matching(self, B: Array, x: Array, slope: float, scale: float) -> tuple[Any, Array]:
        value, grad = super().score_matching(B, x, slope, scale)
        bend = self.source_scores(x @ B.T, slope, scale)[1][0].mean(axis=0)
        return value, grad + 2.0 * bend[:, None] * B - 2.0 * bend[None, :] * B


SM_COLUMN_NORMS = Mistake(
    "sm-column-norms",
    "the squared norms of B's columns for those of its rows, in the divergence",
    _ColumnNorms(),
    effect="Right for a symmetric B; elsewhere scales are exchanged between the sources. Nothing to see at n = 1.",
    fix=f"{_DIV}, b_i the rows: (B**2).sum(axis=1); the slip: axis=0",
)


class _NormsNotSquared(ScoreMatchingSteps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        norms = np.sqrt((B * B).sum(axis=1))
        return norms, 0.5 * B / norms[:, None]


SM_NORMS_NOT_SQUARED = Mistake(
    "sm-norms-not-squared",
    "|b_i| for |b_i|^2 in the divergence",
    _NormsNotSquared(),
    effect="The chain rule's second factor is lost: the scale of B is wrong.",
    fix=f"{_DIV}; the slip: |b_i|",
)


class _MeanOverDimensions(ScoreMatchingSteps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        norms, half = super().squared_norms(B)
        return norms / len(B), half / len(B)


SM_DIVERGENCE_AVERAGED = Mistake(
    "sm-divergence-averaged",
    "the divergence is a mean over the dimensions instead of a sum",
    _MeanOverDimensions(),
    effect="B is too small by some n. Nothing to see at n = 1.",
    fix=f"{_DIV}; the slip: (1/n) sum_i",
)


MISTAKES = (
    SM_BEND_NO_SLOPE,
    SM_SECH_NOT_SQUARED,
    SM_TANH_NOT_SQUARED,
    SM_BEND_OF_ARGUMENT,
    SM_BEND_NO_SQRT2,
    SM_DIAGONAL_FOR_NORMS,
    SM_COLUMN_NORMS,
    SM_NORMS_NOT_SQUARED,
    SM_DIVERGENCE_AVERAGED,
)
