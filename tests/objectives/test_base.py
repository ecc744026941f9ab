"""objectives/base.py: the expansion is J itself to third order, which kinks it lists, and on which side they bend.

Every check measures J(theta + d) - expansion(d) along d = h e for h falling by halves: a remainder of order p falls by
2^p. NCE off the ridges' manifold: J is a function of log-ratios G that change by L + K, L linear in d and K from the
listed kinks; the expansion has L^2 where J has (L + K)^2, so R = -1/2 sum h(1-h)/n_data [(L + K)^2 - L^2] is left,
O(|a.d||d|), no more.
"""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.objectives import base
from nce_ref.objectives.base import ACTIVE, blocks
from tests.objectives.naive import ica_problem

STEPS = 2.0 ** -np.arange(7, 11)


def expansion_at(expansion, d):
    """The formula on top of objectives/base.py."""
    kinks = expansion.kinks
    ridges = np.abs(kinks.arguments + kinks.directions @ d) - np.abs(kinks.arguments)
    valleys = np.abs(kinks.valleys @ d)
    smooth = expansion.value + expansion.gradient @ d + 0.5 * d @ expansion.hessian @ d
    return smooth - kinks.weights @ ridges + kinks.valley_weights @ valleys


def is_third_order(remainders):
    """Each halving divides by 8, or by 2^2.7 at least, which leaves room for the fourth order (a few h of it, h <
    2^-7).

    Rounding of J is some 1e-15, so that remainders below 1e-13 have no digits to compare: those, and only those, are
    left out.
    """
    large = np.abs(remainders)
    pairs = large[1:] > 1e-13
    return bool((np.log2(large[:-1][pairs] / large[1:][pairs]) > 2.7).all())


def laplace(n_data=6, n_noise=9):
    """A problem with data and noise far from all kinks but for those asked for."""
    theta, model, noise, x, y = ica_problem(2, n_data=n_data, n_noise=n_noise)
    return theta.copy(), model, noise, x, y


def onto(theta, n, row, point, distance=0.0):
    """Move row ``row`` of B so that b . point = distance |point|."""
    b = theta[row * n : (row + 1) * n]
    b -= (b @ point) / (point @ point) * point - distance * point / np.linalg.norm(point)


def nce_at(kinked, distance=0.0):
    """An NCE objective and a theta at (or beside) a kink of a data point or of a noise point."""
    theta, model, noise, x, y = laplace()
    for row, point in kinked(x, y):
        onto(theta, 2, row, point, distance)
    return nr.NCEObjective(model, noise, x, y), theta


def likelihood_at(kinked, distance=0.0):
    theta, model, _, x, y = laplace()
    for row, point in kinked(x, y):
        onto(theta, 2, row, point, distance)
    return nr.LikelihoodObjective(model, x), theta[:-1]


# Rows of B and the points they are made orthogonal to.
CASES = {
    "no kink": lambda x, y: [],
    "a ridge": lambda x, y: [(0, x[0])],
    "two ridges": lambda x, y: [(0, x[0]), (1, x[3])],
    "a valley": lambda x, y: [(1, y[2])],
}


def remainders(objective, theta, direction, width=ACTIVE):
    expansion = objective.expand(theta, width)
    return np.array(
        [
            objective(theta + h * direction)[0] - expansion_at(expansion, h * direction)
            for h in STEPS
        ]
    )


def unit_directions(size, count=4):
    d = np.random.default_rng(size).standard_normal((count, size))
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def crosses_nothing_else(objective, theta, direction, expansion):
    """No kink but the listed ones changes sign along the longest step."""
    before, after = objective.kinks(theta), objective.kinks(theta + STEPS[0] * direction)
    changed = np.flatnonzero(np.sign(before) != np.sign(after))
    # Active and listed ones may; they are the only ones this near.
    return all(abs(before[k]) < 0.02 for k in changed) and len(changed) <= len(
        expansion.kinks.weights
    ) + len(expansion.kinks.valleys)


@pytest.mark.parametrize("case", ["no kink", "a ridge", "two ridges"])
def test_likelihood_is_its_expansion_to_third_order_also_across_ridges(case):
    for distance in (0.0, 1e-3):
        objective, theta = likelihood_at(CASES[case], distance)
        for direction in unit_directions(len(theta)):
            expansion = objective.expand(theta, width=0.01)
            assert crosses_nothing_else(objective, theta, direction, expansion)
            assert is_third_order(remainders(objective, theta, direction, width=0.01))


@pytest.mark.parametrize("case", ["no kink", "a ridge", "two ridges", "a valley"])
def test_nce_is_its_expansion_to_third_order_along_its_kinks(case):
    objective, theta = nce_at(CASES[case])
    kinks = objective.expand(theta).kinks
    across = np.concatenate([kinks.directions, kinks.valleys])
    for direction in unit_directions(len(theta)):
        along = (
            direction - across.T @ np.linalg.lstsq(across.T, direction, rcond=None)[0]
            if len(across)
            else direction
        )
        assert is_third_order(remainders(objective, theta, along))


