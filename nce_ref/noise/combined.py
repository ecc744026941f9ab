r"""Noises made of other noises: mixtures, products over blocks of coordinates, and affine images.

    mixture   p_n(u) = sum_k w_k p_k(u)
    product   p_n(u) = prod_k p_k(u_k),           u = (u_1, u_2, ...) in blocks
    affine    p_n(u) = p(A^{-1}(u - b))/|det A|,  u = A v + b, v of density p

Conventions
-----------
u   (n_points, n_dim)   points are rows
Parts are noises with ``n_dim``, ``log_density`` and ``sample``; a part's -inf (outside its support) is a density of 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import lu_factor, lu_solve

from nce_ref._checks import (
    Float,
    as_count,
    as_generator,
    as_points,
    as_square,
    as_vector,
)
from nce_ref.noise.base import Noise, refuse_unfit_noise


class MixtureNoise:
    """Each point from one of several noises: p_n(u) = sum_k w_k p_k(u).

    Parameters
    ----------
    components : noises of one dimension
    weights : (n_components,), above 0, optional
        Divided by their sum; all alike by default.

    Raises
    ------
    ValueError
        For no component, components of different dimensions, or weights that are not above 0.

    Examples
    --------
    >>> import nce_ref as nr
    >>> left, right = (nr.GaussianNoise([m], [[1.0]]) for m in (-3.0, 3.0))
    >>> nr.MixtureNoise([left, right]).log_density([[0.0]]).round(4)  # both have -9/2 - ln(2 pi)/2
    array([-5.4189])
    """

    def __init__(self, components: Sequence[Noise], weights: ArrayLike | None = None) -> None:
        self.components = tuple(components)
        self._n_dim = _dimensions("components", self.components)[0]
        for component in self.components:
            refuse_unfit_noise(component, self._n_dim)
        count = len(self.components)
        given = np.ones(count) if weights is None else as_vector("weights", weights, count)
        if not given.min() > 0.0:
            raise ValueError(
                f"weights: entry {int(np.argmin(given))} is {given.min()}; expected numbers above 0"
            )
        self.weights = given / given.sum()

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return self._n_dim

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln sum_k w_k p_k(u): (n_points,)."""
        points = as_points("u", u, self.n_dim)
        parts = [np.log(w) + c.log_density(points) for w, c in zip(self.weights, self.components)]
        return np.asarray(np.logaddexp.reduce(parts), dtype=np.float64)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw which noise each point is of, then the point: (n_points, n_dim)."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        which = rng.choice(len(self.components), size=n_points, p=self.weights)
        points = np.empty((n_points, self.n_dim))
        for k, component in enumerate(self.components):
            mine = which == k
            if mine.any():
                points[mine] = component.sample(int(mine.sum()), rng)
        return points


class ProductNoise:
    """Independent blocks of coordinates, each with the law of one noise, in the order given: p_n(u) = prod_k p_k(u_k).

    Parameters
    ----------
    factors : noises
        Each with its ``n_dim``; the dimension of a point is their sum.

    Raises
    ------
    ValueError
        For no factor, or a factor without ``n_dim``.

    Examples
    --------
    >>> import nce_ref as nr
    >>> box, bell = nr.UniformNoise([0.0], [4.0]), nr.GaussianNoise([0.0], [[1.0]])
    >>> nr.ProductNoise([box, bell]).log_density([[1.0, 0.0]]).round(4)  # -ln 4 - ln(2 pi)/2
    array([-2.3052])
    """

    def __init__(self, factors: Sequence[Noise]) -> None:
        self.factors = tuple(factors)
        sizes = _dimensions("factors", self.factors)
        for factor, size in zip(self.factors, sizes):
            refuse_unfit_noise(factor, size)
        edges = np.cumsum([0, *sizes]).tolist()
        self._blocks = [slice(a, b) for a, b in itertools.pairwise(edges)]

    @property
    def n_dim(self) -> int:
        """Dimension of a point: the sum of the factors'."""
        return int(self._blocks[-1].stop)

    def log_density(self, u: ArrayLike) -> Float:
        """Return sum_k ln p_k(u_k): (n_points,)."""
        points = as_points("u", u, self.n_dim)
        parts = [f.log_density(points[:, block]) for f, block in zip(self.factors, self._blocks)]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw each block by its own noise: (n_points, n_dim)."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        return np.column_stack([factor.sample(n_points, rng) for factor in self.factors])


class AffineNoise:
    """The law of ``matrix`` v + ``shift`` with v drawn from ``noise``: wider, rotated or moved.

        ln p_n(u) = ln p(A^{-1}(u - b)) - ln|det A|,   A = matrix, b = shift, p the density of ``noise``

    Parameters
    ----------
    noise : of dimension n_dim
    matrix : (n_dim, n_dim), invertible
    shift : (n_dim,), optional
        0 by default.

    Raises
    ------
    ValueError
        For a singular matrix, or sizes that do not fit.

    Examples
    --------
    >>> import nce_ref as nr
    >>> wide = nr.AffineNoise(nr.GaussianNoise([0.0], [[1.0]]), [[2.0]], [1.0])
    >>> (wide.log_density([[1.0]]) - nr.GaussianNoise([1.0], [[4.0]]).log_density([[1.0]])).round(12)
    array([0.])
    """

    def __init__(self, noise: Noise, matrix: ArrayLike, shift: ArrayLike | None = None) -> None:
        self.noise, self.matrix = noise, as_square("matrix", matrix).copy()
        n = len(self.matrix)
        refuse_unfit_noise(noise, n)
        self.shift = np.zeros(n) if shift is None else as_vector("shift", shift, n).copy()
        size = np.linalg.svd(self.matrix, compute_uv=False)
        if size[-1] <= n * np.finfo(float).eps * size[0]:
            raise ValueError(
                f"matrix: singular, singular values from {size[-1]:.3g} to {size[0]:.3g}; expected an invertible matrix"
            )
        self._lu = lu_factor(self.matrix)
        self._log_det = float(np.log(np.abs(np.diag(self._lu[0]))).sum())

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return len(self.shift)

    def log_density(self, u: ArrayLike) -> Float:
        """Return ln p(A^{-1}(u - b)) - ln|det A|: (n_points,)."""
        back = lu_solve(self._lu, (as_points("u", u, self.n_dim) - self.shift).T).T
        return np.asarray(self.noise.log_density(np.ascontiguousarray(back)) - self._log_det)

    def sample(self, n_points: int, rng: np.random.Generator) -> Float:
        """Draw A v + b: (n_points, n_dim)."""
        n_points, rng = as_count("n_points", n_points), as_generator("rng", rng)
        return self.noise.sample(n_points, rng) @ self.matrix.T + self.shift


def _dimensions(name: str, parts: Sequence[Noise]) -> list[int]:
    if not parts:
        raise ValueError(f"{name}: got none; expected at least one noise")
    sizes = [getattr(part, "n_dim", None) for part in parts]
    if None in sizes:
        k = sizes.index(None)
        raise ValueError(
            f"{name}: entry {k}, a {type(parts[k]).__name__}, has no n_dim; expected noises that tell their dimension"
        )
    return [int(size) for size in sizes if size is not None]
