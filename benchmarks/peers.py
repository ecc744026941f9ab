"""The NCE objective's value and gradient in other frameworks, float64, ln p_n precomputed, each in its fastest writing.

Each peer is written in both layouts, points as rows (``U B^T``) and as columns (``B U``), and JAX with its own
log-sigmoid and with min(t, 0) - log1p(exp(-|t|)): whichever is faster counts. Peers get theta as their own array and
need not hand back NumPy's: what is timed ends when the numbers are there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from benchmarks.problems import N_SOURCES, Problem

Kernel = Callable[[], tuple[Any, Any]]
SQRT_2 = math.sqrt(2.0)
FRAMEWORKS = ("jax", "torch", "tensorflow")


def absent() -> dict[str, str]:
    """Why a framework is not compared."""
    return {name: f"{name} is not installed" for name in FRAMEWORKS if find_spec(name) is None}


def kernels(problem: Problem, threads: int, compiled_torch: bool = True) -> dict[str, Kernel]:
    """Every writing of every framework that is installed, by name."""
    makers = {
        "jax": _jax,
        "torch": lambda p, t: _torch(p, t, compiled_torch),
        "tensorflow": _tensorflow,
    }
    found: dict[str, Kernel] = {}
    for name in FRAMEWORKS:
        if name not in absent():
            found.update(makers[name](problem, threads))
    return found


def _arrays(problem: Problem, by_rows: bool) -> list[Any]:
    points = [problem.x, problem.y] if by_rows else [problem.x.T.copy(), problem.y.T.copy()]
    return [*points, *problem.log_noise]


def jax_objectives() -> dict[str, tuple[Any, bool]]:
    """Each writing by name: the compiled (theta, x, y, ln p_n(x), ln p_n(y)) -> (J, gradient), and whether points are
    rows."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def stable(t: Any) -> Any:
        return jnp.minimum(t, 0.0) - jnp.log1p(jnp.exp(-jnp.abs(t)))

    def objective(log_sigmoid: Callable[[Any], Any], by_rows: bool) -> Any:
        def log_density(theta: Any, u: Any) -> Any:
            B, c = theta[:-1].reshape(N_SOURCES, N_SOURCES), theta[-1]
            return c - SQRT_2 * (
                jnp.abs(u @ B.T).sum(axis=1) if by_rows else jnp.abs(B @ u).sum(axis=0)
            )

        def J(theta: Any, x: Any, y: Any, log_x: Any, log_y: Any) -> Any:
            data = log_sigmoid(log_density(theta, x) - log_x).sum()
            return (data + log_sigmoid(log_y - log_density(theta, y)).sum()) / len(log_x)

        return jax.jit(jax.value_and_grad(J))

    forms = {"its log_sigmoid": jax.nn.log_sigmoid, "min - log1p": stable}
    return {
        f"jax.jit, {form}, {'rows' if by_rows else 'columns'}": (objective(f, by_rows), by_rows)
        for form, f in forms.items()
        for by_rows in (True, False)
    }


def _jax(problem: Problem, threads: int) -> dict[str, Kernel]:
    """Its thread pool has as many threads as the process may use cores."""
    objectives = jax_objectives()
    import jax
    import jax.numpy as jnp

    theta = jnp.asarray(problem.theta)

    def kernel(compiled: Any, by_rows: bool) -> Kernel:
        held = [jnp.asarray(a) for a in _arrays(problem, by_rows)]
        return lambda: jax.block_until_ready(compiled(theta, *held))

    return {name: kernel(*objective) for name, objective in objectives.items()}


def _torch(problem: Problem, threads: int, compiled: bool) -> dict[str, Kernel]:
    import torch

    torch.set_num_threads(threads)
    theta = torch.tensor(problem.theta, requires_grad=True)
    log_sigmoid = torch.nn.functional.logsigmoid

    def kernel(wrap: Callable[[Any], Any], by_rows: bool) -> Kernel:
        x, y, log_x, log_y = (torch.tensor(a) for a in _arrays(problem, by_rows))

        def log_density(theta: Any, u: Any) -> Any:
            B, c = theta[:-1].reshape(N_SOURCES, N_SOURCES), theta[-1]
            return c - SQRT_2 * (
                (u @ B.T).abs().sum(dim=1) if by_rows else (B @ u).abs().sum(dim=0)
            )

        def J(theta: Any) -> Any:
            return (
                log_sigmoid(log_density(theta, x) - log_x).sum()
                + log_sigmoid(log_y - log_density(theta, y)).sum()
            ) / len(log_x)

        J = wrap(J)

        def call() -> tuple[Any, Any]:
            value = J(theta)
            return value.detach(), torch.autograd.grad(value, theta)[0]

        return call

    ways: dict[str, Callable[[Any], Any]] = {"eager": lambda f: f}
    if compiled:
        ways["compile"] = lambda f: torch.compile(f, dynamic=False)
    return {
        f"torch {way}, {lay}": kernel(wrap, lay == "rows")
        for way, wrap in ways.items()
        for lay in ("rows", "columns")
    }


def _tensorflow(problem: Problem, threads: int) -> dict[str, Kernel]:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        pass  # fixed once TensorFlow has run: one process a number of threads, as benchmarks/measure.py has it
    theta = tf.constant(problem.theta)

    def kernel(by_rows: bool) -> Kernel:
        x, y, log_x, log_y = (tf.constant(a) for a in _arrays(problem, by_rows))

        def log_density(theta: Any, u: Any) -> Any:
            B, c = tf.reshape(theta[:-1], (N_SOURCES, N_SOURCES)), theta[-1]
            sums = (
                tf.reduce_sum(tf.abs(u @ tf.transpose(B)), axis=1)
                if by_rows
                else tf.reduce_sum(tf.abs(B @ u), axis=0)
            )
            return c - SQRT_2 * sums

        @tf.function
        def call(theta: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                tape.watch(theta)
                data = tf.reduce_sum(tf.math.log_sigmoid(log_density(theta, x) - log_x))
                value = (
                    data + tf.reduce_sum(tf.math.log_sigmoid(log_y - log_density(theta, y)))
                ) / len(problem.x)
            return value, tape.gradient(value, theta)

        return lambda: tuple(v.numpy() for v in call(theta))

    return {f"tf.function, {lay}": kernel(lay == "rows") for lay in ("rows", "columns")}
