"""no_closed_form.py: what a network has not is refused with the reason and the way out."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from tests.models.naive_mlp import base_of


def test_what_needs_z_or_second_derivatives_is_refused_with_the_way_out():
    model, noise, rng = nr.MLP([2, 3, 1], base=base_of(2)), base_of(2), np.random.default_rng(38)
    theta, x, y = model.random_start(rng), rng.standard_normal((20, 2)), noise.sample(30, rng)
    for call in (
        lambda: model.log_normalizer(theta),
        lambda: model.normalize(theta),
        lambda: model.sample(theta, 3, rng),
        lambda: nr.fit_mle(model, x, start=theta),
        lambda: nr.asymptotic_covariance(model, theta, noise, 1.0),
    ):
        with pytest.raises(
            NotImplementedError, match=r"Z of MLP has no closed form.*integral_by_importance"
        ):
            call()
    for call in (
        lambda: nr.fit_nce(model, noise, x, y, start=theta),
        lambda: nr.fit_nce(model, noise, x, y, n_starts=2, rng=rng),
    ):
        with pytest.raises(
            NotImplementedError,
            match=r"MLP offers first derivatives only.*fit_nce_adam.*maximize_lbfgs",
        ):
            call()
    once = model.evaluate(theta, x)
    for call in (
        lambda: once.curvature(x[:, 0], x[:, 0]),
        once.kinks,
        once.steepness,
        lambda: once.without(x > 0),
    ):
        with pytest.raises(NotImplementedError, match="first derivatives only"):
            call()
    assert model.noise_weighted_moments(theta, noise, 1.0) is None
