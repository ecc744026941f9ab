"""Slips in the score that a leapfrog kicks by: the trajectory of another density, judged by the energy of the right one."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.mistakes.making import LEAPFROG, made_by
from nce_ref.oracle.textbook import Array, Steps

GAUSSIAN, LAPLACE = LEAPFROG[:1], LEAPFROG[1:]


class _HalfScore(Steps):
    def gaussian_score(self, precision: Array, u: Array) -> Array:
        return 0.5 * super().gaussian_score(precision, u)


class _DiagonalScore(Steps):
    def gaussian_score(self, precision: Array, u: Array) -> Array:
        return super().gaussian_score(np.diag(np.diag(precision)), u)


class _ScoreWithoutScale(Steps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return super().laplace_score(B, u, 1.0)


class _ScoreOfSources(Steps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return -scale * np.sign(u @ B.T)


class _BackByTranspose(Steps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return -scale * np.sign(u @ B.T) @ B.T


class _SmoothScore(Steps):
    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return -scale * np.tanh(10.0 * (u @ B.T)) @ B


_KEPT = "Reversible and volume-preserving all the same, so the law sampled stays right; "

LEAPFROG_SCORES = (
    made_by(
        _HalfScore(),
        "leapfrog-half-score",
        GAUSSIAN,
        "-1/2 precision u for the score: the 1/2 of the energy is kept in its derivative",
        effect=_KEPT + "but the force is half of what the energy says: acceptance falls.",
        fix="score = -precision u; the slip: -1/2 precision u",
    ),
    made_by(
        _DiagonalScore(),
        "leapfrog-diagonal-score",
        GAUSSIAN,
        "the score has the diagonal of the precision only",
        effect=_KEPT
        + "but it is another density's force: acceptance falls. Nothing to see at n = 1.",
        fix="score = -precision u; the slip: -diag(precision) * u",
    ),
    made_by(
        _ScoreWithoutScale(),
        "leapfrog-no-sqrt2",
        LAPLACE,
        "sqrt(2) is in the energy and not in the score",
        effect=_KEPT + "but the force is too weak by sqrt(2): acceptance falls.",
        fix="score = -sqrt(2) B' sign(B u); the slip: -B' sign(B u)",
    ),
    made_by(
        _ScoreOfSources(),
        "leapfrog-score-of-sources",
        LAPLACE,
        "-sqrt(2) sign(B u) for the score: the derivative by the sources",
        effect=_KEPT + "but the force points elsewhere: acceptance falls. Right for B = I only.",
        fix="score = -sqrt(2) B' sign(B u); the slip: without B'",
    ),
    made_by(
        _BackByTranspose(),
        "leapfrog-back-transposed",
        LAPLACE,
        "-sqrt(2) B sign(B u) for the score: back to the points without the transpose",
        effect=_KEPT
        + "but the force points elsewhere: acceptance falls. A test with a symmetric B sees nothing.",
        fix="score = -sqrt(2) B' sign(B u), for points as rows sign(s) @ B; the slip: sign(s) @ B.T",
    ),
    made_by(
        _SmoothScore(),
        "leapfrog-tanh",
        LAPLACE,
        "the score has tanh(10 s) for sign(s), the energy has |s|",
        effect=_KEPT + "but near the kinks the force is too weak: acceptance falls a little.",
        fix="score = -sqrt(2) B' sign(B u); the slip: tanh(10 B u)",
    ),
)
