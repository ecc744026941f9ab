"""J of masked and weighted rows as an objective: a view of the flat one with formulas of its own, since neither nu nor
the weights are the flat ones'.

Conventions
-----------
mask      0 and 1; where it is 0 nothing is read, and what stands there may be infinite
weights   from 0 on, not all 0; nu above 0, in half of the vectors another number than the row's mask counts
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Inputs, Objective, Outputs, Shape
from nce_ref.oracle.families.nce.objectives import noise_varies

COLUMNS = {"k": "noise points a data point, columns of the noise"}

# Every row has its own nu: there is no 1/nu to swap the samples with, no multiple of n_data to cut at, no one density
# to weigh; what is taken over the whole batch has as many forms as there are ways to leave padding out of it; and one
# vector alone has a noise point in the tail where a slope r/(1 + r) overflows.
_UNMADE = (
    "samples-swapped",
    "noise-truncated",
    "broadcast-pairs",
    "broadcast-summed",
    "densities-not-logs",
    "eps-beside-densities",
    "gradient-exp-over-one-plus-exp",
    "penalty-logits",
    "penalty-logits-means",
    "penalty-energies",
    "balance-term",
    "batch-normalised",
    "batch-normalised-mean",
    "each-batch-normalised",
    "softmax-over-all",
    "ratios-standardised",
    "logits-standardised",
    "sum-truncated",
)


def is_of_noise(name: str) -> bool:
    """Whether an argument or an output has an entry for each noise point."""
    return name.endswith("_noise")


def _refuses_masks(inputs: Inputs) -> Iterator[str]:
    mask, weights, nu = inputs["mask"], inputs["weights"], inputs["nu"]
    if strange := sorted({float(m) for m in np.ravel(mask)} - {0.0, 1.0}):
        yield f"mask: a number {strange[0]:g}; expected 0 and 1"
    if (weights < 0).any() or not weights.any():
        yield f"weights {weights.tolist()}; expected numbers from 0 on, not all 0"
    if (nu <= 0).any():
        yield f"nu {nu.tolist()}; expected numbers above 0"


_MASKS = Facts(
    flags={
        "masked": lambda inputs: bool((inputs["mask"] == 0).any()),
        "weighted": lambda inputs: bool(np.ptp(inputs["weights"]) > 0),
        "nu-not-counted": lambda inputs: bool((inputs["nu"] != inputs["mask"].sum(axis=1)).any()),
        "infinite-padding": lambda inputs: any(
            not np.isfinite(value).all() for value in inputs.values()
        ),
    },
    refuses=_refuses_masks,
)


def _masked_tails(flat: Objective) -> Callable[[Inputs], tuple[Float, ...]]:
    def arguments(inputs: Inputs) -> tuple[Float, ...]:
        kept, log_nu = inputs["mask"] != 0, np.log(inputs["nu"])
        rows = np.broadcast_to(log_nu[:, None], kept.shape)[kept]
        if "log_model_data" in inputs:
            data = inputs["log_model_data"] - inputs["log_noise_data"]
            noise = inputs["log_model_noise"][kept] - inputs["log_noise_noise"][kept]
        else:
            data, noise = inputs["log_ratio_data"], inputs["log_ratio_noise"][kept]
        return data - log_nu, rows - noise

    return arguments


def _masked_counts(inputs: Inputs) -> tuple[float, float]:
    return float(inputs["weights"].sum()), float((inputs["weights"] @ inputs["mask"]).sum())


def _drawn_masks(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
    n, k = sizes["n_data"], sizes["k"]
    weights = rng.choice([0.0, 0.25, 0.5, 1.0, 2.0, 3.0], size=n)
    weights[rng.integers(n)] = 1.0
    mask = rng.integers(0, 4, size=(n, k)) > 0
    nu = np.where(rng.integers(2, size=n), mask.sum(axis=1), rng.uniform(0.25, 8.0, size=n))
    return {"mask": mask, "weights": weights, "nu": np.maximum(nu, 0.25)}


def masked(
    flat: Objective,
    exact: Callable[..., Outputs],
    many: Callable[..., Outputs],
    scales: Callable[..., Any],
    answer: Callable[..., Outputs],
    right: Any,
) -> Objective:
    """The masked layout of a flat objective, by its formulas."""
    noise: Shape = ("n_data", "k")
    g = ", G = log_model - log_noise" if "log_model_data" in flat.arguments else ""
    arguments: dict[str, Shape] = {
        argument: noise if is_of_noise(argument) else shape
        for argument, shape in flat.arguments.items()
        if argument != "nu"
    }
    others = (noise_varies("log_noise_data", "log_noise_noise"),) if g else ()
    return replace(
        flat,
        name=f"{flat.name}/masked",
        arguments={**arguments, "mask": noise, "weights": ("n_data",), "nu": ("n_data",)},
        outputs=tuple(
            replace(output, shape=noise) if is_of_noise(output.name) else output
            for output in flat.outputs
        ),
        formula=(
            "J = (1/sum_i w_i) sum_i w_i [ln sigma(G_i - ln nu_i) + sum_j m_ij ln sigma(ln nu_i -"
            " G_ij)], w = weights, m = mask of 0 and 1, nu_i not sum_j m_ij; nothing is read where"
            f" m_ij = 0{g}"
        ),
        exact=exact,
        many=many,
        method=flat.method.replace("exact.py", "exact_layouts.py"),
        scales=scales,
        right=right,
        answer=answer,
        log_sigmoids=_masked_tails(flat),
        follows={},
        draws=_drawn_masks,
        masks={argument: "mask" for argument in arguments if is_of_noise(argument)},
        facts=(_MASKS, *others),
        counts=_masked_counts,
        dimensions=COLUMNS,
        right_there=_UNMADE,
        fit=None,
    )
