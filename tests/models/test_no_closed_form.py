"""no_closed_form.py: what a network has not is refused with the reason and the way out."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.models.no_closed_form import NoClosedForm
from tests.models.naive_mlp import base_of


def test_what_needs_z_or_second_derivatives_is_refused_with_the_way_out():
    model, noise, rng = nr.MLP([2, 3, 1], base=base_of(2)), base_of(2), np.random.default_rng(38)
    theta, x, y = model.random_start(rng), rng.standard_normal((20, 2)), noise.sample(30, rng)
    for call in (
        lambda: model.log_normalizer(theta),
        lambda: model.log_normalizer_gradient(theta),
        lambda: model.log_normalizer_hessian(theta),
        lambda: model.log_normalizer_block_hessian(theta),
        lambda: model.normalize(theta),
        lambda: model.sample(theta, 3, rng),
        lambda: model.transport(theta, np.full((3, 2), 0.5)),
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
        lambda: model.score_matching(theta, x, 10.0),
        lambda: model.smoothed(0.1),
        lambda: once.curvature(x[:, 0], x[:, 0]),
        once.kinks,
        once.steepness,
        lambda: once.without(x > 0),
    ):
        with pytest.raises(NotImplementedError, match=r"MLP(Pass)? offers first derivatives only"):
            call()
    assert model.noise_weighted_moments(theta, noise, 1.0) is None


def test_every_refusal_is_called_by_its_name():
    """A method of the layer that returns, be it None, would be a silent answer: each one raises, and says which it
    is."""
    model, theta = nr.MLP([2, 3, 1], base=base_of(2)), np.zeros(13)
    arguments = {
        "log_normalizer": (),
        "log_normalizer_gradient": (),
        "log_normalizer_hessian": (),
        "log_normalizer_block_hessian": (),
        "normalize": (),
        "sample": (3, np.random.default_rng(0)),
        "transport": (np.full((3, 2), 0.5),),
    }
    for name, rest in arguments.items():
        with pytest.raises(NotImplementedError, match=rf"^{name}: Z of MLP has no closed form"):
            getattr(model, name)(theta, *rest)
    with pytest.raises(NotImplementedError, match=r"^score_matching: MLP offers"):
        model.score_matching(theta, np.zeros((1, 2)), 10.0)
    # The layer has no other method: one added to it is added here.
    methods = {name for name in vars(NoClosedForm) if not name.startswith("_")}
    assert methods == {*arguments, "score_matching", "smoothed", "noise_weighted_moments"}
