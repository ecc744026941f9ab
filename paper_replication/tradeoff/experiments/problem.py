r"""One mixing matrix of ten sources, one data set and one noise sample, fitted by NCE and its rivals from one start.

*Conventions.* x = A s, ten independent Laplace sources, n_data = 8000; A_ij ~ N(0, 1), redrawn until the condition
number is below 10. Gaussian noise of the data's mean and covariance, nu n_data points, drawn once in blocks and held
in float32: the noise points *are* those rounded numbers, and every sum over them is in float64. All climbs are L-BFGS
from the same start.

Names: ``<method>.error`` is |B-hat - B*|^2 after matching, ``<method>.relative`` is |B-hat A - I|^2,
``<method>.evaluations`` counts the objective's. Methods: "mle" and "nce" always; "is" (importance sampling on the same
noise) up to nu = 50; "sm" (score matching) at nu = 1, since it knows no noise; "newton", a certified climb from NCE's
end, up to nu = 2, where the memory it takes stays below 1 GiB. ``seconds.<method>`` is this thread's time on the
processor, drawing the noise included for "nce" and "is".
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref import (
    GaussianNoise,
    ImportanceSamplingObjective,
    LaplaceICA,
    LikelihoodObjective,
    NCEObjective,
    ScoreMatchingObjective,
    fit_nce,
    match_rows,
)
from nce_ref.optimize import maximize_lbfgs

from ...mixing import random_mixing

EXPERIMENT_VERSION = 1
N_SOURCES, N_DATA = 10, 8000
MODEL = LaplaceICA(n_sources=N_SOURCES)
SLOPE = 10.0  # of score matching's smoothed sign, as in P10
LARGEST_NU_OF_IS, LARGEST_NU_CERTIFIED = 50, 2
_BLOCK = 2**16

Float = NDArray[np.float64]


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return errors, counts and times of one problem at ``params["nu"]``."""
    nu, n_data = int(params["nu"]), int(params.get("n_data", N_DATA))
    mixing = random_mixing(N_SOURCES, rng)
    demixing = np.linalg.inv(mixing)
    x = MODEL.sample(MODEL.normalize(MODEL.pack(demixing, 0.0)), n_data, rng)
    start = MODEL.random_start(rng)
    result = {"norm_B": float(np.sum(demixing**2))}

    def keep(name: str, theta: Float, evaluations: int, begin: float, before: float = 0.0) -> None:
        result[f"seconds.{name}"] = time.thread_time() - begin + before
        B = match_rows(theta[: N_SOURCES**2].reshape(N_SOURCES, N_SOURCES), demixing).B
        result[f"{name}.error"] = float(np.sum((B - demixing) ** 2))
        result[f"{name}.relative"] = float(np.sum((B @ mixing - np.eye(N_SOURCES)) ** 2))
        result[f"{name}.evaluations"] = float(evaluations)

    begin = time.thread_time()
    end = maximize_lbfgs(LikelihoodObjective(MODEL, x), start[:-1])
    keep("mle", end.theta, end.n_evaluations, begin)

    begin = time.thread_time()
    noise = GaussianNoise.from_data(x)
    y = drawn(noise, nu * n_data, rng)
    drawing = time.thread_time() - begin
    begin = time.thread_time()
    end = maximize_lbfgs(NCEObjective(MODEL, noise, x, y), start)
    keep("nce", end.theta, end.n_evaluations, begin, drawing)

    if nu <= LARGEST_NU_CERTIFIED:
        begin = time.thread_time()
        fit = fit_nce(MODEL, noise, x, y.astype(float), start=end.theta, checks=False)
        keep("newton", fit.theta, fit.n_evaluations, begin)
        result["newton.certified"] = float(fit.status == "certified")
    if nu <= LARGEST_NU_OF_IS:
        begin = time.thread_time()
        end = maximize_lbfgs(ImportanceSamplingObjective(MODEL, noise, x, y), start[:-1])
        keep("is", end.theta, end.n_evaluations, begin, drawing)
    if nu == 1:
        begin = time.thread_time()
        end = maximize_lbfgs(ScoreMatchingObjective(MODEL, x, SLOPE), start[:-1])
        keep("sm", end.theta, end.n_evaluations, begin)
    return result


def drawn(noise: GaussianNoise, n_points: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return ``n_points`` of noise in float32, drawn block by block: 40 bytes a point, and never twice."""
    y = np.empty((n_points, noise.n_dim), dtype=np.float32)
    for first in range(0, n_points, _BLOCK):
        y[first : first + _BLOCK] = noise.sample(min(_BLOCK, n_points - first), rng)
    return y


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run."""
    nu = int(params["nu"])
    climbs = 0.5 + 0.075 * nu
    if nu <= LARGEST_NU_OF_IS:
        climbs += 0.05 * nu
    return climbs + (0.2 + 0.24 * nu if nu <= LARGEST_NU_CERTIFIED else 0.0)
