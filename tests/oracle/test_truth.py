"""``oracle.truth``: the vectors' own numbers again, what it refuses, and its fast decimals beside the slow ones."""

from __future__ import annotations

import importlib
import json
from decimal import Context, Decimal, localcontext

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.command_line import run
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.tolerance import allowance

module = importlib.import_module("nce_ref.oracle.truth")
FUNCTIONS = [name for name, objective in OBJECTIVES.items() if objective.kind == "function"]
AT_ONCE = [name for name, objective in OBJECTIVES.items() if objective.many]
BATCH = {
    "log_model_data": [1.0, -2.5],
    "log_model_noise": [0.25, -30.0, 4.0],
    "log_noise_data": [-1.0, 2.0],
    "log_noise_noise": [0.5, 0.0, -1.0],
    "nu": 1.5,
}


def leaves(nested):
    return (
        [leaf for entry in nested for leaf in leaves(entry)]
        if isinstance(nested, list)
        else [nested]
    )


def off(got, want):
    """The largest relative difference of two nests of decimals."""
    with localcontext(Context(prec=60)):
        pairs = list(zip(leaves(got), leaves(want), strict=True))
        assert all((g == 0) == (w == 0) for g, w in pairs)
        return max(abs(g - w) / abs(w) if w else Decimal(0) for g, w in pairs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_what_the_vectors_have(name):
    vectors = [v for v in oracle.cases(name) if sum(map(np.size, v.inputs.values())) < 120]
    for vector in vectors[:12]:
        found = oracle.truth(name, **vector.inputs)
        for output, expected in vector.expected.items():
            assert (found[output] == expected.value).all(), vector.id
            want = allowance(vector.objective, output, expected.scale, "float32")
            assert (found.allowance("float32")[output] == want).all(), vector.id
    assert found.decimals == {k: e.decimal for k, e in vectors[:12][-1].expected.items()}


@pytest.mark.parametrize("name", AT_ONCE)
def test_fast_decimals_keep_their_bound(name):
    """Right to 10^-(digits + 4), over all small vectors: tails to 1e9 among them."""
    objective, n = OBJECTIVES[name], 0
    for vector in oracle.cases(name):
        if sum(map(np.size, vector.inputs.values())) < 100:
            fast = objective.many(**vector.inputs, digits=25)
            slow = objective.exact(**vector.inputs, digits=40)
            assert all(off(fast[k], slow[k]) < Decimal("1e-29") for k in slow), vector.id
            n += 1
    assert n >= 10


def test_a_difference_that_cancels_has_its_digits_all_the_same():
    """J = 1e-33 from two numbers near 1: more digits are lost than were spared."""
    target = OBJECTIVES["importance_sampling_from_log_densities"]
    with localcontext(Context(prec=60)):
        twice = 2 * ((1 + Decimal(1).exp()) / 2).ln()
        first = float(twice)
        data = [first, float(twice - Decimal(first))]  # their mean is ln Z to 32 digits
    near = {"log_model_data": data, "log_model_noise": [0.0, 1.0], "log_noise_noise": [0.0, 0.0]}
    fast, slow = target.many(**near, digits=25), target.exact(**near, digits=40)
    assert abs(slow["value"]) < Decimal("1e-30")
    assert off(fast["value"], slow["value"]) < Decimal("1e-29")


def test_a_fast_form_that_loses_digits_is_seen():
    """The plant: ln(1 + e) without e's own digits."""
    with localcontext(Context(prec=37)):
        naive = (1 + Decimal(-60).exp()).ln()
    slow = OBJECTIVES["log_sigmoid"].exact([60.0], digits=40)["value"]
    assert off([-naive], slow) > Decimal("1e-29")


def test_a_float64_that_hangs_on_further_digits_is_made_of_forty(monkeypatch):
    right = oracle.truth("binary_nce", **BATCH)
    between = Decimal(1) + Decimal(2) ** -53  # half-way between two float64
    assert not module._is_sure(between)
    assert not module._is_sure(between * (1 + Decimal("1e-29")))
    assert module._is_sure(between * (1 + Decimal("1e-20")))
    asked = []
    monkeypatch.setattr(module, "_is_sure", lambda number: asked.append(number))
    again = oracle.truth("binary_nce", **BATCH)
    assert asked and all((again[name] == right[name]).all() for name in right)


def test_a_hundred_thousand_logits():
    rng = np.random.default_rng(20261201)
    G, H = rng.normal(scale=20.0, size=(2, 4000))
    found = oracle.truth("nce_from_log_ratios", log_ratio_data=G, log_ratio_noise=H, nu=1.0)
    plain = -np.logaddexp(0, -G).mean() - np.logaddexp(0, H).mean()
    assert abs(found["value"] - plain) < found.allowance()["value"]
    with pytest.raises(
        ValueError, match=r"got 100001 numbers; expected at most 100000.*Take a part"
    ):
        oracle.truth("log_sigmoid", t=np.zeros(100_001))
    with pytest.raises(ValueError, match=r"got 10102 numbers; expected at most 4000.*n_points"):
        oracle.truth("gaussian_log_density", u=np.ones((5048, 2)), mean=np.zeros(2), cov=np.eye(2))


def test_a_covariance_has_the_digits_of_its_quadrature():
    vector = min(oracle.cases("asymptotic_covariance"), key=lambda v: v.inputs["B"].size)
    found = oracle.truth("asymptotic_covariance", **vector.inputs)
    want = vector.expected["covariance"]
    assert (np.abs(found["covariance"] - want.value) <= 1e-8 * want.scale).all()
    assert len(found.decimals["covariance"][0][0]) <= 15


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nu": None}, "nu: got dtype object; expected real numbers"),
        ({"nu": 2.5}, "nu 2.5; expected n_noise/n_data = 3/2"),
        (
            {"log_model_data": [1.0]},
            r"log_noise_data: got shape \(2,\); expected \(n_data,\), n_data = 1",
        ),
        (
            {"log_model_data": [[1.0, 2.0]]},
            r"log_model_data: got shape \(1, 2\); expected \(n_data,\)",
        ),
        ({"log_model_data": [1.0, np.nan]}, r"log_model_data: got nan at \(1,\); expected finite"),
        ({"log_model_data": []}, "log_model_data: got shape .*at least one number"),
        ({"log_model_data": "ab"}, "log_model_data: got dtype <U2; expected real numbers"),
        (
            {"log_model_dat": [1.0]},
            "log_model_dat: got an argument .*did you mean 'log_model_data'",
        ),
    ],
)
def test_what_it_refuses(change, said):
    with pytest.raises(ValueError, match=said):
        oracle.truth("binary_nce", **(BATCH | change))


