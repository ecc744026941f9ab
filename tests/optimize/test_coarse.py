"""The coarse bounds of a certificate against 50 digits, and what they may decide: what they prove, the finer ones prove
as well."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal as D

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.optimize import certificate, certify, coarse
from nce_ref.optimize.local_sums import distance_bound, local_sums
from nce_ref.optimize.multipliers import merged
from tests.optimize.kinked_problems import certified_ends, ica_problem
from tests.optimize.test_local_sums import exact_sums, problems

MU = 0.3


def slopes_and_truth():
    for kind, objective, theta in problems():
        here = objective.expand(theta)
        multipliers = MU * np.ones(len(here.kinks.weights))
        root = np.diag(1.0 / np.sqrt(np.abs(np.diag(here.hessian))))
        off = distance_bound(here.kinks.directions, theta)
        slope, _ = coarse._slope(here, here.coarse(), multipliers, off, root)
        yield kind, slope, exact_sums(objective, theta, multipliers, root)[0]


def error_of(slope, truth):
    return math.sqrt(sum(float(D(a) - b) ** 2 for a, b in zip(slope.gradient, truth, strict=True)))


def test_the_error_of_the_slope_covers_the_distance_to_fifty_digits():
    kinds = [
        kind for kind, slope, truth in slopes_and_truth() if error_of(slope, truth) <= slope.error
    ]
    assert len(kinds) == 5, kinds


@pytest.mark.parametrize("plant", ["no slope error", "ridges as 0"])
def test_a_slope_that_forgets_something_is_seen(plant, monkeypatch):
    if plant == "no slope error":
        monkeypatch.setattr(coarse, "_errors", lambda *_: (0.0, 0.0))
    else:
        original = coarse._slope
        monkeypatch.setattr(
            coarse, "_slope", lambda h, c, mu, off, root: original(h, c, 0.0 * mu, off, root)
        )
    assert any(error_of(slope, truth) > slope.error for _, slope, truth in slopes_and_truth())


def curvature_gap(objective, theta, turned=True):
    """The largest entry of the coarse curvature less the one point by point, beside the latter's largest."""
    here = objective.expand(theta)
    multipliers = MU * np.ones(len(here.kinks.weights))
    gain, _ = here.coarse().turned(multipliers)
    off = distance_bound(here.kinks.directions, theta)
    finer = local_sums(here.terms(False), multipliers, off, np.eye(len(theta))).gram
    return np.abs(gain * turned - here.hessian - finer).max() / np.abs(finer).max()


def test_the_curvature_is_that_of_the_points_with_their_ridges_turned():
    turned = 0
    for objective, theta in certified_ends():
        assert curvature_gap(objective, theta) <= 1e-11
        if len(objective.expand(theta).kinks.weights):
            turned += 1
            # the plant: the Hessian as it stands, with 0 at the ridges
            assert curvature_gap(objective, theta, turned=False) > 1e-6
    assert turned >= 8


def test_largest_entries_and_clearances_bound_those_of_the_points():
    rng = np.random.default_rng(0)
    for model in (nr.LaplaceICA(3), nr.Gaussian(3)):
        u = rng.standard_normal((200, 3)) * [1.0, 1e3, 1e-3]
        once = model.evaluate(model.pack(np.eye(3), 0.0), np.asfortranarray(u))
        g = np.abs(once.jacobian(slice(None)))
        assert (once.largest() * (1.0 + 1e-15) >= g.max(axis=1)).all()
        np.testing.assert_allclose(
            once.largest(), g.max(axis=1), rtol=50.0 if g[0].min() else 1e-15
        )
    objective, _, theta = ica_problem(3, 200, 1, 0)
    kinks = objective.model.kinks(theta, objective.x)
    least = (np.abs(kinks.arguments) / kinks.point_lengths).min()
    assert 1e-6 * least < objective.expand(theta).coarse().data_clearance() <= least


def ends():
    yield from certified_ends()
    for n, n_data, seed in ((2, 100, 0), (3, 400, 1), (4, 1000, 2)):
        x = ica_problem(n, n_data, 1, seed)[0].x
        model = nr.LaplaceICA(n)
        fit = nr.fit_mle(model, x, n_starts=1, rng=np.random.default_rng(0))
        yield nr.LikelihoodObjective(model, x), fit.theta[:-1]


def test_what_is_proved_coarsely_is_proved_finely_and_no_radius_is_too_small():
    """Both certify; and the two radii are bounds about one maximum: neither point nor maximum may be further than
    either says."""
    by_coarse = 0
    for objective, theta in ends():
        found = certify(objective, theta)
        finer, _ = certificate._certificate(objective.expand(theta), theta)
        assert found.is_local_maximum and finer.is_local_maximum and found.radius <= 1e-6
        np.testing.assert_allclose(found.multipliers, finer.multipliers, atol=1e-6)
        by_coarse += found.radius != finer.radius
    assert by_coarse >= 10, "the coarse bounds serve where fits end"


@pytest.mark.parametrize("size", [1e-4, 1e-6, 1e-7])
def test_no_point_off_a_maximum_is_proved_within_less_than_it_is_away(size):
    """A step of ``size`` in a random direction: its length in the Hessian's metric is above any radius that is told."""
    rng, told = np.random.default_rng(1), 0
    for objective, theta in certified_ends(repeats=1):
        here = objective.expand(theta)
        for _ in range(5):
            step = rng.standard_normal(len(theta))
            step *= size / math.sqrt(-step @ here.hessian @ step)
            there = objective.expand(theta + step)
            merge = merged(there.kinks.directions, there.kinks.weights)
            multipliers = certificate.smallest_subgradient(there)[1]
            proof = coarse.by_concavity_coarsely(there, multipliers, theta + step, merge)
            if proof is not None and proof.proved:
                told += 1
                assert proof.radius >= 0.5 * size
    assert told > 0


def test_without_coarse_terms_the_finer_bounds_answer():
    objective, theta = next(iter(certified_ends()))
    here = dataclasses.replace(objective.expand(theta), coarse=None)
    assert (
        coarse.by_concavity_coarsely(
            here, np.zeros(0), theta, merged(np.zeros((0, len(theta))), np.zeros(0))
        )
        is None
    )
    assert certificate._certificate(here, theta, swift=True)[0].is_local_maximum
