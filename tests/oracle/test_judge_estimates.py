"""Judging estimates: the stored ones pass in every disguise, what is not a maximum or not the best one does not."""

from dataclasses import replace

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.judge import judge
from nce_ref.oracle.vectors import Expected, cases

ICA = {vector.id.rpartition("/")[2]: vector for vector in cases("laplace_ica_nce_estimate")}
GAUSSIAN = {vector.id.rpartition("/")[2]: vector for vector in cases("gaussian_nce_estimate")}


def stored(vector):
    return {name: expected.value for name, expected in vector.expected.items()}


def problem(vector):
    """(model, noise, x, y) of a vector."""
    x, y, mean, cov = (vector.inputs[name] for name in ("x", "y", "noise_mean", "noise_cov"))
    model = nr.LaplaceICA(x.shape[1]) if "B" in vector.expected else nr.Gaussian(x.shape[1])
    return model, nr.GaussianNoise(mean, cov), x, y


@pytest.mark.parametrize(
    "vector", [*ICA.values(), *GAUSSIAN.values()], ids=lambda vector: vector.id
)
def test_the_stored_estimate_passes_and_the_package_finds_it(vector):
    assert judge(vector, stored(vector)).status == "passed"
    assert (
        judge(
            vector, {name: np.float32(value) for name, value in stored(vector).items()}, "float32"
        ).status
        == "passed"
    )
    fit = nr.fit_nce(*problem(vector), n_starts=20, rng=np.random.default_rng(0))
    matrix, c = problem(vector)[0].unpack(fit.theta)
    result = judge(vector, {vector.objective.outputs[0].name: matrix, "c": c})
    assert result.status == "passed", result.message


def test_order_and_signs_of_rows_do_not_matter():
    vector = ICA["n4-nu2.5"]
    B, c = stored(vector).values()
    disguised = np.array([[1.0], [-1.0], [-1.0], [1.0]]) * B[[2, 0, 3, 1]]
    result = judge(vector, {"B": disguised, "c": c})
    assert result.status == "passed" and "digits agree" in result.message


def test_c_may_be_missing_or_ln_Z():
    vector = ICA["n2-nu2.5"]
    B, c = stored(vector).values()
    assert judge(vector, {"B": B}).status == "passed"
    assert (
        judge(vector, {"B": B, "c": -c}, convention=Convention(c_sign="subtracted")).status
        == "passed"
    )
    assert judge(vector, {"B": B, "c": -c}).status == "failed"
    assert judge(vector, {"c": c}).status == "unsupported"


@pytest.mark.parametrize("name", ["n2-nu0.5", "n2-nu10", "n4-nu1"])
def test_another_local_maximum_fails_and_is_called_one(name):
    vector = ICA[name]
    for other in vector.certificate["maxima"][1:]:
        result = judge(vector, {"B": np.array(other["B"], dtype=float), "c": float(other["c"])})
        assert result.status == "failed" and "a local maximum, not the best" in result.message


def test_a_stalled_climb_fails_and_is_told_that_it_can_rise():
    """Off the kinks by a hundredth of a standard error and more: where L-BFGS stops on such objectives."""
    vector = ICA["n4-nu1"]
    B, c = stored(vector).values()
    errors = np.array(vector.certificate["standard_errors"], dtype=float)
    result = judge(vector, {"B": B + 0.1 * errors[:-1].reshape(4, 4), "c": c})
    assert (
        result.status == "failed"
        and "no maximum" in result.message
        and "mind the kinks" in result.message
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_allowance_is_hundredths_of_a_standard_error(dtype):
    """A thousandth of a standard error in c passes, a fifth does not, in either dtype."""
    for vector in (ICA["n2-nu1"], GAUSSIAN["n2-nu1"]):
        estimate = stored(vector)
        error = float(vector.certificate["standard_errors"][-1])
        assert (
            judge(vector, {**estimate, "c": estimate["c"] + 1e-3 * error}, dtype).status == "passed"
        )
        assert (
            judge(vector, {**estimate, "c": estimate["c"] + 0.2 * error}, dtype).status == "failed"
        )


def test_a_higher_maximum_passes_once_it_proves_itself():
    """Made by storing a lower maximum as the best: the true best must then pass as unknown to the vectors."""
    vector = ICA["n2-nu0.5"]
    lower = {
        name: np.array(vector.certificate["maxima"][1][name], dtype=float) for name in ("B", "c")
    }
    expected = {
        name: Expected(value.tolist(), value, np.abs(value)) for name, value in lower.items()
    }
    result = judge(replace(vector, expected=expected), stored(vector))
    assert result.status == "passed" and "another maximum, certified" in result.message


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (lambda B: np.full_like(B, np.nan), "failed", "not finite"),
        (lambda B: 0.0 * B, "failed", ""),
        (lambda B: 1e200 * B, "failed", ""),
        (lambda B: B.T, "failed", ""),
        (lambda B: B[:1], "errored", "got shape (1, 2)"),
    ],
)
def test_nonsense_fails_without_raising(change, status, said):
    vector = ICA["n2-nu1"]
    B, c = stored(vector).values()
    result = judge(vector, {"B": change(B), "c": c})
    assert result.status == status and said in result.message
