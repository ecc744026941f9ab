"""Sums over pairs, of which a proof is made: their gradient is J's, their curvature a lower bound on minus J's."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.optimize import maximize
from nce_ref.optimize.concavity import by_concavity
from nce_ref.optimize.local_sums import active_ridges, local_sums
from nce_ref.optimize.multipliers import smallest_subgradient

MIX = np.array([[1.0, 0.6], [-0.4, 0.9]])


def objective(name, k, n=40):
    rng = np.random.default_rng(9)
    model, noise = nr.LaplaceICA(2), nr.GaussianNoise(np.zeros(2), MIX @ MIX.T)
    x = model.sample(model.normalize(model.pack(np.linalg.inv(MIX), 0.0)), n, rng)
    if name == "ranking":
        return nr.RankingObjective(model, noise, x, noise.sample(n * k, rng).reshape(n, k, 2))
    steps = nr.GaussianSteps(np.eye(2))
    return nr.ConditionalObjective(model, steps, x, steps.sample(x, k, rng))


def sums(problem, alpha, multipliers=None):
    here = problem.expand(alpha)
    found = np.zeros(len(here.kinks.weights)) if multipliers is None else multipliers
    root = np.eye(len(alpha))
    off = active_ridges(here.kinks, found, alpha, root).off
    return here, local_sums(here.terms(False), found, off, root)


@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize("name", ["ranking", "conditional"])
def test_gradient_and_curvature(name, k):
    problem, alpha = objective(name, k), np.linalg.inv(MIX).ravel() + 0.1
    here, found = sums(problem, alpha)
    assert np.linalg.norm(found.gradient - problem(alpha)[1]) <= 2.0 * found.gradient_error
    assert found.gradient_error < 1e-12
    # gram <= minus Hessian in every direction; equal for conditional NCE and for one noise point a row.
    gap = np.linalg.eigvalsh(-here.hessian - found.gram)
    assert gap[0] > -1e-12 and (gap[-1] < 1e-12) == (name == "conditional" or k == 1)
    # At least 2/(k + 1) of it where the points of a row weigh alike; here within a factor of that.
    assert np.linalg.eigvalsh(found.gram)[0] > 0.3 / (k + 1) * np.linalg.eigvalsh(-here.hessian)[0]


@pytest.mark.parametrize("name", ["ranking", "conditional"])
def test_the_curvature_falls_no_faster_than_the_proof_says(name):
    """Minus the second derivative along d is at least e^(-L tau) of what it was, L = rate times the longest g_t . d,
    between kinks."""
    problem, alpha = objective(name, 3), np.linalg.inv(MIX).ravel() + 0.1
    rng = np.random.default_rng(10)
    terms = problem.expand(alpha).terms(False)
    g = terms.jacobian(np.empty(0))(slice(None))
    signs = np.sign(problem.kinks(alpha))
    tried = 0
    for _ in range(300):
        d = rng.standard_normal(4)
        d *= 10.0 ** rng.uniform(-2.5, -0.5) / np.linalg.norm(d)
        if (np.sign(problem.kinks(alpha + d)) == signs).all():
            before = -d @ problem.expand(alpha).hessian @ d
            after = -d @ problem.expand(alpha + d).hessian @ d
            reach = terms.rate * np.abs(d @ g).max()
            assert np.exp(-reach) <= after / before * (1 + 1e-9) <= np.exp(reach) * (1 + 2e-9)
            tried += 1
    assert tried > 20


@pytest.mark.parametrize("name", ["ranking", "conditional"])
def test_a_ridge_stands_with_its_multiplier_in_every_pair_of_its_row(name):
    problem, alpha = objective(name, 3), np.linalg.inv(MIX).ravel() + 0.1
    u = problem.x[5]
    alpha[:2] -= (alpha[:2] @ u) / (u @ u) * u
    here, low = sums(problem, alpha, np.array([-1.0]))
    _, high = sums(problem, alpha, np.array([1.0]))
    assert here.terms(False).ridge_points.tolist() == [5]
    change = low.gradient - high.gradient
    np.testing.assert_allclose(change, 2.0 * here.kinks.weights[0] * here.kinks.directions[0])
    # A ridge not met exactly moves all slopes of its row, by which the bounds grow.
    terms = here.terms(False)
    wide = local_sums(terms, np.zeros(1), np.array([1e-6]), np.eye(4))
    narrow = local_sums(terms, np.zeros(1), np.array([1e-13]), np.eye(4))
    assert wide.gradient_error > narrow.gradient_error + 1e-8


@pytest.mark.parametrize("name", ["ranking", "conditional"])
def test_a_valley_belongs_to_its_row(name):
    problem, alpha = objective(name, 3), np.linalg.inv(MIX).ravel() + 0.1
    u = problem.y[7, 2]
    alpha[:2] -= (alpha[:2] @ u) / (u @ u) * u
    terms = problem.expand(alpha).terms(False)
    assert terms.valley_points.tolist() == [7] and terms.row == 3
    one = terms.jacobian(np.empty(0), np.array([1.0]))(slice(23, 24))
    other = terms.jacobian(np.empty(0), np.array([-1.0]))(slice(23, 24))
    np.testing.assert_allclose((one - other)[:2, 0], -2.0 * np.sqrt(2.0) * u)


@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize("name", ["ranking", "conditional"])
def test_what_is_said_of_the_curvature_from_above(name, k):
    """A proof also needs that F does not fall too fast: by the bends where they are exact, else by slopes times
    squares."""
    problem, alpha = objective(name, k), np.linalg.inv(MIX).ravel() + 0.1
    here = problem.expand(alpha)
    terms = here.terms(False)
    assert terms.loose == (name == "ranking" and k > 1)
    g = terms.jacobian(np.empty(0))(slice(None))
    weights = np.abs(terms.slopes) if terms.loose else terms.bends
    above = (g * weights) @ g.T
    assert np.linalg.eigvalsh(above + here.hessian)[0] > -1e-12
    if terms.loose:  # the bends would not have done
        assert np.linalg.eigvalsh((g * terms.bends) @ g.T + here.hessian)[0] < -1e-3


def test_a_loose_curvature_widens_the_gap_where_ridges_are_not_met_exactly():
    """With ridges at 1e-11 of their length the radius of a proof counts F's fall to where they meet; at 1e-16 it does
    not show."""
    problem = objective("ranking", 7, n=300)
    fit_theta = np.linalg.inv(MIX).ravel()
    alpha = maximize(problem, fit_theta).theta
    here = problem.expand(alpha)
    assert len(here.kinks.weights)
    moved = alpha + 2e-11 * here.kinks.directions[0] / np.linalg.norm(here.kinks.directions[0])
    there = problem.expand(moved)
    kinks = there.kinks
    _, found = smallest_subgradient(there.gradient, kinks.directions, kinks.weights)
    loose = by_concavity(there, found, moved)
    tight_terms = dataclasses.replace(there.terms(False), loose=False)
    tight = by_concavity(dataclasses.replace(there, terms=lambda _: tight_terms), found, moved)
    assert loose.radius > tight.radius > 0.0
