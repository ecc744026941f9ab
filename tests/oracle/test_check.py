"""Running an implementation: whatever it does is a line of the report, and nothing is lost."""

import sys
import warnings

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import oracle
from nce_ref.oracle.check import check_answers, parameter_names
from nce_ref.oracle.results import Errored, Skipped

NAME = "nce_from_log_ratios"
IDS = [vector.id for vector in oracle.cases(NAME)]


def right(log_ratio_data, log_ratio_noise, nu):
    value, (of_data, of_noise) = nr.nce_from_log_ratios(log_ratio_data, log_ratio_noise, nu)
    return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}


def without_log_nu(log_ratio_data, log_ratio_noise, nu):
    return right(log_ratio_data, log_ratio_noise, 1.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_package_passes(dtype):
    report = oracle.check(right, NAME, dtype)
    assert report.ok and not report.failed and len(report.results) == len(IDS)
    report.raise_for_failures()


def test_a_value_alone_is_judged_and_the_rest_is_unsupported():
    report = oracle.check(lambda **inputs: right(**inputs)["value"], NAME)
    assert (
        report.ok
        and "not judged: grad_log_ratio_data, grad_log_ratio_noise: never returned" in str(report)
    )


def test_smoke_cases_run_first():
    report = oracle.check(right, NAME)
    assert ["smoke" in result.vector.flags for result in report.results][:4] == [
        True,
        True,
        True,
        False,
    ]


def test_every_vector_runs_and_an_implementation_gets_arrays_of_the_dtype():
    seen = []

    def strict(log_ratio_data, log_ratio_noise, nu):
        assert log_ratio_data.dtype == np.float32 and type(nu) is float
        seen.append(nu)
        return right(log_ratio_data, log_ratio_noise, nu)

    assert oracle.check(strict, NAME, "float32").ok
    assert len(seen) == len(IDS) + 2  # two vectors are asked twice


class Weird(Exception):
    def __str__(self):
        return "two\nlines"


def raising(error):
    def impl(**_):
        raise error

    return impl


@pytest.mark.parametrize(
    ("impl", "said"),
    [
        (raising(ZeroDivisionError("by zero")), "raised ZeroDivisionError: by zero"),
        (raising(Weird()), "raised Weird: two lines"),
        (raising(SystemExit(3)), "raised SystemExit: 3"),
        (raising(RecursionError()), "raised RecursionError"),
        (lambda **_: "0.3", "value: got text, '0.3'"),
        (lambda **_: np.array([None]), "value: got an object array"),
        (lambda **_: {"value": np.zeros((3, 3))}, "value: got shape (3, 3); expected ()"),
        (lambda **_: (1.0, 2.0), "returned a tuple of 2"),
        (lambda a, b: 0.0, "raised TypeError"),
    ],
)
def test_what_is_no_answer_is_a_line_for_every_vector(impl, said):
    report = oracle.check(impl, NAME)
    assert not report.ok and len(report.failed) == len(IDS)
    assert {result.status for result in report.results} == {"errored"}
    assert all(said in result.message and "\n" not in result.message for result in report.results)
    assert said in str(report)


def test_one_bad_case_leaves_the_others_alone():
    def moody(log_ratio_data, log_ratio_noise, nu):
        if nu == 2.5:
            raise ValueError("not today")
        return right(log_ratio_data, log_ratio_noise, nu)

    report = oracle.check(moody, NAME)
    bad = {result.id for result in report.failed}
    assert bad == {vector.id for vector in oracle.cases(NAME) if vector.inputs["nu"] == 2.5}
    assert all(result.status == "passed" for result in report.results if result.id not in bad)


def test_keyboard_interrupt_is_the_users_own():
    with pytest.raises(KeyboardInterrupt):
        oracle.check(raising(KeyboardInterrupt()), NAME)


def test_overflow_on_the_way_to_a_right_number_is_no_error():
    def noisy(log_ratio_data, log_ratio_noise, nu):
        np.exp(np.float64(1e4))
        warnings.warn("look here", UserWarning, stacklevel=1)
        return right(log_ratio_data, log_ratio_noise, nu)

    assert oracle.check(noisy, NAME).ok


def test_nan_fails_as_a_number():
    report = oracle.check(lambda **inputs: {**right(**inputs), "value": float("nan")}, NAME)
    assert {result.status for result in report.results} == {"failed"} and "got nan" in str(report)


def test_nothing_returned_is_not_a_pass():
    report = oracle.check(lambda **_: None, NAME)
    assert not report.ok and not report.failed and "NOTHING JUDGED" in str(report)


def test_expected_failures():
    wrong_where = {"nce_from_log_ratios/random/*": "ln nu is not in this release"}
    report = oracle.check(
        without_log_nu, NAME, expected_failures={**wrong_where, "*": "the same elsewhere"}
    )
    statuses = {result.id: result.status for result in report.results}
    assert set(statuses.values()) == {"expected failure", "unexpected pass"}
    assert not report.ok and all(result.status == "unexpected pass" for result in report.failed)
    names = [id_ for id_, status in statuses.items() if status == "expected failure"]
    assert oracle.check(without_log_nu, NAME, expected_failures=dict.fromkeys(names, "ln nu")).ok
    assert "drop the pattern" in report.failed[0].message


def test_a_pattern_that_matches_nothing_is_not_ok():
    report = oracle.check(
        right, NAME, expected_failures={"nce_from_log_ratios/gone/*": "an old reason"}
    )
    assert (
        not report.ok and not report.failed and report.unmatched == ("nce_from_log_ratios/gone/*",)
    )
    assert "expected-failures pattern 'nce_from_log_ratios/gone/*' matches no vector" in str(report)


@pytest.mark.parametrize("reason", ["", "  ", None, 3])
def test_an_expected_failure_needs_a_reason(reason):
    with pytest.raises(
        ValueError, match=r"expected_failures: the reason for '\*' is .*; expected words"
    ):
        oracle.check(right, NAME, expected_failures={"*": reason})


def test_expected_failures_are_a_dict():
    with pytest.raises(ValueError, match="expected_failures: got a list; expected a dict"):
        oracle.check(right, NAME, expected_failures=["*"])


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((right, "nce"), ValueError, "objective: got 'nce'; expected one of log_sigmoid"),
        (
            (right, NAME, "float8"),
            ValueError,
            "dtype: got 'float8'; expected one of float32, float64",
        ),
        (
            (right, NAME, "float64", "minimise"),
            ValueError,
            "convention: got 'minimise'; expected e.g. oracle.Convention",
        ),
        (
            (3, NAME),
            TypeError,
            "impl: got 3; expected a callable with the arguments log_ratio_data, log_ratio_noise, nu",
        ),
    ],
)
def test_the_callers_own_mistakes_are_refused(arguments, error, said):
    with pytest.raises(error, match=said.replace("(", r"\(")):
        oracle.check(*arguments)


