"""Right implementations in NumPy, written without sight of the vectors: not one false alarm, in either dtype."""

from __future__ import annotations

import pytest

from nce_ref import oracle
from nce_ref.oracle.families import FAMILIES
from tests.oracle.blind.correct_numpy import IMPLEMENTATIONS

# The families that were there when these were written; later ones bring right forms of their own.
FUNCTIONS = {
    objective.name
    for family in FAMILIES
    if family.name in ("kernels", "densities", "nce")
    for objective in family.objectives
}


def test_every_function_is_covered():
    assert (
        len(IMPLEMENTATIONS) == 31
        and {objective for _, objective, _, _ in IMPLEMENTATIONS} == FUNCTIONS
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "objective, function", [pytest.param(o, f, id=name) for name, o, f, _ in IMPLEMENTATIONS]
)
def test_a_right_implementation_passes(objective, function, dtype):
    report = oracle.check(function, objective, dtype)
    assert report.ok and {result.status for result in report.results} == {"passed"}, str(report)
