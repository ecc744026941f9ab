"""Slips in score matching for the Laplace ICA model: the weights of the loss's two terms, the smoothing, |Psi|^2."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.score_matching.textbook import ScoreMatchingSteps


class _Weights(ScoreMatchingSteps):
    """|Psi|^2/2 and div Psi multiplied by factors; right: 1 and 1. ``summed``: div Psi over the points, not
    averaged."""

    def __init__(self, of_square: float, of_divergence: float, summed: bool = False) -> None:
        self.of_square, self.of_divergence, self.summed = of_square, of_divergence, summed

    def score_weights(self, n_data: int) -> tuple[float, float]:
        return self.of_square, self.of_divergence * (n_data if self.summed else 1)


_SCALE = "Only the scale of B is wrong in one dimension; in more, its directions as well."

_J = "J = -mean_x [1/2 |Psi|^2 + div Psi]"

SM_NO_HALF = Mistake(
    "sm-no-half",
    "1/2 is missing before |Psi|^2",
    _Weights(2.0, 1.0),
    effect="B is too small. " + _SCALE,
    fix=f"{_J}; the slip: |Psi|^2 + div Psi",
)

SM_DIVERGENCE_HALVED = Mistake(
    "sm-divergence-halved",
    "the 1/2 of |Psi|^2 stands before div Psi as well",
    _Weights(1.0, 0.5),
    effect="B is too small. It is half of sm-no-half.",
    fix=f"{_J}; the slip: 1/2 (|Psi|^2 + div Psi)",
)

SM_DOUBLED = Mistake(
    "sm-doubled",
    "twice the loss: |Psi|^2 + 2 div Psi",
    _Weights(2.0, 2.0),
    effect=(
        "None on the estimate: a factor of 2. But values do not compare, and standard errors by J's"
        " curvature are off."
    ),
    fix=f"{_J}; the other form: |Psi|^2 + 2 div Psi",
    seen="papers and codes of sliced and denoising score matching have either form",
)

SM_DIVERGENCE_SIGN = Mistake(
    "sm-divergence-sign",
    "div Psi is subtracted in the loss",
    _Weights(1.0, -1.0),
    effect="The loss is least at B = 0.",
    fix=f"{_J}; the slip: 1/2 |Psi|^2 - div Psi",
)

SM_NO_DIVERGENCE = Mistake(
    "sm-no-divergence",
    "div Psi is left out",
    _Weights(1.0, 0.0),
    effect="The loss is least at B = 0, where the score vanishes.",
    fix=f"{_J}; the slip: 1/2 |Psi|^2",
)

SM_NO_SQUARE = Mistake(
    "sm-no-square",
    "|Psi|^2 is left out",
    _Weights(0.0, 1.0),
    effect="The loss falls without bound as B grows.",
    fix=f"{_J}; the slip: div Psi",
)

SM_DIVERGENCE_SUMMED = Mistake(
    "sm-divergence-summed",
    "div Psi is summed over the points, |Psi|^2 averaged",
    _Weights(1.0, 1.0, summed=True),
    effect="B grows with the sample. Nothing to see with one data point.",
    fix=f"{_J}; the slip: mean_x 1/2 |Psi|^2 + sum_x div Psi",
)


class _SquareOfMean(ScoreMatchingSteps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        mean = np.broadcast_to(phi.mean(axis=0), phi.shape)
        return super().squared_score(B, mean)


SM_SQUARE_OF_MEAN = Mistake(
    "sm-square-of-mean",
    "the score is averaged over the points before it is squared",
    _SquareOfMean(),
    effect="The mean score of centred data is 0 for every B: the first term does nothing, and B grows without bound.",
    fix=f"{_J}; the slip: 1/2 |mean_x Psi|^2. Nothing to see with one data point",
)


class _HardSign(ScoreMatchingSteps):
    def smoothed_sign(self, s: Array, slope: float) -> tuple[Array, Array, Array]:
        return np.sign(s), np.zeros_like(s), np.zeros_like(s)


_PSI = "Psi = B' g(B x), g(s) = -sqrt(2) tanh(slope s)"

SM_NO_SMOOTHING = Mistake(
    "sm-no-smoothing",
    "sign(s) for tanh(slope s): the divergence is 0 off the kinks",
    _HardSign(),
    effect="The loss is least at B = 0: what makes the Laplace score's divergence is its jump, which no point sees.",
    fix=f"{_PSI}, smoothed; the slip: sign",
)


class _Slope(ScoreMatchingSteps):
    """The slope replaced."""

    def replaced(self, slope: float) -> float:
        """What stands for it."""
        raise NotImplementedError

    def smoothed_sign(self, s: Array, slope: float) -> tuple[Array, Array, Array]:
        return super().smoothed_sign(s, self.replaced(slope))


class _SlopeTen(_Slope):
    def replaced(self, slope: float) -> float:
        return 10.0


SM_SLOPE_TEN = Mistake(
    "sm-slope-ten",
    "the slope is 10 whatever is asked for",
    _SlopeTen(),
    effect="The bias of B is that of slope 10, a factor of 1.064, at every slope.",
    fix=f"{_PSI}; the slip: tanh(10 s)",
    seen="10 is P10's choice",
)


class _SlopeOne(_Slope):
    def replaced(self, slope: float) -> float:
        return 1.0


SM_SLOPE_ONE = Mistake(
    "sm-slope-one",
    "the slope is left out: tanh(s)",
    _SlopeOne(),
    effect="A smoother density is fitted: B is biased the more. Nothing to see at slope 1.",
    fix=f"{_PSI}; the slip: tanh(s)",
)


class _SlopeInverted(_Slope):
    def replaced(self, slope: float) -> float:
        return 1.0 / slope


SM_SLOPE_INVERTED = Mistake(
    "sm-slope-inverted",
    "s is divided by the slope: tanh(s/slope)",
    _SlopeInverted(),
    effect="The score is nearly linear: a Gaussian is fitted. Nothing to see at slope 1.",
    fix=f"{_PSI}; the slip: tanh(s/slope)",
)


class _SlopeHalved(_Slope):
    def replaced(self, slope: float) -> float:
        return 0.5 * slope


SM_SLOPE_HALVED = Mistake(
    "sm-slope-halved",
    "tanh(slope s/2): from 2 sigma(slope s) - 1, which is tanh(slope s/2)",
    _SlopeHalved(),
    effect="The bias of B is that of half the slope.",
    fix=f"{_PSI}, tanh(v) = 2 sigma(2 v) - 1; the slip: 2 sigma(slope s) - 1",
)


class _ScoreOfSources(ScoreMatchingSteps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        return (phi * phi).sum(axis=1), np.zeros_like(B), phi


SM_SCORE_OF_SOURCES = Mistake(
    "sm-score-of-sources",
    "|g(s)|^2 for |B' g(s)|^2: the score by the sources",
    _ScoreOfSources(),
    effect="Right for an orthogonal B only; the scale of B has no minimum.",
    fix=f"{_PSI}; the slip: without B'",
)


class _NoNorms(ScoreMatchingSteps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        return np.ones_like(B[:, 0]), np.zeros_like(B)


_DIV = "div Psi = sum_i g'(s_i) |b_i|^2, g' = -sqrt(2) slope (1 - tanh(slope s)^2)"

SM_DIVERGENCE_IN_SOURCES = Mistake(
    "sm-divergence-in-sources",
    "the divergence is taken by the sources, not by the point: |b_i|^2 is missing",
    _NoNorms(),
    effect="Right where the rows of B have length 1 only; their scale is not determined.",
    fix=f"{_DIV}; the slip: sum_i g'(s_i)",
)


class _InSources(_ScoreOfSources, _NoNorms):
    pass


SM_IN_SOURCES = Mistake(
    "sm-in-sources",
    "both terms by the sources, not by the point: B enters by s = B x alone",
    _InSources(),
    effect="Right for an orthogonal B only; the loss is least at B = 0.",
    fix=f"{_PSI}, {_DIV}; the slip: sum_i [1/2 g(s_i)^2 + g'(s_i)]",
)


class _NoCrossTerms(ScoreMatchingSteps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        norms = (B * B).sum(axis=1)
        return phi * phi @ norms, (phi * phi).sum(axis=0)[:, None] * B, phi * norms


SM_NO_CROSS_TERMS = Mistake(
    "sm-no-cross-terms",
    "|Psi|^2 as sum_i g(s_i)^2 |b_i|^2: the products of different sources are left out",
    _NoCrossTerms(),
    effect="Rows of B are fitted one by one, and may become equal. Nothing to see at n = 1 or for orthogonal rows.",
    fix="|Psi|^2 = g' B B' g, all pairs of sources; the slip: the diagonal of B B'",
)


class _BackByTranspose(ScoreMatchingSteps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        square, by_B, by_phi = super().squared_score(B.T, phi)
        return square, by_B.T, by_phi


SM_BACK_TRANSPOSED = Mistake(
    "sm-back-transposed",
    "Psi = B g(B x): the way back to the points without the transpose",
    _BackByTranspose(),
    effect="A test with a symmetric B sees nothing; elsewhere Psi is no score at all.",
    fix=f"{_PSI}, for points as rows g(s) @ B; the slip: g(s) @ B.T",
)


class _NaiveTanh(ScoreMatchingSteps):
    def smoothed_sign(self, s: Array, slope: float) -> tuple[Array, Array, Array]:
        up, down = np.exp(slope * s), np.exp(-slope * s)
        t = (up - down) / (up + down)
        return t, slope * (1.0 - t * t), -2.0 * slope * slope * t * (1.0 - t * t)


SM_NAIVE_TANH = Mistake(
    "sm-naive-tanh",
    "tanh as (e^v - e^-v)/(e^v + e^-v)",
    _NaiveTanh(),
    effect="inf/inf = NaN for |slope s| above 709.8 in float64 and 88.7 in float32: one far point ends the fit.",
    fix="np.tanh; the slip: (exp(v) - exp(-v))/(exp(v) + exp(-v))",
    arithmetic=True,
)


MISTAKES = (
    SM_NO_HALF,
    SM_DIVERGENCE_HALVED,
    SM_DOUBLED,
    SM_DIVERGENCE_SIGN,
    SM_NO_DIVERGENCE,
    SM_NO_SQUARE,
    SM_DIVERGENCE_SUMMED,
    SM_SQUARE_OF_MEAN,
    SM_NO_SMOOTHING,
    SM_SLOPE_TEN,
    SM_SLOPE_ONE,
    SM_SLOPE_INVERTED,
    SM_SLOPE_HALVED,
    SM_SCORE_OF_SOURCES,
    SM_DIVERGENCE_IN_SOURCES,
    SM_IN_SOURCES,
    SM_NO_CROSS_TERMS,
    SM_BACK_TRANSPOSED,
    SM_NAIVE_TANH,
)
