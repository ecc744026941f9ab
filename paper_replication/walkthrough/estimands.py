"""What the walkthrough's claims measure: means of paired sums of columns, ratios of means, and means over overlapping
splits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .. import statistics as st
from ..estimates import Estimate
from .evidence import WalkthroughEvidence
from .problem import Float
from .references import optimal_loss, reused_noise_flattery
from .tables import TEST_SHARE

Terms = Sequence[tuple[str, float]]


def combine(evidence: WalkthroughEvidence, experiment: str, terms: Terms) -> Float:
    """Return sum of factor * column, run by run."""
    return np.sum([factor * evidence.column(experiment, name) for name, factor in terms], axis=0)


def mean_of(evidence: WalkthroughEvidence, *, experiment: str, terms: Terms) -> Estimate | None:
    """Mean over runs of a sum of columns, paired by run."""
    sample = combine(evidence, experiment, terms)
    if sample.size < 2:
        return None
    shown = (
        "; ".join(f"{name} {evidence.mean(experiment, name):.4g}" for name, _ in terms)
        if len(terms) > 1
        else ""
    )
    return Estimate(
        float(sample.mean()), st.mean_error(sample), sample.size, sample.size - 1, note=shown
    )


def way_made(
    evidence: WalkthroughEvidence, *, experiment: str, chance: str, loss: str, optimum: str
) -> Estimate | None:
    """Mean share of the way from the loss of chance to the optimum, per run."""
    top, reached, bottom = (evidence.column(experiment, name) for name in (chance, loss, optimum))
    if reached.size < 2:
        return None
    share = (top - reached) / (top - bottom)
    return Estimate(float(share.mean()), st.mean_error(share), share.size, share.size - 1)


def log10_ratio(
    evidence: WalkthroughEvidence,
    *,
    experiment: str,
    columns: Sequence[str],
    theory: Sequence[str] = (),
) -> Estimate | None:
    """Mean of log10(first/second), paired; less the same of two columns of the theory where given.

    Of logarithms, since a handful of fits with narrow noise are far out and would alone make a ratio of means.
    """
    first, second = (evidence.column(experiment, name) for name in columns)
    if first.size < 2:
        return None
    logs = np.log10(first / second)
    note = f"ratio {10.0 ** logs.mean():.2f}"
    if theory:
        limits = np.log10(
            evidence.column(experiment, theory[0]) / evidence.column(experiment, theory[1])
        )
        note += f", theory {10.0 ** limits.mean():.2f}"
        logs = logs - limits
    return Estimate(float(logs.mean()), st.mean_error(logs), logs.size, logs.size - 1, note=note)


def optimum_beside_quadrature(
    evidence: WalkthroughEvidence, *, experiment: str, column: str, nu: float
) -> Estimate | None:
    """Mean sampled loss of ln p_d less L* by quadrature."""
    sample = evidence.column(experiment, column)
    if sample.size < 2:
        return None
    note = f"sampled {sample.mean():.4f}, quadrature {optimal_loss(nu):.4f}"
    return Estimate(
        float(sample.mean()) - optimal_loss(nu),
        st.mean_error(sample),
        sample.size,
        sample.size - 1,
        note=note,
    )


def flattery_beside_theory(evidence: WalkthroughEvidence) -> Estimate | None:
    """n_data times the flattery of re-used noise, the ICA model, less its limit."""
    sample = evidence.column("ica_faults", "flattery")
    if sample.size < 2:
        return None
    limit = reused_noise_flattery(1.0)
    note = f"measured {sample.mean():.2f}, theory {limit:.2f}"
    return Estimate(
        float(sample.mean()) - limit, st.mean_error(sample), sample.size, sample.size - 1, note=note
    )


def mean_over_splits(evidence: WalkthroughEvidence, *, table: str, terms: Terms) -> Estimate | None:
    """Mean over random splits of one table, with an error that allows for their common rows.

    Variance (1/n + n_test/n_training) s^2 (Nadeau & Bengio, Machine Learning 52, 2003): s^2/n alone would go to 0 with
    more splits of the same rows.
    """
    sample = combine(evidence, f"real_data {table}", terms)
    if sample.size < 2:
        return None
    overlap = TEST_SHARE / (1.0 - TEST_SHARE)
    error = float(np.std(sample, ddof=1)) * math.sqrt(1.0 / sample.size + overlap)
    return Estimate(float(sample.mean()), error, sample.size, sample.size - 1)
