"""Slips in ranking NCE's logits, and in NRE-C's odds and weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Mistake
from nce_ref.oracle.families.ranking.textbook import NreSteps, RankingSteps

_S = "s = ln phi - ln p_n at the datum and at each of its noise points"


class _Score(RankingSteps):
    """s = ln phi + data ln p_n at the datum, noise ln p_n at the noise points; right: -1 and -1."""

    def __init__(self, data: float, noise: float) -> None:
        self.data, self.noise = data, noise

    def score(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        factor = log_model.dtype.type(self.data if is_data else self.noise)
        return log_model + factor * log_noise, 1.0


NO_NOISE = Mistake(
    "ranking-no-log-pn",
    "the noise's log-density is left out: s = ln phi",
    _Score(0.0, 0.0),
    effect=(
        "The optimum is ln p_d/p_n + a constant: the model estimates the ratio, not the density."
        " None under uniform noise."
    ),
    fix=f"{_S}; the slip: ln phi",
)

NO_NOISE_AT_DATA = Mistake(
    "ranking-no-log-pn-data",
    "the noise's log-density is subtracted at the noise points alone",
    _Score(0.0, -1.0),
    effect="Data and noise are compared in different units: the optimum is no function of the point.",
    fix=f"{_S}; the slip: ln phi at the datum",
)

NO_NOISE_AT_NOISE = Mistake(
    "ranking-no-log-pn-noise",
    "the noise's log-density is subtracted at the datum alone",
    _Score(-1.0, 0.0),
    effect="As ranking-no-log-pn-data, the other way round.",
    fix=f"{_S}; the slip: ln phi at the noise points",
)

NOISE_ADDED = Mistake(
    "ranking-log-pn-added",
    "the noise's log-density is added instead of subtracted",
    _Score(1.0, 1.0),
    effect="The optimum is ln p_d - 2 ln p_n + a constant.",
    fix=f"{_S}; the slip: ln phi + ln p_n",
)

NOISE_ADDED_AT_NOISE = Mistake(
    "ranking-log-pn-added-noise",
    "the noise's log-density is added at the noise points, subtracted at the datum",
    _Score(-1.0, 1.0),
    effect="Data and noise are compared in different units: the optimum is no function of the point.",
    fix=f"{_S}; the slip: ln phi + ln p_n at the noise points",
)

NOISE_ADDED_AT_DATA = Mistake(
    "ranking-log-pn-added-data",
    "the noise's log-density is added at the datum, subtracted at the noise points",
    _Score(1.0, -1.0),
    effect="As ranking-log-pn-added-noise, the other way round.",
    fix=f"{_S}; the slip: ln phi + ln p_n at the datum",
)

NOISE_HALVED = Mistake(
    "ranking-log-pn-halved",
    "half of the noise's log-density: the root of the density, or a factor 1/2 too many in its exponent",
    _Score(-0.5, -0.5),
    effect="The optimum is ln p_d - (1/2) ln p_n + a constant.",
    fix=f"{_S}; the slip: ln phi - ln p_n/2",
)


class _Turned(RankingSteps):
    def score(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        return log_noise - log_model, -1.0


RATIO_TURNED = Mistake(
    "ranking-ratio-swapped",
    "the ratio is upside down: ln p_n - ln phi",
    _Turned(),
    effect="The model avoids the data.",
    fix=f"{_S}; the slip: ln p_n - ln phi",
)


class _MeanNoise(RankingSteps):
    """One ln p_n for all noise points: their mean."""

    def score(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        if is_data:
            return super().score(log_model, log_noise, is_data)
        return log_model - log_noise.mean(dtype=log_noise.dtype), 1.0


NOISE_CONSTANT = Mistake(
    "ranking-log-pn-constant",
    "one log-density for all noise points: their mean, or the law taken as uniform",
    _MeanNoise(),
    effect="Right for uniform noise alone.",
    fix=f"{_S}; the slip: ln p_n a number",
)


class _Exchanged(RankingSteps):
    """The noise points' ln p_n in the wrong order: one place on."""

    def score(self, log_model: Array, log_noise: Array, is_data: bool) -> tuple[Array, float]:
        if is_data:
            return super().score(log_model, log_noise, is_data)
        return log_model - np.roll(log_noise, 1), 1.0


