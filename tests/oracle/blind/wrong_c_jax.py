"""Wrong NCE implementations, JAX (not jitted). Each has exactly one mistake."""
import math
import numpy as np
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

jax.config.update("jax_enable_x64", True)
SQRT2 = math.sqrt(2.0)
ls = jax.nn.log_sigmoid


def _abs(s):
    # |s| with derivative 0 at 0 (this JAX's jnp.abs has derivative 1 there)
    return s * jnp.sign(s)


def _c(c, like):
    return jnp.asarray(c, dtype=like.dtype)


def _gauss(u, mean, cov):
    n = u.shape[1]
    L = jnp.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    return -0.5 * jnp.sum(z * z, axis=0) - jnp.sum(jnp.log(jnp.diag(L))) - 0.5 * n * math.log(2 * math.pi)


def nce_where_nan(log_ratio_data, log_ratio_noise, nu):
    def logsig(t):
        return jnp.where(t >= 0, -jnp.log1p(jnp.exp(-t)), t - jnp.log1p(jnp.exp(t)))

    def J(gd, gn):
        return (logsig(gd - math.log(nu)).sum() + logsig(-(gn - math.log(nu))).sum()) / gd.shape[0]

    v, (a, b) = jax.value_and_grad(J, argnums=(0, 1))(jnp.asarray(log_ratio_data), jnp.asarray(log_ratio_noise))
    return {"value": float(v), "grad_log_ratio_data": np.asarray(a), "grad_log_ratio_noise": np.asarray(b)}


