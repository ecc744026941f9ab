"""J of many logits, by ``numbers/many``: the formulas of ``exact``, faster and to fewer digits.

Conventions
-----------
inputs   as those of ``exact``, finite floats, taken exactly; nu > 0
outputs  Decimals and lists of them, right to 10^-(digits + 4) relatively: no sum here has summands of both signs
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from nce_ref.oracle.families.base import Outputs
from nce_ref.oracle.numbers import many

Numbers = Sequence[float]


def nce_from_log_ratios(
    log_ratio_data: Numbers,
    log_ratio_noise: Numbers,
    nu: float,
    *,
    at_one: bool = False,
    digits: int,
) -> Outputs:
    """J from G, (n_data,) and (n_noise,)."""
    value, data, noise = _nce((log_ratio_data,), (log_ratio_noise,), nu, digits, at_one)
    return {"value": value, "grad_log_ratio_data": data, "grad_log_ratio_noise": noise}


def binary_nce(
    log_model_data: Numbers,
    log_model_noise: Numbers,
    log_noise_data: Numbers,
    log_noise_noise: Numbers,
    nu: float,
    *,
    at_one: bool = False,
    digits: int,
) -> Outputs:
    """J from log-densities, (n_data,), (n_noise,), (n_data,), (n_noise,)."""
    value, data, noise = _nce(
        (log_model_data, log_noise_data), (log_model_noise, log_noise_noise), nu, digits, at_one
    )
    return {"value": value, "grad_log_model_data": data, "grad_log_model_noise": noise}


def _nce(
    data: tuple[Numbers, ...],
    noise: tuple[Numbers, ...],
    nu: float,
    digits: int,
    at_one: bool,
) -> tuple[Decimal, list[Decimal], list[Decimal]]:
    """J, dJ/dG on the data, sigma(-t)/n_data with t = G - ln nu, and on the noise, -sigma(t)/n_data; G = first less
    second. ``at_one``: as in ``exact``."""
    if not nu > 0:
        raise ValueError(f"nu: got {nu}; expected a number above 0")
    sizes = [float(np.abs(column).max()) for column in (*data, *noise)]
    precision = many.precision_for(max(*sizes, 1000.0), digits)
    with many.working(precision):
        n_data, log_nu = len(data[0]), Decimal(1.0 if at_one else float(nu)).ln()
        n_noise = len(noise[0]) if at_one else n_data
        t = [g - log_nu for g in _differences(data)]
        s = [log_nu - g for g in _differences(noise)]
        e_t, e_s = many.tails(t), many.tails(s)
        of_data, of_noise = (
            many.log_sigmoids(values, e, precision)[1] for values, e in ((t, e_t), (s, e_s))
        )
        return (
            of_data / n_data + of_noise / n_noise,
            [h / n_data for h in many.sigmoids([v.copy_negate() for v in t], e_t)],
            [(h / n_noise).copy_negate() for h in many.sigmoids([v.copy_negate() for v in s], e_s)],
        )


def _differences(columns: tuple[Numbers, ...]) -> list[Decimal]:
    """The first less the second, where there is one; Decimal(float) is exact, the difference is rounded once."""
    first, *others = ([Decimal(v) for v in np.asarray(column).tolist()] for column in columns)
    return [a - b for a, b in zip(first, others[0])] if others else [+a for a in first]
