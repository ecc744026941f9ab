"""What every estimator returns, and the one way to it: climb from each start, certify, keep the best.

Conventions
-----------
theta   (n_params,)   the estimate, c included
start   (n_params,) or (n_starts, n_params): one start, or one a row
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array, as_count, as_generator, as_vector
from nce_ref._html import preformatted
from nce_ref.estimators.evidence import by_gradients_alone, rests_on
from nce_ref.estimators.made_when_read import MadeWhenRead
from nce_ref.estimators.shifts import TOO_FAR_FROM_0
from nce_ref.estimators.summary import summary
from nce_ref.estimators.units import Units
from nce_ref.estimators.watched import (
    INTERRUPTED,
    SPENT,
    BudgetSpentError,
    Watch,
    Watched,
    each_step,
)
from nce_ref.models.base import Model
from nce_ref.objectives.base import Objective
from nce_ref.optimize import Certificate, Maximum, certify, maximize
from nce_ref.optimize.concavity import newton_step
from nce_ref.optimize.first_order import gradient_certificate, maximize_first_order
from nce_ref.optimize.nonsmooth import LANDING, climb_kinks
from nce_ref.trace import Callback

Judge = Callable[[Objective, Float], Certificate]
# The maximum by formula, and its certificate; None where there is no formula, or rounding leaves it open.
Closed = Callable[[], tuple[Float, Certificate] | None]
# What is said of an estimate's inputs, from theta and whether it is where the climb ended, not where it was stopped.
Words = Callable[[Float, bool], tuple[str, ...]]
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
        Norm of the smallest Clarke subgradient, in the coordinates of the climb: the objective's, of data in units in
        which they have size 1 where theirs are not within 32 of that (``estimators/units.py``).
    is_local_maximum : bool
        Proved by the certificate, status "certified"; or, status "passed", found by the second-order test as computed,
        which is no proof. That no other maximum is higher is *not* proved, see ``starts``.
    converged : bool
        stationarity <= 1e-8 and a local maximum in this sense.
    status, message : str
        The certificate's words: what was found, and what to do. "stationary": by gradients alone, no maximum is
        claimed. "interrupted" (Ctrl-C) and "budget spent" (``max_evaluations``): theta is the best so far; ``starts``
        says what is known of it, stationarity is the plain gradient's norm, inf where it was not seen.
    evidence : str
        What that rests on: a proof or a test, by an exact Hessian or a differenced one, gradients alone, or nothing.
    n_evaluations : int
        Evaluations of the objective over all starts.
    starts : tuple of StartResult
        One a start, in the order given.
    problem : the objective that was maximised
    warnings : tuple of str, made when it is first read
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
    warnings: tuple[str, ...] = field(default=MadeWhenRead(), kw_only=True)  # type: ignore[arg-type]

    @property
    def evidence(self) -> str:
        """In words, what the verdict on theta rests on."""
        return rests_on(self.evidence_status, self.problem)

    @property
    def evidence_status(self) -> str:
        """The status of the start that led to theta: ``status`` itself, unless the fit was stopped later."""
        best = max(self.starts, key=lambda start: start.objective, default=None)
        stopped = best is not None and self.status in (INTERRUPTED, SPENT)
        return best.status if stopped and best is not None else self.status

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
            "start, n_starts: expected exactly one of them: start=theta0, or n_starts=5 with"
            " rng=numpy.random.default_rng(0)"
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
    max_evaluations: int | None = None,
    closed: Closed | None = None,
    words: Words | None = None,
) -> Fit:
    """Climb from each start, certify each end, and return the highest; ``complete`` turns the objective's coordinates
    into theta.

    ``units``: those in which ``starts`` are given, and in which it is climbed and certified; theta is mapped back into
    the data's. ``judge(objective, theta)``: in the place of ``certify``, one that knows more about the ends it refuses.
    ``callback(theta)`` is called after each accepted step (see ``trace.py``).
    ``closed()``: the maximum by formula and its certificate, in the data's units, in the place of each climb's end.
    ``max_evaluations``, Ctrl-C: what stops the climb leaves the best so far (``watched.py``); only a second Ctrl-C,
    before there is any, goes on. ``words(theta, ended)``: what ``Fit.warnings`` says, asked when that is read.
    Raises ValueError for a start at which the objective is not finite, or one above 1e100: nothing climbs from there.
    """
    watch = Watch(max_evaluations)
    known = None if closed is None else closed()
    climb = _Climb(objective, complete, callback, units, judge, watch, known)
    results: list[StartResult] = []
    stop: BaseException | None = None
    for k, start in enumerate(starts):
        try:
            if watch.used == watch.limit:
                raise BudgetSpentError
            result, stop = climb.from_start(k, start)
        except (KeyboardInterrupt, BudgetSpentError) as error:
            if not results:
                raise
            result, stop = None, error
        if result is not None:
            results.append(result)
        if stop is not None:
            break
    best = max(results, key=lambda r: r.objective)
    status, message = best.status, best.message
    if stop is not None:
        status, message = watch.words(stop)
        if best.status != status:
            message += f" and {len(results)} of {len(starts)} starts; the best so far: {best.status}, {best.message}"
        else:
            message = best.message
    return Fit(
        theta=best.theta,
        objective=best.objective,
        stationarity=best.stationarity,
        is_local_maximum=best.is_local_maximum,
        converged=best.is_local_maximum,
        status=status,
        message=message,
        n_evaluations=sum(r.n_evaluations for r in results),
        starts=tuple(results),
        problem=objective,
        warnings=()
        if words is None
        else cast(tuple[str, ...], partial(words, best.theta, stop is None)),
    )


@dataclass(frozen=True, eq=False)
class _Climb:
    """The way from one start, the same for all of a fit; see ``fit_from``."""

    objective: Objective
    complete: Callable[[Float], Float]
    callback: Callback | None
    units: Units | None
    judge: Judge | None
    watch: Watch
    known: tuple[Float, Certificate] | None

    def from_start(self, k: int, start: Float) -> tuple[StartResult, BaseException | None]:
        """Where start k led, and what stopped it on the way, if anything did."""
        climbed = self.objective if self.units is None else self.units.objective(self.objective)
        stopped = False
        try:
            value, gradient = _value_at(climbed, k, start)
        except KeyboardInterrupt:
            if k > 0:
                raise
            # There is no result yet, and a value is what makes the start one: once more, and no further.
            value, gradient = _value_at(climbed, k, start)
            stopped = True
        watch, used = self.watch, self.watch.used
        watch.begin(start, value, gradient)
        callback = self.callback
        each = None if callback is None else lambda point: callback(self._theta(point))
        try:
            if stopped:
                raise KeyboardInterrupt
            # A trial step may leave float64; it is not taken then.
            with np.errstate(over="ignore", invalid="ignore"):
                end, proof = self._end(
                    climbed, Watched(climbed, watch), start, each_step(watch, each)
                )
            theta, value, evaluations = self._theta(end.theta), end.value, end.n_evaluations
            moved = climbed is not self.objective
            if self.known is not None:
                theta, proof = self.complete(self.known[0]), self.known[1]
            elif moved and proof.is_local_maximum and not (self.units and self.units.exact):
                # Moving points and theta back rounds both; what is returned is what has to be proved.
                theta, proof, used_more = self._proved_again(theta)
                evaluations += used_more
            if moved or self.known is not None:
                value = self._value(theta)
        except (KeyboardInterrupt, BudgetSpentError) as stop:
            return self._stopped(climbed, used, stop), stop
        return (
            StartResult(
                theta,
                value,
                proof.stationarity,
                proof.is_local_maximum,
                evaluations,
                proof.status,
                proof.reason,
            ),
            None,
        )

    def _end(
        self, climbed: Objective, watched: Objective, start: Float, each: Callable[[Float], object]
    ) -> tuple[Maximum, Certificate]:
        if by_gradients_alone(self.objective):
            end, decrement = maximize_first_order(watched, start, each)
            proof = gradient_certificate(climbed, end.theta, decrement)
            refused = getattr(self.judge, "refused", None)
            return end, proof if refused is None else refused(climbed, end.theta, proof)
        end = maximize(watched, start, each)
        return end, (self.judge or certify)(climbed, end.theta)

    def _proved_again(self, theta: Float) -> tuple[Float, Certificate, int]:
        """The end in the data's own units, moved by a few steps in these where its rounding is what the proof lacks;
        evaluations used. Of data far from 0 less their shift, theta being what is returned (``shifts.py``)."""
        near = self.objective if self.units is None else self.units.about(self.objective)
        point = self._near(theta)
        proof = certify(near, point)
        if proof.is_local_maximum:
            return theta, proof, 0
        with np.errstate(over="ignore", invalid="ignore"):
            landed = climb_kinks(near, point, LANDING)
        moved = self.complete(self._home(landed.theta))
        again = certify(near, self._near(moved))
        if again.is_local_maximum:
            return moved, again, landed.n_evaluations
        if near is not self.objective and certify(near, landed.theta).is_local_maximum:
            too_far = replace(proof, status="not proved", reason=TOO_FAR_FROM_0)
            return theta, too_far, landed.n_evaluations
        here = near.expand(point)
        stepped = newton_step(here, point) if again.status == "not stationary" else None
        if stepped is not None and np.isfinite(stepped).all():
            moved = self.complete(self._home(stepped))
            again = certify(near, self._near(moved))
            if again.is_local_maximum:
                theta, proof = moved, again
        return theta, proof, landed.n_evaluations + 1

    def _stopped(self, climbed: Objective, used: int, stop: BaseException) -> StartResult:
        reached = self.watch.best(climbed)
        assert reached is not None
        status, words = self.watch.words(stop)
        message = f"{words}; theta is the best so far, of which nothing is proved: go on with start=fit.theta"
        return StartResult(
            self._theta(reached.theta),
            reached.value,
            reached.slope,
            False,
            self.watch.used - used,
            status,
            message,
        )

    def _near(self, theta: Float) -> Float:
        """What the objective about the shift takes, from theta."""
        short = theta[: self.objective.n_params]
        return short if self.units is None else self.units.centred(short)

    def _home(self, point: Float) -> Float:
        return point if self.units is None else self.units.home(point)

    def _value(self, theta: Float) -> float:
        near = self.objective if self.units is None else self.units.about(self.objective)
        return near(self._near(theta))[0]

    def _theta(self, point: Float) -> Float:
        return self.complete(point if self.units is None else self.units.back(point))


def _value_at(climbed: Objective, k: int, start: Float) -> tuple[float, Float]:
    """Value and gradient at start k; ValueError where nothing climbs from there."""
    largest = float(np.abs(start).max(initial=0.0))
    if largest > _LARGEST:
        raise ValueError(
            f"start: row {k} reaches {largest:.3g}; expected at most {_LARGEST:g}: beyond, its cube leaves float64"
        )
    value, gradient = math.inf, start
    if np.isfinite(start).all():
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = climbed(start)
    if not math.isfinite(value):
        raise ValueError(
            f"start: row {k} has the objective {value}; expected a start where it is finite, e.g."
            " model.random_start(rng)"
        )
    return value, gradient
