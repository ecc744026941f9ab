"""Textbook objectives for these tests: loops over points and log-densities, complex-safe, no stable form of the
package.

Conventions
-----------
value     -ln(1 + e^-t) as -log(1 + exp(-t)) for Re t > 0 and t - log(1 + exp(t)) below, so that points 40 off do not
          overflow
gradient  the complex step of the value, (n_params,)
"""

from __future__ import annotations

import cmath
import math

import numpy as np

import nce_ref as nr

STEP = 1e-30


class ScaledNoise:
    """Noise whose log-density is off by a constant."""

    def __init__(self, noise, delta):
        self.noise, self.delta = noise, delta

    def log_density(self, u):
        return self.noise.log_density(u) + self.delta


def ica_problem(n, n_data, n_noise):
    """(theta, model, noise, x, y): Laplace ICA data under Gaussian noise of non-zero mean and a covariance far from
    I."""
    rng = np.random.default_rng([41, n, n_data])
    model = nr.LaplaceICA(n)
    B = rng.standard_normal((n, n)) + 1.5 * np.eye(n)
    theta = model.normalize(model.pack(B, 0.0))
    theta[-1] += 0.2
    mixing = np.linalg.inv(B)
    x = model.sample(theta, n_data, rng)
    noise = nr.GaussianNoise(0.1 * np.arange(1, n + 1), 1.3 * mixing @ mixing.T + 0.1 * np.eye(n))
    return theta, model, noise, x, noise.sample(n_noise, rng)


def log_laplace(theta, u):
    """-sqrt2 sum_i |b_i . u| + c for one point; |v| = v sign(Re v)."""
    n = len(u)
    total = theta[-1]
    for i in range(n):
        v = sum(theta[n * i + j] * u[j] for j in range(n))
        total = total - math.sqrt(2.0) * (v if v.real > 0 else -v)
    return total


def log_gauss(noise, u):
    """ln N(u; mean, cov) through the inverse and the determinant."""
    d = u - noise.mean
    return float(
        -0.5 * d @ np.linalg.inv(noise.cov) @ d
        - 0.5 * math.log(np.linalg.det(2 * math.pi * noise.cov))
    )


def log_sigma(t):
    t = complex(t)
    return -cmath.log(1 + cmath.exp(-t)) if t.real > 0 else t - cmath.log(1 + cmath.exp(t))


def complex_value(theta, noise, x, y):
    """J, complex where theta is."""
    nu = len(y) / len(x)
    total = sum(log_sigma(log_laplace(theta, u) - log_gauss(noise, u) - math.log(nu)) for u in x)
    total += sum(log_sigma(math.log(nu) - log_laplace(theta, u) + log_gauss(noise, u)) for u in y)
    return total / len(x)


def textbook_value(theta, model, noise, x, y):
    return complex_value(theta, noise, x, y).real


def textbook_gradient(theta, model, noise, x, y):
    gradient = np.empty(len(theta))
    for k in range(len(theta)):
        z = theta.astype(complex)
        z[k] += 1j * STEP
        gradient[k] = complex_value(z, noise, x, y).imag / STEP
    return gradient