def binary_nce_argnums(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    def J(md, nd, mn, nn):
        td = md - nd - math.log(nu)
        tn = mn - nn - math.log(nu)
        return (ls(td).sum() + ls(-tn).sum()) / td.shape[0]

    args = [jnp.asarray(a) for a in (log_model_data, log_noise_data, log_model_noise, log_noise_noise)]
    v, (a, b) = jax.value_and_grad(J, argnums=(0, 1))(*args)
    return {"value": float(v), "grad_log_model_data": np.asarray(a), "grad_log_model_noise": np.asarray(b)}


def ica_nce_integer_nu(B, c, x, y, noise_mean, noise_cov):
    nu = max(len(y) // len(x), 1)
    lpn_x = _gauss(jnp.asarray(x), noise_mean, jnp.asarray(noise_cov))
    lpn_y = _gauss(jnp.asarray(y), noise_mean, jnp.asarray(noise_cov))

    def J(B, c):
        td = -SQRT2 * _abs(x @ B.T).sum(1) + c - lpn_x - math.log(nu)
        tn = -SQRT2 * _abs(y @ B.T).sum(1) + c - lpn_y - math.log(nu)
        return (ls(td).sum() + ls(-tn).sum()) / len(x)

    B = jnp.asarray(B)
    v, (gB, gc) = jax.value_and_grad(J, argnums=(0, 1))(B, _c(c, B))
    return {"value": float(v), "grad_B": np.asarray(gB), "grad_c": float(gc)}


def ica_nce_with_logdet(B, c, x, y, noise_mean, noise_cov):
    lnu = math.log(len(y) / len(x))
    lpn_x = _gauss(jnp.asarray(x), noise_mean, jnp.asarray(noise_cov))
    lpn_y = _gauss(jnp.asarray(y), noise_mean, jnp.asarray(noise_cov))

    def J(B, c):
        logz = jnp.linalg.slogdet(B)[1] + c
        td = -SQRT2 * _abs(x @ B.T).sum(1) + logz - lpn_x - lnu
        tn = -SQRT2 * _abs(y @ B.T).sum(1) + logz - lpn_y - lnu
        return (ls(td).sum() + ls(-tn).sum()) / len(x)

    B = jnp.asarray(B)
    v, (gB, gc) = jax.value_and_grad(J, argnums=(0, 1))(B, _c(c, B))
    return {"value": float(v), "grad_B": np.asarray(gB), "grad_c": float(gc)}


def ica_mle_constant_no_n(B, x):
    def J(B):
        s = x @ B.T
        return jnp.mean(-SQRT2 * _abs(s).sum(1)) + jnp.linalg.slogdet(B)[1] - 0.5 * math.log(2.0)

    v, g = jax.value_and_grad(J)(jnp.asarray(B))
    return {"value": float(v), "grad_B": np.asarray(g)}


def gaussian_nce_einsum(precision, c, x, y, noise_mean, noise_cov):
    lnu = math.log(len(y) / len(x))
    x, y = jnp.asarray(x), jnp.asarray(y)
    lpn_x = _gauss(x, noise_mean, jnp.asarray(noise_cov))
    lpn_y = _gauss(y, noise_mean, jnp.asarray(noise_cov))

    def log_pm(P, c, u):
        return -0.5 * jnp.einsum("ti,ij,ti->t", u, P, u) + c

    def J(P, c):
        td = log_pm(P, c, x) - lpn_x - lnu
        tn = log_pm(P, c, y) - lpn_y - lnu
        return (ls(td).sum() + ls(-tn).sum()) / x.shape[0]

    P = jnp.asarray(precision)
    v, (gP, gc) = jax.value_and_grad(J, argnums=(0, 1))(P, _c(c, P))
    return {"value": float(v), "grad_precision": np.asarray(gP), "grad_c": float(gc)}


def gaussian_density_jitter(u, mean, cov):
    cov = jnp.asarray(cov)
    cov = cov + 1e-6 * jnp.eye(cov.shape[0], dtype=cov.dtype)
    return {"value": np.asarray(_gauss(jnp.asarray(u), mean, cov))}


def sigmoid_tanh(t):
    # sigma(t) through tanh, written as 1/(1+exp(-2t)) in stable form
    t = 2 * jnp.asarray(t)
    s, q = jax.nn.sigmoid(t), jax.nn.sigmoid(-t)
    return {"value": np.asarray(s), "grad": np.asarray(2 * s * q)}


def log_sigmoid_clip(t):
    def f(t):
        return ls(jnp.clip(t, -30.0, 30.0))

    v, vjp = jax.vjp(f, jnp.asarray(t))
    g, = vjp(jnp.ones_like(v))
    return {"value": np.asarray(v), "grad": np.asarray(g)}


def ica_density_c_per_component(B, c, u):
    return {"value": np.asarray(jnp.sum(c - SQRT2 * jnp.abs(u @ jnp.asarray(B).T), axis=1))}


IMPLEMENTATIONS = [
    ("c-jax-01", "nce_from_log_ratios", nce_where_nan,
     "single jnp.where around both branches of log sigma (double-where problem): NaN gradient where the unused branch's exp overflows, |G - ln nu| > 88 (float32) or 709 (float64); value correct"),
    ("c-jax-02", "binary_nce", binary_nce_argnums,
     "argnums=(0, 1) differentiates with respect to ln p_n at the data instead of ln p_m at the noise, so grad_log_model_noise is minus the data gradient, with shape (T_d,); value correct"),
    ("c-jax-03", "laplace_ica_nce", ica_nce_integer_nu,
     "nu computed by integer division T_n // T_d (at least 1); shows when T_n is not a multiple of T_d"),
    ("c-jax-04", "laplace_ica_nce", ica_nce_with_logdet,
     "ln|det B| added to ln p_m although c already is the normaliser; shows in value, grad_c and grad_B when |det B| != 1 (grad_B also otherwise)"),
    ("c-jax-05", "laplace_ica_mle", ica_mle_constant_no_n,
     "normalising constant (1/2) ln 2 instead of (n/2) ln 2; constant value offset for n >= 2, gradient correct"),
    ("c-jax-06", "gaussian_nce", gaussian_nce_einsum,
     "einsum index slip 'ti,ij,ti->t' computes sum_i u_i^2 sum_j P_ij instead of u'Pu; shows in value and gradients for n >= 2"),
    ("c-jax-07", "gaussian_log_density", gaussian_density_jitter,
     "jitter 1e-6 I added to cov before the Cholesky; shows as relative errors about 1e-8 to 1e-6 for ordinary cov (float64 only) and grossly, in float32 too, for cov with eigenvalues near 1e-6"),
    ("c-jax-08", "sigmoid", sigmoid_tanh,
     "tanh identity written with tanh(t) instead of tanh(t/2), so it returns sigma(2t) and its derivative; shows for t != 0 (grad also at 0)"),
    ("c-jax-09", "log_sigmoid", log_sigmoid_clip,
     "t clipped to [-30, 30] first, so the value is constant and grad 0 beyond; shows only for |t| > 30, mainly t < -30"),
    ("c-jax-10", "laplace_ica_log_density", ica_density_c_per_component,
     "c added inside the sum over components, giving n*c instead of c; shows for n >= 2 and c != 0"),
]
