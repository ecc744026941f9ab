r"""What whole fits are measured beside: jax.jit under SciPy's L-BFGS-B, and python-picard, which maximises the
likelihood.

NCE. ``JaxFit`` does per data set all that ``nr.fit_nce`` does but the certificate: ln p_n at every point (by the same
``noise``), the samples into JAX's arrays, then L-BFGS-B with its default tolerances from each start. Compiled once a
shape, before anything is timed.

Maximum likelihood. Picard needs a density with a curvature, which exp(-sqrt(2)|s|) has not: with the Laplace density
itself it would stop at the first kinks. It gets sqrt(s^2 + epsilon^2) for |s|, ``LaplaceICA.smoothed(epsilon)``, as its
custom density (its extension point): two square roots where its own "tanh" has an exp, a log and a tanh. ortho=False
and extended=False make it maximise the likelihood over all B. Its steps are relative, W <- (I + E) W, so whitening
matters to it as a start only, and either side can have it.

*Conventions.* Ends are theta = (B row by row, c), or alpha = B row by row for the likelihood; ``n`` counts evaluations
or iterations.
"""

from __future__ import annotations

import math
import timeit
import warnings
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg
from scipy.optimize import minimize

from benchmarks import peers
from benchmarks.problems import FitProblem
from nce_ref._checks import Float

SQRT_2 = math.sqrt(2.0)


def absent() -> dict[str, str]:
    """Why a peer is not compared."""
    missing = {"jax": "jax", "picard": "python-picard"}
    return {
        name: f"{package} is not installed"
        for name, package in missing.items()
        if find_spec(name) is None
    }


class End(NamedTuple):
    """Where a peer stopped, and whether its own stopping rule was met."""

    point: Float
    n: int
    finished: bool


class JaxFit:
    """L-BFGS-B on the fastest of JAX's writings at this T (``peers.py``), chosen and compiled here."""

    def __init__(self, n_data: int) -> None:
        problem, calls, objectives = FitProblem(n_data, 0), {}, peers.jax_objectives()
        theta = problem.starts[0]
        for name, (compiled, by_rows) in objectives.items():
            held = _held(problem, by_rows)
            calls[name] = lambda compiled=compiled, held=held: np.asarray(compiled(theta, *held)[1])
            calls[name]()
        self.name = min(
            calls, key=lambda name: min(timeit.repeat(calls[name], number=1, repeat=30))
        )
        self._compiled, self._by_rows = objectives[self.name]
        self(problem, problem.starts[:1])

    def __call__(self, problem: FitProblem, starts: Float) -> End:
        """The highest end over the starts."""
        held = _held(problem, self._by_rows)

        def descent(theta: Float) -> tuple[float, Float]:
            value, gradient = self._compiled(theta, *held)
            return -float(value), -np.asarray(gradient)

        ends = [minimize(descent, start, jac=True, method="L-BFGS-B") for start in starts]
        best = min(ends, key=lambda end: end.fun)
        return End(best.x, sum(end.nfev for end in ends), bool(best.success))


def _held(problem: FitProblem, by_rows: bool) -> list[Any]:
    import jax.numpy as jnp

    samples = [problem.x, problem.y]
    points = samples if by_rows else [np.ascontiguousarray(u.T) for u in samples]
    return [jnp.asarray(a) for a in (*points, *(problem.noise.log_density(u) for u in samples))]


class SmoothedLaplace:
    """-ln of exp(-sqrt(2) sqrt(s^2 + epsilon^2)), its derivative and second derivative, under Picard's names for
    them."""

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon

    def log_lik(self, Y: Float) -> Float:
        return SQRT_2 * np.sqrt(Y * Y + self.epsilon**2)

    def score_and_der(self, Y: Float) -> tuple[Float, Float]:
        squares = Y * Y + self.epsilon**2
        radii = np.sqrt(squares)
        return SQRT_2 * Y / radii, (SQRT_2 * self.epsilon**2) / (squares * radii)


def whitened_start(x: Float) -> Float:
    """alpha where Picard would start by itself: whitening by principal components, then a rotation (fixed here, random
    there)."""
    u, sizes, _ = linalg.svd(x.T, full_matrices=False)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((len(u), len(u))))
    return (rotation @ (u / sizes).T * math.sqrt(len(x))).ravel()


def picard_fit(
    problem: FitProblem, start: Float, epsilon: float, tolerance: float, max_iterations: int = 1000
) -> End:
    """Picard on the smoothed likelihood until the largest entry of its relative gradient is below ``tolerance``."""
    from picard import picard

    options: dict[str, Any] = {
        "whiten": False,
        "w_init": start.reshape(4, 4),
        "max_iter": max_iterations,
        "tol": tolerance,
    }
    options |= {
        "ortho": False,
        "extended": False,
        "centering": False,
        "check_fun": False,
        "return_n_iter": True,
    }
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _, W, _, n = picard(problem.x.T, fun=SmoothedLaplace(epsilon), **options)
    finished = not any("did not converge" in str(warning.message) for warning in said)
    return End(W.ravel(), int(n), finished)


def relative_gradient(problem: FitProblem, alpha: Float, epsilon: float) -> float:
    """Picard's measure of the end: the largest entry of mean psi(s) s^T - I, psi the score of the smoothed density."""
    B = alpha.reshape(4, 4)
    sources = B @ problem.x.T
    score, _ = SmoothedLaplace(epsilon).score_and_der(sources)
    return float(np.abs(score @ sources.T / len(problem.x) - np.eye(4)).max())
