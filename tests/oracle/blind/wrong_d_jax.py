"""Wrong on purpose (one slip each), JAX with jax.grad."""
import math

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp

SQRT2 = math.sqrt(2.0)
LOG_2PI = math.log(2.0 * math.pi)


def _log_gauss(u, mean, cov):
    L = jnp.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    return -0.5 * (z * z).sum(axis=0) - jnp.log(jnp.diagonal(L)).sum() - 0.5 * u.shape[1] * LOG_2PI


@jax.custom_jvp
def _sigmoid(t):
    e = jnp.exp(-jnp.abs(t))
    return jnp.where(t >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


@_sigmoid.defjvp
def _sigmoid_jvp(primals, tangents):
    (t,), (dt,) = primals, tangents
    s = _sigmoid(t)
    return s, s * _sigmoid(-t) * dt


def sigmoid_clipped(t):
    def f(s):
        s = jnp.clip(s, -20.0, 20.0)
        return _sigmoid(s)

    return {"value": f(t), "grad": jax.grad(lambda s: f(s).sum())(t)}


def log_sigmoid_where(t):
    def f(s):
        a, b = s, s
        return jnp.where(s >= 0, -jnp.log1p(jnp.exp(-a)), b - jnp.log1p(jnp.exp(b)))

    return {"value": f(t), "grad": jax.grad(lambda s: f(s).sum())(t)}


def ica_density_euclidean(B, c, u):
    radius = jnp.linalg.norm(u @ B.T, axis=1)
    return {"value": -SQRT2 * radius + c}


def binary_nce_argnums(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    log_nu = math.log(nu)

    def objective(md, mn, nd, nn):
        return (jax.nn.log_sigmoid(md - nd - log_nu).sum() + jax.nn.log_sigmoid(log_nu - (mn - nn)).sum()) / md.shape[0]

    arguments = (log_model_data, log_model_noise, log_noise_data, log_noise_noise)
    value, (gd, gn) = jax.value_and_grad(objective, argnums=(0, 3))(*arguments)
    return {"value": value, "grad_log_model_data": gd, "grad_log_model_noise": gn}


def ica_nce_smoothed_abs(B, c, x, y, noise_mean, noise_cov):
    log_nu = math.log(y.shape[0] / x.shape[0])
    ln_x, ln_y = _log_gauss(x, noise_mean, noise_cov), _log_gauss(y, noise_mean, noise_cov)

    def log_model(B, c, u):
        s = u @ B.T
        size = jnp.sqrt(s * s + 1e-6)
        return -SQRT2 * size.sum(axis=1) + c

    def objective(B, c):
        td, tn = log_model(B, c, x) - ln_x - log_nu, log_model(B, c, y) - ln_y - log_nu
        return (jax.nn.log_sigmoid(td).sum() + jax.nn.log_sigmoid(-tn).sum()) / x.shape[0]

    value, (g_B, g_c) = jax.value_and_grad(objective, argnums=(0, 1))(B, jnp.asarray(c, dtype=x.dtype))
    return {"value": value, "grad_B": g_B, "grad_c": g_c}


def ica_mle_constant(B, x):
    def objective(B):
        n = B.shape[0]
        constant = -n * math.log(2.0)
        return (-SQRT2 * jnp.abs(x @ B.T).sum(axis=1)).mean() + jnp.linalg.slogdet(B)[1] + constant

    value, g_B = jax.value_and_grad(objective)(B)
    return {"value": value, "grad_B": g_B}


def gaussian_nce_lower_triangle(precision, c, x, y, noise_mean, noise_cov):
    log_nu = math.log(y.shape[0] / x.shape[0])
    ln_x, ln_y = _log_gauss(x, noise_mean, noise_cov), _log_gauss(y, noise_mean, noise_cov)

    def log_model(P, c, u):
        P = jnp.tril(P) + jnp.tril(P, -1).T
        return -0.5 * ((u @ P) * u).sum(axis=1) + c

    def objective(P, c):
        td, tn = log_model(P, c, x) - ln_x - log_nu, log_model(P, c, y) - ln_y - log_nu
        return (jax.nn.log_sigmoid(td).sum() + jax.nn.log_sigmoid(-tn).sum()) / x.shape[0]

    value, (g_P, g_c) = jax.value_and_grad(objective, argnums=(0, 1))(precision, jnp.asarray(c, dtype=x.dtype))
    return {"value": value, "grad_precision": g_P, "grad_c": g_c}


def gaussian_density_jitter(u, mean, cov):
    cov = cov + 1e-6 * jnp.eye(cov.shape[0], dtype=cov.dtype)
    return {"value": _log_gauss(u, mean, cov)}


def _mlp(sizes, activation):
    def f(theta, u):
        h, at = u, 0
        for k, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:])):
            W = theta[at : at + n_in * n_out].reshape(n_out, n_in)
            at += n_in * n_out
            z = h @ W.T + theta[at : at + n_out]
            at += n_out
            h = activation(z) if k < len(sizes) - 2 else z
        return h[:, 0]

    return f


