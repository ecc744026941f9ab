"""Contrast between views: CLIP, SigLIP, NT-Xent and SupCon, and their shards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Facts, Family, Inputs, Objective, Output, Outputs, Shape
from nce_ref.oracle.families.choices import Choice, other_mean, parameter, reordered
from nce_ref.oracle.families.ranking.embeddings import (
    EXACT,
    TEMPERED,
    VALUE,
    VECTORS,
    at_least_two,
    directed,
    gradient,
    of_temperature,
    other_parameter,
)
from nce_ref.oracle.families.views import (
    exact,
    facts,
    mistakes_clip,
    mistakes_gradients,
    mistakes_shards,
    mistakes_siglip,
    mistakes_tallies,
    mistakes_views,
    relatives,
    scales,
    textbook,
)

_METHOD = f"nce_ref/oracle/families/views/exact.py: {EXACT}"
_KEYS: Shape = ("n_keys", "n_dim")
_LABELS: Shape = ("n_data",)
_DIMENSIONS = {"n_keys": "keys of all devices"}
_SHARDS = (
    "a shard: its own anchors against the keys of all devices, anchor k being key rank m + k, m"
    " anchors a device; "
)


# --- the objectives -------------------------------------------------------------------------------


class _Scaled(textbook.LogScaleSteps):
    """Another parameter in the log-scale's place: (the scale, its slope) of it."""

    def __init__(self, scale: Callable[[float], tuple[float, float]]) -> None:
        self.scale_of = scale

    def exponential(self, log_scale: float) -> tuple[float, float]:
        """What the cosines are multiplied by, and its slope."""
        return self.scale_of(log_scale)


def _divided(t: float) -> tuple[float, float]:
    return (1.0 / t, -1.0 / t**2) if t else (math.inf, math.nan)


def _of_log_scale(answer: Callable[..., Outputs], right: Any) -> tuple[Choice, ...]:
    """The scale itself, or a temperature, in the log-scale's place."""
    return (
        parameter(
            "scale",
            "log_scale",
            "the argument log_scale is the scale itself, which multiplies the cosines",
            math.exp,
            math.log,
            lambda l: math.exp(-l),
            other_parameter(answer, right, _Scaled(lambda scale: (scale, 1.0))),
        ),
        parameter(
            "temperature",
            "log_scale",
            "the argument log_scale is a temperature, by which the cosines are divided",
            lambda l: math.exp(-l),
            lambda t: -math.log(t),
            lambda l: -math.exp(l),
            other_parameter(answer, right, _Scaled(_divided)),
        ),
    )


def _interleaved(n: int) -> Any:
    """Rows 2i and 2i + 1 for i and n/2 + i."""
    return np.arange(n).reshape(2, n // 2).T.ravel()


_ORDER = "views are interleaved: rows 2i and 2i + 1 are a pair"
_MEANS: dict[str, tuple[Choice, ...]] = {
    "cl": (
        other_mean("directions_summed", "the two directions are added, not halved", lambda i: 2.0),
    ),
    "si": (
        other_mean(
            "mean_of_pairs",
            "the sum is divided by the number of pairs of an image and a text",
            lambda i: 1.0 / len(i["all_texts"] if "rank" in i else i["texts"]),
        ),
    ),
    "nt": (
        other_mean(
            "mean_of_examples",
            "the sum over the views is divided by the number of examples",
            lambda i: 2.0,
        ),
    ),
    "su": (),
}
_ORDERS: dict[str, tuple[Choice, ...]] = {
    "nt_xent": (reordered("interleaved", _ORDER, _interleaved, "views"),),
    "nt_xent_shard": (reordered("interleaved", _ORDER, _interleaved, "views", "all_views"),),
}


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
    answer = getattr(textbook, name)
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
        answer=answer,
        facts=(directed(*vectors), *own),
        draws=facts.draws(name),
        choices=(
            *(_of_log_scale if "log_scale" in arguments else of_temperature)(answer, right),
            *_MEANS[name[:2]],
            *_ORDERS.get(name, ()),
        ),
        dimensions=_DIMENSIONS,
        **more,
    )


_CLIP = (
    "L = [mean_i -ln softmax_j(s_ij)_i + mean_j -ln softmax_i(s_ij)_j]/2, s = e^log_scale u . v, u"
    " = images/|images|, v = texts/|texts|; "
)
_CLIP_SOURCE = "Radford et al., ICML 2021, figure 3"
_SIGLIP = (
    "L = -(1/n_data) sum_ij ln sigma(z_ij s_ij), s = e^log_scale u . v + bias, u = images/|images|, v = texts/|texts|, "
    "z = 1 for an image and its own text, else -1; "
)
_SIGLIP_SOURCE = "Zhai et al., ICCV 2023, algorithm 1"
_NT_XENT = (
    "L = mean_a [ln sum_{k != a} e^{s_ak} - s_{a, a'}], s = u . u'/temperature, u = views/|views|,"
    " a' the other view of a's example: rows i and n_data/2 + i are a pair; "
)
_NT_XENT_SOURCE = "Chen et al., ICML 2020, eq. 1; Sohn, NIPS 2016"
_SUP_CON = (
    "L = mean_i (1/|P_i|) sum_{p in P_i} [ln sum_{a != i} e^{s_ia} - s_ip], s = u ."
    " u'/temperature, u = z/|z|, P_i the others of i's label; the mean is over the anchors that"
    f" have one; labels are {facts.WHOLE}; "
)
_SUP_CON_SOURCE = "Khosla et al., NeurIPS 2020, eq. 2 (L_out), without the factor t/t_base"
_IN_SHARDS = (
    "means are over the device's own anchors, gradients by them and by all keys apart; a loss"
)


