"""Adversarial problems, each from (kind, seed) alone: samples that a certificate may be wrong about.

A problem is data, noise and a start; ``KINDS`` lists the generators. Where the data cannot carry the noise asked for
(``GaussianNoise.from_data`` on collinear data), the noise is N(mean, s^2 I) with s the root mean square of the data.
"""

from __future__ import annotations

import numpy as np

from .building import Problem, build, draw, laplace_sample, normal_noise, size_of

__all__ = ["KINDS", "Problem", "problem"]


def plain(kind, seed, rng):
    T, n = size_of(rng, 6, 50)
    return build(kind, seed, rng, laplace_sample(rng, T, n))


def four_sources(kind, seed, rng):
    T = int(rng.integers(15, 60))
    return build(
        kind,
        seed,
        rng,
        laplace_sample(rng, T, 4),
        model="ica",
        estimator=str(rng.choice(["nce", "mle"])),
    )


def duplicated(kind, seed, rng):
    T, n = size_of(rng, 3, 10)
    x = np.repeat(laplace_sample(rng, T, n), rng.integers(1, 5, T), axis=0)
    noise = normal_noise(x)
    y = np.repeat(draw(noise, 2 * T, rng), rng.integers(1, 4, 2 * T), axis=0)
    return build(kind, seed, rng, rng.permutation(x), rng.permutation(y), noise)


def multiples(kind, seed, rng):
    """Points on common rays, exactly: powers of two of each other, both signs."""
    T, n = size_of(rng, 3, 12, (2, 2, 3))
    x = (
        laplace_sample(rng, T, n)[rng.integers(0, T, 3 * T)]
        * 2.0 ** rng.integers(-3, 4, 3 * T)[:, None]
    )
    return build(kind, seed, rng, x * rng.choice([-1.0, 1.0], len(x))[:, None])


def symmetric(kind, seed, rng):
    T, n = size_of(rng, 3, 20)
    x = laplace_sample(rng, T, n)
    x = np.concatenate([x, -x])
    noise = normal_noise(x)
    y = draw(noise, T, rng)
    return build(kind, seed, rng, x, np.concatenate([y, -y]), noise)


def integers(kind, seed, rng):
    T, n = size_of(rng, 4, 30)
    x = rng.integers(-3, 4, (T, n)).astype(float)
    if rng.random() < 0.5:
        noise = ("gaussian", np.zeros(n), 4.0 * np.eye(n))
        return build(kind, seed, rng, x, rng.integers(-4, 5, (2 * T, n)), noise)
    return build(kind, seed, rng, x)


def tied(kind, seed, rng):
    T, n = size_of(rng, 6, 50)
    x = np.round(laplace_sample(rng, T, n), int(rng.choice([0, 1, 1, 2])))
    noise = normal_noise(x)
    return build(kind, seed, rng, x, np.round(draw(noise, T, rng), 1), noise)


def lattice(kind, seed, rng):
    """A whole lattice, or a cross-polytope's corners: as symmetric as can be."""
    n = int(rng.choice([1, 2, 3]))
    side = np.arange(-1, 2) if n == 3 or rng.random() < 0.5 else np.arange(-2, 3)
    x = np.array(np.meshgrid(*[side] * n)).reshape(n, -1).T.astype(float)
    if rng.random() < 0.3:
        x = np.concatenate([np.eye(n), -np.eye(n), np.eye(n)[:1]])
    if rng.random() < 0.5:
        x = x[np.abs(x).sum(axis=1) > 0]
    x = x[: len(x) - int(rng.integers(0, 2))] * rng.choice([1.0, 0.1, 3.0])
    return build(kind, seed, rng, x)


def collinear(kind, seed, rng):
    """Half of the points, or all but a few, on a line or a plane through the origin, exactly."""
    T, n = size_of(rng, 6, 30, (2, 3, 3))
    x = laplace_sample(rng, T, n)
    basis = rng.integers(-2, 3, (n - 1, n)).astype(float)
    on = int(T * rng.choice([0.5, 0.8])) if rng.random() < 0.8 else T - 1
    x[:on] = rng.integers(-4, 5, (on, n - 1)) @ basis
    return build(kind, seed, rng, rng.permutation(x))


