"""Wrong implementations in PyTorch and JAX, written without sight of the catalogue: each detected and named, in either
dtype."""

from __future__ import annotations

import importlib

import pytest

from nce_ref.oracle import adapters
from tests.oracle import blind_verdicts
from tests.peers.clients import load

ABSENT = load()[1]
COUNTS = {"torch": 49, "jax": 50}
# JAX compiles anew for every shape: its models of points and its networks, seventeen of 50, are run in float64 alone.
SLOW = (
    "laplace_ica_nce",
    "gaussian_nce",
    "laplace_ica_importance_sampling",
    "mlp_softplus_log_density",
    "mlp_relu_log_density",
)


def rows(framework):
    """What all four authors wrote: (id, objective, function, the slip). The fourth's take the framework's tensors."""
    modules = [
        importlib.import_module(f"tests.oracle.blind.wrong_{who}_{framework}") for who in "abcd"
    ]
    adapt = getattr(adapters, framework)
    return [row for module in modules[:3] for row in module.IMPLEMENTATIONS] + [
        (name, objective, adapt(function), slip)
        for name, objective, function, slip in modules[3].IMPLEMENTATIONS
    ]


def implementations():
    for framework in COUNTS:
        for name, objective, function, _ in rows(framework) if framework not in ABSENT else ():
            for dtype in (
                ("float64",) if framework == "jax" and objective in SLOW else ("float32", "float64")
            ):
                yield pytest.param(name, objective, function, dtype, id=f"{name}-{dtype}")


@pytest.mark.parametrize("framework", [name for name in COUNTS if name not in ABSENT])
def test_all_are_there(framework):
    assert len(rows(framework)) == COUNTS[framework]


@pytest.mark.parametrize("name, objective, function, dtype", list(implementations()))
def test_a_wrong_implementation_is_named(name, objective, function, dtype):
    blind_verdicts.verdict(name, objective, function, dtype)
