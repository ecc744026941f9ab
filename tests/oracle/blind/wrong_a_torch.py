"""PyTorch implementations, gradients by autograd."""
import math
import numpy as np
import torch
import torch.nn.functional as F

SQRT2 = math.sqrt(2.0)
LOG_2PI = math.log(2.0 * math.pi)


def T(a, grad=False):
    t = torch.from_numpy(np.array(a))
    return t.requires_grad_(True) if grad else t


def N(t):
    return t.detach().numpy()


def scalar(v, like):
    return torch.tensor(float(v), dtype=like.dtype, requires_grad=True)


def log_gauss(u, mean, cov):
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False)
    return (-0.5 * (z * z).sum(dim=0) - torch.log(torch.diagonal(L)).sum()
            - 0.5 * u.shape[1] * LOG_2PI)


def log_laplace(u, B, c):
    return -SQRT2 * (u @ B.T).abs().sum(dim=1) + c


def nce(G_d, G_n, log_nu):
    return (F.logsigmoid(G_d - log_nu).sum() + F.logsigmoid(log_nu - G_n).sum()) / G_d.shape[0]


def wrong_01(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    lmd, lmn = T(log_model_data, True), T(log_model_noise, True)
    logits = torch.cat([lmd - T(log_noise_data), lmn - T(log_noise_noise)]) - math.log(nu)
    labels = torch.cat([torch.ones_like(lmd), torch.zeros_like(lmn)])
    J = -F.binary_cross_entropy_with_logits(logits, labels)
    J.backward()
    return {"value": J.item(), "grad_log_model_data": N(lmd.grad), "grad_log_model_noise": N(lmn.grad)}


def wrong_02(B, c, x, y, noise_mean, noise_cov):
    B, x, y, m, C = T(B, True), T(x), T(y), T(noise_mean), T(noise_cov)
    c = torch.tensor(c, requires_grad=True)
    J = nce(log_laplace(x, B, c) - log_gauss(x, m, C),
            log_laplace(y, B, c) - log_gauss(y, m, C), math.log(len(y) / len(x)))
    J.backward()
    return {"value": J.item(), "grad_B": N(B.grad), "grad_c": c.grad.item()}


def wrong_03(B, x):
    B, x = T(B, True), T(x)
    n = x.shape[1]
    J = -SQRT2 * (x @ B.T).abs().sum(dim=1).mean() + torch.logdet(B) - 0.5 * n * math.log(2.0)
    J.backward()
    return {"value": J.item(), "grad_B": N(B.grad)}


def _log_gauss_col(u, mean, cov):
    L = torch.linalg.cholesky(cov)
    z = torch.linalg.solve_triangular(L, (u - mean).T, upper=False).T
    return (-0.5 * (z * z).sum(dim=1, keepdim=True) - torch.log(torch.diagonal(L)).sum()
            - 0.5 * u.shape[1] * LOG_2PI)


def wrong_04(precision, c, x, y, noise_mean, noise_cov):
    P, x, y, m, C = T(precision, True), T(x), T(y), T(noise_mean), T(noise_cov)
    c = scalar(c, P)
    nu = len(y) / len(x)
    G_d = -0.5 * ((x @ P) * x).sum(dim=1) + c - _log_gauss_col(x, m, C)
    G_n = -0.5 * ((y @ P) * y).sum(dim=1) + c - _log_gauss_col(y, m, C)
    J = F.logsigmoid(G_d - math.log(nu)).mean() + nu * F.logsigmoid(math.log(nu) - G_n).mean()
    J.backward()
    return {"value": J.item(), "grad_precision": N(P.grad), "grad_c": c.grad.item()}


def wrong_05(u, mean, cov):
    u, mean, cov = T(u), T(mean), T(cov)
    std = torch.diagonal(cov).sqrt()
    dist = torch.distributions.Independent(torch.distributions.Normal(mean, std), 1)
    return {"value": N(dist.log_prob(u))}


def wrong_06(log_ratio_data, log_ratio_noise, nu):
    gd, gn = T(log_ratio_data, True), T(log_ratio_noise, True)
    h_d = torch.sigmoid(gd - math.log(nu))
    h_n = torch.sigmoid(gn - math.log(nu))
    loss = (F.binary_cross_entropy(h_d, torch.ones_like(h_d), reduction="sum")
            + F.binary_cross_entropy(h_n, torch.zeros_like(h_n), reduction="sum")) / len(gd)
    J = -loss
    J.backward()
    return {"value": J.item(), "grad_log_ratio_data": N(gd.grad), "grad_log_ratio_noise": N(gn.grad)}


def wrong_07(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    lmd, lmn = T(log_model_data, True), T(log_model_noise, True)
    G_d = lmd - T(log_noise_data)
    G_n = lmn.detach() - T(log_noise_noise)
    J = nce(G_d, G_n, math.log(nu))
    J.backward()
    grad_n = lmn.grad if lmn.grad is not None else torch.zeros_like(lmn)
    return {"value": J.item(), "grad_log_model_data": N(lmd.grad), "grad_log_model_noise": N(grad_n)}


def wrong_08(B, c, x, y, noise_mean, noise_cov):
    B, x, y, m, C = T(B, True), T(x), T(y), T(noise_mean), T(noise_cov)
    c = scalar(c, B)
    log_nu = math.log(len(y) / len(x))
    data_term = F.logsigmoid(log_laplace(x, B, c) - log_gauss(x, m, C) - log_nu).sum() / len(x)
    noise_term = F.logsigmoid(log_nu - log_laplace(y, B, c) + log_gauss(y, m, C)).sum() / len(x)
    # monitor how large the data part of the gradient is
    data_term.backward(retain_graph=True)
    data_grad_norm = B.grad.norm().item()  # noqa: F841
    J = data_term + noise_term
    J.backward()
    return {"value": J.item(), "grad_B": N(B.grad), "grad_c": c.grad.item()}


def wrong_09(t):
    t = T(t, True)
    v = -F.softplus(-t)
    v.sum().backward()
    return {"value": N(v), "grad": N(t.grad)}


def wrong_10(precision, c, x, y, noise_mean, noise_cov):
    P, x, y, m, C = T(precision, True), T(x), T(y), T(noise_mean), T(noise_cov)
    c = scalar(c, P)
    G_d = -0.5 * ((x @ P) * x).sum(dim=1) + c - log_gauss(x, m, C)
    G_n = -0.5 * ((y @ P) * y).sum(dim=1) + c - log_gauss(y, m, C)
    loss = -nce(G_d, G_n, math.log(len(y) / len(x)))
    loss.backward()
    return {"value": -loss.item(), "grad_precision": N(P.grad), "grad_c": c.grad.item()}


def wrong_11(B, c, x, y, noise_mean, noise_cov):
    B, x, y, m, C = T(B, True), T(x), T(y), T(noise_mean), T(noise_cov)
    c = scalar(c, B)
    nu = x.shape[0] / y.shape[0]
    J = nce(log_laplace(x, B, c) - log_gauss(x, m, C),
            log_laplace(y, B, c) - log_gauss(y, m, C), math.log(nu))
    J.backward()
    return {"value": J.item(), "grad_B": N(B.grad), "grad_c": c.grad.item()}


def wrong_12(B, c, u):
    s = T(u) @ T(B)
    return {"value": N(-SQRT2 * s.abs().sum(dim=1) + c)}


def wrong_13(t):
    t = T(t, True)
    v = torch.sigmoid(t)
    v.mean().backward()
    return {"value": N(v), "grad": N(t.grad)}


IMPLEMENTATIONS = [
    ("a-torch-01", "binary_nce", wrong_01,
     "binary cross-entropy with default mean reduction over all T_d+T_n points: value and gradients are divided by T_d+T_n instead of T_d; wrong always (factor 1/(1+nu))."),
    ("a-torch-02", "laplace_ica_nce", wrong_02,
     "c becomes a tensor of torch's default dtype float32, so with float64 input c and grad_c are rounded to float32 (relative error about 1e-8, value and grad_B a little off too when c is not exactly representable); float32 input right."),
    ("a-torch-03", "laplace_ica_mle", wrong_03,
     "torch.logdet(B) instead of ln|det B|: value is nan whenever det B < 0; right for det B > 0."),
    ("a-torch-04", "gaussian_nce", wrong_04,
     "ln p_n has shape (N,1) and is subtracted from ln p_m of shape (N,): G broadcasts to (N,N), and means are taken over all pairs of points; value and all gradients wrong (right only for a single point)."),
    ("a-torch-05", "gaussian_log_density", wrong_05,
     "only the diagonal of cov is used (independent Normals); wrong only for non-diagonal cov."),
    ("a-torch-06", "nce_from_log_ratios", wrong_06,
     "sigmoid followed by binary_cross_entropy on probabilities instead of logits: 1-h rounds to 0, logs are clamped at -100 and gradients vanish; wrong for large |G - ln nu| (above about 14-17 in float32, 27-37 in float64)."),
    ("a-torch-07", "binary_nce", wrong_07,
     "the model log-density at the noise points is detached, so grad_log_model_noise is all zero; value and data gradient right."),
    ("a-torch-08", "laplace_ica_nce", wrong_08,
     "backward() is called on the data term and again on J without zeroing .grad, so the data part of grad_B and grad_c is counted twice; value right."),
    ("a-torch-09", "log_sigmoid", wrong_09,
     "-F.softplus(-t) with its default threshold=20: for t < -20 value is exactly t and grad exactly 1, an error of up to 2e-9 absolute just below t = -20, visible only in float64 (extremely subtle)."),
    ("a-torch-10", "gaussian_nce", wrong_10,
     "gradients are those of the loss -J while value is J: sign of grad_precision and grad_c flipped; value right."),
    ("a-torch-11", "laplace_ica_nce", wrong_11,
     "nu in ln nu is inverted (T_d/T_n); the 1/T_d normalisation is right; wrong in everything when T_n != T_d."),
    ("a-torch-12", "laplace_ica_log_density", wrong_12,
     "projects with u @ B, i.e. onto the columns of B instead of the rows; wrong for non-symmetric B."),
    ("a-torch-13", "sigmoid", wrong_13,
     "grad is obtained by back-propagating v.mean() instead of v.sum(), so it is divided by N; wrong when N > 1, value right."),
]
