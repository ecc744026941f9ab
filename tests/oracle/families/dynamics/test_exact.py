"""Exact trajectories and decisions: closed forms, decimals with merged kicks, the way back, the package, signs in
Q(sqrt 2)."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import hmc
from nce_ref.oracle.families.dynamics import exact as exact_dynamics
from nce_ref.oracle.families.dynamics.exact import (
    Root,
    leapfrog_gaussian,
    leapfrog_laplace_ica,
    metropolis_decision,
)
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.scales import scales
from tests.oracle.float64_bounds import U, agrees

B = [[1.0, 0.5], [-0.25, 1.5]]
POINTS = [[0.5, -1.25], [-0.75, 0.375], [2.0, 1.0]]
MOMENTA = [[-1.0, 0.5], [0.25, -2.0], [0.125, 0.75]]
PRECISION = [[1.25, 0.5], [0.5, 2.0]]


def numbers(nested):
    return [numbers(entry) for entry in nested] if isinstance(nested, list) else float(nested)


@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_one_dimension_is_a_power_of_the_step_s_matrix(n_steps):
    """(u, p) -> ((1 - e^2 k/2) u + e p, -e k (1 - e^2 k/4) u + (1 - e^2 k/2) p): linear, determinant 1."""
    k, e = Fraction(9, 4), Fraction(3, 8)
    diagonal = 1 - e * e * k / 2
    u, p = Fraction(5, 8), Fraction(-3, 4)
    found = leapfrog_gaussian([[k]], [[u]], [[p]], e, n_steps, digits=200)
    before = k * u * u / 2 + p * p / 2
    for _ in range(n_steps):
        u, p = diagonal * u + e * p, -e * k * (1 - e * e * k / 4) * u + diagonal * p
    with localcontext(prec=200):
        want = [
            Decimal(q.numerator) / q.denominator for q in (u, p, k * u * u / 2 + p * p / 2 - before)
        ]
    assert [
        found["u_after"][0][0],
        found["momentum_after"][0][0],
        found["energy_change"][0],
    ] == want


def in_decimals(score, potential, u, p, e, n_steps):
    """Kicks merged, at 120 digits: another order of the same steps."""
    u, p, e = list(map(Decimal, u)), list(map(Decimal, p)), Decimal(e)

    def energy(u, p):
        return potential(u) + sum(v * v for v in p) / 2

    before = energy(u, p)
    p = [a + e / 2 * s for a, s in zip(p, score(u))]
    for k in range(n_steps):
        u = [a + e * b for a, b in zip(u, p)]
        p = [a + (e if k < n_steps - 1 else e / 2) * s for a, s in zip(p, score(u))]
    return u, p, energy(u, p) - before


def laplace(u):
    return [sum(Decimal(b) * v for b, v in zip(row, u)) for row in B]


def laplace_score(u):
    signs = [(s > 0) - (s < 0) for s in laplace(u)]
    return [
        -Decimal(2).sqrt() * sum(sign * Decimal(row[j]) for sign, row in zip(signs, B))
        for j in range(2)
    ]


MODELS = {
    "gaussian": (
        lambda **state: leapfrog_gaussian(PRECISION, **state),
        lambda u: [-sum(Decimal(q) * v for q, v in zip(row, u)) for row in PRECISION],
        lambda u: (
            sum(Decimal(PRECISION[i][j]) * u[i] * u[j] for i in range(2) for j in range(2)) / 2
        ),
    ),
    "laplace": (
        lambda **state: leapfrog_laplace_ica(B, **state),
        laplace_score,
        lambda u: Decimal(2).sqrt() * sum(map(abs, laplace(u))),
    ),
}


@pytest.mark.parametrize("n_steps", [1, 3, 10])
@pytest.mark.parametrize("name", MODELS)
def test_the_trajectory_in_decimals(name, n_steps):
    exactly, score, potential = MODELS[name]
    found = exactly(u=POINTS, momentum=MOMENTA, step_size=0.375, n_steps=n_steps)
    with localcontext(prec=120):
        for t in range(3):
            u, p, change = in_decimals(score, potential, POINTS[t], MOMENTA[t], 0.375, n_steps)
            pairs = [
                *zip(found["u_after"][t], u),
                *zip(found["momentum_after"][t], p),
                (found["energy_change"][t], change),
            ]
            assert all(abs(got - want) <= Decimal("1e-38") * (1 + abs(want)) for got, want in pairs)
            short = in_decimals(score, potential, POINTS[t], MOMENTA[t], 0.375, n_steps + 1)
            assert abs(short[0][0] - found["u_after"][t][0]) > Decimal("0.01")


def test_some_source_changes_its_sign_on_the_way():
    """Else the Laplace trajectories above are parabolas, and nothing but a constant force is tested."""
    found = numbers(leapfrog_laplace_ica(B, POINTS, MOMENTA, 0.375, 10)["u_after"])
    assert (
        np.sign(np.array(POINTS) @ np.array(B).T) != np.sign(np.array(found) @ np.array(B).T)
    ).any()


def test_the_way_back_is_the_way_there():
    """Dyadic numbers, 60 binary digits: all decimals are finite and exact, and so is the return to the last digit."""
    there = leapfrog_gaussian(PRECISION, POINTS, MOMENTA, 0.5, 3, digits=200)
    turned = [[p.copy_negate() for p in row] for row in there["momentum_after"]]
    back = leapfrog_gaussian(PRECISION, there["u_after"], turned, 0.5, 3, digits=200)
    assert numbers(back["u_after"]) == POINTS and back["u_after"] == [
        [Decimal(v) for v in row] for row in POINTS
    ]
    assert back["energy_change"] == [change.copy_negate() for change in there["energy_change"]]


def test_the_energy_is_kept_where_the_force_is_constant():
    assert leapfrog_laplace_ica([[1.0]], [[400.0]], [[-0.75]], 0.25, 8)["energy_change"] == [0]
    assert leapfrog_gaussian([[0.0]], [[4.0]], [[-0.75]], 0.25, 8)["energy_change"] == [0]


def test_at_the_kink_the_force_is_0():
    """b . u = 0 at the start: no kick, and half a kick from the side where it arrives."""
    found = leapfrog_laplace_ica([[1.0]], [[0.0]], [[1.0]], 1.0, 1)
    assert found["u_after"] == [[1]]
    with localcontext(prec=45):
        assert abs(found["momentum_after"][0][0] - 1 + Decimal(2).sqrt() / 2) < Decimal("1e-39")


def test_signs_of_r_plus_s_sqrt_2_are_decided_exactly():
    """p/q with p^2 - 2 q^2 = +-1: the fractions that come nearest to sqrt(2), 1e-62 off here."""
    p, q = 1, 1
    for _ in range(80):
        p, q = p + 2 * q, p + q
        assert p * p - 2 * q * q in (1, -1)
        side = p * p - 2 * q * q
        assert (
            Root(Fraction(p), Fraction(-q)).sign() == side
            and Root(Fraction(-p), Fraction(q)).sign() == -side
        )
    assert [
        Root(Fraction(r), Fraction(s)).sign()
        for r, s in ((0, 0), (1, 0), (0, -2), (3, 1), (-1, -1))
    ] == [0, 1, -1, 1, -1]
    assert Root(Fraction(1), Fraction(1)) * Root(Fraction(-1), Fraction(1)) == Root(Fraction(1))


# --- decisions ------------------------------------------------------------------------------------


def test_decisions():
    found = metropolis_decision(
        [2.0, 2.0, 5.0, 3.0, 0.0], [3.0, 3.0, 1.0, 3.0, 1e6], [0.36, 0.37, 0.99, 0.99, 0.001]
    )
    with localcontext(prec=60):
        assert abs(found["probability"][0] - Decimal(-1).exp()) < Decimal("1e-40")
        assert abs(found["probability"][4] / Decimal(-(10**6)).exp() - 1) < Decimal("1e-39")
    assert found["probability"][2:4] == [1, 1]
    assert found["accepted"] == [1, 0, 1, 1, 0]


# --- the package, and planted mistakes
# ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["leapfrog_gaussian", "leapfrog_laplace_ica"])
def test_the_package_agrees_and_planted_mistakes_do_not(name):
    """Bound: (n + 9) U times the running sums of absolute summands, as in test_exact_network.py; no kink is nearer than
    1e-3 here."""
    model = nr.Gaussian(2) if name == "leapfrog_gaussian" else nr.LaplaceICA(2)
    parameter = np.array(PRECISION if name == "leapfrog_gaussian" else B)
    u, p = np.array(POINTS), np.array(MOMENTA)
    inputs = {"u": u, "momentum": p, "step_size": 0.375, "n_steps": 3.0}
    inputs = {"precision" if name == "leapfrog_gaussian" else "B": parameter, **inputs}
    want = getattr(exact_dynamics, name)(**inputs)
    numbers_of = {key: np.array(digits, dtype=np.float64) for key, digits in want.items()}
    allowed = {key: (2 + 9) * U * scale for key, scale in scales(name, inputs, numbers_of).items()}
    theta = model.pack(parameter, 0.0)
    u_after, p_after = hmc.leapfrog(lambda q: model.score(theta, q), u, p, 0.375, 3)
    change = -hmc.log_acceptance(
        model.log_density(theta, u), p, model.log_density(theta, u_after), p_after
    )
    assert agrees(
        {"u_after": u_after, "momentum_after": p_after, "energy_change": change}, want, allowed
    )
    for mistake in CATALOGUE.values():
        if name in mistake.objectives:
            assert not agrees(mistake.evaluate(name, inputs), want, allowed), mistake.id


def test_the_packages_decision_agrees():
    rng = np.random.default_rng(0)
    before, after, uniforms = (
        5 * rng.standard_normal(50),
        5 * rng.standard_normal(50),
        rng.random(50),
    )
    want = metropolis_decision(before, after, uniforms)
    got = hmc.metropolis(before - after, uniforms)
    assert got.tolist() == [bool(a) for a in want["accepted"]] and 10 < got.sum() < 40
    assert hmc.metropolis(after - before, uniforms).tolist() != [bool(a) for a in want["accepted"]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: leapfrog_gaussian(PRECISION, POINTS, MOMENTA, 0.0, 3),
            "step_size: got 0; expected a number above 0",
        ),
        (
            lambda: leapfrog_gaussian(PRECISION, POINTS, MOMENTA, 0.5, 1.5),
            "n_steps: got 3/2; expected a whole number from 1 on",
        ),
        (
            lambda: leapfrog_gaussian(PRECISION, POINTS, MOMENTA, 0.5, 0),
            "n_steps: got 0; expected a whole number from 1 on",
        ),
        (lambda: leapfrog_gaussian(B, POINTS, MOMENTA, 0.5, 1), "precision: got"),
        (
            lambda: leapfrog_laplace_ica(B, POINTS, MOMENTA[:2], 0.5, 1),
            "momentum: got 2 rows; expected 3, as u has",
        ),
        (lambda: leapfrog_laplace_ica(B, [[1.0]], MOMENTA, 0.5, 1), "u: got 1 numbers; expected 2"),
        (
            lambda: metropolis_decision([1.0], [2.0, 3.0], [0.5]),
            "energy_after: got 2 numbers; expected 1",
        ),
        (
            lambda: metropolis_decision([1.0], [2.0], [1.0]),
            "uniforms: got 1.0; expected numbers from 0 on, below 1",
        ),
        (lambda: metropolis_decision([1.0], [2.0], [Decimal(-1).exp()]), "uniforms: got"),
        (lambda: metropolis_decision([1.0], [float("inf")], [0.5]), "energy_after: got inf"),
    ],
)
def test_bad_input_is_named(call, said):
    with localcontext(prec=70), pytest.raises(ValueError, match=f"^{said}"):
        call()
