r"""exact_covariance.py: the package's contour, polar quadrature in u, published constants, symmetries, digits, plants,
bad input.

``polar`` is the independent witness for n = 2: the definition taken literally, theta coordinates, p_d and p_n from
SciPy, nothing rotated, sectors between the kinks b_i . u = 0. Errors are relative to sqrt(Sigma_ii Sigma_jj), as the
digits are.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr
from nce_ref.oracle.families.covariance import exact as ec
from nce_ref.oracle.families.covariance.exact import asymptotic_covariance
from tests.asymptotics_problems import Plain, ica, in_units, matched

B2 = [[0.5, 2.0], [1.5, -0.25]]
MEAN2, COV2 = [0.5, -0.25], [[4.0, 1.5], [1.5, 1.0]]
GENERAL = (B2, MEAN2, COV2, 2.5)
CORRELATED = (np.eye(2).tolist(), [0.0, 0.0], [[1.0, 0.9], [0.9, 1.0]], 1.0)


def sigma(*arguments, **options):
    return np.array(asymptotic_covariance(*arguments, **options)["covariance"])


def centred(B):
    """(B, 0, (B^T B)^-1) as lists."""
    noise = matched(np.asarray(B))
    return np.asarray(B).tolist(), [0.0] * len(B), ((noise.cov + noise.cov.T) / 2).tolist()


def of_package(B, mean, cov, nu):
    model, theta, _ = ica(len(B), None, np.array(B))
    return nr.asymptotic_covariance(model, theta, nr.GaussianNoise(mean, cov), nu)


def polar(B, mean, cov, nu, nodes=300, radius=40.0):
    """I and m by Gauss-Legendre in angle, sector by sector, and in the square root of the radius."""
    B = np.array(B)
    kinks = np.sort(
        np.concatenate([np.arctan2(-B[:, 0], B[:, 1]) + k * np.pi for k in range(2)]) % (2 * np.pi)
    )
    x, w = np.polynomial.legendre.leggauss(nodes)
    root, root_weight = math.sqrt(radius) * (x + 1) / 2, math.sqrt(radius) * w / 2
    information, m = 0.0, 0.0
    for low, high in itertools.pairwise([*kinks, kinks[0] + 2 * np.pi]):
        angle = low + (high - low) * (x + 1) / 2
        u = (root[:, None] ** 2)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        weight = np.outer(root_weight * 2 * root * root**2, w * (high - low) / 2)
        s = u @ B.T
        p_d = stats.laplace.pdf(s, scale=math.sqrt(0.5)).prod(axis=-1) * abs(np.linalg.det(B))
        p_n = stats.multivariate_normal.pdf(u, mean, cov)
        g = np.ones((*p_d.shape, 5))
        g[..., :4] = -math.sqrt(2.0) * (np.sign(s)[..., :, None] * u[..., None, :]).reshape(
            *p_d.shape, 4
        )
        weight = weight * p_d * nu * p_n / (p_d + nu * p_n)
        information = information + np.einsum("ab,abi,abj->ij", weight, g, g)
        m = m + np.einsum("ab,abi->i", weight, g)
    inverse = np.linalg.inv(information)
    return inverse - (1 + 1 / nu) * np.outer(inverse @ m, inverse @ m)


@pytest.fixture(scope="module")
def witness():
    fine, coarse = polar(*GENERAL), polar(*GENERAL, nodes=240)
    assert in_units(fine - coarse, fine) < 1e-11
    return fine


def is_right(witness):
    """Both sides hold 11 digits or more; 1e-10 leaves the witness's own inversion, cond(I) about 100, ample room."""
    return in_units(sigma(*GENERAL, digits=11) - witness, witness) < 1e-10


def test_general_noise_in_two_dimensions(witness):
    assert is_right(witness)


