"""ok is said only where at least half of the vectors were judged, and one with far tails; what is left out on purpose
is declared."""

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.check import check_answers
from nce_ref.oracle.report import exit_code
from nce_ref.oracle.results import Skipped
from nce_ref.oracle.seen import FAR

NAME = "nce_from_log_ratios"


def value(log_ratio_data, log_ratio_noise, nu):
    d, n = log_ratio_data - np.log(nu), log_ratio_noise - np.log(nu)
    zero = np.zeros_like
    return -(np.logaddexp(zero(d), -d).sum() + np.logaddexp(zero(n), n).sum()) / len(d)


def only(keep):
    """The right loss where ``keep`` says so, elsewhere skipped."""
    ids = {vector.id for vector in oracle.cases(NAME) if keep(vector)}
    return {
        vector.id: value(**vector.arguments()) if vector.id in ids else Skipped("not for me")
        for vector in oracle.cases(NAME)
    }


def is_far(vector):
    return FAR in vector.flags


def test_fewer_than_half_is_not_enough_and_half_is():
    stock = oracle.cases(NAME)
    far = next(vector for vector in stock if is_far(vector))
    for more in (0, 1):
        kept = [far, *(vector for vector in stock if vector is not far)][
            : len(stock) // 2 - 1 + more
        ]
        report = check_answers(NAME, only(lambda vector, kept=kept: vector in kept))
        assert report.ok == bool(more) and not report.failed
        assert exit_code([report]) == (0 if more else 2)
    # Plant: a limit that is never reached would let everything through.
    report = check_answers(NAME, only(lambda vector: vector is far))
    first = str(report).splitlines()[0]
    assert first.startswith("NOT ENOUGH SEEN: ")
    assert f"1 of {len(stock)} vectors were judged, at least {len(stock) // 2} are needed" in first


def test_without_far_tails_it_is_not_enough():
    report = check_answers(NAME, only(lambda vector: not is_far(vector)))
    assert not report.ok and exit_code([report]) == 2
    assert len(report.missing) == 1 and f"far tails (flag {FAR})" in str(report).splitlines()[0]


def test_what_is_left_out_on_purpose_is_declared():
    answers = only(lambda vector: vector.inputs["nu"] == 1 or "whole-nu" in vector.id)
    assert not check_answers(NAME, answers).ok
    declared = {
        vector.id: "nu is whole here"
        for vector in oracle.cases(NAME)
        if isinstance(answers[vector.id], Skipped)
    }
    report = check_answers(NAME, answers, expected_failures=declared)
    assert report.ok and report.to_dict()["counts"]["left out"] == len(declared)
    assert "not judged" in str(report) and "nu is whole here: not for me" in str(report)
    everything = dict.fromkeys(answers, "none of it")
    report = check_answers(NAME, only(lambda vector: False), expected_failures=everything)
    assert not report.ok and report.nothing_judged


def test_nothing_judged_says_so_first():
    report = oracle.check(lambda **inputs: None, NAME)
    assert str(report).startswith("NOTHING JUDGED, NOT ENOUGH SEEN: ")


def test_what_fails_is_wrong_however_little_was_seen():
    report = oracle.check(lambda **inputs: 1.0 if inputs["nu"] == 2.5 else None, NAME)
    assert report.failed and report.missing and exit_code([report]) == 1
    assert str(report).startswith("FAILED: ")


@pytest.mark.parametrize("name", oracle.OBJECTIVES)
def test_an_objective_without_ln_sigma_needs_the_half_alone(name):
    target, stock = oracle.OBJECTIVES[name], oracle.cases(name)
    has_tails = any(t.size for vector in stock for t in target.log_sigmoids(vector.inputs))
    assert has_tails == any(is_far(vector) for vector in stock)
    kept = [vector for vector in stock if not is_far(vector)]
    answers = {
        vector.id: {output: one.value for output, one in vector.expected.items()} for vector in kept
    }
    report = check_answers(name, answers)
    assert report.ok != has_tails and not report.failed, str(report)


def test_flags_are_no_way_around_it():
    report = oracle.check(value, NAME, flags=["smoke"])
    assert not report.ok and not report.failed and report.missing


def test_a_batch_of_ones_own_is_not_refused_for_it_and_the_report_says_so():
    inputs = {"log_ratio_data": [0.5, -1.0], "log_ratio_noise": [0.25, -2.0], "nu": 1.0}
    report = oracle.compare(value, NAME, inputs)
    assert report.ok and "1 batch of your own, no stored vector" in str(report).splitlines()[0]
    found = oracle.search(value, NAME, n_draws=5, rng=np.random.default_rng(0))
    assert found.ok and found.report.ok and "of your own" in str(found.report).splitlines()[0]
    assert "this vector alone" in oracle.explain(
        oracle.cases(NAME)[0].id, {"value": -2 * np.log(2)}
    )


@pytest.mark.parametrize("nu", [1, 2, 3, 5])
@pytest.mark.parametrize("name", [NAME, "binary_nce", "laplace_ica_nce", "gaussian_nce"])
def test_whole_nu_has_tails_on_both_sides_of_both_samples(name, nu):
    target = oracle.OBJECTIVES[name]
    for kind, low, high in (("middle", 20.0, 36.0), ("far", 37.0, 745.0)):
        (vector,) = (v for v in oracle.cases(name) if v.id == f"{name}/whole-nu/{kind}-{nu}")
        n_data, n_noise = target.sample_sizes(vector.inputs)
        assert n_noise == nu * n_data
        for t in target.log_sigmoids(vector.inputs):
            assert (t < 0).any() and (t > 0).any()
            assert (abs(t) >= low).all() and (abs(t) <= high).all(), t


@pytest.mark.parametrize("name", [NAME, "binary_nce"])
def test_a_softplus_with_a_threshold_fails_at_every_whole_nu(name):
    def softplus(t):
        return np.where(t > 20, t, np.log1p(np.exp(np.minimum(t, 20))))

    def loss(nu, **inputs):
        if name == NAME:
            d, n = inputs["log_ratio_data"], inputs["log_ratio_noise"]
        else:
            d = inputs["log_model_data"] - inputs["log_noise_data"]
            n = inputs["log_model_noise"] - inputs["log_noise_noise"]
        d, n = d - np.log(nu), n - np.log(nu)
        return -(softplus(-d).sum() + softplus(n).sum()) / len(d)

    report = oracle.check(loss, name)
    failing = {result.id for result in report.failed}
    assert {f"{name}/whole-nu/middle-{nu}" for nu in (1, 2, 3, 5)} <= failing
