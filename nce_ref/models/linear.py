r"""Log-densities that are linear in theta: features of a stranger's own, weighed and added.

    ln p_m(u; theta) = sum_j weights_j features_j(u) + c,      g(u) = (features(u), 1)

The NCE objective of such a model is concave: every maximum is the global one, and the certificate proves that there is
one (separable samples have none). Features that are linearly dependent on the samples leave weights undetermined:
"flat".

Conventions
-----------
theta      (n_features + 1,)          (weights, c)
u          (n_points, n_dim)          points are rows
features   (n_points, n_features)     of each point by itself, without a constant, which c is
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float, as_array, as_count, as_generator, as_points, as_vector
from nce_ref.models.base import Kinks, Pullback, no_kinks
from nce_ref.models.no_closed_form import NoClosedForm

_UNIT = 2.0**-53


class LinearPass:
    """One pass over points whose g is given, (n_points, n_params), c's column of 1 last; see
    ``models.base.AffinePass``."""

    def __init__(self, theta: Float, g: Float) -> None:
        self._theta, self._g = theta, g
        self.log_density: Float = g @ theta

    def pullback(self, weights: Float) -> Float:
        """sum_t weights[t] g(u_t)."""
        return np.asarray(self._g.T @ weights)

    def curvature(self, weights: Float, gram_weights: Float) -> Float:
        """sum_t gram_weights[t] g g^T; ln p_m is linear in theta, so ``weights`` meet a second derivative of 0."""
        if not gram_weights.any():
            return np.zeros((self._g.shape[1],) * 2)
        return np.asarray((self._g.T * gram_weights) @ self._g)

    def kinks(self) -> Kinks:
        """None."""
        return no_kinks(*self._g.shape)

    def steepness(self) -> float:
        """The largest |g(u_t)|."""
        return float(np.linalg.norm(self._g, axis=1).max())

    def without(self, kinks: NDArray[np.bool_]) -> LinearPass:
        """Itself: there is no kink to leave out."""
        return self

    def jacobian(self, points: slice | NDArray[np.intp]) -> Float:
        """g of a run of points, or of listed ones, one a column: (n_params, n_points)."""
        return self._g[points].T

    def largest(self) -> Float:
        """The largest |g_i|."""
        return np.asarray(np.abs(self._g).max(axis=0))

    def with_slopes(
        self, terms: NDArray[np.intp], points: NDArray[np.intp], slopes: Float
    ) -> LinearPass:
        """Itself: there is no kink."""
        return self

    def rounding(self) -> Float:
        """n_params roundings of |g| |theta|; those inside the features are theirs."""
        return np.asarray((len(self._theta) + 2) * _UNIT * (np.abs(self._g) @ np.abs(self._theta)))


class LinearModel(NoClosedForm):
    """What follows from g alone, for models that are linear in theta: ``_jacobian(u)`` gives (n_points, n_params)."""

    affine_between_kinks = True

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        raise NotImplementedError

    @property
    def n_params(self) -> int:
        """Length of theta, c included."""
        raise NotImplementedError

    def _jacobian(self, u: Float) -> Float:
        raise NotImplementedError

    def log_density(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return ln p_m(u; theta), c included: (n_points,)."""
        return self.evaluate(self._theta(theta), as_points("u", u, self.n_dim)).log_density

    def jacobian(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return g(u), (n_points, n_params); it does not depend on theta."""
        self._theta(theta)
        return self._jacobian(as_points("u", u, self.n_dim))

    def vjp(self, theta: ArrayLike, u: ArrayLike) -> tuple[Float, Pullback]:
        """Return ``(log_density, pullback)`` of one pass over the points; pullback(weights) = sum_t weights[t]
        g(u_t)."""
        u = as_points("u", u, self.n_dim)
        once = self.evaluate(self._theta(theta), u)
        return once.log_density, lambda weights: once.pullback(
            as_vector("weights", weights, len(u))
        )

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float:
        """Return sum_t weights[t] g(u_t): (n_params,)."""
        return self.vjp(theta, u)[1](weights)

    def evaluate(self, theta: Float, u: Float) -> LinearPass:
        """One pass over points that were checked before; see ``models.base.Pass``."""
        return LinearPass(theta, self._jacobian(u))

    def score(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Not available: the features' derivatives by the point are not known."""
        raise NotImplementedError(
            f"score: {type(self).__name__} knows no derivative by the point; NCE needs none"
        )

    def kinks(self, theta: ArrayLike, u: ArrayLike) -> Kinks:
        """None: ln p_m is linear in theta."""
        return no_kinks(len(as_points("u", u, self.n_dim)), self.n_params)

    def smoothed(self, epsilon: float) -> Any:
        """The model itself, smooth as it is in theta."""
        return self

    def random_start(self, rng: np.random.Generator) -> Float:
        """Return a start: all entries from 0.1 N(0, 1); the objective is concave, so the start decides nothing but the
        time."""
        return 0.1 * as_generator("rng", rng).standard_normal(self.n_params)

    def in_feature_units(self, sizes: Float) -> ScaledFeatures:
        """The same family by features over ``sizes`` (n_params,): theta there is ``sizes`` times theta here."""
        return ScaledFeatures(self, sizes)

    def _theta(self, theta: ArrayLike) -> Float:
        return as_vector("theta", theta, self.n_params)


class ScaledFeatures(LinearModel):
    """A linear model whose features are divided by ``sizes``; powers of two leave every digit."""

    def __init__(self, given: LinearModel, sizes: Float) -> None:
        self._given, self._sizes = given, sizes

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return self._given.n_dim

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return self._given.n_params

    def _jacobian(self, u: Float) -> Float:
        return self._given._jacobian(u) / self._sizes


class FeatureModel(LinearModel):
    """ln p_m = weights . features(u) + c, by a function of the points alone. ``theta = (weights, c)``.

    Parameters
    ----------
    features : function u -> (n_points, n_features)
        Float64 in, finite numbers out; row t depends on point t alone. No column may be constant: that is what c is
        for.
    n_dim : int
        Dimension of a point.
    n_features : int, optional
        Asked of ``features`` at the point 0 where it is left out.

    Raises
    ------
    ValueError
        Where ``features`` cannot be called at 0 and ``n_features`` is not given; later, where it returns another shape,
        NaN or inf, or a column that is the same at all of the (two or more) points of a sample.

    Examples
    --------
    >>> import numpy as np, nce_ref as nr
    >>> quartic = nr.FeatureModel(lambda u: np.hstack([u, u**2, u**4]), n_dim=1)
    >>> quartic.n_params
    4
    """

    def __init__(
        self, features: Callable[[Float], Any], n_dim: int, n_features: int | None = None
    ) -> None:
        if not callable(features):
            raise ValueError(
                f"features: got {type(features).__name__}; expected a function u -> (n_points, n_features)"
            )
        self.features, self._n_dim = features, as_count("n_dim", n_dim)
        if n_features is None:
            try:
                n_features = int(np.shape(features(np.zeros((1, self._n_dim))))[1])
            except Exception as error:
                raise ValueError(
                    f"features: at the point 0 it raised {type(error).__name__} ({error}), or returned no matrix; "
                    "expected (n_points, n_features), or n_features=... where 0 is no point"
                ) from None
        self._n_features = as_count("n_features", n_features)

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return self._n_dim

    @property
    def n_params(self) -> int:
        """One weight a feature, and c."""
        return self._n_features + 1

    def pack(self, weights: ArrayLike, c: float) -> Float:
        """Return theta from the weights and c."""
        return np.append(as_vector("weights", weights, self.n_params - 1), as_array("c", c, 0))

    def unpack(self, theta: ArrayLike) -> tuple[Float, float]:
        """Return (weights, c) from theta."""
        theta = self._theta(theta)
        return theta[:-1].copy(), float(theta[-1])

    def check_sample(self, samples: Iterable[Float]) -> None:
        """Raise ValueError for a feature that is the same at all points of the samples together: it could not be told
        from c."""
        low, high = np.full(self.n_params - 1, np.inf), np.full(self.n_params - 1, -np.inf)
        n_points = 0
        for points in samples:
            found = self._jacobian(points)[:, :-1]
            n_points += len(found)
            low = np.minimum(low, found.min(axis=0))
            high = np.maximum(high, found.max(axis=0))
        if n_points > 1 and (low == high).any():
            j = int(np.argmax(low == high))
            raise ValueError(
                f"features: column {j} is {low[j]:.6g} at all {n_points} points; expected features"
                " that vary: the constant is c"
            )

    def _jacobian(self, u: Float) -> Float:
        found = as_array("features(u)", self.features(u), 2, (len(u), self.n_params - 1))
        return np.concatenate([found, np.ones((len(u), 1))], axis=1)
