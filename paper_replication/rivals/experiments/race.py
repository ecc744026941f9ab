r"""P10 Figure 1 (b): for one mixing matrix, the running error and the elapsed time of every method at every T.

*Conventions.* One random start, the same for all methods and sizes. "mle", "nce", "is", "sm" climb by L-BFGS (the paper
has nonlinear conjugate gradients for all), "nce_newton" is ``fit_nce`` with its certificate, "cd" contrastive
divergence, whose running estimate is the average over the second half of its steps. The clock of a method starts before
its noise is drawn. It counts the seconds of this thread on the processor: the elapsed time on an idle core, whatever
else the machine does.

Names: method.n_data.kk.error, the squared error of B over |B*|^2 after some step, at most ``KEPT`` steps a climb, the
first 0 being the start; seconds.method.n_data.kk, when; seconds.reach.method.level, when the first of its climbs (all
sizes begin at once) is at ``level`` or below, from all steps, and absent where none gets there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref import (
    GaussianNoise,
    ImportanceSamplingObjective,
    LikelihoodObjective,
    NCEObjective,
    ScoreMatchingObjective,
    Trace,
    fit_contrastive_divergence,
    fit_nce,
)
from nce_ref.optimize import maximize_lbfgs

from ...figure1.experiments.figure1 import MODEL
from ...figure1.theory import N_SOURCES
from ...mixing import random_mixing
from ...timing import timed

EXPERIMENT_VERSION = 4
METHODS = ("mle", "nce", "nce_newton", "is", "sm", "cd")
LEVELS = (
    "0.03",
    "0.01",
    "0.003",
)  # of the squared error of B over |B*|^2; names as they stand in the store
KEPT = 24
SLOPE = 10.0

Float = NDArray[np.float64]


@timed
def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return errors along the climbs at ``params["sizes"]`` and their times."""
    _warm_up()
    demixing = np.linalg.inv(random_mixing(N_SOURCES, rng))
    truth = MODEL.normalize(MODEL.pack(demixing, 0.0))
    start = MODEL.random_start(rng)
    norm = float(np.sum(demixing**2))
    result = {"norm_B": norm}
    reached: dict[str, float] = {}
    for n_data in params["sizes"]:
        x = MODEL.sample(truth, n_data, rng)
        for method in METHODS:
            trace = climb(method, x, start, rng)
            error = (
                relative_errors(np.vstack([start[:-1], trace.thetas[:, : N_SOURCES**2]]), demixing)
                / norm
            )
            seconds = np.append(0.0, trace.seconds)
            for level in LEVELS:
                below = np.flatnonzero(error <= float(level))
                if below.size:
                    name = f"seconds.reach.{method}.{level}"
                    reached[name] = min(float(seconds[below[0]]), reached.get(name, np.inf))
            for place, k in enumerate(thinned(len(error))):
                result[f"{method}.{n_data}.{place:02d}.error"] = float(f"{error[k]:.5g}")
                result[f"seconds.{method}.{n_data}.{place:02d}"] = float(f"{seconds[k]:.4g}")
    return result | reached


def climb(method: str, x: Float, start: Float, rng: np.random.Generator) -> Trace:
    """One method on one data set; the trace's clock starts before anything is made of the data."""
    trace = Trace(clock=time.thread_time)
    if method == "cd":
        fit_contrastive_divergence(MODEL, x, start=start, rng=rng, callback=trace)
        return trace
    if method in ("mle", "sm"):
        objective: Any = (
            LikelihoodObjective(MODEL, x)
            if method == "mle"
            else ScoreMatchingObjective(MODEL, x, SLOPE)
        )
        maximize_lbfgs(objective, start[:-1], callback=trace)
        return trace
    noise = GaussianNoise.from_data(x)
    y = noise.sample(len(x), rng)
    if method == "nce_newton":
        fit_nce(MODEL, noise, x, y, start=start, callback=trace)
    elif method == "nce":
        maximize_lbfgs(NCEObjective(MODEL, noise, x, y), start, callback=trace)
    else:
        maximize_lbfgs(ImportanceSamplingObjective(MODEL, noise, x, y), start[:-1], callback=trace)
    return trace


def relative_errors(rows: Float, demixing: Float) -> Float:
    """Squared errors of B for many estimates, (k, 16) -> (k,), after the best match over all signed permutations."""
    estimates = rows.reshape(len(rows), N_SOURCES, N_SOURCES)
    # |b*_i -+ b_j|^2 with the better sign: (k, i, j); then the best of the 24 orders, all tried.
    cross = np.einsum("in,kjn->kij", demixing, estimates)
    cost = (
        np.sum(demixing**2, axis=1)[None, :, None]
        + np.sum(estimates**2, axis=2)[:, None, :]
        - 2.0 * np.abs(cross)
    )
    orders = _orders()
    return np.maximum(cost[:, np.arange(N_SOURCES), orders].sum(axis=2).min(axis=1), 0.0)


def thinned(count: int) -> list[int]:
    """At most ``KEPT`` indices of 0, ..., count - 1, first and last among them, in about geometric steps."""
    if count <= KEPT:
        return list(range(count))
    wanted = np.rint(np.geomspace(1, count, KEPT)).astype(int) - 1
    return sorted({0, *(int(k) for k in wanted), count - 1})


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    return 0.3 + sum(0.1 + 1.2e-4 * n_data for n_data in params["sizes"])


@cache
def _orders() -> NDArray[np.intp]:
    from itertools import permutations

    return np.array(list(permutations(range(N_SOURCES))), dtype=np.intp)


@cache
def _warm_up() -> None:
    # The first fits of a process pay for page faults and lazy imports; the first method timed would look slow.
    rng = np.random.default_rng(0)
    x = MODEL.sample(MODEL.normalize(MODEL.pack(np.eye(N_SOURCES), 0.0)), 250, rng)
    make: Callable[[str], Trace] = lambda method: climb(method, x, MODEL.random_start(rng), rng)  # noqa: E731
    for method in METHODS:
        make(method)
