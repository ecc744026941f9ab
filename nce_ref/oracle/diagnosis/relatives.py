"""One objective's function handed to another: what comes out of it, and which objective to name instead.

Conventions
-----------
evaluate  inputs of the objective that was named -> what the other objective's function makes of the same arguments
use       the objective to name; "" where none is the one, and ``title`` says what was computed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nce_ref.oracle import textbook
from nce_ref.oracle.objectives import OBJECTIVES, Objective
from nce_ref.oracle.textbook_network import ACTIVATIONS

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Relative:
    """Another function of the same arguments."""

    id: str
    title: str
    use: str
    evaluate: Callable[[Inputs], dict[str, Any]]

    def remedy(self, named: str) -> str:
        """What to do about it."""
        if self.use:
            return (
                f'if this function is what you meant, check it as oracle.check(impl, "{self.use}")'
            )
        return f"hand the arguments over as {named} has them: {OBJECTIVES[named].formula}"


def relatives_of(objective: str) -> tuple[Relative, ...]:
    """What may have been handed over in the place of an objective."""
    return _RELATIVES.get(objective, ())


def recognise_signature(parameter_names: Sequence[str], objective: Objective) -> str | None:
    """Say so where a function's parameters are those of another objective; None where they fit, or fit none."""
    names = set(parameter_names)
    if not names or set(objective.arguments) <= names:
        return None
    others = [
        other
        for other in OBJECTIVES.values()
        if other is not objective and set(other.arguments) <= names
    ]
    if not others:
        return None
    widest = max(len(other.arguments) for other in others)
    fitting = [other.name for other in others if len(other.arguments) == widest]
    use = " or ".join(f'oracle.check(impl, "{name}")' for name in fitting)
    return (
        f"The parameters ({', '.join(parameter_names)}) are those of {' or '.join(fitting)}, "
        f"not of {objective.name} ({', '.join(objective.arguments)}): use {use}."
    )


def _right(objective: str, **inputs: Any) -> dict[str, Any]:
    return textbook.evaluate(textbook.Steps(), objective, inputs)


def _log_sigmoid(inputs: Inputs) -> dict[str, Any]:
    return _right("log_sigmoid", **inputs)


def _log_ratios(inputs: Inputs) -> dict[str, Any]:
    data, noise = inputs["log_model_data"], inputs["log_model_noise"]
    found = _right(
        "nce_from_log_ratios", log_ratio_data=data, log_ratio_noise=noise, nu=inputs["nu"]
    )
    return {name.replace("log_ratio", "log_model"): value for name, value in found.items()}


def _normalised(inputs: Inputs) -> dict[str, Any]:
    constant, _ = textbook.Steps().log_normaliser(inputs["B"], 1)
    return {
        "value": _right("laplace_ica_log_density", B=inputs["B"], c=0.0, u=inputs["u"])["value"]
        + constant
    }


def _likelihood(inputs: Inputs) -> dict[str, Any]:
    return {
        **_right("laplace_ica_mle", B=inputs["B"], x=inputs["x"]),
        "grad_c": np.zeros((), dtype=inputs["x"].dtype),
    }


def _exact_normaliser(inputs: Inputs) -> dict[str, Any]:
    return _right("laplace_ica_mle", B=inputs["B"], x=inputs["x"])


def _network(activation: str) -> Relative:
    use = f"mlp_{activation}_log_density"
    return Relative(
        f"{activation}-given",
        f"the hidden units' activation is {activation}",
        use,
        lambda inputs: _right(use, **inputs),
    )


_RELATIVES: dict[str, tuple[Relative, ...]] = {
    "log_sigmoid": (
        Relative(
            "sigmoid-given",
            "sigma(t) is returned, not its logarithm",
            "sigmoid",
            lambda inputs: _right("sigmoid", **inputs),
        ),
    ),
    "sigmoid": (
        Relative(
            "log-sigmoid-given",
            "ln sigma(t) is returned, not sigma(t)",
            "log_sigmoid",
            lambda inputs: _right("log_sigmoid", **inputs),
        ),
    ),
    "binary_nce": (
        Relative(
            "log-ratios-expected",
            "log_model_data and log_model_noise are taken as log-ratios, ln p_n unused",
            "nce_from_log_ratios",
            _log_ratios,
        ),
    ),
    "laplace_ica_log_density": (
        Relative(
            "normalised-density",
            "the normalised density is returned: c is unused, -ln Z in its place",
            "",
            _normalised,
        ),
    ),
    "laplace_ica_nce": (
        Relative(
            "likelihood-given",
            "the mean log-likelihood of x is returned, y, c and noise unused",
            "laplace_ica_mle",
            _likelihood,
        ),
    ),
    "laplace_ica_importance_sampling": (
        Relative(
            "exact-normaliser",
            "ln Z is the exact one, y and noise unused",
            "laplace_ica_mle",
            _exact_normaliser,
        ),
    ),
    **{
        f"mlp_{name}_log_density": tuple(_network(other) for other in ACTIVATIONS if other != name)
        for name in ACTIVATIONS
    },
}
