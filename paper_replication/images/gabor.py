r"""Gabor functions fitted to pictures of filters, and what pooling does with their orientations, frequencies and
places.

    g(p) = exp(-1/2 [(u/s)^2 + (v/t)^2]) (A cos 2 pi f u + B sin 2 pi f u),   (u, v) the place p - p0 turned by the
    orientation

A and B are linear and solved for; the other six, p0, ln s, ln t, orientation and f, are fitted by least squares from
a few starts.

*Conventions.* Pixels are units of length. f in [``LOWEST``/side, 1/2]: below, a Gabor is a bump or a ramp that fits
anything smooth; fits that
end at that bound are counted apart. R^2 is 1 - (what is left)/(the sum of squares), without a mean: pictures of
filters have none to speak of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from .models import Float

LOWEST = 0.6  # periods a patch
N_PERMUTED = 500
STRONGEST = 6


@dataclass(frozen=True)
class Gabor:
    """The fit to one picture; ``is_low``: its frequency ended at the lower bound."""

    r_squared: float
    x: float
    y: float
    orientation: float
    frequency: float
    is_low: bool


def fit_gabor(picture: Float) -> Gabor:
    """Fit one picture, (side, side), from its centre of energy and its three strongest frequencies."""
    side = len(picture)
    rows, columns = np.mgrid[:side, :side].astype(float)
    energy = picture**2 / np.sum(picture**2)
    centre = float(np.sum(energy * rows)), float(np.sum(energy * columns))
    low, high = LOWEST / side, 0.5
    bounds = (
        [-1.0, -1.0, math.log(0.7), math.log(0.7), -np.inf, low],
        [side] * 2 + [math.log(side)] * 2 + [np.inf, high],
    )

    def waves(p: Float) -> Float:
        dy, dx = rows - p[0], columns - p[1]
        u = dx * math.cos(p[4]) + dy * math.sin(p[4])
        v = dy * math.cos(p[4]) - dx * math.sin(p[4])
        hill = np.exp(-0.5 * ((u * math.exp(-p[2])) ** 2 + (v * math.exp(-p[3])) ** 2))
        phase = 2.0 * math.pi * p[5] * u
        return np.stack([(hill * np.cos(phase)).ravel(), (hill * np.sin(phase)).ravel()], axis=1)

    def left(p: Float) -> Float:
        basis = waves(p)
        return np.asarray(
            picture.ravel() - basis @ np.linalg.lstsq(basis, picture.ravel(), rcond=1e-8)[0]
        )

    best = None
    for fy, fx in _strongest(picture, 3):
        frequency = float(np.clip(math.hypot(fy, fx), 1.01 * low, 0.99 * high))
        start = [*centre, math.log(side / 5.0), math.log(side / 5.0), math.atan2(fy, fx), frequency]
        found = least_squares(
            left, np.clip(start, bounds[0], bounds[1]), bounds=bounds, max_nfev=60
        )
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    y, x, _, _, orientation, frequency = best.x
    r_squared = 1.0 - 2.0 * best.cost / float(np.sum(picture**2))
    return Gabor(r_squared, x, y, orientation % math.pi, frequency, frequency < 1.02 * low)


def _strongest(picture: Float, n: int) -> list[tuple[float, float]]:
    """The n strongest frequencies of the padded picture, (down, across), that are not next to each other."""
    size = 2 * len(picture)
    power = np.abs(np.fft.rfft2(picture, (size, size))) ** 2
    found: list[tuple[int, int]] = []
    for place in np.argsort(-power, axis=None):
        row, column = np.unravel_index(place, power.shape)
        down = int(row) if row <= size // 2 else int(row) - size
        if all(max(abs(down - a), abs(int(column) - b)) > 1 for a, b in found):
            found.append((down, int(column)))
        if len(found) == n:
            break
    return [(a / size, b / size) for a, b in found]


def mean_frequency(picture: Float) -> float:
    """The mean of |f| by power over the picture's Fourier transform, in periods a pixel."""
    size = 4 * len(picture)
    power = np.abs(np.fft.fft2(picture, (size, size))) ** 2
    f = np.fft.fftfreq(size)
    return float(np.sum(np.hypot(f[:, None], f[None, :]) * power) / np.sum(power))


def pooled(V: Float, fits: list[Gabor], rng: np.random.Generator) -> dict[str, float]:
    """Return how alike the strongest features of a row of V are, and the same with features permuted: mean and
    deviation.

    Of each unit its ``STRONGEST`` features that are no low-frequency fits, weighed alike, all pairs: the mean of cos
    2(difference of
    orientation), of |difference of ln f|, and of the distance of places.
    """
    usable = np.flatnonzero([not fit.is_low for fit in fits])
    angle, frequency, x, y = (
        np.array([getattr(fits[i], name) for i in usable])
        for name in ("orientation", "frequency", "x", "y")
    )
    differences = {
        "orientation": np.cos(2.0 * (angle[:, None] - angle)),
        "frequency": np.abs(np.log(frequency[:, None] / frequency)),
        "distance": np.hypot(x[:, None] - x, y[:, None] - y),
    }
    strongest = np.argsort(-V[:, usable], axis=1)[:, :STRONGEST]
    first, second = np.triu_indices(strongest.shape[1], 1)
    result = {}
    for name, of in differences.items():

        def mean(order: np.ndarray, of: Float = of) -> float:
            at = order[strongest]
            return float(of[at[:, first], at[:, second]].mean())

        null = [mean(rng.permutation(len(usable))) for _ in range(N_PERMUTED)]
        result[f"{name}.pooled"] = mean(np.arange(len(usable)))
        result[f"{name}.permuted"] = float(np.mean(null))
        result[f"{name}.deviation"] = float(np.std(null, ddof=1))
    return result