def mlp_softplus_shifted(layer_sizes, theta, u):
    def phi(z):
        return jax.nn.softplus(z) - math.log(2.0)

    f = _mlp([int(k) for k in layer_sizes], phi)
    g_theta, g_u = jax.grad(lambda a, b: f(a, b).sum(), argnums=(0, 1))(theta, u)
    return {"value": f(theta, u), "grad_theta": g_theta, "grad_u": g_u}


def mlp_relu_maximum(layer_sizes, theta, u):
    def phi(z):
        return jnp.maximum(z, 0)

    f = _mlp([int(k) for k in layer_sizes], phi)
    g_theta, g_u = jax.grad(lambda a, b: f(a, b).sum(), argnums=(0, 1))(theta, u)
    return {"value": f(theta, u), "grad_theta": g_theta, "grad_u": g_u}


def ica_importance_unnormalised_noise(B, x, y, noise_mean, noise_cov):
    L = jnp.linalg.cholesky(noise_cov)
    z = solve_triangular(L, (y - noise_mean).T, lower=True)
    log_noise = -0.5 * (z * z).sum(axis=0)

    def objective(B):
        log_w = -SQRT2 * jnp.abs(y @ B.T).sum(axis=1) - log_noise
        log_Z = logsumexp(log_w) - math.log(y.shape[0])
        return (-SQRT2 * jnp.abs(x @ B.T).sum(axis=1)).mean() - log_Z

    value, g_B = jax.value_and_grad(objective)(B)
    return {"value": value, "grad_B": g_B}


def leapfrog_gaussian_momentum_negated(precision, u, momentum, step_size, n_steps):
    def score(v):
        return -v @ precision.T

    def energy(v, p):
        return 0.5 * ((v @ precision) * v).sum(axis=1) + 0.5 * (p * p).sum(axis=1)

    v, p = u, momentum
    for _ in range(int(n_steps)):
        p = p + 0.5 * step_size * score(v)
        v = v + step_size * p
        p = p + 0.5 * step_size * score(v)
    p = -p
    return {"u_after": v, "momentum_after": p, "energy_change": energy(v, p) - energy(u, momentum)}


IMPLEMENTATIONS = [
    ("d-jax-01", "sigmoid", sigmoid_clipped,
     "t clipped to [-20, 20]; shows where |t| > 20: value (relative, negative t) and grad, which is 0 there"),
    ("d-jax-02", "log_sigmoid", log_sigmoid_where,
     "two branches under jnp.where without safe arguments: value right, grad NaN where the unused branch's exp overflows (|t| > 88.7 in "
     "float32, 709.8 in float64)"),
    ("d-jax-03", "laplace_ica_log_density", ica_density_euclidean,
     "jnp.linalg.norm with its default Euclidean norm instead of the sum of absolute values; shows when n_dim >= 2"),
    ("d-jax-04", "binary_nce", binary_nce_argnums,
     "argnums (0, 3): the derivative by log_noise_noise is returned for log_model_noise; value right, sign of grad_log_model_noise flipped"),
    ("d-jax-05", "laplace_ica_nce", ica_nce_smoothed_abs,
     "|s| smoothed to sqrt(s^2 + 1e-6); shows to a relative 1e-6 or so in float64, and more where some b_i . u is near 0"),
    ("d-jax-06", "laplace_ica_mle", ica_mle_constant,
     "constant -n ln 2, of the Laplace density of scale 1, instead of -(n/2) ln 2; value off by a constant, gradient right"),
    ("d-jax-07", "gaussian_nce", gaussian_nce_lower_triangle,
     "only the lower triangle of precision enters (mirrored): value right, grad_precision has its lower triangle doubled and its upper one 0; shows for n_dim >= 2"),
    ("d-jax-08", "gaussian_log_density", gaussian_density_jitter,
     "jitter 1e-6 added to the covariance's diagonal for the Cholesky factor; shows by about 1e-6 (1/smallest eigenvalue), in float64 and for narrow covariances"),
    ("d-jax-09", "mlp_softplus_log_density", mlp_softplus_shifted,
     "shifted softplus ln(1 + e^z) - ln 2; shows in value and gradients of every network with a hidden layer"),
    ("d-jax-10", "mlp_relu_log_density", mlp_relu_maximum,
     "jnp.maximum(z, 0), whose derivative at the tie is 1/2, instead of jax.nn.relu; shows in the gradients only where a preactivation is exactly 0"),
    ("d-jax-11", "laplace_ica_importance_sampling", ica_importance_unnormalised_noise,
     "noise density without its normalising constant (taken to cancel); value off by -1/2 ln det(2 pi noise_cov), gradient right"),
    ("d-jax-12", "leapfrog_gaussian", leapfrog_gaussian_momentum_negated,
     "momentum negated at the end of the trajectory (as in Neal's code); u_after and energy_change right, sign of momentum_after flipped"),
]
