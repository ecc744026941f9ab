"""What is known of the arguments of contrast between views: ranks, labels, pairs of views; their logits, and draws of
them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Inputs
from nce_ref.oracle.families.ranking.embeddings import drawn_vectors, exponents, margins
from nce_ref.oracle.families.ranking.textbook_embeddings import Rows
from nce_ref.oracle.families.views import scales, textbook

_LOG_SCALES = (-0.5, 0.0, 1.25, 3.0, 4.625, 6.25)
_TEMPERATURES = (2.0**-9, 0.03125, 0.25, 1.0, 2.0)
WHOLE = "whole numbers that come in the dtype"


def is_whole(*names: str) -> Facts:
    """Refuses what is no whole number."""

    def refuses(inputs: Inputs) -> Iterator[str]:
        for name in names:
            if np.any(np.asarray(inputs[name]) != np.floor(inputs[name])):
                yield f"{name} {np.asarray(inputs[name]).tolist()}; expected {WHOLE}"

    return Facts(refuses=refuses)


def sharded(own: str, every: str, per_example: int = 1) -> Facts:
    """The device's vectors are those of its rank among all; stacked views are ``per_example`` blocks."""

    def refuses(inputs: Inputs) -> Iterator[str]:
        m, n = len(inputs[own]) // per_example, len(inputs[every]) // per_example
        rank = inputs["rank"]
        if not m or rank != int(rank) or not 0 <= rank * m <= n - m or n % m:
            yield f"rank {rank!r}; expected a whole number from 0 to {n}/{m} - 1"
            return
        first = int(rank) * m
        for k in range(per_example):
            theirs = inputs[every][k * n + first : k * n + first + m]
            if np.any(theirs != inputs[own][k * m : (k + 1) * m]):
                yield f"{own} that differ from {every} at rank {rank:g}; expected the same vectors"

    return Facts(
        flags={"later-rank": lambda inputs: inputs["rank"] > 0.0},
        properties={"where rank > 0": lambda inputs: inputs["rank"] > 0.0},
        refuses=refuses,
    )


def even(*names: str) -> Facts:
    """Refuses an odd number of views, and too few to compare."""

    def refuses(inputs: Inputs) -> Iterator[str]:
        for name in names:
            if len(inputs[name]) % 2 or len(inputs[name]) < (4 if name == names[-1] else 2):
                yield f"{name} with {len(inputs[name])} rows; expected two views of two examples or more, stacked"

    return Facts(refuses=refuses)


def _labelled(inputs: Inputs) -> Iterator[str]:
    labels = inputs["labels"]
    every, first = inputs.get("all_labels", labels), int(inputs.get("rank", 0.0)) * len(labels)
    if len(every) < 3:
        yield f"{len(every)} embeddings; expected at least 3"
    elif first + len(labels) <= len(every):
        if np.any(every[first : first + len(labels)] != labels):
            yield "labels that differ from all_labels at their rank; expected the same"
        elif not textbook.SupConSteps().is_positive(labels, every, first).any():
            yield f"labels {labels.tolist()}; expected one that occurs twice"


def _alone(inputs: Inputs) -> bool:
    labels = inputs["labels"]
    every = inputs.get("all_labels", labels)
    return bool(((labels[:, None] == every[None, :]).sum(axis=1) == 1).any())


SUPERVISED = Facts(
    flags={"label-alone": _alone},
    properties={"where some label occurs once": _alone},
    refuses=_labelled,
)


# --- logits, for flags and hints
# ----------------------------------------------------------------------------------------------


def _unit(z: Float) -> Float:
    return np.asarray(z / np.linalg.norm(z, axis=1, keepdims=True))


def rows_of(
    rows: Callable[[Inputs], tuple[Sequence[str], Rows]],
) -> dict[str, Callable[[Inputs], Any]]:
    """The hooks that ask for logits, by the names of the vectors and the rows."""

    def logits(inputs: Inputs) -> tuple[Float, Float]:
        names, found = rows(inputs)
        pool = np.concatenate([_unit(inputs[name]) for name in names])
        scale = (
            np.exp(inputs["log_scale"]) if "log_scale" in inputs else 1.0 / inputs["temperature"]
        )
        s = scale * pool @ pool.T
        anchors = found.anchors
        return s[anchors, found.positives], s[anchors[:, None], found.negatives]

    return {
        "log_sigmoids": lambda inputs: margins(*logits(inputs)),
        "exponents": lambda inputs: exponents(*logits(inputs)),
    }


