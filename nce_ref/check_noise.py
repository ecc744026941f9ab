r"""Look at a noise at the door: is it drawn from the density that it evaluates, is that density normalised, does it cover the data?

NCE takes the noise's word for all three, and a wrong word is never seen afterwards: a missing constant hides in c, another covariance
spoils the estimate, a fit is "certified" all the same, since a certificate speaks of the objective and not of the noise.

Conventions
-----------
y   (n_points, n_dim)   drawn from the noise here; points are rows
x   (n_data, n_dim)     the data, if given
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_generator, as_points
from nce_ref.check_report import FAILED, NOT_CHECKED, PASSED, WARNED, CheckReport, Finding
from nce_ref.noise import Noise
from nce_ref.noise.reference import Reference
from nce_ref.noise.same_law import LEVEL, LawTest, law_test

# A density evaluated on one point and on many differs by rounding, of which this is a generous bound.
_ROUNDING = 1e-8
_N_FIT, _N_ROWS = 2000, 50
_MASS_LEVEL, _MASS_Z = 1e-6, 4.8916384756
# Shares of the data beyond all points of the noise: told from the first on, wrong from the second on.
_FEW, _MANY = 0.001, 0.1


def check_noise(
    noise: Noise,
    rng: np.random.Generator,
    x: ArrayLike | None = None,
    *,
    n_points: int = 20_000,
) -> CheckReport:
    """Return what a look at ``noise`` finds; ``report.ok`` is False where it must not be used, ``str(report)`` says why.

    Parameters
    ----------
    noise : object with ``log_density(u)`` -> (n_points,) and ``sample(n_points, rng)`` -> (n_points, n_dim)
    rng : numpy.random.Generator
        Everything is drawn from it.
    x : (n_data, n_dim), optional
        The data; whether the noise covers them is then looked at.
    n_points : int, at least 2000
        Points drawn from the noise, and as many from a wider distribution fitted to it. Smaller departures are seen with more.

    Returns
    -------
    CheckReport
        Findings "shapes", "one point and many", "randomness", "same law", "normalised" and "covers the data". The statistical ones
        state how often a right noise fails, and the smallest departure that they see.

    Raises
    ------
    ValueError
        For an rng that is no Generator, x of a wrong shape, or n_points below 2000. What is wrong with the *noise* is a finding.

    Notes
    -----
    Passing proves nothing about departures smaller than those stated, nor about ones that have no part in bounded location,
    spread and correlation (another shape with the same of these). Sampling and density are compared by the score test of
    ``noise/same_law.py``; ln int p_n by quadrature in one and two continuous dimensions, else by bridge sampling.
    """
    rng, n_points = as_generator("rng", rng), as_count("n_points", n_points)
    if n_points < _N_FIT:
        raise ValueError(f"n_points: got {n_points}; expected at least {_N_FIT}")
    data = None if x is None else as_points("x", x)
    subject = f"noise {type(noise).__name__}"
    shapes, y = _shapes(noise, n_points, rng, None if data is None else data.shape[1])
    findings = [shapes]
    if y is not None:
        findings.append(_one_and_many(noise, y[:_N_ROWS]))
        findings.append(_randomness(noise, rng))
        findings += _law(noise, y, rng)
        if data is not None:
            findings.append(_covers(noise, y, data))
    return CheckReport(subject, tuple(findings))


def _shapes(
    noise: Any, n_points: int, rng: np.random.Generator, n_dim: int | None
) -> tuple[Finding, Float | None]:
    """The finding, and the noise's points where they can be used."""

    def failed(message: str) -> tuple[Finding, None]:
        return Finding("shapes", FAILED, message), None

    for member, form in (("log_density", "log_density(u)"), ("sample", "sample(n_points, rng)")):
        if not callable(getattr(noise, member, None)):
            return failed(f"no method {member}; expected {form}, e.g. as nr.GaussianNoise has it")
    try:
        y = noise.sample(n_points, rng)
    except Exception as error:
        return failed(f"sample({n_points}, rng) raised {type(error).__name__}: {error}")
    got = np.shape(y)
    want = n_dim if n_dim is not None else getattr(noise, "n_dim", None)
    if len(got) != 2 or got[0] != n_points or (want is not None and got[1] != want):
        return failed(
            f"sample({n_points}, rng) has shape {got}; expected ({n_points}, {want or 'n_dim'})"
        )
    try:
        y = as_points("sample", y)
        before = y.copy()
        log_density = np.asarray(noise.log_density(y))
    except Exception as error:
        return failed(f"on its own sample: {type(error).__name__}: {error}")
    if not np.array_equal(before, y):
        return failed("log_density changes the points it is handed; expected it to leave u alone")
    if log_density.shape != (n_points,) or log_density.dtype.kind not in "fiu":
        return failed(
            f"log_density(u) of {n_points} points has shape {log_density.shape} and dtype {log_density.dtype}; "
            f"expected ({n_points},) of floats"
        )
    bad = ~np.isfinite(log_density)
    if bad.any():
        t = int(np.argmax(bad))
        return failed(
            f"log_density is {log_density[t]} at {int(bad.sum())} of its own {n_points} points, the first {y[t]}; "
            "expected finite numbers where it has drawn points"
        )
    return Finding("shapes", PASSED, f"points {y.shape}, log-densities ({n_points},), finite"), y


def _one_and_many(noise: Noise, y: Float) -> Finding:
    together = np.asarray(noise.log_density(y), dtype=np.float64)
    alone = np.array([np.asarray(noise.log_density(point[None, :])).item() for point in y])
    gap = np.abs(together - alone) / (1.0 + np.abs(together))
    if gap.max() > _ROUNDING:
        t = int(np.argmax(gap))
        return Finding(
            "one point and many",
            FAILED,
            f"ln p_n of one point is {alone[t]:.9g} by itself and {together[t]:.9g} among {len(y)}; "
            "expected each row to depend on its own point: look for an axis that a sum or a maximum runs over",
        )
    return Finding("one point and many", PASSED, f"{len(y)} points, alone and together")


