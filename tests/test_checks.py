"""_checks.py, and the doors it guards: bad input is a ValueError that names the argument, what came, and what was
expected."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import _checks as checks

ICA, GAUSS = nr.LaplaceICA(2), nr.Gaussian(2)
THETA = ICA.pack([[1.0, 0.2], [-0.3, 1.0]], 0.0)
PRECISION = GAUSS.pack(np.eye(2), 0.0)
NOISE = nr.GaussianNoise([0.0, 0.0], np.eye(2))
X = np.random.default_rng(0).standard_normal((5, 2))
RNG = np.random.default_rng(1)
COLLINEAR = np.outer(np.arange(6.0), [1.0, 2.0])
NAN = np.where(np.arange(10).reshape(5, 2) == 3, np.nan, X)
NOT_SYMMETRIC = [[1.0, 2.0], [0.0, 1.0]]
INDEFINITE = [[1.0, 2.0], [2.0, 1.0]]


# --- the checks themselves ------------------------------------------------------------------------


def test_good_input_becomes_contiguous_float64_of_its_own_shape():
    for value in (
        [[1, 2], [3, 4]],
        np.array([[1, 2], [3, 4]], dtype=np.int8),
        np.array([[1, 3], [2, 4]], dtype=np.float32).T,
    ):
        array = checks.as_array("a", value, 2)
        assert array.dtype == np.float64 and array.flags.c_contiguous
        np.testing.assert_array_equal(array, [[1.0, 2.0], [3.0, 4.0]])
    assert checks.as_array("a", 3, 0).shape == ()
    assert checks.as_array("a", [True], 1)[0] == 1.0


@pytest.mark.parametrize("bad", [[np.inf, -np.inf], [np.inf, np.inf], [1.0, np.nan]])
def test_entries_that_are_not_finite_are_named_without_a_warning(bad):
    """inf - inf in the sum that looks for them must not raise a RuntimeWarning first."""
    with (
        np.errstate(all="raise"),
        pytest.raises(
            ValueError, match=r"^a: entry \(\d,\) is (inf|nan); expected finite numbers$"
        ),
    ):
        checks.as_array("a", bad, 1)


def test_finite_entries_whose_sum_overflows_are_let_through():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(
            checks.as_array("a", [1.7e308, 1.7e308], 1), [1.7e308, 1.7e308]
        )


def test_a_covariance_comes_with_its_lower_factor_and_symmetric_to_the_last_bit():
    given = np.array([[4.0, 1.0], [1.0 + 1e-13, 2.0]])
    matrix, factor = checks.as_covariance("cov", given)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(factor @ factor.T, matrix, rtol=1e-15)
    assert factor[0, 1] == 0.0


def test_scalars():
    assert checks.as_positive("p", np.float32(2)) == 2.0 and checks.as_count("n", np.int64(3)) == 3
    generator = np.random.default_rng(0)
    assert checks.as_generator("rng", generator) is generator


# --- every door -----------------------------------------------------------------------------------

NAN_AT = r"entry \(1, 1\) is nan; expected finite numbers"
BAD = {
    # wrong shapes
    "theta too short": (
        lambda: ICA.log_density(THETA[:-1], X),
        r"^theta: got shape \(4,\); expected shape \(5,\)$",
    ),
    "theta too long, objective": (
        lambda: nr.NCEObjective(ICA, NOISE, X, X)(np.zeros(6)),
        r"^theta: got shape \(6,\); expected shape \(5,\)$",
    ),
    "theta as a matrix": (
        lambda: nr.nce_objective(ICA, np.eye(2), NOISE, X, X),
        r"^theta: got shape \(2, 2\); expected shape \(5,\)$",
    ),
    "theta too short, likelihood": (
        lambda: nr.log_likelihood(ICA, THETA[:-1], X),
        r"^theta: got shape \(4,\); expected shape \(5,\)$",
    ),
    "alpha with c": (
        lambda: nr.LikelihoodObjective(ICA, X)(THETA),
        r"^alpha: got shape \(5,\); expected shape \(4,\)$",
    ),
    "theta too short, Gaussian": (
        lambda: GAUSS.normalize([1.0]),
        r"^theta: got shape \(1,\); expected shape \(4,\)$",
    ),
    "one point as a vector": (
        lambda: ICA.log_density(THETA, X[0]),
        r"^u: got shape \(2,\); expected shape \(any, 2\)$",
    ),
    "points of another dimension": (
        lambda: GAUSS.jacobian(PRECISION, np.ones((3, 3))),
        r"^u: got shape \(3, 3\); expected shape \(any, 2\)$",
    ),
    "points as columns, score": (
        lambda: ICA.score(THETA, X.T),
        r"^u: got shape \(2, 5\); expected shape \(any, 2\)$",
    ),
    "weights": (
        lambda: ICA.pullback(THETA, X, np.ones(4)),
        r"^weights: got shape \(4,\); expected shape \(5,\)$",
    ),
    "weights, later": (
        lambda: GAUSS.vjp(PRECISION, X)[1](np.ones((5, 1))),
        r"^weights: got shape \(5, 1\); expected shape \(5,\)$",
    ),
    "B": (lambda: ICA.pack(np.eye(3), 0.0), r"^B: got shape \(3, 3\); expected shape \(2, 2\)$"),
    "c": (
        lambda: ICA.pack(np.eye(2), [1.0, 2.0]),
        r"^c: got shape \(2,\); expected a single number$",
    ),
    "noise's B": (
        lambda: nr.LaplaceICANoise(np.ones((2, 3))),
        r"^B: got shape \(2, 3\); expected a square matrix$",
    ),
    "covariance": (
        lambda: nr.GaussianNoise([0.0, 0.0], np.eye(3)),
        r"^cov: got shape \(3, 3\); expected shape \(2, 2\)$",
    ),
    "variances": (
        lambda: nr.GaussianNoise([0.0, 0.0], [1.0, 1.0]),
        r"^cov: got shape \(2,\); expected shape \(2, 2\)$",
    ),
    "mean": (
        lambda: nr.GaussianNoise(0.0, 1.0),
        r"^mean: got shape \(\); expected shape \(any,\)$",
    ),
    "data of one dimension": (
        lambda: nr.GaussianNoise.from_data(np.ones(4)),
        r"^x: got shape \(4,\); expected shape \(any, any\)$",
    ),
    "x against the model": (
        lambda: nr.NCEObjective(ICA, NOISE, np.ones((3, 3)), X),
        r"^x: got shape \(3, 3\); expected shape \(any, 2\)$",
    ),
    "y against the model": (
        lambda: nr.nce_objective(ICA, THETA, NOISE, X, X[:, :1]),
        r"^y: got shape \(5, 1\); expected shape \(any, 2\)$",
    ),
    "noise against the model": (
        lambda: nr.NCEObjective(ICA, nr.GaussianNoise([0.0], [[1.0]]), X, X),
        "^noise: got dimension 1; expected 2, the",
    ),
    "no noise distribution": (
        lambda: nr.NCEObjective(ICA, None, X, X),
        r"^noise: got NoneType; expected an object with log_density\(u\), e.g. Gaus",
    ),
    "no noise distribution, theory": (
        lambda: nr.asymptotic_covariance(ICA, ICA.normalize(THETA), None, 1.0),
        "^noise: got NoneType",
    ),
    "start of another length": (
        lambda: nr.fit_nce(ICA, NOISE, X, X, start=THETA[:3]),
        r"^start: got shape \(3,\); expected shape \(5,\)$",
    ),
    "starts of another length": (
        lambda: nr.fit_nce(ICA, NOISE, X, X, start=np.ones((2, 4))),
        r"^start: got shape \(2, 4\); expected shape \(any, 5\)$",
    ),
    "ragged starts": (
        lambda: nr.fit_mle(ICA, X, start=[[1.0], [1.0, 2.0]]),
        "^start: cannot be read as an array .*; expected real",
    ),
    "positions that theta lacks": (
        lambda: nr.predicted_squared_error(np.eye(3), 10, [7]),
        "^parameters: index 7 .*; expected positions in theta, which has 3 entries$",
    ),
    "x of the likelihood": (
        lambda: nr.log_likelihood(ICA, THETA, np.ones((3, 1))),
        r"^x: got shape \(3, 1\); expected shape \(any, 2\)$",
    ),
    "log-ratios as a matrix": (
        lambda: nr.nce_from_log_ratios(X, [0.0]),
        r"^log_ratio_data: got shape \(5, 2\); expected shape \(any,\)$",
    ),
    "ragged": (
        lambda: ICA.log_density(THETA, [[1.0, 2.0], [3.0]]),
        r"^u: cannot be read as an array .*; expected real numbers",
    ),
    # zero data
    "no points": (
        lambda: ICA.log_density(THETA, np.empty((0, 2))),
        r"^u: got shape \(0, 2\), which is empty; expected at least one",
    ),
    "no data": (
        lambda: nr.NCEObjective(ICA, NOISE, np.empty((0, 2)), X),
        r"^x: got shape \(0, 2\), which is empty",
    ),
    "no noise": (
        lambda: nr.NCEObjective(ICA, NOISE, X, np.empty((0, 2))),
        r"^y: got shape \(0, 2\), which is empty",
    ),
    "no data, likelihood": (
        lambda: nr.log_likelihood(ICA, THETA, np.empty((0, 2))),
        r"^x: got shape \(0, 2\), which is empty",
    ),
    "no data, noise": (
        lambda: nr.GaussianNoise.from_data(np.empty((0, 2))),
        r"^x: got shape \(0, 2\), which is empty",
    ),
    "no log-ratios": (
        lambda: nr.nce_from_log_ratios([], [0.0]),
        r"^log_ratio_data: got shape \(0,\), which is empty",
    ),
    "no log-ratios of noise": (
        lambda: nr.nce_from_log_ratios([0.0], []),
        r"^log_ratio_noise: got shape \(0,\), which is empty",
    ),
    "as few points as dimensions": (
        lambda: nr.GaussianNoise.from_data(X[:2]),
        "^x: 2 points in 2 dimensions have a singular covariance",
    ),
    # NaN and inf
    "NaN in points": (lambda: GAUSS.log_density(PRECISION, NAN), f"^u: {NAN_AT}$"),
    "NaN in data": (lambda: nr.NCEObjective(ICA, NOISE, NAN, X), f"^x: {NAN_AT}$"),
    "NaN in noise": (lambda: nr.nce_objective(ICA, THETA, NOISE, X, NAN), f"^y: {NAN_AT}$"),
    "NaN in data, likelihood": (lambda: nr.log_likelihood(ICA, THETA, NAN), f"^x: {NAN_AT}$"),
    "NaN in data, noise": (lambda: nr.GaussianNoise.from_data(NAN), f"^x: {NAN_AT}$"),
    "inf in theta": (
        lambda: ICA.jacobian(THETA + [0, 0, math.inf, 0, 0], X),
        r"^theta: entry \(2,\) is inf; expected finite numbers$",
    ),
    "NaN in c": (lambda: ICA.pack(np.eye(2), math.nan), r"^c: entry \(\) is nan"),
    "inf in a log-ratio": (
        lambda: nr.nce_from_log_ratios([0.0], [-math.inf]),
        r"^log_ratio_noise: entry \(0,\) is -inf",
    ),
    "NaN in the mean": (
        lambda: nr.GaussianNoise([0.0, math.nan], np.eye(2)),
        r"^mean: entry \(1,\) is nan",
    ),
    "inf in cov": (lambda: nr.GaussianNoise([0.0], [[math.inf]]), r"^cov: entry \(0, 0\) is inf"),
    "a density of 0": (
        lambda: nr.NCEObjective(ICA, nr.GaussianNoise([0.0, 0.0], np.eye(2) * 1e-300), X * 1e8, X),
        r"^noise.log_density: -inf at the point",
    ),
    # covariances, precisions, singular B
    "cov not symmetric": (
        lambda: nr.GaussianNoise([0.0, 0.0], NOT_SYMMETRIC),
        r"^cov: not symmetric, \|M - M\^T\| reaches 2; expected",
    ),
    "cov indefinite": (
        lambda: nr.GaussianNoise([0.0, 0.0], INDEFINITE),
        "^cov: singular or indefinite, eigenvalues from -1 to 3; expected a sym",
    ),
    "cov singular": (
        lambda: nr.GaussianNoise([0.0, 0.0], np.ones((2, 2))),
        "^cov: singular or indefinite, eigenvalues from .* to 2",
    ),
    "cov zero": (
        lambda: nr.GaussianNoise([0.0], [[0.0]]),
        "^cov: singular or indefinite, eigenvalues from 0 to 0",
    ),
    "cov singular to rounding": (
        lambda: nr.GaussianNoise([0.0, 0.0], [[0.1, 0.3], [0.3, 0.9]]),
        "^cov: singular or indefinite",
    ),
    "collinear data": (
        lambda: nr.GaussianNoise.from_data(COLLINEAR),
        "^x: its sample covariance cannot serve as noise .*singular",
    ),
    "constant data": (
        lambda: nr.GaussianNoise.from_data(np.ones((9, 2))),
        "^x: its sample covariance cannot serve as noise",
    ),
    "precision not symmetric": (
        lambda: GAUSS.pack(NOT_SYMMETRIC, 0.0),
        r"^precision: not symmetric, \|M - M\^T\| reaches 2; expected",
    ),
    "precision indefinite": (
        lambda: GAUSS.normalize(GAUSS.pack(INDEFINITE, 0.0)),
        "^theta: its precision is not positive definite",
    ),
    "precision indefinite, sample": (
        lambda: GAUSS.sample(GAUSS.pack(INDEFINITE, 0.0), 3, RNG),
        "^theta: its precision is not positive def",
    ),
    "precision in the likelihood": (
        lambda: nr.log_likelihood(GAUSS, GAUSS.pack(INDEFINITE, 0.0), X),
        "^theta: its normalising constant is inf",
    ),
    "B singular, likelihood": (
        lambda: nr.log_likelihood(ICA, np.zeros(5), X),
        "^theta: its normalising constant is infinite; expected an inv",
    ),
    "B singular, normalize": (
        lambda: ICA.normalize(np.ones(5)),
        "^theta: its B is singular, so exp.* has infinite mass; expected an invertible",
    ),
    "B singular, sample": (
        lambda: ICA.sample(np.ones(5), 3, RNG),
        "^theta: its B is singular; expected an invertible B$",
    ),
    "B singular, transport": (
        lambda: ICA.transport(np.ones(5), [[0.5, 0.5]]),
        "^theta: its B is singular",
    ),
    "B singular, noise": (
        lambda: nr.LaplaceICANoise(np.ones((2, 2))),
        "^B: singular, its condition number is .*; expected an invertible matrix$",
    ),
    "B zero, noise": (
        lambda: nr.LaplaceICANoise(np.zeros((2, 2))),
        "^B: singular, its condition number is inf",
    ),
    # nu, counts, generators, kinds
    "nu zero": (
        lambda: nr.nce_from_log_ratios([0.0], [0.0], nu=0),
        "^nu: got 0.0; expected a finite number above 0$",
    ),
    "nu negative": (
        lambda: nr.NCEObjective(ICA, NOISE, X, X, nu=-1.0),
        "^nu: got -1.0; expected a finite number above 0$",
    ),
    "nu infinite": (
        lambda: nr.nce_objective(ICA, THETA, NOISE, X, X, nu=math.inf),
        "^nu: got inf; expected",
    ),
    "nu NaN": (lambda: nr.nce_from_log_ratios([0.0], [0.0], nu=math.nan), "^nu: got nan; expected"),
    "nu in words": (
        lambda: nr.nce_from_log_ratios([0.0], [0.0], nu="two"),
        "^nu: got 'two'; expected",
    ),
    "no sources": (
        lambda: nr.LaplaceICA(0),
        "^n_sources: got 0; expected an integer of at least 1$",
    ),
    "half a dimension": (
        lambda: nr.Gaussian(2.5),
        "^n_dim: got 2.5; expected an integer of at least 1$",
    ),
    "True sources": (lambda: nr.LaplaceICA(True), "^n_sources: got True; expected an integer"),
    "smoothing negative": (
        lambda: ICA.smoothed(-0.1),
        "^smoothing: got -0.1; expected a finite number, 0 or above$",
    ),
    "smoothing NaN": (lambda: ICA.smoothed(math.nan), r"^smoothing: entry \(\) is nan"),
    "smoothing in words": (
        lambda: ICA.smoothed("little"),
        "^smoothing: got dtype <U6; expected real numbers, a single number$",
    ),
    "sample of none": (
        lambda: ICA.sample(THETA, 0, RNG),
        "^n_points: got 0; expected an integer of at least 1$",
    ),
    "sample of 2.0": (lambda: NOISE.sample(2.0, RNG), "^n_points: got 2.0; expected an integer"),
    "the global generator": (
        lambda: GAUSS.sample(PRECISION, 3, np.random),
        r"^rng: got module; expected a numpy.random.Generator, e.g. ",
    ),
    "a seed for a generator": (
        lambda: ICA.random_start(0),
        "^rng: got int; expected a numpy.random.Generator",
    ),
    "no generator": (
        lambda: nr.LaplaceICANoise(np.eye(2)).sample(3, None),
        "^rng: got NoneType; expected a numpy.random.Generator",
    ),
    "an old generator": (
        lambda: GAUSS.random_start(np.random.RandomState(0)),
        "^rng: got RandomState; expected a numpy.random.Gen",
    ),
    "complex theta": (
        lambda: ICA.log_density(THETA + 0j, X),
        r"^theta: got dtype complex128; expected real numbers, shape \(5,\)$",
    ),
    "text for numbers": (
        lambda: NOISE.log_density([["a", "b"]]),
        "^u: got dtype <U1; expected real numbers",
    ),
    "None for data": (
        lambda: nr.log_likelihood(ICA, THETA, None),
        "^x: got dtype object; expected real numbers",
    ),
    "uniforms on the border": (
        lambda: ICA.transport(THETA, [[0.0, 0.5]]),
        "^uniforms: entries from 0 to 0.5; expected numbers above 0 and below 1$",
    ),
    "uniforms beyond": (
        lambda: GAUSS.transport(PRECISION, [[0.5, 1.5]]),
        "^uniforms: entries from 0.5 to 1.5; expected",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case):
    """Under errstate raise: whatever is wrong is said in words, not as a floating-point complaint, and nothing turns
    NaN."""
    call, message = BAD[case]
    with np.errstate(divide="raise", invalid="raise"), pytest.raises(ValueError, match=message):
        call()
