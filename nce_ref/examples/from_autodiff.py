"""A log-density written in JAX or PyTorch, its derivative by the framework; without either it says so and ends."""

import contextlib
import importlib
import sys

import numpy as np

import nce_ref as nr


class FromJax:
    """ln p_m(theta, u) of one point in ``jax.numpy``."""

    def __init__(self, log_density, n_dim, n_params):
        import jax

        jax.config.update("jax_enable_x64", True)
        self.n_dim, self.n_params = n_dim, n_params
        self._log_density = jax.jit(jax.vmap(log_density, (None, 0)))
        self._jacobian = jax.jit(jax.vmap(jax.grad(log_density), (None, 0)))

    def log_density(self, theta, u):
        return np.asarray(self._log_density(theta, u))

    def jacobian(self, theta, u):
        return np.asarray(self._jacobian(theta, u))


class FromTorch(FromJax):
    """The same in ``torch``."""

    def __init__(self, log_density, n_dim, n_params):
        import torch

        self.n_dim, self.n_params = n_dim, n_params
        batch = torch.func.vmap(log_density, (None, 0))
        slope = torch.func.vmap(torch.func.grad(log_density), (None, 0))
        self._log_density = lambda theta, u: batch(torch.tensor(theta), torch.tensor(u))
        self._jacobian = lambda theta, u: slope(torch.tensor(theta), torch.tensor(u))


models = {}
for name, adapter in (("jax.numpy", FromJax), ("torch", FromTorch)):
    with contextlib.suppress(ImportError):
        log = importlib.import_module(name).log
        # ln p_m = -a ln(1 + (u - b)^2) + c, which is not linear in b.
        models[name] = adapter(
            lambda t, u, log=log: -t[0] * log(1 + (u[0] - t[1]) ** 2) + t[2], 1, 3
        )
if not models:
    sys.exit("neither JAX nor PyTorch is installed: pip install jax")
rng = np.random.default_rng(4)
x = 0.5 + rng.standard_t(3, (3000, 1)) / np.sqrt(3.0)  # (1 + (u - 0.5)^2)^-2 up to its constant
noise = nr.StudentTNoise([0.0], [[1.0]], 2.0)
y = noise.sample(15_000, rng)
for name, model in models.items():
    fit = nr.fit_nce(model, noise, x, y, start=[1.0, 0.0, 0.0])
    print(f"{name}: a, b, c = {fit.theta.round(3)}; right: 2, 0.5, -0.452; {fit.status}")
