r"""Adam (Kingma & Ba, ICLR 2015, algorithm 1, with its bias correction), for what only a gradient can climb. It
*maximises*.

    m_t = beta1 m_{t-1} + (1 - beta1) g_t         v_t = beta2 v_{t-1} + (1 - beta2) g_t^2          (elementwise, from 0)
    m^  = m_t / (1 - beta1^t)                          v^  = v_t / (1 - beta2^t)
    theta_t = theta_{t-1} + learning_rate m^ / (sqrt(v^) + epsilon)

The paper minimises and has a minus there. Without the correction the first steps would be (1 - beta1)/sqrt(1 - beta2) =
3.2 times the learning rate; with it, the first step of every coordinate is the learning rate, whatever the gradient's
scale.

Adam finds no maximum to the last digit, and proves none: with a fixed learning rate it keeps moving at about that rate.

Conventions
-----------
theta, g, m, v  (n_params,)
batch(theta) -> (value, gradient)   one minibatch's estimate of the objective, in the objective's own units
epoch           one run through the batches; ``batches()`` is asked for them anew each epoch, so it may shuffle or
                redraw
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nce_ref._checks import Float, as_count, as_positive, as_vector

Batch = Callable[[Float], tuple[float, Float]]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class AdamState:
    """Where a run stands: all that is needed to go on. ``n_steps`` is t, which the bias correction needs."""

    theta: Float
    first_moment: Float
    second_moment: Float
    n_steps: int

    @classmethod
    def at(cls, theta: Float) -> AdamState:
        """A fresh state: t = 0, no memory of gradients."""
        theta = as_vector("theta", theta).copy()
        return cls(theta, np.zeros_like(theta), np.zeros_like(theta), 0)


@dataclass(frozen=True)
class Adam:
    """The update's constants; the defaults of beta1, beta2 and epsilon are the paper's, which proposes 0.001 for the
    rate.

    Raises ValueError for a learning rate or epsilon not above 0, and for a beta outside [0, 1).
    """

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        as_positive("learning_rate", self.learning_rate)
        as_positive("epsilon", self.epsilon)
        for name, beta in (("beta1", self.beta1), ("beta2", self.beta2)):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"{name}: got {beta}; expected a number in [0, 1)")

    def step(self, state: AdamState, gradient: Float) -> AdamState:
        """Return the state after one update. Raises ValueError for a gradient with NaN or inf, or of the wrong
        length."""
        g, t = as_vector("gradient", gradient, len(state.theta)), state.n_steps + 1
        m = self.beta1 * state.first_moment + (1.0 - self.beta1) * g
        v = self.beta2 * state.second_moment + (1.0 - self.beta2) * (g * g)
        m_hat, v_hat = m / (1.0 - self.beta1**t), v / (1.0 - self.beta2**t)
        return AdamState(
            state.theta + self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon), m, v, t
        )


@dataclass(frozen=True, eq=False)
class AdamRun:
    """What a run did.

    ``state``         after the last step, before it where it led out of the finite numbers; pass it back to go on
    ``before``        the state in which value and gradient were last seen to be finite: one step before ``state``,
                      unless "diverged"
    ``history``       (epochs completed,) mean over an epoch's batches of their value, each *before* its step
    ``watched``       (epochs completed,) ``watch(theta)`` *after* each epoch; empty without ``watch``
    ``best_theta``    theta after epoch ``best_epoch``, the one with the highest watched value (-1, and ``state.theta``,
                      if none)
    ``status``        "epochs done", "diverged" or "interrupted"; ``message`` says what to do
    """

    state: AdamState
    before: AdamState
    history: Float
    watched: Float
    best_theta: Float
    best_epoch: int
    n_evaluations: int
    status: str
    message: str


def maximize_adam(
    batches: Callable[[], Iterable[Batch]],
    start: AdamState,
    rule: Adam,
    n_epochs: int,
    watch: Callable[[Float], float] | None = None,
) -> AdamRun:
    """Run ``n_epochs`` epochs from ``start``.

    A value, gradient or theta that leaves the finite numbers ends the run as "diverged", with the last theta at which
    they were finite; a value or gradient that is not finite at the start itself is a ValueError. Where the very last
    step leads, nobody has looked: the caller evaluates there, and has ``before``. Ctrl-C (KeyboardInterrupt) ends the
    run as "interrupted": it is *caught*, and the state after the last completed step returned.
    """
    state, good, used, n_epochs = start, start, 0, as_count("n_epochs", n_epochs)
    history: list[float] = []
    watched: list[float] = []
    best_theta, best_epoch = None, -1
    status, message = (
        "epochs done",
        f"{n_epochs} epochs, which prove no maximum; if history has not levelled off go on from state",
    )
    try:
        # Where weights run away the network overflows: seen below, so the warnings would only repeat it.
        with np.errstate(over="ignore", invalid="ignore"):
            for epoch in range(n_epochs):
                values = []
                for batch in batches():
                    value, gradient = batch(state.theta)
                    used += 1
                    # The square too: v would be inf, the step 0, and the run would stand still without a word.
                    if not (math.isfinite(value) and math.isfinite(gradient @ gradient)):
                        size = float(np.linalg.norm(gradient))
                        where = f"epoch {epoch}: after step {state.n_steps}"
                        told = f"{where} the objective is {value}, its gradient's norm {size}"
                        if used == 1:
                            raise ValueError(
                                f"start: {told}; expected a start where they are finite, e.g. model.random_start(rng)"
                            )
                        raise FloatingPointError(told)
                    good = state
                    state = rule.step(state, gradient)
                    if not np.isfinite(state.theta).all():
                        raise FloatingPointError(
                            f"epoch {epoch}: step {state.n_steps} of size {rule.learning_rate} leaves float64"
                        )
                    values.append(value)
                seen = [] if watch is None else [watch(state.theta)]
                history.append(float(np.mean(values)))
                watched += seen
                if (
                    seen
                    and math.isfinite(seen[0])
                    and (best_theta is None or seen[0] > watched[best_epoch])
                ):
                    best_theta, best_epoch = state.theta, epoch
    except KeyboardInterrupt:
        status, message = (
            "interrupted",
            f"stopped by hand after {len(history)} of {n_epochs} epochs; go on from state",
        )
    except FloatingPointError as error:
        state, status = good, "diverged"
        message = f"{error}; theta is the last one before; lower the learning rate, or scale the data to unit variance"
    if status == "epochs done" and len(history) > 1 and history[-1] < history[0]:
        message = (
            f"the objective fell from {history[0]:.6g} to {history[-1]:.6g} in {n_epochs} epochs;"
            " lower the learning rate"
        )
    best_theta = state.theta if best_theta is None else best_theta
    return AdamRun(
        state,
        good,
        np.array(history),
        np.array(watched),
        best_theta,
        best_epoch,
        used,
        status,
        message,
    )


def minibatches(
    n_data: int, n_noise: int, n_batches: int, rng: np.random.Generator
) -> list[tuple[Indices, Indices]]:
    """Return a random partition of data and noise points into ``n_batches`` pairs of index arrays, all but a point of
    one size."""
    return list(
        zip(
            np.array_split(rng.permutation(n_data), n_batches),
            np.array_split(rng.permutation(n_noise), n_batches),
        )
    )
