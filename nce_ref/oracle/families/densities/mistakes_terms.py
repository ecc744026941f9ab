"""Slips in the terms of the models: other forms of |s|, a term too many, a sum over one axis too many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nce_ref.oracle.families.base import (
    LOG_2,
    Array,
    Mistake,
    Number,
    Pullback,
)
from nce_ref.oracle.families.densities.textbook import GaussianModelSteps, LaplaceSteps


class _RootAbs(LaplaceSteps):
    """|s| as sqrt(s^2 + eps)."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def absolute(self, s: Array) -> tuple[Array, Array]:
        root = np.sqrt(s * s + self.eps)
        return root, s / root


_MODEL = "ln p_m = -sqrt(2) sum_i |b_i . u| + c"


ROOT_ABS = Mistake(
    "root-abs",
    "|s| smoothed to sqrt(s^2 + eps)",
    _RootAbs(1e-6),
    effect=(
        "A different density, flat within sqrt(eps) of the kink: a bias of B that is small and does"
        " not go away with the sample. The value is off by as much at every point near a kink."
    ),
    fix=(
        f"{_MODEL}; smooth for the optimiser if you must, not for the answer. The slip: sqrt(s^2 +"
        " eps)"
    ),
    only=(
        "laplace_ica_log_density",
        "laplace_ica_mle",
        "laplace_ica_nce",
        "laplace_ica_importance_sampling",
    ),
    number=Number("eps", _RootAbs, (1e-6, 1e-4, 1e-8)),
)

ABS_AS_ROOT = Mistake(
    "abs-as-root",
    "|s| as sqrt(s^2), whose derivative at s = 0 is 0/0",
    _RootAbs(0.0),
    effect=(
        "The value is right and the gradient NaN as soon as one point lies on a kink, the origin"
        " included: the fit ends there."
    ),
    fix="|s| with the derivative sign(s), 0 at s = 0; the slip: sqrt(s^2)",
    gradient=True,
)


class _LogDetAndC(LaplaceSteps):
    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        value, pullback = super().laplace(B, c, u, is_data)
        log_det, slope = np.linalg.slogdet(B)[1], np.linalg.inv(B).T
        return value + log_det, lambda w: (pullback(w)[0] + w.sum() * slope, pullback(w)[1])


LOGDET_B_IN_MODEL = Mistake(
    "logdet-B-in-model",
    "ln|det B| is added to the unnormalised model, beside c",
    _LogDetAndC(),
    effect=(
        "B stays right and c comes out as -(n/2) ln 2: ln|det B|, which c is to estimate, stands in"
        " the model already."
    ),
    fix=f"{_MODEL}; the slip: + ln|det B|",
    only=("laplace_ica_log_density", "laplace_ica_nce"),
)


class _NoAxis(LaplaceSteps, GaussianModelSteps):
    """Sums over points and dimensions at once: one number, which every point is given."""

    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        s, back = self.sources(B, u)
        total, slope = self.sum_of_sources(s)
        value = np.full_like(total, c - self.laplace_scale * total.sum())
        return value, lambda w: (back(-self.laplace_scale * w.sum() * slope), w.sum())

    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        value, back = super().model_half_quadratic(precision, u)
        return np.full_like(value, value.sum()), lambda w: back(np.full_like(w, w.sum()))


MODEL_NO_AXIS = Mistake(
    "model-no-axis",
    "the model's sum runs over the points as well as the dimensions: every point is given the same"
    " number (axis forgotten)",
    _NoAxis(),
    effect=(
        "The model sees one number a sample: nothing can be estimated. No exception, since a scalar"
        " broadcasts."
    ),
    fix=f"{_MODEL}, a sum over i for every point; the slip: a sum without axis=1",
)


