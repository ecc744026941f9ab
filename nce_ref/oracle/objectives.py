"""What the oracle judges: every objective's arguments, outputs, shapes and formula. These names are the vectors' format.

Conventions
-----------
arguments  handed over by name: arrays in the dtype of the check, scalars (shape ``()``) as Python floats
outputs    a dict from these names, any subset; what is not returned is unsupported, not wrong. A bare float or array is ``value``
shapes     in the words of ``DIMENSIONS``; points are rows; nu always equals n_noise/n_data
J          (1/n_data) [ sum_x ln h + sum_y ln(1 - h) ],  h = sigma(G - ln nu),  G = ln p_m - ln p_n: maximised, c is added
"""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[str, ...]

DIMENSIONS = {
    "n_points": "points, rows of u or entries of t",
    "n_data": "data points, rows of x",
    "n_noise": "noise points, rows of y",
    "n_dim": "dimension of a point",
    "n_params": "n_dim^2 + 1: B row by row, then c",
    "n_layers": "layers of a network, input and output included",
    "n_weights": "all weights and biases of a network",
}


@dataclass(frozen=True)
class Output:
    """One number or array that an implementation may return; ``derivative_of`` names the argument it differentiates by.

    ``follows_value``  sense and reduction apply to it, where they apply to the value at all
    ``is_decision``    0 or 1; booleans will do
    """

    name: str
    shape: Shape
    derivative_of: str | None = None
    follows_value: bool = True
    is_decision: bool = False


@dataclass(frozen=True)
class Objective:
    """One function to be judged.

    ``is_mean``  it sums over samples, so sense and reduction (``Convention``) apply to it
    ``kind``     "function": outputs are compared number by number; "covariance": the same, to the digits of a quadrature;
                 "estimate": any certified maximum as good as the stored one passes
    """

    name: str
    arguments: dict[str, Shape]
    outputs: tuple[Output, ...]
    formula: str
    source: str
    is_mean: bool = False
    kind: str = "function"

    def output(self, name: str) -> Output:
        """The output of that name; KeyError if there is none."""
        return {output.name: output for output in self.outputs}[name]


_X, _Y, _U, _SQUARE = (
    ("n_data", "n_dim"),
    ("n_noise", "n_dim"),
    ("n_points", "n_dim"),
    ("n_dim", "n_dim"),
)
_NOISE: dict[str, Shape] = {"noise_mean": ("n_dim",), "noise_cov": _SQUARE}
_J = "(1/n_data) [sum_x ln sigma(G - ln nu) + sum_y ln sigma(ln nu - G)]"
_LAPLACE = "ln p_m(u) = -sqrt(2) sum_i |b_i . u| + c"
_GAUSSIAN_NOISE = "ln p_n = ln N(u; noise_mean, noise_cov)"
_P10, _J12 = "P10 = Gutmann & Hyvarinen, AISTATS 2010", "J12 = Gutmann & Hyvarinen, JMLR 2012"
SOURCES = {"P10": _P10, "J12": _J12}

_IMPORTANCE = "J = (1/n_data) sum_x ln p_m - ln Z, Z = (1/n_noise) sum_y w"
_STATE: dict[str, Shape] = {"u": _U, "momentum": _U, "step_size": (), "n_steps": ()}
_TRAJECTORY = (
    Output("u_after", _U),
    Output("momentum_after", _U),
    Output("energy_change", ("n_points",)),
)
_LEAPFROG = (
    "n_steps times p += (step_size/2) score(u), u += step_size p, p += (step_size/2) score(u), one chain a row; n_steps is a whole "
    "number that comes as a float: cast it to int; energy_change = H(after) - H(before)"
)
_NEAL = "P10 section 3.1, three steps; Neal, Handbook of Markov Chain Monte Carlo, 2011"

_ACTIVATIONS = {
    "tanh": "phi(z) = tanh z",
    "softplus": "phi(z) = ln(1 + e^z)",
    "relu": "phi(z) = max(z, 0), phi'(0) = 0",
}


