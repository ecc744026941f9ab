"""unbounded_likelihood.py: a sample on a face of the features' convex hull has no likelihood maximum, and that is
said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import nce_ref as nr

STATES = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
MODEL = nr.BoltzmannMachine(3)


def fit(model, x, **options):
    return nr.fit_mle(model, x, n_starts=1, rng=np.random.default_rng(1), **options)


def without(keep):
    """All states that are left, some of them often."""
    kept = STATES[[keep(*state) for state in STATES]]
    return np.concatenate([kept, kept, kept[:1]])


@pytest.mark.parametrize("sample", range(40))
def test_every_set_of_states_has_a_maximum_or_none_as_the_programme_over_them_says(sample):
    """Of all 255 sets of the eight states: as many as 2^8 allow are tried by kind, here 40 at random."""
    rng = np.random.default_rng(sample)
    x = STATES[rng.random(8) < rng.uniform(0.1, 1.0)]
    if not len(x):
        x = STATES[:1]
    features = np.column_stack(
        [STATES, *(STATES[:, i] * STATES[:, j] for i, j in ((1, 0), (2, 0), (2, 1)))]
    )
    of_data = features[[any((s == row).all() for row in x) for s in STATES]]
    found = fit(MODEL, x)
    assert found.converged != (found.status == "unbounded")
    assert found.converged == in_the_interior(of_data.mean(axis=0), features)


def in_the_interior(mean, features):
    """All eight weights of a convex combination can be at least some t > 0: six features and a constant leave one
    free."""
    from scipy.optimize import linprog

    k = len(features)
    solved = linprog(
        np.r_[np.zeros(k), -1.0],
        A_ub=np.column_stack([-np.eye(k), np.ones(k)]),
        b_ub=np.zeros(k),
        A_eq=np.column_stack([np.vstack([features.T, np.ones(k)]), np.zeros(7)]),
        b_eq=np.r_[mean, 1.0],
        bounds=[(None, None)] * (k + 1),
    )
    return bool(solved.status == 0 and solved.x[-1] > 1e-7)


def test_what_is_never_seen_is_named():
    assert "spin 1 is -1 in all of the data" in fit(MODEL, without(lambda a, b, c: b < 0)).message
    message = fit(MODEL, without(lambda a, b, c: not (a > 0 and c < 0))).message
    assert "spins 2 and 0 are never -1 and 1" in message
    assert fit(MODEL, without(lambda a, b, c: a == b)).status == "unbounded"
    assert fit(MODEL, STATES[:1]).status == "unbounded"
    assert fit(MODEL, STATES).status == "certified"


def test_an_edge_that_is_not_there_cannot_run_away():
    x = without(lambda a, b, c: not (a > 0 and c < 0))
    assert fit(nr.BoltzmannMachine(3, edges=[(0, 1), (1, 2)]), x).status == "certified"


def test_other_values_counts_and_more_spins_than_a_programme_takes():
    x = (without(lambda a, b, c: c > 0) + 1.0) / 2.0
    assert "spin 2 is 1 in all" in fit(nr.BoltzmannMachine(3, (0.0, 1.0)), x).message
    counted = fit(MODEL, STATES[STATES[:, 0] > 0], counts_x=[3, 1, 2, 5])
    assert counted.status == "unbounded" and "spin 0 is 1" in counted.message
    rng = np.random.default_rng(2)
    many = rng.choice([-1.0, 1.0], size=(300, 13))
    many[:, 5] = 1.0
    chain = nr.BoltzmannMachine(13, edges=[(i, i + 1) for i in range(12)])
    assert fit(chain, many, max_evaluations=60).status in ("unbounded", "budget spent")


def test_a_visible_unit_of_a_restricted_machine():
    x = without(lambda a, b, c: a > 0)
    found = fit(nr.RestrictedBoltzmannMachine(3, 1), x)
    assert found.status == "unbounded" and "spin 0 is 1" in found.message


class Bernoulli:
    """A stranger's, of k features 0 or 1 with weights in ``unit``: two functions and ln Z."""

    def __init__(self, k=1, unit=1.0):
        self.n_dim, self.n_params, self.unit = k, k + 1, unit

    def log_density(self, theta, u):
        return self.unit * u @ theta[:-1] + theta[-1]

    def jacobian(self, theta, u):
        return np.column_stack([self.unit * u, np.ones(len(u))])

    def log_normalizer(self, theta):
        return float(np.logaddexp(0.0, self.unit * theta[:-1]).sum())

    def log_normalizer_gradient(self, theta):
        return np.append(self.unit / (1.0 + np.exp(-self.unit * theta[:-1])), 0.0)


@pytest.mark.parametrize("unit", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("k", [1, 3])
def test_a_strangers_model_seems_unbounded_where_it_is_and_only_there(k, unit):
    rng = np.random.default_rng(k)
    x = (rng.random((200, k)) < 0.3).astype(float)
    start = np.full(k + 1, 0.1)
    assert nr.fit_mle(Bernoulli(k, unit), x, start=start).status == "passed"
    rare = x.copy()
    rare[:, 0] = 0.0
    rare[0, 0] = 1.0  # one in 200: far out, and a maximum
    assert nr.fit_mle(Bernoulli(k, unit), rare, start=start).status == "passed"
    x[:, 0] = 1.0
    found = nr.fit_mle(Bernoulli(k, unit), x, start=start)
    assert found.status == "unbounded" and not found.converged and "seems" in found.message