class _CPerDimension(LaplaceSteps, GaussianModelSteps):
    """c inside the sum over the dimensions."""

    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        value, pullback = super().laplace(B, len(B) * c, u, is_data)
        return value, lambda w: (pullback(w)[0], len(B) * pullback(w)[1])

    def gaussian(
        self, precision: Array, c: float, u: Array, is_data: bool = True
    ) -> tuple[Array, Pullback]:
        value, pullback = super().gaussian(precision, len(precision) * c, u, is_data)
        return value, lambda w: (pullback(w)[0], len(precision) * pullback(w)[1])


C_PER_DIMENSION = Mistake(
    "c-per-dimension",
    "c stands inside the sum over the dimensions: n c",
    _CPerDimension(),
    effect="B stays right and c comes out as 1/n of what it should be. Nothing to see at n = 1.",
    fix=f"{_MODEL}, c once; the slip: sum_i (c - sqrt(2) |b_i . u|)",
    only=("laplace_ica_log_density", "laplace_ica_nce", "gaussian_nce"),
)


class _LaplaceConstant(LaplaceSteps):
    """Every source by a normalised Laplace density."""

    def laplace(self, B: Array, c: float, u: Array, is_data: bool = True) -> tuple[Array, Pullback]:
        return super().laplace(B, c - 0.5 * len(B) * LOG_2, u, is_data)


LAPLACE_CONSTANT_IN_MODEL = Mistake(
    "laplace-constant-in-model",
    "the sources' densities are those of a library, normalised: -(n/2) ln 2 is in the model already, ln|det B| is not",
    _LaplaceConstant(),
    effect="B stays right and c comes out too large by (n/2) ln 2, as ln|det B|: c is to estimate all of -ln Z.",
    fix=f"{_MODEL}; the slip: sum_i Laplace(0, 1/sqrt(2)).log_prob(b_i . u) + c",
    only=("laplace_ica_log_density", "laplace_ica_nce"),
)


class _Euclidean(LaplaceSteps):
    """The sources' Euclidean norm, whose slope at the origin is 0 here."""

    def sum_of_sources(self, s: Array) -> tuple[Array, Array]:
        norm = np.linalg.norm(s, axis=1)
        return norm, s / np.where(norm > 0.0, norm, np.ones_like(norm))[:, None]


LAPLACE_EUCLIDEAN = Mistake(
    "laplace-euclidean",
    "the Euclidean norm of B u instead of the sum of absolute values: norm()'s default for ord=1",
    _Euclidean(),
    effect=(
        "A spherical density, not one of independent sources: B is determined up to a rotation"
        " only. Nothing to see at n = 1."
    ),
    fix=f"{_MODEL}; the slip: -sqrt(2) |B u|",
)


class _EinsumIndices(GaussianModelSteps):
    """1/2 sum_i u_i^2 sum_j P_ij."""

    def model_half_quadratic(
        self, precision: Array, u: Array
    ) -> tuple[Array, Callable[[Array], Array]]:
        value = 0.5 * (u * u) @ precision.sum(axis=1)
        return value, lambda w: np.repeat(0.5 * (w @ (u * u))[:, None], u.shape[1], axis=1)


MODEL_EINSUM_INDICES = Mistake(
    "model-einsum-indices",
    "an index slip in the model's quadratic form: sum_i u_i^2 sum_j P_ij, einsum('ti,ij,ti->t')",
    _EinsumIndices(),
    effect=(
        "Dependence is not modelled; only the sums of the precision's rows are seen, its entries"
        " cannot be told apart. Nothing to see at n = 1."
    ),
    fix=(
        "-1/2 u' precision u = -1/2 einsum('ti,ij,tj->t', u, precision, u); the slip: the last"
        " index i for j"
    ),
)


MISTAKES = (
    ROOT_ABS,
    ABS_AS_ROOT,
    LOGDET_B_IN_MODEL,
    MODEL_NO_AXIS,
    C_PER_DIMENSION,
    LAPLACE_CONSTANT_IN_MODEL,
    LAPLACE_EUCLIDEAN,
    MODEL_EINSUM_INDICES,
)
