"""Slips in the models: Laplace ICA, the Gaussian, and the parameter c."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref.oracle.families.base import (
    LOG_2,
    Array,
    Mistake,
    Pullback,
)
from nce_ref.oracle.families.densities.textbook import (
    ConstantSteps,
    DemixingSteps,
    GaussianModelSteps,
    GaussianSteps,
    LaplaceSteps,
    LikelihoodSteps,
    ScaleSteps,
)


class _Scale(ScaleSteps):
    def __init__(self, scale: float) -> None:
        self.scale = scale

    @property
    def laplace_scale(self) -> float:
        return self.scale


_MODEL = "ln p_m = -sqrt(2) sum_i |b_i . u| + c"

LAPLACE_SCALE = Mistake(
    "laplace-scale",
    "exp(-|s|) instead of exp(-sqrt(2)|s|)",
    _Scale(1.0),
    effect="B is sqrt(2) times too large; c's estimate is right, so a test of c sees nothing.",
    fix=f"{_MODEL}, sources of unit variance; the slip: -sum_i |b_i . u|",
    seen="two public ICA codes differ by this",
)

LAPLACE_SCALE_INVERTED = Mistake(
    "laplace-scale-inverted",
    "exp(-|s|/sqrt(2)): multiplied by the scale 1/sqrt(2) instead of divided by it",
    _Scale(ScaleSteps.sqrt2 / 2.0),
    effect="B is twice too large.",
    fix=f"{_MODEL}, |s|/b with b = 1/sqrt(2); the slip: |s| b",
)


class _SourcesTransposed(DemixingSteps):
    def demixing(self, B: Array) -> tuple[Array, Callable[[Array], Array]]:
        return B.T, lambda of_B: of_B.T


SOURCES_TRANSPOSED = Mistake(
    "sources-transposed",
    "s = B' u: points as rows are multiplied by B instead of B'",
    _SourcesTransposed(),
    effect="B is estimated transposed: its columns are the rows. A test with a symmetric B sees nothing.",
    fix="s = B u, for points as rows u @ B.T; the slip: u @ B",
)


class _MeanOverDimensions(LaplaceSteps):
    def sum_of_sources(self, s: Array) -> tuple[Array, Array]:
        value, slope = super().sum_of_sources(s)
        return value / s.shape[1], slope / s.shape[1]


MEAN_OVER_DIMENSIONS = Mistake(
    "mean-over-dimensions",
    "the mean over the sources instead of the sum",
    _MeanOverDimensions(),
    effect="B is n times too large. Nothing to see at n = 1.",
    fix=f"{_MODEL}; the slip: -(sqrt(2)/n) sum_i |b_i . u|",
)


class _NoAbs(LaplaceSteps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        return s, np.ones_like(s)


NO_ABS = Mistake(
    "no-abs",
    "the absolute value is forgotten",
    _NoAbs(),
    effect="The model is no density: it grows for ever on one side.",
    fix=f"{_MODEL}; the slip: -sqrt(2) sum_i b_i . u",
)


class _AbsOfSum(LaplaceSteps):
    def sum_of_sources(self, s: Array) -> tuple[Array, Array]:
        value, slope = self.absolute(s.sum(axis=1))
        return value, np.broadcast_to(slope[:, None], s.shape)


ABS_OF_SUM = Mistake(
    "abs-of-sum",
    "|sum_i s_i| instead of sum_i |s_i|",
    _AbsOfSum(),
    effect="Only the sum of B's rows is seen; B cannot be estimated. Nothing to see at n = 1.",
    fix=f"{_MODEL}; the slip: -sqrt(2) |sum_i b_i . u|",
)


class _Squared(LaplaceSteps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        return s * s, 2.0 * s


SQUARED_SOURCES = Mistake(
    "squared-sources",
    "s^2 instead of |s|: Gaussian sources",
    _Squared(),
    effect="B is determined up to a rotation only: nothing is separated.",
    fix=f"{_MODEL}; the slip: -sqrt(2) sum_i (b_i . u)^2",
)


class _Smoothed(LaplaceSteps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        size = np.abs(s)
        return size + (np.log1p(np.exp(-20.0 * size)) - LOG_2) / 10.0, np.tanh(10.0 * s)


SMOOTHED_ABS = Mistake(
    "smoothed-abs",
    "|s| smoothed to ln cosh(10 s)/10, whose slope is tanh(10 s)",
    _Smoothed(),
    effect="A different density: B is biased however large the sample, and c is not that of the Laplace model.",
    fix=f"{_MODEL}; smooth for the optimiser if you must, not for the answer. The slip: ln cosh(10 s)/10",
    seen="the smoothing of P10's score matching, where it biases B by a factor of 1.064",
)


class _KinkOne(LaplaceSteps):
    def absolute(self, s: Array) -> tuple[Array, Array]:
        return np.abs(s), np.sign(s) + (s == 0.0)


KINK_CONVENTION = Mistake(
    "kink-convention",
    "the derivative of |s| at s = 0 is 1 instead of 0",
    _KinkOne(),
    effect="None off exact zeros, which real data hardly has: a choice, not an error. Say which.",
    fix="d|s|/ds = 0 at s = 0 here, as sign(0) = 0 has it; the other choice: 1",
    seen="JAX 0.10 (NumPy, PyTorch, TensorFlow: 0)",
    choice=True,
    gradient=True,
)


class _NormalisedAndC(GaussianSteps, LikelihoodSteps, GaussianModelSteps):
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


NORMALISED_AND_C = Mistake(
    "normalised-and-c",
    "the model is normalised analytically, and c is added as well",
    _NormalisedAndC(),
    effect="B stays right and c goes to 0 instead of -ln Z: c is the error of a normalisation that is done already.",
    fix=f"{_MODEL}; the slip: ln|det B| - (n/2) ln 2 on top",
    only=("laplace_ica_log_density", "laplace_ica_nce", "gaussian_nce"),
)


class _CIgnored(ConstantSteps):
    def constant(self, c: float, is_data: bool) -> tuple[float, float]:
        return 0.0, 0.0


C_FIXED = Mistake(
    "c-fixed",
    "c is ignored: fixed at 0 without saying so",
    _CIgnored(),
    effect="B has to make up for the normalisation: 1.19 instead of 1 in the 1-D Laplace model.",
    fix=f"{_MODEL}, c free or c = -ln Z; the slip: c = 0",
    seen="language-model NCE codes",
    only=("laplace_ica_log_density", "laplace_ica_nce", "gaussian_nce"),
)


class _CTied(_CIgnored, _NormalisedAndC):
    """c = -ln Z throughout."""


C_TIED = Mistake(
    "c-tied",
    "the model is normalised analytically, and c is ignored: c = -ln Z throughout",
    _CTied(),
    effect=(
        "Consistent, but another estimator: the parameters move with c tied to them, so that"
        " estimates differ in every finite sample, and variances and standard errors are not those"
        " of NCE with c free."
    ),
    fix=(
        f"{_MODEL}, c a parameter of its own with dJ/dc; the slip: c = -ln Z, dJ/dB + dJ/dc d(-ln"
        " Z)/dB"
    ),
    only=("laplace_ica_log_density", "laplace_ica_nce", "gaussian_nce"),
)


class _ModelNoHalf(GaussianModelSteps):
    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        value, back = super().model_half_quadratic(precision, u)
        return 2.0 * value, lambda w: 2.0 * back(w)


_GAUSSIAN = "ln p_m = -1/2 u' precision u + c"

MODEL_NO_HALF = Mistake(
    "model-no-half",
    "1/2 forgotten in the Gaussian model",
    _ModelNoHalf(),
    effect="The precision is estimated at half its value; c is right.",
    fix=f"{_GAUSSIAN}; the slip: -u' precision u",
    only=("gaussian_nce",),
)


class _ModelCovariance(GaussianModelSteps):
    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        inverse = np.linalg.inv(precision)
        value, back = super().model_half_quadratic(inverse, u)
        return value, lambda w: -inverse @ back(w) @ inverse


MODEL_COVARIANCE = Mistake(
    "model-covariance",
    "the Gaussian model takes the matrix for a covariance",
    _ModelCovariance(),
    effect="The estimate is the inverse of what it is called.",
    fix=f"{_GAUSSIAN}; the slip: -1/2 u' precision^-1 u",
    only=("gaussian_nce",),
)


class _ModelDiagonal(GaussianModelSteps):
    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        value, back = super().model_half_quadratic(np.diag(np.diag(precision)), u)
        return value, lambda w: np.diag(np.diag(back(w)))


MODEL_DIAGONAL = Mistake(
    "model-diagonal",
    "the Gaussian model uses the diagonal of the precision only",
    _ModelDiagonal(),
    effect="Dependence is not modelled; entries off the diagonal never move. Nothing to see at n = 1.",
    fix=f"{_GAUSSIAN}; the slip: -1/2 sum_i precision_ii u_i^2",
)


MISTAKES = (
    LAPLACE_SCALE,
    LAPLACE_SCALE_INVERTED,
    SOURCES_TRANSPOSED,
    MEAN_OVER_DIMENSIONS,
    NO_ABS,
    ABS_OF_SUM,
    SQUARED_SOURCES,
    SMOOTHED_ABS,
    KINK_CONVENTION,
    NORMALISED_AND_C,
    C_FIXED,
    C_TIED,
    MODEL_NO_HALF,
    MODEL_COVARIANCE,
    MODEL_DIAGONAL,
)
