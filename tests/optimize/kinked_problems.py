"""Problems that the tests of optimize/ and estimators/ share, points of interest in them, and the rounding of J."""

from __future__ import annotations

import itertools

import numpy as np

import nce_ref as nr
from nce_ref.objectives.base import Expansion, LocalKinks
from nce_ref.optimize import maximize

EPS = np.finfo(float).eps
SQRT2 = np.sqrt(2.0)


def ica_problem(n, n_data, nu, seed, identity=False):
    """(objective, start, theta of the truth) for P10's experiment: mixing of condition below 10, Gaussian noise like
    the data."""
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
    """A bound on the rounding of J: each term is off by (4 + 2|t|) ulp of itself and by the rounding of t, the sum by
    log2(N) ulp.

    t = G - ln nu is off by some n ulp of its largest part, |t| stays below |G| + |ln nu| <= 1e2 in these problems, and
    |dJ/dt| <= 1: 400 ulp of 1 + |J| covers all of it.
    """
    return 400 * EPS * (1.0 + abs(objective(theta)[0]))


def certified_ends(
    shapes=((2, 100, 0.5), (3, 250, 2.5), (4, 250, 1), (4, 1000, 1), (3, 300, 10)), repeats=2
):
    for n, n_data, nu in shapes:
        for seed in range(repeats):
            objective, start, _ = ica_problem(n, n_data, nu, seed)
            yield objective, maximize(objective, start).theta


def on_a_valley(objective, theta):
    """theta moved so that its first row meets the noise point nearest to its kink."""
    n = objective.model.n_dim
    B = theta[:-1].reshape(n, n).copy()
    y = objective.y[np.argmin(np.abs(objective.y @ B[0]) / np.linalg.norm(objective.y, axis=1))]
    B[0] -= (B[0] @ y) / (y @ y) * y
    return np.append(B.ravel(), theta[-1])


def reflected(points):
    """All sign changes of the points: whatever is odd in one coordinate has mean 0."""
    points = np.asarray(points, dtype=float)
    return np.concatenate(
        [points * np.array(s) for s in itertools.product((-1.0, 1.0), repeat=points.shape[1])]
    )


def symmetric_likelihood(points):
    """Reflected data and B = diag(1/(sqrt2 mean|x_i|)), where the smooth part of the likelihood's gradient is 0."""
    x = reflected(points)
    B = np.diag(1.0 / (SQRT2 * np.abs(x).mean(axis=0)))
    return nr.LikelihoodObjective(nr.LaplaceICA(x.shape[1]), x), B


PAIR = [(0.3, 1.1), (1.1, 0.3), (0.7, 0.9), (0.9, 0.7)]
TRIPLE = [(0.3, 1.1, 0.8), (1.1, 0.4, 0.5), (0.7, 0.9, 1.3)]


def expansion(
    hessian=None,
    gradient=(0.0, 0.0),
    valley=None,
    clearance=np.inf,
    concave=True,
    value=-1.0,
    steepness=1.0,
):
    valleys = np.empty((0, 2)) if valley is None else valley[None, :]
    kinks = LocalKinks(
        np.empty((0, 2)), np.empty(0), np.empty(0), valleys, np.ones(len(valleys)), clearance, ()
    )
    hessian = -np.eye(2) if hessian is None else np.asarray(hessian, dtype=float)
    return Expansion(
        value, np.asarray(gradient, dtype=float), hessian, -hessian, kinks, concave, steepness
    )


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

    def thinned(self, n_points):
        return Counting(self.objective.thinned(n_points), self.values)

    def expand(self, theta, width=1e-10):
        found = self.objective.expand(theta, width)
        self.values.append(found.value)
        return found
