"""Bad input, refused in one voice: a ``ValueError`` that names the argument, what came, and what was expected.

Every public function passes its arguments through here once, at the door; nothing behind the door checks again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
_PIECE = 65_536  # rows looked at together where the whole may be larger than memory


def as_array(
    name: str, value: ArrayLike, n_axes: int, shape: tuple[int | None, ...] | None = None
) -> Float:
    """Return ``value`` as a finite, non-empty float64 array in C order.

    ``shape`` gives the expected size along each axis, None where any size will do.
    Raises ValueError where the kind, the number of axes, a size, or an entry (NaN, inf) is wrong.
    """
    array = np.asarray(_as_numbers(name, value, n_axes, shape), dtype=np.float64, order="C")
    _refuse_not_finite(name, array)
    return array


def as_points(name: str, value: ArrayLike, n_dim: int | None = None) -> Float:
    """Return ``value`` as points, one a row: ``(n_points, n_dim)``, at least one of them."""
    return as_array(name, value, 2, (None, n_dim))


def as_points_in_place(name: str, value: ArrayLike, n_dim: int) -> NDArray[Any]:
    """Return ``value`` as points in their own dtype and order, uncopied (a file in memory may be larger than memory);
    checked by pieces."""
    points = _as_numbers(name, value, 2, (None, n_dim))
    for start in range(0, len(points), _PIECE):
        _refuse_not_finite(
            name, np.asarray(points[start : start + _PIECE], dtype=np.float64), start
        )
    return points


def _as_numbers(
    name: str, value: ArrayLike, n_axes: int, shape: tuple[int | None, ...] | None
) -> NDArray[Any]:
    """The value as a non-empty array of real numbers of the right shape, in its own dtype and order."""
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{name}: cannot be read as an array ({error}); expected real numbers, {_expected(n_axes, shape)}"
        ) from None
    if raw.dtype.kind not in "buif":
        raise ValueError(
            f"{name}: got dtype {raw.dtype}; expected real numbers, {_expected(n_axes, shape)}"
        )
    if raw.shape != shape and (
        raw.ndim != n_axes
        or (shape is not None and any(s not in (None, r) for s, r in zip(shape, raw.shape)))
    ):
        raise ValueError(f"{name}: got shape {raw.shape}; expected {_expected(n_axes, shape)}")
    if raw.size == 0:
        raise ValueError(
            f"{name}: got shape {raw.shape}, which is empty; expected at least one entry along every axis"
        )
    return raw


def _refuse_not_finite(name: str, array: Float, first_row: int = 0) -> None:
    if array.size < 1000 and np.isfinite(array).all():
        return
    # A sum is finite only if every term is (or two terms overflow): one pass, no boolean temporary.
    with np.errstate(over="ignore", invalid="ignore"):
        suspicious = not np.isfinite(array.sum())
    if suspicious and not np.isfinite(array).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        entry = (where[0] + first_row, *where[1:]) if where else where
        raise ValueError(f"{name}: entry {entry} is {array[where]}; expected finite numbers")


def as_uniforms(name: str, value: ArrayLike, n_dim: int) -> Float:
    """Return ``value`` as points of the open unit cube: ``(n_points, n_dim)``."""
    points = as_points(name, value, n_dim)
    if not (points.min() > 0.0 and points.max() < 1.0):
        raise ValueError(
            f"{name}: entries from {points.min():.17g} to {points.max():.17g}; expected numbers above 0 and below 1"
        )
    return points


def as_vector(name: str, value: ArrayLike, size: int | None = None) -> Float:
    """Return ``value`` as a vector of ``size`` entries."""
    return as_array(name, value, 1, (size,))


def as_square(name: str, value: ArrayLike, size: int | None = None) -> Float:
    """Return ``value`` as a square matrix."""
    matrix = as_array(name, value, 2, (size, size))
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name}: got shape {matrix.shape}; expected a square matrix")
    return matrix


def as_scale(value: ArrayLike, size: int) -> tuple[Float, float]:
    """Return ``scale``, an invertible matrix that changes units, and ln|det scale|."""
    scale = as_square("scale", value, size)
    log_det = float(np.linalg.slogdet(scale)[1])
    if not np.isfinite(log_det):
        raise ValueError("scale: singular; expected an invertible matrix")
    return scale, log_det


def as_symmetric(name: str, value: ArrayLike, size: int | None = None) -> Float:
    """Return ``value`` as a square matrix that is symmetric to 1e-10 of its largest entry."""
    matrix = as_square(name, value, size)
    gap = float(np.abs(matrix - matrix.T).max())
    if gap > 1e-10 * float(np.abs(matrix).max()):
        raise ValueError(
            f"{name}: not symmetric, |M - M^T| reaches {gap:.3g}; expected a symmetric matrix"
        )
    return matrix


def as_covariance(name: str, value: ArrayLike, size: int | None = None) -> tuple[Float, Float]:
    """Return a symmetric positive definite matrix, symmetric to the last bit, and its lower Cholesky factor."""
    matrix = as_symmetric(name, value, size)
    matrix = 0.5 * (matrix + matrix.T)
    # Each coordinate in units of its own deviation: columns in metres and in microns are not singular for that.
    deviations = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    deviations = deviations if deviations.min() > 0.0 else np.ones(len(matrix))
    eigenvalues = np.linalg.eigvalsh(matrix / deviations[:, None] / deviations[None, :])
    # Below this ratio the inverse has no correct digit left, though Cholesky may still run through.
    if eigenvalues[0] <= len(matrix) * np.finfo(float).eps * abs(eigenvalues[-1]):
        spread = f"eigenvalues from {eigenvalues[0]:.3g} to {eigenvalues[-1]:.3g}"
        raise ValueError(
            f"{name}: singular or indefinite, {spread}; expected a symmetric positive definite matrix"
        )
    return matrix, np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def as_positive(name: str, value: float) -> float:
    """Return ``value`` as a finite float above zero."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: got {value!r}; expected a finite number above 0") from None
    if not (np.isfinite(number) and number > 0.0):
        raise ValueError(f"{name}: got {number}; expected a finite number above 0")
    return number


def as_count(name: str, value: object) -> int:
    """Return ``value`` as an integer of at least one."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}: got {value!r}; expected an integer of at least 1")
    return int(value)


def as_generator(name: str, value: object) -> np.random.Generator:
    """Return ``value`` if it is a ``numpy.random.Generator``; nothing here touches the global state."""
    if not isinstance(value, np.random.Generator):
        raise ValueError(
            f"{name}: got {type(value).__name__}; expected a numpy.random.Generator, e.g. numpy.random.default_rng(0)"
        )
    return value


def _expected(n_axes: int, shape: tuple[int | None, ...] | None) -> str:
    return (
        f"shape {_spell(shape)}"
        if shape is not None
        else f"{n_axes} axes"
        if n_axes
        else "a single number"
    )


def _spell(shape: tuple[int | None, ...]) -> str:
    return (
        "("
        + ", ".join("any" if s is None else str(s) for s in shape)
        + ("," if len(shape) == 1 else "")
        + ")"
    )
