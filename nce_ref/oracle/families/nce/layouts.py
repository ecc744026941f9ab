"""The NCE objectives with their noise laid out as losses take it: each layout an objective of its own, a view of the
flat one.

    equal    noise (n_data,), nu = 1                    one noise point a data point
    rows     noise (n_data, k), nu = k                  k of its own for each data point
    masked   noise, mask (n_data, k), weights, nu (n_data,)   rows of different lengths, padded, and weighted
    shared   noise (n_data, n_noise), nu = n_noise      the same noise for every data point, the model conditional on it

Conventions
-----------
view     what the flat objective says, asked with its noise flattened row by row; nu = k is n_noise/n_data then
masked   ``layouts_masked``: formulas of its own
right_there   mistakes that cannot be made there, or are none, with the reason beside them
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Inputs, Objective, Outputs, Ridges, Shape
from nce_ref.oracle.families.nce import (
    exact_layouts,
    many_layouts,
    one_formula,
    scales_layouts,
    textbook_layouts,
)
from nce_ref.oracle.families.nce.layouts_masked import COLUMNS, is_of_noise, masked
from nce_ref.oracle.families.nce.objectives import (
    BINARY_NCE,
    GAUSSIAN_NCE,
    LAPLACE_ICA_NCE,
    NCE_FROM_LOG_RATIOS,
)
from nce_ref.oracle.families.nce.one_formula import RatiosOf
from nce_ref.oracle.families.nce.one_formula_words import fitted

# At nu = 1, with as many noise points as data points, ln nu is 0 and every weight 1/n; and "negative-sampling" is
# "no-log-pn-everywhere", swapped samples and a swapped ratio are swapped labels, logits are log-ratios, and the mean
# over all points is half of the two means.
_RIGHT_AT_ONE = (
    "no-log-nu",
    "nu-sign",
    "noise-averaged",
    "mean-of-means",
    "noise-weighted-twice",
    "nu-inverted",
    "nu-log2",
    "nu-log10",
    "nu-integer",
    "nu-integer-at-least-1",
    "log-nu-data-only",
    "log-nu-noise-only",
    "log-nu-sign-noise",
    "log-nu-sign-data",
    "divided-by-n-noise",
    "negative-sampling",
    "samples-swapped",
    "ratio-swapped",
    "noise-truncated",
    "gradient-per-noise",
    "gradient-noise-averaged",
    "gradient-no-log-nu",
    "temperature-logits",
    "logits-standardised",
    "penalty-logits",
)
# nu is whole; and (n, k) less (n, k) broadcasts to nothing else.
_RIGHT_IN_ROWS = (
    "nu-integer",
    "nu-integer-at-least-1",
    "noise-truncated",
    "broadcast-pairs",
    "broadcast-summed",
)


def _flat(inputs: Inputs) -> dict[str, Any]:
    """Rows of noise one after the other."""
    return {
        name: np.reshape(value, -1) if is_of_noise(name) else value
        for name, value in inputs.items()
    }


def flat_points(inputs: Inputs) -> dict[str, Any]:
    """Rows of points one after the other."""
    return {**inputs, "y": np.reshape(inputs["y"], (-1, np.shape(inputs["y"])[-1]))}


def on(flat: Callable[[Inputs], Any], function: Callable[..., Any]) -> Callable[[Inputs], Any]:
    """A function of inputs, asked with them flattened."""
    return lambda inputs: function(flat(inputs))


def scales_in_rows(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule of the flat layout, asked with rows."""

    def laid_out(*, want: Mapping[str, Float], **inputs: Any) -> dict[str, Any]:
        found = rule(**_flat(inputs), want=want)
        return {name: np.reshape(value, np.shape(want[name])) for name, value in found.items()}

    return laid_out