def _randomness(noise: Noise, rng: np.random.Generator) -> Finding:
    twin = copy.deepcopy(rng)
    first, again, then = noise.sample(10, rng), noise.sample(10, twin), noise.sample(10, rng)
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


def _law(noise: Noise, y: Float, rng: np.random.Generator) -> list[Finding]:
    try:
        reference = Reference(noise.sample(_N_FIT, rng))
    except ValueError as error:
        return [
            Finding("same law", FAILED, f"its points have no density in these coordinates: {error}")
        ]
    z = reference.sample(len(y), rng)

    def log_density(u: Float) -> Float:
        with np.errstate(all="ignore"):
            found = np.asarray(noise.log_density(u), dtype=np.float64)
        return np.where(np.isnan(found), -np.inf, found)

    try:
        _refuse_constant(log_density, y)
        reference = Reference(noise.sample(_N_FIT, rng))
    except ValueError as error:
        message = f"its points have no density in these coordinates: {error}"
        return [Finding("same law", FAILED, message)]
    z = reference.sample(len(y), rng)
    found = law_test(log_density, y, reference, z)
    return [
        _same_law(found, log_density, y, reference, z),
        _normalised(found, log_density, y, reference),
    ]


def _refuse_constant(log_density: Callable[[Float], Float], y: Float) -> None:
    """ValueError for a coordinate that is the same in all points although ln p_n is finite beside it; a rare value is none."""
    for i in np.flatnonzero(y.min(axis=0) == y.max(axis=0)):
        value = float(y[0, i])
        beside = y[:_N_ROWS].copy()
        beside[:, i] += 1e-3 * (1.0 + abs(value))
        if np.isfinite(log_density(beside)).any():
            raise ValueError(
                f"coordinate {i} is {value:.6g} in all of them, and ln p_n is finite beside it"
            )


def _same_law(
    found: LawTest, log_density: Callable[[Float], Float], y: Float, reference: Reference, z: Float
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

        def corrected(u: Float, other: Callable[[Float], Float] = other) -> Float:
            return other(log_density(u))

        if law_test(corrected, y, reference, z).p_value > 0.01:
            return Finding(name, FAILED, f"log_density returns {said}", LEVEL, found.power)
    rest = law_test(lambda u: log_density(u) - found.log_mass, y, reference, z)
    if rest.p_value > 0.01:
        message = (
            f"its density is off by a factor only: its mass is exp({found.log_mass:.4g} +- {found.log_mass_error:.2g}); "
            "look for a missing ln 2 pi, ln det or ln n"
        )
        return Finding(name, FAILED, message, LEVEL, found.power)
    message = f"its points are not of the density that it evaluates, p = {found.p_value:.1g}: {_told(rest.z, y.shape[1])}"
    return Finding(name, FAILED, message, LEVEL, found.power)


_SLIPS: dict[str, Callable[[Float], Float]] = {
    "the density; expected its logarithm": lambda q: np.log(np.maximum(q, 1e-300)),
    "minus the log-density; expected ln p_n, not a loss or an energy": lambda q: -q,
    "the logarithm to base 2; expected the natural one": lambda q: q * math.log(2.0),
    "the logarithm to base 10; expected the natural one": lambda q: q * math.log(10.0),
    "twice the log-density": lambda q: 0.5 * q,
    "half the log-density": lambda q: 2.0 * q,
}


def _told(z: Float, n: int) -> str:
    """The feature that differs most, freed of the constant, in words."""
    strongest = 1 + int(np.argmax(np.abs(z[1:])))
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
            f"they are spread {'wider' if more else 'narrower'} along coordinate {i} than it says: look for a variance in the "
            "place of a standard deviation, or for two covariances, one drawn and one evaluated"
        )
    return (
        f"coordinates {i} and {j} (whitened) are correlated {'more' if more else 'less'} than it says: look for a Cholesky "
        "factor on the wrong side, or transposed"
    )


def _normalised(
    found: LawTest, log_density: Callable[[Float], Float], y: Float, reference: Reference
) -> Finding:
    name = "normalised"
    if not reference.discrete.any() and y.shape[1] <= 2:
        mass, error = _quadrature(log_density, reference, y.shape[1])
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


def _quadrature(
    log_density: Callable[[Float], Float], reference: Reference, n: int
) -> tuple[float, float]:
    """int p_n by the trapezoidal rule after s = sinh(pi/2 sinh v) (double exponential), and the change at half the step."""
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


def _covers(noise: Noise, y: Float, x: Float) -> Finding:
    name = "covers the data"
    with np.errstate(all="ignore"):
        at_data = np.asarray(noise.log_density(x), dtype=np.float64)
    none = ~np.isfinite(at_data)
    if none.any():
        t = int(np.argmax(none))
        message = (
            f"ln p_n is {at_data[t]} at {int(none.sum())} of {len(x)} data points, the first {x[t]}; expected a noise "
            "that is above 0 wherever the data can be"
        )
        return Finding(name, FAILED, message)
    lowest = float(np.asarray(noise.log_density(y)).min())
    share = float((at_data < lowest).mean())
    message = f"{100.0 * share:.3g} % of the data have a density below that of all {len(y)} points of the noise"
    if share > _MANY:
        return Finding(name, FAILED, message + ": data and noise hardly meet; take a wider noise")
    if share > _FEW:
        return Finding(name, WARNED, message + ": consider a wider noise, or heavier tails")
    return Finding(name, PASSED, message)