def deficient(kind, seed, rng):
    """Data of deficient rank, exactly: zero columns, equal columns, a class that never occurs, all points equal, T <
    n."""
    T, n = size_of(rng, 3, 30, (1, 2, 3))
    x = laplace_sample(rng, T, n)
    how = int(rng.integers(0, 6))
    if how == 0:
        x[:, rng.integers(0, n)] = 0.0
    elif how == 1 and n > 1:
        x[:, 0] = 2.0 * x[:, 1]
    elif how == 2:
        n = 3
        x = np.eye(3)[rng.integers(0, 2, T)]
    elif how == 3:
        x = np.repeat(x[:1], T, axis=0)
    elif how == 4 and n > 1:
        x = x[: n - 1]
    else:
        x = x * 0.0
    return build(
        kind, seed, rng, x, estimator=str(rng.choice(["nce", "mle", "score"], p=[0.4, 0.4, 0.2]))
    )


def one_hot(kind, seed, rng):
    T, n = size_of(rng, 5, 40, (2, 3))
    x = np.eye(n)[rng.integers(0, n, T)]
    return build(kind, seed, rng, x)


def tiny(kind, seed, rng):
    n = int(rng.choice([1, 2, 3]))
    T = int(rng.integers(1, 5))
    x = laplace_sample(rng, T, n)
    noise = ("gaussian", np.zeros(n), np.eye(n))
    return build(kind, seed, rng, x, draw(noise, int(rng.integers(1, 9)), rng), noise)


def separable(kind, seed, rng):
    T, n = size_of(rng, 5, 40)
    x = laplace_sample(rng, T, n)
    noise = ("gaussian", np.full(n, float(rng.choice([10.0, 35.0, 100.0]))), np.eye(n))
    return build(kind, seed, rng, x, noise=noise, estimator="nce")


def barely_separable(kind, seed, rng):
    """One coordinate tells the classes apart, by a hair or with ties on the boundary."""
    T, n = size_of(rng, 5, 30)
    x, y = laplace_sample(rng, T, n), 2.0 * laplace_sample(rng, T, n)
    r = np.abs(x[:, 0]).max()
    gap = float(rng.choice([0.0, 1e-12, 1e-6, 1e-2]))
    y[:, 0] = np.where(
        np.abs(y[:, 0]) <= r * (1 + gap), r * (1 + gap) * rng.choice([-1.0, 1.0], T), y[:, 0]
    )
    if rng.random() < 0.4:
        y[0] = 0.01 * x[0]  # one point spoils it
    return build(kind, seed, rng, x, y, ("gaussian", np.zeros(n), 4.0 * np.eye(n)), estimator="nce")


def far_noise(kind, seed, rng):
    """Noise 2 to 8 deviations away: little overlap."""
    T, n = size_of(rng, 10, 60)
    x = laplace_sample(rng, T, n)
    far = float(rng.uniform(2.0, 8.0))
    noise = (
        "gaussian",
        np.full(n, far / np.sqrt(n)),
        float(rng.choice([0.5, 1.0, 4.0])) * np.eye(n),
    )
    return build(
        kind, seed, rng, x, noise=noise, estimator="nce", t_noise=int(T * rng.choice([1, 4]))
    )


def wide_noise(kind, seed, rng):
    T, n = size_of(rng, 6, 40)
    x = laplace_sample(rng, T, n)
    s = 10.0 ** rng.uniform(-2, 3)
    return build(
        kind, seed, rng, x, noise=("gaussian", np.zeros(n), s * s * np.eye(n)), estimator="nce"
    )


def little_noise(kind, seed, rng):
    """nu from 0.001 on."""
    n = int(rng.choice([1, 1, 2]))
    T, count = [(1000, 1), (300, 1), (200, 2), (100, 1), (50, 5)][int(rng.integers(0, 5))]
    return build(kind, seed, rng, laplace_sample(rng, T, n), estimator="nce", t_noise=count)


def much_noise(kind, seed, rng):
    """nu up to 1000."""
    n = int(rng.choice([1, 1, 2]))
    T, count = [(1, 1000), (2, 1000), (3, 600), (6, 600), (10, 1000)][int(rng.integers(0, 5))]
    noise = ("gaussian", np.zeros(n), np.eye(n))
    return build(
        kind, seed, rng, laplace_sample(rng, T, n), noise=noise, estimator="nce", t_noise=count
    )