def in_rows(function: Callable[..., Outputs]) -> Callable[..., Outputs]:
    """A formula of the flat layout, asked with rows of noise, each of which comes back as a list."""

    def laid_out(*, digits: int, **inputs: Any) -> Outputs:
        shape = next(np.shape(value) for name, value in inputs.items() if is_of_noise(name))
        found = function(**_flat(inputs), digits=digits)
        return {
            name: _nested(value, shape) if is_of_noise(name) else value
            for name, value in found.items()
        }

    return laid_out


def _nested(values: list[Any], shape: tuple[int, ...]) -> list[Any]:
    if len(shape) == 1:
        return values
    return [values[i * shape[1] : (i + 1) * shape[1]] for i in range(shape[0])]


def _nu_is(nu: Callable[[Mapping[str, int]], float], words: str, noise: str, axis: str) -> Facts:
    def refuses(inputs: Inputs) -> Iterator[str]:
        shape = np.shape(inputs[noise])
        expected = nu({"n_data": shape[0], axis: shape[-1]})
        if inputs["nu"] != expected:
            yield f"nu {inputs['nu']!r}; expected {words} = {expected}"

    return Facts(refuses=refuses)


def _laid_out(
    flat: Objective,
    name: str,
    noise: Shape,
    *,
    words: str,
    nu: Callable[[Mapping[str, int]], float],
    exact: Callable[..., Outputs],
    right: Any,
    ratios: RatiosOf,
    right_there: tuple[str, ...],
) -> Objective:
    """A view: noise of this shape, nu a function of the sizes."""
    first = next(argument for argument in flat.arguments if is_of_noise(argument))
    assert flat.answer is not None and flat.many is not None and flat.scales is not None
    others = tuple(facts for facts in flat.facts if facts.flags)
    return replace(
        flat,
        name=f"{flat.name}/{name}",
        arguments={
            argument: noise if is_of_noise(argument) else shape
            for argument, shape in flat.arguments.items()
        },
        outputs=tuple(
            replace(output, shape=noise) if is_of_noise(output.name) else output
            for output in flat.outputs
        ),
        formula=_formula(flat, words),
        exact=exact,
        many=in_rows(flat.many),
        method=flat.method.replace("exact.py", "exact_layouts.py"),
        scales=scales_in_rows(flat.scales),
        right=right,
        answer=textbook_layouts.in_rows(flat.answer),
        log_sigmoids=on(_flat, flat.log_sigmoids),
        follows={"nu": nu},
        facts=(_nu_is(nu, words.split(",")[0], first, noise[-1]), *others),
        counts=lambda inputs: (np.shape(inputs[first])[0], np.size(inputs[first])),
        fit=fitted(on(_flat, ratios)),
        dimensions=COLUMNS,
        right_there=right_there,
    )


def _formula(flat: Objective, words: str) -> str:
    g = ", G = log_model - log_noise" if "log_model_data" in flat.arguments else ""
    if words.startswith("nu = 1"):
        return f"J = (1/n_data) sum_i [ln sigma(G_i) + ln sigma(-G_i of the noise)], {words}{g}"
    return (
        f"J = (1/n_data) sum_i [ln sigma(G_i - ln nu) + sum_j ln sigma(ln nu - G_ij)], {words}{g}"
    )


def _rows_of_points(
    flat: Objective, right: Any, ratios: RatiosOf, right_there: tuple[str, ...]
) -> Objective:
    """A model's, y being (n_data, k, n_dim)."""
    assert flat.exact is not None and flat.scales is not None and flat.answer is not None
    rule = flat.scales
    kink = flat.kink
    if isinstance(kink, Ridges):
        kink = replace(kink, columns=on(flat_points, kink.columns))
    return replace(
        flat,
        name=f"{flat.name}/rows",
        arguments=flat.arguments | {"y": ("n_data", "k", "n_dim")},
        formula=flat.formula.replace("nu = n_noise/n_data", "y_ij in rows, nu = k"),
        exact=exact_layouts.of_rows_of_points(flat.exact),
        method=flat.method.replace("exact.py", "exact_layouts.py"),
        scales=lambda want, **inputs: rule(**flat_points(inputs), want=want),
        right=right,
        answer=textbook_layouts.in_rows_of_points(flat.answer),
        log_sigmoids=on(flat_points, flat.log_sigmoids),
        n_kinks=on(flat_points, flat.n_kinks),
        kink=kink,
        counts=lambda inputs: (np.shape(inputs["y"])[0], int(np.prod(np.shape(inputs["y"])[:2]))),
        dimensions=COLUMNS,
        right_there=right_there,
        fit=fitted(on(flat_points, ratios)),
    )


