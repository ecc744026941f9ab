"""Judged answers of an implementation made up on the spot, for the tests of the diagnosis."""

from __future__ import annotations

import numpy as np

from nce_ref.oracle.conventions import Convention, own_convention
from nce_ref.oracle.diagnosis import diagnose
from nce_ref.oracle.diagnosis.observed import observe
from nce_ref.oracle.judge import judge
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import cases
from tests.oracle.steps import Steps, evaluate

FUNCTIONS = tuple(name for name, objective in OBJECTIVES.items() if objective.kind == "function")
NCE = ("nce_from_log_ratios", "binary_nce", "laplace_ica_nce", "gaussian_nce")
OURS = Convention()


def right(name):
    """The right answer to an objective, as a function of its inputs."""
    return lambda inputs: evaluate(Steps(), name, inputs)


def under(name, convention, function):
    """``function``, which is in our convention, as an implementation under another."""
    objective = OBJECTIVES[name]

    def answer(inputs):
        found = function(convention.inputs(objective, inputs))
        return {
            output: convention.factor(objective, output, inputs) * np.asarray(value)
            for output, value in found.items()
        }

    return answer


def judged(name, function, dtype="float64", convention=None, only=None):
    """One result a vector; ``convention`` None is the objective's own, here and below."""
    convention = convention or own_convention(OBJECTIVES[name])
    results = []
    for vector in cases(name):
        with np.errstate(all="ignore"):
            outputs = function(convention.inputs(OBJECTIVES[name], vector.arguments(dtype)))
            kept = {
                output: np.asarray(value)
                for output, value in outputs.items()
                if only is None or output in only
            }
            results.append(judge(vector, kept, dtype, convention))
    return results


def observed(name, function, dtype="float64", convention=None, only=None):
    """What ``diagnose`` lays out first."""
    convention = convention or own_convention(OBJECTIVES[name])
    return observe(
        OBJECTIVES[name], judged(name, function, dtype, convention, only), dtype, convention
    )


def diagnosis(name, function, dtype="float64", convention=None, only=None, evaluate=None):
    """What is said of an implementation."""
    return diagnose(
        OBJECTIVES[name],
        judged(name, function, dtype, convention, only),
        dtype,
        convention,
        evaluate,
    )
