"""Slips in the leapfrog's steps: which kicks and drifts, and when the score is taken."""

from __future__ import annotations

from nce_ref.oracle.families.dynamics.textbook import Score
from nce_ref.oracle.mistakes.making import LEAPFROG, made_by
from nce_ref.oracle.textbook import Array, Steps


class _Kicks(Steps):
    """First, inner and last kick in units of the step size; right: 1/2, 1, 1/2."""

    def __init__(self, first: float, inner: float, last: float) -> None:
        self.first, self.inner, self.last = first, inner, last

    def kicks(self, step_size: float, n_steps: int) -> list[float]:
        return [
            self.first * step_size,
            *[self.inner * step_size] * (n_steps - 1),
            self.last * step_size,
        ]


class _KicksSquared(Steps):
    def kicks(self, step_size: float, n_steps: int) -> list[float]:
        return [step_size * kick for kick in super().kicks(step_size, n_steps)]


class _KicksWithoutStep(Steps):
    def kicks(self, step_size: float, n_steps: int) -> list[float]:
        return super().kicks(1.0, n_steps)


class _HalfDrifts(Steps):
    def drifts(self, step_size: float, n_steps: int) -> list[float]:
        return [0.5 * step_size] * n_steps


class _Steps(Steps):
    """So many steps more; right: 0."""

    def __init__(self, more: int) -> None:
        self.more = more

    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        n_steps += self.more
        return super().trajectory(score, u, p, step_size, n_steps) if n_steps else (u, p)


