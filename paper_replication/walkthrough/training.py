"""The networks and how they are trained: the walkthrough's forty steps, and a schedule that ends quietly.

A constant rate of Adam jitters: the last bias, which is c, moves by about the rate each step. So the rate falls at the
end, as two fits, the second going on from the state of the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nce_ref import MLP, AdamFit, GaussianNoise, fit_nce_adam

from .problem import LAYERS, Float

RATE, LOW_RATE, PUBLISHED_EPOCHS, N_BATCHES = 0.005, 0.001, 40, 10


def published_network() -> MLP:
    """4 - 36 - 64 - 1 without activation and without base density."""
    return MLP(LAYERS, activation="identity")


def network(noise: GaussianNoise, activation: str = "tanh") -> MLP:
    """The same layers with an activation, times the noise's own Gaussian: integrable whatever the weights are."""
    return MLP(LAYERS, activation=activation, base=noise)


def train_as_published(
    model: MLP, noise: GaussianNoise, x: Float, y: Float, rng: np.random.Generator, **more: Any
) -> AdamFit:
    """Adam at 0.005, 40 epochs of one step each."""
    return fit_nce_adam(
        model, noise, x, y, n_epochs=PUBLISHED_EPOCHS, learning_rate=RATE, rng=rng, **more
    )


def train(
    model: MLP,
    noise: GaussianNoise,
    x: Float,
    rng: np.random.Generator,
    epochs: tuple[int, int] = (40, 20),
    **noise_or_held_out: Any,
) -> tuple[AdamFit, Float, Float]:
    """Ten steps an epoch, first at 0.005, then at 0.001. Give ``y`` (fixed noise) or ``n_noise`` (redrawn each epoch).

    Returns the fit and both histories of J over all epochs, in training and held out.
    """
    first = fit_nce_adam(
        model,
        noise,
        x,
        n_epochs=epochs[0],
        learning_rate=RATE,
        n_batches=N_BATCHES,
        rng=rng,
        **noise_or_held_out,
    )
    last = fit_nce_adam(
        model,
        noise,
        x,
        n_epochs=epochs[1],
        learning_rate=LOW_RATE,
        n_batches=N_BATCHES,
        rng=rng,
        state=first.state,
        **noise_or_held_out,
    )
    histories = (
        np.concatenate([getattr(fit, name) for fit in (first, last)])
        for name in ("history", "held_out_history")
    )
    return last, *histories
