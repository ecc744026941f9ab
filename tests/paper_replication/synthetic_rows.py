"""Runs that never happened: errors drawn from the limiting laws, in the form ``figure1/experiments/figure1.py``
returns.

For trying claims, figures and report without a single fit. The theory here is made up but of the right shape: E has
independent entries (variance 1 on the diagonal and 2/3 off it for MLE, so K = 3; 2.777 and twice that for NCE), and c
is tr(E), but for Gaussian noise, where it is independent. To look at a report made of it:

    PYTHONPATH=. python tests/paper_replication/synthetic_rows.py > made_up.jsonl
    python -m paper_replication report figure1 --runs made_up.jsonl --out made_up_report
"""

from __future__ import annotations

import json

import numpy as np
from scipy import stats

from paper_replication.figure1.theory import METHODS, Theory
from paper_replication.mixing import random_mixing
from paper_replication.seeds import generator_for

EXPERIMENT_VERSION = 1
FACTORS = {"mle": 1.0, "nce_gaussian": 2.777, "nce_laplace": 2.0}
VARIANCE_C = {"mle": 4.0, "nce_gaussian": 13.1, "nce_laplace": 8.0}
SHARES = {250: 0.625, 500: 0.4, 1000: 0.175, 2000: 0.04, 4000: 0.004}


def made_up_theory() -> Theory:
    """Return the theory whose laws ``run`` draws from."""
    variances = np.where(np.eye(4) == 1.0, 1.0, 2.0 / 3.0).reshape(-1)
    diagonal = np.eye(4).reshape(-1)
    covariance = {}
    for method in METHODS:
        sigma = np.zeros((17, 17))
        sigma[:16, :16] = np.diag(FACTORS[method] * variances)
        sigma[16, 16] = VARIANCE_C[method]
        if method != "nce_gaussian":
            sigma[16, :16] = sigma[:16, 16] = FACTORS[method] * diagonal  # c = tr(E)
        covariance[method] = sigma
    return Theory(covariance)


THEORY = made_up_theory()


def run(params, rng, *, exponent=-1.0, floor=0.0, inflate=1.0, excess=0.0, optimiser_noise=True):
    """One made-up run. Squared errors fall as T**exponent and keep a floor; ``inflate`` scales errors, not
    intervals."""
    n_data = params["n_data"]
    B = np.linalg.inv(random_mixing(4, rng))
    result = {"norm_B": float(np.sum(B**2)), "condition_number": float(np.linalg.cond(B))}
    shared = rng.standard_normal(17)  # the methods see the same data, so their errors go together
    for method in METHODS:
        sigma = THEORY.covariance[method]
        draw = 0.7 * shared + np.sqrt(1.0 - 0.49) * rng.standard_normal(17)
        scale = np.sqrt(
            inflate * float(n_data) ** exponent * (1.0 + excess / np.sqrt(n_data)) + floor
        )
        error = scale * np.sqrt(np.diag(sigma)) * draw
        if method != "nce_gaussian":
            error[16] = error[:16].reshape(4, 4).trace()
        E = error[:16].reshape(4, 4)
        distance = n_data * np.sum(error[:16] ** 2 / np.diag(sigma)[:16])
        if method == "nce_gaussian":
            distance += n_data * error[16] ** 2 / sigma[16, 16]
        spread_B = np.sqrt(np.diag(sigma)[:16].reshape(4, 4) @ B**2 / n_data)
        z = stats.norm.isf(0.025)
        result |= {
            f"{method}.certified.mahalanobis": float(distance),
            f"{method}.certified.covered_B": float(np.sum(np.abs(E @ B) <= z * spread_B)),
            f"{method}.certified.status": 0.0,
            f"{method}.certified.certified_starts": 5.0,
            f"{method}.certified.n_starts": 5.0,
            f"{method}.certified.covered_c": float(
                abs(error[16]) <= z * np.sqrt(sigma[16, 16] / n_data)
            ),
        }
        bad = optimiser_noise and rng.random() < SHARES.get(n_data, 0.0)
        worse = 1.5 if bad and rng.random() < 0.1 else 1.0
        for protocol, factor in (("certified", 1.0), ("paper", worse)):
            result |= {
                f"{method}.{protocol}.error_B": float(np.sum((E @ B) ** 2)) * factor,
                f"{method}.{protocol}.error_c": float(error[16] ** 2) * factor,
                f"{method}.{protocol}.relative_error": float(np.sum(E**2)) * factor,
                f"{method}.{protocol}.objective": -1.0,
                f"{method}.{protocol}.gap": 0.0 if factor == 1.0 else 0.01,
                f"{method}.{protocol}.n_evaluations": float(rng.integers(50, 90)),
                f"{method}.{protocol}.stationarity": 1e-10 if protocol == "certified" else 2e-3,
                f"{method}.{protocol}.is_local_maximum": float(protocol == "certified"),
                f"{method}.{protocol}.converged": 1.0,
            }
        result[f"{method}.paper.single_gap"] = 0.01 if bad else 0.0
        result[f"{method}.paper.single_error_B"] = result[f"{method}.paper.error_B"] * (
            2.0 if bad else 1.0
        )
    return result


def rows(sizes, name="figure1", **options):
    """Return rows for ``{n_data: repetitions}``, as the store would hold them."""
    return [
        {
            "experiment": "figure1",
            "version": EXPERIMENT_VERSION,
            "params": {"n_data": size},
            "repetition": repetition,
            "result": run({"n_data": size}, generator_for(name, size, repetition), **options),
            "provenance": {"code": "made up"},
        }
        for size, count in sizes.items()
        for repetition in range(count)
    ]


if __name__ == "__main__":  # python synthetic_rows.py > runs.jsonl
    for row in rows({250 * 2**k: 500 for k in range(8)}, excess=8.7):
        print(json.dumps(row, sort_keys=True))