def _anchors(inputs: Inputs) -> tuple[float, float]:
    """How many anchors have a positive: the terms of SupCon's mean."""
    _, rows = facts.label_rows(inputs)
    return float(len(np.unique(rows.anchors))), 0.0


CLIP = _objective(
    "clip",
    {"images": VECTORS, "texts": VECTORS, "log_scale": ()},
    ("images", "texts", "log_scale"),
    f"{_CLIP}a loss",
    _CLIP_SOURCE,
    textbook.ClipSteps(),
    at_least_two("images", "pairs"),
    **facts.rows_of(facts.clip_rows),
)
SIGLIP = _objective(
    "siglip",
    {"images": VECTORS, "texts": VECTORS, "log_scale": (), "bias": ()},
    ("images", "texts", "log_scale", "bias"),
    f"{_SIGLIP}a loss",
    _SIGLIP_SOURCE,
    textbook.SiglipSteps(),
    at_least_two("images", "pairs"),
    **facts.SIGMOIDS,
)
NT_XENT = _objective(
    "nt_xent",
    {"views": VECTORS, "temperature": ()},
    ("views", "temperature"),
    f"{_NT_XENT}a loss",
    _NT_XENT_SOURCE,
    textbook.NTXentSteps(),
    TEMPERED,
    facts.even("views"),
    **facts.rows_of(facts.view_rows),
)
SUP_CON = _objective(
    "sup_con",
    {"embeddings": VECTORS, "labels": _LABELS, "temperature": ()},
    ("embeddings", "temperature"),
    f"{_SUP_CON}a loss",
    _SUP_CON_SOURCE,
    textbook.SupConSteps(),
    TEMPERED,
    facts.is_whole("labels"),
    facts.SUPERVISED,
    counts=_anchors,
    **facts.rows_of(facts.label_rows),
)
CLIP_SHARD = _objective(
    "clip_shard",
    {
        "images": VECTORS,
        "texts": VECTORS,
        "all_images": _KEYS,
        "all_texts": _KEYS,
        "rank": (),
        "log_scale": (),
    },
    ("images", "texts", "all_images", "all_texts", "log_scale"),
    f"{_CLIP}{_SHARDS}{_IN_SHARDS}",
    _CLIP_SOURCE,
    textbook.ClipShardSteps(),
    at_least_two("all_images", "pairs"),
    facts.sharded("images", "all_images"),
    facts.sharded("texts", "all_texts"),
    **facts.rows_of(facts.clip_rows),
)
SIGLIP_SHARD = _objective(
    "siglip_shard",
    {"images": VECTORS, "all_texts": _KEYS, "rank": (), "log_scale": (), "bias": ()},
    ("images", "all_texts", "log_scale", "bias"),
    f"{_SIGLIP}{_SHARDS}n_data images of the device, all texts; a loss",
    _SIGLIP_SOURCE,
    textbook.SiglipShardSteps(),
    at_least_two("all_texts", "pairs"),
    Facts(
        flags={"later-rank": lambda inputs: inputs["rank"] > 0.0},
        properties={"where rank > 0": lambda inputs: inputs["rank"] > 0.0},
        refuses=lambda inputs: facts.no_rank(
            len(inputs["images"]), len(inputs["all_texts"]), inputs
        ),
    ),
    **facts.SIGMOIDS,
)
NT_XENT_SHARD = _objective(
    "nt_xent_shard",
    {"views": VECTORS, "all_views": _KEYS, "rank": (), "temperature": ()},
    ("views", "all_views", "temperature"),
    f"{_NT_XENT}all_views are stacked as well, all first views, then all second ones; {_SHARDS}{_IN_SHARDS}",
    _NT_XENT_SOURCE,
    textbook.NTXentShardSteps(),
    TEMPERED,
    facts.even("views", "all_views"),
    facts.sharded("views", "all_views", 2),
    **facts.rows_of(facts.view_rows),
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
    facts.is_whole("labels", "all_labels"),
    facts.sharded("embeddings", "all_embeddings"),
    facts.SUPERVISED,
    counts=_anchors,
    **facts.rows_of(facts.label_rows),
)


FAMILY = Family(
    "views",
    (CLIP, SIGLIP, NT_XENT, SUP_CON, CLIP_SHARD, SIGLIP_SHARD, NT_XENT_SHARD, SUP_CON_SHARD),
    relatives=relatives.RELATIVES,
    mistakes=(
        ("CLIP, and scales that are learnt by their logarithm", mistakes_clip.MISTAKES),
        ("SigLIP", mistakes_siglip.MISTAKES),
        ("NT-Xent and SupCon", mistakes_views.MISTAKES),
        ("Batches that count for nothing", mistakes_tallies.MISTAKES),
        ("Several devices", mistakes_shards.MISTAKES),
        ("Gradients of contrast between views written by hand", mistakes_gradients.MISTAKES),
    ),
)
