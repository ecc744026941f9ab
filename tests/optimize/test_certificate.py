"""certificate.py: its verdicts one by one, and that what it proves is true, by witnesses that share nothing with it.

What it must refuse, and certifiers with planted holes, are in ``test_certificate_refusals.py``.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.optimize import certify, maximize
from nce_ref.optimize.certificate import (
    STATIONARY,
    STATUSES,
    smallest_subgradient,
)
from nce_ref.optimize.slopes import directional_derivative
from tests.optimize.kinked_problems import (
    PAIR,
    Stub,
    certified_ends,
    expansion,
    ica_problem,
    on_a_valley,
    rounding,
    symmetric_likelihood,
)

# ---- each status ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "here, status",
    [
        (expansion(), "certified"),
        (expansion(concave=False), "passed"),  # a test, no proof
        (expansion(gradient=(0.0, 9e-9)), "certified"),
        (expansion(gradient=(0.0, 1.1e-8)), "not stationary"),
        (
            expansion(gradient=(0.0, 5e-9), clearance=1.6e-8),
            "certified",
        ),  # the exact maximum lies within 3 s/m = 1.5e-8
        (expansion(gradient=(0.0, 5e-9), clearance=1.4e-8), "near a valley"),
        (
            expansion(gradient=(0.0, 5e-9), steepness=6e7),
            "certified",
        ),  # the curvature may halve within 1/steepness = 1.7e-8
        (expansion(gradient=(0.0, 5e-9), steepness=7e7), "flat"),
        (
            expansion(gradient=(0.0, 1e-28), hessian=-1e-26 * np.eye(2), steepness=100.0),
            "flat",
        ),  # J = -exp(-100 distance)
        (expansion(hessian=np.diag([-1.0, 0.0])), "flat"),
        (expansion(hessian=np.diag([-1.0, 0.0]), concave=False), "flat"),
        (expansion(hessian=np.diag([-1.0, 1e-3]), concave=False), "saddle"),
        (expansion(hessian=[[-1.0, 1.0], [1.0, -1.0]], concave=False), "flat"),
        (
            expansion(hessian=np.diag([-1.0, -1e-12]), concave=False),
            "passed",
        ),  # coordinates of different sizes
        (expansion(valley=np.array([0.0, 1.0])), "on a valley"),
        (expansion(gradient=(np.nan, 0.0)), "diverged"),
        (expansion(value=-np.inf), "diverged"),
    ],
)
def test_each_status(here, status):
    proof = certify(Stub(here), np.zeros(2))
    assert proof.status == status and status in STATUSES
    assert proof.is_local_maximum == (status in ("certified", "passed"))
    assert (proof.radius < np.inf) == (status == "certified")
    assert len(proof.reason) > 20


def test_statuses_keep_their_places():
    """The replication's stored runs name them by number."""
    assert STATUSES[:9] == (
        "certified",
        "not stationary",
        "saddle",
        "flat",
        "zero row",
        "on a valley",
        "near a valley",
        "diverged",
        "unbounded",
    )
    assert len(set(STATUSES)) == len(STATUSES)


def test_an_infinite_normalising_constant_is_told_not_raised():
    objective, _ = symmetric_likelihood(PAIR)
    proof = certify(objective, np.array([1.0, 2.0, 2.0, 4.0]))
    assert (proof.status, proof.stationarity, proof.is_local_maximum) == ("diverged", np.inf, False)


# ---- what must be accepted, and that it is right
# ----------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("nu", [0.5, 1, 2.5, 10])
def test_every_end_of_maximize_is_certified(n, nu):
    for n_data in (100, 300, 2000):
        objective, start, _ = ica_problem(n, n_data, nu, 0)
        proof = certify(objective, maximize(objective, start).theta)
        assert proof.is_local_maximum and proof.stationarity <= STATIONARY, (
            n_data,
            proof.status,
            proof.reason,
        )
        assert np.abs(proof.multipliers).max(initial=0.0) <= 1.0
        assert len(proof.multipliers) <= n * (n - 1), (
            "more kinks than a row of B has directions, from points in general position"
        )


def likelihood_ends():
    for n, n_data in ((2, 100), (3, 250), (4, 250)):
        source, start, _ = ica_problem(n, n_data, 1, 0)
        objective = nr.LikelihoodObjective(source.model, source.x)
        yield objective, maximize(objective, start[:-1]).theta


