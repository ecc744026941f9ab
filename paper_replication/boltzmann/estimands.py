"""What the claims measure, each with its error; None without runs.

*Conventions.* Ratios as log10. Groups are named as ``columns.group_name`` has it. A fit that is not certified counts as it came: its
error with the others', its interval as one that does not hold the truth.
"""

from __future__ import annotations

import numpy as np

from .. import statistics as st
from ..columns import Columns
from ..estimates import Estimate


def machine(n_data: int, nu: float) -> str:
    """The group of one size and nu."""
    return f"machine n_data={n_data} nu={nu}"


def alike(nu: float) -> str:
    """The group of the exact statements at one nu."""
    return f"alike nu={nu}"


def over_theory(
    evidence: Columns, *, n_data: int, nu: float, error: str, predicted: str
) -> Estimate | None:
    """Mean squared error over the mean of its prediction, machines paired: the ratio's error by the delta method."""
    first, second = (evidence.column(machine(n_data, nu), name) for name in (error, predicted))
    if first.size < 2:
        return None
    ratio = float(first.mean() / second.mean())
    spread = st.mean_error(first - ratio * second) / float(second.mean())
    return Estimate(ratio, spread, first.size, first.size - 1)


def mean_of(evidence: Columns, *, n_data: int, nu: float, column: str) -> Estimate | None:
    """Mean of a column."""
    sample = evidence.column(machine(n_data, nu), column)
    if sample.size < 2:
        return None
    return Estimate(float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1)


def over_mle(evidence: Columns, *, n_data: int, nu: float) -> Estimate | None:
    """log10 of NCE's mean squared error over maximum likelihood's, less that of the predictions; machines paired."""
    group = machine(n_data, nu)
    nce, mle = evidence.column(group, "nce.error"), evidence.column(group, "mle.error")
    if nce.size < 2:
        return None
    value, error = st.log10_mean_ratio(nce, mle)
    theory = evidence.mean(group, "nce.predicted") / evidence.mean(group, "mle.predicted")
    return Estimate(
        value - float(np.log10(theory)),
        error,
        nce.size,
        nce.size - 1,
        note=f"ratio {10.0**value:.3f}, theory {theory:.3f}",
    )


def slope(evidence: Columns, *, sizes: tuple[int, ...], nu: float, column: str) -> Estimate | None:
    """Slope of log10 of a column's median on log10 n_data."""
    samples = [evidence.column(machine(size, nu), column) for size in sizes]
    if min(sample.size for sample in samples) < 2:
        return None
    middle = np.array([np.log10(np.median(sample)) for sample in samples])
    errors = np.array([st.median_error(np.log10(sample)) for sample in samples])
    value, error = st.slope(np.log10(np.array(sizes, dtype=float)), middle, errors)
    return Estimate(value, error, sum(s.size for s in samples), min(s.size for s in samples) - 1)


def largest(evidence: Columns, *, nu: float, column: str) -> Estimate | None:
    """log10 of the largest value of a column over the machines: without error, since nothing in it is random but the machine."""
    sample = evidence.column(alike(nu), column)
    if sample.size < 2:
        return None
    return Estimate(float(np.log10(max(sample.max(), 1e-300))), 0.0, sample.size)


def smallest(evidence: Columns, *, nu: float, column: str) -> Estimate | None:
    """The smallest value of a column over the machines."""
    sample = evidence.column(alike(nu), column)
    return None if sample.size < 2 else Estimate(float(sample.min()), 0.0, sample.size)


def mean_exact(evidence: Columns, *, nu: float, column: str) -> Estimate | None:
    """Mean of a column over the machines."""
    sample = evidence.column(alike(nu), column)
    if sample.size < 2:
        return None
    return Estimate(float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1)
