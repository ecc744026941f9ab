"""trace.py: the clock, copies, and that every estimator calls back with what it promises."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr

MODEL = nr.LaplaceICA(2)
TRUTH = MODEL.normalize(MODEL.pack([[1.0, 0.3], [-0.2, 1.4]], 0.0))
RNG = np.random.default_rng(0)
X = MODEL.sample(TRUTH, 300, RNG)
NOISE = nr.GaussianNoise.from_data(X)
Y = NOISE.sample(400, RNG)
FITS = {
    "nce": lambda callback: nr.fit_nce(MODEL, NOISE, X, Y, start=TRUTH, callback=callback),
    "mle": lambda callback: nr.fit_mle(MODEL, X, start=TRUTH, callback=callback),
    "importance sampling": lambda callback: nr.fit_importance_sampling(
        MODEL, NOISE, X, Y, start=TRUTH, callback=callback
    ),
    "score matching": lambda callback: nr.fit_score_matching(
        MODEL, X, start=TRUTH, callback=callback
    ),
    "contrastive divergence": lambda callback: nr.fit_contrastive_divergence(
        MODEL, X, start=TRUTH, callback=callback, rng=np.random.default_rng(1)
    ),
}


def test_it_keeps_seconds_and_copies():
    ticks = iter([10.0, 10.5, 12.0])
    trace = nr.Trace(clock=lambda: next(ticks))
    assert trace.seconds.shape == (0,) and trace.thetas.shape == (0, 0)
    theta = np.zeros(3)
    trace(theta)
    theta += 1.0
    trace(theta)
    np.testing.assert_array_equal(trace.seconds, [0.5, 2.0])
    np.testing.assert_array_equal(trace.thetas, [[0.0] * 3, [1.0] * 3])


@pytest.mark.parametrize("name", FITS)
def test_the_record_ends_at_the_fit_and_changes_nothing(name):
    trace = nr.Trace()
    fit = FITS[name](trace)
    assert fit.converged, fit.message
    assert len(trace.seconds) >= 3 and trace.thetas.shape == (len(trace.seconds), MODEL.n_params)
    assert (np.diff(trace.seconds) >= 0.0).all() and trace.seconds[0] >= 0.0
    # The last accepted step may be of rounding size and undone; no more than that.
    np.testing.assert_allclose(trace.thetas[-1], fit.theta, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(FITS[name](None).theta, fit.theta)
    if name != "nce":
        assert (
            len(np.unique(trace.thetas[:, -1])) > 2
        )  # c is completed at each record, not at the end alone


def test_lbfgs_calls_back_too():
    from nce_ref.optimize import maximize_lbfgs

    trace = nr.Trace()
    end = maximize_lbfgs(nr.NCEObjective(MODEL, NOISE, X, Y), TRUTH, callback=trace)
    np.testing.assert_array_equal(trace.thetas[-1], end.theta)
