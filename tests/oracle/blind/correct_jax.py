"""Correct JAX implementations."""
import math
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np
from jax import lax

SQRT2 = math.sqrt(2.0)
LOG2PI = math.log(2.0 * math.pi)
A = jnp.asarray


def safe_abs(s):
    return s * lax.stop_gradient(jnp.sign(s))


# ---------------------------------------------------------------- scalar functions
@jax.jit
def _log_sigmoid_vg(t):
    return jax.nn.log_sigmoid(t), jax.vmap(jax.grad(jax.nn.log_sigmoid))(t)


def log_sigmoid_vmap(t):
    v, g = _log_sigmoid_vg(A(t))
    return {"value": np.asarray(v), "grad": np.asarray(g)}


def log_sigmoid_logaddexp(t):
    t = A(t)
    v, pull = jax.vjp(lambda z: -jnp.logaddexp(jnp.zeros_like(z), -z), t)
    return {"value": np.asarray(v), "grad": np.asarray(pull(jnp.ones_like(t))[0])}


def sigmoid_explicit(t):
    t = A(t)
    return {"value": np.asarray(jax.nn.sigmoid(t)), "grad": np.asarray(jax.nn.sigmoid(t) * jax.nn.sigmoid(-t))}


@jax.custom_jvp
def _stable_sigmoid(t):
    e = jnp.exp(-jnp.abs(t))
    return jnp.where(t >= 0, 1 / (1 + e), e / (1 + e))


@_stable_sigmoid.defjvp
def _stable_sigmoid_jvp(primals, tangents):
    t, = primals
    dt, = tangents
    return _stable_sigmoid(t), _stable_sigmoid(t) * _stable_sigmoid(-t) * dt


@jax.jit
def _sig_vg(t):
    return jax.jvp(_stable_sigmoid, (t,), (jnp.ones_like(t),))


def sigmoid_custom_jvp(t):
    v, g = _sig_vg(A(t))
    return {"value": np.asarray(v), "grad": np.asarray(g)}


# ---------------------------------------------------------------- NCE
def objective(a, b, nu):
    ln_nu = jnp.log(nu)
    return (jax.nn.log_sigmoid(a - ln_nu).sum() + jax.nn.log_sigmoid(ln_nu - b).sum()) / a.shape[0]


_obj_vg = jax.jit(jax.value_and_grad(objective, argnums=(0, 1)))


def nce_ratio_vg(log_ratio_data, log_ratio_noise, nu):
    v, (ga, gb) = _obj_vg(A(log_ratio_data), A(log_ratio_noise), nu)
    return {"value": float(v), "grad_log_ratio_data": np.asarray(ga), "grad_log_ratio_noise": np.asarray(gb)}


def nce_ratio_softplus_manual(log_ratio_data, log_ratio_noise, nu):
    a, b = A(log_ratio_data) - math.log(nu), A(log_ratio_noise) - math.log(nu)
    v = -jnp.mean(jax.nn.softplus(-a)) - nu * jnp.mean(jax.nn.softplus(b))
    return {"value": np.asarray(v), "grad_log_ratio_data": np.asarray(jax.nn.sigmoid(-a) / len(a)),
            "grad_log_ratio_noise": np.asarray(-jax.nn.sigmoid(b) / len(a))}


@jax.jit
def _bnce(p, q, nu):
    def f(p):
        return objective(p["d"] - q["d"], p["n"] - q["n"], nu)
    return jax.value_and_grad(f)(p)


