"""Check a hand-written gradient against numerical derivatives that know how wrong they may be.

Conventions
-----------
fun(theta) -> (value, grad)    value a real scalar, grad (n_params,); theta (n_params,) float64
kinks(theta) -> (n_kinks,)   signed arguments whose change of sign marks a kink: all b_i.x_t and b_i.y_t for Laplace ICA
f_i, e_i                       the numerical derivative along coordinate i and its estimated error (see ``_ladder.py``)

The tolerance is derived, not chosen: grad_i agrees if |grad_i - f_i| <= rtol * max(|grad_i|, |f_i|) + 10 e_i, where
rtol allows for the rounding of the gradient under test and e_i for truncation and rounding of the difference.
A check passes only what it was able to see: where the tolerance is too wide for ``resolution``, it says so.

Why kinks matter: over a step that crosses the kink of an |u| a *right* gradient differs from the difference quotient,
by 1e-5 to 1e-3 for the NCE objective of Laplace ICA at usual steps and sample sizes. Steps that cross are left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array, as_positive, as_vector
from nce_ref._ladder import EPS, SAFETY, Derivative, ladder_derivative
from nce_ref.gradient_report import (
    AGREES,
    DISAGREES,
    NOT_CHECKED,
    UNRESOLVED,
    Coordinate,
    GradientReport,
)

_IMAGINARY_STEP = (
    2.0**-100
)  # its square is below the last digit of everything; no difference is taken, so none cancels


def check_gradient(
    fun: Callable[[Float], tuple[Any, Any]],
    theta: ArrayLike,
    *,
    kinks: Callable[[Float], ArrayLike] | None = None,
    rtol: float = 1e-7,
    resolution: float = 1e-5,
    scale: ArrayLike | None = None,
    allow_unchecked: bool = False,
) -> GradientReport:
    """Compare a function's gradient with numerical derivatives that know their error, entry by entry.

        grad_i agrees if |grad_i - f_i| <= rtol max(|grad_i|, |f_i|) + 10 e_i,
        f_i the difference, e_i its estimated error

    Parameters
    ----------
    fun : callable
        fun(theta) -> (value, grad), a real scalar and (n_params,).
    theta : (n_params,)
    kinks : callable, optional
        kinks(theta) -> (n_kinks,), signed arguments; defaults to ``fun.kinks`` where fun has one. A step is used if
        both its ends have theta's signs; this is safe where each argument is monotone along each coordinate, as b_i.x_t
        is. Without kinks, a theta that lies on a kink is recognised by one-sided differences that stay apart, and is
        reported as not checked, "kink suspected".
    rtol : float, optional
        Allowed for the rounding of the gradient under test.
    resolution : float, optional
        An entry is *unresolved* if it is within a tolerance too wide to see a relative error of this size, unless it is
        what differences can reach at best (some 1e-11 |value| / scale_i, which is all that a derivative of 0 can ask
        for).
    scale : (n_params,), optional
        The size over which each coordinate makes a difference; default max(|theta_i|, min(1, |value / grad_i|)). A
        coordinate at 0 that acts over much more than 1 needs it. Steps start at a tenth of it and go down as far as it
        pays: usually 35 to 40 evaluations of fun a coordinate, at most 110.
    allow_unchecked : bool, optional
        Let entries that could not be checked (no step stays on one side of the kinks and inside fun's domain) pass as
        long as one entry agrees.

    Returns
    -------
    GradientReport

    Raises
    ------
    ValueError
        Where theta, fun(theta), kinks(theta) or an option is malformed or not finite.

    Notes
    -----
    Complex step: where fun takes a complex theta and returns a complex value with the right real part, and the
    difference confirms the derivative to within its tolerance, the complex step replaces it (``method`` says which was
    used). Without that confirmation it is not believed, since NumPy's complex abs, sign, logaddexp and slogdet drop
    derivatives silently.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> right = lambda theta: (np.sin(theta[0]), np.array([np.cos(theta[0])]))
    >>> wrong = lambda theta: (np.sin(theta[0]), np.array([-np.cos(theta[0])]))
    >>> nr.check_gradient(right, [0.3]).ok, nr.check_gradient(wrong, [0.3]).indices()
    (True, (0,))
    """
    start = as_vector("theta", theta)
    value, grad = _evaluate(fun, start)
    rtol, resolution = as_positive("rtol", rtol), as_positive("resolution", resolution)
    sizes = (
        _default_scale(start, np.array([value]), grad[None, :])
        if scale is None
        else as_vector("scale", scale, len(start))
    )
    if np.any(sizes <= 0.0):
        raise ValueError(
            f"scale: entry {int(np.argmin(sizes))} is {sizes.min()}; expected numbers above 0"
        )
    same_cell = _cell(kinks if kinks is not None else getattr(fun, "kinks", None), start)
    complex_works, coordinates = True, []
    for i in range(len(start)):
        found = ladder_derivative(
            lambda point: float(fun(point)[0]), start, i, value, float(sizes[i]), same_cell
        )
        imaginary = (
            _complex_derivative(lambda z: fun(z)[0], start, i, value) if complex_works else None
        )
        complex_works = imaginary is not None
        coordinates.append(
            _judge(
                f"theta[{i}]", float(grad[i]), found, imaginary, float(sizes[i]), rtol, resolution
            )
        )
    return GradientReport(tuple(coordinates), allow_unchecked)


def check_jacobian(
    fun: Callable[[Float], tuple[Any, Any]], theta: ArrayLike, **options: Any
) -> GradientReport:
    """Check fun(theta) -> (values, jacobian), ``(m,)`` and ``(m, n_params)``: ``check_gradient`` for each row, in one
    report."""
    start = as_vector("theta", theta)
    values, jacobian = _call(fun, start)
    values = as_vector("fun(theta)[0]", values).copy()
    jacobian = as_array("fun(theta)[1]", jacobian, 2, (len(values), len(start))).copy()
    options = {
        "scale": _default_scale(start, values, jacobian),
        "kinks": getattr(fun, "kinks", None),
    } | options
    seen: dict[bytes, Any] = {}

    def row(t: int) -> Callable[[Float], tuple[Any, Any]]:
        def fun_t(point: Float) -> tuple[Any, Any]:
            # The rows share their stencils, so each point is evaluated once. Values alone are kept: a Jacobian for each
            # of a hundred points a coordinate would fill the memory, and only the one at theta is looked at.
            key = point.tobytes() + point.dtype.char.encode()
            if key not in seen:
                seen[key] = fun(point)[0]
            return seen[key][t], jacobian[t]

        return fun_t

    reports = [check_gradient(row(t), start, **options) for t in range(len(values))]
    renamed = [
        Coordinate(**(vars(c) | {"name": f"value[{t}], {c.name}"}))
        for t, r in enumerate(reports)
        for c in r.coordinates
    ]
    return GradientReport(tuple(renamed), reports[0].allow_unchecked)


def complex_step(fun_value: Callable[[Any], Any], theta: ArrayLike) -> Float:
    """Return the gradient Im f(theta + i h e_k) / h, h = 2^-100, of a scalar function; exact to rounding, at kinks'
    sides too.

    For textbook forms written complex-safe: u * sign(Re u) for |u|, log and exp instead of logaddexp, det instead of
    slogdet. Raises ValueError where fun_value drops the imaginary part, raises, or is not finite. Silently wrong where
    only a part of fun_value drops it (``np.abs`` does): check against ``check_gradient`` once.
    """
    start = as_vector("theta", theta)
    gradient = np.empty_like(start)
    for i in range(len(start)):
        derivative = _complex_derivative(fun_value, start, i, None)
        if derivative is None:
            raise ValueError(
                f"fun_value: no finite complex value for a complex theta[{i}]; expected a complex-safe scalar function"
            )
        gradient[i] = derivative
    return gradient


def _judge(
    name: str,
    grad: float,
    found: Derivative,
    imaginary: float | None,
    scale: float,
    rtol: float,
    resolution: float,
) -> Coordinate:
    if not np.isfinite(found.error):
        nan = float("nan")
        return Coordinate(
            name,
            NOT_CHECKED,
            grad,
            nan,
            nan,
            float("inf"),
            float("inf"),
            nan,
            "five-point difference",
            found.note,
        )
    # What a difference can reach at best on a smooth function of this size (optimal step, or the widest between the
    # kinks).
    floor = 100.0 * (EPS**0.8 * found.magnitude / scale + EPS * found.magnitude / found.top_step)

    def resolved(numeric: float, error: float) -> bool:
        return rtol * max(abs(grad), abs(numeric)) + (SAFETY + 1.0) * error <= max(
            resolution * max(abs(grad), abs(numeric)), floor
        )

    numeric, error, step, method, note = (
        found.value,
        found.error,
        found.step,
        "five-point difference",
        found.note,
    )
    fine = resolved(numeric, error)
    if imaginary is not None and abs(imaginary - numeric) <= rtol * abs(numeric) + SAFETY * error:
        # A difference too coarse to confirm the complex step may let it acquit a gradient, not convict one.
        if fine or abs(grad - imaginary) <= rtol * max(abs(grad), abs(imaginary)):
            sharp = 16.0 * EPS * (abs(imaginary) + found.magnitude / found.top_step)
            numeric, error, step, method = (
                imaginary,
                min(error, sharp),
                _IMAGINARY_STEP,
                "complex step",
            )
            fine = resolved(numeric, error)
    difference = grad - numeric
    tolerance = rtol * max(abs(grad), abs(numeric)) + SAFETY * error
    status = DISAGREES if abs(difference) > tolerance else AGREES if fine else UNRESOLVED
    if not fine and found.on_kink:
        status, note = (
            NOT_CHECKED,
            "kink suspected at theta itself (or noise): the one-sided differences stay apart as the step falls",
        )
    return Coordinate(name, status, grad, numeric, difference, error, tolerance, step, method, note)


def _evaluate(fun: Callable[[Float], tuple[Any, Any]], theta: Float) -> tuple[float, Float]:
    value, grad = _call(fun, theta)
    return float(as_array("fun(theta)[0]", value, 0, ()).item()), as_vector(
        "fun(theta)[1]", grad, len(theta)
    ).copy()


def _call(fun: Callable[[Float], tuple[Any, Any]], theta: Float) -> tuple[Any, Any]:
    try:
        result = fun(theta.copy())
    except Exception as error:
        raise ValueError(
            f"fun: raised {type(error).__name__} at theta ({error}); expected a tuple (value, derivative)"
        ) from error
    if not isinstance(result, tuple) or len(result) != 2:
        raise ValueError(
            f"fun: returned {type(result).__name__}; expected a tuple (value, derivative)"
        )
    return result


def _default_scale(theta: Float, values: Float, jacobian: Float) -> Float:
    # The claimed gradient may be wrong; a wrong scale only makes the ladder longer.
    with np.errstate(over="ignore"):
        ratio = np.abs(values)[:, None] / np.maximum(np.abs(jacobian), np.finfo(float).tiny)
    scale = np.maximum(np.abs(theta), np.minimum(1.0, ratio.min(axis=0)))
    return np.where(scale > 0.0, scale, 1.0)


def _cell(
    kinks: Callable[[Float], ArrayLike] | None, theta: Float
) -> Callable[[Float], bool] | None:
    if kinks is None:
        return None
    if not callable(kinks):
        raise ValueError(
            f"kinks: got {type(kinks).__name__}; expected a function theta -> 1-D array of signed arguments"
        )
    arguments = np.asarray(kinks(theta.copy()), dtype=np.float64)
    if not np.isfinite(arguments).all():
        raise ValueError("kinks: kinks(theta) has NaN or inf; expected finite signed arguments")
    signs = np.sign(arguments)
    return lambda point: bool(
        np.array_equal(np.sign(np.asarray(kinks(point.copy()), dtype=np.float64)), signs)
    )


def _complex_derivative(
    value: Callable[[Any], Any], theta: Float, index: int, f0: float | None
) -> float | None:
    """Return Im f(theta + i h e) / h, or None where f does not take, or does not return, complex numbers, or changes
    its real part."""
    z = theta.astype(complex)
    z[index] += 1j * _IMAGINARY_STEP
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter(
                "error"
            )  # casting to real is only a warning in NumPy, and loses the derivative
            f = value(z)
    except Exception:  # a fun for real theta may refuse a complex one in any way it likes
        return None
    if not np.iscomplexobj(f) or np.ndim(f) != 0 or not np.isfinite(f):
        return None
    if f0 is not None and abs(f.real - f0) > 1e-10 * abs(f0):
        return None
    return float(f.imag) / _IMAGINARY_STEP
