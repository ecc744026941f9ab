"""Slips in the score that a leapfrog kicks by: the trajectory of another density, judged by the energy of the right
one."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.dynamics.textbook import GaussianLeapfrogSteps, LaplaceLeapfrogSteps


class _HalfScore(GaussianLeapfrogSteps):
    def gaussian_score(self, precision: Array, u: Array) -> Array:
        return 0.5 * super().gaussian_score(precision, u)


_KEPT = "Reversible and volume-preserving all the same, so the law sampled stays right; "

LEAPFROG_HALF_SCORE = Mistake(
    "leapfrog-half-score",
    "-1/2 precision u for the score: the 1/2 of the energy is kept in its derivative",
    _HalfScore(),
    effect=_KEPT + "but the force is half of what the energy says: acceptance falls.",
    fix="score = -precision u; the slip: -1/2 precision u",
)


class _DiagonalScore(GaussianLeapfrogSteps):
    def gaussian_score(self, precision: Array, u: Array) -> Array:
        return super().gaussian_score(np.diag(np.diag(precision)), u)


LEAPFROG_DIAGONAL_SCORE = Mistake(
    "leapfrog-diagonal-score",
    "the score has the diagonal of the precision only",
    _DiagonalScore(),
    effect=_KEPT + "but it is another density's force: acceptance falls. Nothing to see at n = 1.",
    fix="score = -precision u; the slip: -diag(precision) * u",
)


class _ScoreWithoutScale(LaplaceLeapfrogSteps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return super().laplace_score(B, u, 1.0)


LEAPFROG_NO_SQRT2 = Mistake(
    "leapfrog-no-sqrt2",
    "sqrt(2) is in the energy and not in the score",
    _ScoreWithoutScale(),
    effect=_KEPT + "but the force is too weak by sqrt(2): acceptance falls.",
    fix="score = -sqrt(2) B' sign(B u); the slip: -B' sign(B u)",
)


class _ScoreOfSources(LaplaceLeapfrogSteps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return -scale * np.sign(u @ B.T)


LEAPFROG_SCORE_OF_SOURCES = Mistake(
    "leapfrog-score-of-sources",
    "-sqrt(2) sign(B u) for the score: the derivative by the sources",
    _ScoreOfSources(),
    effect=_KEPT + "but the force points elsewhere: acceptance falls. Right for B = I only.",
    fix="score = -sqrt(2) B' sign(B u); the slip: without B'",
)


class _BackByTranspose(LaplaceLeapfrogSteps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return -scale * np.sign(u @ B.T) @ B.T


LEAPFROG_BACK_TRANSPOSED = Mistake(
    "leapfrog-back-transposed",
    "-sqrt(2) B sign(B u) for the score: back to the points without the transpose",
    _BackByTranspose(),
    effect=_KEPT
    + "but the force points elsewhere: acceptance falls. A test with a symmetric B sees nothing.",
    fix="score = -sqrt(2) B' sign(B u), for points as rows sign(s) @ B; the slip: sign(s) @ B.T",
)


class _SmoothScore(LaplaceLeapfrogSteps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return -scale * np.tanh(10.0 * (u @ B.T)) @ B


LEAPFROG_TANH = Mistake(
    "leapfrog-tanh",
    "the score has tanh(10 s) for sign(s), the energy has |s|",
    _SmoothScore(),
    effect=_KEPT + "but near the kinks the force is too weak: acceptance falls a little.",
    fix="score = -sqrt(2) B' sign(B u); the slip: tanh(10 B u)",
)


MISTAKES = (
    LEAPFROG_HALF_SCORE,
    LEAPFROG_DIAGONAL_SCORE,
    LEAPFROG_NO_SQRT2,
    LEAPFROG_SCORE_OF_SOURCES,
    LEAPFROG_BACK_TRANSPOSED,
    LEAPFROG_TANH,
)
