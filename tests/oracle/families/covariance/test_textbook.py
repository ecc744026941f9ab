"""The covariance in NumPy agrees with the stored digits and with ``exact_covariance``; its mistakes are what their
texts say."""

from __future__ import annotations

import time

import numpy as np
import pytest

from nce_ref.oracle import check
from nce_ref.oracle.families.covariance import exact as exact_covariance
from nce_ref.oracle.families.covariance.textbook import SQRT2, CovarianceSteps, evaluate_covariance
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.vectors import cases

NAME = "asymptotic_covariance"
MISTAKES = [mistake for mistake in CATALOGUE.values() if NAME in mistake.objectives]
OFFSET = {
    "B": np.array([[0.5, 2.0], [1.5, -0.25]]),
    "noise_mean": np.array([0.5, -0.25]),
    "noise_cov": np.array([[4.0, 1.5], [1.5, 1.0]]),
    "nu": 2.5,
}


def right(inputs):
    return evaluate_covariance(CovarianceSteps(), NAME, inputs)["covariance"]


def wrong(id, inputs):
    return CATALOGUE[id].evaluate(NAME, inputs)["covariance"]


@pytest.mark.parametrize("vector", cases(NAME), ids=lambda vector: vector.id)
def test_seven_digits_of_every_stored_covariance(vector):
    """A fourteenth of what is allowed. The stored digits are 9."""
    want = vector.expected["covariance"]
    assert (np.abs(right(vector.arguments()) - want.value) <= 7e-8 * want.scale).all()


@pytest.mark.parametrize("n", [1, 2])
def test_any_noise_against_the_exact_covariance(n):
    rng = np.random.default_rng(n)
    B, L = (
        rng.standard_normal((n, n)) + 2 * np.eye(n),
        0.5 * rng.standard_normal((n, n)) + np.eye(n),
    )
    inputs = {"B": B, "noise_mean": 0.3 * rng.standard_normal(n), "noise_cov": L @ L.T, "nu": 0.75}
    want = np.array(
        exact_covariance.asymptotic_covariance(
            B.tolist(), inputs["noise_mean"].tolist(), (L @ L.T).tolist(), 0.75, digits=6
        )["covariance"]
    )
    deviations = np.sqrt(np.diag(want))
    assert (np.abs(right(inputs) - want) <= 1e-6 * np.outer(deviations, deviations)).all()


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match="n = 4"):
        right({"B": np.eye(4), "noise_mean": np.ones(4), "noise_cov": np.eye(4), "nu": 1.0})
    with pytest.raises(KeyError):
        evaluate_covariance(CovarianceSteps(), "binary_nce", OFFSET)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_that_of_the_inputs(dtype):
    inputs = {
        name: value if isinstance(value, float) else value.astype(dtype)
        for name, value in OFFSET.items()
    }
    for mistake in MISTAKES:
        assert mistake.evaluate(NAME, inputs)["covariance"].dtype == dtype, mistake.id


CORRECTIONS = {
    "cov-no-correction": lambda nu: 1 + 1 / nu,
    "cov-correction-sign": lambda nu: 2 * (1 + 1 / nu),
    "cov-correction-equal-sizes": lambda nu: 1 / nu - 1,
    "cov-correction-data-only": lambda nu: 1 / nu,
    "cov-correction-noise-only": lambda nu: 1.0,
    "cov-correction-nu-inverted": lambda nu: 1 / nu - nu,
}


@pytest.mark.parametrize("id", CORRECTIONS)
def test_a_slip_in_the_correction_is_in_the_variance_of_c_alone(id):
    off = wrong(id, OFFSET) - right(OFFSET)
    want = np.zeros_like(off)
    want[-1, -1] = CORRECTIONS[id](OFFSET["nu"])
    np.testing.assert_allclose(off, want, atol=1e-10)


def test_factors_and_limits_are_those_of_the_texts():
    sigma, nu = right(OFFSET), OFFSET["nu"]
    of_B = np.s_[:-1, :-1]
    for id, factor in {
        "cov-over-noise-no-nu": nu,
        "cov-information-per-point": 1 + nu,
        "cov-hessian-of-half": 2,
        "cov-gradient-no-sqrt2": 2,
    }.items():
        np.testing.assert_allclose(
            wrong(id, OFFSET)[of_B], factor * sigma[of_B], rtol=1e-9, err_msg=id
        )
    np.testing.assert_allclose(
        wrong("cov-gradient-no-sqrt2", OFFSET)[-1, :-1], SQRT2 * sigma[-1, :-1], rtol=1e-9
    )
    np.testing.assert_allclose(
        wrong("cov-P-no-nu", OFFSET)[of_B], right({**OFFSET, "nu": 1.0})[of_B], rtol=1e-9
    )
    np.testing.assert_allclose(
        wrong("cov-noise-no-2pi", OFFSET)[of_B],
        right({**OFFSET, "nu": nu * 2 * np.pi})[of_B],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        wrong("cov-cramer-rao", OFFSET), right({**OFFSET, "nu": 1e9}), atol=1e-3
    )
    no_P = wrong("cov-no-P", OFFSET)
    smaller = [
        no_P,
        wrong("cov-cramer-rao", OFFSET),
        wrong("cov-c-known", OFFSET),
        wrong("cov-correction-not-solved", OFFSET),
    ]
    assert all((np.diag(one)[:-1] < np.diag(sigma)[:-1]).all() for one in smaller)
    assert wrong("cov-correction-not-solved", OFFSET)[-1, -1] > sigma[-1, -1]
    assert (np.linalg.eigvalsh(wrong("cov-weight-h-P", OFFSET) - sigma) > -1e-9).all()


def test_a_wrong_covariance_costs_little_cpu():
    """With nothing computed before: the grids, the integrals and all mistakes, within what a check of a function may
    take."""
    from nce_ref.oracle.diagnosis import sources
    from nce_ref.oracle.families.covariance import textbook as textbook_covariance

    for cached in (
        textbook_covariance._grid,
        textbook_covariance._moments,
        sources._answer,
        sources._flat,
    ):
        cached.cache_clear()
    start = time.process_time()
    report = check(lambda **inputs: 1.01 * right(inputs), NAME)
    assert time.process_time() - start < 5.0  # some 0.7 s here
    assert report.diagnosis.best is None and any(
        "1.01 times" in hint for hint in report.diagnosis.hints
    )
