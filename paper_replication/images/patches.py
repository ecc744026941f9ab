r"""Patches, as P10 prepares them: mean off, whitened in their principal components, drawn out to the sphere.

    x = sqrt(d) z/|z|,   z = L^{-1/2} E^T (patch - its mean)

with E the d leading eigenvectors of the training patches' covariance, L their variances

*Conventions.* Training patches come from the left three quarters of each photograph, test patches from the right
quarter, as many from each; none
straddles. Patches of a deviation below ``FLAT``, which are sensor noise, are drawn again. Nothing is learnt from the
test patches.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .models import Array, Float
from .sphere import SphereNoise, to_sphere

FLAT = 0.02
TRAINING = 0.75


@dataclass(frozen=True)
class Patches:
    """``train``, ``test``: points on the sphere, float32; ``of_test``: the name of each test point's photograph.

    ``pixels``  (side^2, d): the eigenvectors E, so that E x is a whitened patch and E w the picture of a filter w
    ``share``   of the patches' variance that the d components hold
    """

    train: Array
    test: Array
    of_test: tuple[str, ...]
    pixels: Float
    share: float

    @property
    def noise(self) -> SphereNoise:
        """Uniform on the points' sphere."""
        return SphereNoise(self.pixels.shape[1])

    def by_photograph(self, values: Float) -> dict[str, float]:
        """Return the mean of a number over each photograph's test points."""
        names = np.array(self.of_test)
        return {name: float(np.mean(values[names == name])) for name in dict.fromkeys(self.of_test)}


def draw(image: Float, side: int, n: int, rng: np.random.Generator) -> Float:
    """Draw n patches with their means off that are not flat: (n, side^2)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
    found = np.empty((0, side**2))
    while len(found) < n:
        rows, columns = (rng.integers(0, size, n) for size in windows.shape[:2])
        patches = windows[rows, columns].reshape(n, -1)
        patches = patches - patches.mean(axis=1, keepdims=True)
        found = np.concatenate([found, patches[patches.std(axis=1) >= FLAT]])
    return found[:n]


def prepare(
    images: Mapping[str, Float],
    side: int,
    n_dim: int,
    n_train: int,
    n_test: int,
    rng: np.random.Generator,
) -> Patches:
    """Draw and whiten; ``n_train`` and ``n_test`` are of each photograph."""
    train, test = [], []
    for image in images.values():
        cut = math.floor(TRAINING * image.shape[1])
        train.append(draw(image[:, :cut], side, n_train, rng))
        test.append(draw(image[:, cut:], side, n_test, rng))
    learnt = np.concatenate(train)
    variances, vectors = np.linalg.eigh(learnt.T @ learnt / len(learnt))
    variances, vectors = variances[::-1], vectors[:, ::-1]
    vectors = vectors * np.sign(np.sum(vectors**3, axis=0))  # their signs are LAPACK's choice
    whiten = vectors[:, :n_dim] / np.sqrt(variances[:n_dim])
    radius = math.sqrt(n_dim)
    return Patches(
        to_sphere(learnt @ whiten, radius).astype(np.float32),
        to_sphere(np.concatenate(test) @ whiten, radius).astype(np.float32),
        tuple(name for name in images for _ in range(n_test)),
        vectors[:, :n_dim],
        float(variances[:n_dim].sum() / variances.sum()),
    )
