"""Which vectors fail: all those with one property and none without it, where there is such a property.

Conventions
-----------
property   a flag that the vectors carry, or a fact about their inputs from ``PROPERTIES``
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.diagnosis.observed import Observed

Inputs = Mapping[str, Any]


def _n_rows(inputs: Inputs, *names: str) -> int:
    return next((len(inputs[name]) for name in names if name in inputs), 0)


def _sizes_differ(inputs: Inputs) -> bool:
    data = _n_rows(inputs, "x", "log_model_data", "log_ratio_data")
    return data != _n_rows(inputs, "y", "log_model_noise", "log_ratio_noise") != 0


def _cov(inputs: Inputs) -> Any:
    """The covariance, or the identity where there is none."""
    return inputs.get("noise_cov", inputs.get("cov", np.eye(1)))


PROPERTIES: dict[str, Callable[[Inputs], bool]] = {
    "where det B < 0": lambda inputs: "B" in inputs and bool(np.linalg.det(inputs["B"]) < 0),
    "where n_noise differs from n_data": _sizes_differ,
    "where the covariance is not diagonal": lambda inputs: bool(
        (_cov(inputs) != np.diag(np.diag(_cov(inputs)))).any()
    ),
    "where the covariance is not the identity": lambda inputs: bool(
        (_cov(inputs) != np.eye(len(_cov(inputs)))).any()
    ),
    "where the mean is not 0": lambda inputs: bool(
        np.any(inputs.get("noise_mean", inputs.get("mean", 0.0)))
    ),
    "where B is not symmetric": lambda inputs: (
        "B" in inputs and bool((inputs["B"] != inputs["B"].T).any())
    ),
    "where c is not 0": lambda inputs: inputs.get("c", 0.0) != 0.0,
    "where the slope is not 1": lambda inputs: inputs.get("slope", 1.0) != 1.0,
    "where there is more than one step": lambda inputs: inputs.get("n_steps", 1.0) > 1.0,
    "where the step size is not 1": lambda inputs: inputs.get("step_size", 1.0) != 1.0,
    "where n_dim > 1": lambda inputs: (
        next((len(inputs[name]) for name in ("B", "cov", "precision") if name in inputs), 0) > 1
    ),
}


def explains_which(observed: Observed) -> str | None:
    """The property that the failing vectors have and the passing ones lack; None where there is none or nothing passes."""
    failed = observed.failed
    if failed.all() or not failed.any():
        return None
    flags = sorted({flag for vector in range(observed.n_ran) for flag in observed.flags(vector)})
    tests: dict[str, list[bool]] = {
        f"with the flag {flag}": [flag in observed.flags(k) for k in range(observed.n_ran)]
        for flag in flags
    }
    for name, holds in PROPERTIES.items():
        tests[name] = [holds(result.vector.inputs) for result in observed.results]
    exact = [name for name, has in tests.items() if np.array_equal(has, failed)]
    if exact:
        return f"it fails on all {int(failed.sum())} vectors {' = '.join(exact)}, and passes on all {int((~failed).sum())} others"
    within = [
        (sum(has), name)
        for name, has in tests.items()
        if not (failed & ~np.array(has)).any() and not all(has)
    ]
    if within:
        count, name = min(within)
        return f"it fails only {name}: on {int(failed.sum())} of {count} such vectors, on none of the {observed.n_ran - count} others"
    return None
