r"""P10 section 3.1, Figure 1: one mixing matrix, one data set, three estimators, two optimisers.

*Conventions.* x = A s, four independent Laplace sources of unit variance; n_noise = n_data; noise is Gaussian with the
data's sample mean and covariance, or, for the fine tuning, the ICA model at the first fit's B. Methods are "mle",
"nce_gaussian", "nce_laplace"; every method starts from the same random points. Protocols:

    paper      L-BFGS from each start (five for n_data <= 4000, one above), the best objective kept
    certified  ``nce_ref``'s fits from the same starts, each with its certificate

Each protocol carries its own first fit into the second noise, its rows in the truth's order and with the truth's signs:
which of the equivalent maxima wins hangs on a rounding, the noise's law does not depend on it, and so neither do the
points that are drawn. The second objectives of the two protocols are close, and each protocol's own: the best value
known of the second is what a certified climb from the L-BFGS end finds, where that is higher; of the others it is the
highest that either protocol reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nce_ref import (
    Fit,
    GaussianNoise,
    LaplaceICA,
    LaplaceICANoise,
    LikelihoodObjective,
    NCEObjective,
    estimate_covariance,
    fit_mle,
    fit_nce,
    match_rows,
)
from nce_ref.optimize import certify, maximize, maximize_lbfgs
from nce_ref.optimize.certificate import STATUSES

from ...mixing import random_mixing
from ..theory import N_SOURCES, compute_theory

EXPERIMENT_VERSION = 4
MANY_STARTS, FEW_STARTS, MANY_UP_TO = 5, 1, 4000
NORMAL_95 = 1.959963984540054

Float = NDArray[np.float64]
MODEL = LaplaceICA(n_sources=N_SOURCES)


@dataclass(frozen=True)
class Ends:
    """Where the starts of one protocol ended: theta of the best, and each one's objective."""

    theta: Float
    objectives: Float
    n_evaluations: int
    stationarity: float
    is_local_maximum: bool
    first_theta: Float


