"""Where ln(1 - sigma) breaks: along a ray of networks, f = k f_0 with k rising, the log-ratio of the point that breaks
the loss first.

*Columns.* ``float64``, ``float32``: that log-ratio. ``stable_error``: the relative error of ``log_sigmoid`` on the
points of the broken loss against -t, which is right to 1e-15 beyond t = 36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nce_ref import GaussianNoise
from nce_ref.special import log_sigmoid

from ...mixing import random_mixing
from ..naive import breaking_log_ratio
from ..problem import MODEL, N_DATA, N_SOURCES, truth_of
from ..training import network

EXPERIMENT_VERSION = 2


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the numbers of one repetition: an untrained network on its own noise sample."""
    x = MODEL.sample(truth_of(random_mixing(N_SOURCES, rng)), N_DATA, rng)
    noise = GaussianNoise.from_data(x)
    y, model = noise.sample(N_DATA, rng), network(noise)
    log_ratio = model.log_density(model.random_start(rng), y) - noise.log_density(y)
    result = {dtype: breaking_log_ratio(log_ratio, dtype) for dtype in ("float64", "float32")}
    t = log_ratio[log_ratio > 0.0] * (result["float64"] / float(log_ratio.max()))
    beyond = t[t > 36.0]
    return result | {"stable_error": float(np.max(np.abs(log_sigmoid(-beyond) / -beyond - 1.0)))}


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    return 0.02
