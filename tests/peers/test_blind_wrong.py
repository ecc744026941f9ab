"""Wrong implementations in PyTorch and JAX, written without sight of the catalogue: each detected and named, in either dtype."""

from __future__ import annotations

import importlib

import pytest

from tests.oracle import blind_verdicts
from tests.peers.clients import load

ABSENT = load()[1]
COUNTS = {"torch": 37, "jax": 38}


def rows(framework):
    """What both authors wrote: (id, objective, function, the slip)."""
    return [row for who in "abc" for row in importlib.import_module(f"tests.oracle.blind.wrong_{who}_{framework}").IMPLEMENTATIONS]


def implementations():
    """JAX compiles anew for every shape, so its models of points, thirteen of 38, are run in float64 alone."""
    for framework in COUNTS:
        for name, objective, function, _ in rows(framework) if framework not in ABSENT else ():
            slow = framework == "jax" and objective in ("laplace_ica_nce", "gaussian_nce")
            for dtype in ("float64",) if slow else ("float32", "float64"):
                yield pytest.param(name, objective, function, dtype, id=f"{name}-{dtype}")


@pytest.mark.parametrize("framework", [name for name in COUNTS if name not in ABSENT])
def test_all_are_there(framework):
    assert len(rows(framework)) == COUNTS[framework]


@pytest.mark.parametrize("name, objective, function, dtype", implementations())
def test_a_wrong_implementation_is_named(name, objective, function, dtype):
    blind_verdicts.verdict(name, objective, function, dtype)
