"""Problems that the tests of optimize/ and estimators/ share, and the rounding of J."""

from __future__ import annotations

import numpy as np

import nce_ref as nr

EPS = np.finfo(float).eps


def ica_problem(n, n_data, nu, seed, identity=False):
    """(objective, start, theta of the truth) for P10's experiment: mixing of condition below 10, Gaussian noise like the data."""
    rng = np.random.default_rng([n, n_data, int(10 * nu), seed])
    mixing = np.eye(n)
    while not identity:
        mixing = rng.standard_normal((n, n))
        if np.linalg.cond(mixing) < 10:
            break
    model = nr.LaplaceICA(n)
    truth = model.normalize(model.pack(np.linalg.inv(mixing), 0.0))
    x = model.sample(truth, n_data, rng)
    noise = nr.GaussianNoise.from_data(x)
    objective = nr.NCEObjective(model, noise, x, noise.sample(int(nu * n_data), rng))
    objective.noise = noise
    return objective, model.random_start(rng), truth


def rounding(objective, theta):
    """A bound on the rounding of J: each term is off by (4 + 2|t|) ulp of itself and by the rounding of t, the sum by log2(N) ulp.

    t = G - ln nu is off by some n ulp of its largest part, |t| stays below |G| + |ln nu| <= 1e2 in these problems, and
    |dJ/dt| <= 1: 400 ulp of 1 + |J| covers all of it.
    """
    return 400 * EPS * (1.0 + abs(objective(theta)[0]))


class Stub:
    """An objective that has nothing but the expansion it was given."""

    def __init__(self, expansion):
        self.expansion = expansion

    def expand(self, theta, width=None):
        return self.expansion


class Counting:
    """An objective that keeps the values it was asked for."""

    def __init__(self, objective, log=None):
        self.objective, self.values = objective, [] if log is None else log
        self.n_data = objective.n_data

    def __call__(self, theta):
        self.values.append(self.objective(theta)[0])
        return self.objective(theta)

    def second_order(self, theta):
        found = self.objective.second_order(theta)
        self.values.append(found[0])
        return found

    def smoothed(self, epsilon):
        return Counting(self.objective.smoothed(epsilon), self.values)

    def expand(self, theta, width=1e-10):
        found = self.objective.expand(theta, width)
        self.values.append(found.value)
        return found
