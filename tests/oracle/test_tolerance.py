"""The tolerance lets every right form pass in float32 and float64 with room to spare, and small slips do not pass."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref.oracle.authoring.kills import excess
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.tolerance import DTYPES, K, allowance, tolerance_class
from nce_ref.oracle.vectors import cases
from tests.oracle import steps as textbook
from tests.oracle.families import right_forms

# Later families bring right forms of their own, tests/oracle/families/<name>/, and are held to the same quarter.
FUNCTIONS = [name for name in right_forms.KNOWN if OBJECTIVES[name].kind == "function"]
FORMS = {
    **right_forms.FORMS,
    "textbook": lambda objective, a: textbook.evaluate(textbook.Steps(), objective, a),
}


def worst(form, objective, dtype):
    """(largest error in allowances, vector)."""
    found = []
    for vector in cases(objective):
        with np.errstate(all="ignore"):
            outputs = form(objective, vector.arguments(dtype))
        if form in right_forms.FORMS.values():  # nothing was silently computed in float64
            assert all(np.asarray(value).dtype == dtype for value in outputs.values()), vector.id
        found.append((excess(vector.objective, vector.expected, outputs, dtype), vector.id))
    return max(found)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
def test_right_forms_stay_below_a_quarter_of_the_allowance(form, dtype):
    """k = 8 is four times the power of two above the largest error: the headroom that the calibration promises."""
    for objective in FUNCTIONS:
        error, where = worst(FORMS[form], objective, dtype)
        assert error <= 0.25, (form, where, error)


SLIPS = {  # name: the step it spoils
    "1e-8 inside the ln": lambda lm, ln, lnu: tuple(
        np.log(np.exp(v) + lm.dtype.type(1e-8)) for v in right_forms.by_softplus(lm, ln, lnu)
    ),
    "probabilities clamped at 1e-7": lambda lm, ln, lnu: tuple(
        np.maximum(v, np.log(1e-7)) for v in right_forms.by_softplus(lm, ln, lnu)
    ),
    "log-ratio clamped at 30": lambda lm, ln, lnu: right_forms.by_softplus(
        np.clip(lm - ln, -30, 30), 0 * lm, lnu
    ),
    "no ln nu": lambda lm, ln, lnu: right_forms.by_softplus(lm, ln, 0 * lnu),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("slip", SLIPS)
def test_a_planted_slip_is_beyond_the_allowance(slip, dtype):
    form = right_forms.implementation(log_h=SLIPS[slip])
    for objective in ("nce_from_log_ratios", "binary_nce", "laplace_ica_nce", "gaussian_nce"):
        assert worst(form, objective, dtype)[0] > 100


def test_the_rule_is_k_eps_scale_plus_k_tiny():
    objective = OBJECTIVES["binary_nce"]
    assert allowance(objective, "value", 2.0, "float32") == K["value"] * (2.0**-22 + 2.0**-126)
    assert (
        allowance(objective, "grad_log_model_data", [0.0], "float64") == K["gradient"] * 2.0**-1022
    )
    covariance = OBJECTIVES["asymptotic_covariance"]
    assert allowance(covariance, "covariance", 1.0, "float64") == pytest.approx(
        K["covariance"] * 2.0**-26
    )


def test_every_class_has_its_k():
    compared = [objective for objective in OBJECTIVES.values() if objective.kind != "estimate"]
    assert {
        tolerance_class(objective, output.name)
        for objective in compared
        for output in objective.outputs
    } == set(K)
