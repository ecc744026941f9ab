"""The scales against what they are defined by: hand-computed ones, and what roundings of the summands do to the
answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.scales import FLOOR, scales
from nce_ref.oracle.vectors import cases, find
from tests.oracle import exact_forms as exact
from tests.oracle import exact_forms as exact_rivals
from tests.oracle.families import right_forms

FUNCTIONS = [name for name, objective in OBJECTIVES.items() if objective.kind == "function"]
HAND = [  # id, output, entry, the scale before it is rounded up
    ("log_sigmoid/smoke/zero", "value", 0, math.log(2)),
    ("log_sigmoid/smoke/minus-100", "value", 0, 100 + 100),
    ("log_sigmoid/smoke/minus-100", "grad", 0, 1 + 100),
    ("sigmoid/smoke/zero", "value", 0, 0.5),
    ("binary_nce/smoke/all-zero", "value", (), 2 * math.log(2)),
    ("binary_nce/smoke/ln-nu", "value", (), math.log(4) + 3 * math.log(4 / 3) + 4 * math.log(3)),
    (
        "binary_nce/smoke/model-equals-noise",
        "grad_log_model_data",
        1,
        (1 + 5 + 5 + math.log(2)) / 2,
    ),
    ("gaussian_log_density/smoke/standard", "value", 0, 0.5 * math.log(2 * math.pi) + 0.5),
    ("laplace_ica_log_density/smoke/constant", "value", 0, 3 * math.sqrt(2) + 0.5),
    ("mlp_relu_log_density/smoke/affine", "value", 0, 0.5 * 2 + 0.25),
    (
        "mlp_tanh_log_density/smoke/one-unit",
        "value",
        0,
        2 * (2 * math.tanh(1) + 1 / math.cosh(1) ** 2) + 0.5,
    ),
    ("mlp_relu_log_density/smoke/one-unit", "grad_theta", 0, (2 + (2 + 2)) * 0.5),
    ("laplace_ica_mle/smoke/one-source", "value", (), math.sqrt(2) + 1 + 0.5 * math.log(2)),
    (
        "laplace_ica_mle/smoke/scale-2",
        "grad_B",
        (0, 0),
        2 * math.sqrt(2) - 0.5 + 2 * math.sqrt(2) + 0.5,
    ),
    # |ln p_m(x)|; the largest ln w, ln mean, ln n_noise, 1; the summands |ln p_m| + |ln p_n| by their shares, and ln
    # w - 1 of the first.
    (
        "importance_sampling_from_log_densities/smoke/two-weights",
        "value",
        (),
        1
        + 1
        + math.log(2 * math.e / (1 + math.e))
        + math.log(2)
        + 1
        + (5 + 4 * math.e) / (1 + math.e),
    ),
    ("importance_sampling_from_log_densities/smoke/all-zero", "grad_log_model_noise", 0, 1 + 1),
    ("laplace_ica_score_matching/smoke/origin", "value", (), math.sqrt(2) * (1 + 1)),
    ("laplace_ica_score_matching/smoke/origin", "grad_B", (0, 0), 2 * math.sqrt(2) * (1 + 1)),
    # p: 1/2 |score|, then itself; u: the drift of p and of its error, then itself; again.
    ("leapfrog_gaussian/smoke/one-step", "u_after", (0, 0), (0.5 + 0.5 + 0.5) + 0.5),
    (
        "leapfrog_gaussian/smoke/one-step",
        "momentum_after",
        (0, 0),
        (0.5 + 0.5) + 0.5 * (0.5 + 2) + 0.75,
    ),
    (
        "leapfrog_laplace_ica/smoke/no-crossing",
        "u_after",
        (0, 0),
        1.5 * math.sqrt(2) + 4 - 0.5 * math.sqrt(2),
    ),
    ("metropolis_decision/smoke/up-by-1", "probability", 0, math.exp(-1) * (1 + 1)),
    ("metropolis_decision/smoke/up-by-1", "accepted", 1, FLOOR),
]


@pytest.mark.parametrize("vector_id, output, entry, by_hand", HAND)
def test_scales_computed_by_hand(vector_id, output, entry, by_hand):
    stored = float(find(vector_id).expected[output].scale[entry])
    assert by_hand * (1 - 1e-8) <= stored <= by_hand * 1.01


def test_scales_are_rounded_up_to_three_digits_and_never_0():
    expected = {"value": np.array([-801.0, -0.0]), "grad": np.array([1.0, 0.0])}
    found = scales("log_sigmoid", {"t": np.array([-801.0, 1e9])}, expected)
    np.testing.assert_array_equal(found["value"], [1610.0, FLOOR])  # 1602 rounded up
    np.testing.assert_array_equal(found["grad"], [802.0, 1.0])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_is_no_larger_than_its_scale(name):
    """What is summed is never smaller than the sum; a derivative of 0 still has one."""
    for vector in cases(name):
        for output, expected in vector.expected.items():
            assert (np.abs(expected.value) <= expected.scale * (1 + 1e-9)).all(), (
                vector.id,
                output,
            )


def test_roundings_of_the_log_densities_move_j_and_its_gradient_by_less_than_their_scale():
    """Each of the four inputs and ln nu off by 1e-7 of itself, signs drawn: the exact J moves by less than 1e-7 scale.

    Second order is 1e-7 of that for the sizes here. The draws are fixed, so nothing is left to chance.
    """
    rng, off = np.random.default_rng(0), 1e-7
    for vector in cases("binary_nce"):
        a = vector.arguments()
        moved = {
            k: v * (1 + off * rng.choice([-1.0, 1.0], np.shape(v)))
            for k, v in a.items()
            if k != "nu"
        }
        moved["nu"] = float(a["nu"] ** (1 + off))
        for output, value in exact.binary_nce(**moved).items():
            expected = vector.expected[output]
            error = np.abs(np.array(value, dtype=np.float64) - expected.value)
            assert (error <= off * expected.scale * 1.001 + 1e-15).all(), (vector.id, output)


def test_roundings_of_the_log_densities_move_importance_sampling_by_less_than_its_scale():
    """The same for ln Z and the shares: 800 x 1e-7 is the largest shift of an exponent, its second order a
    ten-thousandth of the first."""
    rng, off = np.random.default_rng(1), 1e-7
    for vector in cases("importance_sampling_from_log_densities"):
        moved = {
            k: v * (1 + off * rng.choice([-1.0, 1.0], np.shape(v)))
            for k, v in vector.arguments().items()
        }
        for output, value in exact_rivals.importance_sampling_from_log_densities(**moved).items():
            expected = vector.expected[output]
            error = np.abs(np.array(value, dtype=np.float64) - expected.value)
            assert (error <= off * expected.scale * 1.001 + 1e-15).all(), (vector.id, output)


def test_a_badly_scaled_row_of_b_does_not_loosen_what_is_asked_of_the_others():
    """LU with row pivoting does not mind: the scale of ln|det B| is the same after a row is multiplied, but for its
    logarithm."""
    B, x = np.array([[1.0, 0.5], [-0.25, 1.5]]), np.array([[0.0, 0.0]])
    want = {"value": np.array(0.0), "grad_B": np.zeros((2, 2))}
    for factor in (1.0, 1024.0, 1 / 1024):
        D = np.diag([factor, 1.0])
        found = scales("laplace_ica_mle", {"B": D @ B, "x": x}, want)
        reference = scales("laplace_ica_mle", {"B": B, "x": x}, want)
        assert found["value"] <= reference["value"] + abs(math.log(factor)) * 2 + 0.1
        np.testing.assert_allclose(
            found["grad_B"], np.linalg.inv(D) @ reference["grad_B"], rtol=0.011
        )


def test_the_scale_of_a_gaussian_grows_with_the_condition_and_is_needed():
    """At cond 255 a right float32 form is off by more than 8 eps |want|: without the condition it would be called
    wrong."""
    vector = find("gaussian_log_density/log-det/ill-conditioned")
    a = vector.arguments("float32")
    forms = (right_forms.by_inverse, right_forms.by_solve)
    errors = [
        np.abs(form(a["u"], a["mean"], a["cov"]) - vector.expected["value"].value) for form in forms
    ]
    eps = float(np.finfo(np.float32).eps)
    assert (np.max(errors, axis=0) > 2 * eps * np.abs(vector.expected["value"].value)).any()
    assert (np.max(errors, axis=0) < eps * vector.expected["value"].scale).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_comments_of_the_smoke_tests_say_the_numbers_that_are_stored(name):
    for vector in cases(name, flags="smoke"):
        first = next(iter(vector.expected.values()))
        for number in np.ravel(first.value):
            assert f"{number:.4f}".rstrip("0").rstrip(".") in vector.comment or (
                number == 0.5 and "1/2" in vector.comment
            ), vector.id
