r"""A stranger's model, of two functions, made to offer what climbing and certifying ask for.

Who gives ``log_density(theta, u)`` and one of ``pullback(theta, u, weights)`` and ``jacobian(theta, u)``, with
``n_dim`` and ``n_params``, gets the rest by differences:

    g e_k                       by the Jacobian, or (ln p_m(theta + h e_k) - ln p_m(theta - h e_k))/(2 h)
    sum_t w_t d^2 ln p_m      by ``curvature(theta, u, weights)`` where the model has it, or differences of the pullback

    score matching's loss       by ``score(theta, u)``, see ``score_by_differences.py``

with h = eps^{1/3}/rms(g_k), over which ln p_m changes by 6e-6 at a typical point: truncation and rounding are then some
1e-10 of the second derivatives. Each second derivative costs 2 n_params passes, and as many again where there is no
Jacobian.

Conventions
-----------
theta, u, g, weights   as in ``models/base.py``; the last entry of theta is c, added, or the model is normalised and has
                       none
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nce_ref._checks import Float, as_array, as_generator, as_points, as_vector
from nce_ref.models.base import Kinks, Model, Pullback, ScoreMatchingPass, no_kinks
from nce_ref.models.score_by_differences import ScoreByDifferences

_STEP = float(np.finfo(float).eps) ** (1.0 / 3.0)
_EXAMPLE = """
    class Quartic:
        n_dim, n_params = 1, 3
        def log_density(self, theta, u):                    # (n_points,)
            return theta[0] * u[:, 0]**2 + theta[1] * u[:, 0]**4 + theta[2]
        def jacobian(self, theta, u):                       # (n_points, n_params)
            return np.column_stack([u[:, 0]**2, u[:, 0]**4, np.ones(len(u))])"""
# The further layers, as the example goes on where a call needs them.
_LAYERS = {
    "log_normalizer": """
        def log_normalizer(self, theta):                    # ln Z of the model without c, a float
            return ...""",
    "log_normalizer_gradient": """
        def log_normalizer_gradient(self, theta):           # d ln Z / d theta, (n_params,), 0 for c
            return ...""",
    "score": """
        def score(self, theta, u):                          # d ln p_m / d u, (n_points, n_dim)
            return 2.0 * theta[0] * u + 4.0 * theta[1] * u**3""",
    "sample": """
        def sample(self, theta, n_points, rng):             # (n_points, n_dim)
            return ...""",
}


def as_model(model: Any, call: str, needs: Sequence[str | tuple[str, ...]] = ()) -> Model:
    """Return ``model`` itself where it offers ``evaluate``, else a ``FunctionModel`` around it.

    ``call`` is what the caller was asked for, ``needs`` the members beyond the two functions that it takes; of several
    in a tuple one will do. Raises ValueError that names all members that are missing, and shows the shortest model that
    has them.
    """
    whole = callable(getattr(model, "evaluate", None))
    missing = [name for name in ("n_dim", "n_params") if not _is_count(getattr(model, name, None))]
    functions = [] if whole else ["log_density", ("jacobian", "pullback")]
    layers: list[str] = []
    for one in (*functions, *needs):
        names = (one,) if isinstance(one, str) else one
        if not any(callable(getattr(model, name, None)) for name in names):
            others = f" (or {', '.join(names[1:])})" if len(names) > 1 else ""
            missing.append(names[0] + others)
            layers.append(_LAYERS.get(names[0], ""))
    if missing:
        raise ValueError(
            f"model: got {type(model).__name__} without {', '.join(missing)}; expected for {call} a"
            f" model such as{_EXAMPLE}{''.join(layers)}"
        )
    return model if whole else FunctionModel(model)


def _is_count(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= 1)


class FunctionModel:
    """The model of ``given`` functions; see the module. What they do not offer is refused by NotImplementedError, with
    the reason."""

    affine_between_kinks = False

    def __init__(self, given: Any) -> None:
        self.given = given

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return int(self.given.n_dim)

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return int(self.given.n_params)

    @property
    def differenced(self) -> tuple[str, ...]:
        """The second derivatives that are taken by differences of first ones."""
        return tuple(
            name
            for name in ("curvature", "log_normalizer_hessian", "score_matching")
            if not callable(getattr(self.given, name, None))
        )

    def __getattr__(self, name: str) -> Any:
        # Optional members of the given model: parameter_names, log_normalizer, sample, score, ...
        if name.startswith("_") or name == "given":
            raise AttributeError(name)
        found = getattr(self.given, name, None)
        if found is None:
            if name in _REFUSED:
                return _Refusal(type(self.given).__name__, name)
            raise AttributeError(f"{type(self.given).__name__} has no {name}")
        return found

    def log_density(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return ln p_m(u; theta), c included: (n_points,); -inf outside of the support."""
        u = as_points("u", u, self.n_dim)
        with np.errstate(divide="ignore"):
            found = np.asarray(self.given.log_density(theta, u), dtype=np.float64)
        as_vector("model.log_density", np.where(found == -np.inf, 0.0, found), len(u))
        return found

    def jacobian(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return g(u): (n_points, n_params); by differences where only a pullback is given."""
        return self.evaluate(
            as_vector("theta", theta, self.n_params), as_points("u", u, self.n_dim)
        ).g

    def vjp(self, theta: ArrayLike, u: ArrayLike) -> tuple[Float, Pullback]:
        """Return ``(log_density, pullback)``."""
        theta, u = as_vector("theta", theta, self.n_params), as_points("u", u, self.n_dim)
        once = self.evaluate(theta, u)
        return once.log_density, lambda weights: once.pullback(
            as_vector("weights", weights, len(u))
        )

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float:
        """Return sum_t weights[t] g(u_t): (n_params,)."""
        return self.vjp(theta, u)[1](weights)

    def evaluate(self, theta: Float, u: Float) -> FunctionPass:
        """One pass over points that were checked before; see ``models.base.Pass``."""
        return FunctionPass(self.given, theta, np.ascontiguousarray(u))

    def kinks(self, theta: ArrayLike, u: ArrayLike) -> Kinks:
        """None: where ln p_m is not differentiable the model does not say."""
        return no_kinks(len(as_points("u", u, self.n_dim)), self.n_params)

    def smoothed(self, epsilon: float) -> FunctionModel:
        """The model itself: what it is smooth in is not known."""
        return self

    def score_matching(self, theta: ArrayLike, u: ArrayLike, slope: float) -> ScoreMatchingPass:
        """Return score matching's loss: the given model's own, or by differences of its ``score``."""
        own = getattr(self.given, "score_matching", None)
        if callable(own):
            found: ScoreMatchingPass = own(theta, u, slope)
            return found
        score = self.score
        if isinstance(score, _Refusal):
            score()
        theta, u = as_vector("theta", theta, self.n_params), as_points("u", u, self.n_dim)
        return ScoreByDifferences(score, theta, u, self.evaluate(theta, u).parameter_sizes())

    def random_start(self, rng: np.random.Generator) -> Float:
        """Return the given model's start, or all entries from 0.1 N(0, 1)."""
        own = getattr(self.given, "random_start", None)
        if callable(own):
            return as_vector("model.random_start", own(rng), self.n_params)
        return 0.1 * as_generator("rng", rng).standard_normal(self.n_params)

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float:
        """Return the given Hessian of ln Z, or differences of its gradient."""
        theta = as_vector("theta", theta, self.n_params)
        own = getattr(self.given, "log_normalizer_hessian", None)
        if callable(own):
            return as_array("model.log_normalizer_hessian", own(theta), 2, (len(theta),) * 2)
        sizes = np.maximum(1e-3, np.abs(theta))
        return _symmetric(central_differences(self.log_normalizer_gradient, theta, sizes))

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """Return the Hessian of ln Z: what part of it is convex is not known."""
        return self.log_normalizer_hessian(theta)

    def normalize(self, theta: ArrayLike) -> Float:
        """Return the same alpha with c = -ln Z(alpha)."""
        theta = as_vector("theta", theta, self.n_params)
        return np.append(theta[:-1], -float(self.log_normalizer(theta)))


class FunctionPass:
    """One pass over the points: the log-densities, and derivatives as far as they are asked for."""

    def __init__(self, given: Any, theta: Float, u: Float) -> None:
        self._given, self._theta, self._u = given, theta, u
        self.log_density: Float = self._log_density(theta)
        self._g: Float | None = None

    def pullback(self, weights: Float) -> Float:
        """sum_t weights[t] g(u_t)."""
        return self._pullback(self._theta, weights)

    def curvature(self, weights: Float, gram_weights: Float) -> Float:
        """sum_t weights[t] d^2 ln p_m/d theta^2 + gram_weights[t] g g^T, as far as differences go: some 1e-10 of its
        size."""
        n = len(self._theta)
        total = np.zeros((n, n))
        if gram_weights.any():
            total += (self.g.T * gram_weights) @ self.g
        if weights.any():
            own = getattr(self._given, "curvature", None)
            total += (
                self._asked("curvature", (n, n), self._theta, self._u, weights)
                if callable(own)
                else self._bend(weights)
            )
        return total

    @property
    def g(self) -> Float:
        """(n_points, n_params)."""
        if self._g is None:
            self._g = self._jacobian()
        return self._g

    def kinks(self) -> Kinks:
        """None that are told."""
        return no_kinks(len(self._u), len(self._theta))

    def steepness(self) -> float:
        """The largest |g(u_t)|."""
        return float(np.linalg.norm(self.g, axis=1).max())

    def parameter_sizes(self) -> Float:
        """How far each parameter goes until ln p_m has changed by 1 at a typical point: (n_params,)."""
        return self._sizes(self.g)

    def without(self, kinks: NDArray[np.bool_]) -> FunctionPass:
        """Itself: there is no kink to leave out."""
        return self

    def _log_density(self, theta: Float) -> Float:
        return self._asked("log_density", (len(self._u),), theta, self._u)

    def _pullback(self, theta: Float, weights: Float) -> Float:
        if callable(getattr(self._given, "pullback", None)):
            return self._asked("pullback", theta.shape, theta, self._u, weights)
        return np.asarray(
            (self.g if theta is self._theta else self._given_jacobian(theta)).T @ weights
        )

    def _given_jacobian(self, theta: Float) -> Float:
        return self._asked("jacobian", (len(self._u), len(theta)), theta, self._u)

    def _asked(self, name: str, shape: tuple[int, ...], *arguments: Float) -> Float:
        """What the given function returns. NaN and inf are for the climb to step back from, another shape is an
        error."""
        with np.errstate(all="ignore"):
            found = np.asarray(getattr(self._given, name)(*arguments), dtype=np.float64)
        if found.shape != shape:
            raise ValueError(f"model.{name}: got shape {found.shape}; expected {shape}")
        return found

    def _jacobian(self) -> Float:
        if callable(getattr(self._given, "jacobian", None)):
            return self._given_jacobian(self._theta)
        sizes = np.maximum(1.0, np.abs(self._theta))
        # The first step may be far from the parameter's own unit; the second is not.
        for _ in range(2):
            with np.errstate(all="ignore"):
                g = central_differences(self._log_density, self._theta, sizes).T
                sizes = self._sizes(g)
        return g

    def _sizes(self, g: Float) -> Float:
        """Over which ln p_m changes by 1 at a typical point, and what theta's own digits allow."""
        steep = np.sqrt((g * g).mean(axis=0))
        sizes = np.where(steep > 0.0, 1.0 / np.maximum(steep, 1e-300), 1.0)
        return np.asarray(np.maximum(sizes, 1e-6 * np.abs(self._theta)))

    def _bend(self, weights: Float) -> Float:
        with np.errstate(all="ignore"):
            sizes = self._sizes(self.g)
            return _symmetric(
                central_differences(
                    lambda theta: self._pullback(theta, weights), self._theta, sizes
                )
            )


def central_differences(function: Callable[[Float], Float], theta: Float, sizes: Float) -> Float:
    """Return (f(theta + h_k e_k) - f(theta - h_k e_k))/(2 h_k), one k a row, h = eps^{1/3} sizes; the step is the one
    that rounding leaves of h."""
    rows = []
    for k, size in enumerate(sizes):
        up, down = theta.copy(), theta.copy()
        up[k] += _STEP * size
        down[k] -= _STEP * size
        rows.append((function(up) - function(down)) / (up[k] - down[k]))
    return np.stack(rows)


def _symmetric(matrix: Float) -> Float:
    return np.asarray(0.5 * (matrix + matrix.T))


# Members of ``Model`` that a stranger's may lack: asking for one says what it is for.
_REFUSED = {
    "score": "d ln p_m/d u, for score matching and Hamiltonian transitions",
    "log_normalizer": "ln Z, for maximum likelihood and bounds; NCE does without",
    "log_normalizer_gradient": "d ln Z/d theta, for maximum likelihood and bounds; NCE does without",
    "sample": "a sampler, for asymptotics by Monte Carlo",
    "transport": "a map from the unit cube, for asymptotics by Sobol points",
    "noise_weighted_moments": "",
}


class _Refusal:
    """A method that is not there: calling it says so."""

    def __init__(self, model: str, name: str) -> None:
        self._model, self._name = model, name

    def __call__(self, *arguments: Any, **named: Any) -> None:
        if self._name == "noise_weighted_moments":  # no structure to use
            return None
        raise NotImplementedError(
            f"{self._name}: {self._model} does not offer {_REFUSED[self._name]}"
        )
