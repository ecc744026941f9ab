"""Which flags a vector carries: read off its inputs, so that a flag cannot be wrong.

Conventions
-----------
flag      a word for what a vector probes; its note (what, effect, seen) stands in ``suite.json``
derived   every flag here; ``emit`` writes them and ``lint`` compares. A flag that is not here is its author's
t         the argument of ln sigma at a point: G - ln nu on the data, ln nu - G on the noise; t << 0 is the wrong side
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.conventions import sample_sizes
from nce_ref.oracle.objectives import Objective
from nce_ref.oracle.textbook import Array, Steps

SMOKE = "smoke"
# The naive forms break at 16.7 and 88.7 in float32, at 36.8 and 709.8 in float64; each flag: some t at -threshold or below.
TAILS = {"tails": 17.0, "tails-40": 37.0, "tails-800": 710.0}
SEPARATED = 16.0
SATURATED = 19.0  # |z| of a hidden unit, or |slope s|: tanh is 1 to rounding in float64, softplus z or nearly 0
OVERFLOW = 89.0  # e^t is inf in float32; from 710 on in float64, too
MAX_INLINE = 1000  # numbers of an array in the JSON; more stand in an NPZ


def derived_flags(
    objective: Objective, vector_id: str, inputs: Mapping[str, Any]
) -> tuple[str, ...]:
    """The flags that these inputs carry, in the order of ``DERIVED``."""
    return tuple(flag for flag, holds in DERIVED.items() if holds(objective, vector_id, inputs))


def is_derived(flag: str) -> bool:
    """Whether the flag is read off the inputs."""
    return flag in DERIVED


def log_sigmoid_arguments(inputs: Mapping[str, Any]) -> Float:
    """t of every point (data first, then noise), or an empty array where the objective has no log-sigmoid."""
    if "t" in inputs:
        return np.asarray(inputs["t"])
    if "log_ratio_data" in inputs:
        data, noise, nu = inputs["log_ratio_data"], inputs["log_ratio_noise"], inputs["nu"]
    elif "log_noise_data" in inputs:
        data = inputs["log_model_data"] - inputs["log_noise_data"]
        noise = inputs["log_model_noise"] - inputs["log_noise_noise"]
        nu = inputs["nu"]
    elif {"x", "y", "c"} <= set(inputs):
        data, noise = (
            _log_model(inputs, u) - _log_noise(inputs, u) for u in (inputs["x"], inputs["y"])
        )
        nu = len(inputs["y"]) / len(inputs["x"])
    else:
        return np.empty(0)
    return np.append(data - math.log(nu), math.log(nu) - noise)


def kinks(inputs: Mapping[str, Any]) -> int:
    """How many b_i . u are exactly 0, where that is a kink."""
    if "B" not in inputs or "slope" in inputs:
        return 0
    return sum(
        int((inputs[name] @ inputs["B"].T == 0).sum()) for name in ("x", "y", "u") if name in inputs
    )


def hidden_sums(objective: Objective, inputs: Mapping[str, Any]) -> list[Float]:
    """The pre-activations of each hidden layer of a network, (n_points, units); none for other objectives."""
    if "layer_sizes" not in inputs:
        return []
    steps, name, a, found = Steps(), objective.name.split("_")[1], inputs["u"], []
    layers = steps.layers(inputs["layer_sizes"], inputs["theta"])
    for k, (W, b) in enumerate(layers[:-1]):
        found.append(a @ W.T + b)
        a = steps.activation(name, found[-1], k + 1, len(layers))[0]
    return found


def exponents(inputs: Mapping[str, Any]) -> Float:
    """What a naive form of NCE's rivals takes exp of: ln w, 2 slope s, H - H'; an empty array for other objectives."""
    if "energy_before" in inputs:
        return np.asarray(inputs["energy_before"] - inputs["energy_after"])
    if "slope" in inputs:
        return np.ravel(2.0 * inputs["slope"] * inputs["x"] @ inputs["B"].T)
    if "log_model_noise" in inputs and "log_noise_data" not in inputs:
        return np.asarray(inputs["log_model_noise"] - inputs["log_noise_noise"])
    if {"B", "y"} <= set(inputs) and "c" not in inputs:
        return np.asarray(
            _log_model({"c": 0.0, **inputs}, inputs["y"]) - _log_noise(inputs, inputs["y"])
        )
    return np.empty(0)


def visited_sources(inputs: Mapping[str, Any]) -> list[Float]:
    """b_i . u at every point where a trajectory of the Laplace ICA model asks for the score, (n_points, n_dim) each; else none."""
    if not {"B", "step_size"} <= set(inputs):
        return []
    steps, found = Steps(), list[Float]()

    def score(u: Array) -> Array:
        found.append(u @ inputs["B"].T)
        return steps.laplace_score(inputs["B"], u, steps.laplace_scale)

    steps.trajectory(
        score, inputs["u"], inputs["momentum"], inputs["step_size"], int(inputs["n_steps"])
    )
    return found


def _crosses(inputs: Mapping[str, Any]) -> bool:
    signs = [np.sign(s) for s in visited_sources(inputs)]
    return any(bool((one != other).any()) for one, other in pairwise(signs))


def _is_saturated(objective: Objective, inputs: Mapping[str, Any]) -> bool:
    sums = hidden_sums(objective, inputs) + ([0.5 * exponents(inputs)] if "slope" in inputs else [])
    return any(bool((np.abs(z) >= SATURATED).any()) for z in sums)


def _relu_kinks(objective: Objective, inputs: Mapping[str, Any]) -> int:
    """How many pre-activations of ReLU units are exactly 0."""
    return (
        sum(int((z == 0).sum()) for z in hidden_sums(objective, inputs))
        if "relu" in objective.name
        else 0
    )


def _log_model(inputs: Mapping[str, Any], u: Float) -> Float:
    if "B" in inputs:
        return -math.sqrt(2.0) * np.abs(u @ inputs["B"].T).sum(axis=1) + inputs["c"]
    return -0.5 * np.einsum("ti,ij,tj->t", u, inputs["precision"], u) + inputs["c"]


def _log_noise(inputs: Mapping[str, Any], u: Float) -> Float:
    cov, d = inputs["noise_cov"], u - inputs["noise_mean"]
    quadratic = np.einsum("ti,ij,tj->t", d, np.linalg.inv(cov), d)
    return -0.5 * (quadratic + np.linalg.slogdet(cov)[1] + len(cov) * math.log(2 * math.pi))


def _beyond(threshold: float) -> Callable[[Objective, str, Mapping[str, Any]], bool]:
    return lambda objective, vector_id, inputs: bool(
        (log_sigmoid_arguments(inputs) <= -threshold).any()
    )


def _cov(inputs: Mapping[str, Any]) -> Float | None:
    return inputs.get("noise_cov", inputs.get("cov"))


def _is_normalised(inputs: Mapping[str, Any]) -> bool:
    if "B" not in inputs or "c" not in inputs:
        return False
    log_constant = np.linalg.slogdet(inputs["B"])[1] - 0.5 * len(inputs["B"]) * math.log(2.0)
    return bool(abs(log_constant - inputs["c"]) < 1e-12)


def _varies(inputs: Mapping[str, Any]) -> bool:
    given = [inputs[name] for name in ("log_noise_data", "log_noise_noise") if name in inputs]
    return bool(given) and bool(np.ptp(np.concatenate(given)) > 0)


def _is_separated(inputs: Mapping[str, Any]) -> bool:
    t = log_sigmoid_arguments(inputs)
    return "t" not in inputs and t.size > 0 and bool((t >= SEPARATED).all())


def _has_equal_logits(inputs: Mapping[str, Any]) -> bool:
    t = log_sigmoid_arguments(inputs)
    sizes = [
        len(v) for name, v in inputs.items() if name in ("log_ratio_data", "log_model_data", "x")
    ]
    return (
        bool(sizes)
        and t.size > 2
        and bool(np.ptp(t[: sizes[0]]) == 0 and np.ptp(t[sizes[0] :]) == 0)
    )


def _sizes(objective: Objective, inputs: Mapping[str, Any]) -> tuple[int, int]:
    return sample_sizes(objective, inputs)


DERIVED: dict[str, Callable[[Objective, str, Mapping[str, Any]], bool]] = {
    SMOKE: lambda objective, vector_id, inputs: vector_id.split("/")[1:2] == [SMOKE],
    **{flag: _beyond(threshold) for flag, threshold in TAILS.items()},
    "separated": lambda objective, vector_id, inputs: _is_separated(inputs),
    "equal-logits": lambda objective, vector_id, inputs: _has_equal_logits(inputs),
    "kink": lambda objective, vector_id, inputs: kinks(inputs) + _relu_kinks(objective, inputs) > 0,
    "nu-not-one": lambda objective, vector_id, inputs: (
        0 < _sizes(objective, inputs)[1] != _sizes(objective, inputs)[0]
    ),
    "one-data-point": lambda objective, vector_id, inputs: _sizes(objective, inputs)[0] == 1,
    "noise-varies": lambda objective, vector_id, inputs: _varies(inputs),
    "correlated-noise": lambda objective, vector_id, inputs: (
        (cov := _cov(inputs)) is not None and bool((cov != np.diag(np.diagonal(cov))).any())
    ),
    "noise-mean": lambda objective, vector_id, inputs: bool(
        np.any(inputs.get("noise_mean", inputs.get("mean", 0.0)))
    ),
    "negative-determinant": lambda objective, vector_id, inputs: (
        "B" in inputs and bool(np.linalg.det(inputs["B"]) < 0)
    ),
    "not-symmetric": lambda objective, vector_id, inputs: (
        "B" in inputs and bool((inputs["B"] != inputs["B"].T).any())
    ),
    "badly-scaled": lambda objective, vector_id, inputs: (
        "B" in inputs and bool(np.linalg.cond(inputs["B"]) > 100)
    ),
    "one-dimension": lambda objective, vector_id, inputs: any(
        len(inputs[k]) == 1 for k in ("B", "precision", "cov") if k in inputs
    ),
    "in-a-file": lambda objective, vector_id, inputs: any(
        np.size(value) > MAX_INLINE for value in inputs.values()
    ),
    "no-hidden-layer": lambda objective, vector_id, inputs: (
        "layer_sizes" in inputs and len(inputs["layer_sizes"]) == 2
    ),
    "saturated": lambda objective, vector_id, inputs: _is_saturated(objective, inputs),
    "overflow": lambda objective, vector_id, inputs: bool(
        (np.abs(exponents(inputs)) >= OVERFLOW).any()
    ),
    "crossing": lambda objective, vector_id, inputs: _crosses(inputs),
    "normalised": lambda objective, vector_id, inputs: _is_normalised(inputs),
}
