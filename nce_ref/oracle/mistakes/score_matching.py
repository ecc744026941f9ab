"""Slips in score matching for the Laplace ICA model: the weights of the loss's two terms, the smoothing, |Psi|^2."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.mistakes.making import SCORE_MATCHING as SM
from nce_ref.oracle.mistakes.making import made_by
from nce_ref.oracle.textbook import Array, Steps


class _Weights(Steps):
    """|Psi|^2/2 and div Psi multiplied by factors; right: 1 and 1. ``summed``: div Psi over the points, not averaged."""

    def __init__(self, of_square: float, of_divergence: float, summed: bool = False) -> None:
        self.of_square, self.of_divergence, self.summed = of_square, of_divergence, summed

    def score_weights(self, n_data: int) -> tuple[float, float]:
        return self.of_square, self.of_divergence * (n_data if self.summed else 1)


class _SquareOfMean(Steps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        mean = np.broadcast_to(phi.mean(axis=0), phi.shape)
        return super().squared_score(B, mean)


class _Slope(Steps):
    """The slope replaced."""

    def replaced(self, slope: float) -> float:
        """What stands for it."""
        raise NotImplementedError

    def smoothed_sign(self, s: Array, slope: float) -> tuple[Array, Array, Array]:
        return super().smoothed_sign(s, self.replaced(slope))


class _SlopeTen(_Slope):
    def replaced(self, slope: float) -> float:
        return 10.0


class _SlopeOne(_Slope):
    def replaced(self, slope: float) -> float:
        return 1.0


class _SlopeInverted(_Slope):
    def replaced(self, slope: float) -> float:
        return 1.0 / slope


class _SlopeHalved(_Slope):
    def replaced(self, slope: float) -> float:
        return 0.5 * slope


class _HardSign(Steps):
    def smoothed_sign(self, s: Array, slope: float) -> tuple[Array, Array, Array]:
        return np.sign(s), np.zeros_like(s), np.zeros_like(s)


class _ScoreOfSources(Steps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        return (phi * phi).sum(axis=1), np.zeros_like(B), phi


class _NoNorms(Steps):
    def squared_norms(self, B: Array) -> tuple[Array, Array]:
        return np.ones_like(B[:, 0]), np.zeros_like(B)


class _InSources(_ScoreOfSources, _NoNorms):
    pass


class _NoCrossTerms(Steps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        norms = (B * B).sum(axis=1)
        return phi * phi @ norms, (phi * phi).sum(axis=0)[:, None] * B, phi * norms


class _BackByTranspose(Steps):
    def squared_score(self, B: Array, phi: Array) -> tuple[Array, Array, Array]:
        square, by_B, by_phi = super().squared_score(B.T, phi)
        return square, by_B.T, by_phi


class _NaiveTanh(Steps):
    def smoothed_sign(self, s: Array, slope: float) -> tuple[Array, Array, Array]:
        up, down = np.exp(slope * s), np.exp(-slope * s)
        t = (up - down) / (up + down)
        return t, slope * (1.0 - t * t), -2.0 * slope * slope * t * (1.0 - t * t)


_J = "J = -mean_x [1/2 |Psi|^2 + div Psi]"
_DIV = "div Psi = sum_i g'(s_i) |b_i|^2, g' = -sqrt(2) slope (1 - tanh(slope s)^2)"
_PSI = "Psi = B' g(B x), g(s) = -sqrt(2) tanh(slope s)"
_SCALE = "Only the scale of B is wrong in one dimension; in more, its directions as well."

SCORE_MATCHING_LOSS = (
    made_by(
        _Weights(2.0, 1.0),
        "sm-no-half",
        SM,
        "1/2 is missing before |Psi|^2",
        effect="B is too small. " + _SCALE,
        fix=f"{_J}; the slip: |Psi|^2 + div Psi",
    ),
    made_by(
        _Weights(1.0, 0.5),
        "sm-divergence-halved",
        SM,
        "the 1/2 of |Psi|^2 stands before div Psi as well",
        effect="B is too small. It is half of sm-no-half.",
        fix=f"{_J}; the slip: 1/2 (|Psi|^2 + div Psi)",
    ),
    made_by(
        _Weights(2.0, 2.0),
        "sm-doubled",
        SM,
        "twice the loss: |Psi|^2 + 2 div Psi",
        effect="None on the estimate: a factor of 2. But values do not compare, and standard errors by J's curvature are off.",
        fix=f"{_J}; the other form: |Psi|^2 + 2 div Psi",
        seen="papers and codes of sliced and denoising score matching have either form",
    ),
    made_by(
        _Weights(1.0, -1.0),
        "sm-divergence-sign",
        SM,
        "div Psi is subtracted in the loss",
        effect="The loss is least at B = 0.",
        fix=f"{_J}; the slip: 1/2 |Psi|^2 - div Psi",
    ),
    made_by(
        _Weights(1.0, 0.0),
        "sm-no-divergence",
        SM,
        "div Psi is left out",
        effect="The loss is least at B = 0, where the score vanishes.",
        fix=f"{_J}; the slip: 1/2 |Psi|^2",
    ),
    made_by(
        _Weights(0.0, 1.0),
        "sm-no-square",
        SM,
        "|Psi|^2 is left out",
        effect="The loss falls without bound as B grows.",
        fix=f"{_J}; the slip: div Psi",
    ),
    made_by(
        _Weights(1.0, 1.0, summed=True),
        "sm-divergence-summed",
        SM,
        "div Psi is summed over the points, |Psi|^2 averaged",
        effect="B grows with the sample. Nothing to see with one data point.",
        fix=f"{_J}; the slip: mean_x 1/2 |Psi|^2 + sum_x div Psi",
    ),
    made_by(
        _SquareOfMean(),
        "sm-square-of-mean",
        SM,
        "the score is averaged over the points before it is squared",
        effect="The mean score of centred data is 0 for every B: the first term does nothing, and B grows without bound.",
        fix=f"{_J}; the slip: 1/2 |mean_x Psi|^2. Nothing to see with one data point",
    ),
    made_by(
        _HardSign(),
        "sm-no-smoothing",
        SM,
        "sign(s) for tanh(slope s): the divergence is 0 off the kinks",
        effect="The loss is least at B = 0: what makes the Laplace score's divergence is its jump, which no point sees.",
        fix=f"{_PSI}, smoothed; the slip: sign",
    ),
    made_by(
        _SlopeTen(),
        "sm-slope-ten",
        SM,
        "the slope is 10 whatever is asked for",
        effect="The bias of B is that of slope 10, a factor of 1.064, at every slope.",
        fix=f"{_PSI}; the slip: tanh(10 s)",
        seen="10 is P10's choice",
    ),
    made_by(
        _SlopeOne(),
        "sm-slope-one",
        SM,
        "the slope is left out: tanh(s)",
        effect="A smoother density is fitted: B is biased the more. Nothing to see at slope 1.",
        fix=f"{_PSI}; the slip: tanh(s)",
    ),
    made_by(
        _SlopeInverted(),
        "sm-slope-inverted",
        SM,
        "s is divided by the slope: tanh(s/slope)",
        effect="The score is nearly linear: a Gaussian is fitted. Nothing to see at slope 1.",
        fix=f"{_PSI}; the slip: tanh(s/slope)",
    ),
    made_by(
        _SlopeHalved(),
        "sm-slope-halved",
        SM,
        "tanh(slope s/2): from 2 sigma(slope s) - 1, which is tanh(slope s/2)",
        effect="The bias of B is that of half the slope.",
        fix=f"{_PSI}, tanh(v) = 2 sigma(2 v) - 1; the slip: 2 sigma(slope s) - 1",
    ),
    made_by(
        _ScoreOfSources(),
        "sm-score-of-sources",
        SM,
        "|g(s)|^2 for |B' g(s)|^2: the score by the sources",
        effect="Right for an orthogonal B only; the scale of B has no minimum.",
        fix=f"{_PSI}; the slip: without B'",
    ),
    made_by(
        _NoNorms(),
        "sm-divergence-in-sources",
        SM,
        "the divergence is taken by the sources, not by the point: |b_i|^2 is missing",
        effect="Right where the rows of B have length 1 only; their scale is not determined.",
        fix=f"{_DIV}; the slip: sum_i g'(s_i)",
    ),
    made_by(
        _InSources(),
        "sm-in-sources",
        SM,
        "both terms by the sources, not by the point: B enters by s = B x alone",
        effect="Right for an orthogonal B only; the loss is least at B = 0.",
        fix=f"{_PSI}, {_DIV}; the slip: sum_i [1/2 g(s_i)^2 + g'(s_i)]",
    ),
    made_by(
        _NoCrossTerms(),
        "sm-no-cross-terms",
        SM,
        "|Psi|^2 as sum_i g(s_i)^2 |b_i|^2: the products of different sources are left out",
        effect="Rows of B are fitted one by one, and may become equal. Nothing to see at n = 1 or for orthogonal rows.",
        fix="|Psi|^2 = g' B B' g, all pairs of sources; the slip: the diagonal of B B'",
    ),
    made_by(
        _BackByTranspose(),
        "sm-back-transposed",
        SM,
        "Psi = B g(B x): the way back to the points without the transpose",
        effect="A test with a symmetric B sees nothing; elsewhere Psi is no score at all.",
        fix=f"{_PSI}, for points as rows g(s) @ B; the slip: g(s) @ B.T",
    ),
)

SCORE_MATCHING_ARITHMETIC = (
    made_by(
        _NaiveTanh(),
        "sm-naive-tanh",
        SM,
        "tanh as (e^v - e^-v)/(e^v + e^-v)",
        effect="inf/inf = NaN for |slope s| above 709.8 in float64 and 88.7 in float32: one far point ends the fit.",
        fix="np.tanh; the slip: (exp(v) - exp(-v))/(exp(v) + exp(-v))",
    ),
)
