"""What is shown where an implementation could not be asked, or raised: the text of its exceptions, and advice that
holds."""

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.__main__ import main

NAME = "nce_from_log_ratios"


def value(log_ratio_data, log_ratio_noise, nu):
    d, n = log_ratio_data - np.log(nu), log_ratio_noise - np.log(nu)
    return -(np.logaddexp(0, -d).sum() + np.logaddexp(0, n).sum()) / len(d)


def binary(log_model_data, log_model_noise, log_noise_data, log_noise_noise, k):
    return value(log_model_data - log_noise_data, log_model_noise - log_noise_noise, k)


def named(name, default=""):
    """``binary`` with its last parameter called ``name``."""
    space = {"binary": binary}
    ours = "log_model_data, log_model_noise, log_noise_data, log_noise_noise"
    exec(f"def impl({ours}, {name}{default}): return binary({ours}, {name})", space)
    return space["impl"]


@pytest.mark.parametrize("name", ["k", "K", "n_noise", "noise_ratio", "num_neg"])
@pytest.mark.parametrize("default", ["", "=1"])
def test_a_nu_of_another_name_is_told_as_such(name, default):
    report = oracle.check(named(name, default), "binary_nce")
    text = str(report)
    assert report.nothing_judged and not report.ok and text.startswith("NOTHING JUDGED")
    assert f"its nu is called {name}" in report.note and "importance" not in text
    # What the note says to type is right.
    typed = report.note[report.note.index("oracle.check(") :].rstrip(".")
    assert eval(typed, {"oracle": oracle, "impl": named(name, default)}).ok


def test_another_objective_and_two_other_names_are_not_renamed():
    def two(log_model_data, log_model_noise, log_noise_data, log_pn, k):
        return binary(log_model_data, log_model_noise, log_noise_data, log_pn, k)

    report = oracle.check(two, "binary_nce")
    assert report.failed and "is called" not in report.note
    report = oracle.check(value, "binary_nce")
    assert report.failed and NAME in report.note
    # Whatever can be called by the objective's names is called.
    assert oracle.check(lambda **inputs: value(**inputs), NAME).ok
    assert oracle.check(lambda log_ratio_data, log_ratio_noise, k=1, **rest: value(
        log_ratio_data, log_ratio_noise, rest["nu"]), NAME).ok  # fmt: skip


MODULE = """
def impl(log_ratio_data, log_ratio_noise, k):
    return 0.0
def silent(log_ratio_data, log_ratio_noise, nu):
    return None
def wrong(log_ratio_data, log_ratio_noise, nu):
    return 0.0
def raises(log_ratio_data, log_ratio_noise, nu):
    raise ValueError("mine")
"""


@pytest.mark.parametrize(
    ("name", "code"), [("impl", 2), ("silent", 2), ("wrong", 1), ("raises", 1)]
)
def test_the_exit_code_of_nothing_judged_is_2(name, code, tmp_path, monkeypatch, capsys):
    (tmp_path / f"losses_{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["check", f"losses_{name}:{name}", "--objective", NAME]) == code
    assert ("NOTHING JUDGED" in capsys.readouterr().out) == (code == 2)


def test_exceptions_are_shown_whatever_else_is_found():
    def raises(log_ratio_data, log_ratio_noise, nu):
        if 2 < len(log_ratio_data) < 8 and nu != 1:
            raise ValueError(f"the size of tensor a ({len(log_ratio_data)}) must match")
        if len(log_ratio_data) == 2:
            raise RuntimeError("mat1 and mat2 cannot be multiplied")
        return -np.logaddexp(0, -log_ratio_data).mean() - np.logaddexp(0, log_ratio_noise).mean()

    report = oracle.check(raises, NAME)
    text = str(report)
    assert report.diagnosis.best.id == "mean-of-means"
    errored = [result for result in report.results if result.status == "errored"]
    assert f"errored: {len(errored)} vectors; the first of each kind:" in text
    # Of one kind: what differs in its numbers alone.
    assert text.count("raised ValueError: the size of tensor a (") == 1
    assert text.count("raised RuntimeError: mat1 and mat2 cannot be multiplied") == 1
    for word in ("ValueError", "RuntimeError"):
        alike = [result for result in errored if word in result.message]
        assert f"  {len(alike)} as {alike[0].id}: raised {word}" in text


def test_nothing_is_said_of_errors_where_there_are_none():
    assert "errored" not in str(oracle.check(lambda **inputs: 0.5, NAME))
    assert "errored" not in str(oracle.check(value, NAME))


def test_one_number_in_an_array_is_not_told_to_flatten():
    report = oracle.check(lambda **inputs: np.array([value(**inputs)]), NAME)
    for result in report.results:
        assert "flatten" not in result.message
        assert "got shape (1,); expected (); return one number, as value.item() " in result.message
    assert report.diagnosis.best is None


def test_a_detail_that_fits_one_vector_is_not_put_before_shape_errors():
    def per_point(log_ratio_data, log_ratio_noise, nu):
        found = value(log_ratio_data, log_ratio_noise, 1.0)
        return found if len(log_ratio_data) == 1 else np.full(len(log_ratio_data), found)

    report = oracle.check(per_point, NAME)
    counts = report.to_dict()["counts"]
    assert 0 < counts["failed"] < 3 <= counts["errored"], counts
    assert report.diagnosis.best is None and not report.diagnosis.suspects
    text = str(report)
    assert f"{counts['errored']} vectors got no answer that could be read" in text
    assert text.index("errored: ") < text.index("FAILED nce_from_log_ratios/")
