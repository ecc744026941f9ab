"""Flags are read off the inputs: small inputs whose flags are known."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref.oracle.authoring.flags import DERIVED, derived_flags, is_derived, log_sigmoid_arguments
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.vectors import cases, suite
from tests.oracle.families.right_rivals import RIVALS


def ratios(data, noise):
    return {
        "log_ratio_data": np.array(data),
        "log_ratio_noise": np.array(noise),
        "nu": len(noise) / len(data),
    }


def ica(**changed):
    inputs = {
        "B": np.array([[2.0, 0.0], [0.0, 1.0]]),
        "c": 0.5,
        "x": np.array([[1.0, 1.0], [2.0, 1.0]]),
        "y": np.array([[1.0, -1.0], [0.5, 1.0]]),
        "noise_mean": np.zeros(2),
        "noise_cov": np.eye(2),
    }
    return inputs | {
        key: np.array(value) if isinstance(value, list) else value for key, value in changed.items()
    }


def network(theta, u):
    return {
        "layer_sizes": np.ones(3),
        "theta": np.array(theta, dtype=float),
        "u": np.array(u, dtype=float),
    }


def weights(model, noise):
    return {
        "log_model_data": np.array([-1.0, 2.0]),
        "log_model_noise": np.array(model),
        "log_noise_noise": np.array(noise),
    }


def scores(slope, x):
    return {"B": np.array([[2.0, 1.0], [1.0, 2.0]]), "x": np.array(x), "slope": slope}


def chains(u, p):
    return {
        "B": np.array([[2.0, 0.0], [0.0, 1.0]]),
        "u": np.array(u),
        "momentum": np.array(p),
        "step_size": 0.5,
        "n_steps": 1.0,
    }


def energies(before, after):
    return {
        "energy_before": np.array(before),
        "energy_after": np.array(after),
        "uniforms": np.full(len(before), 0.5),
    }


KNOWN = [
    ("nce_from_log_ratios", "a/b", ratios([1.0, 2.0], [0.5, 1.0]), ()),
    ("nce_from_log_ratios", "smoke/b", ratios([1.0, 2.0], [0.5, 1.0]), ("smoke",)),
    ("nce_from_log_ratios", "a/b", ratios([1.0, -18.0], [0.5, 1.0]), ("tails",)),
    ("nce_from_log_ratios", "a/b", ratios([1.0, 2.0], [40.0, 1.0]), ("tails", "tails-40")),
    ("nce_from_log_ratios", "a/b", ratios([800.0, 2.0], [-800.0, 1.0]), ()),
    ("nce_from_log_ratios", "a/b", ratios([18.0, 19.0], [-18.0, -20.0]), ("separated",)),
    (
        "nce_from_log_ratios",
        "a/b",
        ratios([1.0], [0.5, 0.5]),
        ("equal-logits", "nu-not-one", "one-data-point"),
    ),
    ("laplace_ica_nce", "a/b", ica(), ()),
    ("laplace_ica_nce", "a/b", ica(c=0.0), ("normalised",)),
    ("laplace_ica_nce", "a/b", ica(x=[[0.0, 1.0], [2.0, 1.0]]), ("kink",)),
    (
        "laplace_ica_nce",
        "a/b",
        ica(B=[[0.0, 2.0], [1.0, 0.5]]),
        ("negative-determinant", "not-symmetric"),
    ),
    (
        "laplace_ica_nce",
        "a/b",
        ica(noise_cov=[[1.0, 0.5], [0.5, 1.0]], noise_mean=[1.0, 0.0]),
        ("correlated-noise", "noise-mean"),
    ),
    (
        "laplace_ica_nce",
        "a/b",
        ica(B=[[256, 0], [0, 1]], x=[[2**-8, 1]] * 2, y=[[2**-8, 1]] * 2),
        ("equal-logits", "badly-scaled"),
    ),
    (
        "log_sigmoid",
        "a/b",
        {"t": np.full(1001, -800.0)},
        ("tails", "tails-40", "tails-800", "in-a-file"),
    ),
    (
        "mlp_relu_log_density",
        "a/b",
        {"layer_sizes": np.array([1.0, 1.0]), "theta": np.ones(2), "u": np.ones((2, 1))},
        ("no-hidden-layer",),
    ),
    ("mlp_relu_log_density", "a/b", network([1, 0.5, 1, 0], [[1], [-0.25]]), ()),
    ("mlp_relu_log_density", "a/b", network([1, 0.5, 1, 0], [[1], [-0.5]]), ("kink",)),
    ("mlp_tanh_log_density", "a/b", network([1, 0.5, 1, 0], [[1], [-0.5]]), ()),
    ("mlp_softplus_log_density", "a/b", network([-20, 0.5, 1, 0], [[1], [-0.5]]), ("saturated",)),
    (RIVALS[0], "a/b", weights([1.0, 2.0], [0.5, 0.5]), ()),
    (
        RIVALS[0],
        "a/b",
        weights([80.0, 2.0, 1.0], [-9.5, 0.5, 0.5]),
        ("overflow", "noise-varies", "nu-not-one"),
    ),
    (
        RIVALS[1],
        "a/b",
        {k: v for k, v in ica(y=[[0.0, 1.0], [1.0, 15.0]]).items() if k != "c"},
        ("kink", "overflow"),
    ),
    ("laplace_ica_score_matching", "a/b", scores(1.0, [[0.0, 0.0], [1.0, 2.0]]), ()),
    ("laplace_ica_score_matching", "a/b", scores(5.0, [[0.0, 0.0], [1.0, 2.0]]), ("saturated",)),
    (
        "laplace_ica_score_matching",
        "a/b",
        scores(10.0, [[0.0, 0.0], [1.0, 2.0]]),
        ("saturated", "overflow"),
    ),
    (
        "leapfrog_laplace_ica",
        "a/b",
        chains([[4.0, 4.0], [4.0, -4.0]], [[1.0, 1.0], [1.0, 1.0]]),
        (),
    ),
    (
        "leapfrog_laplace_ica",
        "a/b",
        chains([[4.0, 4.0], [4.0, -0.25]], [[1.0, 1.0], [1.0, 1.0]]),
        ("crossing",),
    ),
    ("metropolis_decision", "a/b", energies([2.0, 90.0], [3.0, 2.0]), ()),
    ("metropolis_decision", "a/b", energies([2.0, 92.0], [3.0, 2.0]), ("overflow",)),
    (
        "gaussian_log_density",
        "a/b",
        {"u": np.ones((2, 1)), "mean": np.zeros(1), "cov": np.ones((1, 1))},
        ("one-dimension",),
    ),
]


@pytest.mark.parametrize("name, where, inputs, flags", KNOWN)
def test_known_flags(name, where, inputs, flags):
    assert set(derived_flags(OBJECTIVES[name], f"{name}/{where}", inputs)) == set(flags)


def test_every_derived_flag_has_a_note_and_a_vector():
    functions = [name for name, objective in OBJECTIVES.items() if objective.kind == "function"]
    used = {flag for name in functions for vector in cases(name) for flag in vector.flags}
    assert set(DERIVED) <= set(suite()["flags"]) & used
    assert is_derived("smoke") and not is_derived("mine")


@pytest.mark.parametrize(
    "name", ["nce_from_log_ratios", "binary_nce", "laplace_ica_nce", "gaussian_nce"]
)
def test_what_the_issue_asks_of_the_vectors_of_an_objective(name):
    """nu neither 1 nor an integer in most, T_d unlike T_n in most, tails on the wrong side at 17, 40, 90 and 800, T_d =
    1."""
    vectors = [vector for vector in cases(name) if "smoke" not in vector.flags]
    nu = np.array(
        [
            v.inputs["nu"] if "nu" in v.inputs else len(v.inputs["y"]) / len(v.inputs["x"])
            for v in vectors
        ]
    )
    assert (nu % 1 != 0).mean() > 0.5
    assert (nu != 1).mean() > 0.8
    assert {0.5, 2.5, 10.0} <= set(nu) and nu.min() < 0.1
    t = np.concatenate(
        [log_sigmoid_arguments(vector.objective, vector.inputs) for vector in vectors]
    )
    for threshold, factor in ((17, 1.2), (38, 1.3), (86, 1.2), (790, 1.1)):
        assert ((t < -threshold) & (t > -factor * threshold)).any(), threshold
    assert any("one-data-point" in vector.flags for vector in vectors)


@pytest.mark.parametrize(
    "name", ["nce_from_log_ratios", "binary_nce", "laplace_ica_nce", "gaussian_nce"]
)
def test_points_where_pytorchs_softplus_is_linear_stand_in_one_group(name):
    """Its threshold of 20 makes t in (-37, -20) wrong by e^t in float64: the vectors of whole nu are there to see it,
    the others leave it out."""
    there = set()
    for vector in cases(name):
        t = log_sigmoid_arguments(vector.objective, vector.inputs)
        if ((t < -20) & (t > -36.8)).any():
            there.add(vector.id)
    assert there and all("/whole-nu/middle" in one for one in there), there
