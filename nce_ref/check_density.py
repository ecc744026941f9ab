r"""What can be asked of any density that is both drawn and evaluated: the part that ``check_noise`` and ``check_model``
share.

Conventions
-----------
log_density(u) -> (n_points,)   sample(n_points, rng) -> (n_points, n_dim)   points are rows
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

from nce_ref._checks import Float
from nce_ref.check_report import FAILED, NOT_CHECKED, PASSED, Finding
from nce_ref.noise.reference import Reference
from nce_ref.noise.same_law import LEVEL, LawTest, law_test

LogDensity = Callable[[Float], Float]
Sample = Callable[[int, np.random.Generator], Float]

# Points to which the wide distribution is fitted; points looked at one by one.
N_FIT, N_ROWS = 2000, 50
# A density evaluated on one point and on many differs by rounding, of which this is a generous bound.
_ROUNDING = 1e-8
_MASS_LEVEL, _MASS_Z = 1e-6, 4.8916384756


def one_and_many(log_density: LogDensity, y: Float) -> Finding:
    """Whether a point's log-density depends on that point alone."""
    together = np.asarray(log_density(y), dtype=np.float64)
    alone = np.array([np.asarray(log_density(point[None, :])).item() for point in y])
    gap = np.abs(together - alone) / (1.0 + np.abs(together))
    if gap.max() > _ROUNDING:
        t = int(np.argmax(gap))
        return Finding(
            "one point and many",
            FAILED,
            f"the log-density of one point is {alone[t]:.9g} by itself and {together[t]:.9g} among {len(y)}; "
            "expected each row to depend on its own point: look for an axis that a sum or a maximum runs over",
        )
    return Finding("one point and many", PASSED, f"{len(y)} points, alone and together")


def randomness(sample: Sample, rng: np.random.Generator) -> Finding:
    """Whether all randomness comes from the generator handed in, and fresh each time."""
    twin = copy.deepcopy(rng)
    first, again, then = sample(10, rng), sample(10, twin), sample(10, rng)
    if not np.array_equal(first, again):
        return Finding(
            "randomness",
            FAILED,
            "the same generator gives other points the second time; expected all randomness from the rng handed in",
        )
    if np.array_equal(first, then) and len(np.unique(first, axis=0)) > 5:
        return Finding(
            "randomness",
            FAILED,
            "two draws in a row are the same points; expected fresh ones from the rng (a seed inside?)",
        )
    return Finding("randomness", PASSED, "drawn from the rng, and from it alone")


def law(
    of_points: LogDensity,
    sample: Sample,
    y: Float,
    rng: np.random.Generator,
    normalized: bool = True,
) -> list[Finding]:
    """Whether y, drawn by ``sample``, is of the density ("same law"), and whether that is normalised ("normalised").

    Where it does not claim to be ``normalized``, its mass is taken from the samples and the first question alone is
    asked.
    """

    def log_density(u: Float) -> Float:
        with np.errstate(all="ignore"):
            found = np.asarray(of_points(u), dtype=np.float64)
        return np.where(np.isnan(found), -np.inf, found)

    try:
        _refuse_constant(log_density, y)
        reference = Reference(sample(N_FIT, rng))
    except ValueError as error:
        message = f"its points have no density in these coordinates: {error}"
        return [Finding("same law", FAILED, message)]
    z = reference.sample(len(y), rng)
    found = law_test(log_density, y, reference, z)
    if not normalized:
        mass = found.log_mass

        def scaled(u: Float) -> Float:
            return log_density(u) - mass

        found = law_test(scaled, y, reference, z)
        return [_same_law(found, scaled, y, reference, z)]
    return [
        _same_law(found, log_density, y, reference, z),
        _normalised(found, log_density, y, reference),
    ]


def _refuse_constant(log_density: LogDensity, y: Float) -> None:
    """ValueError for a coordinate that is the same in all points although the log-density is finite beside it; a rare
    value is none."""
    for i in np.flatnonzero(y.min(axis=0) == y.max(axis=0)):
        value = float(y[0, i])
        beside = y[:N_ROWS].copy()
        beside[:, i] += 1e-3 * (1.0 + abs(value))
        if np.isfinite(log_density(beside)).any():
            raise ValueError(
                f"coordinate {i} is {value:.6g} in all of them, and the log-density is finite beside it"
            )