def test_flags_narrow_the_vectors():
    report = oracle.check(right, NAME, flags=["tails"])
    assert all("tails" in result.vector.flags for result in report.results)
    assert not report.ok and not report.failed  # fewer than half of the vectors were seen


def test_answers_from_elsewhere_are_judged_the_same():
    answers = {vector.id: right(**vector.arguments()) for vector in oracle.cases(NAME)}
    answers[IDS[0]], answers[IDS[1]] = Skipped("no nu here"), Errored("no answer within 10 s")
    report = check_answers(NAME, answers)
    assert [report.results[k].status for k in (0, 1)] == ["unsupported", "errored"]
    assert "not judged: 1 vectors: no nu here" in str(report) and "no answer within 10 s" in str(
        report
    )


def test_declared_conventions_pass_and_undeclared_ones_are_named():
    def loss(**inputs):
        n_data, n_noise = len(inputs["log_ratio_data"]), len(inputs["log_ratio_noise"])
        return {
            name: -n_data / (n_data + n_noise) * np.asarray(value)
            for name, value in right(**inputs).items()
        }

    declared = oracle.Convention(sense="minimise", reduction="mean")
    assert oracle.check(loss, NAME, convention=declared).ok
    report = oracle.check(loss, NAME)
    assert (
        not report.ok
        and 'convention=oracle.Convention(sense="minimise", reduction="mean")' in str(report)
    )


def test_parameter_names_of_what_does_not_tell():
    assert parameter_names(right) == ["log_ratio_data", "log_ratio_noise", "nu"]
    assert parameter_names(lambda *a, **k: None) == []
    assert parameter_names(sys.getsizeof) in ([], ["object", "default"])


def test_a_loss_of_rows_that_is_handed_flat_noise_is_told_its_layout():
    def rows(log_ratio_data, log_ratio_noise, nu):
        t = log_ratio_noise - np.log(log_ratio_noise.shape[1])
        on_data = -np.logaddexp(0.0, np.log(log_ratio_noise.shape[1]) - log_ratio_data)
        return (on_data - np.logaddexp(0.0, t).sum(axis=1)).mean()

    report = oracle.check(rows, "nce_from_log_ratios")
    assert "looks like a loss of layout rows" in report.note
    assert 'layout="rows"' in report.note

    def broken(log_ratio_data, log_ratio_noise, nu):
        return log_ratio_noise.sum(axis=1).mean()

    assert "layout" not in oracle.check(broken, "nce_from_log_ratios").note
