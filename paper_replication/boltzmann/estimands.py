"""What the claims measure, each with its error; None without runs.

*Conventions.* Groups are those of ``plan.py``. Every quantity is in units of its limit law, machine by machine, so
that no machine counts for more than another; where a few samples without a maximum could rule a mean, it is a median
or a share. A fit that is not certified counts as it came: its error with the others', its interval as one that does
not hold the truth.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats

from .. import statistics as st
from ..columns import Columns
from ..estimates import Estimate, proportion
from .experiments.fits import N_ALPHA
from .plan import fits_at, sums_at

MEDIAN_OF_LAW = float(stats.chi2.ppf(0.5, N_ALPHA)) / N_ALPHA
TAIL_OF_LAW = float(stats.chi2.ppf(0.95, N_ALPHA)) / N_ALPHA
# The mean of |z| of a standard normal number, and of log10 of chi-square over its degrees of freedom.
MEAN_OF_SIZE = math.sqrt(2.0 / math.pi)
LOG10_OF_LAW = float((special.digamma(N_ALPHA / 2) - math.log(N_ALPHA / 2)) / math.log(10.0))


def over_law(evidence: Columns, *, method: str, n_data: int, nu: float) -> Estimate | None:
    """Median over the machines of n_data e^T S^-1 e, over that of chi-square."""
    sample = evidence.column(fits_at(n_data, nu), f"{method}.law")
    if sample.size < 2:
        return None
    error = st.median_error(sample) / MEDIAN_OF_LAW
    return Estimate(
        float(np.median(sample)) / MEDIAN_OF_LAW,
        error,
        sample.size,
        sample.size - 1,
        note=f"mean {sample.mean():.3g}",
    )


def in_tail(evidence: Columns, *, n_data: int, nu: float) -> Estimate | None:
    """The share of machines whose error lies outside of the ellipsoid that holds 95 % of the limit law."""
    sample = evidence.column(fits_at(n_data, nu), "nce.law")
    return proportion(int((sample > TAIL_OF_LAW).sum()), sample.size) if sample.size > 1 else None


def over_mle(evidence: Columns, *, n_data: int, nu: float) -> Estimate | None:
    """Mean of log10 e^T F e of NCE over maximum likelihood's on the same data, less its mean in the limit law."""
    group = fits_at(n_data, nu)
    ours, theirs = (np.log10(evidence.column(group, name)) for name in ("nce.fisher", "mle.law"))
    if ours.size < 2:
        return None
    law = evidence.column(group, "nce.fisher_log10") - LOG10_OF_LAW
    sample = ours - theirs - law
    said = f"ratio {10 ** np.mean(ours - theirs):.3f}, law {10 ** law.mean():.3f}"
    return Estimate(
        float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1, note=said
    )


def mean_of(evidence: Columns, *, n_data: int, nu: float, column: str) -> Estimate | None:
    """Mean of a column."""
    sample = evidence.column(fits_at(n_data, nu), column)
    if sample.size < 2:
        return None
    return Estimate(float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1)


def size_of(evidence: Columns, *, n_data: int, nu: float, column: str) -> Estimate | None:
    """Mean of |z| over that of a standard normal number."""
    sample = np.abs(evidence.column(fits_at(n_data, nu), column)) / MEAN_OF_SIZE
    if sample.size < 2:
        return None
    return Estimate(float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1)


def largest(evidence: Columns, *, nu: float, column: str) -> Estimate | None:
    """log10 of the largest value of a column over the machines; nothing in it is random but the machine."""
    sample = evidence.column(sums_at(nu), column)
    if sample.size < 2:
        return None
    return Estimate(float(np.log10(max(sample.max(), 1e-300))), 0.0, sample.size)


def smallest(evidence: Columns, *, nu: float, column: str) -> Estimate | None:
    """The smallest value of a column over the machines."""
    sample = evidence.column(sums_at(nu), column)
    return None if sample.size < 2 else Estimate(float(sample.min()), 0.0, sample.size)


def cost(evidence: Columns, *, nu: float, first: str, second: str = "") -> Estimate | None:
    """Mean of the log10 cost of a weight, less that of another on the same machines."""
    sample = evidence.column(sums_at(nu), f"cost.{first}")
    if second:
        sample = sample - evidence.column(sums_at(nu), f"cost.{second}")
    if sample.size < 2:
        return None
    return Estimate(float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1)
