"""How long the kernels take, each beside its textbook form in the same run: read the ratio in brackets, not the times.

``make bench`` prints one table a group; the fastest row of a group has (1.0) behind its time, the others their ratio to it.
Values are compared before times: a fast wrong number is no peer. Settings: n = 4 sources, nu = 1 noise points a data point.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special

import nce_ref as nr
from nce_ref import special

N_SOURCES, NU = 4, 1
SIZES = [1_000, 10_000, 100_000]


def naive_log_sigmoid(t):
    return np.log(1.0 / (1.0 + np.exp(-t)))


def naive_sigmoid(t):
    return 1.0 / (1.0 + np.exp(-t))


SPECIAL = {
    "log_sigmoid": {"nce_ref": special.log_sigmoid, "textbook": naive_log_sigmoid, "scipy": scipy.special.log_expit},
    "sigmoid": {"nce_ref": special.sigmoid, "textbook": naive_sigmoid, "scipy": scipy.special.expit},
    "log_sigmoid and slope": {
        "nce_ref": special.log_sigmoid_and_slope,
        "textbook": lambda t: (naive_log_sigmoid(t), 1.0 - naive_sigmoid(t)),
        "scipy": lambda t: (scipy.special.log_expit(t), scipy.special.expit(-t)),
    },
}


@pytest.mark.parametrize(("function", "who"), [(f, w) for f, forms in SPECIAL.items() for w in forms])
def test_special(benchmark, function, who):
    benchmark.group = f"{function}, 100000 numbers"
    t = 5.0 * np.random.default_rng(0).normal(size=100_000)
    # In this range, |t| < 25, the textbook forms still hold eps/(1 - sigmoid) ~ 1e-5 of the tail.
    np.testing.assert_allclose(SPECIAL[function][who](t), SPECIAL[function]["nce_ref"](t), rtol=1e-4)
    benchmark(SPECIAL[function][who], t)


class Problem:
    """Data, noise and a point theta near the truth, with the textbook objective as peer."""

    def __init__(self, n_data: int) -> None:
        rng = np.random.default_rng(n_data)
        self.model = nr.LaplaceICA(n_sources=N_SOURCES)
        truth = self.model.normalize(self.model.random_start(rng))
        self.x = self.model.sample(truth, n_data, rng)
        self.noise = nr.GaussianNoise.from_data(self.x)
        self.y = self.noise.sample(NU * n_data, rng)
        self.theta = truth + 0.05 * rng.normal(size=truth.size)
        self.objective = nr.NCEObjective(self.model, self.noise, self.x, self.y)
        self.log_noise = self.noise.log_density(self.x), self.noise.log_density(self.y)

    def textbook(self, theta):
        """Value and gradient as a paper's reader writes them down, ln p_n kept as in NCEObjective."""
        B, c = theta[:-1].reshape(N_SOURCES, N_SOURCES), theta[-1]
        sx, sy = self.x @ B.T, self.y @ B.T
        G_x = -math.sqrt(2.0) * np.abs(sx).sum(axis=1) + c - self.log_noise[0]
        G_y = -math.sqrt(2.0) * np.abs(sy).sum(axis=1) + c - self.log_noise[1]
        h_x, h_y = naive_sigmoid(G_x - math.log(NU)), naive_sigmoid(G_y - math.log(NU))
        value = np.mean(np.log(h_x)) + NU * np.mean(np.log(1.0 - h_y))
        w_x, w_y = (1.0 - h_x) / len(h_x), -NU * h_y / len(h_y)
        g_B = -math.sqrt(2.0) * ((w_x[:, None] * np.sign(sx)).T @ self.x + (w_y[:, None] * np.sign(sy)).T @ self.y)
        return value, np.append(g_B.ravel(), w_x.sum() + w_y.sum())


@pytest.mark.parametrize("n_data", SIZES)
@pytest.mark.parametrize("who", ["nce_ref", "textbook"])
def test_value_and_gradient(benchmark, who, n_data):
    benchmark.group = f"NCE value and gradient, T = {n_data}"
    problem = Problem(n_data)
    value, gradient = problem.objective(problem.theta)
    value_peer, gradient_peer = problem.textbook(problem.theta)
    assert value == pytest.approx(value_peer, rel=1e-9)
    np.testing.assert_allclose(gradient, gradient_peer, rtol=0, atol=1e-9)
    benchmark(problem.objective if who == "nce_ref" else problem.textbook, problem.theta)


@pytest.mark.parametrize("n_data", [1_000, 10_000])
@pytest.mark.parametrize("who", ["nce_ref, certified", "textbook + L-BFGS-B"])
def test_fit(benchmark, who, n_data):
    """The peer is the papers' way: it stops beside the maximum and has no certificate."""
    benchmark.group = f"a fit from one start, T = {n_data}"
    problem = Problem(n_data)

    def certified():
        return nr.fit_nce(problem.model, problem.noise, problem.x, problem.y, start=problem.theta)

    def lbfgs():
        def minimised(theta):
            value, gradient = problem.textbook(theta)
            return -value, -gradient

        return scipy.optimize.minimize(minimised, problem.theta, jac=True, method="L-BFGS-B")

    assert certified().converged
    benchmark.pedantic(certified if who.startswith("nce_ref") else lbfgs, rounds=3, warmup_rounds=1)
