"""Problems that the tests of asymptotics.py share, and the unit in which it states its error."""

from __future__ import annotations

import numpy as np

from nce_ref.models.gaussian import Gaussian
from nce_ref.models.laplace_ica import LaplaceICA
from nce_ref.noise import GaussianNoise


class Plain:
    """A model stripped of what it offers beyond the common face, so that the general rules must do the work."""

    def __init__(self, model, *hidden):
        self._model, self._hidden = model, ("noise_weighted_moments", *hidden)

    def __getattr__(self, name):
        if name in self._hidden:
            raise AttributeError(name)
        return getattr(self._model, name)


def ica(n, rng, B=None):
    model = LaplaceICA(n_sources=n)
    B = rng.normal(size=(n, n)) if B is None else B
    return model, model.normalize(model.pack(B, 0.0)), B


def matched(B):
    A = np.linalg.inv(B)
    return GaussianNoise(np.zeros(len(B)), A @ A.T)


def gaussian(precision):
    model = Gaussian(n_dim=len(precision))
    return model, model.normalize(model.pack(np.asarray(precision, dtype=float), 0.0))


def in_units(difference, covariance):
    """Differences of entries relative to the geometric mean of the two variances, as ``integration_error`` has it."""
    scale = np.sqrt(np.diag(covariance))
    return np.abs(difference / np.outer(scale, scale)).max()
