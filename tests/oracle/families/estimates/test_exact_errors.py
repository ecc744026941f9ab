"""The standard errors of the certified estimates: the textbook form in floats, the package's, and the limit of large
samples."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from tests.oracle.estimate_problems import ICA, fitted, flat, posteriors


def pooled_plug_in(g, h, n_data, nu):
    """The formula as it is written, m_hat and all."""
    information, mean = (g.T * (h * (1 - h))) @ g / n_data, g.T @ (h * (1 - h)) / n_data
    inverse = np.linalg.inv(information)
    return inverse - (1 + 1 / nu) * inverse @ np.outer(mean, mean) @ inverse


@pytest.mark.parametrize("case", ICA)
def test_covariance_is_the_plug_in(case):
    """I_hat, a sum of N terms, is right to a few N 2^-53 of its size, its inverse to cond(I_hat) times that; so is the
    package's own."""
    inputs, fit, _, _, kinks, got = fitted(case)
    model, pooled = nr.LaplaceICA(case[0]), np.concatenate([inputs["x"], inputs["y"]])
    g = model.jacobian(np.array(flat(got), float), pooled)
    for i, t in kinks:
        g[t, case[0] * i : case[0] * (i + 1)] = 0.0
    h = np.concatenate(posteriors(got, inputs))
    want, covariance = pooled_plug_in(g, h, case[1], case[2]), np.array(got["covariance"], float)
    kappa = np.linalg.cond((g.T * (h * (1 - h))) @ g)
    allowed = 4 * len(pooled) * 2.0**-53 * kappa * np.linalg.norm(covariance)
    assert allowed < 1e-5 * np.linalg.norm(covariance)
    assert np.abs(covariance - want).max() <= allowed
    assert np.abs(covariance / case[1] - nr.estimate_covariance(fit).covariance).max() <= allowed
    errors = np.array(got["standard_errors"], float)
    assert np.allclose(errors**2 * case[1], np.diag(covariance), rtol=1e-14)
    assert (
        not np.abs(covariance - pooled_plug_in(g, h, case[1], 1.0)).max() <= allowed
        or case[2] == 1.0
    )  # nu left out


def test_the_plug_in_tends_to_the_asymptotic_covariance():
    """At the truth, T_d = 100 000. To first order Sigma_hat - Sigma = -I^-1 (I_hat - I) I^-1, sums of independent
    terms: a 5.5 sigma test of 15 entries (half a sigma pays for the second order), false alarms below 1e-6. sigma is
    0.2 to 1 % of an entry: data alone, or (1 + 1/nu) left out, are off by 20 sigma and more."""
    n_data, nu, rng = 100_000, 2.5, np.random.default_rng(11)
    B = np.array([[1.0, 0.5], [-0.75, 1.25]])
    model, noise = nr.LaplaceICA(2), nr.GaussianNoise(np.zeros(2), 1.5 * np.linalg.inv(B.T @ B))
    theta = model.normalize(model.pack(B, 0.0))
    x, y = model.sample(theta, n_data, rng), noise.sample(round(nu * n_data), rng)
    u = np.concatenate([x, y])
    g, h = (
        model.jacobian(theta, u),
        1 / (1 + np.exp(np.log(nu) + noise.log_density(u) - model.log_density(theta, u))),
    )
    want = nr.asymptotic_covariance(model, theta, noise, nu)
    turned = g @ np.linalg.inv(want.information)
    terms = (turned[:, :, None] * turned[:, None, :] * (h * (1 - h))[:, None, None]).reshape(
        len(u), -1
    )
    spread = terms[:n_data].var(axis=0) * n_data + terms[n_data:].var(axis=0) * len(y)
    sigma = np.sqrt(spread).reshape(5, 5) / n_data

    def off(covariance):
        return np.abs((covariance - want.covariance) / sigma).max()

    assert off(pooled_plug_in(g, h, n_data, nu)) < 5.5
    assert off(pooled_plug_in(g[:n_data], h[:n_data], n_data, nu)) > 20
    assert off(np.linalg.inv((g.T * (h * (1 - h))) @ g / n_data)) > 20
