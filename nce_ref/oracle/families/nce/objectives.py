"""Noise-contrastive estimation: J from log-ratios, from log-densities, and of two models with Gaussian noise, the noise
one flat sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import (
    Facts,
    Inputs,
    Objective,
    Output,
    Ridges,
    Shape,
)
from nce_ref.oracle.families.densities import facts
from nce_ref.oracle.families.densities.objectives import (
    GAUSSIAN_NOISE,
    LAPLACE,
    NOISE,
    SQUARE,
    X,
    Y,
)
from nce_ref.oracle.families.kernels.objectives import EXACT
from nce_ref.oracle.families.nce import exact, many, one_formula, scales, textbook
from nce_ref.oracle.families.nce.one_formula_words import fitted

_J = "(1/n_data) [sum_x ln sigma(G - ln nu) + sum_y ln sigma(ln nu - G)]"


def _nu_of_sizes(data: str, noise: str) -> Facts:
    def refuses(inputs: Inputs) -> Iterator[str]:
        n_data, n_noise = len(inputs[data]), len(inputs[noise])
        # A ratio that float32 has rounded is the ratio.
        if not abs(inputs["nu"] * n_data - n_noise) <= 2.0**-23 * n_noise:
            yield f"nu {inputs['nu']!r}; expected n_noise/n_data = {n_noise}/{n_data}"

    return Facts(refuses=refuses)


def _nu(sizes: Mapping[str, int]) -> float:
    return sizes["n_noise"] / sizes["n_data"]


def noise_varies(*names: str) -> Facts:
    """The flag of noise log-densities, by these names, that are not all the same; those that are infinite do not
    count."""

    def varies(inputs: Inputs) -> bool:
        every = np.concatenate([np.ravel(inputs[name]) for name in names])
        return bool(np.ptp(every[np.isfinite(every)]) > 0)

    return Facts(flags={"noise-varies": varies})


def log_ratios(model: Any, inputs: Inputs) -> tuple[Float, Float]:
    """G on the data and on the noise; ``model`` takes points to ln p_m."""
    noise = GAUSSIAN_NCE.right.gaussian_log_density
    law = inputs["noise_mean"], inputs["noise_cov"]
    return model(inputs["x"]) - noise(inputs["x"], *law), model(inputs["y"]) - noise(
        inputs["y"], *law
    )


def _borders(data: Float, noise: Float, nu: float) -> tuple[Float, ...]:
    return data - math.log(nu), math.log(nu) - noise


def _of_log_ratios(inputs: Inputs) -> tuple[Float, ...]:
    return _borders(inputs["log_ratio_data"], inputs["log_ratio_noise"], inputs["nu"])


def _of_log_densities(inputs: Inputs) -> tuple[Float, ...]:
    return _borders(
        inputs["log_model_data"] - inputs["log_noise_data"],
        inputs["log_model_noise"] - inputs["log_noise_noise"],
        inputs["nu"],
    )


def laplace_ratios(inputs: Inputs) -> tuple[Float, Float]:
    """G of the Laplace ICA model on both samples."""
    return log_ratios(
        lambda u: LAPLACE_ICA_NCE.right.laplace(inputs["B"], inputs["c"], u)[0], inputs
    )


def _of_laplace(inputs: Inputs) -> tuple[Float, ...]:
    return _borders(*laplace_ratios(inputs), len(inputs["y"]) / len(inputs["x"]))


def _of_gaussian(inputs: Inputs) -> tuple[Float, ...]:
    ratios = log_ratios(
        lambda u: GAUSSIAN_NCE.right.gaussian(inputs["precision"], inputs["c"], u)[0], inputs
    )
    return _borders(*ratios, len(inputs["y"]) / len(inputs["x"]))


def ridges_of(right: textbook.NceSteps) -> Callable[[Inputs], list[Float]]:
    """The columns of dJ/dB at its kinks, J being made of these steps."""

    def columns(inputs: Inputs) -> list[Float]:
        nu = len(inputs["y"]) / len(inputs["x"])
        _, of_data, of_noise = right.nce(*laplace_ratios(inputs), nu)
        points = np.concatenate([inputs["x"], inputs["y"]])
        return facts.ridge_columns(inputs["B"], points, np.concatenate([of_data, of_noise]))

    return columns


def _value() -> Output:
    return Output("value", (), tolerance="value")


def _gradient(by: str, shape: Shape) -> Output:
    return Output(f"grad_{by}", shape, by, tolerance="gradient")


NCE_FROM_LOG_RATIOS = Objective(
    "nce_from_log_ratios",
    {"log_ratio_data": ("n_data",), "log_ratio_noise": ("n_noise",), "nu": ()},
    (
        _value(),
        _gradient("log_ratio_data", ("n_data",)),
        _gradient("log_ratio_noise", ("n_noise",)),
    ),
    f"J = {_J}",
    "J12; P10 eq. 8 is J/2 at nu = 1",
    is_mean=True,
    exact=exact.nce_from_log_ratios,
    many=many.nce_from_log_ratios,
    has_halves=True,
    method=f"nce_ref/oracle/families/nce/exact.py: {EXACT}",
    scales=scales.nce_from_log_ratios,
    right=textbook.NceSteps(),
    answer=textbook.nce_from_log_ratios,
    log_sigmoids=_of_log_ratios,
    follows={"nu": _nu},
    facts=(_nu_of_sizes("log_ratio_data", "log_ratio_noise"),),
    fit=fitted(one_formula.of_log_ratios),
)
BINARY_NCE = Objective(
    "binary_nce",
    {
        "log_model_data": ("n_data",),
        "log_model_noise": ("n_noise",),
        "log_noise_data": ("n_data",),
        "log_noise_noise": ("n_noise",),
        "nu": (),
    },
    (
        _value(),
        _gradient("log_model_data", ("n_data",)),
        _gradient("log_model_noise", ("n_noise",)),
    ),
    f"J = {_J}, G = log_model - log_noise",
    "J12; P10 eq. 8 is J/2 at nu = 1",
    is_mean=True,
    exact=exact.binary_nce,
    many=many.binary_nce,
    has_halves=True,
    method=f"nce_ref/oracle/families/nce/exact.py: {EXACT}",
    scales=scales.binary_nce,
    right=textbook.BinaryNceSteps(),
    answer=textbook.binary_nce,
    log_sigmoids=_of_log_densities,
    follows={"nu": _nu},
    facts=(
        _nu_of_sizes("log_model_data", "log_model_noise"),
        noise_varies("log_noise_data", "log_noise_noise"),
    ),
    fit=fitted(one_formula.of_log_densities),
)
LAPLACE_ICA_NCE = Objective(
    "laplace_ica_nce",
    {"B": SQUARE, "c": (), "x": X, "y": Y, **NOISE},
    (_value(), _gradient("B", SQUARE), _gradient("c", ())),
    f"J = {_J}, {LAPLACE}, {GAUSSIAN_NOISE}, nu = n_noise/n_data",
    "J12; P10 section 3.1",
    is_mean=True,
    constant="c",
    exact=exact.laplace_ica_nce,
    method=f"nce_ref/oracle/families/nce/exact.py: {EXACT}",
    scales=scales.laplace_ica_nce,
    right=textbook.LaplaceNceSteps(),
    answer=textbook.laplace_ica_nce,
    log_sigmoids=_of_laplace,
    n_kinks=facts.n_kinks("x", "y"),
    kink=Ridges(facts.KINK_CONVENTION, "B", ridges_of(textbook.LaplaceNceSteps())),
    facts=facts.DEMIXING + facts.NOISE + facts.CONSTANT + facts.NORMALISED,
    symmetric=("noise_cov",),
    fit=fitted(one_formula.of_laplace_ica),
)
GAUSSIAN_NCE = Objective(
    "gaussian_nce",
    {"precision": SQUARE, "c": (), "x": X, "y": Y, **NOISE},
    (_value(), _gradient("precision", SQUARE), _gradient("c", ())),
    f"J = {_J}, ln p_m(u) = -1/2 u' precision u + c, {GAUSSIAN_NOISE}, nu = n_noise/n_data; "
    "grad_precision is symmetric, all n^2 entries independent",
    "J12's toy example, any dimension",
    is_mean=True,
    constant="c",
    exact=exact.gaussian_nce,
    method=f"nce_ref/oracle/families/nce/exact.py: {EXACT}",
    scales=scales.gaussian_nce,
    right=textbook.GaussianNceSteps(),
    answer=textbook.gaussian_nce,
    log_sigmoids=_of_gaussian,
    facts=facts.PRECISION + facts.NOISE + facts.CONSTANT,
    symmetric=("precision", "noise_cov"),
    fit=fitted(one_formula.of_gaussian),
)