def squared_jump(objective, theta, d, width):
    """R of the head of this file, from the log-ratios themselves."""
    model, u = objective.model, np.concatenate([objective.x, objective.y])
    kinks = model.kinks(theta, u)
    active = np.abs(kinks.arguments) <= ACTIVE * np.outer(kinks.term_lengths, kinks.point_lengths)
    signs = np.where(active, 0.0, np.sign(kinks.arguments))
    change_of_B = d[:-1].reshape(model.n_dim, model.n_dim)
    linear = -math.sqrt(2) * (signs * (change_of_B @ u.T)).sum(axis=0) + d[-1]
    whole = model.log_density(theta + d, u) - model.log_density(theta, u)
    slopes = (
        np.abs(np.concatenate(nr.nce_from_log_ratios(*_log_ratios(objective, theta))[1]))
        * objective.n_data
    )
    return -0.5 * (slopes * (1 - slopes) * (whole**2 - linear**2)).sum() / objective.n_data


def _log_ratios(objective, theta):
    noise = laplace()[2]
    return (
        objective.model.log_density(theta, u) - noise.log_density(u)
        for u in (objective.x, objective.y)
    )


@pytest.mark.parametrize(
    ("case", "distance"),
    [
        ("a ridge", 0.0),
        ("a ridge", 1e-3),
        ("two ridges", 0.0),
        ("two ridges", 1e-3),
        ("a valley", 0.0),
    ],
)
def test_nce_across_its_kinks_is_off_by_the_squared_jump_alone(case, distance):
    """A valley is listed only while theta lies on it, so it has no distance."""
    objective, theta = nce_at(CASES[case], distance)
    seen = []
    for direction in unit_directions(len(theta)):
        assert crosses_nothing_else(objective, theta, direction, objective.expand(theta, 0.01))
        left = remainders(objective, theta, direction, width=0.01)
        jumps = np.array([squared_jump(objective, theta, h * direction, 0.01) for h in STEPS])
        assert is_third_order(left - jumps)
        seen.append(not is_third_order(left))
    assert distance or any(seen)  # the jump is there, and the check of order sees it


