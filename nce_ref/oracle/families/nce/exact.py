r"""J with its derivatives, to 40 digits: the formulas of the papers, in the standard library alone.

    J = (1/T_d) { sum_x ln h(x) + sum_y ln(1 - h(y)) },  h = 1/(1 + nu e^-G),
    G = ln p_m - ln p_n          J12; P10 eq. 8 is J/2
    ln p_m(u; B, c)      = -sqrt(2) sum_i |b_i . u| + c,
    c* = ln|det B| - (n/2) ln 2                       P10 section 3.1
    ln p_m(u; Lambda, c) = -1/2 u^T Lambda u + c                                                J12's toy example, n = 1
    ln p_n(u)            = -1/2 (u - mean)^T cov^-1 (u - mean) - 1/2 ln det cov - (n/2) ln 2 pi

With ``at_one`` it is the objective of nu = 1, whatever the sizes: each sum over its own number of points, ln nu = 0,

    J_1 = (1/T_d) sum_x ln sigma(G) + (1/T_n) sum_y ln sigma(-G)

With h = sigma(G - ln nu) and 1 - h = sigma(ln nu - G): dJ/dG = (1 - h)/T_d on the data and -h/T_d on the noise.

Conventions
-----------
inputs      floats (or ints, Fractions, Decimals) taken exactly, in plain sequences or NumPy float64 arrays
x, y, u     (T_d, n), (T_n, n), (n_points, n)   points are rows; b_i are the rows of B; nu > 0, taken exactly
outputs     a dict from the names of the vectors to Decimal, [Decimal] or [[Decimal]], each to ``digits`` significant
            digits; their operators, unary minus included, round to the caller's context (28 digits): copy_negate, or a
            localcontext
kink        the derivative of |v| at v = 0 is 0; whether v is 0 is decided exactly
ValueError  a shape that does not fit, NaN or inf, nu <= 0, a covariance not symmetric and positive definite
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from nce_ref.oracle.families.densities.exact import LogDensity, gaussian, laplace_ica, quadratic
from nce_ref.oracle.numbers import linear_algebra as linear
from nce_ref.oracle.numbers.linear_algebra import (
    Matrix,
    Number,
    Numbers,
    Points,
    Vector,
    as_fraction,
    as_fractions,
    as_rows,
    as_square,
    dot,
    sign,
)
from nce_ref.oracle.numbers.logarithms import (
    DIGITS,
    ExactLog,
    Outputs,
    log_sigmoid_sum,
    sigmoid_sum,
)

Weight = tuple[Fraction, ExactLog]  # (a, t) stands for a sigma(t)

ONE, HALF = Fraction(1), Fraction(1, 2)


def nce_from_log_ratios(
    log_ratio_data: Numbers,
    log_ratio_noise: Numbers,
    nu: Number,
    *,
    at_one: bool = False,
    digits: int = DIGITS,
) -> Outputs:
    """J from G on the data, (T_d,), and on the noise, (T_n,)."""
    data = [ExactLog(g) for g in as_fractions("log_ratio_data", log_ratio_data)]
    noise = [ExactLog(g) for g in as_fractions("log_ratio_noise", log_ratio_noise)]
    value, of_data, of_noise = _nce(data, noise, as_fraction("nu", nu), digits, at_one)
    return {
        "value": value,
        "grad_log_ratio_data": _weights(of_data, digits),
        "grad_log_ratio_noise": _weights(of_noise, digits),
    }


def binary_nce(
    log_model_data: Numbers,
    log_model_noise: Numbers,
    log_noise_data: Numbers,
    log_noise_noise: Numbers,
    nu: Number,
    *,
    at_one: bool = False,
    digits: int = DIGITS,
) -> Outputs:
    """J from ln p_m on data and noise, and ln p_n on data and noise: (T_d,), (T_n,), (T_d,), (T_n,)."""
    model_x, model_y = (
        as_fractions("log_model_data", log_model_data),
        as_fractions("log_model_noise", log_model_noise),
    )
    noise_x = as_fractions("log_noise_data", log_noise_data, len(model_x))
    noise_y = as_fractions("log_noise_noise", log_noise_noise, len(model_y))
    data = [ExactLog(m - n) for m, n in zip(model_x, noise_x)]
    noise = [ExactLog(m - n) for m, n in zip(model_y, noise_y)]
    value, of_data, of_noise = _nce(data, noise, as_fraction("nu", nu), digits, at_one)
    return {
        "value": value,
        "grad_log_model_data": _weights(of_data, digits),
        "grad_log_model_noise": _weights(of_noise, digits),
    }


def laplace_ica_nce(
    B: Points,
    c: Number,
    x: Points,
    y: Points,
    noise_mean: Numbers,
    noise_cov: Points,
    *,
    at_one: bool = False,
    digits: int = DIGITS,
) -> Outputs:
    """J of the Laplace ICA model under Gaussian noise, nu = T_n/T_d; d ln p_m/dB_ij = -sqrt(2) sign(b_i . u) u_j,
    d/dc = 1."""
    rows = as_square("B", B)
    n = len(rows)
    log_density = laplace_ica(rows, ExactLog(as_fraction("c", c)))
    value, weights, points = _nce_of_model(
        log_density, n, x, y, noise_mean, noise_cov, digits, at_one
    )
    signs = [[sign(dot(row, u)) for row in rows] for u in points]

    def grad_B(i: int, j: int) -> Decimal:
        return sigmoid_sum(
            ((-a * s[i] * u[j], t) for (a, t), s, u in zip(weights, signs, points)),
            digits,
            times_sqrt2=True,
        )

    return {
        "value": value,
        "grad_B": [[grad_B(i, j) for j in range(n)] for i in range(n)],
        "grad_c": sigmoid_sum(weights, digits),
    }


def gaussian_nce(
    precision: Points,
    c: Number,
    x: Points,
    y: Points,
    noise_mean: Numbers,
    noise_cov: Points,
    *,
    at_one: bool = False,
    digits: int = DIGITS,
) -> Outputs:
    """J of the unnormalised Gaussian -1/2 u^T Lambda u + c under Gaussian noise, nu = T_n/T_d; Lambda is symmetric.

    ``grad_precision`` is the symmetric matrix S with J(Lambda + D) - J(Lambda) = sum_ij S_ij D_ij + O(|D|^2) for
    symmetric D: S_ij = dJ/dLambda_ij with all n^2 entries taken as independent, -1/2 sum_t (dJ/dG_t) u_i u_j. In a
    parametrisation by the lower triangle, where one parameter moves Lambda_ij and Lambda_ji, the derivative is 2 S_ij
    off the diagonal.
    """
    Lambda, constant = linear.as_symmetric("precision", precision), as_fraction("c", c)
    n = len(Lambda)

    def log_density(u: Vector) -> ExactLog:
        return ExactLog(-HALF * quadratic(Lambda, u) + constant)

    value, weights, points = _nce_of_model(
        log_density, n, x, y, noise_mean, noise_cov, digits, at_one
    )

    def grad_precision(i: int, j: int) -> Decimal:
        return sigmoid_sum(
            ((-HALF * a * u[i] * u[j], t) for (a, t), u in zip(weights, points)), digits
        )

    grad = [[grad_precision(i, j) for j in range(n)] for i in range(n)]
    return {"value": value, "grad_precision": grad, "grad_c": sigmoid_sum(weights, digits)}


def _nce(
    data: list[ExactLog],
    noise: list[ExactLog],
    nu: Fraction,
    digits: int,
    at_one: bool = False,
) -> tuple[Decimal, list[Weight], list[Weight]]:
    """J, and dJ/dG at each point as a multiple of a sigmoid: sigma(ln nu - G)/T_d on the data, -sigma(G - ln nu)/T_d on
    the noise; of J_1 with its own divisors."""
    if nu <= 0:
        raise ValueError(f"nu: got {nu}; expected a number above 0")
    nu, of_noise = (ONE, ONE / len(noise)) if at_one else (nu, ONE / len(data))
    log_nu, of_data = ExactLog(square=nu * nu), ONE / len(data)
    log_h = [(of_data, g - log_nu) for g in data]
    log_one_minus_h = [(of_noise, log_nu - g) for g in noise]
    return (
        log_sigmoid_sum(log_h + log_one_minus_h, digits),
        [(of_data, -t) for _, t in log_h],
        [(-of_noise, -t) for _, t in log_one_minus_h],
    )


def _nce_of_model(
    log_model: LogDensity,
    n: int,
    x: Points,
    y: Points,
    noise_mean: Numbers,
    noise_cov: Points,
    digits: int,
    at_one: bool,
) -> tuple[Decimal, list[Weight], Matrix]:
    """J, dJ/dG at every point, and the points, data first."""
    data, noise = as_rows("x", x, n), as_rows("y", y, n)
    log_noise = gaussian(as_fractions("noise_mean", noise_mean, n), "noise_cov", noise_cov)
    ratio_x, ratio_y = ([log_model(u) - log_noise(u) for u in points] for points in (data, noise))
    value, of_data, of_noise = _nce(
        ratio_x, ratio_y, Fraction(len(noise), len(data)), digits, at_one
    )
    return value, of_data + of_noise, data + noise


def _weights(weights: list[Weight], digits: int) -> list[Decimal]:
    return [sigmoid_sum([weight], digits) for weight in weights]
