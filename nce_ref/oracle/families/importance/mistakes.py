"""Slips in importance sampling's weights and in the logarithm of their mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
    Number,
)
from nce_ref.oracle.families.importance.textbook import ImportanceSteps


class _Shifted(ImportanceSteps):
    """ln Z off by ``of_noise`` ln n_noise + ``of_data`` ln n_data; right: 0 and 0."""

    def __init__(self, of_noise: float, of_data: float) -> None:
        self.of_noise, self.of_data = of_noise, of_data

    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        value, shares = super().log_mean_weight(log_w, n_data)
        return value + log_w.dtype.type(
            self.of_noise * np.log(len(log_w)) + self.of_data * np.log(n_data)
        ), shares


_J = "J = mean_x ln p_m - ln Z, Z = mean_y w"

IS_SUMMED = Mistake(
    "is-summed",
    "the sum of the weights for their mean: logsumexp without ln n_noise",
    _Shifted(1.0, 0.0),
    effect="c is off by -ln n_noise; B stays right, and so does every gradient.",
    fix=f"{_J}; the slip: ln sum_y w",
)

IS_PER_DATA = Mistake(
    "is-per-data",
    "the sum of the weights is divided by n_data, not by n_noise",
    _Shifted(1.0, -1.0),
    effect="c is off by -ln nu; B stays right. Nothing to see at nu = 1.",
    fix=f"{_J}, the mean over the n_noise points; the slip: (1/n_data) sum_y w",
)

_W = "w = p_m/p_n at the noise's points, ln w = ln p_m - ln p_n"

IS_LOG_NU = Mistake(
    "is-log-nu",
    "ln nu is subtracted in ln w, as noise-contrastive estimation has it",
    _Shifted(-1.0, 1.0),
    effect="c is off by ln nu; B stays right. Nothing to see at nu = 1.",
    fix=f"{_J}, {_W}; the slip: ln p_m - ln p_n - ln nu",
)


class _LogNoise(ImportanceSteps):
    """``of_model`` ln p_m - ``of_noise`` ln p_n for ln w; right: 1 and 1."""

    def __init__(self, of_model: float, of_noise: float) -> None:
        self.of_model, self.of_noise = of_model, of_noise

    def log_weight(self, log_model: Array, log_noise: Array) -> tuple[Array, float]:
        return self.of_model * log_model - self.of_noise * log_noise, self.of_model


IS_NO_LOG_NOISE = Mistake(
    "is-no-log-noise",
    "the weights are not divided by the noise's density: w = p_m",
    _LogNoise(1.0, 0.0),
    effect="Z is that of p_m p_n: the model estimates ln p_d - ln p_n, and c belongs to nothing.",
    fix=f"{_W}; the slip: ln w = ln p_m",
)

IS_LOG_NOISE_ADDED = Mistake(
    "is-log-noise-added",
    "the weights are multiplied by the noise's density: ln p_n is added to ln p_m",
    _LogNoise(1.0, -1.0),
    effect="Z is that of p_m p_n^2: B and c are both wrong.",
    fix=f"{_W}; the slip: ln p_m + ln p_n",
)

IS_INVERTED = Mistake(
    "is-inverted",
    "the weights are inverted: w = p_n/p_m",
    _LogNoise(-1.0, -1.0),
    effect="J rises without bound where ln p_m is large at the noise's points; nothing is normalised.",
    fix=f"{_W}; the slip: ln p_n - ln p_m",
)


class _MeanOfLogs(ImportanceSteps):
    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        return log_w.mean(), np.full_like(log_w, 1.0 / len(log_w))


IS_MEAN_OF_LOGS = Mistake(
    "is-mean-of-logs",
    "the mean of ln w for the logarithm of the mean of w",
    _MeanOfLogs(),
    effect="A lower bound of ln Z (Jensen): J is mean_x ln p_m - mean_y ln p_m, which has no maximum.",
    fix=f"{_J}; the slip: mean_y ln w",
)


class _NotLogged(ImportanceSteps):
    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        w = np.exp(log_w)
        return w.mean(), w / len(log_w)


IS_NOT_LOGGED = Mistake(
    "is-not-logged",
    "Z is subtracted, not ln Z",
    _NotLogged(),
    effect=(
        "With c free in the model this is a valid objective, sum_x ln p_m - Z; without c, B makes"
        " up for the normalisation."
    ),
    fix=f"{_J}; the slip: mean_x ln p_m - Z",
)


class _TopNotAdded(ImportanceSteps):
    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        value, shares = super().log_mean_weight(log_w, n_data)
        at_top = log_w == log_w.max()
        return value - log_w.max(), shares - at_top / log_w.dtype.type(at_top.sum())


_STABLE = "ln mean w = top + ln mean exp(ln w - top), top = max ln w"

IS_TOP_NOT_ADDED = Mistake(
    "is-top-not-added",
    "the largest ln w is subtracted before exp and not added back",
    _TopNotAdded(),
    effect="ln Z is at most 0 whatever the model says: B is drawn to where all weights but one vanish.",
    fix=f"{_STABLE}; the slip: without top",
)


class _LargestAlone(ImportanceSteps):
    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        at_top = log_w == log_w.max()
        return log_w.max(), at_top / log_w.dtype.type(at_top.sum())


IS_LARGEST_ALONE = Mistake(
    "is-largest-alone",
    "the largest ln w for ln Z",
    _LargestAlone(),
    effect="One noise point speaks for all: c is off by up to ln n_noise, B follows that point.",
    fix=f"{_J}; the slip: max_y ln w",
)


class _WeightsNormalised(ImportanceSteps):
    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        return -log_w.dtype.type(np.log(len(log_w))), np.zeros_like(log_w)


_DZ = "d ln Z/d ln p_m(y_t) = w_t/sum w"

IS_WEIGHTS_NORMALISED = Mistake(
    "is-weights-normalised",
    "the weights are divided by their sum before they are averaged: Z is 1/n_noise",
    _WeightsNormalised(),
    effect="ln Z is a constant, nothing holds the model down: J rises for ever as B goes to 0.",
    fix=f"{_J}; self-normalised weights belong in the gradient, {_DZ}. The slip: mean_y (w/sum w)",
)


class _TruncatedWeights(ImportanceSteps):
    """Weights no larger than sqrt(n_noise) times their mean, the mean held fixed in the derivative."""

    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        value, _ = super().log_mean_weight(log_w, n_data)
        limit = value + 0.5 * log_w.dtype.type(np.log(len(log_w)))
        truncated, shares = super().log_mean_weight(np.minimum(log_w, limit), n_data)
        above = log_w > limit
        # What is cut off follows the mean: its slope goes to all weights by their shares.
        return truncated, shares * ~above + (shares * above).sum() * super().log_mean_weight(
            log_w, n_data
        )[1]


IS_TRUNCATED = Mistake(
    "is-truncated",
    "weights above sqrt(n_noise) times their mean are cut down to that",
    _TruncatedWeights(),
    effect=(
        "A bias that goes away slowly, for a smaller variance: truncated importance sampling is"
        " another estimator. Say which."
    ),
    fix=f"{_J}; the slip: min(w, sqrt(n_noise) mean w) for w",
    seen="Ionides, Truncated importance sampling, 2008: a method of its own",
)


class _AllPairs(ImportanceSteps):
    def log_normalizer(self, log_model: Array, log_noise: Array, n_data: int) -> tuple[Any, Array]:
        of_model, shares = self.log_mean_weight(log_model, n_data)
        of_noise, _ = self.log_mean_weight(-log_noise, n_data)
        return of_model + of_noise, shares


IS_BROADCAST_PAIRS = Mistake(
    "is-broadcast-pairs",
    "shapes (N, 1) and (N,) broadcast to (N, N): every ln p_m meets every ln p_n",
    _AllPairs(),
    effect=(
        "Z is mean p_m times mean 1/p_n: the noise's density no longer belongs to the point. No"
        " exception, and J looks usual."
    ),
    fix=f"{_W}, both of shape (N,); the slip: ln p_m(y_s) - ln p_n(y_t) for all s, t",
)


class _NaiveExp(ImportanceSteps):
    """ln of the mean of ``weigh(log_w)``, with what differentiation makes of it."""

    def weigh(self, log_w: Array) -> tuple[Array, Array]:
        """w, and its slope by ln w."""
        w = np.exp(log_w)
        return w, w

    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        w, slope = self.weigh(log_w)
        return np.log(w.mean()), slope / w.sum()


IS_NAIVE_EXP = Mistake(
    "is-naive-exp",
    "the weights themselves are averaged: exp(ln w) before the mean",
    _NaiveExp(),
    effect=(
        "inf where some ln w is above 709 (float64) or 88 (float32), -inf where all are below -745"
        " or -103: NaN in the gradient."
    ),
    fix=f"{_STABLE}; the slip: log(mean(exp(log_w)))",
    arithmetic=True,
)


class _EpsInLog(_NaiveExp):
    def __init__(self, eps: float) -> None:
        self.eps = eps

    def log_mean_weight(self, log_w: Array, n_data: int) -> tuple[Any, Array]:
        w = np.exp(log_w)
        mean = w.mean() + self.eps
        return np.log(mean), w / (len(w) * mean)


IS_EPS_IN_LOG = Mistake(
    "is-eps-in-log",
    "ln(Z + eps)",
    _EpsInLog(1e-8),
    effect=(
        "ln Z never falls below ln eps, -18.4 for 1e-8, and its gradient dies where Z does: a model"
        " far too small stays there."
    ),
    fix=f"{_STABLE}; the slip: log(mean(w) + eps)",
    arithmetic=True,
    number=Number("eps", _EpsInLog, (1e-8, 1e-4, 1e-5, 1e-6, 1e-7, 1e-10, 1e-12)),
)


class _ClipLogWeights(_NaiveExp):
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def weigh(self, log_w: Array) -> tuple[Array, Array]:
        w = np.exp(np.clip(log_w, -self.limit, self.limit))
        return w, w * (np.abs(log_w) <= self.limit)


IS_CLIP_LOG_WEIGHTS = Mistake(
    "is-clip-log-weights",
    "ln w is clipped to [-limit, limit]",
    _ClipLogWeights(20.0),
    effect="Points beyond pull no longer: a start at which the weights are large stays there, with a finite J.",
    fix=f"{_STABLE}, for any ln w; the slip: clip(ln w, -limit, limit)",
    arithmetic=True,
    number=Number("limit", _ClipLogWeights, (20.0, 10.0, 30.0, 50.0)),
)


MISTAKES = (
    IS_SUMMED,
    IS_PER_DATA,
    IS_LOG_NU,
    IS_NO_LOG_NOISE,
    IS_LOG_NOISE_ADDED,
    IS_INVERTED,
    IS_MEAN_OF_LOGS,
    IS_NOT_LOGGED,
    IS_TOP_NOT_ADDED,
    IS_LARGEST_ALONE,
    IS_WEIGHTS_NORMALISED,
    IS_TRUNCATED,
    IS_BROADCAST_PAIRS,
    IS_NAIVE_EXP,
    IS_EPS_IN_LOG,
    IS_CLIP_LOG_WEIGHTS,
)
