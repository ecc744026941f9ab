"""The objective of nu = 1, whatever the sizes are, as an objective of its own: each sum over its own number of points.

    J_1 = (1/n_data) sum_x ln sigma(G) + (1/n_noise) sum_y ln sigma(-G)

It is J of THEORY.md section 5 with w1 = w0 = kappa = 1: consistent, c's estimate is not moved, but n_noise points do
the work of n_data; what most two-sample demos compute, "mean + mean". With ln nu kept in sigma and the means kept, too,
it is not: c moves by ln nu (the mistake ``noise-averaged``), so there is no convention for that.

Conventions
-----------
view     what the objective of this layout says, its steps with those of the mistake ``mean-of-means`` laid over them
masked   there is none: "the mean over the noise" is over all points that count, or over a row's and then over rows,
         and the two differ
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import AT_ONE, Inputs, Objective, Ridges, laid_over
from nce_ref.oracle.families.nce import exact_layouts
from nce_ref.oracle.families.nce.layouts import LAYOUTS, flat_points, in_rows, on, scales_in_rows
from nce_ref.oracle.families.nce.mistakes_nu import MEAN_OF_MEANS
from nce_ref.oracle.families.nce.objectives import (
    BINARY_NCE,
    GAUSSIAN_NCE,
    LAPLACE_ICA_NCE,
    NCE_FROM_LOG_RATIOS,
    ridges_of,
)

_FLAT = {one.name: one for one in (NCE_FROM_LOG_RATIOS, BINARY_NCE, LAPLACE_ICA_NCE, GAUSSIAN_NCE)}


def _borders(objective: Objective) -> Callable[[Inputs], tuple[Float, ...]]:
    """The arguments of ln sigma: ln nu is not among them."""

    def borders(inputs: Inputs) -> tuple[Float, ...]:
        n_data, n_noise = objective.sample_sizes(inputs)
        data, noise = objective.log_sigmoids(inputs)
        return data + np.log(n_noise / n_data), noise - np.log(n_noise / n_data)

    return borders


def _scales_in_rows_of_points(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda want, **inputs: rule(**flat_points(inputs), want=want)


def _at_one(objective: Objective) -> Objective:
    flat = _FLAT[objective.base]
    assert flat.exact is not None and flat.scales is not None
    exact, scales = partial(flat.exact, at_one=True), partial(flat.scales, at_one=True)
    many = None if flat.many is None else partial(flat.many, at_one=True)
    right = laid_over(MEAN_OF_MEANS.steps, objective.right)
    kink = replace(flat.kink, columns=ridges_of(right)) if isinstance(flat.kink, Ridges) else None
    if objective is not flat and "y" in flat.arguments:
        exact = exact_layouts.of_rows_of_points(exact)  # type: ignore[assignment]
        scales = _scales_in_rows_of_points(scales)  # type: ignore[assignment]
        kink = kink and replace(kink, columns=on(flat_points, kink.columns))
    elif objective is not flat:
        assert many is not None
        exact, many = in_rows(exact), in_rows(many)  # type: ignore[assignment]
        scales = scales_in_rows(scales)  # type: ignore[assignment]
    return replace(
        objective,
        name=f"{objective.base}/{objective.layout}{AT_ONE}",
        formula=(
            "J = (1/n_data) sum_x ln sigma(G) + (1/n_noise) sum_y ln sigma(-G), the objective of nu = 1 for any sizes;"
            f" otherwise as {objective.formula}"
        ),
        exact=exact,
        many=many,
        method="nce_ref/oracle/families/nce/exact.py, at_one",
        scales=scales,
        right=right,
        log_sigmoids=_borders(objective),
        kink=kink,
        fit=None,
    )


OBJECTIVES = tuple(_at_one(one) for one in (*_FLAT.values(), *LAYOUTS) if one.layout != "masked")
