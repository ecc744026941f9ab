"""The objective of nu = 1 as a convention: its truth by a second witness, and what is said where it is declared, or
should be.

Second witness: with the data repeated n_noise times and the noise n_data times there are as many of one as of the
other, nu is 1, and J, as it is stored, is mean + mean.
"""

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.__main__ import main
from nce_ref.oracle.at_one import at_noise_ratio, cases_of
from nce_ref.oracle.judge import judge
from nce_ref.oracle.mistakes import CATALOGUE, find_mistake
from nce_ref.oracle.objectives import AT_ONE, EVERY, find_objective, with_noise_ratio
from nce_ref.oracle.truth import truth_at
from nce_ref.oracle.vectors import find

ONE = oracle.Convention(sense="minimise", noise_ratio="one")
RNG = np.random.default_rng


def log_sigmoid(t):
    return -np.logaddexp(0.0, -t)


def mean_and_mean(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    data, noise = log_model_data - log_noise_data, log_model_noise - log_noise_noise
    return {
        "value": -(log_sigmoid(data).mean() + log_sigmoid(-noise).mean()),
        "grad_log_model_data": -np.exp(log_sigmoid(-data)) / data.size,
        "grad_log_model_noise": np.exp(log_sigmoid(noise)) / noise.size,
    }


def by_their_steps(name):
    target = find_objective(name)
    return lambda **inputs: target.evaluate(target.right, inputs)


@pytest.mark.parametrize(
    "name", ["nce_from_log_ratios", "binary_nce", "gaussian_nce", "laplace_ica_nce"]
)
def test_the_truth_is_that_of_equal_samples_repeated(name):
    flat = find_objective(f"{name}/flat/one")
    for vector in [v for v in cases_of(flat) if "equal" not in v.flags][:5]:
        n_data, n_noise = (int(n) for n in flat.sample_sizes(vector.inputs))
        if n_data * n_noise > 24:
            continue
        copies = {"n_data": n_noise, "n_noise": n_data}
        inputs = {
            argument: np.repeat(vector.inputs[argument], copies[shape[0]], axis=0)
            if shape and shape[0] in copies
            else vector.inputs[argument]
            for argument, shape in flat.arguments.items()
        }
        if "nu" in inputs:
            inputs["nu"] = 1.0
        assert flat.exact is not None and find_objective(name).exact is not None
        ours = flat.exact(**vector.inputs, digits=40)
        other = find_objective(name).exact(**inputs, digits=40)
        for output in flat.outputs:
            mine, theirs = np.array(ours[output.name]), np.array(other[output.name])
            if output.shape and output.shape[0] in copies:
                theirs = theirs.reshape(mine.size, -1).sum(axis=1)
            for a, b in zip(mine.ravel(), theirs.ravel(), strict=True):
                assert abs(a - b) <= Decimal("1e-25") * max(abs(b), Decimal("1e-30")), vector.id


@pytest.mark.parametrize("name", ["nce_from_log_ratios", "binary_nce"])
def test_many_logits_and_forty_digits_agree(name):
    for layout in ("flat", "rows", "shared", "equal"):
        target = find_objective(f"{name}/{layout}/one")
        for vector in cases_of(target)[:6]:
            fast, whole = truth_at(target, vector.inputs), target.exact(**vector.inputs, digits=40)
            for output, value in fast.items():
                assert np.array_equal(value, np.array(whole[output], dtype=np.float64))


@pytest.mark.parametrize("name", list(AT_ONE))
def test_right_steps_pass_and_those_of_the_sizes_are_told_to_say_so(name):
    target = AT_ONE[name]
    for dtype in ("float32", "float64"):
        assert oracle.check(by_their_steps(name), name, dtype).ok
    if target.layout == "equal":
        return
    report = oracle.check(
        by_their_steps(target.stored),
        target.stored,
        convention=oracle.Convention(noise_ratio="one"),
    )
    assert not report.ok
    assert report.diagnosis.best.id == "noise_ratio=sizes"
    assert "another objective" in report.diagnosis.best.effect


@pytest.mark.parametrize("layout", ["flat", "rows", "shared", "equal"])
def test_mean_and_mean_written_by_hand_is_right_in_every_layout(layout):
    for dtype in ("float32", "float64", "bfloat16"):
        report = oracle.check(mean_and_mean, "binary_nce", dtype, ONE, layout=layout)
        assert report.ok, report
        assert "nu = 1" in str(report).splitlines()[0]
        assert report.to_dict()["convention"]["noise_ratio"] == "one"


def test_half_of_it_is_a_half_and_so_is_the_mean_over_all_points():
    def half(**inputs):
        return {name: value / 2 for name, value in mean_and_mean(**inputs).items()}

    for reduction in ("half", "mean"):
        declared = oracle.Convention("minimise", reduction, noise_ratio="one")
        assert oracle.check(half, "binary_nce", convention=declared).ok


@pytest.mark.parametrize("sense", ["minimise", "maximise"])
def test_undeclared_it_is_named_with_the_line_to_declare(sense):
    best = oracle.check(
        mean_and_mean, "binary_nce", convention=oracle.Convention(sense)
    ).diagnosis.best
    assert best.id == "mean-of-means"
    assert 'convention=oracle.Convention(sense="minimise", noise_ratio="one")' in best.remedy


@pytest.mark.parametrize(
    ("name", "slip"),
    [
        ("binary_nce", "no-log-pn-noise"),
        ("binary_nce", "nu-sign"),
        ("binary_nce", "noise-weighted-twice"),
        ("binary_nce/rows", "labels-swapped"),
        ("nce_from_log_ratios/shared", "gradient-half"),
        ("gaussian_nce", "gauss-logdet-not-halved"),
        ("laplace_ica_nce", "gradient-no-sqrt2"),
    ],
)
def test_a_slip_on_top_of_it_is_named_where_it_is_declared_and_with_it_where_it_is_not(name, slip):
    target = with_noise_ratio(EVERY[name], "one")
    mistake = find_mistake(slip)

    def wrong(**inputs):
        return mistake.evaluate(target.name, inputs)

    declared = oracle.check(wrong, name, convention=oracle.Convention(noise_ratio="one"))
    assert slip in [
        one.id for one in (declared.diagnosis.best, *declared.diagnosis.ambiguous) if one
    ]
    if slip in ("no-log-pn-noise", "labels-swapped"):
        undeclared = oracle.check(wrong, name).diagnosis.best
        assert set(undeclared.id.split(" + ")) == {"mean-of-means", slip}
        assert 'noise_ratio="one"' in undeclared.remedy
        assert "mend the other" in undeclared.remedy


def test_where_there_is_no_such_objective_it_is_refused_with_what_there_is():
    for name in ("binary_nce/masked", "log_sigmoid", "laplace_ica_nce_estimate", "ranking_nce"):
        with pytest.raises(ValueError, match=f"noise_ratio: got 'one' for {name}"):
            oracle.check(mean_and_mean, name, convention=ONE)
    with pytest.raises(ValueError, match="noise_ratio: got 'two'"):
        oracle.Convention(noise_ratio="two")


def test_a_choice_at_a_kink_is_one_here_too():
    kinks = [m for m in CATALOGUE.values() if m.choice and "laplace_ica_nce" in m.objectives]
    assert kinks
    for mistake in kinks[:1]:
        report = oracle.check(
            lambda m=mistake, **inputs: m.evaluate("laplace_ica_nce/flat/one", inputs),
            "laplace_ica_nce",
            convention=oracle.Convention(noise_ratio="one"),
        )
        assert report.ok
        assert any(result.status == "documented choice" for result in report.results)


def test_compare_search_and_judge_take_it():
    batch = {name: RNG(1).normal(size=n) for name, n in (("a", 3), ("b", 7))}
    inputs = {
        "log_model_data": batch["a"],
        "log_model_noise": batch["b"],
        "log_noise_data": batch["a"] ** 2,
        "log_noise_noise": batch["b"] ** 2,
        "nu": 7 / 3,
    }
    assert oracle.compare(mean_and_mean, "binary_nce", inputs, convention=ONE).ok
    other = oracle.compare(
        mean_and_mean, "binary_nce", inputs, convention=oracle.Convention("minimise")
    )
    assert not other.ok
    found = oracle.search(mean_and_mean, "binary_nce", n_draws=60, rng=RNG(0), convention=ONE)
    assert found.ok
    planted = oracle.search(
        lambda **given: {**mean_and_mean(**given), "value": 0.0},
        "binary_nce",
        n_draws=60,
        rng=RNG(0),
        convention=ONE,
    )
    assert not planted.ok
    vector = find("binary_nce/random/nu-2.5")
    assert judge(vector, mean_and_mean(**vector.arguments()), convention=ONE).status == ("passed")
    assert at_noise_ratio(vector, "sizes") is vector
    assert at_noise_ratio(at_noise_ratio(vector, "one"), "one") is at_noise_ratio(vector, "one")


def test_a_verdict_can_be_asked_for_again():
    def wrong(**inputs):
        return {**mean_and_mean(**inputs), "value": 1.0}

    report = oracle.check(wrong, "binary_nce", convention=ONE)
    assert "--sense minimise --noise-ratio one" in str(report)


LOSSES = """
import numpy as np

def log_sigmoid(t):
    return -np.logaddexp(0.0, -t)

def loss(log_ratio_data, log_ratio_noise, nu):
    return -(log_sigmoid(log_ratio_data).mean() + log_sigmoid(-log_ratio_noise).mean())
"""


def test_the_command_line_and_pytest_take_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "meanlosses.py").write_text(LOSSES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["meanlosses:loss", "nce_from_log_ratios", "--sense", "minimise"]
    assert main(["check", *words, "--noise-ratio", "one"]) == 0
    assert "nu = 1" in capsys.readouterr().out
    assert main(["check", *words]) == 1
    assert 'noise_ratio="one"' in capsys.readouterr().out
    plugged = ["-p", "nce_ref.pytest_plugin", "-p", "no:cacheprovider", "-q"]
    said = ["--nce-impl=meanlosses:loss", "--nce-objective=nce_from_log_ratios"]
    for ratio, code in (("one", 0), ("sizes", 1)):
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *plugged, *said]
            + ["--nce-sense=minimise", f"--nce-noise-ratio={ratio}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == code, ran.stdout