def clip_rows(inputs: Inputs) -> tuple[Sequence[str], Rows]:
    """CLIP's rows, and the vectors that they are of."""
    m = len(inputs["images"])
    if "rank" not in inputs:
        return ("images", "texts"), textbook.ClipSteps().clip_rows(m, m, 0, (0, m))
    n, first = len(inputs["all_images"]), int(inputs["rank"]) * m
    rows = textbook.ClipSteps().clip_rows(m, n, first, (2 * m, 2 * m + n))
    return ("images", "texts", "all_images", "all_texts"), rows


def view_rows(inputs: Inputs) -> tuple[Sequence[str], Rows]:
    """NT-Xent's rows."""
    m = len(inputs["views"]) // 2
    if "rank" not in inputs:
        return ("views",), textbook.NTXentSteps().view_rows(m, m, 0, 0)
    n, first = len(inputs["all_views"]) // 2, int(inputs["rank"]) * m
    return ("views", "all_views"), textbook.NTXentSteps().view_rows(m, n, first, 2 * m)


def label_rows(inputs: Inputs) -> tuple[Sequence[str], Rows]:
    """SupCon's rows."""
    labels = inputs["labels"]
    if "rank" not in inputs:
        return ("embeddings",), scales.label_rows(labels, labels, 0, 0)[0]
    m, first = len(labels), int(inputs["rank"]) * len(labels)
    return ("embeddings", "all_embeddings"), scales.label_rows(
        labels, inputs["all_labels"], first, m
    )[0]


def _pairs(inputs: Inputs) -> Float:
    """z s of every image and text."""
    keys = inputs["all_texts"] if "rank" in inputs else inputs["texts"]
    s = np.exp(inputs["log_scale"]) * _unit(inputs["images"]) @ _unit(keys).T + inputs["bias"]
    m, first = len(s), int(inputs.get("rank", 0.0)) * len(s)
    return textbook.SiglipSteps().signs(m, len(keys), first, np.float64) * s


SIGMOIDS: dict[str, Any] = {
    "log_sigmoids": lambda inputs: (_pairs(inputs).ravel(),),
    "exponents": lambda inputs: _pairs(inputs).ravel(),
}


def no_rank(m: int, n: int, inputs: Inputs) -> Iterator[str]:
    """Refuses a rank that is none."""
    rank = inputs["rank"]
    if rank != int(rank) or not 0 <= rank * m <= n - m or n % m:
        yield f"rank {rank!r}; expected a whole number from 0 to {n}/{m} - 1"


# --- draws for a search
# -------------------------------------------------------------------------------------------------------


def draws(kind: str) -> Any:
    """Vectors of several lengths; a device's are cut out of all."""

    def draws(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
        m, d = sizes["n_data"], sizes["n_dim"]
        m = 2 * m if kind.startswith("nt_xent") else max(m, 2)
        m += int(rng.integers(1, 3)) if kind.startswith("sup_con") else 0
        shard = kind.endswith("_shard")
        n_shards = int(rng.integers(1, 4)) if shard else 1
        rank, n = int(rng.integers(n_shards)), n_shards * m
        found: dict[str, Any] = {"rank": float(rank)} if shard else {}
        names = {"cl": ("images", "texts"), "si": ("images", "texts"), "nt": ("views",)}
        for name in names.get(kind[:2], ("embeddings",)):
            every = drawn_vectors(rng, n, d)
            cut: Float = every[rank * m : (rank + 1) * m]
            if kind == "nt_xent_shard":
                cut = every.reshape(2, n // 2, d)[:, rank * m // 2 : (rank + 1) * m // 2]
            found |= {name: cut.reshape(m, d), f"all_{name}": every}
        if kind.startswith("sup_con"):
            labels = rng.integers(0, max(2, n // 2), size=n).astype(float)
            found |= {"labels": labels[rank * m : (rank + 1) * m], "all_labels": labels}
        if kind[:2] in ("cl", "si"):
            found |= {"log_scale": float(rng.choice(_LOG_SCALES))}
            found |= {"bias": float(rng.choice([-10.0, -1.5, 0.0, 2.0]))}
        else:
            found |= {"temperature": float(rng.choice(_TEMPERATURES))}
        return found

    return draws