class _OneLongStep(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        return super().trajectory(score, u, p, n_steps * step_size, 1)


class _Euler(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            u, p = u + step_size * p, p + step_size * score(u)
        return u, p


class _DriftsAtTheEnds(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            u = u + 0.5 * step_size * p
            p = p + step_size * score(u)
            u = u + 0.5 * step_size * p
        return u, p


class _StaleScore(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            kick = 0.5 * step_size * score(u)
            p = p + kick
            u = u + step_size * p
            p = p + kick
        return u, p


class _ScoreOnce(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        at_start = score(u)
        return super().trajectory(lambda _: at_start, u, p, step_size, n_steps)


class _DriftByOldMomentum(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        for _ in range(n_steps):
            old, p = p, p + 0.5 * step_size * score(u)
            u = u + step_size * old
            p = p + 0.5 * step_size * score(u)
        return u, p


class _OppositeScore(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        return super().trajectory(lambda point: -score(point), u, p, step_size, n_steps)


class _MomentumTurned(Steps):
    def trajectory(
        self, score: Score, u: Array, p: Array, step_size: float, n_steps: int
    ) -> tuple[Array, Array]:
        u, p = super().trajectory(score, u, p, step_size, n_steps)
        return u, -p


_STEP = "p += (e/2) score(u); u += e p; p += (e/2) score(u)"
_MERGED = "kicks e/2, e, ..., e, e/2 around n_steps drifts e"
_FIRST = "First order in e, and not reversible: acceptance falls, and detailed balance is lost. "
_KEPT = "Reversible and volume-preserving all the same, so the law sampled stays right; "

LEAPFROG_STEPS = (
    made_by(
        _Kicks(1.0, 1.0, 0.5),
        "leapfrog-full-kick-first",
        LEAPFROG,
        "the first kick is a whole one instead of half of one",
        effect=_FIRST + "The Metropolis decision no longer corrects for it.",
        fix=f"{_MERGED}; the slip: e at the start",
    ),
    made_by(
        _Kicks(0.5, 1.0, 1.0),
        "leapfrog-full-kick-last",
        LEAPFROG,
        "the last kick is a whole one instead of half of one",
        effect=_FIRST + "The loop's kicks were merged, and the last was not halved.",
        fix=f"{_MERGED}; the slip: e at the end",
    ),
    made_by(
        _Kicks(1.0, 1.0, 1.0),
        "leapfrog-full-kicks",
        LEAPFROG,
        "whole kicks at both ends",
        effect=_KEPT
        + "but the momentum gains half a step's force at either end: the energy is off by order e, acceptance falls.",
        fix=f"{_MERGED}; the slip: e at the start and at the end",
    ),
    made_by(
        _Kicks(0.5, 0.5, 0.5),
        "leapfrog-half-kicks",
        LEAPFROG,
        "the kicks between two drifts are half ones: merged, and not doubled",
        effect=_KEPT
        + "but half of the force is lost on the way: acceptance falls. Nothing to see with one step.",
        fix=f"{_MERGED}; the slip: e/2 throughout",
    ),
    made_by(
        _Kicks(0.0, 1.0, 0.5),
        "leapfrog-no-first-kick",
        LEAPFROG,
        "the first half kick is missing",
        effect=_FIRST + "The trajectory starts with a drift along the old momentum.",
        fix=f"{_STEP}; the slip: without the first kick",
    ),
    made_by(
        _Kicks(0.5, 1.0, 0.0),
        "leapfrog-no-last-kick",
        LEAPFROG,
        "the last half kick is missing: the momentum stays half a step behind",
        effect=_FIRST + "Positions are right, energies are not.",
        fix=f"{_STEP}; the slip: without the last kick",
    ),
    made_by(
        _Kicks(1.0, 1.0, 0.0),
        "leapfrog-symplectic-euler",
        LEAPFROG,
        "whole kick, whole drift: the symplectic Euler method",
        effect=_FIRST + "Volume is preserved, reversibility is not.",
        fix=f"{_STEP}; the slip: p += e score(u); u += e p",
    ),
    made_by(
        _Euler(),
        "leapfrog-euler",
        LEAPFROG,
        "position and momentum are moved at once, each by the other's old value: Euler's method",
        effect=_FIRST + "Volume expands, energies rise without end.",
        fix=f"{_STEP}; the slip: u, p = u + e p, p + e score(u)",
    ),
    made_by(
        _DriftsAtTheEnds(),
        "leapfrog-drifts-at-ends",
        LEAPFROG,
        "half drifts at the ends, whole kicks between: the position form of the leapfrog",
        effect=_KEPT + "it is as good an integrator, and another trajectory.",
        fix=f"{_STEP}; the other form: u += (e/2) p; p += e score(u); u += (e/2) p",
        seen="both forms are in textbooks",
    ),
    made_by(
        _StaleScore(),
        "leapfrog-stale-score",
        LEAPFROG,
        "the second half kick of a step has the score of the position before the drift",
        effect=_FIRST
        + "One evaluation a step is saved, and the step is the symplectic Euler method's in disguise.",
        fix=f"{_STEP}, the last score at the new u; the slip: the old one",
    ),
    made_by(
        _ScoreOnce(),
        "leapfrog-score-once",
        LEAPFROG,
        "the score is computed at the start and never again",
        effect="A parabola through the starting point: proposals are poor and detailed balance is lost. With one step it is "
        "leapfrog-stale-score.",
        fix=f"{_STEP}, a new score after every drift; the slip: score(u) of the start throughout",
    ),
    made_by(
        _DriftByOldMomentum(),
        "leapfrog-drift-old-momentum",
        LEAPFROG,
        "the drift has the momentum of before the half kick",
        effect=_FIRST + "Volume is not preserved.",
        fix=f"{_STEP}; the slip: u += e p with the old p",
    ),
    made_by(
        _OppositeScore(),
        "leapfrog-sign",
        LEAPFROG,
        "the kick has the wrong sign: the energy's derivative where the log-density's is meant",
        effect="Chains run away from the mass, the faster the further they are: acceptance goes to 0.",
        fix="p += (e/2) score(u), score = d ln p_m/du = -dE/du; the slip: +dE/du",
    ),
    made_by(
        _KicksSquared(),
        "leapfrog-step-squared",
        LEAPFROG,
        "the kicks have the step size squared",
        effect=_KEPT
        + "but the force is e times too weak: energies are not kept. Nothing to see at step size 1.",
        fix=f"{_STEP}; the slip: (e^2/2) score(u), as where p is measured in units of e",
    ),
    made_by(
        _KicksWithoutStep(),
        "leapfrog-kick-no-step",
        LEAPFROG,
        "the kicks lack the step size",
        effect=_KEPT
        + "but the force is 1/e times too strong: nothing is accepted. Nothing to see at step size 1.",
        fix=f"{_STEP}; the slip: (1/2) score(u)",
    ),
    made_by(
        _HalfDrifts(),
        "leapfrog-half-drift",
        LEAPFROG,
        "the drifts are half as long",
        effect=_KEPT
        + "but positions and momenta belong to different times: energies are not kept.",
        fix=f"{_STEP}; the slip: u += (e/2) p",
    ),
    made_by(
        _OneLongStep(),
        "leapfrog-one-long-step",
        LEAPFROG,
        "one step of length n_steps e for n_steps steps",
        effect=_KEPT
        + "but the energy's error grows with the square of n_steps. Nothing to see with one step.",
        fix=f"{_MERGED}; the slip: drifts merged as well",
    ),
    made_by(
        _Steps(-1),
        "leapfrog-one-step-short",
        LEAPFROG,
        "one step less than asked for",
        effect="None but shorter trajectories; with one step the chains stand still, and everything is accepted.",
        fix=f"{_MERGED}; the slip: n_steps - 1 drifts",
    ),
    made_by(
        _Steps(1),
        "leapfrog-one-step-more",
        LEAPFROG,
        "one step more than asked for",
        effect="None but longer trajectories than stated, and a cost that is higher by one score.",
        fix=f"{_MERGED}; the slip: n_steps + 1 drifts",
    ),
    made_by(
        _MomentumTurned(),
        "leapfrog-momentum-turned",
        LEAPFROG,
        "the momentum is negated at the end, as the proof of reversibility has it",
        effect="None on the decision, since |p|^2 is the same; chains that keep their momentum turn back. Another convention: say so.",
        fix="momentum_after as it is at the end of the trajectory; the other choice: -p",
        seen="Neal's own code negates it",
    ),
)
