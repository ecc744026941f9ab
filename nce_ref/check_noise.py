r"""Look at a noise at the door: is it drawn from the density that it evaluates, is that density normalised, does it
cover the data?

NCE takes the noise's word for all three, and a wrong word is never seen afterwards: a missing constant hides in c,
another covariance spoils the estimate, a fit is "certified" all the same, since a certificate speaks of the objective
and not of the noise.

Conventions
-----------
y   (n_points, n_dim)   drawn from the noise here; points are rows
x   (n_data, n_dim)     the data, if given
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_count, as_generator, as_points
from nce_ref.check_density import N_FIT, N_ROWS, law, one_and_many, randomness
from nce_ref.check_report import FAILED, PASSED, WARNED, CheckReport, Finding
from nce_ref.noise import Noise

# Shares of the data beyond all points of the noise: told from the first on, wrong from the second on.
_FEW, _MANY = 0.001, 0.1


def check_noise(
    noise: Noise,
    rng: np.random.Generator,
    x: ArrayLike | None = None,
    *,
    n_points: int = 20_000,
) -> CheckReport:
    """Return what a look at ``noise`` finds; ``report.ok`` is False where it must not be used, ``str(report)`` says
    why.

    Parameters
    ----------
    noise : object with ``log_density(u)`` -> (n_points,) and ``sample(n_points, rng)`` -> (n_points, n_dim)
    rng : numpy.random.Generator
        Everything is drawn from it.
    x : (n_data, n_dim), optional
        The data; whether the noise covers them is then looked at.
    n_points : int, at least 2000
        Points drawn from the noise, and as many from a wider distribution fitted to it. Smaller departures are seen
        with more.

    Returns
    -------
    CheckReport
        Findings "shapes", "one point and many", "randomness", "same law", "normalised" and "covers the data". The
        statistical ones state how often a right noise fails, and the smallest departure that they see.

    Raises
    ------
    ValueError
        For an rng that is no Generator, x of a wrong shape, or n_points below 2000. What is wrong with the *noise* is a
        finding.

    Notes
    -----
    Passing proves nothing about departures smaller than those stated, nor about ones that have no part in bounded
    location, spread and correlation (another shape with the same of these). Sampling and density are compared by the
    score test of ``noise/same_law.py``; ln int p_n by quadrature in one and two continuous dimensions, else by bridge
    sampling.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> class Slipped(nr.GaussianNoise):  # evaluates another variance than it draws
    ...     def log_density(self, u):
    ...         return super().log_density(1.2 * np.asarray(u))
    >>> rng = np.random.default_rng(0)
    >>> nr.check_noise(nr.GaussianNoise([0.0], [[1.0]]), rng).ok, nr.check_noise(Slipped([0.0], [[1.0]]), rng).ok
    (True, False)
    """
    rng, n_points = as_generator("rng", rng), as_count("n_points", n_points)
    if n_points < N_FIT:
        raise ValueError(f"n_points: got {n_points}; expected at least {N_FIT}")
    data = None if x is None else as_points("x", x)
    subject = f"noise {type(noise).__name__}"
    shapes, y = _shapes(noise, n_points, rng, None if data is None else data.shape[1])
    findings = [shapes]
    if y is not None:
        findings.append(one_and_many(noise.log_density, y[:N_ROWS]))
        findings.append(randomness(noise.sample, rng))
        findings += law(noise.log_density, noise.sample, y, rng)
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