def units(kind, seed, rng):
    T, n = size_of(rng, 8, 40)
    x = laplace_sample(rng, T, n) * 10.0 ** int(rng.integers(-12, 13))
    return build(kind, seed, rng, x)


def mixed_units(kind, seed, rng):
    T, n = size_of(rng, 8, 40, (2, 2, 3))
    x = laplace_sample(rng, T, n) * 10.0 ** rng.integers(-6, 7, n)
    return build(kind, seed, rng, x)


def unit_ties(kind, seed, rng):
    """Integers in other units: ties that are no longer exact, but to rounding."""
    T, n = size_of(rng, 5, 30, (2, 3))
    x = rng.integers(-3, 4, (T, n)) * 10.0 ** int(rng.integers(-12, 13))
    return build(kind, seed, rng, x)


def heavy_tails(kind, seed, rng):
    T, n = size_of(rng, 6, 50)
    how = int(rng.integers(0, 3))
    x = (
        rng.standard_cauchy((T, n))
        if how == 0
        else rng.standard_t(1.5, (T, n))
        if how == 1
        else np.exp(3 * rng.standard_normal((T, n)))
    )
    return build(kind, seed, rng, x)


def outlier(kind, seed, rng):
    T, n = size_of(rng, 8, 40)
    x = laplace_sample(rng, T, n)
    x[0] *= 10.0 ** rng.uniform(1, 6)
    noise = normal_noise(x[1:]) if rng.random() < 0.5 else None
    return build(kind, seed, rng, x, noise=noise)


def shared_points(kind, seed, rng):
    """Noise points that are data points, or multiples of them: ridges and valleys coincide."""
    T, n = size_of(rng, 5, 20, (1, 2, 2, 3))
    x = laplace_sample(rng, T, n)
    y = x[rng.integers(0, T, T)] * rng.choice([1.0, -1.0, 2.0, 0.5], T)[:, None]
    if rng.random() < 0.5:
        y = np.concatenate([y, laplace_sample(rng, T, n)])
    return build(kind, seed, rng, x, y, ("gaussian", np.zeros(n), np.eye(n)), estimator="nce")


def near_duplicates(kind, seed, rng):
    T, n = size_of(rng, 4, 12, (2, 2, 3))
    x = np.repeat(laplace_sample(rng, T, n), 3, axis=0)
    x = x * (1.0 + 10.0 ** rng.uniform(-15, -6) * rng.standard_normal(x.shape))
    return build(kind, seed, rng, x)


def near_deficient(kind, seed, rng):
    """Full rank, with a condition number from 1e3 to 1e7."""
    T, n = size_of(rng, 6, 40, (2, 3))
    x = laplace_sample(rng, T, n)
    x[:, 0] = x[:, 1] + 10.0 ** rng.uniform(-7, -3) * x[:, 0]
    return build(kind, seed, rng, x)


