"""NCE by HIPS autograd; its NumPy has no log-sigmoid, so that people write logaddexp."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np

from nce_ref.oracle import OBJECTIVES
from tests.peers.clients import Client

SQRT2 = np.sqrt(2.0)


def log_sigmoid(t):
    return -anp.logaddexp(0.0 * t, -t)


def nce_from_log_ratios(log_ratio_data, log_ratio_noise, nu):
    log_nu = np.log(nu).astype(log_ratio_data.dtype)
    return (
        anp.sum(log_sigmoid(log_ratio_data - log_nu))
        + anp.sum(log_sigmoid(log_nu - log_ratio_noise))
    ) / len(log_ratio_data)


def binary_nce(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    return nce_from_log_ratios(
        log_model_data - log_noise_data, log_model_noise - log_noise_noise, nu
    )


def log_noise(u, mean, cov):
    d = u - mean
    quadratic = anp.sum(d * anp.linalg.solve(cov, d.T).T, axis=1)
    return -0.5 * (quadratic + anp.linalg.slogdet(cov)[1] + len(mean) * float(np.log(2 * np.pi)))


def nce_of(log_model, x, y, noise_mean, noise_cov):
    ratios = (log_model(u) - log_noise(u, noise_mean, noise_cov) for u in (x, y))
    return nce_from_log_ratios(*ratios, len(y) / len(x))


def laplace_ica_nce(B, c, x, y, noise_mean, noise_cov):
    return nce_of(
        lambda u: -float(SQRT2) * anp.sum(anp.abs(anp.dot(u, B.T)), axis=1) + c,
        x,
        y,
        noise_mean,
        noise_cov,
    )


def laplace_ica_mle(B, x):
    sources = anp.sum(anp.abs(anp.dot(x, B.T)), axis=1)
    return (
        -float(SQRT2) * anp.mean(sources)
        + anp.linalg.slogdet(B)[1]
        - 0.5 * len(B) * float(np.log(2))
    )


def gaussian_nce(precision, c, x, y, noise_mean, noise_cov):
    return nce_of(
        lambda u: -0.5 * anp.sum(anp.dot(u, precision) * u, axis=1) + c, x, y, noise_mean, noise_cov
    )


def client(name, objective, function):
    derivatives = [output for output in OBJECTIVES[objective].outputs if output.derivative_of]

    def implementation(**inputs):
        def total(arguments):
            return anp.sum(function(**{**inputs, **arguments}))

        gradients = autograd.grad(total)(
            {output.derivative_of: inputs[output.derivative_of] for output in derivatives}
        )
        return {
            "value": function(**inputs),
            **{output.name: gradients[output.derivative_of] for output in derivatives},
        }

    return Client(name, objective, implementation)


CLIENTS = [
    client("-logaddexp(0, -t)", "log_sigmoid", lambda t: log_sigmoid(t)),
    client("autograd of logaddexp", "nce_from_log_ratios", nce_from_log_ratios),
    client("autograd of logaddexp", "binary_nce", binary_nce),
    client("autograd, np.abs", "laplace_ica_nce", laplace_ica_nce),
    client("autograd, np.abs", "laplace_ica_mle", laplace_ica_mle),
    client("autograd of logaddexp", "gaussian_nce", gaussian_nce),
]
