"""What every model must keep, whichever it is: checks shared by the models' own tests.

Conventions
-----------
textbook(theta, u) -> (n_points,)   ln p_m by naive loops, complex-safe in theta, |v| written v sign(Re v)
STEP                                the imaginary step of the complex-step derivative: its square is below every last
                                    digit
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np
from scipy.integrate import quad

STEP = 1e-30
# A sum of some tens of products, each rounded, in another order than the textbook's: 100 eps of the largest term.
RTOL = 1e-13


def absolute(v):
    """|v| for complex v, analytic on both sides of the kink."""
    return v if v.real > 0 else -v


def complex_jacobian(fun, theta):
    """d fun_t / d theta_k by complex step: (n_values, n_params)."""
    columns = []
    for k in range(len(theta)):
        z = theta.astype(complex)
        z[k] += 1j * STEP
        columns.append(np.imag(fun(z)) / STEP)
    return np.stack(columns, axis=-1)


def close(got, want):
    """Equal up to rounding, relative to the largest entry: no entry is small by design."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape and got.dtype == np.float64
    np.testing.assert_allclose(got, want, rtol=RTOL, atol=RTOL * np.abs(want).max())


def check_log_density_and_derivatives(model, theta, u, textbook, rng):
    """ln p_m, jacobian, vjp and pullback against the textbook form and its complex step."""
    want = np.real(textbook(theta.astype(complex), u))
    close(model.log_density(theta, u), want)
    g = complex_jacobian(lambda z: textbook(z, u), theta)
    close(model.jacobian(theta, u), g)
    weights = rng.standard_normal(len(u))
    value, pullback = model.vjp(theta, u)
    close(value, want)
    close(pullback(weights), g.T @ weights)
    close(model.pullback(theta, u, weights), g.T @ weights)
    close(model.evaluate(theta, u).pullback(weights), g.T @ weights)
    np.testing.assert_array_equal(g[:, -1], 1.0)  # c is added


def check_score(model, theta, u):
    """d ln p_m / d u by central differences; ln p_m is at most quadratic in u beside kinks, so only rounding is left.

    Rounding: eps |ln p_m| / h = 2e-16 * 20 / 1e-4 = 4e-11 per difference.
    """
    h = 1e-4
    score = model.score(theta, u)
    assert score.shape == u.shape
    for j in range(u.shape[1]):
        e = h * np.eye(u.shape[1])[j]
        numeric = (model.log_density(theta, u + e) - model.log_density(theta, u - e)) / (2 * h)
        np.testing.assert_allclose(score[:, j], numeric, rtol=0, atol=1e-9)


def circle_integral(fun: Callable[[np.ndarray], float], breaks: Iterable[float] = ()) -> float:
    """int_0^2pi fun(e(phi)) dphi, e the unit vector, to 1e-12; ``breaks`` are angles where fun is not smooth."""
    edges = np.unique(
        np.concatenate([[0.0, 2 * np.pi], np.mod(np.asarray(breaks, dtype=float), 2 * np.pi)])
    )

    def at_angle(phi):
        return fun(np.array([np.cos(phi), np.sin(phi)]))

    return sum(
        quad(at_angle, a, b, epsabs=0, epsrel=1e-12, limit=200)[0]
        for a, b in itertools.pairwise(edges)
    )
