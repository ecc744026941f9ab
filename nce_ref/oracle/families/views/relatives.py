"""What is handed in in the place of CLIP, SigLIP, NT-Xent and SupCon: each other, and InfoNCE."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Inputs, Outputs, Relative
from nce_ref.oracle.families.ranking import textbook_embeddings
from nce_ref.oracle.families.views import textbook


def _run(answer: Any, steps: Any, *arguments: Any) -> Outputs:
    with np.errstate(all="ignore"):
        found: Outputs = answer(steps, *arguments)
        return found


def nt_xent_of_pairs(inputs: Inputs) -> Outputs:
    """NT-Xent of image and text as two views, temperature e^-l."""
    scale, n = math.exp(inputs["log_scale"]), len(inputs["images"])
    views = np.concatenate([inputs["images"], inputs["texts"]])
    found = _run(textbook.nt_xent, textbook.NTXentSteps(), views, 1.0 / scale)
    return {
        "value": found["value"],
        "grad_images": found["grad_views"][:n],
        "grad_texts": found["grad_views"][n:],
        "grad_log_scale": -found["grad_temperature"] / scale,
    }


def siglip_of_pairs(inputs: Inputs) -> Outputs:
    """SigLIP without a bias."""
    arguments = inputs["images"], inputs["texts"], inputs["log_scale"], 0.0
    found = _run(textbook.siglip, textbook.SiglipSteps(), *arguments)
    return {name: value for name, value in found.items() if name != "grad_bias"}


def clip_of_pairs(inputs: Inputs) -> Outputs:
    """CLIP, the bias unused: it cancels."""
    arguments = inputs["images"], inputs["texts"], inputs["log_scale"]
    found = _run(textbook.clip, textbook.ClipSteps(), *arguments)
    return {**found, "grad_bias": np.zeros((), dtype=inputs["images"].dtype)}


def clip_of_views(inputs: Inputs) -> Outputs:
    """CLIP between the first and the second views, scale 1/t."""
    n, t = len(inputs["views"]) // 2, inputs["temperature"]
    arguments = inputs["views"][:n], inputs["views"][n:], -math.log(t)
    found = _run(textbook.clip, textbook.ClipSteps(), *arguments)
    return {
        "value": found["value"],
        "grad_views": np.concatenate([found["grad_images"], found["grad_texts"]]),
        "grad_temperature": -found["grad_log_scale"] / t,
    }


def info_nce_of_views(inputs: Inputs) -> Outputs:
    """InfoNCE with in-batch negatives, the first views the anchors."""
    n = len(inputs["views"]) // 2
    arguments = inputs["views"][:n], inputs["views"][n:], inputs["temperature"]
    found = _run(
        textbook_embeddings.info_nce_in_batch, textbook_embeddings.BatchSteps(), *arguments
    )
    return {
        "value": found["value"],
        "grad_views": np.concatenate([found["grad_anchors"], found["grad_positives"]]),
        "grad_temperature": found["grad_temperature"],
    }


def clip_of_batch(inputs: Inputs) -> Outputs:
    """CLIP of anchors and positives, scale 1/t."""
    t = inputs["temperature"]
    arguments = inputs["anchors"], inputs["positives"], -math.log(t)
    found = _run(textbook.clip, textbook.ClipSteps(), *arguments)
    return {
        "value": found["value"],
        "grad_anchors": found["grad_images"],
        "grad_positives": found["grad_texts"],
        "grad_temperature": -found["grad_log_scale"] / t,
    }


def nt_xent_of_batch(inputs: Inputs) -> Outputs:
    """NT-Xent of anchors and positives as two views."""
    n = len(inputs["anchors"])
    views = np.concatenate([inputs["anchors"], inputs["positives"]])
    found = _run(textbook.nt_xent, textbook.NTXentSteps(), views, inputs["temperature"])
    return {
        "value": found["value"],
        "grad_anchors": found["grad_views"][:n],
        "grad_positives": found["grad_views"][n:],
        "grad_temperature": found["grad_temperature"],
    }


RELATIVES = (
    Relative(
        "clip",
        "nt-xent-of-pairs-given",
        "NT-Xent of images and texts as two views is returned: negatives of both sides",
        "nt_xent",
        nt_xent_of_pairs,
    ),
    Relative(
        "clip",
        "siglip-without-bias-given",
        "SigLIP without a bias is returned: a sigmoid of every pair",
        "siglip",
        siglip_of_pairs,
    ),
    Relative(
        "siglip",
        "clip-given",
        "CLIP is returned: softmaxes of rows and columns, the bias unused",
        "clip",
        clip_of_pairs,
    ),
    Relative(
        "nt_xent",
        "clip-of-views-given",
        "CLIP between the first and the second views is returned: negatives of the other view alone, both directions",
        "clip",
        clip_of_views,
    ),
    Relative(
        "nt_xent",
        "info-nce-of-views-given",
        "InfoNCE with in-batch negatives is returned: first views the anchors, second views the keys",
        "info_nce_in_batch",
        info_nce_of_views,
    ),
    Relative(
        "info_nce_in_batch",
        "clip-of-batch-given",
        "CLIP is returned: both directions, halved",
        "clip",
        clip_of_batch,
    ),
    Relative(
        "info_nce_in_batch",
        "nt-xent-of-batch-given",
        "NT-Xent is returned: anchors and positives as two views, 2n anchors against 2n - 1 others",
        "nt_xent",
        nt_xent_of_batch,
    ),
)