PLANTS = {
    "ridge left out": lambda e: replace(e, kinks=replace(e.kinks, weights=0.0 * e.kinks.weights)),
    "ridge upwards": lambda e: replace(e, kinks=replace(e.kinks, weights=-e.kinks.weights)),
    "sqrt2 forgotten": lambda e: replace(
        e, kinks=replace(e.kinks, weights=e.kinks.weights / math.sqrt(2))
    ),
    "ridge's side still in the gradient": lambda e: replace(
        e, gradient=e.gradient - e.kinks.weights * np.sign(e.kinks.arguments) @ e.kinks.directions
    ),
    "n_data forgotten": lambda e: replace(e, kinks=replace(e.kinks, weights=6 * e.kinks.weights)),
    "Hessian left out": lambda e: replace(e, hessian=0.0 * e.hessian),
    "Hessian doubled": lambda e: replace(e, hessian=2.0 * e.hessian),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_expansion_is_caught(plant):
    objective, theta = likelihood_at(CASES["a ridge"], 1e-3)
    expansion = PLANTS[plant](objective.expand(theta, 0.01))
    direction = unit_directions(len(theta))[0]
    left = np.array(
        [
            objective(theta + h * direction)[0] - expansion_at(expansion, h * direction)
            for h in STEPS
        ]
    )
    assert not is_third_order(left)


# --- which kinks are listed -----------------------------------------------------------------------


@pytest.mark.parametrize("width", [ACTIVE, 0.05, 0.3, 1.0])
def test_ridges_within_the_width_and_active_valleys_are_listed_with_their_weights(width):
    objective, theta = nce_at(lambda x, y: [(0, x[0]), (1, y[2])])
    local = objective.expand(theta, width).kinks
    B = theta[:-1].reshape(2, 2)
    slopes = nr.nce_from_log_ratios(*_log_ratios(objective, theta))[1]
    ridges, valleys, clearance = [], [], math.inf
    for i in range(2):
        for t, u in enumerate(objective.x):
            if abs(B[i] @ u) <= width * np.linalg.norm(B[i]) * np.linalg.norm(u):
                a = np.zeros((2, 2))
                a[i] = u
                ridges.append((*a.ravel(), 0.0, B[i] @ u, math.sqrt(2) * slopes[0][t]))
        for t, u in enumerate(objective.y):
            a = np.zeros((2, 2))
            a[i] = u
            if abs(B[i] @ u) <= ACTIVE * np.linalg.norm(B[i]) * np.linalg.norm(u):
                valleys.append((*a.ravel(), 0.0, -math.sqrt(2) * slopes[1][t]))
            else:
                clearance = min(clearance, abs(B[i] @ u) / np.linalg.norm(u))
    np.testing.assert_allclose(
        np.column_stack([local.directions, local.arguments, local.weights]),
        ridges,
        rtol=1e-12,
        atol=1e-15,
    )
    np.testing.assert_allclose(
        np.column_stack([local.valleys, local.valley_weights]), valleys, rtol=1e-12
    )
    assert len(valleys) == 1 and len(ridges) >= 1 and (width < 1.0 or len(ridges) == 12)
    assert local.clearance == pytest.approx(clearance, rel=1e-12) and local.zero_terms == ()


def test_a_zero_row_is_named():
    theta, model, noise, x, y = laplace()
    theta[2:4] = 0.0
    local = nr.NCEObjective(model, noise, x, y).expand(theta).kinks
    assert (
        local.zero_terms == (1,)
        and len(local.weights) == len(x)
        and len(local.valley_weights) == len(y)
    )


def test_the_derivative_at_an_active_kink_is_the_objectives_own():
    """The objective gives 0 to a term at its kink, by sign(0) = 0; the expansion's gradient leaves it out likewise."""
    rng = np.random.default_rng(0)
    model, noise, y = (
        nr.LaplaceICA(2),
        nr.GaussianNoise([0.0, 0.0], 3.0 * np.eye(2)),
        rng.standard_normal((5, 2)),
    )
    theta = model.pack([[1.0, -1.0], [0.5, 2.0]], -1.0)
    x = np.array([[3.0, 3.0], [1.0, 0.3], [-2.0, 0.1]])  # b_0 . x_0 = 0 exactly
    objective = nr.NCEObjective(model, noise, x, y)
    np.testing.assert_allclose(objective.expand(theta).gradient, objective(theta)[1], rtol=1e-13)
    assert objective.kinks(theta)[0] == 0.0 and len(objective.expand(theta).kinks.weights) == 1


def test_smooth_models_have_no_kinks_and_nce_says_where_it_is_concave():
    theta, model, noise, x, y = laplace()
    nce, likelihood = nr.NCEObjective(model, noise, x, y), nr.LikelihoodObjective(model, x)
    expansion = nce.expand(theta)
    assert expansion.concave and not nce.smoothed(0.1).expand(theta).concave
    np.testing.assert_array_equal(expansion.curvature, -expansion.hessian)
    assert np.linalg.eigvalsh(expansion.curvature).min() > -1e-14
    assert nce.smoothed(0.1).expand(theta).kinks.directions.shape == (0, 5)
    mle = likelihood.expand(theta[:-1], width=0.5)
    assert (
        not mle.concave and mle.kinks.directions.shape[1] == 4 and mle.kinks.clearance == math.inf
    )
    assert (
        np.linalg.eigvalsh(mle.curvature).min() > -1e-13
        and np.linalg.eigvalsh(mle.hessian).max() > 0.1
    )
    gauss = nr.Gaussian(2)
    alpha = gauss.random_start(np.random.default_rng(1))
    assert nr.NCEObjective(gauss, noise, x, y).expand(alpha, width=1.0).kinks.weights.shape == (0,)


@pytest.mark.parametrize("n_points", [1, base._BLOCK, base._BLOCK + 1, 60_000, 100_003])
def test_blocks_cover_every_point_once(n_points):
    seen = np.zeros(n_points, dtype=int)
    for block in blocks(n_points):
        seen[block] += 1
    np.testing.assert_array_equal(seen, 1)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_kink_is_active_within_1e_10_of_the_lengths(sign):
    """As the docstrings have it: |b . x| <= 1e-10 |b||x|, of data and noise alike."""
    for case, point in (("a ridge", "x"), ("a valley", "y")):
        for cosine, is_active in ((3e-11, True), (3e-10, False)):
            theta, model, noise, x, y = laplace()
            row, u = CASES[case](x, y)[0]
            onto(theta, 2, row, u)
            b = theta[2 * row : 2 * row + 2]
            b += sign * cosine * np.linalg.norm(b) * u / np.linalg.norm(u)
            kinks = nr.NCEObjective(model, noise, x, y).expand(theta).kinks
            listed = kinks.directions if point == "x" else kinks.valleys
            assert len(listed) == is_active
            # A valley that is not active is the nearest one.
            if point == "y" and not is_active:
                assert kinks.clearance == pytest.approx(cosine * np.linalg.norm(b), rel=1e-4)
    assert ACTIVE == 1e-10


FAULTS = """
import resource, numpy as np, nce_ref as nr
rng, model = np.random.default_rng(0), nr.LaplaceICA(4)
x = rng.standard_normal((8000, 4))
objective = nr.NCEObjective(model, nr.GaussianNoise.from_data(x), x, rng.standard_normal((8000, 4)))
theta = model.random_start(rng)
for _ in range(20): objective(theta)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100): objective(theta)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 100)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc",
    reason="other C libraries have other rules for giving memory back",
)
def test_an_evaluation_keeps_its_pages():
    """The plant: glibc's own first thresholds, held fast by its environment variables; every call then faults its pages
    in again."""

    def faults(**environment):
        done = subprocess.run(
            [sys.executable, "-c", FAULTS],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout)

    assert faults() < 10
    assert faults(MALLOC_MMAP_THRESHOLD_="131072", MALLOC_TRIM_THRESHOLD_="131072") > 100
