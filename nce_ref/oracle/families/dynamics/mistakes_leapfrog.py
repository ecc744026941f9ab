"""Slips in the leapfrog's steps: which kicks and drifts, and when the score is taken."""

from __future__ import annotations

from nce_ref.oracle.families.base import (
    Array,
    Mistake,
)
from nce_ref.oracle.families.dynamics.textbook import LeapfrogSteps, Score


class _Kicks(LeapfrogSteps):
    """First, inner and last kick in units of the step size; right: 1/2, 1, 1/2."""

    def __init__(self, first: float, inner: float, last: float) -> None:
        self.first, self.inner, self.last = first, inner, last

    def kicks(self, step_size: float, n_steps: int) -> list[float]:
        return [
            self.first * step_size,
            *[self.inner * step_size] * (n_steps - 1),
            self.last * step_size,
        ]


_FIRST = "First order in e, and not reversible: acceptance falls, and detailed balance is lost. "

_MERGED = "kicks e/2, e, ..., e, e/2 around n_steps drifts e"

LEAPFROG_FULL_KICK_FIRST = Mistake(
    "leapfrog-full-kick-first",
    "the first kick is a whole one instead of half of one",
    _Kicks(1.0, 1.0, 0.5),
    effect=_FIRST + "The Metropolis decision no longer corrects for it.",
    fix=f"{_MERGED}; the slip: e at the start",
)

LEAPFROG_FULL_KICK_LAST = Mistake(
    "leapfrog-full-kick-last",
    "the last kick is a whole one instead of half of one",
    _Kicks(0.5, 1.0, 1.0),
    effect=_FIRST + "The loop's kicks were merged, and the last was not halved.",
    fix=f"{_MERGED}; the slip: e at the end",
)

_KEPT = "Reversible and volume-preserving all the same, so the law sampled stays right; "

LEAPFROG_FULL_KICKS = Mistake(
    "leapfrog-full-kicks",
    "whole kicks at both ends",
    _Kicks(1.0, 1.0, 1.0),
    effect=_KEPT
    + "but the momentum gains half a step's force at either end: the energy is off by order e, acceptance falls.",
    fix=f"{_MERGED}; the slip: e at the start and at the end",
)

LEAPFROG_HALF_KICKS = Mistake(
    "leapfrog-half-kicks",
    "the kicks between two drifts are half ones: merged, and not doubled",
    _Kicks(0.5, 0.5, 0.5),
    effect=_KEPT
    + "but half of the force is lost on the way: acceptance falls. Nothing to see with one step.",
    fix=f"{_MERGED}; the slip: e/2 throughout",
)

_STEP = "p += (e/2) score(u); u += e p; p += (e/2) score(u)"

LEAPFROG_NO_FIRST_KICK = Mistake(
    "leapfrog-no-first-kick",
    "the first half kick is missing",
    _Kicks(0.0, 1.0, 0.5),
    effect=_FIRST + "The trajectory starts with a drift along the old momentum.",
    fix=f"{_STEP}; the slip: without the first kick",
)

LEAPFROG_NO_LAST_KICK = Mistake(
    "leapfrog-no-last-kick",
    "the last half kick is missing: the momentum stays half a step behind",
    _Kicks(0.5, 1.0, 0.0),
    effect=_FIRST + "Positions are right, energies are not.",
    fix=f"{_STEP}; the slip: without the last kick",
)

LEAPFROG_SYMPLECTIC_EULER = Mistake(
    "leapfrog-symplectic-euler",
    "whole kick, whole drift: the symplectic Euler method",
    _Kicks(1.0, 1.0, 0.0),
    effect=_FIRST + "Volume is preserved, reversibility is not.",
    fix=f"{_STEP}; the slip: p += e score(u); u += e p",
)


