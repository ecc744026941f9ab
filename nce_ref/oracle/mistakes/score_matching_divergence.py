"""Slips in score matching's divergence: the derivative of tanh, and the rows' squared norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.mistakes.making import SCORE_MATCHING as SM
from nce_ref.oracle.mistakes.making import made_by
from nce_ref.oracle.textbook import Array, Steps

Pairs = tuple[tuple[Array, Array], tuple[Array, Array]]


class _Divergence(Steps):
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


class _SechNotSquared(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        z = np.abs(slope * s)
        e = np.exp(-z)
        sech = 2.0 * e / (1.0 + e * e)
        return -scale * slope * sech, scale * slope * slope * np.tanh(slope * s) * sech


class _TanhNotSquared(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        t, up, _ = self.smoothed_sign(s, slope)
        return -scale * slope * (1.0 - t), scale * slope * up


class _SquareOfArgument(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        z = slope * s
        return -scale * slope * (1.0 - z * z), 2.0 * scale * slope * slope * z


class _BendNotScaled(_Divergence):
    def bend(self, s: Array, slope: float, scale: float) -> tuple[Array, Array]:
        _, first, second = self.smoothed_sign(s, slope)
        return -first, -second


class _DiagonalForNorms(Steps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        diagonal = np.diag(B)
        return diagonal * diagonal, np.diag(diagonal)


class _ColumnNorms(Steps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        # The slip's |B_:k|^2 has derivatives in column k: they are put in place by ``gradient_of_loss``, which is handed rows.
        return (B * B).sum(axis=0), B

    def score_matching(self, B: Array, x: Array, slope: float, scale: float) -> tuple[Any, Array]:
        value, grad = super().score_matching(B, x, slope, scale)
        bend = self.source_scores(x @ B.T, slope, scale)[1][0].mean(axis=0)
        return value, grad + 2.0 * bend[:, None] * B - 2.0 * bend[None, :] * B


class _NormsNotSquared(Steps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        norms = np.sqrt((B * B).sum(axis=1))
        return norms, 0.5 * B / norms[:, None]


class _MeanOverDimensions(Steps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        norms, half = super().squared_norms(B)
        return norms / len(B), half / len(B)


_DIV = "div Psi = sum_i g'(s_i) |b_i|^2, g' = -sqrt(2) slope (1 - tanh(slope s)^2)"
_SCALE = "Only the scale of B is wrong in one dimension; in more, its directions as well."

SCORE_MATCHING_DIVERGENCE = (
    made_by(
        _NoInnerSlope(),
        "sm-bend-no-slope",
        SM,
        "the derivative of tanh(slope s) lacks the factor slope",
        effect="The divergence is too small by the slope: B is too small. Nothing to see at slope 1.",
        fix=f"{_DIV}; the slip: -sqrt(2) (1 - tanh^2)",
    ),
    made_by(
        _SechNotSquared(),
        "sm-sech-not-squared",
        SM,
        "sech for sech^2 in the derivative of tanh",
        effect="The divergence reaches further from the kink: B is too large.",
        fix=f"{_DIV}, 1 - tanh^2 = sech^2; the slip: 1/cosh(slope s)",
    ),
    made_by(
        _TanhNotSquared(),
        "sm-tanh-not-squared",
        SM,
        "1 - tanh for 1 - tanh^2",
        effect="One side of the kink gets a divergence of twice the slope, the other none.",
        fix=f"{_DIV}; the slip: 1 - tanh(slope s)",
    ),
    made_by(
        _SquareOfArgument(),
        "sm-bend-of-argument",
        SM,
        "the rule for the output applied to the input: 1 - (slope s)^2 for 1 - tanh(slope s)^2",
        effect="The divergence is positive and grows with the points' distance: B is drawn to 0.",
        fix=f"{_DIV}; the slip: 1 - (slope s)^2",
    ),
    made_by(
        _BendNotScaled(),
        "sm-bend-no-sqrt2",
        SM,
        "sqrt(2) is in the score and not in its divergence",
        effect="B is too small by some sqrt(2). " + _SCALE,
        fix=f"{_DIV}; the slip: without sqrt(2)",
    ),
    made_by(
        _DiagonalForNorms(),
        "sm-diagonal-for-norms",
        SM,
        "B_ii^2 for |b_i|^2 in the divergence",
        effect="Right for a diagonal B only: B is drawn towards one.",
        fix=f"{_DIV}; the slip: diag(B)^2",
    ),
    made_by(
        _ColumnNorms(),
        "sm-column-norms",
        SM,
        "the squared norms of B's columns for those of its rows, in the divergence",
        effect="Right for a symmetric B; elsewhere scales are exchanged between the sources. Nothing to see at n = 1.",
        fix=f"{_DIV}, b_i the rows: (B**2).sum(axis=1); the slip: axis=0",
    ),
    made_by(
        _NormsNotSquared(),
        "sm-norms-not-squared",
        SM,
        "|b_i| for |b_i|^2 in the divergence",
        effect="The chain rule's second factor is lost: the scale of B is wrong.",
        fix=f"{_DIV}; the slip: |b_i|",
    ),
    made_by(
        _MeanOverDimensions(),
        "sm-divergence-averaged",
        SM,
        "the divergence is a mean over the dimensions instead of a sum",
        effect="B is too small by some n. Nothing to see at n = 1.",
        fix=f"{_DIV}; the slip: (1/n) sum_i",
    ),
)