def with_origin(kind, seed, rng):
    T, n = size_of(rng, 6, 30)
    x = laplace_sample(rng, T, n)
    x[: T // 3] = 0.0
    y = 1.5 * laplace_sample(rng, T, n)
    y[:2] = 0.0
    return build(kind, seed, rng, x, y, ("gaussian", np.zeros(n), 2.0 * np.eye(n)))


def off_centre(kind, seed, rng):
    T, n = size_of(rng, 8, 50)
    x = laplace_sample(rng, T, n) * 0.5 + rng.standard_normal(n) * float(
        rng.choice([2.0, 10.0, 1e3])
    )
    noise = (
        ("gaussian", np.zeros(n), (1.0 + (x**2).mean()) * np.eye(n)) if rng.random() < 0.5 else None
    )
    return build(kind, seed, rng, x, noise=noise)


def laplace_noise(kind, seed, rng):
    T, n = size_of(rng, 6, 40)
    x = laplace_sample(rng, T, n)
    B = np.eye(n) + 0.3 * rng.standard_normal((n, n))
    return build(kind, seed, rng, x, noise=("laplace", B), estimator="nce")


def saddle_starts(kind, seed, rng):
    """Starts that are symmetric, dependent, tiny, huge, or with a zero row."""
    T, n = size_of(rng, 8, 40, (2, 2, 3))
    how = int(rng.integers(0, 6))
    x = laplace_sample(rng, T, n)

    def start(model, n, scale, rng):
        if model == "gaussian":
            P = np.eye(n) * 10.0 ** rng.uniform(-4, 4)
            return np.append(P[np.tril_indices(n)], float(rng.choice([0.0, -50.0, 50.0])))
        B = np.eye(n)
        if how == 0:
            B[0] = B[1] * (1 + 1e-9)
        elif how == 1:
            B *= 1e-6
        elif how == 2:
            B *= 1e3
        elif how == 3:
            B[0] = 1e-12
        elif how == 4:
            B = np.linalg.inv(np.concatenate([x[:n]]).T)  # on the kinks
        else:
            B[0] = np.array([x[0, 1], -x[0, 0], *[0.0] * (n - 2)])
        return np.append(B.ravel(), 0.0)

    return build(kind, seed, rng, x, start=start)


def zero_rows(kind, seed, rng):
    T, n = size_of(rng, 6, 30, (1, 2, 2))
    x = laplace_sample(rng, T, n) + float(rng.choice([0.0, 5.0]))

    def start(model, n, scale, rng):
        return np.append(np.diag([0.0] + [1.0] * (n - 1)).ravel(), -1.0)

    return build(kind, seed, rng, x, estimator="nce", model="ica", start=start)


def rescaled(kind, seed, rng):
    """Any other kind in other units: x, y, noise and start times 10^k."""
    others = [
        k for k in KINDS if k not in (kind, "hundreds", "hundreds_in_units", "much_noise", "units")
    ]
    p = KINDS[str(rng.choice(others))][0](kind, seed, rng)
    s = 10.0 ** int(rng.integers(-12, 13))
    p.x = p.x * s
    if p.estimator == "nce":
        p.y = p.y * s
        name, *parts = p.noise
        p.noise = (
            (name, parts[0] * s, parts[1] * s * s) if name == "gaussian" else (name, parts[0] / s)
        )
    p.start[:-1] /= s if p.model == "ica" else s * s
    p.start[-1] -= p.n * np.log(s)
    return p


def hundreds(kind, seed, rng):
    T, n = int(rng.integers(250, 1001)), int(rng.choice([1, 2, 3]))
    return build(kind, seed, rng, laplace_sample(rng, T, n), t_noise=T)


def hundreds_in_units(kind, seed, rng):
    T, n = int(rng.integers(250, 501)), int(rng.choice([1, 2]))
    return build(
        kind, seed, rng, laplace_sample(rng, T, n) * 10.0 ** int(rng.integers(-12, 13)), t_noise=T
    )


# kind: (generator, its share of the campaign)
KINDS = {
    f.__name__: (f, share)
    for f, share in [
        (plain, 5), (four_sources, 3), (duplicated, 5), (multiples, 4), (symmetric, 4), (integers, 6), (tied, 5),
        (lattice, 4), (collinear, 5), (deficient, 5), (one_hot, 3), (tiny, 6), (separable, 5), (barely_separable, 5),
        (far_noise, 5), (wide_noise, 4), (little_noise, 3), (much_noise, 3), (units, 6), (mixed_units, 5),
        (unit_ties, 4), (heavy_tails, 5), (outlier, 4), (shared_points, 4), (near_duplicates, 4), (near_deficient, 3),
        (with_origin, 3), (off_centre, 4), (laplace_noise, 3), (saddle_starts, 4), (zero_rows, 2), (hundreds, 2), (hundreds_in_units, 2),  # noqa: E501
        (rescaled, 12),
    ]
}  # fmt: skip


def problem(kind: str, seed: int) -> Problem:
    # Kinds that came later count from 1000, so that (kind, seed) stays the same problem.
    later = ["rescaled"]
    number = (
        1000 + later.index(kind) if kind in later else sorted(set(KINDS) - set(later)).index(kind)
    )
    return KINDS[kind][0](kind, seed, np.random.default_rng([seed, number]))
