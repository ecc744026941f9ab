"""What every estimator returns, and the one way to it: climb from each start, certify, keep the best.

Conventions
-----------
theta   (n_params,)   the estimate, c included
start   (n_params,) or (n_starts, n_params): one start, or one a row
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array, as_count, as_generator, as_vector
from nce_ref._html import preformatted
from nce_ref.estimators.summary import summary
from nce_ref.estimators.units import Units
from nce_ref.models.base import Model
from nce_ref.objectives.base import Objective
from nce_ref.optimize import Certificate, certify, maximize
from nce_ref.optimize.nonsmooth import LANDING, climb_kinks
from nce_ref.trace import Callback

Judge = Callable[[Objective, Float], Certificate]
# The maximum by formula, and its certificate; None where there is no formula, or rounding leaves it open.
Closed = Callable[[], tuple[Float, Certificate] | None]
# The smoothed objectives cube b_i.x, which has to stay in float64.
_LARGEST = 1e100


@dataclass(frozen=True, eq=False)
class StartResult:
    """Where one start led; the spread of ``objective`` over the starts shows how many maxima there are.

    Attributes
    ----------
    theta : (n_params,)
    objective, stationarity : float
    is_local_maximum : bool
    n_evaluations : int
    status, message : str
        As in ``Fit``, for this start alone.
    """

    theta: Float
    objective: float
    stationarity: float
    is_local_maximum: bool
    n_evaluations: int
    status: str
    message: str


@dataclass(frozen=True, eq=False)
class Fit:
    """An estimate and what is known about it; ``print(fit.summary())`` shows it as a table.

    Attributes
    ----------
    theta : (n_params,)
        The estimate.
    objective : float
        Its value, maximised, per data sample.
    stationarity : float
        Norm of the smallest Clarke subgradient, in the coordinates of the climb: the objective's, of data in units in which they have size 1
        where theirs are not within 32 of that (``estimators/units.py``).
    is_local_maximum : bool
        Proved by the certificate; that no other maximum is higher is *not* proved, see ``starts``.
    converged : bool
        stationarity <= 1e-8 and a proved local maximum.
    status, message : str
        The certificate's words: what was found, and what to do.
    n_evaluations : int
        Evaluations of the objective over all starts.
    starts : tuple of StartResult
        One a start, in the order given.
    problem : the objective that was maximised
    warnings : tuple of str
        What looks wrong or unusual in the inputs, in words; empty where nothing does (``estimators/inputs_check.py``).
    """

    theta: Float
    objective: float
    stationarity: float
    is_local_maximum: bool
    converged: bool
    status: str
    message: str
    n_evaluations: int
    starts: tuple[StartResult, ...] = field(repr=False)
    problem: Objective = field(repr=False)
    warnings: tuple[str, ...] = field(default=(), kw_only=True)

    def summary(self) -> str:
        """Return a table: estimates, standard errors, 95 % intervals, and what was proved and what was not."""
        return summary(self)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return preformatted(self.summary())


def collect_starts(
    units: Units,
    start: ArrayLike | None,
    n_starts: int | None,
    rng: np.random.Generator | None,
) -> Float:
    """Return the starts, one a row, in ``units``: ``start`` is given in the data's, random ones are drawn in these.

    Raises ValueError unless exactly one of ``start`` and ``n_starts`` (with ``rng``) is given.
    """
    model = units.model
    if (start is None) == (n_starts is None):
        raise ValueError(
            "start, n_starts: expected exactly one of them: start=theta0, or n_starts=5 with rng=numpy.random.default_rng(0)"
        )
    if start is not None:
        try:
            several = np.ndim(start) == 2
        except ValueError:  # rows of different lengths: as_vector says so
            several = False
        given = (
            as_array("start", start, 2, (None, model.n_params))
            if several
            else as_vector("start", start, model.n_params)[None, :]
        )
        with np.errstate(over="ignore", invalid="ignore"):
            return np.stack([units.into(row) for row in given])
    count, generator = as_count("n_starts", n_starts), as_generator("rng", rng)
    return np.stack([model.random_start(generator) for _ in range(count)])


def normalized_or(model: Model, alpha: Float, c: float) -> Float:
    """Return theta = (alpha, -ln Z(alpha)), and (alpha, c) where ln Z is infinite."""
    theta = np.append(alpha, c)
    log_z = model.log_normalizer(theta)
    return np.append(alpha, -log_z) if math.isfinite(log_z) else theta


def fit_from(
    objective: Objective,
    starts: Sequence[Float] | Float,
    complete: Callable[[Float], Float],
    callback: Callback | None = None,
    units: Units | None = None,
    judge: Judge | None = None,
    closed: Closed | None = None,
) -> Fit:
    """Climb from each start, certify each end, and return the highest; ``complete`` turns the objective's coordinates into theta.

    ``units``: those in which ``starts`` are given, and in which it is climbed and certified; theta is mapped back into the data's.
    ``judge(objective, theta)``: in the place of ``certify``, one that knows more about the ends it refuses.
    ``closed()``: the maximum by formula and its certificate, in the data's units, in the place of each climb's end.
    ``callback(theta)`` is called after each accepted step (see ``trace.py``).
    Raises ValueError for a start at which the objective is not finite, or one above 1e100: nothing climbs from there.
    """
    climbed = objective if units is None else units.objective(objective)
    moved = climbed is not objective

    def theta_of(point: Float) -> Float:
        return complete(point if units is None else units.back(point))

    known = None if closed is None else closed()
    results = []
    for k, start in enumerate(starts):
        largest = float(np.abs(start).max(initial=0.0))
        if largest > _LARGEST:
            raise ValueError(
                f"start: row {k} reaches {largest:.3g}; expected at most {_LARGEST:g}: beyond, its cube leaves float64"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            value = climbed(start)[0] if np.isfinite(start).all() else math.inf
        if not math.isfinite(value):
            raise ValueError(
                f"start: row {k} has the objective {value}; expected a start where it is finite, e.g. model.random_start(rng)"
            )
        each = None if callback is None else lambda point: callback(theta_of(point))
        # A trial step may leave float64; it is not taken then.
        with np.errstate(over="ignore", invalid="ignore"):
            end = maximize(climbed, start, each)
        theta, evaluations = theta_of(end.theta), end.n_evaluations
        if known is not None:
            theta, proof = complete(known[0]), known[1]
        else:
            proof = (judge or certify)(climbed, end.theta)
            if moved and proof.is_local_maximum:
                # Moving points and theta back rounds both; what is returned is what has to be proved.
                proof = certify(objective, theta[: objective.n_params])
                if not proof.is_local_maximum:
                    # What the rounding has moved, a few steps in the data's own units may put right.
                    landed = climb_kinks(objective, theta[: objective.n_params], LANDING)
                    again = certify(objective, landed.theta)
                    evaluations += landed.n_evaluations
                    if again.is_local_maximum:
                        theta, proof = complete(landed.theta), again
        replaced = moved or known is not None
        results.append(
            StartResult(
                theta,
                objective(theta[: objective.n_params])[0] if replaced else end.value,
                proof.stationarity,
                proof.is_local_maximum,
                evaluations,
                proof.status,
                proof.reason,
            )
        )
    best = max(results, key=lambda r: r.objective)
    return Fit(
        theta=best.theta,
        objective=best.objective,
        stationarity=best.stationarity,
        is_local_maximum=best.is_local_maximum,
        converged=best.is_local_maximum,
        status=best.status,
        message=best.message,
        n_evaluations=sum(r.n_evaluations for r in results),
        starts=tuple(results),
        problem=objective,
    )
