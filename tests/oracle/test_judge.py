"""Reading what somebody's function returned, and comparing it: on a small vector made here."""

import numpy as np
import pytest

from nce_ref.oracle.conventions import OURS, Convention
from nce_ref.oracle.judge import compare, judge
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.tolerance import K, allowance
from nce_ref.oracle.vectors import Expected, Vector

# J at G = (0, 0), (0), nu = 1/2 by hand: h = 2/3, 1/3 | noise.
VALUE = 0.5 * (2 * np.log(2 / 3) + np.log(1 / 3))
GRAD_X, GRAD_Y = np.full(2, 1 / 6), np.full(1, -1 / 3)
RIGHT = {"value": VALUE, "grad_log_ratio_data": GRAD_X, "grad_log_ratio_noise": GRAD_Y}


def expected(value):
    value = np.asarray(value, dtype=np.float64)
    return Expected(value.tolist(), value, np.abs(value))


VECTOR = Vector(
    "nce_from_log_ratios/hand/half",
    OBJECTIVES["nce_from_log_ratios"],
    "by hand",
    ("smoke",),
    (),
    {"log_ratio_data": np.zeros(2), "log_ratio_noise": np.zeros(1), "nu": 0.5},
    {name: expected(value) for name, value in RIGHT.items()},
    {"method": "by hand", "digits": 16, "formula": "", "equation": "J12"},
)


class Foreign:
    """An array of somebody else's that refuses to be converted, as a torch tensor that requires grad does."""

    def __array__(self, *_, **__):
        raise RuntimeError("call detach() first")


def test_right_numbers_pass_in_both_dtypes():
    assert judge(VECTOR, RIGHT).status == "passed"
    single = {name: np.asarray(value, dtype=np.float32) for name, value in RIGHT.items()}
    assert judge(VECTOR, single, "float32").status == "passed"
    assert judge(VECTOR, single, "float64").status == "failed"


@pytest.mark.parametrize(
    "returned",
    [VALUE, np.float64(VALUE), np.array(VALUE), {"value": VALUE, "grad_log_ratio_data": None}],
)
def test_what_is_not_returned_is_unsupported(returned):
    result = judge(VECTOR, returned)
    assert result.status == "passed" and list(result.outputs) == ["value"]


@pytest.mark.parametrize("returned", [None, {}, {"value": None}])
def test_nothing_returned_is_unsupported_not_wrong(returned):
    assert judge(VECTOR, returned).status == "unsupported"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("0.5", "value: got text, '0.5'; expected real numbers of shape ()"),
        ({"value": "nan"}, "value: got text"),
        (
            {"value": np.array([VALUE])},
            r"value: got shape (1,); expected (); return one number, as value.item() ",
        ),
        (
            {"grad_log_ratio_data": GRAD_X[:, None]},
            "grad_log_ratio_data: got shape (2, 1); expected (2,); flatten grad_log_ratio_data",
        ),
        (
            {"grad_log_ratio_data": np.zeros(3)},
            "grad_log_ratio_data: got shape (3,); expected (2,)",
        ),
        ({"value": object()}, "value: got an object array"),
        (
            {"grad_log_ratio_data": [[1], [1, 2]]},
            "grad_log_ratio_data: a list cannot be read as an array",
        ),
        ({"value": 1j}, "value: got complex numbers, 1j"),
        ({"value": True}, "value: got booleans, True"),
        (
            {"loss": VALUE},
            "returned an output 'loss'; expected some of 'value', 'grad_log_ratio_data', 'grad_log_ratio_noise'",
        ),
        ({3: VALUE}, "returned an output 3; expected some of"),
        ((VALUE, GRAD_X), "returned a tuple of 2; expected a dict of named outputs"),
        (
            {"value": Foreign()},
            "value: a Foreign cannot be read as an array (call detach() first); see nce_ref.oracle.adapters",
        ),
        (lambda: None, "value: got an object array"),
    ],
)
def test_what_is_no_answer_is_one_clear_line(returned, said):
    result = judge(VECTOR, returned)
    assert result.status == "errored" and said in result.message and "\n" not in result.message


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_fail_as_numbers(bad):
    result = judge(VECTOR, {**RIGHT, "grad_log_ratio_data": np.array([1 / 6, bad])})
    assert result.status == "failed"
    comparison = result.comparisons[1]
    assert comparison.index == (1,) and comparison.in_allowances == np.inf and comparison.wrong == 1


def test_the_allowance_is_the_line():
    allowed = float(allowance(VECTOR.objective, "value", abs(VALUE), "float64"))
    assert np.isclose(allowed, K["value"] * 2.0**-52 * abs(VALUE), rtol=1e-12)
    assert judge(VECTOR, VALUE + 0.9 * allowed).status == "passed"
    assert judge(VECTOR, VALUE + 1.1 * allowed).status == "failed"


def test_errors_are_told_in_allowances_and_ulp():
    comparison = compare(VECTOR, "value", np.array(VALUE + 100 * np.spacing(VALUE)))
    assert np.isclose(comparison.in_ulp, 100.0)
    assert np.isclose(comparison.in_allowances, 100 * abs(np.spacing(VALUE)) / comparison.allowed)


def test_a_convention_scales_what_is_wanted():
    sums = Convention(sense="minimise", reduction="sum")
    assert (
        judge(
            VECTOR,
            {name: -2.0 * np.asarray(value) for name, value in RIGHT.items()},
            convention=sums,
        ).status
        == "passed"
    )
    assert judge(VECTOR, RIGHT, convention=sums).status == "failed"
    assert judge(VECTOR, -2.0 * VALUE, convention=OURS).status == "failed"


def test_the_message_names_entry_got_want_and_error():
    message = judge(VECTOR, {"grad_log_ratio_data": np.array([1 / 6, 0.5])}).message
    assert message.startswith("grad_log_ratio_data[1]: got 0.5, want 0.16666666666666666, off by ")
    assert message.endswith("1 of 2 entries are off")