def _same_law(
    found: LawTest, log_density: LogDensity, y: Float, reference: Reference, z: Float
) -> Finding:
    name = "same law"
    if math.isnan(found.p_value):
        return Finding(
            name,
            NOT_CHECKED,
            "its points and a normal distribution fitted to them hardly meet: too few points to compare",
        )
    if found.p_value > LEVEL:
        message = f"its points are of its density, p = {found.p_value:.2g}"
        return Finding(name, PASSED, message, LEVEL, found.power)
    for said, other in _SLIPS.items():

        def corrected(u: Float, other: LogDensity = other) -> Float:
            return other(log_density(u))

        if law_test(corrected, y, reference, z).p_value > 0.01:
            return Finding(name, FAILED, f"log_density returns {said}", LEVEL, found.power)
    low, high = y.min(axis=0), y.max(axis=0)

    def within(u: Float) -> Float:
        return np.where(((u >= low) & (u <= high)).all(axis=1), log_density(u), -np.inf)

    if law_test(within, y, reference, z).p_value > 0.01:
        message = (
            "its points are of its density where they are, and beyond them that does not fall to 0;"
            " expected -inf outside of the support, by np.where (c does not see it as long as no"
            " data lie there)"
        )
        return Finding(name, FAILED, message, LEVEL, found.power)
    rest = law_test(lambda u: log_density(u) - found.log_mass, y, reference, z)
    if rest.p_value > 0.01:
        message = (
            f"its density is off by a factor only: its mass is exp({found.log_mass:.4g} +-"
            f" {found.log_mass_error:.2g}); look for a missing ln 2 pi, ln det or ln n"
        )
        return Finding(name, FAILED, message, LEVEL, found.power)
    message = (
        f"its points are not of the density that it evaluates, p = {found.p_value:.1g}:"
        f" {_told(rest.z, y.shape[1])}"
    )
    return Finding(name, FAILED, message, LEVEL, found.power)


_SLIPS: dict[str, LogDensity] = {
    "the density; expected its logarithm": lambda q: np.log(np.maximum(q, 1e-300)),
    "minus the log-density; expected ln p_n, not a loss or an energy": lambda q: -q,
    "the logarithm to base 2; expected the natural one": lambda q: q * math.log(2.0),
    "the logarithm to base 10; expected the natural one": lambda q: q * math.log(10.0),
    "twice the log-density": lambda q: 0.5 * q,
    "half the log-density": lambda q: 2.0 * q,
}


def _told(z: Float, n: int) -> str:
    """The feature that differs most, freed of the constant, in words; none where no one of them could not be chance."""
    strongest = 1 + int(np.argmax(np.abs(z[1:])))
    if not 2.0 * (len(z) - 1) * float(ndtr(-abs(z[strongest]))) < LEVEL:
        return (
            "no single location, spread or correlation shows it, but several together: look for a"
            " factor that changes with the place, such as the Jacobian of a change of coordinates,"
            " or for another shape"
        )
    more = z[strongest] > 0.0
    if strongest <= n:
        where = f"coordinate {strongest - 1}"
        return (
            f"they lie {'higher' if more else 'lower'} along {where} than it says: look at the mean"
        )
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    i, j = pairs[strongest - 1 - n] if strongest - 1 - n < len(pairs) else (0, 1)
    if i == j:
        return (
            f"they are spread {'wider' if more else 'narrower'} along coordinate {i} than it says:"
            " look for a variance in the place of a standard deviation, or for two covariances,"
            " one drawn and one evaluated"
        )
    return (
        f"coordinates {i} and {j} (whitened) are correlated {'more' if more else 'less'} than it"
        " says: look for a Cholesky factor on the wrong side, or transposed"
    )


def _normalised(found: LawTest, log_density: LogDensity, y: Float, reference: Reference) -> Finding:
    name = "normalised"
    if not reference.discrete.any() and y.shape[1] <= 2:
        mass, error = quadrature(log_density, reference, y.shape[1])
        if error <= 1e-3:
            off = abs(mass - 1.0)
            message = f"its integral is {mass:.9g} by quadrature, to {error:.1g}"
            passed = off <= 10.0 * error + 1e-8
            return Finding(name, PASSED if passed else FAILED, message + _remedy(passed))
    if math.isnan(found.log_mass):
        return Finding(name, NOT_CHECKED, "too few points to compare; see same law")
    passed = abs(found.log_mass) <= _MASS_Z * found.log_mass_error
    message = (
        f"its mass is exp({found.log_mass:.3g} +- {found.log_mass_error:.2g}) by bridge sampling"
    )
    power = f"a constant of {(_MASS_Z + 2.33) * found.log_mass_error:.2g} in ln p_n"
    status = PASSED if passed else FAILED
    return Finding(name, status, message + _remedy(passed), _MASS_LEVEL, power)


def _remedy(passed: bool) -> str:
    if passed:
        return ""
    return "; expected 1: c would absorb the difference in silence; look for a missing ln 2 pi, ln det or ln n"


def quadrature(log_density: LogDensity, reference: Reference, n: int) -> tuple[float, float]:
    """int p_n by the trapezoidal rule after s = sinh(pi/2 sinh v) (double exponential), and the change at half the
    step."""
    results = []
    for step in (1.0 / 16.0, 1.0 / 32.0) if n == 2 else (1.0 / 128.0, 1.0 / 256.0):
        v = np.arange(-3.5, 3.5 + step, step)
        s, slope = np.sinh(0.5 * np.pi * np.sinh(v)), 0.5 * np.pi * np.cosh(v)
        slope = slope * np.sqrt(1.0 + s * s)
        grid = np.stack(np.meshgrid(*[s] * n, indexing="ij"), axis=-1).reshape(-1, n)
        weights = np.stack(np.meshgrid(*[slope] * n, indexing="ij"), axis=-1).reshape(-1, n)
        logs = log_density(reference.points(grid)) + np.log(weights).sum(axis=1)
        with np.errstate(over="ignore"):
            total = np.exp(logs + reference.log_volume + n * math.log(step)).sum()
        results.append(float(total))
    coarse, fine = results
    return fine, abs(fine - coarse) + 1e-12
