"""Check a hand-written gradient against numerical derivatives that know how wrong they may be.

Conventions
-----------
fun(theta) -> (value, grad)    value a real scalar, grad (n_params,); theta (n_params,) float64
kinks(theta) -> (n_kinks,)     signed arguments whose change of sign marks a kink: all b_i.x_t and b_i.y_t for Laplace ICA
f_i, e_i                       the numerical derivative along coordinate i and its estimated error (see ``_ladder.py``)

The tolerance is derived, not chosen: grad_i agrees if |grad_i - f_i| <= rtol * max(|grad_i|, |f_i|) + 10 e_i, where rtol
allows for the rounding of the gradient under test and e_i for truncation and rounding of the difference.
A check passes only what it was able to see: where the tolerance is too wide for ``resolution``, it says so.

Why kinks matter: over a step that crosses the kink of an |u| a *right* gradient differs from the difference quotient,
by 1e-5 to 1e-3 for the NCE objective of Laplace ICA at usual steps and sample sizes. Steps that cross are left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array, as_positive, as_vector
from nce_ref._ladder import EPS, SAFETY, Derivative, ladder_derivative

AGREES, DISAGREES, NOT_CHECKED, UNRESOLVED = "agrees", "disagrees", "not checked", "unresolved"
_IMAGINARY_STEP = (
    2.0**-100
)  # its square is below the last digit of everything; no difference is taken, so none cancels


@dataclass(frozen=True)
class Coordinate:
    """The verdict on one entry of the gradient. ``numeric`` and ``step`` are NaN exactly where no step could be used."""

    name: str
    status: str
    analytic: float
    numeric: float
    difference: float
    error_estimate: float
    tolerance: float
    step: float
    method: str
    note: str

    @property
    def ratio(self) -> float:
        """|difference| in units of the tolerance: above 1 it disagrees; 0.0 where nothing could be compared."""
        return (
            abs(self.difference) / self.tolerance
            if np.isfinite(self.difference) and self.tolerance > 0.0
            else 0.0
        )

    def __str__(self) -> str:
        line = f"{self.name}: {self.status.upper() if self.status != AGREES else AGREES}"
        if np.isfinite(self.numeric):
            line += (
                f": fun's gradient {self.analytic:.9g}, {self.method} {self.numeric:.9g}, difference {self.difference:.3g}"
                f" = {self.ratio:.3g} x tolerance {self.tolerance:.2g} (estimated error {self.error_estimate:.2g}, step {self.step:.2g})"
            )
        return line + (f" [{self.note}]" if self.note else "")


@dataclass(frozen=True)
class GradientReport:
    """One ``Coordinate`` an entry of the gradient; ``str(report)`` says what is wrong and what to do next."""

    coordinates: tuple[Coordinate, ...]
    allow_unchecked: bool

    @property
    def ok(self) -> bool:
        """Whether every entry agrees; entries that are not checked count as failures unless ``allow_unchecked``."""
        passing = (AGREES, NOT_CHECKED) if self.allow_unchecked else (AGREES,)
        return all(c.status in passing for c in self.coordinates) and any(
            c.status == AGREES for c in self.coordinates
        )

    def indices(self, status: str = DISAGREES) -> tuple[int, ...]:
        """Return the positions of the entries with this status."""
        return tuple(i for i, c in enumerate(self.coordinates) if c.status == status)

    def __str__(self) -> str:
        words = {
            AGREES: "agree",
            DISAGREES: "disagree",
            NOT_CHECKED: NOT_CHECKED,
            UNRESOLVED: UNRESOLVED,
        }
        counts = ", ".join(
            f"{len(self.indices(s))} {word}" for s, word in words.items() if self.indices(s)
        )
        lines = [
            f"gradient check {'passed' if self.ok else 'FAILED'}: of {len(self.coordinates)} entries {counts}"
        ]
        bad = sorted(
            (c for c in self.coordinates if c.status != AGREES),
            key=lambda c: (c.status != DISAGREES, -c.ratio),
        )
        lines += [f"  {c}" for c in bad[:20]] + (
            [f"  ... and {len(bad) - 20} more"] if len(bad) > 20 else []
        )
        if not bad:
            lines.append(f"  closest call: {max(self.coordinates, key=lambda c: c.ratio)}")
        if self.indices(DISAGREES):
            lines.append(f"  what to do: {self._diagnosis()}")
        if self.indices(NOT_CHECKED):
            lines.append(
                "  what to do: move theta off the kink or the domain's edge, or pass allow_unchecked=True if the rest is enough"
            )
        if self.indices(UNRESOLVED):
            lines.append(
                "  what to do: pass scale= (typical size of each coordinate) or kinks=, make fun less noisy, or raise resolution="
            )
        return "\n".join(lines)

    def _diagnosis(self) -> str:
        compared = [
            c for c in self.coordinates if np.isfinite(c.numeric) and abs(c.numeric) > c.tolerance
        ]
        factors = np.array([c.analytic / c.numeric for c in compared])
        widths = np.array([c.tolerance / abs(c.numeric) for c in compared])
        if len(factors) > 1 and np.all(
            np.abs(factors - np.median(factors)) <= 2.0 * widths * (1.0 + np.abs(factors))
        ):
            factor = float(np.median(factors))
            if abs(factor + 1.0) < 1e-3:
                return "every entry has the opposite sign: is fun's gradient that of the negative (minimised) objective?"
            return f"fun's gradient is {factor:.6g} times the numerical one in every entry: look for a factor (nu, 1/n_data, 1/2)"
        return "compare the entries listed above with the formula for just those entries; the others are right"


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
    """Compare fun's gradient with numerical derivatives, entry by entry.

    An entry *agrees* or *disagrees* by the tolerance rule above. It is *unresolved* if it is within a tolerance too wide
    to see a relative error of ``resolution``, unless it is what differences can reach at best (some 1e-11 * |value| / scale_i,
    which is all that a derivative of 0 can ask for), and *not checked* if no step stays on one side of the kinks and inside
    fun's domain. ``report.ok`` asks that all agree, so an entry that was not checked fails the report;
    ``allow_unchecked=True`` lets such entries (not unresolved ones) pass as long as one entry agrees.

    kinks   defaults to ``fun.kinks`` where fun has one. A step is used if both its ends have theta's signs; this is safe where
            each argument is monotone along each coordinate, as b_i.x_t is. Without kinks, a theta that lies on a kink is
            recognised by one-sided differences that stay apart, and is reported as not checked, "kink suspected".
    scale   (n_params,), the size over which each coordinate makes a difference; default max(|theta_i|, min(1, |value / grad_i|)).
            A coordinate at 0 that acts over much more than 1 needs it. The ladder starts at a tenth of it and goes down as
            far as it pays: usually 35 to 40 evaluations of fun a coordinate, at most 110.

    Complex step: where fun takes a complex theta and returns a complex value with the right real part, and the difference
    confirms the derivative to within its tolerance, the complex step replaces it (``method`` says which was used). Without
    that confirmation it is not believed, since NumPy's complex abs, sign, logaddexp and slogdet drop derivatives silently.

    Raises ValueError where theta, fun(theta), kinks(theta) or an option is malformed or not finite.
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
    """Check fun(theta) -> (values, jacobian), ``(m,)`` and ``(m, n_params)``: ``check_gradient`` for each row, in one report."""
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
            # The rows share their stencils, so each point is evaluated once. Values alone are kept: a Jacobian for each of
            # a hundred points a coordinate would fill the memory, and only the one at theta is looked at.
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
    """Return the gradient Im f(theta + i h e_k) / h, h = 2^-100, of a scalar function; exact to rounding, at kinks' sides too.

    For textbook forms written complex-safe: u * sign(Re u) for |u|, log and exp instead of logaddexp, det instead of slogdet.
    Raises ValueError where fun_value drops the imaginary part, raises, or is not finite. Silently wrong where only a part
    of fun_value drops it (``np.abs`` does): check against ``check_gradient`` once.
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
    # What a difference can reach at best on a smooth function of this size (optimal step, or the widest between the kinks).
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
    """Return Im f(theta + i h e) / h, or None where f does not take, or does not return, complex numbers, or changes its real part."""
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
