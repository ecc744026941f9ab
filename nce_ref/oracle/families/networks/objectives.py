"""Networks as log-densities: tanh, softplus and ReLU units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import (
    Array,
    Corners,
    Facts,
    Family,
    Inputs,
    Objective,
    Output,
    Outputs,
    Relative,
)
from nce_ref.oracle.families.densities.objectives import U
from nce_ref.oracle.families.networks import exact as exact_network
from nce_ref.oracle.families.networks import mistakes, mistakes_gradients, scales, textbook

RELU_KINK = "mlp-relu-kink"  # the catalogue's entry
_STEPS = {
    "tanh": textbook.TanhSteps(),
    "softplus": textbook.SoftplusSteps(),
    "relu": textbook.ReluSteps(),
}
_FORMULAS = {
    "tanh": "phi(z) = tanh z",
    "softplus": "phi(z) = ln(1 + e^z)",
    "relu": "phi(z) = max(z, 0), phi'(0) = 0",
}
_EXACT: dict[str, Callable[..., Outputs]] = {
    "tanh": exact_network.mlp_tanh_log_density,
    "softplus": exact_network.mlp_softplus_log_density,
    "relu": exact_network.mlp_relu_log_density,
}


def hidden_sums(activation: str) -> Callable[[Inputs], list[Float]]:
    """The pre-activations of each hidden layer, (n_points, units)."""

    def sums(inputs: Inputs) -> list[Float]:
        steps, a, found = _STEPS[activation], inputs["u"], []
        layers = steps.layers(inputs["layer_sizes"], inputs["theta"])
        for k, (W, b) in enumerate(layers[:-1]):
            found.append(a @ W.T + b)
            a = steps.activation(activation, found[-1], k + 1, len(layers))[0]
        return found

    return sums


def _refuses(inputs: Inputs) -> Iterator[str]:
    sizes, theta, u = np.asarray(inputs["layer_sizes"]), inputs["theta"], inputs["u"]
    if (
        sizes.size < 2
        or (sizes < 1).any()
        or (sizes != np.floor(sizes)).any()
        or sizes[-1] != 1
        or sizes[0] != u.shape[1]
    ):
        yield f"layer_sizes {sizes.tolist()}; expected whole numbers from n_dim = {u.shape[1]} to 1"
    elif (n_weights := int((sizes[1:] * (sizes[:-1] + 1)).sum())) != len(theta):
        yield f"theta: {len(theta)} numbers; expected {n_weights} for layer_sizes {sizes.astype(int).tolist()}"


def _draws(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Float]:
    """None to two hidden layers of one to three units, and their weights."""
    hidden = rng.integers(1, 4, size=rng.integers(3)).tolist()
    layers = np.array([sizes["n_dim"], *hidden, 1], dtype=np.float64)
    n_weights = int((layers[1:] * (layers[:-1] + 1)).sum())
    theta = rng.normal(scale=rng.choice([0.5, 1.0, 4.0]), size=n_weights)
    return {"layer_sizes": layers, "theta": theta}


class _ReluSlope(textbook.ReluSteps):
    def __init__(self, at_zero: float) -> None:
        self.at_zero = at_zero

    def relu(self, z: Array) -> tuple[Array, Array]:
        return np.maximum(z, 0.0), np.heaviside(z, z.dtype.type(self.at_zero))


def _with_slope(at_zero: float, inputs: Inputs) -> Outputs:
    return MLP_RELU.evaluate(_ReluSlope(at_zero), inputs)


def _n_kinks(inputs: Inputs) -> int:
    return sum(int((z == 0).sum()) for z in hidden_sums("relu")(inputs))


def _network(activation: str, **more: Any) -> Objective:
    return Objective(
        f"mlp_{activation}_log_density",
        {"layer_sizes": ("n_layers",), "theta": ("n_weights",), "u": U},
        (
            Output("value", ("n_points",), tolerance="density"),
            Output("grad_theta", ("n_weights",), "theta", tolerance="density"),
            Output("grad_u", U, "u", tolerance="density"),
        ),
        f"f(u) = W_L phi(... phi(W_1 u + b_1) ...) + b_L, {_FORMULAS[activation]}, the last layer"
        " linear; layer_sizes = (n_dim, hidden sizes, 1), whole numbers that come as an array of"
        " the dtype: cast them to int; theta = W_1 (out x in, row by row), b_1, W_2, b_2, ...;"
        " grad_theta is the derivative of the sum of the values over the points, grad_u that of"
        " each value by its point",
        "the chain rule; NCE takes any unnormalised model, P10 and J12",
        exact=_EXACT[activation],
        method=(
            "nce_ref/oracle/families/networks/exact.py: fractions, or decimals with error bounds,"
            " their precision doubled until all digits are sure"
        ),
        scales=scales.rule(activation),
        right=_STEPS[activation],
        answer=lambda steps, **inputs: steps.network(activation, **inputs),
        saturating=hidden_sums(activation),
        draws=_draws,
        facts=(
            Facts(
                flags={"no-hidden-layer": lambda inputs: len(inputs["layer_sizes"]) == 2},
                refuses=_refuses,
            ),
        ),
        dimensions={
            "n_layers": "layers of a network, input and output included",
            "n_weights": "all weights and biases of a network",
        },
        **more,
    )


MLP_TANH = _network("tanh")
MLP_SOFTPLUS = _network("softplus")
MLP_RELU = _network("relu", n_kinks=_n_kinks, kink=Corners(RELU_KINK, (1.0, 0.5), _with_slope))
_BY_ACTIVATION = {"tanh": MLP_TANH, "softplus": MLP_SOFTPLUS, "relu": MLP_RELU}


def _relative(at: Objective, activation: str) -> Relative:
    other = _BY_ACTIVATION[activation]
    return Relative(
        at.name,
        f"{activation}-given",
        f"the hidden units' activation is {activation}",
        other.name,
        lambda inputs: other.evaluate(other.right, inputs),
    )


FAMILY = Family(
    "networks",
    tuple(_BY_ACTIVATION.values()),
    relatives=tuple(
        _relative(at, activation)
        for at in _BY_ACTIVATION.values()
        for activation, other in _BY_ACTIVATION.items()
        if other is not at
    ),
    mistakes=(
        ("Networks as log-densities", mistakes.MISTAKES),
        ("Back-propagation written by hand", mistakes_gradients.MISTAKES),
    ),
    all_of_it="every network",
)