def test_nothing_near_a_certified_point_is_higher():
    """Random directions and directions along the active kinks, radii 1e-7 to 1e-3 (to the next valley at most)."""
    rng, seen = np.random.default_rng(0), 0
    for objective, theta in [*certified_ends(repeats=1), *likelihood_ends()]:
        assert certify(objective, theta).is_local_maximum
        here = objective.expand(theta)
        along = np.linalg.svd(here.kinks.directions)[2][len(here.kinks.directions) :]
        seen += len(here.kinks.directions)
        reach = min(1e-3, 0.9 * here.kinks.clearance)
        for k in range(300):
            pick = rng.standard_normal((len(theta), 1))[:, 0]
            if k % 3 == 1:
                pick = along.T @ rng.standard_normal(len(along)) if len(along) else pick
            elif k % 3 == 2 and len(here.kinks.directions):
                pick = here.kinks.directions[k % len(here.kinks.directions)] * rng.choice(
                    (-1.0, 1.0)
                )
            step = pick / np.linalg.norm(pick) * reach * 10.0 ** rng.uniform(-4, 0)
            assert objective(theta + step)[0] <= here.value + rounding(objective, theta)
    assert seen >= 10, "maxima without active kinks would test little"


def exhaustive_smallest(gradient, pull):
    """min over the box by trying every multiplier at -1, at 1, and free: 3^k least-squares problems."""
    best = np.inf
    for pattern in itertools.product((-1.0, None, 1.0), repeat=pull.shape[1]):
        fixed = np.array([0.0 if p is None else p for p in pattern])
        free = np.array([p is None for p in pattern], dtype=bool)
        mu = fixed.copy()
        if free.any():
            mu[free] = np.linalg.lstsq(pull[:, free], gradient - pull @ fixed, rcond=1e-12)[0]
        if np.abs(mu).max(initial=0.0) <= 1.0 + 1e-9:
            best = min(best, np.linalg.norm(gradient - pull @ np.clip(mu, -1, 1)))
    return best


def test_the_smallest_subgradient_is_that_of_an_exhaustive_search():
    rng = np.random.default_rng(1)
    for seed in range(20):
        objective, _, truth = ica_problem(3, 60, 2.5, seed)
        B = (truth[:-1] * (1 + 0.3 * rng.standard_normal(9))).reshape(3, 3)
        for i in range(3):  # two data points on the kink of each row
            B[i] = np.linalg.svd(objective.x[2 * i : 2 * i + 2])[2][-1] * np.linalg.norm(B[i])
        here = objective.expand(np.append(B.ravel(), truth[-1]))
        assert here.kinks.directions.shape == (6, 10)
        norm, multipliers = smallest_subgradient(here)
        pull = here.kinks.directions.T * here.kinks.weights
        expected = exhaustive_smallest(here.gradient, pull)
        # Two least-squares solutions of well-scaled problems: 1e-16 times a condition below 1e4.
        assert abs(norm - expected) <= 1e-11 * np.linalg.norm(here.gradient)
        assert np.abs(multipliers).max() <= 1.0 and expected > 1e-3
        np.testing.assert_allclose(
            np.linalg.norm(here.gradient - pull @ multipliers), norm, rtol=1e-12
        )


def test_the_directional_derivative_is_that_of_one_sided_differences():
    rng = np.random.default_rng(2)
    for seed in range(4):
        objective, start, _ = ica_problem(3, 100, 2.5, seed)
        theta = on_a_valley(objective, maximize(objective, start).theta)
        theta[3:6] -= (
            (theta[3:6] @ objective.x[0]) / (objective.x[0] @ objective.x[0]) * objective.x[0]
        )
        here = objective.expand(theta)
        assert len(here.kinks.directions) and len(here.kinks.valleys)
        t = 1e-6 * min(1.0, here.kinks.clearance)
        for _ in range(20):
            d = rng.standard_normal(10)
            got = (objective(theta + t * d)[0] - objective(theta)[0]) / t
            # J'' < 1e2 between kinks, |d|^2 about 10; rounding of the difference over t.
            assert (
                abs(got - directional_derivative(here, d))
                <= 1e3 * t + 2 * rounding(objective, theta) / t
            )