def test_what_is_missing_or_has_no_formula():
    with pytest.raises(
        ValueError, match=r"log_model_data: got nothing; expected log_model_data \(n_data,\)"
    ):
        oracle.truth("binary_nce", nu=1.0)
    with pytest.raises(ValueError, match="did you mean 'binary_nce'"):
        oracle.truth("binary_nec", **BATCH)
    with pytest.raises(ValueError, match="gaussian_nce_estimate', an estimate"):
        oracle.truth("gaussian_nce_estimate")
    with pytest.raises(ValueError, match="dtype: got 'float8'"):
        oracle.truth("binary_nce", **BATCH).allowance("float8")


def test_a_ratio_that_float32_rounded_is_the_ratio():
    third = {"log_ratio_data": np.zeros(3), "log_ratio_noise": np.zeros(1), "nu": np.float32(1 / 3)}
    assert oracle.truth("nce_from_log_ratios", **third)["value"] < 0


def test_nothing_of_the_caller_is_kept():
    t = np.zeros(2)
    found = oracle.truth("log_sigmoid", t=t)
    t[:] = 7.0
    assert (found.inputs["t"] == 0).all()
    with pytest.raises(ValueError, match="read-only"):
        found["value"][0] = 1.0


def test_the_command_line(tmp_path):
    file = tmp_path / "batch.json"
    file.write_text(json.dumps({"id": "mine", "inputs": BATCH}))
    right = oracle.truth("binary_nce", **BATCH)
    said = json.loads(run(["truth", "binary_nce", f"@{file}", "--json"]).out)
    assert said["outputs"]["value"] == float(right["value"])
    assert (
        run(["truth", "binary_nce", json.dumps(BATCH)]).out.splitlines()[1].startswith("value = -")
    )
    assert right.decimals["value"] in run(["truth", "binary_nce", f"@{file}", "--digits"]).out
    np.savez(tmp_path / "batch.npz", **BATCH)
    assert f"{right['value']:.17g}" in run(["truth", "binary_nce", f"@{tmp_path}/batch.npz"]).out
    for wrong in ("{", "[1]", "@nowhere.json", "@nowhere.npz"):
        outcome = run(["truth", "binary_nce", wrong])
        assert outcome.code == 2
        assert "inputs: " in outcome.complaint
