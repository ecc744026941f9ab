"""The NCE objective near theta as a sum over points, with bounds on its rounding: what its certificate is made of.

Conventions
-----------
slopes   (n_points,)   n_data dJ/dG of one point each: 1 - h on the data, -h on the noise, before counts
counts   (n_points,)   how often each point was seen, or None: once
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float
from nce_ref.models.base import AffinePass
from nce_ref.objectives.base import LocalKinks
from nce_ref.objectives.coarse_terms import CoarseTerms, clearance_of_data, turned_ridges
from nce_ref.objectives.log_ratios import value_and_slopes
from nce_ref.objectives.point_terms import (
    PointTerms,
    accurate_log_density,
    point_terms,
    relative_change,
)

_UNIT = 2.0**-53


@dataclass(frozen=True)
class Sample:
    """What the terms need of an objective: ln p_n of all points, which come with so many of the data first, and the
    sizes they count for."""

    log_noise: Float
    of_data: int
    n_data: int
    nu: float
    counts: Float | None

    def weighed(self, values: Float) -> Float:
        """Each value times its point's count."""
        return values if self.counts is None else values * self.counts

    @property
    def own_rounding(self) -> float:
        """Of h and 1 - h, 8 ulp, and of the product with a count."""
        return (16.0 if self.counts is None else 18.0) * _UNIT


def bends(slopes: Float) -> Float:
    """n_data d^2J/dG^2 = -h(1 - h), from n_data dJ/dG, whose size is 1 - h on the data and h on the noise."""
    size = np.abs(slopes)
    return -size * (1.0 - size)


def nce_coarse_terms(
    sample: Sample,
    once: AffinePass,
    gradient: Float,
    slopes: Float,
    kinks: LocalKinks,
) -> CoarseTerms:
    """The worst of the relative errors of ``nce_point_terms`` stands for all."""
    assert kinks.places is not None
    log_ratio = once.log_density - sample.log_noise
    most = max(float(log_ratio.max()), -float(log_ratio.min())) + abs(math.log(sample.nu))
    off = float(once.rounding().max()) + 2.0 * _UNIT * most
    bend = -sample.weighed(bends(slopes)) / sample.n_data
    return CoarseTerms(
        gradient,
        once.largest(),
        # The sum's own rounding is far below this hundredth.
        1.01 * float(np.abs(sample.weighed(slopes)).sum()) / sample.n_data,
        float(relative_change(np.array(off))) + sample.own_rounding,
        len(slopes),
        abs(once.kinks().slope),
        clearance_of_data(once, kinks.places, sample.of_data),
        turned_ridges(once, len(gradient), kinks.places, lambda points: bend[points]),
    )


def nce_point_terms(
    sample: Sample, once: AffinePass, accurate: bool, theta: Float, slopes: Float, width: float
) -> PointTerms:
    """Each log-ratio t = G - ln nu is off by that of ln p_m and two roundings of its own; 1 - h moves by e^|that|, and
    8 ulp of its own.

    ln p_n is taken as the noise returned it.
    """
    if accurate:
        log_density, errors = accurate_log_density(once, theta)
        log_ratio = log_density - sample.log_noise
        slopes = value_and_slopes(log_ratio.copy(), sample.of_data, sample.n_data, sample.nu)[1]
    else:
        log_ratio, errors = once.log_density - sample.log_noise, once.rounding()
    off = errors + 2.0 * _UNIT * (np.abs(log_ratio) + abs(math.log(sample.nu)))
    relative = relative_change(off) + sample.own_rounding
    size = np.abs(slopes)
    # 1 - size has lost what lies below an ulp of 1.
    least = size * np.maximum(1.0 - size - 4.0 * _UNIT, 0.0) * np.maximum(1.0 - 2.0 * relative, 0.0)
    return point_terms(
        once,
        sample.weighed(slopes) / sample.n_data,
        relative,
        sample.weighed(least) / sample.n_data,
        sample.of_data,
        len(theta),
        width=width,
        accurate=accurate,
    )