class _Euler(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            u, p = u + step_size * p, p + step_size * score(u)
        return u, p


LEAPFROG_EULER = Mistake(
    "leapfrog-euler",
    "position and momentum are moved at once, each by the other's old value: Euler's method",
    _Euler(),
    effect=_FIRST + "Volume expands, energies rise without end.",
    fix=f"{_STEP}; the slip: u, p = u + e p, p + e score(u)",
)


class _DriftsAtTheEnds(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            u = u + 0.5 * step_size * p
            p = p + step_size * score(u)
            u = u + 0.5 * step_size * p
        return u, p


LEAPFROG_DRIFTS_AT_ENDS = Mistake(
    "leapfrog-drifts-at-ends",
    "half drifts at the ends, whole kicks between: the position form of the leapfrog",
    _DriftsAtTheEnds(),
    effect=_KEPT + "it is as good an integrator, and another trajectory.",
    fix=f"{_STEP}; the other form: u += (e/2) p; p += e score(u); u += (e/2) p",
    seen="both forms are in textbooks",
)


class _StaleScore(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            kick = 0.5 * step_size * score(u)
            p = p + kick
            u = u + step_size * p
            p = p + kick
        return u, p


LEAPFROG_STALE_SCORE = Mistake(
    "leapfrog-stale-score",
    "the second half kick of a step has the score of the position before the drift",
    _StaleScore(),
    effect=_FIRST
    + "One evaluation a step is saved, and the step is the symplectic Euler method's in disguise.",
    fix=f"{_STEP}, the last score at the new u; the slip: the old one",
)


class _ScoreOnce(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        at_start = score(u)
        return super().trajectory(lambda _: at_start, u, p, step_size, n_steps)


LEAPFROG_SCORE_ONCE = Mistake(
    "leapfrog-score-once",
    "the score is computed at the start and never again",
    _ScoreOnce(),
    effect=(
        "A parabola through the starting point: proposals are poor and detailed balance is lost."
        " With one step it is leapfrog-stale-score."
    ),
    fix=f"{_STEP}, a new score after every drift; the slip: score(u) of the start throughout",
)


class _DriftByOldMomentum(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            old, p = p, p + 0.5 * step_size * score(u)
            u = u + step_size * old
            p = p + 0.5 * step_size * score(u)
        return u, p


LEAPFROG_DRIFT_OLD_MOMENTUM = Mistake(
    "leapfrog-drift-old-momentum",
    "the drift has the momentum of before the half kick",
    _DriftByOldMomentum(),
    effect=_FIRST + "Volume is not preserved.",
    fix=f"{_STEP}; the slip: u += e p with the old p",
)


class _OppositeScore(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        return super().trajectory(lambda point: -score(point), u, p, step_size, n_steps)


LEAPFROG_SIGN = Mistake(
    "leapfrog-sign",
    "the kick has the wrong sign: the energy's derivative where the log-density's is meant",
    _OppositeScore(),
    effect="Chains run away from the mass, the faster the further they are: acceptance goes to 0.",
    fix="p += (e/2) score(u), score = d ln p_m/du = -dE/du; the slip: +dE/du",
)


class _KicksSquared(LeapfrogSteps):
    def kicks(self, step_size: float, n_steps: int) -> list[float]:
        return [step_size * kick for kick in super().kicks(step_size, n_steps)]


LEAPFROG_STEP_SQUARED = Mistake(
    "leapfrog-step-squared",
    "the kicks have the step size squared",
    _KicksSquared(),
    effect=_KEPT
    + "but the force is e times too weak: energies are not kept. Nothing to see at step size 1.",
    fix=f"{_STEP}; the slip: (e^2/2) score(u), as where p is measured in units of e",
)


class _KicksWithoutStep(LeapfrogSteps):
    def kicks(self, step_size: float, n_steps: int) -> list[float]:
        return super().kicks(1.0, n_steps)


LEAPFROG_KICK_NO_STEP = Mistake(
    "leapfrog-kick-no-step",
    "the kicks lack the step size",
    _KicksWithoutStep(),
    effect=_KEPT
    + "but the force is 1/e times too strong: nothing is accepted. Nothing to see at step size 1.",
    fix=f"{_STEP}; the slip: (1/2) score(u)",
)


class _HalfDrifts(LeapfrogSteps):
    def drifts(self, step_size: float, n_steps: int) -> list[float]:
        return [0.5 * step_size] * n_steps


LEAPFROG_HALF_DRIFT = Mistake(
    "leapfrog-half-drift",
    "the drifts are half as long",
    _HalfDrifts(),
    effect=_KEPT + "but positions and momenta belong to different times: energies are not kept.",
    fix=f"{_STEP}; the slip: u += (e/2) p",
)


class _OneLongStep(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        return super().trajectory(score, u, p, n_steps * step_size, 1)


LEAPFROG_ONE_LONG_STEP = Mistake(
    "leapfrog-one-long-step",
    "one step of length n_steps e for n_steps steps",
    _OneLongStep(),
    effect=_KEPT
    + "but the energy's error grows with the square of n_steps. Nothing to see with one step.",
    fix=f"{_MERGED}; the slip: drifts merged as well",
)


class _Steps(LeapfrogSteps):
    """So many steps more; right: 0."""

    def __init__(self, more: int) -> None:
        self.more = more

    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        n_steps += self.more
        return super().trajectory(score, u, p, step_size, n_steps) if n_steps else (u, p)


LEAPFROG_ONE_STEP_SHORT = Mistake(
    "leapfrog-one-step-short",
    "one step less than asked for",
    _Steps(-1),
    effect="None but shorter trajectories; with one step the chains stand still, and everything is accepted.",
    fix=f"{_MERGED}; the slip: n_steps - 1 drifts",
)

LEAPFROG_ONE_STEP_MORE = Mistake(
    "leapfrog-one-step-more",
    "one step more than asked for",
    _Steps(1),
    effect="None but longer trajectories than stated, and a cost that is higher by one score.",
    fix=f"{_MERGED}; the slip: n_steps + 1 drifts",
)


class _MomentumTurned(LeapfrogSteps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        u, p = super().trajectory(score, u, p, step_size, n_steps)
        return u, -p


LEAPFROG_MOMENTUM_TURNED = Mistake(
    "leapfrog-momentum-turned",
    "the momentum is negated at the end, as the proof of reversibility has it",
    _MomentumTurned(),
    effect=(
        "None on the decision, since |p|^2 is the same; chains that keep their momentum turn back."
        " Another convention: say so."
    ),
    fix="momentum_after as it is at the end of the trajectory; the other choice: -p",
    seen="Neal's own code negates it",
)


MISTAKES = (
    LEAPFROG_FULL_KICK_FIRST,
    LEAPFROG_FULL_KICK_LAST,
    LEAPFROG_FULL_KICKS,
    LEAPFROG_HALF_KICKS,
    LEAPFROG_NO_FIRST_KICK,
    LEAPFROG_NO_LAST_KICK,
    LEAPFROG_SYMPLECTIC_EULER,
    LEAPFROG_EULER,
    LEAPFROG_DRIFTS_AT_ENDS,
    LEAPFROG_STALE_SCORE,
    LEAPFROG_SCORE_ONCE,
    LEAPFROG_DRIFT_OLD_MOMENTUM,
    LEAPFROG_SIGN,
    LEAPFROG_STEP_SQUARED,
    LEAPFROG_KICK_NO_STEP,
    LEAPFROG_HALF_DRIFT,
    LEAPFROG_ONE_LONG_STEP,
    LEAPFROG_ONE_STEP_SHORT,
    LEAPFROG_ONE_STEP_MORE,
    LEAPFROG_MOMENTUM_TURNED,
)
