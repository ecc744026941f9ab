"""Slips in the models: Laplace ICA, the Gaussian, and the parameter c."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.mistakes.making import (
    IMPORTANCE_OF_MODEL,
    LAPLACE,
    LAPLACE_AND_SCORE,
    LAPLACE_GRADIENT,
    OF_MODELS,
    made_by,
)
from nce_ref.oracle.textbook import Array, Pullback, Steps


class _Scale(Steps):
    def __init__(self, scale: float) -> None:
        self.scale = scale

    @property
    def laplace_scale(self) -> float:
        return self.scale


class _SourcesTransposed(Steps):
    def sources(self, B: Array, u: Array) -> tuple[Array, Callable[[Array], Array]]:
        return u @ B, lambda of_s: u.T @ of_s

    def score_matching(self, B: Array, x: Array, slope: float, scale: float) -> tuple[Any, Array]:
        value, grad = super().score_matching(B.T, x, slope, scale)
        return value, grad.T

    def laplace_score(self, B: Array, u: Array, scale: float) -> Array:
        return super().laplace_score(B.T, u, scale)


class _MeanOverDimensions(Steps):
    def sum_of_sources(self, s: Array) -> tuple[Array, Array]:
        value, slope = super().sum_of_sources(s)
        return value / s.shape[1], slope / s.shape[1]


class _NoAbs(Steps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        return s, np.ones_like(s)


class _AbsOfSum(Steps):
    def sum_of_sources(self, s: Array) -> tuple[Array, Array]:
        value, slope = self.absolute(s.sum(axis=1))
        return value, np.broadcast_to(slope[:, None], s.shape)


class _Squared(Steps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        return s * s, 2.0 * s


class _Smoothed(Steps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        size = np.abs(s)
        return size + (np.log1p(np.exp(-20.0 * size)) - self.log_2) / 10.0, np.tanh(10.0 * s)


class _KinkOne(Steps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        return np.abs(s), np.sign(s) + (s == 0.0)


class _NormalisedAndC(Steps):
    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        value, pullback = super().laplace(B, c, u, is_data)
        constant, slope = self.log_normaliser(B, len(u))
        return value + constant, lambda w: (pullback(w)[0] + w.sum() * slope, pullback(w)[1])

    def gaussian(
        self, precision: Array, c: float, u: Array, is_data: bool = True
    ) -> tuple[Array, Pullback]:
        value, pullback = super().gaussian(precision, c, u, is_data)
        constant = 0.5 * np.linalg.slogdet(precision)[1] - self.gaussian_constant(len(precision))
        slope = 0.5 * np.linalg.inv(precision).T
        return value + constant, lambda w: (pullback(w)[0] + w.sum() * slope, pullback(w)[1])


class _CIgnored(Steps):
    def constant(self, c: float, is_data: bool) -> tuple[float, float]:
        return 0.0, 0.0


class _CTied(_CIgnored, _NormalisedAndC):
    """c = -ln Z throughout."""


class _COnData(Steps):
    def constant(self, c: float, is_data: bool) -> tuple[float, float]:
        return (c, 1.0) if is_data else (0.0, 0.0)


class _ModelCentred(Steps):
    def model_points(self, u: Array, noise_mean: Array) -> Array:
        return u - noise_mean


class _ModelNoHalf(Steps):
    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        value, back = super().model_half_quadratic(precision, u)
        return 2.0 * value, lambda w: 2.0 * back(w)


class _ModelCovariance(Steps):
    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        inverse = np.linalg.inv(precision)
        value, back = super().model_half_quadratic(inverse, u)
        return value, lambda w: -inverse @ back(w) @ inverse


class _ModelDiagonal(Steps):
    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        value, back = super().model_half_quadratic(np.diag(np.diag(precision)), u)
        return value, lambda w: np.diag(np.diag(back(w)))


_MODEL = "ln p_m = -sqrt(2) sum_i |b_i . u| + c"
_GAUSSIAN = "ln p_m = -1/2 u' precision u + c"

MODELS = (
    made_by(
        _Scale(1.0),
        "laplace-scale",
        LAPLACE_AND_SCORE,
        "exp(-|s|) instead of exp(-sqrt(2)|s|)",
        effect="B is sqrt(2) times too large; c's estimate is right, so a test of c sees nothing.",
        fix=f"{_MODEL}, sources of unit variance; the slip: -sum_i |b_i . u|",
        seen="two public ICA codes differ by this",
    ),
    made_by(
        _Scale(Steps.sqrt2 / 2.0),
        "laplace-scale-inverted",
        LAPLACE_AND_SCORE,
        "exp(-|s|/sqrt(2)): multiplied by the scale 1/sqrt(2) instead of divided by it",
        effect="B is twice too large.",
        fix=f"{_MODEL}, |s|/b with b = 1/sqrt(2); the slip: |s| b",
    ),
    made_by(
        _SourcesTransposed(),
        "sources-transposed",
        LAPLACE_AND_SCORE,
        "s = B' u: points as rows are multiplied by B instead of B'",
        effect="B is estimated transposed: its columns are the rows. A test with a symmetric B sees nothing.",
        fix="s = B u, for points as rows u @ B.T; the slip: u @ B",
    ),
    made_by(
        _MeanOverDimensions(),
        "mean-over-dimensions",
        LAPLACE,
        "the mean over the sources instead of the sum",
        effect="B is n times too large. Nothing to see at n = 1.",
        fix=f"{_MODEL}; the slip: -(sqrt(2)/n) sum_i |b_i . u|",
    ),
    made_by(
        _NoAbs(),
        "no-abs",
        LAPLACE,
        "the absolute value is forgotten",
        effect="The model is no density: it grows for ever on one side.",
        fix=f"{_MODEL}; the slip: -sqrt(2) sum_i b_i . u",
    ),
    made_by(
        _AbsOfSum(),
        "abs-of-sum",
        LAPLACE,
        "|sum_i s_i| instead of sum_i |s_i|",
        effect="Only the sum of B's rows is seen; B cannot be estimated. Nothing to see at n = 1.",
        fix=f"{_MODEL}; the slip: -sqrt(2) |sum_i b_i . u|",
    ),
    made_by(
        _Squared(),
        "squared-sources",
        LAPLACE,
        "s^2 instead of |s|: Gaussian sources",
        effect="B is determined up to a rotation only: nothing is separated.",
        fix=f"{_MODEL}; the slip: -sqrt(2) sum_i (b_i . u)^2",
    ),
    made_by(
        _Smoothed(),
        "smoothed-abs",
        LAPLACE,
        "|s| smoothed to ln cosh(10 s)/10, whose slope is tanh(10 s)",
        effect="A different density: B is biased however large the sample, and c is not that of the Laplace model.",
        fix=f"{_MODEL}; smooth for the optimiser if you must, not for the answer. The slip: ln cosh(10 s)/10",
        seen="the smoothing of P10's score matching, where it biases B by a factor of 1.064",
    ),
    made_by(
        _KinkOne(),
        "kink-convention",
        LAPLACE_GRADIENT,
        "the derivative of |s| at s = 0 is 1 instead of 0",
        effect="None off exact zeros, which real data hardly has: a choice, not an error. Say which.",
        fix="d|s|/ds = 0 at s = 0 here, as sign(0) = 0 has it; the other choice: 1",
        seen="JAX 0.10 (NumPy, PyTorch, TensorFlow: 0)",
        choice=True,
    ),
    made_by(
        _NormalisedAndC(),
        "normalised-and-c",
        ("laplace_ica_log_density", *OF_MODELS),
        "the model is normalised analytically, and c is added as well",
        effect="B stays right and c goes to 0 instead of -ln Z: c is the error of a normalisation that is done already.",
        fix=f"{_MODEL}; the slip: ln|det B| - (n/2) ln 2 on top",
    ),
    made_by(
        _CIgnored(),
        "c-fixed",
        ("laplace_ica_log_density", *OF_MODELS),
        "c is ignored: fixed at 0 without saying so",
        effect="B has to make up for the normalisation: 1.19 instead of 1 in the 1-D Laplace model.",
        fix=f"{_MODEL}, c free or c = -ln Z; the slip: c = 0",
        seen="language-model NCE codes",
    ),
    made_by(
        _CTied(),
        "c-tied",
        ("laplace_ica_log_density", *OF_MODELS),
        "the model is normalised analytically, and c is ignored: c = -ln Z throughout",
        effect="Consistent, but another estimator: the parameters move with c tied to them, so that estimates differ in every finite "
        "sample, and variances and standard errors are not those of NCE with c free.",
        fix=f"{_MODEL}, c a parameter of its own with dJ/dc; the slip: c = -ln Z, dJ/dB + dJ/dc d(-ln Z)/dB",
    ),
    made_by(
        _COnData(),
        "c-data-only",
        OF_MODELS,
        "c is added on the data points and forgotten on the noise points",
        effect="No constant shift: B and c are both wrong.",
        fix=f"{_MODEL} at every point, x and y; the slip: no c at y",
    ),
    made_by(
        _ModelCentred(),
        "model-centred",
        (*OF_MODELS, *IMPORTANCE_OF_MODEL),
        "the noise's mean is subtracted from the points in the model as well",
        effect="The model is fitted around the wrong centre; nothing to see where the noise is centred.",
        fix=f"{_MODEL}; the slip: u - noise_mean for u",
    ),
    made_by(
        _ModelNoHalf(),
        "model-no-half",
        ("gaussian_nce",),
        "1/2 forgotten in the Gaussian model",
        effect="The precision is estimated at half its value; c is right.",
        fix=f"{_GAUSSIAN}; the slip: -u' precision u",
    ),
    made_by(
        _ModelCovariance(),
        "model-covariance",
        ("gaussian_nce",),
        "the Gaussian model takes the matrix for a covariance",
        effect="The estimate is the inverse of what it is called.",
        fix=f"{_GAUSSIAN}; the slip: -1/2 u' precision^-1 u",
    ),
    made_by(
        _ModelDiagonal(),
        "model-diagonal",
        ("gaussian_nce",),
        "the Gaussian model uses the diagonal of the precision only",
        effect="Dependence is not modelled; entries off the diagonal never move. Nothing to see at n = 1.",
        fix=f"{_GAUSSIAN}; the slip: -1/2 sum_i precision_ii u_i^2",
    ),
)
