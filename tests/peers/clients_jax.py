"""JAX: its kernels, its Gaussian log-density, and NCE by its autodiff."""

from __future__ import annotations

import math
from itertools import pairwise

import jax
import jax.numpy as jnp
from jax.scipy.stats import multivariate_normal

from nce_ref.oracle import adapters
from tests.peers.clients import Client

jax.config.update("jax_enable_x64", True)
SQRT2 = math.sqrt(2.0)


@jax.jit
def nce_from_log_ratios(log_ratio_data, log_ratio_noise, nu):
    log_nu = jnp.log(nu).astype(log_ratio_data.dtype)
    of_data, of_noise = (
        jax.nn.log_sigmoid(log_ratio_data - log_nu),
        jax.nn.log_sigmoid(log_nu - log_ratio_noise),
    )
    return (of_data.sum() + of_noise.sum()) / len(log_ratio_data)


@jax.jit
def binary_nce(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    return nce_from_log_ratios(
        log_model_data - log_noise_data, log_model_noise - log_noise_noise, nu
    )


@jax.jit
def softplus_nce(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    log_nu = jnp.log(nu).astype(log_model_data.dtype)
    of_data = jax.nn.softplus(log_nu - log_model_data + log_noise_data).mean()
    return -of_data - nu * jax.nn.softplus(log_model_noise - log_noise_noise - log_nu).mean()


@jax.jit
def log_noise(u, mean, cov):
    return multivariate_normal.logpdf(u, mean, cov)


def nce_of(log_model, x, y, noise_mean, noise_cov):
    factor = jnp.linalg.cholesky(noise_cov)

    def log_ratio(u):
        z = jax.scipy.linalg.solve_triangular(factor, (u - noise_mean).T, lower=True)
        constant = jnp.log(jnp.diag(factor)).sum() + 0.5 * len(noise_mean) * math.log(2 * math.pi)
        return log_model(u) + 0.5 * (z * z).sum(axis=0) + constant

    return nce_from_log_ratios(log_ratio(x), log_ratio(y), len(y) / len(x))


def laplace_ica_nce(absolute):
    @jax.jit
    def value(B, c, x, y, noise_mean, noise_cov):
        return nce_of(
            lambda u: -SQRT2 * absolute(u @ B.T).sum(axis=1) + c, x, y, noise_mean, noise_cov
        )

    return value


def laplace_ica_mle(absolute):
    @jax.jit
    def value(B, x):
        return (
            -SQRT2 * absolute(x @ B.T).sum(axis=1).mean()
            + jnp.linalg.slogdet(B)[1]
            - 0.5 * len(B) * math.log(2)
        )

    return value


@jax.jit
def gaussian_nce(precision, c, x, y, noise_mean, noise_cov):
    return nce_of(
        lambda u: -0.5 * ((u @ precision) * u).sum(axis=1) + c, x, y, noise_mean, noise_cov
    )


def mlp(phi):
    def value(layer_sizes, theta, u):
        sizes, a, start = [int(size) for size in layer_sizes], u, 0
        for k, (into, out) in enumerate(pairwise(sizes)):
            W, b = (
                theta[start : start + out * into].reshape(out, into),
                theta[start + out * into : start + out * (into + 1)],
            )
            start += out * (into + 1)
            a = a @ W.T + b
            a = phi(a) if k < len(sizes) - 2 else a
        return a[:, 0]

    return value


def importance_sampling(log_model_data, log_model_noise, log_noise_noise):
    log_mean = jax.scipy.special.logsumexp(log_model_noise - log_noise_noise) - math.log(
        len(log_model_noise)
    )
    return log_model_data.mean() - log_mean


@jax.jit
def laplace_ica_importance_sampling(B, x, y, noise_mean, noise_cov):
    of_data, of_noise = (-SQRT2 * jnp.abs(u @ B.T).sum(axis=1) for u in (x, y))
    return importance_sampling(
        of_data, of_noise, jax.scipy.stats.multivariate_normal.logpdf(y, noise_mean, noise_cov)
    )


@jax.jit
def laplace_ica_score_matching(B, x, slope):
    """The divergence as the trace of jacfwd."""

    def score(u):
        return -SQRT2 * B.T @ jnp.tanh(slope * (B @ u))

    def loss(u):
        return 0.5 * jnp.sum(score(u) ** 2) + jnp.trace(jax.jacfwd(score)(u))

    return -jax.vmap(loss)(x).mean()


def leapfrog(log_density):
    """The score by autodiff of the log-density, its energy by the same function."""
    score = jax.grad(lambda u, shape: log_density(u, shape).sum())

    def outputs(u, momentum, step_size, n_steps, **given):
        (shape,) = given.values()
        q, p = u, momentum
        for _ in range(int(n_steps)):
            p = p + step_size / 2 * score(q, shape)
            q = q + step_size * p
            p = p + step_size / 2 * score(q, shape)
        change = (
            log_density(u, shape)
            - log_density(q, shape)
            + 0.5 * ((p * p).sum(axis=1) - (momentum * momentum).sum(axis=1))
        )
        return {"u_after": q, "momentum_after": p, "energy_change": change}

    return outputs


def metropolis_decision(energy_before, energy_after, uniforms):
    probability = jnp.minimum(1, jnp.exp(energy_before - energy_after))
    return {"probability": probability, "accepted": uniforms < probability}


leapfrog_gaussian = leapfrog(lambda u, precision: -0.5 * ((u @ precision) * u).sum(axis=1))
leapfrog_laplace_ica = leapfrog(lambda u, B: -SQRT2 * jnp.abs(u @ B.T).sum(axis=1))


def sign_times(s):
    return s * jax.lax.stop_gradient(jnp.sign(s))


def client(name, objective, function, **rest):
    return Client(name, objective, adapters.jax(function, objective), **rest)


def whole(name, objective, function):
    """A client that returns its outputs itself; nothing is differentiated by the adapter."""
    return Client(name, objective, adapters.jax(function))


CLIENTS = [
    client("jax.nn.log_sigmoid", "log_sigmoid", jax.jit(lambda t: jax.nn.log_sigmoid(t))),
    client(
        "-jnp.logaddexp(0, -t)",
        "log_sigmoid",
        jax.jit(lambda t: -jnp.logaddexp(jnp.zeros_like(t), -t)),
    ),
    client(
        "jnp.log(jax.nn.sigmoid(t))", "log_sigmoid", jax.jit(lambda t: jnp.log(jax.nn.sigmoid(t)))
    ),
    client("jax.nn.sigmoid", "sigmoid", jax.jit(lambda t: jax.nn.sigmoid(t))),
    client("autodiff of jax.nn.log_sigmoid", "nce_from_log_ratios", nce_from_log_ratios),
    client("autodiff of jax.nn.log_sigmoid", "binary_nce", binary_nce),
    client("autodiff of jax.nn.softplus", "binary_nce", softplus_nce),
    client("jax.scipy multivariate_normal.logpdf", "gaussian_log_density", log_noise),
    client(
        "-sqrt(2) |u B'|_1 + c",
        "laplace_ica_log_density",
        jax.jit(lambda B, c, u: -SQRT2 * jnp.abs(u @ B.T).sum(axis=1) + c),
    ),
    client("autodiff, jnp.abs", "laplace_ica_nce", laplace_ica_nce(jnp.abs)),
    client("autodiff, s sign(s)", "laplace_ica_nce", laplace_ica_nce(sign_times)),
    client("autodiff, jnp.abs", "laplace_ica_mle", laplace_ica_mle(jnp.abs)),
    client("autodiff, s sign(s)", "laplace_ica_mle", laplace_ica_mle(sign_times)),
    client("autodiff of jax.nn.log_sigmoid", "gaussian_nce", gaussian_nce),
    client("autodiff, jnp.tanh", "mlp_tanh_log_density", mlp(jnp.tanh)),
    client("autodiff, jax.nn.softplus", "mlp_softplus_log_density", mlp(jax.nn.softplus)),
    client("autodiff, jax.nn.relu", "mlp_relu_log_density", mlp(jax.nn.relu)),
    client(
        "autodiff, jnp.maximum(z, 0)",
        "mlp_relu_log_density",
        mlp(lambda z: jnp.maximum(z, 0)),
        remark="its derivative at 0 is 1/2",
    ),
    client("autodiff of logsumexp", "importance_sampling_from_log_densities", importance_sampling),
    client(
        "autodiff of logsumexp", "laplace_ica_importance_sampling", laplace_ica_importance_sampling
    ),
    client("grad of jacfwd of tanh", "laplace_ica_score_matching", laplace_ica_score_matching),
    whole("scores by jax.grad", "leapfrog_gaussian", leapfrog_gaussian),
    whole("scores by jax.grad", "leapfrog_laplace_ica", leapfrog_laplace_ica),
    whole("min(1, exp)", "metropolis_decision", metropolis_decision),
]
