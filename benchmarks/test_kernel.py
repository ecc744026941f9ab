"""How long the kernels take, each beside its textbook form in the same run: read the ratio in brackets, not the times.

``make bench`` prints one table a group; the fastest row of a group has (1.0) behind its time, the others their ratio to
it. Values are compared before times: a fast wrong number is no peer. Settings: n = 4 sources, nu = 1 noise points a
data point. Other frameworks are timed where they are installed (extra ``peers``), else skipped with the reason;
REPORT.md has the careful comparison.
"""

from __future__ import annotations

import math
import timeit

import numpy as np
import pytest
import scipy.special

from benchmarks import peers
from benchmarks.problems import N_SOURCES, Problem
from nce_ref import special

SIZES = [1_000, 10_000, 100_000]


def naive_log_sigmoid(t):
    return np.log(1.0 / (1.0 + np.exp(-t)))


def naive_sigmoid(t):
    return 1.0 / (1.0 + np.exp(-t))


SPECIAL = {
    "log_sigmoid": {
        "nce_ref": special.log_sigmoid,
        "textbook": naive_log_sigmoid,
        "scipy": scipy.special.log_expit,
    },
    "sigmoid": {
        "nce_ref": special.sigmoid,
        "textbook": naive_sigmoid,
        "scipy": scipy.special.expit,
    },
    "log_sigmoid and slope": {
        "nce_ref": special.log_sigmoid_and_slope,
        "textbook": lambda t: (naive_log_sigmoid(t), 1.0 - naive_sigmoid(t)),
        "scipy": lambda t: (scipy.special.log_expit(t), scipy.special.expit(-t)),
    },
}


@pytest.mark.parametrize(
    ("function", "who"), [(f, w) for f, forms in SPECIAL.items() for w in forms]
)
def test_special(benchmark, function, who):
    benchmark.group = f"{function}, 100000 numbers"
    t = 5.0 * np.random.default_rng(0).normal(size=100_000)
    # In this range, |t| < 25, the textbook forms still hold eps/(1 - sigmoid) ~ 1e-5 of the tail.
    np.testing.assert_allclose(
        SPECIAL[function][who](t), SPECIAL[function]["nce_ref"](t), rtol=1e-4
    )
    benchmark(SPECIAL[function][who], t)


def textbook(problem, theta):
    """Value and gradient as a paper's reader writes them down, ln p_n kept as in NCEObjective."""
    n = N_SOURCES
    B, c = theta[:-1].reshape(n, n), theta[-1]
    sx, sy = problem.x @ B.T, problem.y @ B.T
    G_x = -math.sqrt(2.0) * np.abs(sx).sum(axis=1) + c - problem.log_noise[0]
    G_y = -math.sqrt(2.0) * np.abs(sy).sum(axis=1) + c - problem.log_noise[1]
    h_x, h_y = naive_sigmoid(G_x), naive_sigmoid(G_y)
    value = np.mean(np.log(h_x)) + np.mean(np.log(1.0 - h_y))
    w_x, w_y = (1.0 - h_x) / len(h_x), -h_y / len(h_y)
    g_B = -math.sqrt(2.0) * (
        (w_x[:, None] * np.sign(sx)).T @ problem.x + (w_y[:, None] * np.sign(sy)).T @ problem.y
    )
    return value, np.append(g_B.ravel(), w_x.sum() + w_y.sum())


@pytest.mark.parametrize("n_data", SIZES)
@pytest.mark.parametrize("who", ["nce_ref", "nce_ref, 2 threads", "textbook"])
def test_value_and_gradient(benchmark, who, n_data):
    benchmark.group = f"NCE value and gradient, T = {n_data}"
    problem = Problem(n_data)
    objective = problem.objective(threads=2 if "2" in who else 1)
    value, gradient = objective(problem.theta)
    value_peer, gradient_peer = textbook(problem, problem.theta)
    assert value == pytest.approx(value_peer, rel=1e-9)
    np.testing.assert_allclose(gradient, gradient_peer, rtol=0, atol=1e-9)
    benchmark(
        (lambda theta: textbook(problem, theta)) if who == "textbook" else objective, problem.theta
    )


@pytest.mark.parametrize("n_data", SIZES)
@pytest.mark.parametrize("framework", peers.FRAMEWORKS)
def test_value_and_gradient_of_a_peer(benchmark, framework, n_data):
    """All writings are checked, the fastest is timed, in the same group as nce_ref."""
    if framework in peers.absent():
        pytest.skip(peers.absent()[framework])
    benchmark.group = f"NCE value and gradient, T = {n_data}"
    problem = Problem(n_data)
    value, gradient = problem.objective()(problem.theta)
    names = {"tensorflow": "tf"}
    calls = {
        k: c
        for k, c in peers.kernels(problem, 1, compiled_torch=False).items()
        if k.startswith(names.get(framework, framework))
    }
    for call in calls.values():
        got, slope = call()
        # The goal's 1e-14, and for the gradient the same of its largest entry: sums of up to 1e5 terms, pairwise.
        assert float(got) == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(
            np.asarray(slope), gradient, rtol=0, atol=1e-13 * np.abs(gradient).max()
        )
    best = min(calls, key=lambda name: min(timeit.repeat(calls[name], number=1, repeat=20)))
    benchmark.extra_info["writing"] = best
    benchmark(calls[best])
