"""Wrong weights and wrong constants of any size: the family of THEORY.md section 5, fitted to what an implementation
returned.

    J_w = (1/T_d) [w1 sum_x ln sigma(G - ln K) + w0 sum_y ln sigma(ln K - G)],    right: w1 = w0 = 1, K = nu

and then c comes out as c* + ln(w1 K/(w0 nu)), B right. Here w1 = a1 f1, w0 = a0 f0 and ln K = q ln nu + delta d, with a
short list of features f (powers of nu and of the sample sizes), of powers q, and of features d (1, the dimension, ln
det of the noise covariance); a1, a0 and delta are fitted to all vectors at once. delta holds the constants in ln p_n
and in the model, which nothing can tell apart.

Conventions
-----------
part       the outputs of one vector that are linear in w1 (or w0), given ln K: with t = ln K - G, sum ln sigma(-t) for
           the value and a weighted sum of sigma(t) for every derivative
tolerance  that of ``Observed.agree``: every entry of every vector, with at least two equations more than unknowns
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Inputs
from nce_ref.special import LOG_2PI, SQRT_2, log_sigmoid, sigmoid

Observed = Any  # diagnosis.observed.Observed: what diagnoses stands above the families
WEIGHTS: dict[str, Callable[[float, float], float]] = {
    "1": lambda n_data, n_noise: 1.0,
    "nu": lambda n_data, n_noise: n_noise / n_data,
    "1/nu": lambda n_data, n_noise: n_data / n_noise,
    "1/(1 + nu)": lambda n_data, n_noise: n_data / (n_data + n_noise),
    "n_data": lambda n_data, n_noise: n_data,
    "n_noise": lambda n_data, n_noise: n_noise,
    "1/n_data": lambda n_data, n_noise: 1.0 / n_data,
    "1/n_noise": lambda n_data, n_noise: 1.0 / n_noise,
}
POWERS = (1.0, 0.0, -1.0, 2.0, 0.5)
_GRID = np.arange(-12.0, 12.01, 0.25)
_STEPS = 12
_PROMISING = 0.02  # of the sum of squares may be left at the best grid point of a form that is worth refining
_REFINED = 12


@dataclass(frozen=True)
class Family:
    """What was fitted: w1 = ``a1`` x ``f1``, w0 = ``a0`` x ``f0``, ln K = ``power`` ln nu + ``delta`` x ``feature``.

    ``sigma`` are the largest errors of (a1, a0, delta) that the tolerance admits; ``flipped``: with c of the other
    sign.
    """

    a1: float
    f1: str
    a0: float
    f0: str
    power: float
    delta: float
    feature: str
    sigma: tuple[float, float, float]
    equations: int
    flipped: bool = False


@dataclass(frozen=True, eq=False)
class Ratios:
    """One vector: G on both samples, and how dJ/dG becomes the outputs; ``spread[output]`` takes (grid, n) to (grid,
    size)."""

    data: Float
    noise: Float
    n_data: int
    n_noise: int
    features: dict[str, float]
    spread: Mapping[str, tuple[Callable[[Float], Float], Callable[[Float], Float]]]


RatiosOf = Callable[[Inputs], Ratios]


def fit(
    observed: Observed, ratios_of: RatiosOf, flips: Sequence[bool] = (False, True)
) -> Family | None:
    """The simplest member of the family that agrees with everything returned, or None."""
    if not observed.failed.any() or not np.isfinite(observed.got).all():
        return None
    if observed.got.size < 5:
        return None
    for flipped in (
        flips if observed.objective.constant in observed.objective.arguments else (False,)
    ):
        ratios = [ratios_of(inputs) for inputs in observed.inputs(flipped, "float64")]
        if found := _search(observed, ratios, flipped):
            return min(found, key=lambda pair: pair[0])[1]
    return None


def predict(observed: Observed, family: Family, ratios_of: RatiosOf) -> Float:
    """What the family's member returns on every vector, laid out as ``Observed`` has it, in the package's convention
    for c."""
    ratios = [ratios_of(inputs) for inputs in observed.inputs(family.flipped, "float64")]
    one, zero = _weights(observed, ratios, family.f1), _weights(observed, ratios, family.f0)
    data, noise = _parts(
        observed,
        ratios,
        _log_K(ratios, family.power, family.feature, np.array([family.delta])),
        family.flipped,
    )[:2]
    return (family.a1 * one * data + family.a0 * zero * noise)[0]


def _search(observed: Observed, ratios: list[Ratios], flipped: bool) -> list[tuple[float, Family]]:
    """The members that agree, with their complexity: a grid over delta, (a1, a0) by least squares on it, then Newton
    steps."""
    inverse = np.minimum(1.0 / observed.allowed(observed.got), 1e140)
    weights = {name: _weights(observed, ratios, name) for name in WEIGHTS}
    by_vector = np.array(
        [[weight(r.n_data, r.n_noise) for r in ratios] for weight in WEIGHTS.values()]
    )
    factors = observed.factors(observed.convention)
    target = observed.got * inverse
    size = float(target @ target)
    promising = []
    for power, feature in itertools.product(POWERS, ratios[0].features):
        data, noise, _, _ = _parts(observed, ratios, _log_K(ratios, power, feature, _GRID), flipped)
        data, noise = data * (inverse * factors), noise * (inverse * factors)
        # A weight is one number a vector: the products are summed vector by vector once, for all pairs of weights.
        products = ((data, data), (noise, noise), (data, noise), (data, target), (noise, target))
        dd, nn, dn, dt, nt = (
            np.add.reduceat(one * other, observed.starts, axis=1) for one, other in products
        )
        # The 2 x 2 normal equations at every grid point, (grid, f1, f0); only which point is best is taken from them.
        aa, at = (
            (part @ (by_vector**power_of).T)[:, :, None] for part, power_of in ((dd, 2), (dt, 1))
        )
        bb, bt = (
            (part @ (by_vector**power_of).T)[:, None, :] for part, power_of in ((nn, 2), (nt, 1))
        )
        ab = (dn[:, None, :] * by_vector) @ by_vector.T
        with np.errstate(all="ignore"):
            determinant = aa * bb - ab * ab
            w1, w0 = (bb * at - ab * bt) / determinant, (aa * bt - ab * at) / determinant
            misfit = 1.0 - (w1 * at + w0 * bt) / size
        misfit[~np.isfinite(misfit)] = np.inf
        best = np.argmin(misfit, axis=0)
        for (i, f1), (j, f0) in itertools.product(enumerate(WEIGHTS), enumerate(WEIGHTS)):
            k = int(best[i, j])
            if misfit[k, i, j] < _PROMISING:
                start = np.array([w1[k, i, j], w0[k, i, j], _GRID[k]])
                promising.append(
                    (
                        _complexity_of_form(f1, f0, power, feature),
                        misfit[k, i, j],
                        start,
                        f1,
                        f0,
                        power,
                        feature,
                    )
                )
    # The best fitting and the simplest: the grid may favour another form by a little.
    promising.sort(key=lambda hypothesis: float(hypothesis[1]))
    promising = (
        promising[:_REFINED]
        + sorted(promising[_REFINED:], key=lambda hypothesis: hypothesis[0])[:_REFINED]
    )
    promising.sort(key=lambda hypothesis: hypothesis[0])
    found: list[tuple[float, Family]] = []
    for least, _, start, f1, f0, power, feature in promising:
        if found and least >= min(found, key=lambda pair: pair[0])[0]:
            break
        member = _refine(
            observed, ratios, start, weights[f1], weights[f0], power, feature, inverse, flipped
        )
        if member is not None:
            (a1, a0, delta), sigma = member
            family = Family(
                a1, f1, a0, f0, power, delta, feature, sigma, observed.got.size, flipped
            )
            found.append((_complexity(family), family))
    return found


def _refine(
    observed: Observed,
    ratios: list[Ratios],
    start: Float,
    one: Float,
    zero: Float,
    power: float,
    feature: str,
    inverse: Float,
    flipped: bool,
) -> tuple[tuple[float, float, float], tuple[float, float, float]] | None:
    """Gauss-Newton from the best grid point; None unless it ends within the tolerance everywhere."""
    parameters, previous = start, np.inf
    steep = np.array([[r.features[feature]] for r in ratios])
    for step in range(_STEPS):
        data, noise, d_data, d_noise = _parts(
            observed, ratios, _log_K(ratios, power, feature, parameters[2:]), flipped
        )
        per_entry = _repeat(observed, steep)[:, 0]
        a, b = (one * data)[0], (zero * noise)[0]
        residual = (parameters[0] * a + parameters[1] * b - observed.got) * inverse
        slope = (parameters[0] * one * d_data + parameters[1] * zero * d_noise)[0] * per_entry
        jacobian = np.stack([a, b, slope], axis=1) * inverse[:, None]
        worst = float(np.abs(residual).max())
        if not np.isfinite(jacobian).all() or (
            step >= 3 and worst > 0.2 * previous and worst > 1.0
        ):
            return None
        norms = np.linalg.norm(jacobian, axis=0)
        if not (norms > 0).all():
            return None
        if worst <= 1.0 and step:
            spread = (
                np.sqrt(np.diag(np.linalg.pinv((jacobian / norms).T @ (jacobian / norms)))) / norms
            )
            agrees = bool(observed.agree(parameters[0] * a + parameters[1] * b).all())
            solved = tuple(float(value) for value in parameters)
            errors = tuple(float(4.0 * s) for s in spread)[:3]
            return (solved[:3], errors) if agrees else None  # type: ignore[return-value]
        previous = worst
        change = np.linalg.lstsq(jacobian / norms, residual, rcond=1e-13)[0] / norms
        parameters = parameters - np.clip(
            change, -(np.abs(parameters) + 1.0), np.abs(parameters) + 1.0
        )
    return None


def _parts(
    observed: Observed, ratios: list[Ratios], log_K: Float, flipped: bool
) -> tuple[Float, Float, Float, Float]:
    """(grid, entry): the part of w1 and of w0, then their derivatives by ln K. ``log_K`` is (grid, vector)."""
    data, noise, d_data, d_noise = (np.zeros((log_K.shape[0], observed.got.size)) for _ in range(4))
    # All vectors' points in one row, so that the logistic functions are called once; then each vector's own stretch of
    # it.
    n_data, n_noise = (
        [len(sample) for sample in samples]
        for samples in ([r.data for r in ratios], [r.noise for r in ratios])
    )
    t = np.repeat(log_K, n_data, axis=1) - np.concatenate([r.data for r in ratios])
    s = np.concatenate([r.noise for r in ratios]) - np.repeat(log_K, n_noise, axis=1)
    of_data, of_noise = sigmoid(t), sigmoid(s)
    first_data, first_noise = (np.cumsum([0, *sizes]) for sizes in (n_data, n_noise))
    values = [slot for slot in observed.slots if slot.output == "value"]
    if values:
        entries, vectors = [slot.where.start for slot in values], [slot.vector for slot in values]
        filled = ((data, log_sigmoid(-t), first_data), (noise, log_sigmoid(-s), first_noise))
        for part, terms, first in (
            *filled,
            (d_data, -of_data, first_data),
            (d_noise, of_noise, first_noise),
        ):
            part[:, entries] = (
                np.add.reduceat(terms, first[:-1], axis=1)[:, vectors] / np.array(n_data)[vectors]
            )
    if len(values) == len(observed.slots):
        return data, noise, d_data, d_noise
    steep_data, steep_noise = of_data * sigmoid(-t), of_noise * sigmoid(-s)
    for slot in observed.slots:
        if slot.output != "value":
            r, where = ratios[slot.vector], (slice(None), slot.where)
            x = slice(first_data[slot.vector], first_data[slot.vector + 1])
            y = slice(first_noise[slot.vector], first_noise[slot.vector + 1])
            on_data, on_noise = r.spread[slot.output]
            sign = (-1.0 if flipped and slot.output == "grad_c" else 1.0) / r.n_data
            data[where], noise[where] = (
                sign * on_data(of_data[:, x]),
                -sign * on_noise(of_noise[:, y]),
            )
            d_data[where], d_noise[where] = (
                sign * on_data(steep_data[:, x]),
                sign * on_noise(steep_noise[:, y]),
            )
    return data, noise, d_data, d_noise


def of_log_ratios(inputs: Inputs) -> Ratios:
    """From log-ratios."""
    return _of_samples("log_ratio", inputs["log_ratio_data"], inputs["log_ratio_noise"])


def of_log_densities(inputs: Inputs) -> Ratios:
    """From log-densities."""
    data = inputs["log_model_data"] - inputs["log_noise_data"]
    return _of_samples("log_model", data, inputs["log_model_noise"] - inputs["log_noise_noise"])


def of_laplace_ica(inputs: Inputs) -> Ratios:
    """Of the Laplace ICA model with Gaussian noise."""

    def model(points: Float) -> tuple[Float, Float]:
        sources = points @ inputs["B"].T
        slope = -SQRT_2 * np.sign(sources)[:, :, None] * points[:, None, :]
        return -SQRT_2 * np.abs(sources).sum(1), slope

    return _of_model("grad_B", model, inputs)


def of_gaussian(inputs: Inputs) -> Ratios:
    """Of the Gaussian model with Gaussian noise."""

    def model(points: Float) -> tuple[Float, Float]:
        slope = -0.5 * points[:, :, None] * points[:, None, :]
        return -0.5 * ((points @ inputs["precision"]) * points).sum(1), slope

    return _of_model("grad_precision", model, inputs)


def _of_samples(name: str, data: Float, noise: Float) -> Ratios:
    def itself(weights: Float) -> Float:
        return weights

    def nothing(weights: Float) -> Float:
        return np.zeros((weights.shape[0], 1))

    spread = {f"grad_{name}_data": (itself, nothing), f"grad_{name}_noise": (nothing, itself)}
    return Ratios(data, noise, data.size, noise.size, {"1": 1.0}, spread)


def _of_model(matrix: str, model: Callable[[Float], tuple[Float, Float]], inputs: Inputs) -> Ratios:
    """``model``: points -> (ln p_m without c, its derivative by the matrix)."""
    mean, cov = inputs["noise_mean"], inputs["noise_cov"]
    log_det = float(np.linalg.slogdet(cov)[1])
    ratios, jacobians = [], []
    for points in (inputs["x"], inputs["y"]):
        centred = points - mean
        log_noise = (
            -0.5 * ((centred @ np.linalg.inv(cov)) * centred).sum(1)
            - 0.5 * log_det
            - 0.5 * mean.size * LOG_2PI
        )
        log_model, jacobian = model(points)
        ratios.append(log_model + inputs["c"] - log_noise)
        jacobians.append(jacobian.reshape(len(points), -1))
    of_x, of_y = jacobians
    spread = {
        matrix: (lambda weights: weights @ of_x, lambda weights: weights @ of_y),
        "grad_c": (
            lambda weights: weights.sum(1, keepdims=True),
            lambda weights: weights.sum(1, keepdims=True),
        ),
    }
    features = {"1": 1.0, "n_dim": float(mean.size), "ln det noise_cov": log_det}
    return Ratios(ratios[0], ratios[1], len(of_x), len(of_y), features, spread)


def _log_K(ratios: list[Ratios], power: float, feature: str, delta: Float) -> Float:
    """(grid, vector)."""
    log_nu = np.log([r.n_noise / r.n_data for r in ratios])
    return power * log_nu + delta[:, None] * np.array([r.features[feature] for r in ratios])


def _weights(observed: Observed, ratios: list[Ratios], name: str) -> Float:
    """A feature of the weights, by entry; the declared convention's factor is in it."""
    per_vector = np.array([[WEIGHTS[name](r.n_data, r.n_noise)] for r in ratios])
    return _repeat(observed, per_vector)[:, 0] * observed.factors(observed.convention)


def _repeat(observed: Observed, per_vector: Float) -> Float:
    return np.repeat(per_vector, np.diff([*observed.starts, observed.got.size]), axis=0)


def _complexity(family: Family) -> float:
    """How much has to be wrong: what is as it should be costs nothing, a feature or an odd constant costs one each."""
    score = (
        _complexity_of_form(family.f1, family.f0, family.power, family.feature)
        + 2.0 * family.flipped
    )
    for constant, right, sigma in zip(
        (family.a1, family.a0, family.delta), (1.0, 1.0, 0.0), family.sigma
    ):
        score += abs(constant - right) > sigma
    return score


def _complexity_of_form(f1: str, f0: str, power: float, feature: str) -> float:
    names = list(WEIGHTS)
    shared = 0.5 if f1 == f0 and f1 != "1" else 0.0
    return (
        sum((name != "1") + 0.01 * names.index(name) for name in (f1, f0))
        - shared
        + 0.5 * (power != 1.0)
        + 0.5 * (feature != "1")
    )
