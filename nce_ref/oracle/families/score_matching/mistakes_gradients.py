"""Slips of the hand in score matching's gradient; the value is right."""

from __future__ import annotations

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.by_hand import CLIMBS
from nce_ref.oracle.families.score_matching.textbook import ScoreMatchingSteps


class _Parts(ScoreMatchingSteps):
    """The four parts of the gradient multiplied by factors; right: 1 each."""

    def __init__(
        self,
        direct: float = 1.0,
        by_score: float = 1.0,
        by_divergence: float = 1.0,
        by_norms: float = 1.0,
    ) -> None:
        self.factors = direct, by_score, by_divergence, by_norms

    def gradient_of_loss(
        self, direct: Array, by_score: Array, by_divergence: Array, by_norms: Array
    ) -> Array:
        parts = (direct, by_score, by_divergence, by_norms)
        return super().gradient_of_loss(
            *(factor * part for factor, part in zip(self.factors, parts))
        )


_GRAD = "dJ/db_k = -mean_x [g_k Psi + g'_k (B Psi)_k x + g''_k |b_k|^2 x + 2 g'_k b_k]"

SM_GRADIENT_NO_DIRECT = Mistake(
    "sm-gradient-no-direct",
    "g_k Psi is missing in the gradient: B' in Psi = B' g(s) is held fixed",
    _Parts(direct=0.0),
    effect=CLIMBS,
    fix=f"{_GRAD}; the slip: without the first term",
    gradient=True,
)

SM_GRADIENT_NO_CHAIN = Mistake(
    "sm-gradient-no-chain",
    "g'_k (B Psi)_k x is missing in the gradient: B in s = B x is held fixed in the score",
    _Parts(by_score=0.0),
    effect=CLIMBS,
    fix=f"{_GRAD}; the slip: without the second term",
    gradient=True,
)

SM_GRADIENT_NO_CURVATURE = Mistake(
    "sm-gradient-no-curvature",
    "g''_k |b_k|^2 x is missing in the gradient: s is held fixed in the divergence",
    _Parts(by_divergence=0.0),
    effect=CLIMBS,
    fix=f"{_GRAD}; the slip: without the third term",
    gradient=True,
)

SM_GRADIENT_NO_NORMS = Mistake(
    "sm-gradient-no-norms",
    "2 g'_k b_k is missing in the gradient: |b_k|^2 is held fixed in the divergence",
    _Parts(by_norms=0.0),
    effect=CLIMBS,
    fix=f"{_GRAD}; the slip: without the last term",
    gradient=True,
)

SM_GRADIENT_NORMS_ONCE = Mistake(
    "sm-gradient-norms-once",
    "the derivative of |b_k|^2 is taken as b_k instead of 2 b_k",
    _Parts(by_norms=0.5),
    effect=CLIMBS,
    fix=f"{_GRAD}; the slip: g'_k b_k",
    gradient=True,
)

SM_GRADIENT_CURVATURE_SIGN = Mistake(
    "sm-gradient-curvature-sign",
    "g'' has the wrong sign in the gradient",
    _Parts(by_divergence=-1.0),
    effect=CLIMBS,
    fix=f"{_GRAD}, g'' = 2 sqrt(2) slope^2 t (1 - t^2), t = tanh(slope s); the slip: minus that",
    gradient=True,
)

Pairs = tuple[tuple[Array, Array], tuple[Array, Array]]


class _SecondSlope(ScoreMatchingSteps):
    """g'' replaced in the gradient alone: tanh'' without one of its two factors slope."""

    def source_scores(self, s: Array, slope: float, scale: float) -> Pairs:
        (phi, of_phi), (bend, of_bend) = super().source_scores(s, slope, scale)
        return (phi, of_phi), (bend, of_bend / slope)


SM_GRADIENT_SLOPE_ONCE = Mistake(
    "sm-gradient-slope-once",
    "g'' has the factor slope once instead of squared, in the gradient",
    _SecondSlope(),
    effect=CLIMBS + " Nothing to see at slope 1.",
    fix=f"{_GRAD}, g'' = 2 sqrt(2) slope^2 t (1 - t^2); the slip: 2 sqrt(2) slope t (1 - t^2)",
    gradient=True,
)


class _FirstSlope(ScoreMatchingSteps):
    def source_scores(self, s: Array, slope: float, scale: float) -> Pairs:
        (phi, of_phi), rest = super().source_scores(s, slope, scale)
        return (phi, of_phi / slope), rest


SM_GRADIENT_NO_SLOPE = Mistake(
    "sm-gradient-no-slope",
    "g' lacks the factor slope where the score is differentiated, in the gradient",
    _FirstSlope(),
    effect=CLIMBS + " Nothing to see at slope 1.",
    fix=f"{_GRAD}, g' = -sqrt(2) slope (1 - t^2) in the second term too; the slip: without slope there",
    gradient=True,
)


MISTAKES = (
    SM_GRADIENT_NO_DIRECT,
    SM_GRADIENT_NO_CHAIN,
    SM_GRADIENT_NO_CURVATURE,
    SM_GRADIENT_NO_NORMS,
    SM_GRADIENT_NORMS_ONCE,
    SM_GRADIENT_CURVATURE_SIGN,
    SM_GRADIENT_SLOPE_ONCE,
    SM_GRADIENT_NO_SLOPE,
)
