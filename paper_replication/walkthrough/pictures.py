"""The arrays behind the pictures: one run of the walkthrough as it stands, one done right, from generators of their
own.

What the pictures show is one run each; numbers with intervals are in the claims. ``tsne`` needs scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from nce_ref import GaussianNoise, fit_nce

from ..mixing import random_mixing
from ..seeds import generator_for
from .problem import MODEL, N_DATA, N_SOURCES, Float, Sample, held_out, standard_noise, truth_of
from .references import chance_loss, constant_loss
from .training import network, published_network, train, train_as_published

NU, N_HELD_OUT = 10, 2000


@dataclass(frozen=True)
class Picture:
    """One run: its samples, losses by epoch, reference losses by name, and f and ln p_d on held-out data and noise."""

    training: Sample
    training_loss: Float
    held_out_loss: Float
    references: dict[str, float]
    f: tuple[Float, Float]
    truth: tuple[Float, Float]
    log_noise: tuple[Float, Float]
    ica: Float | None = None


def published_picture() -> Picture:
    """The walkthrough as it stands; its own test loss is among the references."""
    rng = generator_for("walkthrough picture", "as published")
    truth, other = (truth_of(random_mixing(N_SOURCES, rng), 2.0) for _ in range(2))
    noise, model = standard_noise(), published_network()
    training = Sample(noise, MODEL.sample(truth, N_DATA, rng), noise.sample(N_DATA, rng))
    test = held_out(truth, noise, N_HELD_OUT, rng)
    fit = train_as_published(model, noise, training.x, training.y, rng, held_out=(test.x, test.y))
    own_test = Sample(noise, MODEL.sample(other, N_DATA, rng), training.y).loss(model, fit.theta)
    references = {
        "chance": chance_loss(1.0),
        "best constant f = c": constant_loss(training, test),
        "optimum": test.loss(MODEL, truth),
        "its own test loss": own_test,
    }
    return Picture(
        training,
        -fit.history,
        -fit.held_out_history,
        references,
        (model.log_density(fit.theta, test.x), model.log_density(fit.theta, test.y)),
        (MODEL.log_density(truth, test.x), MODEL.log_density(truth, test.y)),
        (noise.log_density(training.x), noise.log_density(training.y)),
    )


def right_picture(epochs: tuple[int, int] = (40, 20)) -> Picture:
    """The experiment done right, with the ICA model by NCE beside it."""
    rng = generator_for("walkthrough picture", "right")
    truth = truth_of(random_mixing(N_SOURCES, rng))
    x = MODEL.sample(truth, N_DATA, rng)
    noise = GaussianNoise.from_data(x)
    test = held_out(truth, noise, N_HELD_OUT, rng, NU)
    model, y = network(noise), noise.sample(NU * N_DATA, rng)
    trained, history, watched = train(
        model, noise, x, rng, epochs, n_noise=NU * N_DATA, held_out=(test.x, test.y)
    )
    ica = fit_nce(MODEL, noise, x, y, n_starts=2, rng=rng).theta
    references = {
        "chance": chance_loss(NU),
        "optimum": test.loss(MODEL, truth),
        "ICA model by NCE": test.loss(MODEL, ica),
    }
    return Picture(
        Sample(noise, x, y, NU),
        -history,
        -watched,
        references,
        (model.log_density(trained.theta, test.x), model.log_density(trained.theta, test.y)),
        (MODEL.log_density(truth, test.x), MODEL.log_density(truth, test.y)),
        (noise.log_density(x), noise.log_density(y[:N_DATA])),
        MODEL.log_density(ica, test.x),
    )


@cache
def both_pictures(quick: bool) -> tuple[Picture, Picture]:
    """Return both; ``quick``: of a hardly trained network, to try the path."""
    return published_picture(), right_picture((2, 1) if quick else (40, 20))


def tsne(picture: Picture, n_points: int = 400) -> tuple[Float, Float]:
    """Return two-dimensional t-SNE coordinates of ``n_points`` data and as many noise points, embedded together."""
    from sklearn.manifold import TSNE

    points = np.concatenate([picture.training.x[:n_points], picture.training.y[:n_points]])
    flat = TSNE(
        n_components=2, perplexity=30.0, init="pca", learning_rate="auto", random_state=0
    ).fit_transform(points)
    return flat[:n_points], flat[n_points:]
