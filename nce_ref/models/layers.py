r"""The layers of a model as types: what a stranger writes, and what each further member brings. Nothing is inherited.

=====================================================  ==================================================================
``ModelByJacobian`` or ``ModelByPullback``             ``fit_nce``, ``fit_nce_adam``, standard errors, ``check_model``, held-out J; in one
                                                       dimension, asymptotics
+ ``log_normalizer``, ``log_normalizer_gradient``      ``ModelWithNormalizer``: ``fit_mle``, bounds
+ ``sample``                                           ``ModelWithSampler``: asymptotics by Monte Carlo, ``rng`` required
+ ``transport``, with ln Z                             ``ModelWithTransport``: asymptotics by Sobol points, no ``rng``
+ ``score``                                            ``ModelWithScore``: score matching, contrastive divergence
``evaluate`` and all of ``Model``                      what the house's models offer
=====================================================  ==================================================================

``curvature(theta, u, weights)``, sum_t weights[t] d^2 ln p_m/d theta^2, takes the place of differences wherever it is
offered.

Conventions
-----------
theta, u, weights   as in ``models/base.py``
"""  # noqa: E501

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.models.base import Model


class _Sizes(Protocol):
    @property
    def n_dim(self) -> int: ...

    @property
    def n_params(self) -> int: ...

    def log_density(self, theta: ArrayLike, u: ArrayLike, /) -> ArrayLike:
        """ln p_m(u; theta), c included: (n_points,)."""
        ...


class ModelByJacobian(_Sizes, Protocol):
    """What is enough of a model: ``n_dim``, ``n_params``, ``log_density(theta, u)``, ``jacobian(theta, u)``. See
    ``nce_ref/models/layers.py``.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> class Quartic:
    ...     n_dim, n_params = 1, 3
    ...     def log_density(self, theta, u):
    ...         return theta[0] * u[:, 0] ** 2 + theta[1] * u[:, 0] ** 4 + theta[2]
    ...     def jacobian(self, theta, u):
    ...         return np.column_stack([u[:, 0] ** 2, u[:, 0] ** 4, np.ones(len(u))])
    >>> nr.check_model(Quartic(), [0.3, -0.2, 0.1], [[0.5], [-1.0], [2.0]]).ok
    True
    """

    def jacobian(self, theta: ArrayLike, u: ArrayLike, /) -> ArrayLike:
        """d ln p_m / d theta: (n_points, n_params)."""
        ...


class ModelByPullback(_Sizes, Protocol):
    """The same with ``pullback(theta, u, weights)`` in the place of the Jacobian, where that is too large.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> class Centre:
    ...     n_dim, n_params = 1, 2
    ...     def log_density(self, theta, u):
    ...         return -np.cosh(u[:, 0] - theta[0]) + theta[1]
    ...     def pullback(self, theta, u, weights):
    ...         return np.array([weights @ np.sinh(u[:, 0] - theta[0]), weights.sum()])
    >>> nr.check_model(Centre(), [0.3, -0.2], [[0.5], [-1.0], [2.0]]).ok
    True
    """

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike, /) -> ArrayLike:
        """sum_t weights[t] d ln p_m(u_t) / d theta: (n_params,)."""
        ...


class ModelWithNormalizer(Protocol):
    """The layer that ``fit_mle`` and bounds take: ln Z and its gradient.

    Examples
    --------
    >>> import nce_ref as nr
    >>> layer: nr.ModelWithNormalizer = nr.Gaussian(1)
    >>> round(layer.log_normalizer([1.0, 0.0]), 4)
    0.9189
    """

    def log_normalizer(self, theta: ArrayLike, /) -> float:
        """ln Z of the model without c."""
        ...

    def log_normalizer_gradient(self, theta: ArrayLike, /) -> ArrayLike:
        """d ln Z / d theta, 0 for c: (n_params,)."""
        ...


class ModelWithSampler(Protocol):
    """The layer that asymptotics by Monte Carlo take: ``sample(theta, n_points, rng)``.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> layer: nr.ModelWithSampler = nr.Gaussian(2)
    >>> layer.sample([1.0, 0.0, 1.0, 0.0], 3, np.random.default_rng(0)).shape
    (3, 2)
    """

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator, /) -> ArrayLike:
        """Points of exp(ln p_m - c)/Z: (n_points, n_dim)."""
        ...


class ModelWithTransport(Protocol):
    """The layer that asymptotics by Sobol points take: ``transport(theta, uniforms)``, a map of the open unit cube onto
    the density.

    Examples
    --------
    >>> import nce_ref as nr
    >>> layer: nr.ModelWithTransport = nr.Gaussian(1)
    >>> abs(layer.transport([1.0, 0.0], [[0.5]])) < 1e-15
    array([[ True]])
    """

    def transport(self, theta: ArrayLike, uniforms: ArrayLike, /) -> ArrayLike:
        """(n_points, n_dim) to (n_points, n_dim)."""
        ...


class ModelWithScore(Protocol):
    """The layer that score matching and contrastive divergence take: ``score(theta, u)``, d ln p_m / d u.

    Examples
    --------
    >>> import nce_ref as nr
    >>> layer: nr.ModelWithScore = nr.Gaussian(1)
    >>> layer.score([2.0, 0.0], [[3.0]])
    array([[-6.]])
    """

    def score(self, theta: ArrayLike, u: ArrayLike, /) -> ArrayLike:
        """(n_points, n_dim)."""
        ...


AnyModel = Model | ModelByJacobian | ModelByPullback
