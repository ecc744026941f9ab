"""layers.py: the estimators and the asymptotics are typed by the layers, and take what these say."""

from __future__ import annotations

import inspect
import typing

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.models.layers import AnyModel, NormalizedModel, ScoredModel

LAYERS = (AnyModel, NormalizedModel, ScoredModel)
FUNCTIONS = [
    name
    for name in nr.__all__
    if name.startswith(
        (
            "fit_",
            "held_out",
            "asymptotic_",
            "cramer",
            "ranking_cov",
            "conditional_cov",
            "weighted_cov",
        )
    )
    and "model" in inspect.signature(getattr(nr, name)).parameters
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_model_is_typed_by_its_layer(name):
    hint = typing.get_type_hints(getattr(nr, name))["model"]
    assert hint in LAYERS
    needed = {
        "fit_mle": NormalizedModel,
        "fit_score_matching": ScoredModel,
        "fit_contrastive_divergence": ScoredModel,
    }
    assert hint == needed.get(name, AnyModel)


def test_all_fits_are_among_them():
    assert {"fit_nce", "fit_nce_adam", "fit_mle", "fit_weighted", "fit_ranking_nce"} <= set(
        FUNCTIONS
    )
    assert len(FUNCTIONS) >= 14


class Normal:
    """Two functions: a precision and c."""

    n_dim, n_params = 1, 2

    def log_density(self, theta, u):
        return -0.5 * theta[0] * u[:, 0] ** 2 + theta[1]

    def pullback(self, theta, u, weights):
        return np.array([-0.5 * weights @ u[:, 0] ** 2, weights.sum()])


NOISE = nr.GaussianNoise([0.0], [[2.0]])
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((400, 1)), NOISE.sample(1200, RNG)
FITS = {
    "nce": lambda m: nr.fit_nce(m, NOISE, X, Y, start=[0.7, -0.5]),
    "weighted": lambda m: nr.fit_weighted(m, NOISE, X, Y, nr.PowerWeight(-0.5), start=[0.7, -0.5]),
    "importance": lambda m: nr.fit_importance_sampling(m, NOISE, X, Y, start=[0.7, -0.5]),
    "ranking": lambda m: nr.fit_ranking_nce(m, NOISE, X, Y.reshape(400, 3, 1), start=[0.7, -0.5]),
    "conditional": lambda m: nr.fit_conditional_nce(
        m,
        nr.GaussianSteps([[1.0]]),
        X,
        nr.GaussianSteps([[1.0]]).sample(X, 3, np.random.default_rng(1)),
        start=[0.7, -0.5],
    ),
}


@pytest.mark.parametrize("what", FITS)
def test_two_functions_go_wherever_the_house_s_model_goes(what):
    own, house = FITS[what](Normal()), FITS[what](nr.Gaussian(1))
    assert own.converged and house.converged
    np.testing.assert_allclose(own.theta[0], house.theta[0], atol=1e-6)


def test_what_is_missing_is_named_by_every_one_of_them():
    class One:
        n_dim, n_params = 1, 2

        def log_density(self, theta, u):
            return u[:, 0]

    for fit in FITS.values():
        with pytest.raises(ValueError, match=r"One without jacobian \(or pullback\)"):
            fit(One())
    theta, weight = [1.0, 0.0], nr.LogisticWeight(1.0)
    with pytest.raises(
        ValueError, match="without log_normalizer; expected for weighted_covariance"
    ):
        nr.weighted_covariance(Normal(), theta, NOISE, 1.0, weight)
    with pytest.raises(ValueError, match="without log_normalizer; expected for ranking_covariance"):
        nr.ranking_covariance(Normal(), theta, NOISE, 1)
    with pytest.raises(
        ValueError, match="without log_normalizer; expected for conditional_covariance"
    ):
        nr.conditional_covariance(Normal(), theta, nr.GaussianSteps([[1.0]]), 1)
