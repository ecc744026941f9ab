"""Right implementations in PyTorch and JAX, written without sight of the vectors: not one false alarm, in either
dtype."""

from __future__ import annotations

import importlib

import pytest

from nce_ref import oracle
from tests.peers.clients import load

ABSENT = load()[1]
COUNTS = {"torch": 22, "jax": 19}


def implementations():
    for framework in COUNTS:
        if framework not in ABSENT:
            module = importlib.import_module(f"tests.oracle.blind.correct_{framework}")
            yield from (
                pytest.param(objective, function, id=name)
                for name, objective, function, _ in module.IMPLEMENTATIONS
            )


@pytest.mark.parametrize("framework", [name for name in COUNTS if name not in ABSENT])
def test_all_are_there(framework):
    assert (
        len(importlib.import_module(f"tests.oracle.blind.correct_{framework}").IMPLEMENTATIONS)
        == COUNTS[framework]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("objective, function", list(implementations()))
def test_a_right_implementation_passes(objective, function, dtype):
    report = oracle.check(function, objective, dtype)
    assert report.ok and {result.status for result in report.results} == {"passed"}, str(report)
