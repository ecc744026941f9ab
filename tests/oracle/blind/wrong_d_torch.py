"""Wrong on purpose (one slip each), PyTorch with autograd."""
import math

import torch
import torch.nn.functional as F

SQRT2 = math.sqrt(2.0)
LOG_2PI = math.log(2.0 * math.pi)


def _leaf(a):
    return a.detach().clone().requires_grad_(True)


def _scalar(value, like):
    return torch.tensor(value, dtype=like.dtype, device=like.device, requires_grad=True)


def _log_gauss(u, mean, cov):
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False)
    return -0.5 * (z * z).sum(dim=0) - L.diagonal().log().sum() - 0.5 * u.shape[1] * LOG_2PI


def binary_nce_class_balanced(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    md, mn = _leaf(log_model_data), _leaf(log_model_noise)
    logits = torch.cat([md - log_noise_data, mn - log_noise_noise]) - math.log(nu)
    labels = torch.cat([torch.ones_like(md), torch.zeros_like(mn)])
    weight = torch.tensor(nu, dtype=md.dtype)
    loss = F.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight, reduction="sum")
    value = -loss / len(md)
    gd, gn = torch.autograd.grad(value, (md, mn))
    return {"value": value.detach(), "grad_log_model_data": gd, "grad_log_model_noise": gn}


def nce_whole_nu(log_ratio_data, log_ratio_noise, nu):
    rd, rn = _leaf(log_ratio_data), _leaf(log_ratio_noise)
    k = max(1, int(nu))
    log_k = math.log(k)
    value = (F.logsigmoid(rd - log_k).sum() + F.logsigmoid(log_k - rn).sum()) / len(rd)
    gd, gn = torch.autograd.grad(value, (rd, rn))
    return {"value": value.detach(), "grad_log_ratio_data": gd, "grad_log_ratio_noise": gn}


def ica_nce_diagonal_noise(B, c, x, y, noise_mean, noise_cov):
    B, c = _leaf(B), _scalar(c, x)
    log_nu = math.log(len(y) / len(x))

    def log_noise(u):
        cov = torch.diag(torch.diagonal(noise_cov))
        return _log_gauss(u, noise_mean, cov)

    def ratio(u):
        return -SQRT2 * (u @ B.T).abs().sum(dim=1) + c - log_noise(u)

    value = (F.logsigmoid(ratio(x) - log_nu).sum() + F.logsigmoid(log_nu - ratio(y)).sum()) / len(x)
    g_B, g_c = torch.autograd.grad(value, (B, c))
    return {"value": value.detach(), "grad_B": g_B, "grad_c": g_c}


def ica_mle_logdet(B, x):
    B = _leaf(B)
    log_det = torch.logdet(B)
    value = (-SQRT2 * (x @ B.T).abs().sum(dim=1)).mean() + log_det - 0.5 * x.shape[1] * math.log(2.0)
    (g_B,) = torch.autograd.grad(value, (B,))
    return {"value": value.detach(), "grad_B": g_B}


def gaussian_nce_centred_model(precision, c, x, y, noise_mean, noise_cov):
    precision, c = _leaf(precision), _scalar(c, x)
    log_nu = math.log(len(y) / len(x))

    def log_model(u):
        u = u - noise_mean
        return -0.5 * torch.einsum("ni,ij,nj->n", u, precision, u) + c

    t_data = log_model(x) - _log_gauss(x, noise_mean, noise_cov) - log_nu
    t_noise = log_model(y) - _log_gauss(y, noise_mean, noise_cov) - log_nu
    value = (F.logsigmoid(t_data).sum() + F.logsigmoid(-t_noise).sum()) / len(x)
    g_P, g_c = torch.autograd.grad(value, (precision, c))
    return {"value": value.detach(), "grad_precision": g_P, "grad_c": g_c}


def gaussian_density_shape0(u, mean, cov):
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False)
    n = u.shape[0]
    return {"value": -0.5 * (z**2).sum(dim=0) - L.diagonal().log().sum() - 0.5 * n * LOG_2PI}


def _unpack(sizes, theta):
    layers, at = [], 0
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        W = theta[at : at + n_in * n_out].view(n_out, n_in)
        at += n_in * n_out
        layers.append((W, theta[at : at + n_out]))
        at += n_out
    return layers


def mlp_relu_no_last_bias(layer_sizes, theta, u):
    theta, u = _leaf(theta), _leaf(u)
    layers = _unpack([int(k) for k in layer_sizes], theta)
    h = u
    for W, b in layers[:-1]:
        h = F.relu(F.linear(h, W, b))
    W, b = layers[-1]
    value = F.linear(h, W)[:, 0]
    g_theta, g_u = torch.autograd.grad(value.sum(), (theta, u))
    return {"value": value.detach(), "grad_theta": g_theta, "grad_u": g_u}


