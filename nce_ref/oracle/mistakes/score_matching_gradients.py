"""Slips of the hand in score matching's gradient; the value is right."""

from __future__ import annotations

from nce_ref.oracle.mistakes.gradients import CLIMBS
from nce_ref.oracle.mistakes.making import SCORE_MATCHING as SM
from nce_ref.oracle.mistakes.making import made_by
from nce_ref.oracle.textbook import Array, Steps

Pairs = tuple[tuple[Array, Array], tuple[Array, Array]]


class _Parts(Steps):
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


class _SecondSlope(Steps):
    """g'' replaced in the gradient alone: tanh'' without one of its two factors slope."""

    def source_scores(self, s: Array, slope: float, scale: float) -> Pairs:
        (phi, of_phi), (bend, of_bend) = super().source_scores(s, slope, scale)
        return (phi, of_phi), (bend, of_bend / slope)


class _FirstSlope(Steps):
    def source_scores(self, s: Array, slope: float, scale: float) -> Pairs:
        (phi, of_phi), rest = super().source_scores(s, slope, scale)
        return (phi, of_phi / slope), rest


_GRAD = "dJ/db_k = -mean_x [g_k Psi + g'_k (B Psi)_k x + g''_k |b_k|^2 x + 2 g'_k b_k]"

SCORE_MATCHING_GRADIENTS = (
    made_by(
        _Parts(direct=0.0),
        "sm-gradient-no-direct",
        SM,
        "g_k Psi is missing in the gradient: B' in Psi = B' g(s) is held fixed",
        effect=CLIMBS,
        fix=f"{_GRAD}; the slip: without the first term",
    ),
    made_by(
        _Parts(by_score=0.0),
        "sm-gradient-no-chain",
        SM,
        "g'_k (B Psi)_k x is missing in the gradient: B in s = B x is held fixed in the score",
        effect=CLIMBS,
        fix=f"{_GRAD}; the slip: without the second term",
    ),
    made_by(
        _Parts(by_divergence=0.0),
        "sm-gradient-no-curvature",
        SM,
        "g''_k |b_k|^2 x is missing in the gradient: s is held fixed in the divergence",
        effect=CLIMBS,
        fix=f"{_GRAD}; the slip: without the third term",
    ),
    made_by(
        _Parts(by_norms=0.0),
        "sm-gradient-no-norms",
        SM,
        "2 g'_k b_k is missing in the gradient: |b_k|^2 is held fixed in the divergence",
        effect=CLIMBS,
        fix=f"{_GRAD}; the slip: without the last term",
    ),
    made_by(
        _Parts(by_norms=0.5),
        "sm-gradient-norms-once",
        SM,
        "the derivative of |b_k|^2 is taken as b_k instead of 2 b_k",
        effect=CLIMBS,
        fix=f"{_GRAD}; the slip: g'_k b_k",
    ),
    made_by(
        _Parts(by_divergence=-1.0),
        "sm-gradient-curvature-sign",
        SM,
        "g'' has the wrong sign in the gradient",
        effect=CLIMBS,
        fix=f"{_GRAD}, g'' = 2 sqrt(2) slope^2 t (1 - t^2), t = tanh(slope s); the slip: minus that",
    ),
    made_by(
        _SecondSlope(),
        "sm-gradient-slope-once",
        SM,
        "g'' has the factor slope once instead of squared, in the gradient",
        effect=CLIMBS + " Nothing to see at slope 1.",
        fix=f"{_GRAD}, g'' = 2 sqrt(2) slope^2 t (1 - t^2); the slip: 2 sqrt(2) slope t (1 - t^2)",
    ),
    made_by(
        _FirstSlope(),
        "sm-gradient-no-slope",
        SM,
        "g' lacks the factor slope where the score is differentiated, in the gradient",
        effect=CLIMBS + " Nothing to see at slope 1.",
        fix=f"{_GRAD}, g' = -sqrt(2) slope (1 - t^2) in the second term too; the slip: without slope there",
    ),
)
