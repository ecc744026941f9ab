"""Runs of the rivals that never happened: log-normal errors about the published medians or the limit law, times about
given ratios."""

from __future__ import annotations

import numpy as np
from scipy import stats

from paper_replication.rivals.evidence import ROOT, gather
from paper_replication.rivals.experiments.race import LEVELS, METHODS
from paper_replication.rivals.limits import QUANTILES, Limits
from paper_replication.rivals.plan import ORTHOGONAL_SIZE
from paper_replication.rivals.published import (
    CURVES,
    NUS,
    SIZES,
    curve,
    figure1a,
    nu_name,
    nu_sweep,
)
from paper_replication.seeds import generator_for

PARTS = ("curves", "nu", "others")
SPREAD = {"B": 0.35, "c": 0.45}  # standard deviation of log10 of the errors
PACE = {"mle": 1.0, "nce": 3.0, "nce_newton": 2.5, "is": 4.0, "sm": 20.0, "cd": 15.0}
Z = stats.norm.ppf(QUANTILES)
# Limits at which the published medians of T = 16000 are exact, with the made-up spread.
LIMITS = Limits(
    {
        (nu, p, q): 16000
        * 10 ** (curve(nu_sweep(), nu_name(nu), p)[16000] - 0.3 * (nu == 0.01) + SPREAD[p] * z)
        for nu in NUS
        for p in ("B", "c")
        for q, z in zip(QUANTILES, Z)
    }
)


def rows(
    count=500,
    *,
    shift=None,
    slope=None,
    cd_variance=None,
    doubled=0.002,
    scale=1.064,
    cd_pace=15.0,
    parts=("curves", "nu", "others"),
):
    """Return (rows, times). Levers: ``shift`` {(curve, parameter): log10}, ``slope`` {(method, parameter): extra power
    of T}, ``cd_variance``: variance of CD's squared error over NCE's (an eighth of its errors made large), ``doubled``:
    log10 by which twice the steps move CD, ``scale``: score matching's, ``cd_pace``: CD's time over MLE's. ``parts``:
    which rows."""
    shift, slope = shift or {}, slope or {}
    made, times = [], []

    def put(experiment, params, repetition, result):
        made.append(
            {
                "experiment": ROOT + experiment,
                "version": 1,
                "params": params,
                "repetition": repetition,
                "result": result,
            }
        )

    def clock(result):
        times.append(
            {
                **{name: value for name, value in made[-1].items() if name != "result"},
                "result": {"seconds.cpu": 1.0, **result},
            }
        )

    for size in SIZES if "curves" in parts else ():
        rng = generator_for("rivals rows", size)
        for repetition in range(count):
            result = {"norm_B": 6.0, "is.effective_share": 0.6, "is.heavy_tail": 0.0}
            for method, parameter in CURVES:
                middle = curve(figure1a(), method, parameter)[size] + shift.get(
                    (method, parameter), 0.0
                )
                middle += slope.get((method, parameter), 0.0) * np.log10(size / 16000)
                result[f"{method}.error_{parameter}"] = float(
                    10 ** (middle + SPREAD[parameter] * rng.standard_normal())
                )
            if cd_variance is not None and repetition % 8 == 0:
                nce = _variance_of_nce(10 ** curve(figure1a(), "nce", "B")[size])
                result["cd.error_B"] = float(
                    np.sqrt(cd_variance * nce / (0.125 * 0.875))
                    * (1.0 + 0.05 * rng.standard_normal())
                )
            result["cd_doubled.error_B"] = float(
                result["cd.error_B"] * 10 ** (doubled * (1.0 + 0.1 * rng.standard_normal()))
            )
            for method in ("mle", "nce", "is", "sm", "cd", "cd_doubled"):
                result[f"{method}.converged"] = 1.0
            result |= {"cd.n_steps": 200.0, "cd.acceptance": 0.9}
            put("curves", {"n_data": size}, repetition, result)
            clock({})
    for nu in NUS if "nu" in parts else ():
        for size in SIZES:
            rng = generator_for("rivals rows", nu_name(nu), size)
            for repetition in range(count):
                result = {"norm_B": 6.0}
                for parameter in ("B", "c"):
                    middle = curve(nu_sweep(), nu_name(nu), parameter)[size] + shift.get(
                        (nu_name(nu), parameter), 0.0
                    )
                    result[f"error_{parameter}"] = float(
                        10 ** (middle + SPREAD[parameter] * rng.standard_normal())
                    )
                put("nu_sweep", {"n_data": size, "nu": nu}, repetition, result)
                clock({})
    rng = generator_for("rivals rows", "others")
    for repetition in range(max(2, count // 5)) if "others" in parts else ():
        put(
            "orthogonal",
            {"n_data": ORTHOGONAL_SIZE},
            repetition,
            {"scale": scale + 0.004 * float(rng.standard_normal()), "norm_B": 4.0},
        )
        clock({})
        result, seconds = {"norm_B": 6.0}, {}
        for method in METHODS:
            pace = (cd_pace if method == "cd" else PACE[method]) * float(
                np.exp(0.3 * rng.standard_normal())
            )
            for size in (250, 16000):
                for k in range(4):
                    result[f"{method}.{size}.{k:02d}.error"] = 0.9 * 10.0 ** (
                        -k * (1.0 if size > 250 else 0.5)
                    )
                    seconds[f"seconds.{method}.{size}.{k:02d}"] = 0.001 * k * pace * size / 250
            for level in LEVELS:
                seconds[f"seconds.reach.{method}.{level}"] = 0.01 * pace / float(level)
        put("race", {"sizes": [250, 16000]}, repetition, result)
        clock(seconds)
    return made, times


def evidence(count=500, **levers):
    """The same as evidence."""
    return gather(*rows(count, **levers), LIMITS)


def _variance_of_nce(median):
    s = SPREAD["B"] * np.log(10.0)
    return median**2 * np.exp(s * s) * (np.exp(s * s) - 1.0)
