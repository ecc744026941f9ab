r"""How far a right implementation may be off: a rule of the vector and the dtype, never of who is judged.

    |got - want| <= k eps(dtype) scale + k tiny(dtype)

Conventions
-----------
eps     2^-23 (float32), 2^-52 (float64), 2^-7 (bfloat16), 2^-10 (float16): one ulp of a number in [1, 2)
tiny    the smallest normal number: 1.2e-38, 2.2e-308, 1.2e-38, 6.1e-5; what underflows may be 0
scale   stored beside ``want``: |want| and, for every sum inside it, what the rounding of the summands moves it by,
        |want| + sum_s |d want/d s||s| over summands s. A J of 1 made of log-densities of -1000 has a scale of some 2000,
        and a gradient 1 - h one of at least 1, since 1 is a summand, however small 1 - h is. ``scales`` has them all
k       by class, see ``K``: frozen, since a tolerance that is fitted again to the errors of the day can never fail

The calibration, once, on 23 November 2026, over all 156 vectors of functions: the largest |got - want|/(eps scale +
tiny)

    class      float32  float64   of NumPy (textbook steps, and inverse, solve, eigh, SciPy's logpdf; softplus, ln(p_m + nu p_n), BCE)
    kernel        0.85     0.72   and SciPy's log_expit and expit
    density       0.39     0.98
    value         0.61     0.55
    gradient      0.45     0.49
    kernel        0.70     0.73   of torch 2.13 (logsigmoid, BCE with logits, softplus; MultivariateNormal, solve and logdet) and JAX 0.10
    density       0.44     0.98   (nn.log_sigmoid, logaddexp; multivariate_normal.logpdf, inv and slogdet), all by autodiff
    value         0.61     0.55
    gradient      0.41     0.60

Networks came later, by the same k (class density), over their 42 vectors, value and gradients together

    tanh          0.57     0.46   of NumPy (textbook steps, models.MLP, batches and loops; slopes by output, by cosh, by exp(z - softplus)),
    softplus      0.72     0.42   torch 2.13 and JAX 0.10 by autodiff
    relu          0.14     0.00

The other estimators, the leapfrog and the Metropolis decision came on 24 November 2026, by the same k, over their 106 vectors,
all outputs

    importance    0.36     0.32   of NumPy (textbook steps; softmax, logaddexp, one running sum; Psi or B B', sech by cosh, scalar loops;
    score         0.28     0.25   whole steps, merged kicks, the velocity form, a normalising constant in both energies; decisions by the
    trajectory    0.34     0.41   logarithm), and of torch and JAX, importance sampling and score matching by autodiff. But score matching
    decision      0.49     0.50   in JAX: 1.17 and 1.57, since JAX's tanh is off by 4.8 ulp

All others are below 1, as they should be if the scales count every rounding: half a unit each, few of them the largest
at once. k is 8 = 1 (the power of two above) x 4 (sums in another order, one after the other, fused or in blocks) x 2
(exp and ln that are off by 2 to 4 ulp, as vectorised ones are). One scale was mended on the way: JAX's derivative of
log_sigmoid is exp(-t - ln sigma(-t)), off by eps |t|/2, which is 11 eps at t = -33, so that |t| sigma(-t) counts there.

The other side has room as well: each of the catalogue's mistakes is beyond the allowance at two vectors or more in both
dtypes. The covariance's k is not calibrated but given: 64 sqrt(eps), 1e-6 in float64, is what a quadrature owes.
"""  # noqa: E501

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float
from nce_ref.oracle.dtypes import FORMATS
from nce_ref.oracle.families.base import Objective

DTYPES = ("float32", "float64")
K = {
    "kernel": 8.0,
    "density": 8.0,
    "value": 8.0,
    "gradient": 8.0,
    "trajectory": 8.0,
    "covariance": 64.0,
}


def tolerance_class(objective: Objective, output: str) -> str:
    """Which k is meant: kernel, density, value or gradient of an objective, trajectory, covariance."""
    return objective.output(output).tolerance


def allowance(objective: Objective, output: str, scale: ArrayLike, dtype: str) -> Float:
    """The largest |got - want| that passes, elementwise.

    A covariance is the result of a quadrature, of which half the digits of the dtype are asked: sqrt(eps) for eps.
    """
    kind = tolerance_class(objective, output)
    form = FORMATS[dtype]
    eps, tiny = form.eps, form.tiny
    return K[kind] * (
        (math.sqrt(eps) if kind == "covariance" else eps) * np.asarray(scale, dtype=np.float64)
        + tiny
    )