def mlp_softplus_kernel_layout(layer_sizes, theta, u):
    theta, u = _leaf(theta), _leaf(u)
    sizes = [int(k) for k in layer_sizes]
    h, at = u, 0
    for k, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        kernel = theta[at : at + n_in * n_out].view(n_in, n_out)
        at += n_in * n_out
        z = h @ kernel + theta[at : at + n_out]
        at += n_out
        h = -F.logsigmoid(-z) if k < len(sizes) - 2 else z
    value = h[:, 0]
    g_theta, g_u = torch.autograd.grad(value.sum(), (theta, u))
    return {"value": value.detach(), "grad_theta": g_theta, "grad_u": g_u}


def importance_max_not_restored(log_model_data, log_model_noise, log_noise_noise):
    md, mn = _leaf(log_model_data), _leaf(log_model_noise)
    log_w = mn - log_noise_noise
    top = log_w.max().detach()
    log_Z = (log_w - top).exp().mean().log()
    value = md.mean() - log_Z
    gd, gn = torch.autograd.grad(value, (md, mn))
    return {"value": value.detach(), "log_normalizer": log_Z.detach(), "grad_log_model_data": gd, "grad_log_model_noise": gn}


def score_matching_column_norms(B, x, slope):
    B = _leaf(B)
    z = slope * (x @ B.T)
    th = torch.tanh(z)
    psi = -SQRT2 * th @ B
    dg = -SQRT2 * slope * 4.0 * torch.sigmoid(2.0 * z) * torch.sigmoid(-2.0 * z)
    divergence = dg @ (B**2).sum(dim=0)
    value = -(0.5 * (psi**2).sum(dim=1) + divergence).mean()
    (g_B,) = torch.autograd.grad(value, (B,))
    return {"value": value.detach(), "grad_B": g_B}


def leapfrog_ica_stale_score(B, u, momentum, step_size, n_steps):
    def score(v):
        return -SQRT2 * torch.sign(v @ B.T) @ B

    def energy(v, p):
        return SQRT2 * (v @ B.T).abs().sum(dim=1) + 0.5 * (p * p).sum(dim=1)

    v, p = u, momentum
    for _ in range(int(n_steps)):
        s = score(v)
        p = p + 0.5 * step_size * s
        v = v + step_size * p
        p = p + 0.5 * step_size * s
    return {"u_after": v, "momentum_after": p, "energy_change": energy(v, p) - energy(u, momentum)}


def metropolis_absolute_change(energy_before, energy_after, uniforms):
    log_ratio = -(energy_after - energy_before).abs()
    probability = log_ratio.exp()
    return {"probability": probability, "accepted": (uniforms < probability).to(probability.dtype)}


IMPLEMENTATIONS = [
    ("d-torch-01", "binary_nce", binary_nce_class_balanced,
     "BCEWithLogits with pos_weight = nu against the class imbalance, besides the ln nu in the logit; shows in value and data gradient when nu != 1"),
    ("d-torch-02", "nce_from_log_ratios", nce_whole_nu,
     "nu truncated to a whole number of noise points a data point, k = max(1, int(nu)); shows only when nu is not a whole number"),
    ("d-torch-03", "laplace_ica_nce", ica_nce_diagonal_noise,
     "noise density of the diagonal of noise_cov only (independent Normals); shows when noise_cov has correlations"),
    ("d-torch-04", "laplace_ica_mle", ica_mle_logdet,
     "torch.logdet, ln det B, instead of slogdet's ln|det B|; shows only when det B < 0: value NaN, grad_B wrong with it"),
    ("d-torch-05", "gaussian_nce", gaussian_nce_centred_model,
     "the model's quadratic form is centred at noise_mean, the noise's mean, instead of 0; shows when noise_mean != 0"),
    ("d-torch-06", "gaussian_log_density", gaussian_density_shape0,
     "(n/2) ln(2 pi) with n = u.shape[0], the number of points, instead of the dimension; shows when n_points != n_dim"),
    ("d-torch-07", "mlp_relu_log_density", mlp_relu_no_last_bias,
     "last layer's bias left out (as c absorbs it); shows in value when b_L != 0 and always in the last entry of grad_theta, 0 instead of n_points"),
    ("d-torch-08", "mlp_softplus_log_density", mlp_softplus_kernel_layout,
     "weights read as (in x out) kernels instead of (out x in); shows when a layer has both more than one input and more than one output"),
    ("d-torch-09", "importance_sampling_from_log_densities", importance_max_not_restored,
     "the maximum subtracted inside the logarithm of the mean is not added back; shows in value and log_normalizer when max log w != 0, gradients right"),
    ("d-torch-10", "laplace_ica_score_matching", score_matching_column_norms,
     "div Psi weights g'(s_i) by the squared norm of column i of B instead of row i; shows in value when these differ (B not symmetric), in the gradient for n_dim >= 2 also when they do not"),
    ("d-torch-11", "leapfrog_laplace_ica", leapfrog_ica_stale_score,
     "second half step reuses the score from before the position step; shows only where some b_i . u changes sign in a step"),
    ("d-torch-12", "metropolis_decision", metropolis_absolute_change,
     "exp(-|H' - H|) instead of min(1, exp(H - H')); shows only where the energy falls"),
]
