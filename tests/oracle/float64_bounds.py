r"""What float64 may be off by, derived, and a naive float64 form of the objectives into which mistakes are planted.

Conventions
-----------
U        2^-53: a rounded operation is right to a relative U; bounds are first order in U, then doubled once, in
         ``agrees``
bounds   one number an entry of each output; n dimensions, T points in all
source   running error bounds of Higham, Accuracy and Stability of Numerical Algorithms (2002), chapters 3, 8 and 10

ln p_m   n products and sums for b_i . u, n terms, sqrt(2), c:  (2n + 4) U (sqrt(2) sum_ij |B_ij u_j| + |c|)
ln p_n   the Cholesky factor is that of cov + E, ||E|| <= n(n + 1) U ||cov|| (theorem 10.3 with || |L||L^T| || <= n
         ||cov||), a triangular solve has a residual of n U |L|: with kappa = cond(cov) the quadratic form q moves by at
         most 8 n^2 kappa U q, and ln det / 2 by n tr(cov^-1 E)/2 <= n^3 kappa U; the logs' own roundings, (n + 4) U
         (sum|ln L_ii| + n)
t        G - ln nu: both errors, and 4 roundings of what is subtracted
ln sigma its slope is at most 1 and at most e^-t: |d ln sigma(t)| <= sigma(-t) dt, and 4 ulp = 8 U of its own; sigma(t)
         moves relatively by at most dt, and 8 U; what underflows, by 2^-1074 a summand
sums     T roundings of each summand
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

U = 2.0**-53
TINY = 2.0**-1070  # some subnormal ulp
SQRT2 = np.sqrt(2.0)


def agrees(got, want, bound):
    """|got - want| <= 2 bound in every entry of every output, |got - want| taken in decimals."""
    with localcontext(prec=60):
        for name, digits in want.items():
            exact, allowed = np.ravel(np.array(digits, dtype=object)), np.ravel(bound[name])
            for g, w, a in zip(
                np.ravel(got[name]), exact, np.broadcast_to(allowed, exact.shape), strict=True
            ):
                if not np.isfinite(g) or abs(Decimal(float(g)) - w) > 2 * Decimal(float(a)):
                    return False
    return True


def bound_log_densities(B, c, u, mean, cov):
    """Bounds of the ICA model's and the noise's log-density, (n_points,) each, and of ln|det B| - (n/2) ln 2."""
    n = len(B)
    of_model = (2 * n + 4) * U * (SQRT2 * (np.abs(u) @ np.abs(B).T).sum(axis=1) + abs(c))
    # LU with partial pivoting: growth of at most 2^(n - 1), then ln|det| = sum ln|u_ii|.
    factors = np.abs(np.log(np.abs(np.linalg.svd(B)[1]))).sum() + n * np.log(2 * n)
    of_constant = U * (2**n * n**3 * np.linalg.cond(B) + (n + 4) * (factors + n))
    return of_model, _bound_log_noise(u, mean, cov), of_constant + of_model * 0


def bound_nce(data, noise, nu, of_data=0.0, of_noise=0.0):
    """Bounds for J and dJ/dG where the log-ratios themselves are off by ``of_data`` and ``of_noise``."""
    T = len(data) + len(noise)
    out, value = {}, 0.0
    for name, ratio, off, sign in (("data", data, of_data, 1), ("noise", noise, of_noise, -1)):
        t = sign * (ratio - np.log(nu))
        off = off + 4 * U * (np.abs(ratio) + abs(np.log(nu)) + np.abs(t))
        weight = np.exp(-np.logaddexp(0.0, t))
        value += (weight * np.expm1(off) + (8 + T) * U * np.logaddexp(0.0, -t) + TINY).sum() / len(
            data
        )
        out[f"grad_log_ratio_{name}"] = (weight * (np.expm1(off) + (8 + T) * U) + TINY) / len(data)
    return {"value": value, **out}


def bound_laplace_ica_nce(B, c, x, y, mean, cov):
    """Bounds for value, grad_B and grad_c."""

    def log_model(u):
        return -SQRT2 * np.abs(u @ B.T).sum(axis=1) + c

    terms = _bound_terms(
        log_model, lambda u: bound_log_densities(B, c, u, mean, cov)[0], x, y, mean, cov
    )
    weights = np.append(terms["grad_log_ratio_data"], terms["grad_log_ratio_noise"])
    grad = SQRT2 * weights @ np.abs(np.concatenate([x, y]))
    return {"value": terms["value"], "grad_B": np.tile(grad, (len(B), 1)), "grad_c": weights.sum()}


def bound_gaussian_nce(precision, c, x, y, mean, cov):
    """Bounds for value, grad_precision and grad_c."""
    n = len(precision)

    def of_model(u):
        return (
            (2 * n + 4)
            * U
            * (0.5 * np.einsum("ti,ij,tj->t", np.abs(u), np.abs(precision), np.abs(u)) + abs(c))
        )

    terms = _bound_terms(
        lambda u: -0.5 * np.einsum("ti,ij,tj->t", u, precision, u) + c, of_model, x, y, mean, cov
    )
    weights, u = (
        np.append(terms["grad_log_ratio_data"], terms["grad_log_ratio_noise"]),
        np.abs(np.concatenate([x, y])),
    )
    return {
        "value": terms["value"],
        "grad_precision": 0.5 * np.einsum("t,ti,tj->ij", weights, u, u),
        "grad_c": weights.sum(),
    }


def bound_laplace_ica_mle(B, x):
    """Bounds for value and grad_B: a mean of ln p_m, ln|det B|, and the inverse, n^3 2^n kappa U of its norm."""
    n, T = len(B), len(x)
    of_model, _, of_constant = bound_log_densities(B, 0.0, x, np.zeros(n), np.eye(n))
    inverse = np.linalg.norm(np.linalg.inv(B), 2)
    slope = (T + 4) * U * SQRT2 * np.abs(x).mean(axis=0)
    value = of_model.mean() * (T + 1) + of_constant[0]
    return {
        "value": value,
        "grad_B": np.tile(slope, (n, 1)) + 2**n * n**3 * np.linalg.cond(B) * U * inverse,
    }


def naive_laplace_ica_nce(B, c, x, y, mean, cov, mistake=""):
    """J and its gradient in float64, by the inverse and the determinant, with one mistake planted where it is named."""
    n, nu = len(mean), len(y) / len(x)
    scale = 1.0 if mistake == "laplace-scale" else SQRT2
    log_constant = (0.0 if mistake == "no-2pi" else n * np.log(2 * np.pi)) + (
        0.0 if mistake == "no-logdet" else np.linalg.slogdet(cov)[1]
    )
    log_nu = {"no-log-nu": 0.0, "nu-sign": -np.log(nu)}.get(mistake, np.log(nu))
    average = nu if mistake == "noise-averaged" else 1.0
    value, grad_B, grad_c = 0.0, np.zeros((n, n)), 0.0
    for u, is_data in ((x, True), (y, False)):
        d, s = u - mean, u @ B.T
        sign = np.where(s >= 0, 1.0, -1.0) if mistake == "kink-convention" else np.sign(s)
        t = (
            -scale * np.abs(s).sum(axis=1)
            + c
            + 0.5 * (np.einsum("ti,ij,tj->t", d, np.linalg.inv(cov), d) + log_constant)
            - log_nu
        )
        up = 1.0 if is_data or mistake == "noise-sign" else -1.0
        share = (1.0 if is_data else 1.0 / average) / len(x)
        value -= share * np.logaddexp(0.0, -up * t).sum()
        weight = up * share * np.exp(-np.logaddexp(0.0, up * t))
        grad_B -= scale * (weight[:, None] * sign).T @ u
        grad_c += weight.sum()
    if mistake == "transposed":
        grad_B = grad_B.T
    factor = 0.5 if mistake == "half" else 1.0
    return {
        "value": factor * value,
        "grad_B": factor * grad_B,
        "grad_c": -grad_c if mistake == "c-sign" else factor * grad_c,
    }


def naive_laplace_ica_mle(B, x, mistake=""):
    """The mean log-likelihood and its gradient in float64, with one mistake planted where it is named."""
    scale = 1.0 if mistake == "laplace-scale" else SQRT2
    of_det = 0.0 if mistake == "no-logdet-B" else 1.0
    s, inverse = x @ B.T, np.linalg.inv(B)
    value = (
        -scale * np.abs(s).sum(axis=1).mean()
        + of_det * np.linalg.slogdet(B)[1]
        - len(B) / 2 * np.log(2.0)
    )
    grad = -scale * np.sign(s).T @ x / len(x) + of_det * (
        inverse if mistake == "not-transposed" else inverse.T
    )
    factor = {"half": 0.5, "sum": float(len(x))}.get(mistake, 1.0)
    return {"value": factor * value, "grad_B": factor * grad}


def _bound_log_noise(u, mean, cov):
    n, d = len(mean), u - mean
    q = np.einsum("ti,ij,tj->t", d, np.linalg.inv(cov), d)
    log_factor = 0.5 * np.abs(np.log(np.linalg.eigvalsh(cov))).sum() + n
    return U * (np.linalg.cond(cov) * (4 * n**2 * q + n**3) + (n + 4) * (log_factor + n))


def _bound_terms(log_model, of_model, x, y, mean, cov):
    """``bound_nce`` at the log-ratios of a model under Gaussian noise."""
    ratios, errors = [], []
    for u in (x, y):
        d = u - mean
        log_noise = -0.5 * (
            np.einsum("ti,ij,tj->t", d, np.linalg.inv(cov), d)
            + np.linalg.slogdet(cov)[1]
            + len(mean) * np.log(2 * np.pi)
        )
        ratios.append(log_model(u) - log_noise)
        errors.append(
            of_model(u)
            + _bound_log_noise(u, mean, cov)
            + 4 * U * (np.abs(log_model(u)) + np.abs(log_noise))
        )
    return bound_nce(*ratios, len(y) / len(x), *errors)