def run(params: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the scalars of one repetition at ``params["n_data"]``; the names are method.protocol.quantity."""
    n_data = int(params["n_data"])
    problem = draw_problem(n_data, rng)
    mixing, truth, x, starts, gaussian, y = (
        problem.mixing,
        problem.truth,
        problem.x,
        problem.starts,
        problem.noise,
        problem.y,
    )

    demixing = truth[:-1].reshape(N_SOURCES, N_SOURCES)
    result = {
        "norm_B": float(np.sum(demixing**2)),
        "condition_number": float(np.linalg.cond(mixing)),
    }

    def record(
        method: str, paper: Ends, fit: Fit, best_paper: float, best_certified: float
    ) -> None:
        certified = _certified_ends(fit)
        for protocol, ends, best in (
            ("paper", paper, best_paper),
            ("certified", certified, best_certified),
        ):
            for name, value in _errors(ends, truth, mixing, best).items():
                result[f"{method}.{protocol}.{name}"] = value
        result[f"{method}.paper.single_gap"] = best_paper - float(paper.objectives[0])
        result[f"{method}.paper.single_error_B"] = match_truth(
            paper.first_theta, truth
        ).squared_error
        for name, value in _inference(fit, method, truth, mixing, n_data).items():
            result[f"{method}.certified.{name}"] = value

    likelihood = LikelihoodObjective(MODEL, x)
    paper = paper_ends(
        likelihood, starts[:, :-1], lambda alpha: MODEL.normalize(np.append(alpha, 0.0))
    )
    fit = fit_mle(MODEL, x, start=starts)
    best = max(float(paper.objectives.max()), fit.objective)
    record("mle", paper, fit, best, best)

    paper = paper_ends(NCEObjective(MODEL, gaussian, x, y), starts, lambda theta: theta)
    fit = fit_nce(MODEL, gaussian, x, y, start=starts)
    best = max(float(paper.objectives.max()), fit.objective)
    record("nce_gaussian", paper, fit, best, best)

    fitted, y_fitted = second_noise(paper.theta, truth, n_data, problem.noise_seed)
    objective = NCEObjective(MODEL, fitted, x, y_fitted)
    paper = paper_ends(objective, starts, lambda theta: theta)
    best_paper = max(float(paper.objectives.max()), maximize(objective, paper.theta).value)
    fitted, y_fitted = second_noise(fit.theta, truth, n_data, problem.noise_seed)
    fit = fit_nce(MODEL, fitted, x, y_fitted, start=starts)
    record("nce_laplace", paper, fit, best_paper, fit.objective)
    return result


@dataclass(frozen=True)
class Problem:
    """One mixing matrix and everything that is drawn for it; ``noise_seed`` is for the second noise."""

    mixing: Float
    truth: Float
    x: Float
    starts: Float
    noise: GaussianNoise
    y: Float
    noise_seed: int


def draw_problem(n_data: int, rng: np.random.Generator) -> Problem:
    """Draw mixing, data, starts and noise; the order of the draws is part of the experiment."""
    mixing = random_mixing(N_SOURCES, rng)
    truth = MODEL.normalize(MODEL.pack(np.linalg.inv(mixing), 0.0))
    x = MODEL.sample(truth, n_data, rng)
    starts = np.stack(
        [
            MODEL.random_start(rng)
            for _ in range(MANY_STARTS if n_data <= MANY_UP_TO else FEW_STARTS)
        ]
    )
    noise = GaussianNoise.from_data(x)
    y = noise.sample(n_data, rng)
    return Problem(mixing, truth, x, starts, noise, y, int(rng.integers(2**63)))


def expected_seconds(params: Mapping[str, Any]) -> float:
    """Rough cost of a run, for ordering and remaining time."""
    n_data = int(params["n_data"])
    return (0.4 + 5.5e-4 * n_data) if n_data <= MANY_UP_TO else 1.4e-4 * n_data


def second_noise(
    theta: Float, truth: Float, n_points: int, seed: int
) -> tuple[LaplaceICANoise, Float]:
    """The noise of the fine tuning, the model at the first fit's B (rows and signs as the truth has them), and a sample
    of it."""
    noise = LaplaceICANoise(match_truth(theta, truth).B)
    return noise, noise.sample(n_points, np.random.default_rng(seed))


def paper_ends(objective: Any, starts: Float, complete: Any) -> Ends:
    """L-BFGS from each start, the best objective kept."""
    ends = [maximize_lbfgs(objective, start) for start in starts]
    best = max(ends, key=lambda end: end.value)
    proof = certify(objective, best.theta)
    return Ends(
        theta=complete(best.theta),
        objectives=np.array([end.value for end in ends]),
        n_evaluations=sum(end.n_evaluations for end in ends),
        stationarity=proof.stationarity,
        is_local_maximum=proof.is_local_maximum,
        first_theta=complete(ends[0].theta),
    )


def _certified_ends(fit: Fit) -> Ends:
    objectives = np.array([start.objective for start in fit.starts])
    return Ends(
        fit.theta,
        objectives,
        fit.n_evaluations,
        fit.stationarity,
        fit.is_local_maximum,
        fit.starts[0].theta,
    )


def match_truth(theta: Float, truth: Float) -> Any:
    """The estimate's B up to order and sign, against the truth's."""
    return match_rows(MODEL.unpack(theta)[0], MODEL.unpack(truth)[0])


def _errors(ends: Ends, truth: Float, mixing: Float, best: float) -> dict[str, float]:
    match = match_truth(ends.theta, truth)
    return {
        "error_B": match.squared_error,
        "error_c": float(ends.theta[-1] - truth[-1]) ** 2,
        "relative_error": float(np.sum((match.B @ mixing - np.eye(N_SOURCES)) ** 2)),
        "objective": float(ends.objectives.max()),
        "gap": best - float(ends.objectives.max()),
        "n_evaluations": ends.n_evaluations,
        "stationarity": ends.stationarity,
        "is_local_maximum": ends.is_local_maximum,
    }


def _inference(fit: Fit, method: str, truth: Float, mixing: Float, n_data: int) -> dict[str, float]:
    """The certificate's counts, the Mahalanobis distance at Sigma(theta*), and which 95 % intervals hold the truth.

    A fit that is not certified has no standard errors; its intervals count as missing the truth.
    """
    match = match_truth(fit.theta, truth)
    inside = np.zeros(MODEL.n_params, bool)
    if fit.converged:
        half_width = NORMAL_95 * estimate_covariance(fit).standard_errors
        half_width[:-1] = half_width[:-1].reshape(N_SOURCES, -1)[match.permutation].ravel()
        inside = np.abs(match.apply_theta(fit.theta) - truth) <= half_width
    # In coordinates where B* = I the limit law is the same for every mixing: see theory.py.
    error = np.append((match.B @ mixing - np.eye(N_SOURCES)).ravel(), fit.theta[-1] - truth[-1])
    information = _inverse_covariance(method)
    error = error[: len(information)]
    return {
        "converged": fit.converged,
        "status": STATUSES.index(fit.status),
        "certified_starts": sum(start.is_local_maximum for start in fit.starts),
        "n_starts": len(fit.starts),
        "mahalanobis": n_data * float(error @ information @ error),
        "covered_B": float(inside[:-1].sum()),
        "covered_c": float(inside[-1]),
    }


@cache
def _inverse_covariance(method: str) -> Float:
    theory = compute_theory()
    covariance = theory.covariance[method]
    free = theory.degrees_of_freedom(method)
    return np.linalg.inv(covariance[:free, :free])
