"""One Hamiltonian transition: the leapfrog in two models, and the Metropolis decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Array, Facts, Family, Inputs, Objective, Output, Shape
from nce_ref.oracle.families.densities import facts
from nce_ref.oracle.families.densities.objectives import SQUARE, U
from nce_ref.oracle.families.dynamics import exact as exact_dynamics
from nce_ref.oracle.families.dynamics import (
    mistakes_decision,
    mistakes_energy,
    mistakes_leapfrog,
    mistakes_scores,
    scales,
    textbook,
)
from nce_ref.oracle.families.score_matching.objectives import above_0

EXACT = "nce_ref/oracle/families/dynamics/exact.py: exact numbers r + s sqrt(2), exp in decimals, rounded at the end"
# Of what a trajectory or a decision may come near to; errors in float32 are some 1e-6.
CLEAR = 2.0**-9
_STATE: dict[str, Shape] = {"u": U, "momentum": U, "step_size": (), "n_steps": ()}
_TRAJECTORY = (
    Output("u_after", U, tolerance="trajectory"),
    Output("momentum_after", U, tolerance="trajectory"),
    Output("energy_change", ("n_points",), tolerance="trajectory"),
)
_LEAPFROG = (
    "n_steps times p += (step_size/2) score(u), u += step_size p, p += (step_size/2) score(u), one"
    " chain a row; n_steps is a whole number that comes as a float: cast it to int; energy_change ="
    " H(after) - H(before)"
)
_NEAL = "P10 section 3.1, three steps; Neal, Handbook of Markov Chain Monte Carlo, 2011"


def _whole_steps(inputs: Inputs) -> Iterator[str]:
    if (n_steps := inputs["n_steps"]) < 1 or n_steps != int(n_steps):
        yield f"n_steps {n_steps!r}; expected a whole number from 1 on"


def visited_sources(inputs: Inputs) -> list[Float]:
    """b_i . u at every point where a trajectory of the Laplace ICA model asks for the score, (n_points, n_dim) each."""
    steps, found = textbook.LaplaceLeapfrogSteps(), list[Float]()

    def score(u: Array) -> Array:
        found.append(u @ inputs["B"].T)
        return steps.laplace_score(inputs["B"], u, steps.laplace_scale)

    steps.trajectory(
        score, inputs["u"], inputs["momentum"], inputs["step_size"], int(inputs["n_steps"])
    )
    return found


def _near_a_kink(inputs: Inputs) -> Iterator[str]:
    """The side of a kink on the way of a trajectory, which a rounding could turn over."""
    for k, s in enumerate(visited_sources(inputs)):
        if (near := float(np.abs(s).min())) < CLEAR:
            yield (
                f"after {k} steps some b_i . u is {near:.2g}; expected at least {CLEAR} in size,"
                " clear of the kink in float32 too"
            )


def _draws(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, float]:
    """Few steps, none so long that a trajectory leaves float32's range."""
    return {"step_size": rng.uniform(0.05, 1.25), "n_steps": float(rng.integers(1, 6))}


_STEPPING = (
    Facts(
        properties={
            "where there is more than one step": lambda inputs: inputs["n_steps"] > 1.0,
            "where the step size is not 1": lambda inputs: inputs["step_size"] != 1.0,
        },
        refuses=above_0("step_size"),
    ),
    Facts(refuses=_whole_steps),
)

LEAPFROG_GAUSSIAN = Objective(
    "leapfrog_gaussian",
    {"precision": SQUARE, **_STATE},
    _TRAJECTORY,
    f"{_LEAPFROG}; score(u) = -precision u, H = 1/2 u' precision u + 1/2 |p|^2",
    _NEAL,
    exact=exact_dynamics.leapfrog_gaussian,
    method=EXACT,
    scales=scales.leapfrog_gaussian,
    right=textbook.GaussianLeapfrogSteps(),
    answer=textbook.leapfrog_gaussian,
    draws=_draws,
    facts=facts.PRECISION + _STEPPING,
    symmetric=("precision",),
)
LEAPFROG_LAPLACE_ICA = Objective(
    "leapfrog_laplace_ica",
    {"B": SQUARE, **_STATE},
    _TRAJECTORY,
    f"{_LEAPFROG}; score(u) = -sqrt(2) B' sign(B u), H = sqrt(2) sum_i |b_i . u| + 1/2 |p|^2",
    _NEAL,
    exact=exact_dynamics.leapfrog_laplace_ica,
    method=EXACT,
    scales=scales.leapfrog_laplace_ica,
    right=textbook.LaplaceLeapfrogSteps(),
    answer=textbook.leapfrog_laplace_ica,
    draws=_draws,
    n_kinks=facts.n_kinks("u"),
    visited=visited_sources,
    facts=(*facts.DEMIXING, *_STEPPING, Facts(refuses=_near_a_kink)),
)


def _undecided(inputs: Inputs) -> Iterator[str]:
    """A decision that a rounding could turn over."""
    uniforms = inputs["uniforms"]
    t = np.minimum(inputs["energy_before"] - inputs["energy_after"], 0.0)
    if (uniforms <= 0).any() or (uniforms >= 1).any():
        yield "uniforms: expected numbers above 0 and below 1"
    if (np.abs(uniforms - np.exp(t)) < CLEAR).any():
        yield f"uniforms: one is within {CLEAR} of the probability; expected a decision that no rounding turns over"


METROPOLIS_DECISION = Objective(
    "metropolis_decision",
    {"energy_before": ("n_points",), "energy_after": ("n_points",), "uniforms": ("n_points",)},
    (Output("probability", ("n_points",)), Output("accepted", ("n_points",), is_decision=True)),
    "probability = min(1, exp(H - H')), H = energy_before, H' = energy_after; accepted where"
    " uniform < probability, 0 or 1 or booleans",
    _NEAL,
    exact=exact_dynamics.metropolis_decision,
    method=EXACT,
    scales=scales.metropolis_decision,
    right=textbook.MetropolisSteps(),
    answer=textbook.metropolis_decision,
    exponents=lambda inputs: np.asarray(inputs["energy_before"] - inputs["energy_after"]),
    facts=(Facts(refuses=_undecided),),
)

FAMILY = Family(
    "dynamics",
    (LEAPFROG_GAUSSIAN, LEAPFROG_LAPLACE_ICA, METROPOLIS_DECISION),
    mistakes=(
        (
            "The leapfrog",
            (
                *mistakes_leapfrog.MISTAKES,
                *mistakes_scores.MISTAKES,
            ),
        ),
        (
            "The energies of a transition and the Metropolis decision",
            (
                *mistakes_energy.MISTAKES,
                *mistakes_decision.MISTAKES,
            ),
        ),
    ),
)
