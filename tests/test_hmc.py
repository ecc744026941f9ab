"""hmc.py: the leapfrog's geometry and order, the Metropolis decision, and that the density stays where it is.

Statistical tests: a |z| up to 6 passes, two-sided 2e-9 a number; some 25 numbers here, below 1e-7 in all. The plants
show the power.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import hmc

GAUSSIAN = nr.Gaussian(2)
PRECISION = np.array([[1.5, -0.6], [-0.6, 0.8]])
AT_GAUSSIAN = GAUSSIAN.pack(PRECISION, 0.0)
ICA = nr.LaplaceICA(2)
B = np.array([[1.0, 0.4], [-0.3, 1.2]])
AT_ICA = ICA.pack(B, 0.0)
SMOOTH = nr.LaplaceICA(2, smoothing=0.4)
CASES = {
    "gaussian": (GAUSSIAN, AT_GAUSSIAN),
    "laplace": (ICA, AT_ICA),
    "smoothed laplace": (SMOOTH, AT_ICA),
}


def fields(model, theta):
    return (lambda u: model.log_density(theta, u)), (lambda u: model.score(theta, u))


def energies(model, theta, u, p):
    return -model.log_density(theta, u) + 0.5 * np.sum(p * p, axis=1)


def euler(score, u, p, step_size, n_steps):
    """A planted integrator: first order, expands volume."""
    for _ in range(n_steps):
        u, p = u + step_size * p, p + step_size * score(u)
    return u, p


def some(n, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 2)), rng.standard_normal((n, 2))


def test_leapfrog_is_the_textbook_loop():
    u, p = some(3, 0)
    got = hmc.leapfrog(fields(GAUSSIAN, AT_GAUSSIAN)[1], u, p, 0.3, 4)
    for t in range(3):
        q, r = list(u[t]), list(p[t])
        for _ in range(4):  # whole leapfrog steps, two half kicks each
            r = [r[i] - 0.15 * sum(PRECISION[i, j] * q[j] for j in range(2)) for i in range(2)]
            q = [q[i] + 0.3 * r[i] for i in range(2)]
            r = [r[i] - 0.15 * sum(PRECISION[i, j] * q[j] for j in range(2)) for i in range(2)]
        np.testing.assert_allclose(got[0][t], q, rtol=1e-13)
        np.testing.assert_allclose(got[1][t], r, rtol=1e-13)


def test_step_sizes_of_single_chains_and_the_callers_arrays_stay():
    u, p = some(5, 1)
    before = u.copy(), p.copy()
    score, steps = fields(ICA, AT_ICA)[1], np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    together = hmc.leapfrog(score, u, p, steps, 3)
    for t in range(5):
        alone = hmc.leapfrog(score, u[t : t + 1], p[t : t + 1], float(steps[t]), 3)
        np.testing.assert_allclose(together[0][t], alone[0][0], rtol=1e-13)
    np.testing.assert_array_equal(u, before[0])
    np.testing.assert_array_equal(p, before[1])


@pytest.mark.parametrize("name", CASES)
def test_it_goes_back_the_way_it_came(name):
    """Reversible: from (u', -p') back to (u, -p), to rounding. Kinks are no exception, as long as rounding flips no
    sign there."""
    score = fields(*CASES[name])[1]
    u, p = some(200, 2)
    u1, p1 = hmc.leapfrog(score, u, p, 0.35, 7)
    u2, p2 = hmc.leapfrog(score, u1, -p1, 0.35, 7)
    np.testing.assert_allclose(u2, u, atol=1e-12)
    np.testing.assert_allclose(-p2, p, atol=1e-12)
    v1, q1 = euler(score, u, p, 0.35, 7)
    assert np.abs(euler(score, v1, -q1, 0.35, 7)[0] - u).max() > 0.1  # a planted integrator is seen


@pytest.mark.parametrize("name", CASES)
def test_volume_is_preserved(name):
    """det d(u', p')/d(u, p) = 1, by central differences of step 1e-5: error 1e-10 from third derivatives, 1e-11 from
    rounding, times at most some 100 from the products of a 4 x 4 determinant. Between kinks the Laplace map is
    affine."""
    score = fields(*CASES[name])[1]

    def determinant(move):
        start = np.concatenate([*some(1, 4)], axis=1)[0]
        rows = start + 1e-5 * np.concatenate([np.eye(4), -np.eye(4)])
        ends = np.concatenate(move(score, rows[:, :2], rows[:, 2:], 0.3, 5), axis=1)
        return np.linalg.det((ends[:4] - ends[4:]) / 2e-5)

    assert abs(determinant(hmc.leapfrog) - 1.0) <= 1e-8
    if name != "laplace":  # there Euler's map is a shear as well
        assert abs(determinant(euler) - 1.0) > 1e-2


@pytest.mark.parametrize(
    "name, order", [("gaussian", 2.0), ("smoothed laplace", 2.0), ("laplace", 1.0)]
)
def test_energy_error_has_its_order(name, order):
    """Mean |H' - H| of 4000 trajectories of length 2 at steps 1/10 ... 1/80 of it: slope in log-log within 0.12.

    The kinked one is a mean over where in a step the kinks fall, known to about 1 %: the slope to 0.02. The smoothed
    density is within its smooth range, step/smoothing, from 0.2/0.4 on, whose next order, (0.5)^2 of the first, moves
    its slope by some 0.06.
    """
    model, theta = CASES[name]
    score = fields(model, theta)[1]
    u, p = some(4000, 5)
    before = energies(model, theta, u, p)

    def slope(move):
        errors = [
            np.abs(energies(model, theta, *move(score, u, p, 2.0 / n, n)) - before).mean()
            for n in (10, 20, 40, 80)
        ]
        return -np.polyfit(np.log([10, 20, 40, 80]), np.log(errors), 1)[0]

    assert abs(slope(hmc.leapfrog) - order) <= 0.12
    if order == 2.0:
        assert slope(euler) < 1.5


def test_the_decision():
    log_ratio = np.array([0.0, 5.0, -math.inf, math.nan, math.log(0.5), math.log(0.5), 800.0])
    uniforms = np.array([0.999999, 0.5, 0.0, 0.0, 0.49, 0.51, 0.5])
    np.testing.assert_array_equal(
        hmc.metropolis(log_ratio, uniforms), [True, True, False, False, True, False, True]
    )
    with np.errstate(all="raise"):
        p = np.array([[1.0, 2.0]])
        assert hmc.log_acceptance(np.array([1.0]), p, np.array([3.0]), 2 * p)[0] == pytest.approx(
            2.0 + 2.5 - 10.0
        )
        assert hmc.log_acceptance(np.array([1.0]), p, np.array([np.nan]), p)[0] == -math.inf


def symmetric_moves(model, theta, u, moved):
    """|z| of E[f(u) h(u') - h(u) f(u')] for pairs of functions of u: 0 each if the pair (u, u') has a symmetric law."""
    functions = [lambda v: -model.log_density(theta, v), lambda v: np.abs(v[:, 0])]
    functions += [lambda v: np.tanh(v[:, 1]) ** 2, lambda v: v[:, 0] * v[:, 1]]
    z = []
    for i, f in enumerate(functions):
        for h in functions[:i]:
            terms = f(u) * h(moved) - h(u) * f(moved)
            z.append(abs(terms.mean()) * math.sqrt(len(u)) / terms.std())
    return max(z)


def transition_with(decide, model, theta, u, step_size, n_leapfrog, rng):
    """A transition by hand, with a decision that may be planted."""
    density, score = fields(model, theta)
    p = rng.standard_normal(u.shape)
    u1, p1 = hmc.leapfrog(score, u, p, step_size, n_leapfrog)
    keep = decide(density(u), p, density(u1), p1) < np.log(rng.random(len(u)))
    return np.where(keep[:, None], u, u1)


PLANTS = {
    "always accepted": lambda a, p, b, p1: np.zeros(len(a)),
    "momentum forgotten": lambda a, p, b, p1: b - a,
    "sign of the energy": lambda a, p, b, p1: -hmc.log_acceptance(a, p, b, p1),
}


@pytest.mark.parametrize("name, step", [("gaussian", 1.2), ("laplace", 0.8)])
def test_detailed_balance(name, step):
    """From exact draws (u, u') and (u', u) have one law, at a step size so coarse that a fifth or more is refused.
    Plants: z = 13 to 60."""
    model, theta = CASES[name]
    rng = np.random.default_rng(6)
    u = model.sample(theta, 60_000, rng)
    moved = hmc.hmc_transition(*fields(model, theta), u, step, 3, rng)
    assert 0.3 < moved.acceptance < 0.85
    assert abs(moved.accepted.mean() - moved.acceptance) < 6 * 0.5 / math.sqrt(60_000)
    np.testing.assert_array_equal(moved.points[~moved.accepted], u[~moved.accepted])
    assert symmetric_moves(model, theta, u, moved.points) < 6.0
    right = transition_with(hmc.log_acceptance, model, theta, u, step, 3, rng)
    assert symmetric_moves(model, theta, u, right) < 6.0
    for plant in PLANTS.values():
        assert (
            symmetric_moves(model, theta, u, transition_with(plant, model, theta, u, step, 3, rng))
            > 9.0
        )


def moments_z(model, theta, u):
    """|z| of the chains' mean and second moments, in coordinates where these are 0 and I."""
    factor = B if model is ICA else np.linalg.cholesky(PRECISION).T
    s = u @ factor.T
    terms = np.column_stack([s, s[:, 0] ** 2 - 1.0, s[:, 1] ** 2 - 1.0, s[:, 0] * s[:, 1]])
    return np.max(np.abs(terms.mean(axis=0)) * math.sqrt(len(s)) / terms.std(axis=0))


@pytest.mark.parametrize("name", ["gaussian", "laplace"])
def test_moments_from_a_start_far_off(name):
    """20 000 chains from one point, 40 transitions of acceptance 0.8 or so: the correlation left, below 0.7^40, is no
    matter.

    A density of 5 % too large a variance gives z = 0.05 sqrt(20000)/sqrt(kurtosis - 1) = 5 (Gaussian) or 3: the plants
    are further off.
    """
    model, theta = CASES[name]

    def run(move):
        rng = np.random.default_rng(7)
        u = np.full((20_000, 2), 2.0)
        for _ in range(40):
            u = move(u, rng)
        return moments_z(model, theta, u)

    assert (
        run(lambda u, rng: hmc.hmc_transition(*fields(model, theta), u, 0.8, 3, rng).points) < 6.0
    )
    assert (
        run(lambda u, rng: transition_with(PLANTS["always accepted"], model, theta, u, 0.8, 3, rng))
        > 9.0
    )


def test_a_trajectory_that_leaves_the_numbers_is_refused():
    density, score = fields(GAUSSIAN, AT_GAUSSIAN)
    u, _ = some(10, 8)
    rng = np.random.default_rng(8)
    with np.errstate(all="raise"):
        moved = hmc.hmc_transition(density, score, u, 1e200, 3, rng)
        assert moved.n_diverged == 10 and moved.acceptance == 0.0 and not moved.accepted.any()
        np.testing.assert_array_equal(moved.points, u)
        steps = np.where(np.arange(10) < 5, 0.1, 1e200)
        mixed = hmc.hmc_transition(density, score, u, steps, 3, rng)
    assert mixed.n_diverged == 5 and mixed.accepted[:5].any() and np.isfinite(mixed.points).all()


def test_the_step_size_finds_its_acceptance():
    rng = np.random.default_rng(9)
    for model, theta in (CASES["gaussian"], CASES["laplace"]):
        u = model.sample(theta, 4000, rng)
        for first in (1e-5, 0.3, 1e4):
            step = hmc.find_step_size(*fields(model, theta), u, first, 3, 0.8, rng)
            rates = []
            for _ in range(60):
                rates.append(hmc.hmc_transition(*fields(model, theta), u, step, 3, rng).acceptance)
                step = hmc.adapt_step_size(step, rates[-1], 0.8)
            # 30 means over 4000 chains of a number within [0, 1]: 0.5/sqrt(120000) = 0.0015, and the adaptation's own
            # wander.
            assert np.mean(rates[30:]) == pytest.approx(0.8, abs=0.015)
            # It crosses: more than the target accepted here and less at twice the step, but for six deviations of such
            # a mean.
            rate_at = lambda e: hmc.hmc_transition(*fields(model, theta), u, e, 3, rng).acceptance  # noqa: B023, E731
            found = hmc.find_step_size(*fields(model, theta), u, first, 3, 0.8, rng)
            assert rate_at(found) > 0.8 - 0.05 and rate_at(2.0 * found) < 0.8 + 0.05
    assert (
        hmc.adapt_step_size(1e-100, 0.0, 1.0) == 1e-100
        and hmc.adapt_step_size(1e100, 1.0, 0.5) == 1e100
    )


@pytest.mark.parametrize(
    "step_size",
    [
        0.0,
        -0.1,
        math.nan,
        math.inf,
        "long",
        np.float64(0.0),
        np.array([0.1, 0.0, 0.1]),
        np.array([0.1, 0.1]),
    ],
)
def test_a_bad_step_size_is_refused(step_size):
    with pytest.raises(ValueError, match="step_size: "):
        hmc.hmc_transition(
            *fields(ICA, AT_ICA), np.ones((3, 2)), step_size, 3, np.random.default_rng(0)
        )


def test_other_bad_input_is_refused_by_name():
    good = [*fields(ICA, AT_ICA), np.ones((3, 2)), 0.1, 3, np.random.default_rng(0)]
    for place, bad, name in [
        (2, np.ones(3), "u"),
        (2, np.full((3, 2), np.nan), "u"),
        (4, 0, "n_leapfrog"),
        (5, None, "rng"),
    ]:
        arguments = good[:place] + [bad] + good[place + 1 :]
        with pytest.raises(ValueError, match=f"{name}: "):
            hmc.hmc_transition(*arguments)
    with pytest.raises(ValueError, match=r"log_density\(u\): "):
        hmc.hmc_transition(lambda u: np.full(len(u), -math.inf), *good[1:])