NOISE_SHIFTED = Mistake(
    "ranking-log-pn-shifted",
    "the noise points' log-densities belong to their neighbours: one draw evaluated, another one used",
    _Exchanged(),
    effect="The weights are those of other points: B is wrong, and worse the more ln p_n varies.",
    fix=f"{_S}; the slip: ln p_n of the point before",
)

_O = "o = ln K - ln gamma, K the logits a row"
_W = "weights 1/(1 + gamma) of rows without a pair, gamma/(1 + gamma) of those with one"


class _Odds(NreSteps):
    """Odds by a function of (gamma, K), in the rows that ``where`` says."""

    def __init__(self, odds: Any, where: str = "both") -> None:
        self.odds, self.where = odds, where

    def log_odds(self, gamma: float, n_contrasts: int, is_joint: bool) -> float:
        if self.where in ("both", "joint" if is_joint else "marginal"):
            return float(self.odds(gamma, n_contrasts))
        return super().log_odds(gamma, n_contrasts, is_joint)


NO_GAMMA = Mistake(
    "nre-no-gamma",
    "gamma is left out of the odds: ln K alone",
    _Odds(lambda gamma, K: math.log(K)),
    effect="The optimum is PMI + ln gamma where the weights have gamma. Nothing to see at gamma = 1.",
    fix=f"{_O}; the slip: ln K",
)

NO_K = Mistake(
    "nre-no-log-k",
    "K is left out of the odds: -ln gamma alone",
    _Odds(lambda gamma, K: -math.log(gamma)),
    effect="The optimum is PMI - ln K: gamma is counted a contrast, while the weights have it for all K.",
    fix=f"{_O}; the slip: -ln gamma",
)

GAMMA_TURNED = Mistake(
    "nre-gamma-turned",
    "gamma divides where it should multiply: ln K + ln gamma",
    _Odds(lambda gamma, K: math.log(K) + math.log(gamma)),
    effect="The optimum is PMI + 2 ln gamma. Nothing to see at gamma = 1.",
    fix=f"{_O}; the slip: ln K + ln gamma",
)

ODDS_TURNED = Mistake(
    "nre-odds-turned",
    "the odds are upside down: ln gamma - ln K",
    _Odds(lambda gamma, K: math.log(gamma) - math.log(K)),
    effect="The optimum is PMI + 2 ln(gamma/K) with weights that do not fit: rows are called pairs too easily.",
    fix=f"{_O}; the slip: ln gamma - ln K",
)

ODDS_MARGINAL = Mistake(
    "nre-odds-not-in-marginal",
    "rows without a pair are held against odds of 1: ln gamma - ln K is missing there",
    _Odds(lambda gamma, K: 0.0, "marginal"),
    effect="Both kinds of row belong to different classifiers: no ratio is their optimum.",
    fix=f"{_O}, in both kinds of row; the slip: 0 in rows without a pair",
)

ODDS_JOINT = Mistake(
    "nre-odds-not-in-joint",
    "rows with a pair are held against odds of 1: ln K - ln gamma is missing there",
    _Odds(lambda gamma, K: 0.0, "joint"),
    effect="As nre-odds-not-in-marginal, the other way round.",
    fix=f"{_O}, in both kinds of row; the slip: 0 in rows with a pair",
)


class _Weights(NreSteps):
    def __init__(self, weights: Any) -> None:
        self.of_classes = weights

    def class_weights(self, gamma: float, n_contrasts: int) -> tuple[float, float]:
        none, pair = self.of_classes(gamma, n_contrasts)
        return float(none), float(pair)


HALVES = Mistake(
    "nre-weights-equal",
    "both kinds of row weigh 1/2, whatever gamma is",
    _Weights(lambda gamma, K: (0.5, 0.5)),
    effect="The optimum is PMI - ln gamma: gamma stands in the odds alone. Nothing to see at gamma = 1.",
    fix=f"{_W}; the slip: 1/2 and 1/2",
)

