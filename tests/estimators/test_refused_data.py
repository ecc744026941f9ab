"""Data for which the likelihood is unbounded are refused before the climb, in any units; good data, however extreme,
are not."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr


def flat_samples():
    """(words, x): in a hyperplane through the origin, each for another reason."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((200, 3))
    yield "all 0", np.zeros((20, 3))
    yield "of rank 1", np.ones((20, 3))
    yield "of rank 2", a * [1.0, 0.0, 1.0]
    yield "of rank 2", np.eye(3)[rng.integers(0, 2, 100)]
    yield "of rank 2", a[:2]
    yield "of rank 2", np.column_stack([a[:, 0], a[:, 1], a[:, 0] + a[:, 1]])
    yield "of rank 2", a[:, :2] @ rng.standard_normal((2, 3))
    yield "of rank 1", a[:, :1] * [1.0, 1e5, 1e-5]
    yield "of rank 2", np.column_stack([a[:, 0], 1e7 * a[:, 0] + a[:, 1], a[:, 1]])


@pytest.mark.parametrize("model", [nr.LaplaceICA(3), nr.Gaussian(3)])
@pytest.mark.parametrize("power", [-12, 0, 12])
def test_data_in_a_hyperplane_are_refused_by_name(model, power):
    start = model.rescaled(model.pack(np.eye(3), 0.0), 10.0**-power * np.eye(3))
    for words, x in flat_samples():
        with pytest.raises(
            ValueError, match=rf"^x: {len(x)} points in 3 dimensions, {words}.*expected rank 3"
        ):
            nr.fit_mle(model, x * 10.0**power, start=start)


@pytest.mark.parametrize("model", [nr.LaplaceICA(3), nr.Gaussian(3)])
def test_data_next_to_a_hyperplane_are_fitted(model):
    """Off it by 1e-3 to 1e-6 of their size, as many points as dimensions, and one dimension: bounded, all of them."""
    rng = np.random.default_rng(1)
    a = rng.standard_normal((100, 3))
    for off in (1e-3, 1e-6):
        x = np.column_stack([a[:, 0], a[:, 1], a[:, 0] + a[:, 1] + off * a[:, 2]])
        fit = nr.fit_mle(model, x, n_starts=1, rng=rng)
        B = model.unpack(fit.theta)[0]
        if isinstance(model, nr.Gaussian):
            # Lambda S = I in the data's own metric, in which rounding is that of x: eps times its condition, squared.
            R = np.linalg.qr(x, mode="r") / 10.0
            assert np.abs(R @ B @ R.T - np.eye(3)).max() < 1e2 * np.finfo(float).eps / off**2
        else:
            scale = np.abs(x @ B.T).mean(axis=0) * np.sqrt(2.0)
            np.testing.assert_allclose(scale, 1.0, rtol=0, atol=1e-9 / off)
    assert np.isfinite(nr.fit_mle(model, a[:3], n_starts=1, rng=rng).objective)


@pytest.mark.parametrize("model", [nr.LaplaceICA(1), nr.Gaussian(1)])
def test_equal_points_on_a_line_have_a_maximum_unless_they_are_0(model):
    fit = nr.fit_mle(model, np.full((10, 1), 3.0), n_starts=1, rng=np.random.default_rng(0))
    want = 1 / (3 * np.sqrt(2)) if isinstance(model, nr.LaplaceICA) else 1 / 9
    assert fit.converged and abs(fit.theta[0]) == pytest.approx(want, rel=1e-9)
    with pytest.raises(ValueError, match=r"^x: 10 points in 1 dimensions, all 0"):
        nr.fit_mle(model, np.zeros((10, 1)), n_starts=1, rng=np.random.default_rng(0))


def test_a_model_that_is_not_closed_under_changes_of_units_is_not_refused():
    """Without the member nothing says that its likelihood has no bound there."""

    class Fixed(nr.Gaussian):
        rescaled = None

    fit = nr.fit_mle(Fixed(2), np.ones((5, 2)), start=[1.0, 0.0, 1.0, 0.0])
    assert not fit.converged