def _network(name: str, activation: str) -> Objective:
    return Objective(
        f"mlp_{name}_log_density",
        {"layer_sizes": ("n_layers",), "theta": ("n_weights",), "u": _U},
        (
            Output("value", ("n_points",)),
            Output("grad_theta", ("n_weights",), "theta"),
            Output("grad_u", _U, "u"),
        ),
        f"f(u) = W_L phi(... phi(W_1 u + b_1) ...) + b_L, {activation}, the last layer linear; layer_sizes = (n_dim, hidden sizes, 1), "
        "whole numbers that come as an array of the dtype: cast them to int; theta = W_1 (out x in, row by row), b_1, W_2, b_2, ...; "
        "grad_theta is the derivative of the sum of the values over the points, grad_u that of each value by its point",
        "the chain rule; NCE takes any unnormalised model, P10 and J12",
    )


_ALL = (
    Objective(
        "log_sigmoid",
        {"t": ("n_points",)},
        (Output("value", ("n_points",)), Output("grad", ("n_points",), "t")),
        "ln sigma(t) = -ln(1 + e^-t); derivative sigma(-t)",
        "the terms of J12's objective",
    ),
    Objective(
        "sigmoid",
        {"t": ("n_points",)},
        (Output("value", ("n_points",)), Output("grad", ("n_points",), "t")),
        "sigma(t) = 1/(1 + e^-t); derivative sigma(t) sigma(-t)",
        "P10 eq. 5, J12",
    ),
    Objective(
        "nce_from_log_ratios",
        {"log_ratio_data": ("n_data",), "log_ratio_noise": ("n_noise",), "nu": ()},
        (
            Output("value", ()),
            Output("grad_log_ratio_data", ("n_data",), "log_ratio_data"),
            Output("grad_log_ratio_noise", ("n_noise",), "log_ratio_noise"),
        ),
        f"J = {_J}",
        "J12; P10 eq. 8 is J/2 at nu = 1",
        is_mean=True,
    ),
    Objective(
        "binary_nce",
        {
            "log_model_data": ("n_data",),
            "log_model_noise": ("n_noise",),
            "log_noise_data": ("n_data",),
            "log_noise_noise": ("n_noise",),
            "nu": (),
        },
        (
            Output("value", ()),
            Output("grad_log_model_data", ("n_data",), "log_model_data"),
            Output("grad_log_model_noise", ("n_noise",), "log_model_noise"),
        ),
        f"J = {_J}, G = log_model - log_noise",
        "J12; P10 eq. 8 is J/2 at nu = 1",
        is_mean=True,
    ),
    Objective(
        "gaussian_log_density",
        {"u": _U, "mean": ("n_dim",), "cov": _SQUARE},
        (Output("value", ("n_points",)),),
        "-1/2 (u - mean)' cov^-1 (u - mean) - 1/2 ln det cov - (n/2) ln(2 pi)",
        "the density of N(mean, cov)",
    ),
    Objective(
        "laplace_ica_log_density",
        {"B": _SQUARE, "c": (), "u": _U},
        (Output("value", ("n_points",)),),
        _LAPLACE + "; normalised where c = ln|det B| - (n/2) ln 2",
        "P10 section 3.1",
    ),
    Objective(
        "laplace_ica_nce",
        {"B": _SQUARE, "c": (), "x": _X, "y": _Y, **_NOISE},
        (Output("value", ()), Output("grad_B", _SQUARE, "B"), Output("grad_c", (), "c")),
        f"J = {_J}, {_LAPLACE}, {_GAUSSIAN_NOISE}, nu = n_noise/n_data",
        "J12; P10 section 3.1",
        is_mean=True,
    ),
    Objective(
        "laplace_ica_mle",
        {"B": _SQUARE, "x": _X},
        (Output("value", ()), Output("grad_B", _SQUARE, "B")),
        "mean_x[-sqrt(2) sum_i |b_i . x|] + ln|det B| - (n/2) ln 2",
        "P10 section 3.1",
        is_mean=True,
    ),
    Objective(
        "gaussian_nce",
        {"precision": _SQUARE, "c": (), "x": _X, "y": _Y, **_NOISE},
        (
            Output("value", ()),
            Output("grad_precision", _SQUARE, "precision"),
            Output("grad_c", (), "c"),
        ),
        f"J = {_J}, ln p_m(u) = -1/2 u' precision u + c, {_GAUSSIAN_NOISE}, nu = n_noise/n_data; "
        "grad_precision is symmetric, all n^2 entries independent",
        "J12's toy example, any dimension",
        is_mean=True,
    ),
    Objective(
        "laplace_ica_nce_estimate",
        {"x": _X, "y": _Y, **_NOISE},
        (Output("B", _SQUARE), Output("c", ())),
        "the argmax of laplace_ica_nce over B and c, up to the order and signs of B's rows",
        "J12; P10 section 3.1",
        kind="estimate",
    ),
    Objective(
        "gaussian_nce_estimate",
        {"x": _X, "y": _Y, **_NOISE},
        (Output("precision", _SQUARE), Output("c", ())),
        "the argmax of gaussian_nce over precision and c",
        "J12's toy example, any dimension",
        kind="estimate",
    ),
    Objective(
        "asymptotic_covariance",
        {"B": _SQUARE, "noise_mean": ("n_dim",), "noise_cov": _SQUARE, "nu": ()},
        (Output("covariance", ("n_params", "n_params")),),
        "Sigma = I^-1 - (1 + 1/nu) I^-1 m m' I^-1, I = E_d[P g g'], m = E_d[P g], P = nu p_n/(p_d + nu p_n), "
        "g = d ln p_m/d(B, c), of laplace_ica_nce at the truth B, c normalising; per data point",
        "P10 Theorem 3, J12",
        kind="covariance",
    ),
    *(_network(name, activation) for name, activation in _ACTIVATIONS.items()),
    Objective(
        "importance_sampling_from_log_densities",
        {
            "log_model_data": ("n_data",),
            "log_model_noise": ("n_noise",),
            "log_noise_noise": ("n_noise",),
        },
        (
            Output("value", ()),
            Output("log_normalizer", (), follows_value=False),
            Output("grad_log_model_data", ("n_data",), "log_model_data"),
            Output("grad_log_model_noise", ("n_noise",), "log_model_noise"),
        ),
        f"{_IMPORTANCE}, w = exp(log_model_noise - log_noise_noise), the model without c; log_normalizer is ln Z, so that c = -ln Z",
        "P10 section 3.1; Geyer, JRSS B 56, 1994",
        is_mean=True,
    ),
    Objective(
        "laplace_ica_importance_sampling",
        {"B": _SQUARE, "x": _X, "y": _Y, **_NOISE},
        (Output("value", ()), Output("grad_B", _SQUARE, "B")),
        f"{_IMPORTANCE}, w = p_m(y)/p_n(y), {_LAPLACE} with c = 0, {_GAUSSIAN_NOISE}",
        "P10 section 3.1; Geyer, JRSS B 56, 1994",
        is_mean=True,
    ),
    Objective(
        "laplace_ica_score_matching",
        {"B": _SQUARE, "x": _X, "slope": ()},
        (Output("value", ()), Output("grad_B", _SQUARE, "B")),
        "J = -(1/n_data) sum_x [1/2 |Psi|^2 + div Psi], Psi = B' g(B x), g(s) = -sqrt(2) tanh(slope s): the score of the Laplace model, "
        "smoothed; div Psi = sum_i g'(s_i) |b_i|^2",
        "P10 section 3.1, slope 10; Hyvarinen, JMLR 6, 2005; J is minus the loss",
        is_mean=True,
    ),
    Objective(
        "leapfrog_gaussian",
        {"precision": _SQUARE, **_STATE},
        _TRAJECTORY,
        f"{_LEAPFROG}; score(u) = -precision u, H = 1/2 u' precision u + 1/2 |p|^2",
        _NEAL,
    ),
    Objective(
        "leapfrog_laplace_ica",
        {"B": _SQUARE, **_STATE},
        _TRAJECTORY,
        f"{_LEAPFROG}; score(u) = -sqrt(2) B' sign(B u), H = sqrt(2) sum_i |b_i . u| + 1/2 |p|^2",
        _NEAL,
    ),
    Objective(
        "metropolis_decision",
        {"energy_before": ("n_points",), "energy_after": ("n_points",), "uniforms": ("n_points",)},
        (Output("probability", ("n_points",)), Output("accepted", ("n_points",), is_decision=True)),
        "probability = min(1, exp(H - H')), H = energy_before, H' = energy_after; accepted where uniform < probability, 0 or 1 or booleans",
        _NEAL,
    ),
)

OBJECTIVES: dict[str, Objective] = {objective.name: objective for objective in _ALL}


def find_objective(name: str) -> Objective:
    """The objective of that name. Raises ValueError with the names there are."""
    if name not in OBJECTIVES:
        raise ValueError(f"objective: got {name!r}; expected one of {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name]