def bnce_pytree(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    v, g = _bnce({"d": A(log_model_data), "n": A(log_model_noise)}, {"d": A(log_noise_data), "n": A(log_noise_noise)}, nu)
    return {"value": float(v), "grad_log_model_data": np.asarray(g["d"]), "grad_log_model_noise": np.asarray(g["n"])}


def bnce_vmap_label(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    td = len(log_model_data)
    lm = jnp.concatenate([A(log_model_data), A(log_model_noise)])
    ln = jnp.concatenate([A(log_noise_data), A(log_noise_noise)])
    lab = jnp.arange(lm.size) < td

    def one(m, n, y):
        t = m - n - math.log(nu)
        return jax.nn.log_sigmoid(jnp.where(y, t, -t)) / td
    v, g = jax.vmap(jax.value_and_grad(one))(lm, ln, lab)
    return {"value": np.asarray(v.sum()), "grad_log_model_data": np.asarray(g[:td]),
            "grad_log_model_noise": np.asarray(g[td:])}


# ---------------------------------------------------------------- densities
def _gauss(u, mean, cov):
    L = jnp.linalg.cholesky(cov)
    z = jsp.linalg.solve_triangular(L, (u - mean).T, lower=True)
    return -0.5 * jnp.sum(z * z, 0) - jnp.sum(jnp.log(jnp.diag(L))) - 0.5 * u.shape[1] * LOG2PI


def gauss_cholesky(u, mean, cov):
    return {"value": np.asarray(jax.jit(_gauss)(A(u), A(mean), A(cov)))}


def gauss_jsp(u, mean, cov):
    return {"value": np.asarray(jsp.stats.multivariate_normal.logpdf(A(u), A(mean), A(cov)))}


def _gauss_one(u, mean, cov):
    d = u - mean
    return -0.5 * (d @ jsp.linalg.cho_solve(jsp.linalg.cho_factor(cov), d) + jnp.linalg.slogdet(cov)[1] + d.size * LOG2PI)


_gauss_vmapped = jax.jit(jax.vmap(_gauss_one, in_axes=(0, None, None)))


def gauss_vmap(u, mean, cov):
    return {"value": np.asarray(_gauss_vmapped(A(u), A(mean), A(cov)))}


def laplace_ld_matmul(B, c, u):
    return {"value": np.asarray(-SQRT2 * jnp.abs(A(u) @ A(B).T).sum(1) + c)}


def laplace_ld_vmap(B, c, u):
    B = A(B)
    return {"value": np.asarray(jax.vmap(lambda p: c - SQRT2 * jnp.sum(jnp.abs(B @ p)))(A(u)))}


# ---------------------------------------------------------------- Laplace ICA
def _lap_model(B, c, u):
    return -SQRT2 * safe_abs(u @ B.T).sum(1) + c


def _lap_obj(B, c, x, y, m, S):
    return objective(_lap_model(B, c, x) - _gauss(x, m, S), _lap_model(B, c, y) - _gauss(y, m, S), len(y) / len(x))


_lap_vg = jax.jit(jax.value_and_grad(_lap_obj, argnums=(0, 1)))


def lap_nce_vg(B, c, x, y, noise_mean, noise_cov):
    v, (gB, gc) = _lap_vg(A(B), jnp.asarray(c, dtype=B.dtype), A(x), A(y), A(noise_mean), A(noise_cov))
    return {"value": float(v), "grad_B": np.asarray(gB), "grad_c": float(gc)}


@jax.jit
def _lap_manual(B, c, x, y, m, S):
    td, nu = x.shape[0], y.shape[0] / x.shape[0]
    u = jnp.concatenate([x, y])
    lab = jnp.where(jnp.arange(u.shape[0]) < td, 1, -1).astype(u.dtype)
    s = jnp.einsum("ij,nj->ni", B, u)
    t = lab * (c - SQRT2 * jnp.abs(s).sum(1) - jsp.stats.multivariate_normal.logpdf(u, m, S) - math.log(nu))
    w = lab * jax.nn.sigmoid(-t) / td
    return -jax.nn.softplus(-t).sum() / td, -SQRT2 * jnp.einsum("n,ni,nj->ij", w, jnp.sign(s), u), w.sum()


def lap_nce_manual(B, c, x, y, noise_mean, noise_cov):
    v, gB, gc = _lap_manual(A(B), c, A(x), A(y), A(noise_mean), A(noise_cov))
    return {"value": np.asarray(v), "grad_B": np.asarray(gB), "grad_c": np.asarray(gc)}


@jax.jit
@jax.value_and_grad
def _mle_vg(B, x):
    return -SQRT2 * jnp.mean(safe_abs(x @ B.T).sum(1)) + jnp.linalg.slogdet(B)[1] - 0.5 * B.shape[0] * math.log(2)


def lap_mle_vg(B, x):
    v, g = _mle_vg(A(B), A(x))
    return {"value": float(v), "grad_B": np.asarray(g)}


@jax.jit
@jax.value_and_grad
def _mle_relu(W, x):
    s = x @ W.T
    a = jax.nn.relu(s) + jax.nn.relu(-s)
    return jnp.mean(jnp.sum(-SQRT2 * a - 0.5 * math.log(2), axis=-1)) + jnp.linalg.slogdet(W).logabsdet


def lap_mle_relu_pair(B, x):
    """|s| as relu(s) + relu(-s), whose derivative at 0 is 0 in JAX."""
    v, g = _mle_relu(A(B), A(x))
    return {"value": np.asarray(v), "grad_B": np.asarray(g)}


# ---------------------------------------------------------------- Gaussian NCE
def _gnce(theta, x, y, m, S):
    lm = lambda u: theta["c"] - 0.5 * jnp.einsum("ni,ij,nj->n", u, theta["P"], u)
    return objective(lm(x) - _gauss(x, m, S), lm(y) - _gauss(y, m, S), len(y) / len(x))


_gnce_vg = jax.jit(jax.value_and_grad(_gnce))


def gauss_nce_vg(precision, c, x, y, noise_mean, noise_cov):
    th = {"P": A(precision), "c": jnp.asarray(c, dtype=precision.dtype)}
    v, g = _gnce_vg(th, A(x), A(y), A(noise_mean), A(noise_cov))
    return {"value": float(v), "grad_precision": np.asarray(g["P"]), "grad_c": float(g["c"])}


@jax.jit
def _gnce_manual(P, c, x, y, m, S):
    t = lambda u: c - 0.5 * jnp.sum((u @ P) * u, axis=1) - _gauss(u, m, S) - math.log(len(y) / len(x))
    tx, ty = t(x), t(y)
    wx, wy = jax.nn.sigmoid(-tx) / len(x), -jax.nn.sigmoid(ty) / len(x)
    J = (jax.nn.log_sigmoid(tx).sum() + jax.nn.log_sigmoid(-ty).sum()) / len(x)
    return J, -0.5 * ((x.T * wx) @ x + (y.T * wy) @ y), wx.sum() + wy.sum()


def gauss_nce_manual(precision, c, x, y, noise_mean, noise_cov):
    v, gP, gc = _gnce_manual(A(precision), c, A(x), A(y), A(noise_mean), A(noise_cov))
    return {"value": np.asarray(v), "grad_precision": np.asarray(gP), "grad_c": float(gc)}


IMPLEMENTATIONS = [
    ("c-jax-01", "log_sigmoid", log_sigmoid_vmap, "jax.nn.log_sigmoid, vmap(grad), jit"),
    ("c-jax-02", "log_sigmoid", log_sigmoid_logaddexp, "jnp.logaddexp + vjp"),
    ("c-jax-03", "sigmoid", sigmoid_explicit, "jax.nn.sigmoid, s(t)s(-t)"),
    ("c-jax-04", "sigmoid", sigmoid_custom_jvp, "two-sided form with custom_jvp"),
    ("c-jax-05", "nce_from_log_ratios", nce_ratio_vg, "log_sigmoid, jit(value_and_grad)"),
    ("c-jax-06", "nce_from_log_ratios", nce_ratio_softplus_manual, "softplus, manual gradient, mean + nu * mean"),
    ("c-jax-07", "binary_nce", bnce_pytree, "value_and_grad over a pytree"),
    ("c-jax-08", "binary_nce", bnce_vmap_label, "per-sample vmap(value_and_grad) with labels"),
    ("c-jax-09", "gaussian_log_density", gauss_cholesky, "Cholesky + solve_triangular"),
    ("c-jax-10", "gaussian_log_density", gauss_jsp, "jax.scipy.stats.multivariate_normal"),
    ("c-jax-11", "gaussian_log_density", gauss_vmap, "vmap of cho_solve + slogdet"),
    ("c-jax-12", "laplace_ica_log_density", laplace_ld_matmul, "matmul"),
    ("c-jax-13", "laplace_ica_log_density", laplace_ld_vmap, "vmap"),
    ("c-jax-14", "laplace_ica_nce", lap_nce_vg, "value_and_grad, sign-safe |.|"),
    ("c-jax-15", "laplace_ica_nce", lap_nce_manual, "manual gradient, einsum, softplus"),
    ("c-jax-16", "laplace_ica_mle", lap_mle_vg, "value_and_grad through slogdet"),
    ("c-jax-17", "laplace_ica_mle", lap_mle_relu_pair, "|s| = relu(s)+relu(-s), value_and_grad"),
    ("c-jax-18", "gaussian_nce", gauss_nce_vg, "value_and_grad over a pytree"),
    ("c-jax-19", "gaussian_nce", gauss_nce_manual, "manual gradient"),
]
