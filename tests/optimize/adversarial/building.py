"""A problem, and what the kinds of ``problems.py`` build it from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Problem:
    """estimator "nce", "mle", "score"; model "ica", "gaussian"; noise ("gaussian", mean, cov) or ("laplace", B)."""

    kind: str
    seed: int
    estimator: str
    model: str
    x: np.ndarray
    y: np.ndarray | None
    noise: tuple | None
    start: np.ndarray
    slope: float = 10.0

    @property
    def n(self) -> int:
        return self.x.shape[1]


def some_estimator(rng):
    return str(rng.choice(["nce", "mle", "score"], p=[0.6, 0.27, 0.13]))


def normal_noise(x, widen=1.0):
    n = x.shape[1]
    mean = x.mean(axis=0)
    cov = np.atleast_2d(np.cov(x, rowvar=False, ddof=1)) if len(x) > n else np.zeros((n, n))
    sizes = np.sqrt(np.diag(cov))
    if not (sizes > 0).all() or np.linalg.eigvalsh(cov / np.outer(sizes, sizes))[0] < 1e-10:
        s = np.sqrt((x**2).mean()) or 1.0
        cov = s * s * np.eye(n)
    return ("gaussian", mean, widen * cov)


def draw(noise, count, rng):
    if noise[0] == "gaussian":
        return (
            rng.standard_normal((count, len(noise[1]))) @ np.linalg.cholesky(noise[2]).T + noise[1]
        )
    n = len(noise[1])
    return np.linalg.solve(noise[1], rng.laplace(size=(n, count)) / np.sqrt(2)).T


def sensible_start(model, n, scale, rng):
    """Near a sensible fit in the data's units: one size a coordinate."""
    scale = np.where(np.broadcast_to(scale, n) > 0, scale, 1.0)
    if model == "ica":
        B = (np.eye(n) + 0.4 * rng.standard_normal((n, n))) / scale
        return np.append(B.ravel(), np.linalg.slogdet(B)[1] - n / 2 * np.log(2.0))
    L = (np.eye(n) + 0.2 * rng.standard_normal((n, n))) / scale[:, None]
    P = L @ L.T
    return np.append(
        P[np.tril_indices(n)], 0.5 * np.linalg.slogdet(P)[1] - n / 2 * np.log(2 * np.pi)
    )


def build(
    kind, seed, rng, x, y=None, noise=None, estimator=None, model=None, t_noise=None, start=None
):
    x = np.ascontiguousarray(x, dtype=float)
    n = x.shape[1]
    estimator = estimator or some_estimator(rng)
    model = model or str(rng.choice(["ica", "gaussian"]))
    if estimator == "nce":
        noise = noise or normal_noise(x)
        if y is None:
            y = draw(noise, t_noise or int(len(x) * rng.choice([1, 1, 2, 3])), rng)
        y = np.ascontiguousarray(y, dtype=float)
    else:
        y = noise = None
    scale = np.sqrt((x**2).mean(axis=0))
    start = sensible_start(model, n, scale, rng) if start is None else start(model, n, scale, rng)
    return Problem(kind, seed, estimator, model, x, y, noise, np.asarray(start, dtype=float))


def laplace_sample(rng, count, n):
    """Laplace sources, mixed."""
    A = np.eye(n) + 0.4 * rng.standard_normal((n, n))
    return rng.laplace(size=(count, n)) / np.sqrt(2) @ A.T


def size_of(rng, low=5, high=40, dims=(1, 2, 2, 3)):
    return int(rng.integers(low, high + 1)), int(rng.choice(dims))
