"""The study's claims, fixed before any full run, and before any run but six for times (T = 1000, 4000, 32000, other
random numbers).

While the full run was under way on a busy machine, and before anything of it was looked at, the matrices between the
smallest and the largest T, of which no claim on errors speaks, were made 40 instead of 120. After that run, in which
the matrices at T = 1000 gave intervals above 1 without the power asked for, those were made 400. The 120 at T = 32000
left a standard error of 0.040 in log10 of conditional over binary NCE, from which no verdict within 0.061 is to be had;
800 have 0.015 and a power of 0.9, and were made. No claim, target or margin was changed.

*Conventions.* Level 0.05 a family and power 0.8; the rule is that of ``paper_replication/claims.py``. Errors are over
their law, so that 1 is the limit.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from .. import statistics as st
from ..claims import EXPECTATION, THEOREM, Claim
from ..columns import Columns
from ..estimates import Estimate
from .laws import LAWS, METHODS, NOISES

SIZES = (1000, 2000, 4000, 8000, 16000, 32000)
LARGEST = SIZES[-1]
NAMES = {"nce": "binary NCE", "ranking": "ranking NCE", "conditional": "conditional NCE"}
LIMIT_MARGIN = 0.20
ORDER_MARGIN = math.log10(1.15)


def group(n_data: int, k: int) -> str:
    """The name of the runs with these parameters."""
    return f"errors k={k} n_data={n_data}"


def over_law(evidence: Columns, *, method: str, n_data: int, k: int) -> Estimate | None:
    """The mean of n_data |B-hat - B*|^2/|B*|^2 over its limit K; the law's own error widens the interval."""
    sample = evidence.column(group(n_data, k), f"{method}.error")
    if sample.size < 2:
        return None
    law, error = LAWS[method, k]
    value = float(sample.mean()) / law
    return Estimate(
        value,
        st.mean_error(sample) / law,
        sample.size,
        sample.size - 1,
        reading_error=value * error,
    )


def log_ratio(evidence: Columns, *, method: str, n_data: int, k: int) -> Estimate | None:
    """log10 of the mean error of a method over binary NCE's on the same data."""
    first, second = (evidence.column(group(n_data, k), f"{one}.error") for one in (method, "nce"))
    if first.size < 2:
        return None
    value, error = st.log10_mean_ratio(first, second)
    reading = LAWS[method, k][1] / math.log(10.0)
    return Estimate(value, error, first.size, first.size - 1, reading_error=reading)


def certified(evidence: Columns, *, k: int) -> Estimate | None:
    """The share of certified fits over all sizes and methods."""
    columns = [
        evidence.column(group(n, k), f"{method}.certified") for n in SIZES for method in METHODS
    ]
    shares = np.concatenate(columns)
    if not all(column.size for column in columns):
        return None
    return Estimate(float(shares.mean()), st.mean_error(shares), shares.size, shares.size - 1)


def all_claims() -> list[Claim]:
    """Return every claim, in the order of the report."""
    cases = [(method, k) for k in NOISES for method in METHODS]
    claims = [
        Claim(
            f"limit.{method}.{k}",
            "the limit",
            f"at T = {LARGEST} the mean squared error of {NAMES[method]} with {k} noise points a"
            " datum is its law's",
            "CONTRASTIVE.md" if method != "nce" else "THEORY.md, 4.5",
            partial(over_law, method=method, n_data=LARGEST, k=k),
            "equivalence",
            1.0,
            LIMIT_MARGIN,
            "kinks leave an excess of some 5 to 8 % at T = 32000 (20 % at 2000 for binary NCE,"
            " falling like T^(-1/2)), and three standard errors of 120 matrices are 13 %; a law"
            " that is wrong by the terms' common part, or a factor 2, is far outside",
            family_size=len(cases),
            owner=THEOREM,
        )
        for method, k in cases
    ]
    claims += [
        Claim(
            f"order.{method}.{k}",
            "against binary NCE",
            f"at T = {LARGEST} the error of {NAMES[method]} over binary NCE's on the same data is the laws' ratio, "
            f"{LAWS[method, k][0] / LAWS['nce', k][0]:.3g}, with {k} noise points a datum",
            "CONTRASTIVE.md",
            partial(log_ratio, method=method, n_data=LARGEST, k=k),
            "equivalence",
            math.log10(LAWS[method, k][0] / LAWS["nce", k][0]),
            ORDER_MARGIN,
            "15 %: what the excess of one may differ from that of the other, and two standard errors of the pairs",
            family_size=4,
            owner=THEOREM,
        )
        for method, k in cases
        if method != "nce"
    ]
    claims += [
        Claim(
            f"approach.{method}.{k}",
            "the approach",
            f"at T = 1000 the mean squared error of {NAMES[method]} with {k} noise points a datum exceeds its law",
            "THEORY.md, 4.7, for binary NCE; for the others an expectation",
            partial(over_law, method=method, n_data=SIZES[0], k=k),
            "greater",
            1.0,
            0.2,
            "binary NCE's excess at T = 1000, nu = 1 is some 30 %",
            family_size=len(cases),
            owner=EXPECTATION,
        )
        for method, k in cases
    ]
    claims += [
        Claim(
            f"certified.{k}",
            "certificates",
            f"all fits with {k} noise points a datum end in a certified maximum",
            "CONTRASTIVE.md, Certificates",
            partial(certified, k=k),
            "equivalence",
            1.0,
            0.01,
            "one in a hundred",
            family_size=2,
            owner=EXPECTATION,
        )
        for k in NOISES
    ]
    return claims
