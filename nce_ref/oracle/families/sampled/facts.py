"""What is known of arguments over sampled classes: hits, probabilities, masks; their logits, and draws of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Inputs
from nce_ref.oracle.families.ranking.embeddings import exponents, margins
from nce_ref.oracle.families.sampled.scales import logits as _logits

WHOLE = "whole numbers that come in the dtype"


def is_hit(inputs: Inputs) -> Any:
    """(n, k), whether a negative that counts is the row's target."""
    hit = np.broadcast_to(inputs["negatives"], _shape(inputs)) == inputs["targets"][:, None]
    return hit & (inputs["mask"] == 1.0) if "mask" in inputs else hit


def _shape(inputs: Inputs) -> tuple[int, int]:
    return len(inputs["hidden"]), np.shape(inputs["negatives"])[-1]


def _has_hits(inputs: Inputs) -> bool:
    return bool(is_hit(inputs).any())


def _refuses_classes(inputs: Inputs) -> Iterator[str]:
    n_classes = len(inputs["class_vectors"])
    for name in ("targets", "negatives"):
        ids = np.asarray(inputs[name])
        if np.any(ids != np.floor(ids)) or np.any(ids < 0) or np.any(ids >= n_classes):
            yield f"{name} {ids.tolist()}; expected classes 0 to {n_classes - 1}, {WHOLE}"


def _refuses_probabilities(inputs: Inputs) -> Iterator[str]:
    q = np.asarray(inputs["noise_probabilities"])
    if np.any(q <= 0.0) or np.any(q > 1.0):
        yield f"noise_probabilities {q.tolist()}; expected numbers above 0, up to 1"


def _refuses_masks(inputs: Inputs) -> Iterator[str]:
    if not np.isin(inputs["mask"], (0.0, 1.0)).all():
        yield "mask with other numbers; expected 0 and 1"


CLASSES = Facts(
    flags={"hits": _has_hits},
    properties={"where a negative is the target": _has_hits},
    refuses=_refuses_classes,
)
NOISE = Facts(
    properties={
        "where the noise is not uniform": lambda inputs: np.ptp(inputs["noise_probabilities"]) > 0.0
    },
    refuses=_refuses_probabilities,
)
MASKED = Facts(
    flags={
        "masked": lambda inputs: bool((inputs["mask"] == 0.0).any()),
        "empty-row": lambda inputs: bool((inputs["mask"].sum(axis=1) == 0.0).any()),
    },
    properties={
        "where some negatives are masked": lambda inputs: bool((inputs["mask"] == 0.0).any())
    },
    refuses=_refuses_masks,
)


def counts(inputs: Inputs) -> tuple[float, float]:
    """Targets, and negatives that count: the terms of a point loss."""
    n, k = _shape(inputs)
    return float(n), float(inputs["mask"].sum()) if "mask" in inputs else float(n * k)


# --- logits, for flags and hints --------------------------------------------------------------------------------------


def _t(inputs: Inputs, with_k: bool) -> Float:
    q = inputs.get("noise_probabilities", np.ones(len(inputs["class_vectors"])))
    h, w, b, y, j = (
        inputs[name] for name in ("hidden", "class_vectors", "biases", "targets", "negatives")
    )
    return _logits(h, w, b, y, j, q, inputs.get("mask"), with_k)[1]


def points(with_k: bool) -> dict[str, Any]:
    """The hooks that ask for logits, of a sigmoid for every class."""

    def signed(inputs: Inputs) -> tuple[Float, ...]:
        t = _t(inputs, with_k)
        both = np.append(t[:, 0], -t[:, 1:])
        return (both[np.isfinite(both)],)

    return {"log_sigmoids": signed, "exponents": lambda inputs: signed(inputs)[0]}


def _rows(inputs: Inputs) -> tuple[Float, Float]:
    t = _t(inputs, False)
    return t[:, 0], t[:, 1:]


ROWS: dict[str, Any] = {
    "log_sigmoids": lambda inputs: margins(*_rows(inputs)),
    "exponents": lambda inputs: exponents(*_rows(inputs)),
}


# --- draws for a search -----------------------------------------------------------------------------------------------


def draws(shared: bool) -> Any:
    """Tables of several sizes, classes repeated and hit, a Zipf law that is not normalised exactly."""

    def draws(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
        n, k, d, n_classes = (
            sizes[axis] for axis in ("n_data", "n_negatives", "n_dim", "n_classes")
        )
        size = rng.choice([0.5, 1.0, 3.0, 10.0])
        q = 1.0 / np.arange(1.0, n_classes + 1.0) ** rng.choice([0.0, 1.0, 2.0, 4.0])
        return {
            "hidden": size * rng.normal(size=(n, d)),
            "class_vectors": size * rng.normal(size=(n_classes, d)),
            "biases": rng.normal(size=n_classes),
            "targets": rng.integers(0, n_classes, size=n).astype(float),
            "negatives": rng.integers(0, n_classes, size=k if shared else (n, k)).astype(float),
            "noise_probabilities": q / q.sum(),
            "mask": (rng.uniform(size=(n, k)) < rng.choice([0.5, 1.0])).astype(float),
        }

    return draws
