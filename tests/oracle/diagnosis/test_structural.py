"""Two structural slips together are named; constants beside right gradients are; what was not returned is not spoken
of."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.diagnosis.compound import together
from nce_ref.oracle.diagnosis.structural import _pairs
from nce_ref.oracle.mistakes import CATALOGUE
from tests.oracle.answers import diagnosis, right

pytestmark = pytest.mark.long


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "first, second",
    [
        ("mean-of-means", "no-log-pn-everywhere"),
        ("mean-of-means", "broadcast-pairs"),
        ("mean-of-means", "batch-normalised"),
        ("mean-of-means", "balance-term"),
        ("no-log-nu", "label-smoothing-both"),
    ],
)
def test_two_structural_slips_are_named(first, second, dtype):
    both = together(CATALOGUE[first], CATALOGUE[second], "binary_nce")
    said = diagnosis("binary_nce", lambda i: {"value": both(i)["value"]}, dtype)
    assert said.best is not None
    assert {said.best.id, *(other.id for other in said.ambiguous)} & {
        f"{first} + {second}",
        f"{second} + {first}",
    }


def test_every_pair_can_be_evaluated():
    """None calls itself for ever: a slip that stands on another's step gets the step, not itself."""
    from nce_ref.oracle.vectors import cases

    vector = cases("binary_nce")[0]
    for pair in _pairs("binary_nce"):
        assert "value" in pair.evaluate(vector.arguments("float64")), pair.id


@pytest.mark.parametrize(
    "constant, words",
    [
        (lambda nu: 2.0 * np.log(2.0), "2 ln 2"),
        (lambda nu: nu * np.log(nu), "nu ln nu"),
        (lambda nu: np.log1p(nu) + nu * np.log1p(1.0 / nu), "minus the value at chance"),
    ],
)
def test_a_constant_beside_right_gradients_is_of_the_same_function(constant, words):
    def shifted(inputs):
        found = right("nce_from_log_ratios")(inputs)
        return {**found, "value": found["value"] + constant(inputs["nu"])}

    said = " | ".join(diagnosis("nce_from_log_ratios", shifted).hints)
    assert words in said and "of the same function but for that constant" in said
    assert "not of the same function" not in said and "neither" not in said


def test_a_value_that_was_not_returned_is_not_spoken_of():
    def slope(log_ratio_data, log_ratio_noise, nu):
        b = np.exp(log_ratio_noise - np.log(nu))
        return {"grad_log_ratio_noise": -(b / (1.0 + b)) / len(log_ratio_data)}

    best = oracle.check(slope, "nce_from_log_ratios").diagnosis.best
    assert best is not None and best.id == "gradient-exp-over-one-plus-exp"
    assert "value" not in best.title + best.evidence + best.effect


@pytest.mark.parametrize("weight", [0.37, 55.0])
def test_a_balance_of_any_weight_is_fitted(weight):
    balanced = CATALOGUE["balance-term"]
    said = diagnosis(
        "nce_from_log_ratios",
        lambda i: balanced.evaluate("nce_from_log_ratios", i, weight),
    )
    assert said.best is not None and said.best.id == "balance-term" and said.best.value == weight


def test_ranking_is_another_objective():
    def ranking(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        s, t = log_model_data - log_noise_data, log_model_noise - log_noise_noise
        return -(s - np.logaddexp(s, np.logaddexp.reduce(t))).mean()

    best = oracle.check(ranking, "binary_nce").diagnosis.best
    assert best is not None and (best.kind, best.id) == ("other objective", "info-nce-given")
