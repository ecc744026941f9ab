"""How often 95 % intervals of NCE hold the truth: a non-linear model of first order, and the Boltzmann machine.

Two models, each fitted again and again to fresh data and fresh noise, nu = 5; the interval is theta-hat +- 1.96
standard errors.

    student      ln p_m = -(d + 1)/2 ln(1 + z^2/d) + c,  z = (u - location)/scale: theta = (location, ln scale, ln d,
                 c), two functions only
    boltzmann    five spins in {-1, 1}, all pairs, 16 parameters

The mean over the entries of theta is what is judged. Entries of one fit err together, so its standard error is that of
the mean over fits of each fit's own share of entries that are held: at most sqrt(0.95 * 0.05/n) whatever the
correlations, 0.3 % from n = 5278. A fit that has not converged has no interval; it counts as missed in all of its
entries, and is told.

Run from the root: ``python -m benchmarks.coverage student 2000 5300 results.json``; ``python -m benchmarks.coverage
table results.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

import nce_ref as nr

NU, QUANTILE, LEVEL = 5, 1.959963984540054, 0.95
PIECE = 100  # repetitions between two writes of the results


class Student:
    """Student's t with its location, scale and degrees of freedom all free: as a stranger would write it."""

    n_dim, n_params = 1, 4
    parameter_names = ("location", "ln scale", "ln df", "c")

    def log_density(self, theta, u):
        location, log_scale, log_df, c = theta
        z, df = (u[:, 0] - location) * np.exp(-log_scale), np.exp(log_df)
        return c - 0.5 * (df + 1.0) * np.log1p(z * z / df)

    def jacobian(self, theta, u):
        location, log_scale, log_df, _ = theta
        z, df = (u[:, 0] - location) * np.exp(-log_scale), np.exp(log_df)
        share = z * z / (df + z * z)
        slope = (df + 1.0) * z / (df + z * z)
        by_df = -0.5 * df * np.log1p(z * z / df) + 0.5 * (df + 1.0) * share
        return np.column_stack([slope * np.exp(-log_scale), slope * z, by_df, np.ones(len(u))])


def student() -> tuple[Any, Any, np.ndarray, Any]:
    """(model, noise, truth, data of n points by rng)."""
    location, scale, df = 0.3, 1.5, 4.0
    log_z = special.betaln(0.5, 0.5 * df) + 0.5 * np.log(df) + np.log(scale)
    truth = np.array([location, np.log(scale), np.log(df), -log_z])
    noise = nr.StudentTNoise([0.0], [[4.0]], 3.0)
    return (
        Student(),
        noise,
        truth,
        lambda n, rng: location + scale * rng.standard_t(df, size=(n, 1)),
    )


def boltzmann() -> tuple[Any, Any, np.ndarray, Any]:
    """(model, noise, truth, data of n points by rng)."""
    model, rng = nr.BoltzmannMachine(5), np.random.default_rng(14)
    alpha = np.concatenate([0.3 * rng.standard_normal(5), 0.3 * rng.standard_normal(10)])
    truth = model.normalize(np.append(alpha, 0.0))
    noise = nr.BernoulliNoise(np.full(5, 0.5), values=(-1.0, 1.0))
    return model, noise, truth, lambda n, rng: model.sample(truth, n, rng)


PROBLEMS = {"student": student, "boltzmann": boltzmann}


def held(name: str, n_data: int, repetition: int) -> list[list[int]]:
    """Which entries the intervals hold, by the standard errors for a right model and by the robust ones; empty without
    a fit."""
    model, noise, truth, draw = PROBLEMS[name]()
    rng = np.random.default_rng([14, n_data, repetition, len(name)])
    x, y = draw(n_data, rng), noise.sample(NU * n_data, rng)
    fit = nr.fit_nce(model, noise, x, y, start=truth, checks=False)
    if not fit.converged:
        return []
    error = np.abs(fit.theta - truth)
    forms = (nr.estimate_covariance(fit, robust=robust) for robust in (False, True))
    return [(error <= QUANTILE * form.standard_errors).astype(int).tolist() for form in forms]


def run(name: str, n_data: int, n_repetitions: int, path: Path) -> None:
    """Repetitions 0, 1, ..., each by its own generator; what the file holds is not run again."""
    results = json.loads(path.read_text()) if path.exists() else {}
    found = results.setdefault(f"{name} {n_data}", [])
    while len(found) < n_repetitions:
        stop = min(len(found) + PIECE, n_repetitions)
        found += [held(name, n_data, k) for k in range(len(found), stop)]
        path.write_text(json.dumps(results))


def table(path: Path) -> str:
    """One row a problem, size and form: the mean over entries with its standard error, and the entries' extremes."""
    lines = [
        (
            "| model | T | standard errors | fits | not converged | mean over entries | its error |"
            " least entry | largest |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for key, found in json.loads(path.read_text()).items():
        name, n_data = key.split()
        n_params = next(len(one[0]) for one in found if one)
        lost = sum(not one for one in found)
        for form, words in enumerate(("right model", "robust")):
            hits = np.array([one[form] if one else [0] * n_params for one in found])
            means, entries = hits.mean(axis=1), hits.mean(axis=0)
            error = means.std(ddof=1) / np.sqrt(len(means))
            shares = f"{means.mean():.2%} | {error:.2%} | {entries.min():.2%} | {entries.max():.2%}"
            lines.append(f"| {name} | {n_data} | {words} | {len(found)} | {lost} | {shares} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1] == "table":
        print(table(Path(sys.argv[2])))
    else:
        run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
