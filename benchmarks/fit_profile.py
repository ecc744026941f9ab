"""Where the time of a certified fit goes: by phase, and by kind of work, each second counted once.

Functions are wrapped while a fit runs, and a clock that stands still in whatever is called further down gives each its
own share. The wrappers cost about a microsecond a call, some hundred calls an evaluation of many blocks at most: below
2 % at T = 16000.

*Conventions.* A phase includes all that it calls. Kinds are disjoint, and add up with "the rest" to the whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

import nce_ref as nr
from benchmarks.problems import FitProblem
from nce_ref.estimators import fit as fit_module
from nce_ref.estimators import runaway
from nce_ref.models import laplace_ica
from nce_ref.objectives import likelihood, nce
from nce_ref.optimize import multipliers, nonsmooth, smoothing

REST = "the rest: interpreter, line searches, copies"
PHASES = (
    "making the objective",
    "smoothed Newton",
    "proximal Newton on the kinks",
    "certificate",
    "value at the start",
)
KINDS = (
    "B u^T, absolute values, ln p_m",
    "ln sigma and its slope",
    "gradient",
    "Hessian",
    "finding and sorting kinks",
    "quadratic programmes, eigenvalues, solves",
    "making the objective",
    REST,
)


def _watched() -> list[tuple[Any, str, str, str]]:
    """(owner, attribute, kind, phase); a name that is gone is an AttributeError here, not a share of 0."""
    objectives, a_pass = (
        (nce.NCEObjective, likelihood.LikelihoodObjective),
        laplace_ica.LaplaceICAPass,
    )
    return [
        *(
            (owner, "__init__", "making the objective", "making the objective")
            for owner in objectives
        ),
        *((owner, "__call__", "", "value at the start") for owner in objectives),
        *((owner, name, "", "") for owner in objectives for name in ("second_order", "expand")),
        (nonsmooth, "follow_smoothing", "", "smoothed Newton"),
        (nonsmooth, "_climb", "", "proximal Newton on the kinks"),
        *((module, "certify", "", "certificate") for module in (fit_module, runaway)),
        (laplace_ica.LaplaceICA, "evaluate", KINDS[0], ""),
        (nce, "value_and_slopes", KINDS[1], ""),
        (a_pass, "pullback", KINDS[2], ""),
        (a_pass, "curvature", KINDS[3], ""),
        *((module, "split_kinks", KINDS[4], "") for module in (nce, likelihood)),
        *((module, "positive_definite", KINDS[5], "") for module in (nonsmooth, smoothing)),
        (nonsmooth, "solve_kinked_quadratic", KINDS[5], ""),
        (multipliers, "lsq_linear", KINDS[5], ""),
        (np.linalg, "solve", KINDS[5], ""),
    ]


class Clock:
    """Seconds by kind (own time) and by phase (with all below), and calls."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.phases: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._below = [0.0]
        self._in_phase = False

    def wrap(
        self, function: Callable[..., Any], kind: str, phase: str, name: str
    ) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            outermost = bool(phase) and not self._in_phase
            self._in_phase = self._in_phase or outermost
            self._below.append(0.0)
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                taken = time.perf_counter() - start
                below = self._below.pop()
                self._below[-1] += taken if kind else below
                if kind:
                    self.kinds[kind] += taken - below
                if outermost:
                    self.phases[phase] += taken
                    self._in_phase = False
                self.calls[name] += 1

        return wrapped


@contextmanager
def watch() -> Iterator[Clock]:
    """Run fits inside and read the clock after."""
    clock, kept = Clock(), []
    try:
        for owner, name, kind, phase in _watched():
            function = vars(owner)[name] if isinstance(owner, type) else getattr(owner, name)
            kept.append((owner, name, function))
            setattr(owner, name, clock.wrap(function, kind, phase, name))
        yield clock
    finally:
        for owner, name, function in reversed(kept):
            setattr(owner, name, function)


def profile(what: str, n_data: int, n_sets: int) -> dict[str, Any]:
    """Shares over ``n_sets`` fits from one start each; ``what`` is "nce" or "mle"."""

    def run(problem: FitProblem) -> nr.Fit:
        if what == "mle":
            return nr.fit_mle(problem.model, problem.x, start=problem.starts[0])
        return nr.fit_nce(
            problem.model, problem.noise, problem.x, problem.y, start=problem.starts[0]
        )

    problems = [FitProblem(n_data, k) for k in range(n_sets)]
    run(problems[0])
    with watch() as clock:
        start = time.perf_counter()
        for problem in problems:
            run(problem)
        seconds = time.perf_counter() - start
    start = time.perf_counter()
    for problem in problems:
        run(problem)
    plain = time.perf_counter() - start
    clock.kinds[REST] = seconds - sum(clock.kinds.values())
    return {
        "what": what,
        "T": n_data,
        "n_sets": n_sets,
        "seconds": plain / n_sets,
        "watched_seconds": seconds / n_sets,
        "kinds": {kind: clock.kinds[kind] / seconds for kind in KINDS if clock.kinds[kind]},
        "phases": {phase: clock.phases[phase] / seconds for phase in PHASES if clock.phases[phase]},
        "calls": {
            name: clock.calls[name] / n_sets
            for name in ("second_order", "expand", "solve_kinked_quadratic")
        },
    }
