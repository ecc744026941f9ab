"""``oracle.compare``: a report on somebody's own batch, as ``check`` gives it on the vectors."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import OBJECTIVES

RNG = np.random.default_rng(20261201)
BATCH = {
    "log_model_data": RNG.normal(size=5),
    "log_model_noise": RNG.normal(size=15),
    "log_noise_data": RNG.normal(size=5),
    "log_noise_noise": RNG.normal(size=15),
    "nu": 3.0,
}
ICA = {
    "B": np.array([[1.0, 0.5], [-0.25, 2.0]]),
    "c": 0.75,
    "x": RNG.normal(size=(4, 2)),
    "y": RNG.normal(size=(8, 2)),
    "noise_mean": np.zeros(2),
    "noise_cov": np.eye(2),
}


def right(name, sign=1.0, flip=False):
    objective = OBJECTIVES[name]

    def impl(**inputs):
        inputs = {k: -v if flip and k == "c" else v for k, v in inputs.items()}
        found = objective.evaluate(objective.right, inputs)
        turned = {k: -v if flip and k == "grad_c" else v for k, v in found.items()}
        return {k: sign * v for k, v in turned.items()}

    return impl


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_right_one_passes(dtype):
    report = oracle.compare(right("binary_nce"), "binary_nce", BATCH, dtype)
    assert [result.status for result in report.results] == ["passed"]
    assert not report.failed
    assert report.dtype == dtype


def test_a_mistake_is_found_and_named():
    report = oracle.compare(
        lambda **inputs: CATALOGUE["no-log-nu"].evaluate("binary_nce", inputs), "binary_nce", BATCH
    )
    assert not report.ok
    assert report.diagnosis.best.id == "no-log-nu"
    assert "oracle.truth('binary_nce', **inputs)" in str(report)
    assert "binary_nce/own/batch" in str(report)


def test_a_loss_is_declared():
    loss = right("binary_nce", -1.0)
    minimise = oracle.Convention(sense="minimise")
    assert not oracle.compare(loss, "binary_nce", BATCH, convention=minimise).failed
    assert oracle.compare(loss, "binary_nce", BATCH).failed


def test_inputs_are_the_implementations_own():
    """Its c, where c is subtracted, is minus ours: at c = 0.75 only the declared sign passes."""
    flipped, subtracted = (
        right("laplace_ica_nce", flip=True),
        oracle.Convention(c_sign="subtracted"),
    )
    assert not oracle.compare(flipped, "laplace_ica_nce", ICA, convention=subtracted).failed
    assert oracle.compare(flipped, "laplace_ica_nce", ICA).failed
    seen = []
    oracle.compare(lambda **i: seen.append(i["c"]), "laplace_ica_nce", ICA, convention=subtracted)
    assert seen == [0.75]


def test_what_raises_is_a_line():
    def raises(**inputs):
        raise RuntimeError("no such kernel")

    report = oracle.compare(raises, "binary_nce", BATCH)
    assert "raised RuntimeError: no such kernel" in str(report)


def test_what_it_refuses():
    with pytest.raises(TypeError, match="impl: got 3"):
        oracle.compare(3, "binary_nce", BATCH)
    with pytest.raises(ValueError, match="inputs: got a list"):
        oracle.compare(print, "binary_nce", [1.0])
    with pytest.raises(ValueError, match="dtype: got 'half'"):
        oracle.compare(print, "binary_nce", BATCH, "half")
    with pytest.raises(ValueError, match="t: got a number beyond float32"):
        oracle.compare(print, "log_sigmoid", {"t": [1e39]}, "float32")
    with pytest.raises(ValueError, match="an estimate"):
        oracle.compare(print, "gaussian_nce_estimate", {})
