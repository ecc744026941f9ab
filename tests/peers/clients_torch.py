"""PyTorch: its kernels, its losses, and NCE by its autograd."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch.distributions import Laplace, MultivariateNormal

from nce_ref.oracle import Convention, adapters
from tests.peers.clients import Client

torch.set_num_threads(1)
SQRT2 = math.sqrt(2.0)


def nce_from_log_ratios(log_ratio_data, log_ratio_noise, nu):
    log_nu = math.log(nu)
    return (
        F.logsigmoid(log_ratio_data - log_nu).sum() + F.logsigmoid(log_nu - log_ratio_noise).sum()
    ) / len(log_ratio_data)


def binary_nce(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    return nce_from_log_ratios(
        log_model_data - log_noise_data, log_model_noise - log_noise_noise, nu
    )


def logits_and_labels(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    logits = torch.cat(
        [log_model_data - log_noise_data, log_model_noise - log_noise_noise]
    ) - math.log(nu)
    return logits, torch.cat([torch.ones_like(log_model_data), torch.zeros_like(log_model_noise)])


def weights_like(labels, data, noise):
    return data * labels + noise * (1 - labels)


def weights_by_where(labels, data, noise):
    """torch.where of two Python floats is a tensor of the default dtype, float32, whatever the logits are."""
    return torch.where(labels == 1, data, noise)


def bce_weighted(weights_of):
    def value(**inputs):
        """Each sample's mean, the noise's times nu."""
        logits, labels = logits_and_labels(**inputs)
        n_data, n_noise = len(inputs["log_model_data"]), len(inputs["log_model_noise"])
        weights = weights_of(labels, 1 / n_data, inputs["nu"] / n_noise)
        return -F.binary_cross_entropy_with_logits(logits, labels, weight=weights, reduction="sum")

    return value


def bce_mean(**inputs):
    return F.binary_cross_entropy_with_logits(*logits_and_labels(**inputs))


def bce_of_probabilities(**inputs):
    logits, labels = logits_and_labels(**inputs)
    return -F.binary_cross_entropy(torch.sigmoid(logits), labels, reduction="sum") / len(
        inputs["log_model_data"]
    )


def cross_entropy(**inputs):
    """Two classes with logits 0 and t."""
    logits, labels = logits_and_labels(**inputs)
    loss = F.cross_entropy(
        torch.stack([torch.zeros_like(logits), logits], dim=1), labels.long(), reduction="sum"
    )
    return -loss / len(inputs["log_model_data"])


def log_noise(u, mean, cov):
    return MultivariateNormal(mean, cov).log_prob(u)


def nce_of(log_model, x, y, noise_mean, noise_cov):
    ratios = (log_model(u) - log_noise(u, noise_mean, noise_cov) for u in (x, y))
    return nce_from_log_ratios(*ratios, len(y) / len(x))


def laplace_ica_nce(absolute):
    def value(B, c, x, y, noise_mean, noise_cov):
        return nce_of(
            lambda u: -SQRT2 * absolute(u @ B.T).sum(dim=1) + c, x, y, noise_mean, noise_cov
        )

    return value


def laplace_ica_mle(absolute):
    def value(B, x):
        return (
            -SQRT2 * absolute(x @ B.T).sum(dim=1).mean()
            + torch.linalg.slogdet(B).logabsdet
            - 0.5 * len(B) * math.log(2)
        )

    return value


def laplace_ica_mle_distribution(B, x):
    scale = torch.tensor(1 / SQRT2, dtype=B.dtype)
    return (
        Laplace(0 * scale, scale).log_prob(x @ B.T).sum(dim=1).mean()
        + torch.linalg.slogdet(B).logabsdet
    )


def gaussian_nce(precision, c, x, y, noise_mean, noise_cov):
    return nce_of(
        lambda u: -0.5 * ((u @ precision) * u).sum(dim=1) + c, x, y, noise_mean, noise_cov
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
            a = F.linear(a, W, b)
            a = phi(a) if k < len(sizes) - 2 else a
        return a[:, 0]

    return value


def importance_sampling(log_model_data, log_model_noise, log_noise_noise):
    return (
        log_model_data.mean()
        - torch.logsumexp(log_model_noise - log_noise_noise, 0)
        + math.log(len(log_model_noise))
    )


def laplace_ica_importance_sampling(B, x, y, noise_mean, noise_cov):
    of_data, of_noise = (-SQRT2 * (u @ B.T).abs().sum(dim=1) for u in (x, y))
    return importance_sampling(of_data, of_noise, log_noise(y, noise_mean, noise_cov))


def laplace_ica_score_matching(B, x, slope):
    """The divergence by autograd, too, one coordinate after the other."""
    u = x.clone().requires_grad_()
    score = -SQRT2 * torch.tanh(slope * (u @ B.T)) @ B
    parts = [
        torch.autograd.grad(score[:, j].sum(), u, create_graph=True)[0][:, j]
        for j in range(u.shape[1])
    ]
    return -(0.5 * (score**2).sum(dim=1) + sum(parts)).mean()


def leapfrog(score, log_density):
    def outputs(u, momentum, step_size, n_steps, **shape):
        q, p = u, momentum + step_size / 2 * score(u, **shape)
        for k in range(int(n_steps)):
            q = q + step_size * p
            p = p + (step_size if k < n_steps - 1 else step_size / 2) * score(q, **shape)
        change = (
            log_density(u, **shape)
            - log_density(q, **shape)
            + 0.5 * ((p * p).sum(dim=1) - (momentum * momentum).sum(dim=1))
        )
        return {"u_after": q, "momentum_after": p, "energy_change": change}

    return outputs


def metropolis_decision(energy_before, energy_after, uniforms):
    probability = torch.exp(torch.clamp(energy_before - energy_after, max=0))
    return {"probability": probability, "accepted": uniforms < probability}


leapfrog_gaussian = leapfrog(
    lambda u, precision: -u @ precision,
    lambda u, precision: -0.5 * ((u @ precision) * u).sum(dim=1),
)
leapfrog_laplace_ica = leapfrog(
    lambda u, B: -SQRT2 * torch.sign(u @ B.T) @ B, lambda u, B: -SQRT2 * (u @ B.T).abs().sum(dim=1)
)


def by_where(s):
    return torch.where(s > 0, s, -s)


def by_maximum(s):
    return torch.maximum(s, -s)


def by_root(s):
    return torch.sqrt(s * s)


def client(name, objective, function, **rest):
    return Client(name, objective, adapters.torch(function, objective), **rest)


def whole(name, objective, function):
    """A client that returns its outputs itself; nothing is differentiated."""
    return Client(name, objective, adapters.torch(function))


LOSS = Convention(sense="minimise", reduction="mean")
CLIENTS = [
    client("F.logsigmoid", "log_sigmoid", lambda t: F.logsigmoid(t)),
    client(
        "-F.softplus(-t)",
        "log_sigmoid",
        lambda t: -F.softplus(-t),
        remark="linear beyond its threshold of 20",
    ),
    client("-F.softplus(-t, threshold=40)", "log_sigmoid", lambda t: -F.softplus(-t, threshold=40)),
    client("torch.log(torch.sigmoid(t))", "log_sigmoid", lambda t: torch.log(torch.sigmoid(t))),
    client("torch.sigmoid", "sigmoid", lambda t: torch.sigmoid(t)),
    client("autograd of F.logsigmoid", "nce_from_log_ratios", nce_from_log_ratios),
    client("autograd of F.logsigmoid", "binary_nce", binary_nce),
    client(
        "BCE with logits, weights 1/n_data and nu/n_noise", "binary_nce", bce_weighted(weights_like)
    ),
    client(
        "BCE with logits, the same by torch.where of floats",
        "binary_nce",
        bce_weighted(weights_by_where),
        remark="torch.where of two floats is a float32 tensor",
    ),
    client(
        "BCE with logits as it comes (mean, minimised)", "binary_nce", bce_mean, convention=LOSS
    ),
    client(
        "BCE with logits as it comes, not declared",
        "binary_nce",
        bce_mean,
        remark="right where it is declared",
    ),
    client("F.cross_entropy of two classes", "binary_nce", cross_entropy),
    client(
        "F.binary_cross_entropy of sigmoid",
        "binary_nce",
        bce_of_probabilities,
        remark="its ln is cut off at -100",
    ),
    client("MultivariateNormal.log_prob", "gaussian_log_density", log_noise),
    client(
        "-sqrt(2) |u B'|_1 + c",
        "laplace_ica_log_density",
        lambda B, c, u: -SQRT2 * (u @ B.T).abs().sum(dim=1) + c,
    ),
    client("autograd, torch.abs", "laplace_ica_nce", laplace_ica_nce(torch.abs)),
    client("autograd, where(s > 0, s, -s)", "laplace_ica_nce", laplace_ica_nce(by_where)),
    client("autograd, maximum(s, -s)", "laplace_ica_nce", laplace_ica_nce(by_maximum)),
    client(
        "autograd, sqrt(s^2)", "laplace_ica_nce", laplace_ica_nce(by_root), remark="0/0 at s = 0"
    ),
    client("autograd, torch.abs", "laplace_ica_mle", laplace_ica_mle(torch.abs)),
    client("autograd, where(s > 0, s, -s)", "laplace_ica_mle", laplace_ica_mle(by_where)),
    client(
        "autograd, sqrt(s^2)", "laplace_ica_mle", laplace_ica_mle(by_root), remark="0/0 at s = 0"
    ),
    client("distributions.Laplace.log_prob", "laplace_ica_mle", laplace_ica_mle_distribution),
    client("autograd of F.logsigmoid", "gaussian_nce", gaussian_nce),
    client("autograd of F.linear, torch.tanh", "mlp_tanh_log_density", mlp(torch.tanh)),
    client("autograd of F.linear, F.softplus", "mlp_softplus_log_density", mlp(F.softplus)),
    client("autograd of F.linear, F.relu", "mlp_relu_log_density", mlp(F.relu)),
    client(
        "autograd of torch.logsumexp", "importance_sampling_from_log_densities", importance_sampling
    ),
    client(
        "autograd of torch.logsumexp",
        "laplace_ica_importance_sampling",
        laplace_ica_importance_sampling,
    ),
    client(
        "autograd of autograd of tanh", "laplace_ica_score_matching", laplace_ica_score_matching
    ),
    whole("merged kicks", "leapfrog_gaussian", leapfrog_gaussian),
    whole("merged kicks", "leapfrog_laplace_ica", leapfrog_laplace_ica),
    whole("exp of a clamped difference", "metropolis_decision", metropolis_decision),
]