def _k(sizes: Mapping[str, int]) -> float:
    return float(sizes["k"])


def _n_noise(sizes: Mapping[str, int]) -> float:
    return float(sizes["n_noise"])


def _one(sizes: Mapping[str, int]) -> float:
    return 1.0


def _views(
    flat: Objective,
    equal: Callable[..., Outputs],
    rows: Callable[..., Outputs],
    right: Any,
    ratios: RatiosOf,
) -> tuple[Objective, Objective, Objective]:
    own_noise, all_noise = ("n_data", "k"), ("n_data", "n_noise")
    shared = (*_RIGHT_IN_ROWS, "first-row-of-log-pn")
    return (
        _laid_out(
            flat,
            "equal",
            ("n_data",),
            words="nu = 1, one noise point a data point",
            nu=_one,
            exact=equal,
            right=flat.right,
            ratios=ratios,
            right_there=_RIGHT_AT_ONE,
        ),
        _laid_out(
            flat,
            "rows",
            own_noise,
            words="nu = k, k noise points of its own for each data point",
            nu=_k,
            exact=rows,
            right=right,
            ratios=ratios,
            right_there=_RIGHT_IN_ROWS,
        ),
        _laid_out(
            flat,
            "shared",
            all_noise,
            words="nu = n_noise, the same noise for every data point",
            nu=_n_noise,
            exact=rows,
            right=right,
            ratios=ratios,
            right_there=shared,
        ),
    )


_OF_LOG_RATIOS = _views(
    NCE_FROM_LOG_RATIOS,
    exact_layouts.equal_from_log_ratios,
    exact_layouts.rows_from_log_ratios,
    NCE_FROM_LOG_RATIOS.right,
    one_formula.of_log_ratios,
)
_OF_LOG_DENSITIES = _views(
    BINARY_NCE,
    exact_layouts.equal_binary_nce,
    exact_layouts.rows_binary_nce,
    textbook_layouts.RowsBinarySteps(),
    one_formula.of_log_densities,
)
LAYOUTS = (
    *_OF_LOG_RATIOS[:2],
    masked(
        NCE_FROM_LOG_RATIOS,
        exact_layouts.masked_from_log_ratios,
        many_layouts.masked_from_log_ratios,
        scales_layouts.masked_from_log_ratios,
        textbook_layouts.masked_from_log_ratios,
        textbook_layouts.MaskedSteps(),
    ),
    _OF_LOG_RATIOS[2],
    *_OF_LOG_DENSITIES[:2],
    masked(
        BINARY_NCE,
        exact_layouts.masked_binary_nce,
        many_layouts.masked_binary_nce,
        scales_layouts.masked_binary_nce,
        textbook_layouts.masked_binary_nce,
        textbook_layouts.MaskedBinarySteps(),
    ),
    _OF_LOG_DENSITIES[2],
    _rows_of_points(
        LAPLACE_ICA_NCE,
        textbook_layouts.RowsLaplaceSteps(),
        one_formula.of_laplace_ica,
        _RIGHT_IN_ROWS,
    ),
    _rows_of_points(
        GAUSSIAN_NCE,
        textbook_layouts.RowsGaussianSteps(),
        one_formula.of_gaussian,
        _RIGHT_IN_ROWS,
    ),
)
