"""Where no mistake is known, the hint says what is true of the answers: each is planted and read back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.diagnosis.hints import compute_hints
from nce_ref.oracle.diagnosis.observed import observe
from nce_ref.oracle.families.estimates.shifts import estimate_hints
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.results import CaseResult
from nce_ref.oracle.vectors import Expected, Vector
from tests.oracle.answers import diagnosis, observed, right


def hints(name, change, evaluate=None, dtype="float64"):
    """The hints on a right answer that was changed: change(outputs, inputs) -> outputs."""
    return " | ".join(
        compute_hints(observed(name, lambda i: change(right(name)(i), i), dtype), evaluate)
    )


def only(output, function):
    return lambda outputs, inputs: {**outputs, output: function(outputs[output], inputs)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name, output, function, words",
    [
        ("nce_from_log_ratios", "value", lambda v, i: 3.0 * v, "constant ratio: value is 3 times"),
        (
            "nce_from_log_ratios",
            "value",
            lambda v, i: v * len(i["log_ratio_noise"]),
            "constant ratio: value is n_noise times",
        ),
        (
            "gaussian_nce",
            "grad_c",
            lambda v, i: v * 1.4375,
            "constant ratio: grad_c is 1.4375 times",
        ),
        (
            "laplace_ica_nce",
            "grad_B",
            lambda v, i: v / len(i["B"]),
            "constant ratio: grad_B is 1/n_dim times",
        ),
        (
            "laplace_ica_nce",
            "grad_B",
            lambda v, i: -v,
            "grad_B has the wrong sign, and nothing else",
        ),
        ("laplace_ica_nce", "grad_B", lambda v, i: v.T, "grad_B is the transpose"),
        (
            "gaussian_log_density",
            "value",
            lambda v, i: v + 0.25,
            "constant offset: value is what it should be plus 0.25",
        ),
        ("laplace_ica_mle", "value", lambda v, i: v + 3 * len(i["B"]), "plus (3) x n_dim"),
    ],
)
def test_ratio_sign_transpose_offset(name, output, function, words, dtype):
    assert words in hints(name, only(output, function), dtype=dtype)


def test_which_outputs_are_wrong():
    said = hints("laplace_ica_nce", only("grad_B", lambda v, i: v * 1.3))
    assert "value and grad_c right" in said or "the slip is in the gradient alone" in said
    said = hints("laplace_ica_nce", only("value", lambda v, i: v * 1.3))
    assert "grad_B and grad_c right on all vectors, value wrong" in said


def test_offsets_in_the_log_ratio():
    def shifted(outputs, inputs):
        moved = {
            **inputs,
            "log_ratio_data": inputs["log_ratio_data"] + 0.5,
            "log_ratio_noise": inputs["log_ratio_noise"] - 0.25,
        }
        return right("nce_from_log_ratios")(moved)

    assert "G is off by 0.5 on the data, -0.25 on the noise" in hints(
        "nce_from_log_ratios", shifted
    )


def test_data_and_noise_in_each_others_place():
    def swapped(outputs, inputs):
        if len(inputs["log_ratio_data"]) != len(inputs["log_ratio_noise"]):
            return outputs
        return {
            **outputs,
            "grad_log_ratio_data": outputs["grad_log_ratio_noise"],
            "grad_log_ratio_noise": outputs["grad_log_ratio_data"],
        }

    assert "in each other's place" in hints("nce_from_log_ratios", swapped)


def test_which_vectors_fail():
    def in_tails(outputs, inputs):
        t = np.append(
            inputs["log_ratio_data"] - np.log(inputs["nu"]),
            np.log(inputs["nu"]) - inputs["log_ratio_noise"],
        )
        return {**outputs, "value": outputs["value"] * (1.5 if t.min() <= -17 else 1.0)}

    assert "it fails on all 14 vectors with the flag tails, and passes on all" in hints(
        "nce_from_log_ratios", in_tails
    ).replace("= ", "")
    said = hints(
        "laplace_ica_nce",
        lambda o, i: {**o, "value": o["value"] * (1.5 if np.linalg.det(i["B"]) < 0 else 1.0)},
    )
    assert "where det B < 0" in said
    said = hints(
        "gaussian_nce",
        lambda o, i: {**o, "value": o["value"] * (1.5 if i["noise_mean"].any() else 1.0)},
    )
    assert "where the mean is not 0" in said or "mean" in said


def test_saturation_and_overflow():
    said = hints("log_sigmoid", only("value", lambda v, i: np.maximum(v, math.log(3e-5))))
    assert "never falls below -10.4143 = ln(3e-05)" in said
    said = hints(
        "nce_from_log_ratios",
        lambda o, i: {**o, "value": -np.inf if o["value"] < -30 else o["value"]},
    )
    assert "NaN or inf came for" in said


def test_lost_digits():
    rng = np.random.default_rng(0)
    said = diagnosis(
        "gaussian_nce",
        lambda i: {
            k: v * (1 + 1e-9 * rng.standard_normal(np.shape(v)))
            for k, v in right("gaussian_nce")(i).items()
        },
    )
    assert (said.best.kind, said.best.id) == ("hint", "lost-digits")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["nce_from_log_ratios", "laplace_ica_nce", "gaussian_nce"])
def test_gradient_against_the_implementations_own_value(name, dtype):
    def consistent(inputs):  # J^2 and its derivative
        found = right(name)(inputs)
        return {
            k: np.asarray(v) * (found["value"] if k == "value" else 2 * found["value"])
            for k, v in found.items()
        }

    def inconsistent(inputs):
        found = right(name)(inputs)
        return {k: np.asarray(v) * found["value"] for k, v in found.items()}

    seen = observed(name, consistent, dtype)
    assert "consistent with each other, but not with the truth" in " | ".join(
        compute_hints(seen, consistent)
    )
    seen = observed(name, inconsistent, dtype)
    assert "is not its derivative" in " | ".join(compute_hints(seen, inconsistent))
    # An implementation that raises, or returns nonsense, when it is called again: no hint, no exception.
    assert "derivative" not in " | ".join(compute_hints(seen, lambda inputs: 1 / 0))
    assert "derivative" not in " | ".join(compute_hints(seen, lambda inputs: "nonsense"))


def estimates(change, c_sign="added"):
    """Hints on estimates of three made-up data sets, B and c changed: change(B, c, ln nu) -> (B, c)."""
    objective = OBJECTIVES["laplace_ica_nce_estimate"]
    rng = np.random.default_rng(2)
    results = []
    for index, (n, n_data, n_noise) in enumerate(((2, 4, 10), (2, 8, 4), (4, 6, 9))):
        B, c = rng.standard_normal((n, n)), -1.5 + index
        cov = np.diag(np.arange(1.0, n + 1))
        inputs = {
            "x": np.zeros((n_data, n)),
            "y": np.zeros((n_noise, n)),
            "noise_mean": np.zeros(n),
            "noise_cov": cov,
        }
        expected = {
            "B": Expected(None, B, np.abs(B)),
            "c": Expected(None, np.array(c), np.array(abs(c))),
        }
        vector = Vector(f"estimate/{index}", objective, "", (), (), inputs, expected, {})
        got_B, got_c = change(B, c, math.log(n_noise / n_data))
        results.append(
            CaseResult(vector, "failed", outputs={"B": -got_B[::-1], "c": np.array(got_c)})
        )
    return " | ".join(
        estimate_hints(observe(objective, results, "float64", Convention(c_sign=c_sign)))
    )


def test_estimates():
    assert "c is off by -ln nu on all 3" in estimates(lambda B, c, log_nu: (B, c - log_nu))
    assert "c is off by (n/2) ln(2 pi)" in estimates(
        lambda B, c, log_nu: (B, c + 0.5 * len(B) * math.log(2 * math.pi))
    )
    assert 'c_sign="subtracted"' in estimates(lambda B, c, log_nu: (B, -c))
    assert "sqrt(2) times" in estimates(lambda B, c, log_nu: (math.sqrt(2) * B, c))
    assert estimates(lambda B, c, log_nu: (B + 0.1, c + 0.123 * len(B) ** 2)) == ""