NOT_NORMALISED_WEIGHTS = Mistake(
    "nre-weights-not-normalised",
    "weights 1 and gamma: not divided by 1 + gamma",
    _Weights(lambda gamma, K: (1.0, gamma)),
    effect="None on the optimum: a factor. Losses at different gamma do not compare.",
    fix=f"{_W}; the slip: 1 and gamma",
)

WEIGHTS_TURNED = Mistake(
    "nre-weights-turned",
    "the weights are exchanged",
    _Weights(lambda gamma, K: (gamma / (1.0 + gamma), 1.0 / (1.0 + gamma))),
    effect="The optimum is PMI - 2 ln gamma. Nothing to see at gamma = 1.",
    fix=f"{_W}; the slip: exchanged",
)

WEIGHTS_K = Mistake(
    "nre-weights-k-gamma",
    "weights 1 : K gamma, logits of gamma: two parametrisations mixed",
    _Weights(lambda gamma, K: (1.0 / (1.0 + K * gamma), K * gamma / (1.0 + K * gamma))),
    effect="The optimum is PMI + ln K. Nothing to see at K = 1.",
    fix=f"{_W}; the slip: K gamma for gamma",
)

PAIRS_ALONE = Mistake(
    "nre-no-marginal-rows",
    "rows without a pair are left out",
    _Weights(lambda gamma, K: (0.0, gamma / (1.0 + gamma))),
    effect="Unbounded: f = infinity for every pair costs nothing but its contrasts.",
    fix=f"{_W}; the slip: 0 for rows without a pair",
)

MARGINALS_ALONE = Mistake(
    "nre-no-joint-rows",
    "rows with a pair are left out",
    _Weights(lambda gamma, K: (1.0 / (1.0 + gamma), 0.0)),
    effect="Unbounded: f = -infinity throughout.",
    fix=f"{_W}; the slip: 0 for rows with a pair",
)


class _NoNone(NreSteps):
    """Rows with a pair as a softmax over the row alone; those without as they are."""

    def joint_row(self, odds: Array, own: Array, others: Array) -> tuple[Array, Array, Array]:
        if not others.shape[1]:
            return 0.0 * own, 0.0 * own, others
        return self.rows(own, others)


NO_NONE_CLASS = Mistake(
    "nre-no-class-of-none",
    'rows with a pair have no class for "no pair": a softmax over the row, as in NRE-B',
    _NoNone(),
    effect="The constant of each row is free in half of the loss: what ties it down is the rows without a pair alone.",
    fix="softplus(ln(e^o + sum_{k>1} e^{f_k}) - f_1); the slip: without e^o",
)


class _FirstOnly(NreSteps):
    def marginal_row(self, odds: Array, logits: Array) -> tuple[Array, Array, Array]:
        losses, of_odds, of_first = super().marginal_row(odds, logits[:, :1])
        return losses, of_odds, np.pad(of_first, ((0, 0), (0, logits.shape[1] - 1)))


FIRST_MARGINAL = Mistake(
    "nre-first-of-marginal",
    "rows without a pair use their first logit alone",
    _FirstOnly(),
    effect=(
        "The rows without a pair are K times too easy: the optimum is PMI plus a constant that"
        " varies. Nothing to see at K = 1."
    ),
    fix="softplus(ln sum_k e^{m_k} - o), all K of them; the slip: m_1",
)

MISTAKES = (
    NO_NOISE,
    NO_NOISE_AT_DATA,
    NO_NOISE_AT_NOISE,
    NOISE_ADDED,
    NOISE_ADDED_AT_NOISE,
    NOISE_ADDED_AT_DATA,
    NOISE_HALVED,
    RATIO_TURNED,
    NOISE_CONSTANT,
    NOISE_SHIFTED,
    NO_GAMMA,
    NO_K,
    GAMMA_TURNED,
    ODDS_TURNED,
    ODDS_MARGINAL,
    ODDS_JOINT,
    HALVES,
    NOT_NORMALISED_WEIGHTS,
    WEIGHTS_TURNED,
    WEIGHTS_K,
    PAIRS_ALONE,
    MARGINALS_ALONE,
    NO_NONE_CLASS,
    FIRST_MARGINAL,
)
