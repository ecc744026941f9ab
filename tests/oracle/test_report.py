"""The report as data and as text: what a newcomer reads has to be there, whole and in order."""

import json
import shlex

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import oracle
from nce_ref.__main__ import main
from nce_ref.oracle.report import reproduce

NAME = "nce_from_log_ratios"


def answer(log_ratio_data, log_ratio_noise, nu):
    value, (of_data, of_noise) = nr.nce_from_log_ratios(log_ratio_data, log_ratio_noise, nu)
    return {"value": value, "grad_log_ratio_data": of_data, "grad_log_ratio_noise": of_noise}


def no_log_nu(log_ratio_data, log_ratio_noise, nu):
    return answer(log_ratio_data, log_ratio_noise, 1.0)


def nonsense(log_ratio_data, log_ratio_noise, nu):
    return {"value": float(np.sin(np.sum(log_ratio_data) + 3.0 * nu))}


@pytest.fixture(scope="module")
def wrong():
    return oracle.check(no_log_nu, NAME)


def test_a_wrong_implementation_is_told_everything_in_order(wrong):
    """Id, got, want, error in allowances, how many others, the suspect with evidence, why it matters, the fix, the
    command."""
    text = str(wrong)
    first = wrong.failed[0]
    order = [
        "FAILED: no_log_nu as nce_from_log_ratios",
        "FAILED nce_from_log_ratios/",
        "value: got ",
        ", want ",
        " allowances (",
    ]
    order += [
        "and ",
        " more: ",
        "Suspect (mistake): no-log-nu: ",
        "evidence: ",
        "matters: ",
        "c is off by -ln nu",
    ]
    order += [
        "fix: ",
        "sigma(G - ln nu)",
        "Reproduce:",
        "python -m nce_ref explain nce_from_log_ratios/",
    ]
    at = 0
    for part in order:
        assert part in text[at:], part
        at += text[at:].index(part)
    assert f"{len(wrong.failed)} failed" in text.splitlines()[0] and first.status == "failed"


def test_the_command_that_reproduces_it_does(wrong, capsys):
    command = shlex.split(reproduce(wrong.failed[-1], "float64", oracle.Convention()))
    assert command[:3] == ["python", "-m", "nce_ref"]
    assert main(command[3:]) == 1
    assert "no-log-nu" in capsys.readouterr().out


def test_raise_for_failures_raises_the_text_and_only_then(wrong):
    with pytest.raises(oracle.OracleFailure) as failure:
        wrong.raise_for_failures()
    assert str(failure.value) == str(wrong)
    oracle.check(answer, NAME).raise_for_failures()


def test_to_dict_is_plain_json(wrong):
    data = json.loads(json.dumps(wrong.to_dict(), allow_nan=False))
    assert data["ok"] is False and data["suite"] and data["objective"] == NAME
    assert (
        data["counts"]["failed"]
        == len(wrong.failed)
        == sum(r["status"] == "failed" for r in data["results"])
    )
    assert data["diagnosis"]["best"]["id"] == "no-log-nu"
    failing = next(r for r in data["results"] if r["status"] == "failed")
    assert {"output", "got", "want", "in_allowances", "in_ulp", "passed"} <= set(
        failing["comparisons"][0]
    )


def test_nan_survives_the_way_to_json():
    report = oracle.check(lambda **_: float("nan"), NAME)
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["results"][0]["comparisons"][0]["got"] == "nan"


def test_nonsense_from_the_first_case_on_is_folded_under_adapter_or_convention():
    report = oracle.check(nonsense, NAME)
    text = str(report)
    assert report.diagnosis.best is None
    assert "Adapter or convention: 3 of the smoke cases" in text
    assert text.count("\nFAILED ") == 3 and "other vectors fail)" in text


def test_a_known_mistake_that_fails_the_smoke_cases_is_named_all_the_same():
    report = oracle.check(
        lambda t: {"value": 1 / (1 + np.exp(-np.clip(t, -700, 700)))}, "log_sigmoid"
    )
    assert "Adapter or convention" not in str(report) and report.diagnosis.best is not None
    assert "sigmoid" in report.diagnosis.best.remedy + report.diagnosis.best.title


def test_the_arguments_of_another_objective_are_noticed():
    def mine(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        return 0.0

    text = str(oracle.check(mine, NAME))
    assert "binary_nce" in text and "raised TypeError" in text


def test_a_large_answer_is_not_pasted_into_the_command():
    report = oracle.check(
        lambda t: {"value": np.zeros(len(t)), "grad": np.zeros(len(t))}, "log_sigmoid"
    )
    pasted = 0
    for result in report.failed:
        command = reproduce(result, "float32", oracle.Convention(sense="minimise"))
        assert ("--got" in command) == (sum(np.size(v) for v in result.outputs.values()) <= 40)
        assert "--got" not in command or command.endswith("--dtype float32 --sense minimise")
        pasted += "--got" in command
    assert 0 < pasted


def test_explain_says_what_the_vector_is_for_and_what_is_wrong(wrong):
    result = next(r for r in wrong.failed if r.id.startswith("nce_from_log_ratios/random/"))
    text = oracle.explain(result.id, result.outputs)
    assert text.startswith(f"{result.id}: {result.vector.comment}")
    assert "formula: J = " in text and "source:  J12" in text and "no-log-nu" in text
    right = answer(**result.vector.arguments())
    assert "ok: nce_from_log_ratios" in oracle.explain(result.id, right)
    with pytest.raises(ValueError, match="id: got 'nce_from_log_ratios/none'"):
        oracle.explain("nce_from_log_ratios/none", 0.0)
