r"""What a model cannot offer when its normalising constant is an integral that nobody can do, and no second derivatives
exist.

It can still be fitted by NCE with gradients alone, and that is NCE's point (P10): c is a parameter, Z is never
computed.

Every method here raises NotImplementedError with its reason and with what to do instead, so that a caller who asks for
maximum likelihood, for the asymptotic covariance or for Newton steps is told at once; ``noise_weighted_moments``
answers None, which means "no structure to use".
"""

from __future__ import annotations

from typing import Any, Never

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float
from nce_ref.models.base import Kinks, Model, Pass, ScoreMatchingPass
from nce_ref.models.moments import Moments


class NoClosedForm:
    """The part of ``models.base.Model`` that needs ln Z, a sampler, or a second derivative: refused, with the
    reason."""

    def log_normalizer(self, theta: ArrayLike) -> float:
        """Not available: ln Z is an integral over all points without a closed form."""
        self._refuse("log_normalizer")

    def log_normalizer_gradient(self, theta: ArrayLike) -> Float:
        """Not available, as ``log_normalizer``."""
        self._refuse("log_normalizer_gradient")

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float:
        """Not available, as ``log_normalizer``."""
        self._refuse("log_normalizer_hessian")

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """Not available, as ``log_normalizer``."""
        self._refuse("log_normalizer_block_hessian")

    def normalize(self, theta: ArrayLike) -> Float:
        """Not available, as ``log_normalizer``; subtract an estimate of ln Z from c instead."""
        self._refuse("normalize")

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator) -> Float:
        """Not available: there is no direct way to draw from exp of a network."""
        self._refuse("sample")

    def transport(self, theta: ArrayLike, uniforms: ArrayLike) -> Float:
        """Not available, as ``sample``."""
        self._refuse("transport")

    def score_matching(self, theta: ArrayLike, u: ArrayLike, slope: float) -> ScoreMatchingPass:
        """Not available: it takes the derivative by theta of the score's divergence, a third derivative of the
        network."""
        raise NotImplementedError(
            f"score_matching: {type(self).__name__} offers first derivatives only; NCE needs no more"
        )

    def smoothed(self, epsilon: float) -> Model:
        """Not available: smoothing serves Newton's method, and there are no second derivatives."""
        refuse_second_order(type(self).__name__)

    def noise_weighted_moments(self, theta: ArrayLike, noise: Any, nu: float) -> Moments | None:
        """None: no structure to use."""
        return None

    def _refuse(self, what: str) -> Never:
        raise NotImplementedError(
            f"{what}: Z of {type(self).__name__} has no closed form, and it cannot be drawn from directly; "
            "NCE fits it without, and integral_by_importance(model, theta, noise, y) estimates ln of its integral"
        )


class FirstOrderPass:
    """The part of ``models.base.Pass`` that Newton's method and the certificate need: refused."""

    def curvature(self, weights: Float, gram_weights: Float) -> Float:
        """Not available."""
        refuse_second_order(type(self).__name__)

    def kinks(self) -> Kinks:
        """Not available: kinks inside a network are no |a . theta|; the model's own ``kinks`` tells where they are."""
        refuse_second_order(type(self).__name__)

    def steepness(self) -> float:
        """Not available."""
        refuse_second_order(type(self).__name__)

    def without(self, kinks: NDArray[np.bool_]) -> Pass:
        """Not available."""
        refuse_second_order(type(self).__name__)


def refuse_second_order(name: str) -> Never:
    """Raise NotImplementedError: Newton's method and the certificate are not for this model; gradients are."""
    raise NotImplementedError(
        f"{name} offers first derivatives only, and fits with a certificate climb by Newton's"
        " method and read it off the Hessian; for NCE use nr.fit_nce_adam(model, noise, x, y,"
        " n_epochs=..., rng=rng), or, where the activation is smooth, L-BFGS:"
        " nce_ref.optimize.maximize_lbfgs(nr.NCEObjective(model, noise, x, y), start)"
    )
