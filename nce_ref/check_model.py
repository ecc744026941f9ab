r"""Look at a model at the door: are its derivatives those of its log-density, is c added, do constant and sampler
belong to it?

NCE believes every one of them. A pullback that is off by a factor still has a root, a density in the place of a
log-density still climbs; nothing in a fit shows it.

Conventions
-----------
theta     (n_params,)          where the model is looked at; generic values see most (not 0, not the identity)
u         (n_points, n_dim)    points are rows; some of the data serve
weights   (n_points,)          fixed numbers between 1 and 2, all different, so that no two errors cancel by symmetry
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_generator, as_points, as_vector
from nce_ref.check_density import N_ROWS, law, one_and_many, quadrature, randomness
from nce_ref.check_look import Look
from nce_ref.check_report import FAILED, NOT_CHECKED, PASSED, WARNED, CheckReport, Finding
from nce_ref.gradcheck import DISAGREES, check_gradient
from nce_ref.noise.reference import Reference

_N_SCORES, _N_DRAWN = 5, 20_000
# Products of the same derivatives, summed in another order.
_ROUNDING = 1e-9
_AFFINE = 1e-8


def check_model(
    model: Any, theta: ArrayLike, u: ArrayLike, *, rng: np.random.Generator | None = None
) -> CheckReport:
    """Look at ``model`` at theta on the points u; ``report.ok`` is False where NCE must not use it.

    Parameters
    ----------
    model : object with ``n_dim``, ``n_params``, ``log_density(theta, u)`` and ``pullback(theta, u, weights)`` or
    ``jacobian(theta, u)``
        What else it offers is looked at, too: ``vjp``, ``evaluate`` (its pullback and curvature), ``score``, ``kinks``,
        ``log_normalizer`` with gradient and Hessian, ``sample``.
    theta : (n_params,)
        A generic point: at 0, or where terms vanish, mistakes vanish as well.
    u : (n_points, n_dim)
        Points at which the log-density is finite; at most the first 50 are used for derivatives.
    rng : numpy.random.Generator, optional
        Without it nothing is drawn, and the sampler is not checked.

    Returns
    -------
    CheckReport
        One finding a question; derivatives are compared with differences that know their own error
        (``check_gradient``).

    Raises
    ------
    ValueError
        For a theta or u of the wrong shape, NaN or inf. What is wrong with the *model* is a finding.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> class Slipped(nr.Gaussian):
    ...     def pullback(self, theta, u, weights):
    ...         return 2.0 * super().pullback(theta, u, weights)
    >>> u = np.random.default_rng(0).standard_normal((20, 1))
    >>> nr.check_model(nr.Gaussian(1), [1.2, -0.7], u).ok, nr.check_model(Slipped(1), [1.2, -0.7], u).ok
    (True, False)
    """
    n_dim, n_params = getattr(model, "n_dim", None), getattr(model, "n_params", None)
    theta = as_vector("theta", theta, n_params if isinstance(n_params, int) else None)
    u = as_points("u", u, n_dim if isinstance(n_dim, int) else None)
    generator = None if rng is None else as_generator("rng", rng)
    subject = f"model {type(model).__name__}"
    shapes = _shapes(model, theta, u)
    if shapes.status == FAILED:
        return CheckReport(subject, (shapes,))
    few = Look(model, theta, u[:N_ROWS])
    findings = [
        shapes,
        one_and_many(lambda points: model.log_density(theta, points), few.u),
        *_gradients(few),
        _constant(few),
        *_curvature(few),
        *_score(few),
        *_normalizer(few),
        *_sampler(few, generator),
    ]
    return CheckReport(subject, tuple(findings))


def _shapes(model: Any, theta: Float, u: Float) -> Finding:
    def failed(message: str) -> Finding:
        return Finding("shapes", FAILED, message)

    for name in ("n_dim", "n_params"):
        value = getattr(model, name, None)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            return failed(f"{name} is {value!r}; expected an integer of at least 1")
    if not callable(getattr(model, "log_density", None)):
        return failed("no method log_density; expected log_density(theta, u) -> (n_points,)")
    if not any(callable(getattr(model, name, None)) for name in ("pullback", "jacobian")):
        return failed(
            "no derivative by theta; expected pullback(theta, u, weights) -> (n_params,), the sum"
            " over points of weights[t] g(u_t), or jacobian(theta, u) -> (n_points, n_params)"
        )
    n, p = len(u), len(theta)
    weights = np.ones(n)
    calls = {
        "log_density": ((theta, u), (n,)),
        "pullback": ((theta, u, weights), (p,)),
        "jacobian": ((theta, u), (n, p)),
    }
    for name, (arguments, shape) in calls.items():
        if not callable(getattr(model, name, None)):
            continue
        copies = [np.array(argument) for argument in arguments]
        try:
            got = np.asarray(getattr(model, name)(*copies))
        except Exception as error:
            return failed(f"{name} raised {type(error).__name__}: {error}")
        if any(not np.array_equal(a, b) for a, b in zip(arguments, copies)):
            return failed(
                f"{name} changes the arrays it is handed; expected it to leave them alone"
            )
        if got.shape != shape or got.dtype.kind != "f":
            return failed(
                f"{name} has shape {got.shape} and dtype {got.dtype}; expected {shape} of floats"
                f" for theta {theta.shape} and u {u.shape}"
            )
        if not np.isfinite(got).all():
            bad = int((~np.isfinite(got)).sum())
            return failed(
                f"{name} is NaN or inf in {bad} of {got.size} entries; expected finite numbers at theta on u"
            )
    return Finding("shapes", PASSED, f"log_density {(n,)} and its derivatives, finite")


def _gradients(look: Look) -> list[Finding]:
    """One finding: the first way against differences, the others against the first."""
    theta, w = look.theta, look.weights
    by_way: dict[str, Float] = {}
    if look.offers("pullback"):
        by_way["pullback"] = np.asarray(look.model.pullback(theta, look.u, w))
    if look.offers("jacobian"):
        by_way["jacobian"] = np.asarray(look.model.jacobian(theta, look.u)).T @ w
    if look.offers("vjp"):
        by_way["vjp"] = np.asarray(look.model.vjp(theta, look.u)[1](w))
    if look.offers("evaluate"):
        by_way["evaluate(...).pullback"] = np.asarray(
            look.model.evaluate(theta, look.u).pullback(w)
        )
    first = next(iter(by_way))
    status, message = look.against_differences(
        lambda point: float(w @ look.log_densities(point)), by_way[first]
    )
    if status != FAILED:
        size = float(np.abs(by_way[first]).max())
        for name, gradient in by_way.items():
            gap = float(np.abs(gradient - by_way[first]).max())
            if not gap <= _ROUNDING * size:
                status, message = FAILED, f"{name} differs from {first} by {gap:.3g} of {size:.3g}"
                break
    told = f"{', '.join(by_way)}: {message}"
    return [Finding("gradient", status, told)]


def _constant(look: Look) -> Finding:
    """Whether the last entry of theta is added to ln p_m."""
    step = 0.5 * np.eye(len(look.theta))[-1]
    before, after = look.log_densities(look.theta), look.log_densities(look.theta + step)
    if np.abs(after - before - 0.5).max() <= _AFFINE * (1.0 + np.abs(before).max()):
        return Finding("c", PASSED, "the last entry of theta is added to ln p_m, as c")
    if before.min() > 0.0 and np.allclose(after, before * np.exp(0.5), rtol=1e-6):
        message = (
            "log_density returns the density, which exp(c) multiplies; expected its logarithm, to"
            " which c is added"
        )
        return Finding("c", FAILED, message)
    message = (
        "the last entry of theta is not added to ln p_m, so there is no c: right for a normalised"
        " model; any other needs one, as its last parameter, added"
    )
    return Finding("c", WARNED, message)


def _curvature(look: Look) -> list[Finding]:
    """Second derivatives by ``evaluate``: both parts, against differences of the pullback and against the Jacobian."""
    if not look.offers("evaluate"):
        return []
    name, w, nothing = "curvature", look.weights, np.zeros(len(look.u))
    try:
        once = look.model.evaluate(look.theta, look.u)
        bent, gram = once.curvature(w, nothing), once.curvature(nothing, w)
    except NotImplementedError:
        return []
    mixed = np.cos(1.0 + np.arange(len(look.theta)))
    status, message = look.against_differences(
        lambda point: float(mixed @ look.pullback(point, w)), bent @ mixed
    )
    if status != FAILED and look.offers("jacobian"):
        g = np.asarray(look.model.jacobian(look.theta, look.u))
        want = (g.T * w) @ g
        gap = float(np.abs(gram - want).max())
        if not gap <= _ROUNDING * float(np.abs(want).max()):
            status = FAILED
            message = f"its part of gram_weights differs from sum_t weights[t] g g^T by {gap:.3g}"
    return [Finding(name, status, message)]


def _score(look: Look) -> list[Finding]:
    """d ln p_m / d u by differences in the point."""
    if not look.offers("score"):
        return []
    name, points = "score", look.u[:_N_SCORES]
    try:
        score = np.asarray(look.model.score(look.theta, points))
    except NotImplementedError:
        return []
    if score.shape != points.shape:
        return [
            Finding(
                name, FAILED, f"has shape {score.shape}; expected {points.shape}, one row a point"
            )
        ]
    for t, point in enumerate(points):

        def at(u: Float, t: int = t) -> tuple[float, Float]:
            return float(np.asarray(look.model.log_density(look.theta, u[None, :]))[0]), score[t]

        report = check_gradient(at, point, allow_unchecked=True)
        if report.indices(DISAGREES):
            told = str(report).replace("theta[", "u[").replace("fun's gradient", "score")
            return [Finding(name, FAILED, f"at the point {point}: {told}")]
    return [Finding(name, PASSED, f"{len(points)} points agree with differences")]


def _normalizer(look: Look) -> list[Finding]:
    """ln Z's derivatives against differences, and ln Z itself by quadrature in one and two dimensions."""
    if not look.offers("log_normalizer"):
        return []
    name = "normalising constant"
    try:
        log_z = float(look.model.log_normalizer(look.theta))
    except NotImplementedError:
        return []
    if not np.isfinite(log_z):
        return [
            Finding(
                name, NOT_CHECKED, f"ln Z is {log_z} at this theta; choose one where it is finite"
            )
        ]
    findings = []
    if look.offers("log_normalizer_gradient"):
        gradient = np.asarray(look.model.log_normalizer_gradient(look.theta))
        status, message = look.against_differences(
            lambda point: float(look.model.log_normalizer(point)), gradient
        )
        findings.append(Finding("gradient of ln Z", status, message))
    findings += _normalizer_hessian(look)
    reference = _reference(look)
    if look.u.shape[1] > 2 or reference is None:
        message = "compared with samples only (see same law): quadrature is for one and two continuous dimensions"
        return [*findings, Finding(name, NOT_CHECKED, message)]
    c = look.theta[-1]
    mass, error = quadrature(
        lambda u: np.asarray(look.model.log_density(look.theta, u)) - c - log_z,
        reference,
        look.u.shape[1],
    )
    if error > 1e-3:
        return [*findings, Finding(name, NOT_CHECKED, f"quadrature reaches {error:.1g} only")]
    passed = abs(mass - 1.0) <= 10.0 * error + 1e-8
    message = f"int exp(ln p_m - c - ln Z) = {mass:.9g} by quadrature, to {error:.1g}; expected 1"
    return [*findings, Finding(name, PASSED if passed else FAILED, message)]


