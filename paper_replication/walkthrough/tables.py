r"""Two small tables that scikit-learn ships, and the models a user might take for them.

*Conventions.* Each split: the columns are standardised and turned to their principal components by the training part
alone; the first ``N_COMPONENTS`` are kept, each scaled to variance 1. Why not all thirty columns of the breast-cancer
table: its radii, perimeters and areas repeat each other (smallest to largest eigenvalue 1 to 1e5), the ICA model would
have 901 parameters for 455 rows, and whitened directions of variance 1e-4 are rounding in somebody's notebook. So the
models describe those components, not the tables. Without scikit-learn ``load_table`` says so; everything else here
needs it not.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np

from nce_ref import (
    MLP,
    Gaussian,
    GaussianNoise,
    LaplaceICA,
    estimate_covariance,
    fit_nce,
    fit_nce_adam,
    integral_by_importance,
)

from .problem import Float, Sample

TABLES = ("wine", "breast_cancer")
MODELS = ("gaussian", "ica", "network")
N_COMPONENTS, NU = 8, 10
TEST_SHARE, EARLY_STOPPING_SHARE = 0.2, 0.25
HIDDEN, EPOCHS, N_BATCHES, RATE = (16, 16), 120, 5, 0.005
N_TEST_NOISE, N_INTEGRAL = 20_000, 10_000


def sklearn_is_here() -> bool:
    """Return whether the tables and t-SNE can be had."""
    return importlib.util.find_spec("sklearn") is not None


def load_table(name: str) -> Float:
    """Return the table's columns, (n_rows, n_columns), without the classes. Raises ValueError for another name or
    without scikit-learn."""
    if name not in TABLES:
        raise ValueError(f"table: there is no {name!r}; there are {', '.join(TABLES)}")
    if not sklearn_is_here():
        raise ValueError("scikit-learn is not installed; pip install -e '.[walkthrough]' brings it")
    from sklearn import datasets

    return np.asarray(getattr(datasets, f"load_{name}")().data, dtype=float)


@dataclass(frozen=True)
class Split:
    """Training and test components of one random split, and the noise matched to the training part."""

    training: Float
    test: Float
    noise: GaussianNoise


def split(table: Float, rng: np.random.Generator, n_components: int = N_COMPONENTS) -> Split:
    """Split the rows at random; scale, turn and scale again by what the training rows say."""
    order = rng.permutation(len(table))
    n_test = round(TEST_SHARE * len(table))
    training, test = table[order[n_test:]], table[order[:n_test]]
    middle, spread = training.mean(axis=0), training.std(axis=0, ddof=1)
    training, test = (training - middle) / spread, (test - middle) / spread
    values, vectors = np.linalg.eigh(np.cov(training, rowvar=False))
    axes = vectors[:, ::-1][:, :n_components] / np.sqrt(values[::-1][:n_components])
    return Split(training @ axes, test @ axes, GaussianNoise.from_data(training @ axes))


def compare_models(
    parts: Split, rng: np.random.Generator, epochs: int = EPOCHS
) -> dict[str, float]:
    """Return for each model: held-out loss, held-out log-likelihood over the noise's, ln of its mass, standard error of
    that.

    *log-likelihood*: mean over test rows of ln p_m - ln p_n, less ln M, so of the normalised model. *mass*: ln M = c +
    ln Z, 0 where NCE found the right constant; closed form for Gaussian and ICA (error: that of c + ln Z at the
    estimated covariance, 0 where the fit is not certified), importance sampling for the network.
    The network keeps a quarter of its training rows back to choose the epoch by: 112 or 341 rows train it.
    """
    x, noise = parts.training, parts.noise
    n_dim = x.shape[1]
    copies = max(1, N_TEST_NOISE // (NU * len(parts.test)))
    test = Sample(noise, parts.test, noise.sample(copies * NU * len(parts.test), rng), float(NU))
    result: dict[str, float] = {}

    def judge(
        name: str, f_x: Float, f_y: Float, log_mass: float, error: float, n_params: int
    ) -> None:
        advantage = float(np.mean(f_x - noise.log_density(test.x))) - log_mass
        numbers = {
            "loss": test.loss_of(f_x, f_y),
            "advantage": advantage,
            "log_mass": log_mass,
            "mass_error": error,
            "n_params": n_params,
        }
        result.update({f"{name}.{key}": value for key, value in numbers.items()})

    y = noise.sample(NU * len(x), rng)
    for name, model in (("gaussian", Gaussian(n_dim)), ("ica", LaplaceICA(n_sources=n_dim))):
        fit = fit_nce(model, noise, x, y, n_starts=2, rng=rng)
        log_mass = float(fit.theta[-1] + model.log_normalizer(fit.theta))
        slope = model.log_normalizer_gradient(
            fit.theta
        )  # of ln Z; that of c + ln Z has a 1 at the end
        slope[-1] += 1.0
        error = (
            float(np.sqrt(slope @ estimate_covariance(fit).covariance @ slope))
            if fit.converged
            else 0.0
        )
        judge(
            name,
            model.log_density(fit.theta, test.x),
            model.log_density(fit.theta, test.y),
            log_mass,
            error,
            model.n_params,
        )
        result[f"{name}.converged"] = fit.converged

    network = MLP((n_dim, *HIDDEN, 1), activation="tanh", base=noise)
    kept_back = round(EARLY_STOPPING_SHARE * len(x))
    watched = (x[:kept_back], noise.sample(50 * kept_back, rng))
    rest = x[kept_back:]
    options = {"n_epochs": epochs, "n_batches": N_BATCHES, "learning_rate": RATE, "rng": rng}
    trained = fit_nce_adam(
        network, noise, rest, n_noise=NU * len(rest), held_out=watched, **options
    )
    theta = trained.best_theta
    mass = integral_by_importance(network, theta, noise, noise.sample(N_INTEGRAL, rng))
    f_x, f_y = network.log_density(theta, test.x), network.log_density(theta, test.y)
    judge("network", f_x, f_y, mass.log_integral, mass.standard_error, network.n_params)
    return result | {
        "network.epoch": trained.best_epoch,
        "n_test": len(test.x),
        "n_training": len(x),
    }
