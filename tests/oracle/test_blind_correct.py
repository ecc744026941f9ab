"""Right implementations in NumPy, written without sight of the vectors: not one false alarm, in either dtype."""

from __future__ import annotations

import pytest

from nce_ref import oracle
from nce_ref.oracle.families.networks.objectives import FAMILY
from tests.oracle.blind.correct_numpy import IMPLEMENTATIONS
from tests.oracle.families.right_rivals import RIVALS

# Networks and NCE's rivals came later; their right forms are in right_networks.py and right_rivals.py.
LATER = {*(objective.name for objective in FAMILY.objectives), *RIVALS}
FUNCTIONS = {
    name for name, objective in oracle.OBJECTIVES.items() if objective.kind == "function"
} - LATER


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