def _normalizer_hessian(look: Look) -> list[Finding]:
    if not (look.offers("log_normalizer_gradient") and look.offers("log_normalizer_hessian")):
        return []
    try:
        hessian = np.asarray(look.model.log_normalizer_hessian(look.theta))
    except NotImplementedError:
        return []
    mixed = np.cos(1.0 + np.arange(len(look.theta)))
    status, message = look.against_differences(
        lambda point: float(mixed @ np.asarray(look.model.log_normalizer_gradient(point))),
        hessian @ mixed,
    )
    return [Finding("Hessian of ln Z", status, message)]


def _reference(look: Look) -> Reference | None:
    """Where quadrature looks; None for discrete or degenerate points."""
    try:
        reference = Reference(look.u)
    except ValueError:
        return None
    return None if reference.discrete.any() else reference


def _sampler(look: Look, rng: np.random.Generator | None) -> list[Finding]:
    if not look.offers("sample"):
        return []
    if rng is None:
        return [Finding("same law", NOT_CHECKED, "nothing is drawn without rng")]

    def sample(n_points: int, generator: np.random.Generator) -> Float:
        return np.asarray(look.model.sample(look.theta, n_points, generator), dtype=np.float64)

    try:
        y = sample(_N_DRAWN, rng)
    except NotImplementedError:
        return []
    want = (_N_DRAWN, look.u.shape[1])
    if y.shape != want:
        return [Finding("same law", FAILED, f"sample has shape {y.shape}; expected {want}")]
    try:
        log_z = float(look.model.log_normalizer(look.theta))
    except (AttributeError, NotImplementedError):
        log_z = None

    def log_density(u: Float) -> Float:
        value = np.asarray(look.model.log_density(look.theta, u), dtype=np.float64)
        return value - look.theta[-1] - (0.0 if log_z is None else log_z)

    return [
        randomness(sample, rng),
        *law(log_density, sample, y, rng, normalized=log_z is not None),
    ]
