"""What a suspect is said to give is what came: finite numbers by the allowance, NaN and inf by kind."""

import numpy as np
import pytest

from nce_ref import oracle
from tests.oracle.answers import diagnosis

NAME = "nce_from_log_ratios"


def sigma(t):
    return 1 / (1 + np.exp(-t))


def value_of(log_sigma_data, log_sigma_noise):
    return (log_sigma_data.sum() + log_sigma_noise.sum()) / len(log_sigma_data)


def right(log_ratio_data, log_ratio_noise, nu):
    k = np.log(nu)
    return value_of(-np.logaddexp(0, k - log_ratio_data), -np.logaddexp(0, log_ratio_noise - k))


def naive(log_ratio_data, log_ratio_noise, nu):
    k = log_ratio_data.dtype.type(np.log(nu))
    return value_of(np.log(sigma(log_ratio_data - k)), np.log(1 - sigma(log_ratio_noise - k)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("constant", [12345.0, -3.0, 1e300])
def test_a_suspect_of_inf_does_not_explain_a_finite_number(constant, dtype):
    def arbitrary(**inputs):
        far = max((-inputs["log_ratio_data"]).max(), inputs["log_ratio_noise"].max()) > 30
        return constant if far else right(**inputs)

    report = oracle.check(arbitrary, NAME, dtype)
    assert not report.ok and report.diagnosis.best is None, str(report)


@pytest.mark.parametrize("kind", [np.inf, -np.inf, np.nan])
def test_a_finite_suspect_does_not_explain_what_is_not(kind):
    """ln(h + 1e-8) has a floor: what is not finite there is another mistake."""

    def answer(log_ratio_data, log_ratio_noise, nu):
        k = np.log(nu)
        found = value_of(
            np.log(sigma(log_ratio_data - k) + 1e-8), np.log(sigma(k - log_ratio_noise) + 1e-8)
        )
        return kind if found < -2 else found

    best = oracle.check(answer, NAME).diagnosis.best
    assert best is None or best.id != "eps-in-log"


def test_an_epsilon_is_not_named_by_what_underflows():
    def answer(log_ratio_data, log_ratio_noise, nu):
        f = log_ratio_data.dtype.type
        k, eps = f(np.log(nu)), f(1e-8)
        return value_of(
            np.log(sigma(log_ratio_data - k) + eps), np.log(sigma(k - log_ratio_noise) + eps)
        )

    best = oracle.check(answer, NAME, "float32").diagnosis.best
    assert best.id == "eps-in-log" and "eps = 1e-08" in best.title


@pytest.mark.parametrize("part", [0.002, 0.02])
def test_a_part_of_the_error_is_not_rounding(part):
    """An epsilon's error made larger by a fiftieth or less in the tails is beyond rounding: no mistake and no pair is
    named."""

    def spoiled(inputs):
        found = oracle_answer(inputs)
        want = right(**inputs)
        return {"value": want + (1 + part) * (found - want)}

    def oracle_answer(inputs):
        k = np.log(inputs["nu"])
        return value_of(
            np.log(sigma(inputs["log_ratio_data"] - k) + 1e-4),
            np.log(sigma(k - inputs["log_ratio_noise"]) + 1e-4),
        )

    exact = diagnosis(NAME, lambda inputs: {"value": oracle_answer(inputs)})
    assert exact.best.id == "eps-in-log" and exact.best.value == 1e-4
    said = diagnosis(NAME, spoiled)
    assert said.best is None or said.best.value != 1e-4, said.best


def test_what_underflows_is_still_named():
    assert oracle.check(naive, NAME).diagnosis.best.id == "naive-log-sigmoid"
