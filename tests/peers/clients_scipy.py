"""SciPy's log_expit and expit, its Gaussian log-density, and an NCE made of them."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit
from scipy.stats import multivariate_normal

from tests.peers.clients import Client


def binary_nce(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    t_data, t_noise = (
        log_model_data - log_noise_data - np.log(nu),
        log_model_noise - log_noise_noise - np.log(nu),
    )
    n_data = len(log_model_data)
    return {
        "value": (log_expit(t_data).sum() + log_expit(-t_noise).sum()) / n_data,
        "grad_log_model_data": expit(-t_data) / n_data,
        "grad_log_model_noise": -expit(t_noise) / n_data,
    }


CLIENTS = [
    Client(
        "scipy.special.log_expit",
        "log_sigmoid",
        lambda t: {"value": log_expit(t), "grad": expit(-t)},
    ),
    Client(
        "scipy.special.expit",
        "sigmoid",
        lambda t: {"value": expit(t), "grad": expit(t) * expit(-t)},
    ),
    Client("np.log(scipy.special.expit(t))", "log_sigmoid", lambda t: np.log(expit(t))),
    Client("NCE from log_expit and expit", "binary_nce", binary_nce),
    Client(
        "scipy.stats.multivariate_normal.logpdf",
        "gaussian_log_density",
        lambda u, mean, cov: multivariate_normal(mean, cov).logpdf(u).reshape(-1).astype(u.dtype),
    ),
]