PLANTS = {
    "ln nu missing in P": lambda noise: dataclasses.replace(
        noise, log_scale=noise.log_scale - noise.log_nu
    ),
    "mean ignored": lambda noise: dataclasses.replace(noise, mean=[0.0, 0.0]),
    "correlation ignored": lambda noise: dataclasses.replace(
        noise, precision=np.diag(np.diag(noise.precision)).tolist()
    ),
    "one orthant for all": lambda noise: dataclasses.replace(noise, even=True),
    "p_n off by 1e-6": lambda noise: dataclasses.replace(noise, log_scale=noise.log_scale + 1e-6),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_wrong_noise_is_seen(name, witness, monkeypatch):
    make = ec._in_source_coordinates
    monkeypatch.setattr(
        ec, "_in_source_coordinates", lambda *arguments: PLANTS[name](make(*arguments))
    )
    assert not is_right(witness)


@pytest.mark.parametrize(
    "name",
    [
        "sqrt2 forgotten in m",
        "correction without 1/nu",
        "no correction",
        "B for B^T",
        "signs forgotten",
    ],
)
def test_a_wrong_formula_is_seen(name, witness, monkeypatch):
    of_orthants, in_theta = ec._sigma, ec._in_theta
    if name == "sqrt2 forgotten in m":

        def without(orthants, nu):
            with monkeypatch.context() as inside:
                inside.setattr(ec, "SQRT2", 1.0)
                return of_orthants(orthants, nu)

        monkeypatch.setattr(ec, "_sigma", without)
    elif name == "correction without 1/nu":
        monkeypatch.setattr(
            ec, "_sigma", lambda orthants, nu: of_orthants(orthants, Fraction(10**40))
        )
    elif name == "no correction":
        monkeypatch.setattr(ec, "_sigma", lambda orthants, nu: of_orthants(orthants, Fraction(-1)))
    elif name == "B for B^T":
        monkeypatch.setattr(
            ec,
            "_in_theta",
            lambda matrix, B: in_theta(matrix, [list(column) for column in zip(*B)]),
        )
    else:
        orthants = ec._orthants
        monkeypatch.setattr(
            ec,
            "_orthants",
            lambda *arguments: [((1, signs[1]), m) for signs, m in orthants(*arguments)],
        )
    assert not is_right(witness)


def exact(problem):
    B, mean, cov, nu = problem
    return (
        [[Fraction(v) for v in row] for row in B],
        [Fraction(v) for v in mean],
        [[Fraction(v) for v in row] for row in cov],
        Fraction(nu),
    )


# Half a Hadamard matrix times a unit triangular one: no entry is 0, the condition number 4.7.
HADAMARD = [
    [0.25, 1.25, 0.25, 0.5],
    [-0.25, -0.75, 0.75, -0.5],
    [1.25, -0.25, -0.25, -0.5],
    [0.75, -0.25, -0.75, 0.5],
]

CONTOUR = {  # the package's contour integrals, and its other deterministic rules
    "n = 1": (*centred([[-2.0]]), 0.5, 12),
    "n = 1, little noise": ([[1.0]], [0.0], [[4.0]], 0.01, 12),
    "n = 1, much noise": ([[1.0]], [0.0], [[0.25]], 100.0, 12),
    "n = 2": (*centred([[1.0, 0.5], [-1.0, 0.5]]), 1.0, 11),
    "n = 2, two scales": (np.eye(2).tolist(), [0.0, 0.0], [[4.0, 0.0], [0.0, 0.5]], 10.0, 11),
    "n = 3": (*centred([[1.0, 0.5, 0.0], [0.0, 1.0, -0.5], [0.25, 0.0, 2.0]]), 2.5, 9),
    "n = 3, three scales": (
        np.eye(3).tolist(),
        [0.0] * 3,
        np.diag([0.5, 1.0, 2.0]).tolist(),
        1.0,
        8,
    ),
    "n = 4": (*centred(HADAMARD), 0.1, 8),
    "n = 4, four scales": (
        np.eye(4).tolist(),
        [0.0] * 4,
        np.diag([0.5, 1.0, 0.75, 1.5]).tolist(),
        0.5,
        5,
    ),
    "n = 1, a mean, by the line": ([[0.75]], [1.5], [[4.0]], 10.0, 11),
    "n = 2, a mean and a correlation, by the orthants": (*GENERAL, 11),
    "n = 2, a correlation, by the orthants": (*CORRELATED, 11),
    "n = 3, a mean and a correlation, by the orthants": (
        np.eye(3).tolist(),
        [0.5, 0.0, -0.25],
        (0.75 * np.eye(3) + 0.25).tolist(),
        1.0,
        7,
    ),
}


@pytest.mark.parametrize("name", CONTOUR)
def test_agrees_with_the_package(name):
    B, mean, cov, nu, digits = CONTOUR[name]
    expected = of_package(B, mean, cov, nu)
    assert expected.integration_error < 1e-11
    got = asymptotic_covariance(B, mean, cov, nu, digits=digits)
    assert got["digits"] >= digits
    # Rounding in B cov B^T, that the noise is taken as diagonal in spite of it, and cond(I): 1e-12 in all.
    assert (
        in_units(got["covariance"] - expected.covariance, expected.covariance)
        < 10.0**-digits + expected.integration_error + 1e-12
    )


def test_agrees_with_the_packages_random_points():
    # A 99 % half-width of Student's t with 7 degrees of freedom, 3.5 standard errors; thrice that: 15 entries x 2e-5 at
    # most.
    B, mean, cov, nu = GENERAL
    model, theta, _ = ica(2, None, np.array(B))
    noise, rng = nr.GaussianNoise(mean, cov), np.random.default_rng(5)
    expected = nr.asymptotic_covariance(Plain(model), theta, noise, nu, rng=rng, log2_points=14)
    assert "scrambled Sobol points" in expected.method
    assert (
        in_units(sigma(*GENERAL, digits=6) - expected.covariance, expected.covariance)
        < 3 * expected.integration_error
    )


@pytest.mark.parametrize(
    ("nu", "K", "of_c"), [(0.01, "395.16571", "708.82578"), (1.0, "8.3300812", "13.118112")]
)
def test_known_constants_of_four_sources(nu, K, of_c):
    """THEORY.md 4.5; half a unit of the last digit printed."""
    covariance = sigma(*centred(np.eye(4)), nu, digits=8)
    for got, printed in ((covariance[0, 0] + 3 * covariance[1, 1], K), (covariance[-1, -1], of_c)):
        assert abs(got - float(printed)) <= 0.5 * 10.0 ** -len(printed.split(".")[1]) + 1e-8 * got


@pytest.mark.parametrize("n", [1, 2, 3])
def test_maximum_likelihood_is_the_limit(n):
    # P = 1: K = 1 + 2(n - 1)/3, Var(c) = n (facts sheet). 1 - P is below 1e-200 where p_d is not negligible.
    covariance = sigma(*centred(np.eye(n)), 1e300, digits=10)
    K = covariance[0, 0] + (n - 1) * (covariance[1, 1] if n > 1 else 0.0)
    assert abs(K - 1 - 2 * (n - 1) / 3) < 1e-9 and abs(covariance[-1, -1] - n) < 1e-9


def test_equivariance_and_symmetry():
    """u -> A u with A = [[1, 1/2], [0, 1]], all exact: B -> B A^-1, mean -> A mean, cov -> A cov A^T, d/dB -> d/dB
    A^T."""
    A, inverse = np.array([[1.0, 0.5], [0.0, 1.0]]), np.array([[1.0, -0.5], [0.0, 1.0]])
    first = sigma(*GENERAL, digits=11)
    assert (first == first.T).all()
    moved = sigma(
        (B2 @ inverse).tolist(), (A @ MEAN2).tolist(), (A @ COV2 @ A.T).tolist(), 2.5, digits=11
    )
    change = np.eye(5)
    change[:4, :4] = np.kron(np.eye(2), inverse.T)
    # The same source coordinates, the same fractions and so the same Sigma there: only the last rounding differs.
    assert in_units(moved - change @ first @ change.T, moved) < 1e-13
    swapped = sigma([[-v for v in B2[1]], B2[0]], MEAN2, COV2, 2.5, digits=11)
    order, sign = [2, 3, 0, 1, 4], np.array([-1.0, -1.0, 1.0, 1.0, 1.0])
    assert in_units(swapped - first[np.ix_(order, order)] * np.outer(sign, sign), swapped) < 2e-11


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_shortcuts_give_what_the_whole_sum_gives(n):
    B, mean, cov = centred(np.eye(n))
    noise = ec._in_source_coordinates(*exact((B, mean, cov, 2.5)))
    assert noise.even and noise.symmetric
    whole = dataclasses.replace(noise, even=False, symmetric=False)
    short, long = (
        np.array(ec._sigma(ec._orthants(version, 10), Fraction(5, 2)), dtype=float)
        for version in (noise, whole)
    )
    assert (
        np.abs(short - long).max() < 1e-11 * np.abs(long).max()
    )  # the same rule: rounding times cond(I) < 1e3


@pytest.mark.parametrize(
    ("problem", "asked"), [(GENERAL, 3), (GENERAL, 8), (CORRELATED, 2), (CORRELATED, 5)]
)
def test_stated_digits_are_honoured(problem, asked):
    coarse, fine = asymptotic_covariance(*problem, digits=asked), sigma(*problem, digits=11)
    assert asked <= coarse["digits"] <= ec.MAX_DIGITS
    assert in_units(coarse["covariance"] - fine, fine) < 10.0 ** -coarse["digits"]


@pytest.mark.parametrize("nodes", [24, 81])
def test_the_rule_is_exact_for_polynomials(nodes):
    rule = ec._gauss_legendre(nodes)
    for power in (0, 2, 3, nodes, 2 * nodes - 2, 2 * nodes - 1):
        assert (
            abs(math.fsum(w * x**power for x, w in rule) - (1 + (-1) ** power) / (power + 1))
            < 1e-14
        )


EYE4 = np.eye(4).tolist()
BAD = {
    "B: its determinant is 0": ([[1.0, 2.0], [2.0, 4.0]], MEAN2, COV2, 1.0),
    "B: got 1 numbers": ([[1.0], [2.0]], MEAN2, COV2, 1.0),
    "B: got nan": ([[math.nan]], [0.0], [[1.0]], 1.0),
    "noise_mean: got 1 numbers": (B2, [0.0], COV2, 1.0),
    "noise_cov: got 1 rows": (B2, MEAN2, [[1.0]], 1.0),
    "noise_cov: .* symmetric": (B2, MEAN2, [[1.0, 0.5], [0.25, 1.0]], 1.0),
    "noise_cov: not positive definite": (B2, MEAN2, [[1.0, 2.0], [2.0, 1.0]], 1.0),
    "nu: got 0": (B2, MEAN2, COV2, 0.0),
    "nu: got inf": (B2, MEAN2, COV2, math.inf),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input(message):
    with pytest.raises(ValueError, match=message):
        asymptotic_covariance(*BAD[message])


@pytest.mark.parametrize("digits", [0, 13, 8.0, True])
def test_bad_digits(digits):
    with pytest.raises(ValueError, match="digits: got"):
        asymptotic_covariance(*GENERAL, digits=digits)


def test_what_is_out_of_reach_says_so():
    for mean, cov in (([0.5, 0.0, 0.0, 0.0], EYE4), ([0.0] * 4, (np.eye(4) + 0.5).tolist())):
        with pytest.raises(NotImplementedError, match="n = 4"):
            asymptotic_covariance(EYE4, mean, cov, 1.0)
    with pytest.raises(NotImplementedError, match="n = 5"):
        asymptotic_covariance(*centred(np.eye(5)), 1.0)
    with pytest.raises(ArithmeticError, match="overflows"):
        asymptotic_covariance([[1.0]], [2000.0], [[1.0]], 1.0)
