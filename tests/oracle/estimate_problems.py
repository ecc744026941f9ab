"""Small estimation problems, drawn once and solved once, for the tests of the certified estimates."""

from __future__ import annotations

import functools
from decimal import Decimal, localcontext

import numpy as np

import nce_ref as nr
from nce_ref.oracle.families.estimates.exact import laplace_ica_nce_estimate

ICA = [
    (2, 60, 2.5, 7),
    (2, 40, 10.0, 7),
    (2, 80, 0.5, 4),
    (4, 120, 1.5, 5),
]  # n, T_d, nu, seed; each with active kinks


def draw(n, n_data, nu, seed, laplace=True):
    """Samples of few bits, and Gaussian noise with their rounded moments."""
    rng = np.random.default_rng([seed, n])
    A = rng.standard_normal((n, n)) + 1.5 * np.eye(n)
    sources = (
        rng.laplace(scale=np.sqrt(0.5), size=(n_data, n))
        if laplace
        else rng.standard_normal((n_data, n))
    )
    x = np.round(sources @ A.T * 4096) / 4096
    mean, cov = (
        np.round(x.mean(axis=0) * 256) / 256,
        np.round(np.atleast_2d(np.cov(x.T)) * 256) / 256,
    )
    y = np.round(rng.multivariate_normal(mean, cov, round(nu * n_data)) * 4096) / 4096
    return {"x": x, "y": y, "noise_mean": mean, "noise_cov": cov}


def kinks_of(B, x):
    """The pairs (i, t) with b_i . x_t = 0 to rounding."""
    arguments = np.abs(B @ x.T) <= 1e-10 * np.outer(
        np.linalg.norm(B, axis=1), np.linalg.norm(x, axis=1)
    )
    return [(int(i), int(t)) for i, t in zip(*np.nonzero(arguments))]


@functools.cache
def fitted(case):
    """(inputs, fit, B, c, active kinks, the estimate to 40 digits); the best of 10 starts."""
    inputs, n = draw(*case), case[0]
    model = nr.LaplaceICA(n)
    noise = nr.GaussianNoise(inputs["noise_mean"], inputs["noise_cov"])
    fit = nr.fit_nce(
        model, noise, inputs["x"], inputs["y"], n_starts=10, rng=np.random.default_rng(1)
    )
    assert fit.converged
    B, c = model.unpack(fit.theta)
    kinks = kinks_of(B, inputs["x"])
    return inputs, fit, B, c, kinks, laplace_ica_nce_estimate(B, c, kinks, **inputs)


def flat(got):
    """theta, from B or the precision's lower triangle, and c."""
    rows = got["B"] if "B" in got else [row[: i + 1] for i, row in enumerate(got["precision"])]
    return [v for row in rows for v in row] + [got["c"]]


def distance(theta, got):
    """|theta - estimate|, the difference taken in decimals."""
    with localcontext(prec=60):
        return float(
            sum((Decimal(float(a)) - b) ** 2 for a, b in zip(theta, flat(got), strict=True)).sqrt()
        )


def posteriors(got, inputs):
    """h on x and on y, in float64."""
    model = nr.LaplaceICA(len(got["B"]))
    theta, noise = (
        np.array(flat(got), float),
        nr.GaussianNoise(inputs["noise_mean"], inputs["noise_cov"]),
    )
    log_nu = np.log(len(inputs["y"]) / len(inputs["x"]))
    return [
        1 / (1 + np.exp(log_nu + noise.log_density(u) - model.log_density(theta, u)))
        for u in (inputs["x"], inputs["y"])
    ]
