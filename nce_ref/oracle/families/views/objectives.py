"""Contrast between views: CLIP, SigLIP, NT-Xent and SupCon, and their shards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Family, Inputs, Objective, Output, Shape
from nce_ref.oracle.families.ranking.embeddings import (
    EXACT,
    TEMPERED,
    VALUE,
    VECTORS,
    at_least_two,
    directed,
    drawn_vectors,
    exponents,
    gradient,
    margins,
)
from nce_ref.oracle.families.ranking.textbook_embeddings import Rows
from nce_ref.oracle.families.views import (
    exact,
    mistakes_clip,
    mistakes_gradients,
    mistakes_shards,
    mistakes_siglip,
    mistakes_views,
    relatives,
    scales,
    textbook,
)

_METHOD = f"nce_ref/oracle/families/views/exact.py: {EXACT}"
_KEYS: Shape = ("n_keys", "n_dim")
_LABELS: Shape = ("n_data",)
_DIMENSIONS = {"n_keys": "keys of all devices"}
_LOG_SCALES = (-0.5, 0.0, 1.25, 3.0, 4.625, 6.25)
_TEMPERATURES = (2.0**-9, 0.03125, 0.25, 1.0, 2.0)
_SHARDS = "a shard: its own anchors against the keys of all devices, anchor k being key rank m + k, m anchors a device; "
_WHOLE = "whole numbers that come in the dtype"


def _is_whole(*names: str) -> Facts:
    def refuses(inputs: Inputs) -> Iterator[str]:
        for name in names:
            if np.any(np.asarray(inputs[name]) != np.floor(inputs[name])):
                yield f"{name} {np.asarray(inputs[name]).tolist()}; expected {_WHOLE}"

    return Facts(refuses=refuses)


def _sharded(own: str, every: str, per_example: int = 1) -> Facts:
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


def _even(*names: str) -> Facts:
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


_SUPERVISED = Facts(
    flags={"label-alone": _alone},
    properties={"where some label occurs once": _alone},
    refuses=_labelled,
)


# --- logits, for flags and hints ----------------------------------------------------------------------------------------------


def _unit(z: Float) -> Float:
    return np.asarray(z / np.linalg.norm(z, axis=1, keepdims=True))


def _rows_of(
    rows: Callable[[Inputs], tuple[Sequence[str], Rows]],
) -> dict[str, Callable[[Inputs], Any]]:
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


def _clip_rows(inputs: Inputs) -> tuple[Sequence[str], Rows]:
    m = len(inputs["image"])
    if "rank" not in inputs:
        return ("image", "text"), textbook.ClipSteps().clip_rows(m, m, 0, (0, m))
    n, first = len(inputs["all_image"]), int(inputs["rank"]) * m
    rows = textbook.ClipSteps().clip_rows(m, n, first, (2 * m, 2 * m + n))
    return ("image", "text", "all_image", "all_text"), rows


def _view_rows(inputs: Inputs) -> tuple[Sequence[str], Rows]:
    m = len(inputs["views"]) // 2
    if "rank" not in inputs:
        return ("views",), textbook.NTXentSteps().view_rows(m, m, 0, 0)
    n, first = len(inputs["all_views"]) // 2, int(inputs["rank"]) * m
    return ("views", "all_views"), textbook.NTXentSteps().view_rows(m, n, first, 2 * m)


def _label_rows(inputs: Inputs) -> tuple[Sequence[str], Rows]:
    labels = inputs["labels"]
    if "rank" not in inputs:
        return ("embeddings",), scales.label_rows(labels, labels, 0, 0)[0]
    m, first = len(labels), int(inputs["rank"]) * len(labels)
    return ("embeddings", "all_embeddings"), scales.label_rows(
        labels, inputs["all_labels"], first, m
    )[0]


def _pairs(inputs: Inputs) -> Float:
    """z s of every image and text."""
    keys = inputs["all_text"] if "rank" in inputs else inputs["text"]
    s = np.exp(inputs["log_scale"]) * _unit(inputs["image"]) @ _unit(keys).T + inputs["bias"]
    m, first = len(s), int(inputs.get("rank", 0.0)) * len(s)
    return textbook.SiglipSteps().signs(m, len(keys), first, np.float64) * s


_SIGMOIDS: dict[str, Any] = {
    "log_sigmoids": lambda inputs: (_pairs(inputs).ravel(),),
    "exponents": lambda inputs: _pairs(inputs).ravel(),
}


# --- draws for a search -------------------------------------------------------------------------------------------------------


def _draws(kind: str) -> Any:
    """Vectors of several lengths; a device's are cut out of all."""

    def draws(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
        m, d = sizes["n_data"], sizes["n_dim"]
        m = 2 * m if kind.startswith("nt_xent") else max(m, 2)
        shard = kind.endswith("_shard")
        n_shards = int(rng.integers(1, 4)) if shard else 1
        rank, n = int(rng.integers(n_shards)), n_shards * m
        found: dict[str, Any] = {"rank": float(rank)} if shard else {}
        names = {"cl": ("image", "text"), "si": ("image", "text"), "nt": ("views",)}
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


# --- the objectives -----------------------------------------------------------------------------------------------------------


def _objective(
    name: str,
    arguments: dict[str, Shape],
    by: tuple[str, ...],
    formula: str,
    source: str,
    right: Any,
    *own: Facts,
    **more: Any,
) -> Objective:
    vectors = tuple(argument for argument, shape in arguments.items() if len(shape) == 2)
    outputs: tuple[Output, ...] = (VALUE, *(gradient(one, arguments[one]) for one in by))
    return Objective(
        name,
        arguments,
        outputs,
        formula,
        source,
        is_mean=True,
        sense="minimise",
        exact=getattr(exact, name),
        method=_METHOD,
        scales=getattr(scales, name),
        right=right,
        answer=getattr(textbook, name),
        facts=(directed(*vectors), *own),
        draws=_draws(name),
        dimensions=_DIMENSIONS,
        **more,
    )


_CLIP = "L = [mean_i -ln softmax_j(s_ij)_i + mean_j -ln softmax_i(s_ij)_j]/2, s = e^log_scale u . v, u = image/|image|, v = text/|text|; "
_CLIP_SOURCE = "Radford et al., ICML 2021, figure 3"
_SIGLIP = (
    "L = -(1/n_data) sum_ij ln sigma(z_ij s_ij), s = e^log_scale u . v + bias, u = image/|image|, v = text/|text|, "
    "z = 1 for an image and its own text, else -1; "
)
_SIGLIP_SOURCE = "Zhai et al., ICCV 2023, algorithm 1"
_NT_XENT = (
    "L = mean_a [ln sum_{k != a} e^{s_ak} - s_{a, a'}], s = u . u'/temperature, u = views/|views|, a' the other view of a's example: "
    "rows i and n_data/2 + i are a pair; "
)
_NT_XENT_SOURCE = "Chen et al., ICML 2020, eq. 1; Sohn, NIPS 2016"
_SUP_CON = (
    "L = mean_i (1/|P_i|) sum_{p in P_i} [ln sum_{a != i} e^{s_ia} - s_ip], s = u . u'/temperature, u = z/|z|, P_i the others of i's label; "
    f"the mean is over the anchors that have one; labels are {_WHOLE}; "
)
_SUP_CON_SOURCE = "Khosla et al., NeurIPS 2020, eq. 2 (L_out), without the factor t/t_base"
_IN_SHARDS = (
    "means are over the device's own anchors, gradients by them and by all keys apart; a loss"
)


def _anchors(inputs: Inputs) -> tuple[float, float]:
    """How many anchors have a positive: the terms of SupCon's mean."""
    _, rows = _label_rows(inputs)
    return float(len(np.unique(rows.anchors))), 0.0


CLIP = _objective(
    "clip",
    {"image": VECTORS, "text": VECTORS, "log_scale": ()},
    ("image", "text", "log_scale"),
    f"{_CLIP}a loss",
    _CLIP_SOURCE,
    textbook.ClipSteps(),
    at_least_two("image", "pairs"),
    **_rows_of(_clip_rows),
)
SIGLIP = _objective(
    "siglip",
    {"image": VECTORS, "text": VECTORS, "log_scale": (), "bias": ()},
    ("image", "text", "log_scale", "bias"),
    f"{_SIGLIP}a loss",
    _SIGLIP_SOURCE,
    textbook.SiglipSteps(),
    at_least_two("image", "pairs"),
    **_SIGMOIDS,
)
NT_XENT = _objective(
    "nt_xent",
    {"views": VECTORS, "temperature": ()},
    ("views", "temperature"),
    f"{_NT_XENT}a loss",
    _NT_XENT_SOURCE,
    textbook.NTXentSteps(),
    TEMPERED,
    _even("views"),
    **_rows_of(_view_rows),
)
SUP_CON = _objective(
    "sup_con",
    {"embeddings": VECTORS, "labels": _LABELS, "temperature": ()},
    ("embeddings", "temperature"),
    f"{_SUP_CON}a loss",
    _SUP_CON_SOURCE,
    textbook.SupConSteps(),
    TEMPERED,
    _is_whole("labels"),
    _SUPERVISED,
    counts=_anchors,
    **_rows_of(_label_rows),
)
CLIP_SHARD = _objective(
    "clip_shard",
    {
        "image": VECTORS,
        "text": VECTORS,
        "all_image": _KEYS,
        "all_text": _KEYS,
        "rank": (),
        "log_scale": (),
    },
    ("image", "text", "all_image", "all_text", "log_scale"),
    f"{_CLIP}{_SHARDS}{_IN_SHARDS}",
    _CLIP_SOURCE,
    textbook.ClipShardSteps(),
    at_least_two("all_image", "pairs"),
    _sharded("image", "all_image"),
    _sharded("text", "all_text"),
    **_rows_of(_clip_rows),
)
SIGLIP_SHARD = _objective(
    "siglip_shard",
    {"image": VECTORS, "all_text": _KEYS, "rank": (), "log_scale": (), "bias": ()},
    ("image", "all_text", "log_scale", "bias"),
    f"{_SIGLIP}{_SHARDS}n_data images of the device, all texts; a loss",
    _SIGLIP_SOURCE,
    textbook.SiglipShardSteps(),
    at_least_two("all_text", "pairs"),
    Facts(
        flags={"later-rank": lambda inputs: inputs["rank"] > 0.0},
        properties={"where rank > 0": lambda inputs: inputs["rank"] > 0.0},
        refuses=lambda inputs: _no_rank(len(inputs["image"]), len(inputs["all_text"]), inputs),
    ),
    **_SIGMOIDS,
)
NT_XENT_SHARD = _objective(
    "nt_xent_shard",
    {"views": VECTORS, "all_views": _KEYS, "rank": (), "temperature": ()},
    ("views", "all_views", "temperature"),
    f"{_NT_XENT}all_views are stacked as well, all first views, then all second ones; {_SHARDS}{_IN_SHARDS}",
    _NT_XENT_SOURCE,
    textbook.NTXentShardSteps(),
    TEMPERED,
    _even("views", "all_views"),
    _sharded("views", "all_views", 2),
    **_rows_of(_view_rows),
)
SUP_CON_SHARD = _objective(
    "sup_con_shard",
    {
        "embeddings": VECTORS,
        "labels": _LABELS,
        "all_embeddings": _KEYS,
        "all_labels": ("n_keys",),
        "rank": (),
        "temperature": (),
    },
    ("embeddings", "all_embeddings", "temperature"),
    f"{_SUP_CON}{_SHARDS}{_IN_SHARDS}",
    _SUP_CON_SOURCE,
    textbook.SupConShardSteps(),
    TEMPERED,
    _is_whole("labels", "all_labels"),
    _sharded("embeddings", "all_embeddings"),
    _SUPERVISED,
    counts=_anchors,
    **_rows_of(_label_rows),
)


def _no_rank(m: int, n: int, inputs: Inputs) -> Iterator[str]:
    rank = inputs["rank"]
    if rank != int(rank) or not 0 <= rank * m <= n - m or n % m:
        yield f"rank {rank!r}; expected a whole number from 0 to {n}/{m} - 1"


FAMILY = Family(
    "views",
    (CLIP, SIGLIP, NT_XENT, SUP_CON, CLIP_SHARD, SIGLIP_SHARD, NT_XENT_SHARD, SUP_CON_SHARD),
    relatives=relatives.RELATIVES,
    mistakes=(
        ("CLIP, and scales that are learnt by their logarithm", mistakes_clip.MISTAKES),
        ("SigLIP", mistakes_siglip.MISTAKES),
        ("NT-Xent and SupCon", mistakes_views.MISTAKES),
        ("Several devices", mistakes_shards.MISTAKES),
        ("Gradients of contrast between views written by hand", mistakes_gradients.MISTAKES),
    ),
)
