"""A noise of one's own: drawn and evaluated by the same density, which ``check_noise`` looks at before it is used."""

import numpy as np

import nce_ref as nr


class Ring:
    """Points at a radius of N(2, 0.5^2), folded at 0, in a direction that is uniform: a density in two dimensions."""

    n_dim = 2

    def log_density(self, u):
        r = np.linalg.norm(u, axis=1)
        folded = np.logaddexp(-0.5 * ((r - 2.0) / 0.5) ** 2, -0.5 * ((r + 2.0) / 0.5) ** 2)
        of_radius = folded - 0.5 * np.log(2 * np.pi * 0.25)
        return of_radius - np.log(2 * np.pi * r)  # from the radius to the plane: dr dphi = du/r

    def sample(self, n_points, rng):
        r = np.abs(rng.normal(2.0, 0.5, n_points))
        angle = rng.uniform(0.0, 2 * np.pi, n_points)
        return np.column_stack([r * np.cos(angle), r * np.sin(angle)])


class Forgotten(Ring):
    """The same without the factor 1/r, as it is easily forgotten."""

    def log_density(self, u):
        return super().log_density(u) + np.log(np.linalg.norm(u, axis=1))


rng = np.random.default_rng(2)
print(nr.check_noise(Ring(), rng))
print()
print(nr.check_noise(Forgotten(), rng))
