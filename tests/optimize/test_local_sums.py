"""The bounds that a certificate is made of, against 50 digits and brute force: sums, frames, distances to kinks,
meeting points."""

from __future__ import annotations

import decimal
import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.models.base import Kinks
from nce_ref.objectives.point_terms import _nearest
from nce_ref.optimize import local_sums as module
from nce_ref.optimize.concavity import by_concavity, meeting_point, whitening
from nce_ref.optimize.local_sums import active_ridges, local_sums
from nce_ref.optimize.multipliers import multipliers_in
from tests.optimize.kinked_problems import Stub, expansion

decimal.getcontext().prec = 50
D = decimal.Decimal


def problems():
    """(objective, theta): ordinary, badly conditioned, far noise (slopes from 1 to 1e-300), large units, on kinks."""
    for seed, (kind, condition) in enumerate(
        [("plain", 1.0), ("skew", 1e5), ("far", 1.0), ("units", 1.0), ("kinks", 1.0)]
    ):
        rng = np.random.default_rng(seed)
        x = rng.laplace(size=(12, 2)) @ np.array([[1.0, 1.0], [0.0, 1.0 / condition]])
        y = rng.standard_normal((18, 2)) @ np.array([[1.0, 1.0], [0.0, 1.0 / condition]])
        if kind == "far":
            y[:6] *= 200.0
        scale = 1e9 if kind == "units" else 1.0
        noise = nr.GaussianNoise(np.zeros(2), np.cov(np.concatenate([x, y]).T) * scale**2)
        model = nr.LaplaceICA(2)
        B = (
            np.array([[1.0, 0.3], [-0.2, 0.8]])
            @ np.linalg.inv([[1.0, 1.0], [0.0, 1.0 / condition]]).T
        )
        if kind == "kinks":
            B[0] = np.array([-x[3, 1], x[3, 0]]) / np.linalg.norm(x[3])
        objective = nr.NCEObjective(model, noise, x * scale, y * scale)
        yield kind, objective, model.pack(B / scale, 1.0 - 2.0 * math.log(scale))


def exact_sums(objective, theta, multipliers, root):
    """Gradient and curvature of the majorant in decimals, ln p_n as the noise gave it; every |v| at an active ridge
    stands as mu v."""
    kinks = objective.expand(theta).kinks
    B, c = [[D(v) for v in row] for row in theta[:-1].reshape(2, 2)], D(theta[-1])
    points = np.concatenate([objective.x, objective.y])
    sqrt2, nu = D(2).sqrt(), D(objective.nu)
    slope_at = {}
    for a, mu in zip(kinks.directions, multipliers, strict=True):
        row = int(np.flatnonzero(a)[0] // 2)
        t = next(
            t
            for t in range(objective.n_data)
            if np.array_equal(points[t], a[2 * row : 2 * row + 2])
        )
        slope_at[row, t] = D(mu)
    n = 5
    gradient, gram = [D(0)] * n, [[D(0)] * n for _ in range(n)]
    for t, u in enumerate(points):
        u = [D(v) for v in u]
        v = [sum(b * w for b, w in zip(row, u, strict=True)) for row in B]
        s = [slope_at.get((i, t), D(1) if v[i] > 0 else D(-1)) for i in range(2)]
        z = (
            c
            - sqrt2 * sum(si * vi for si, vi in zip(s, v, strict=True))
            - D(objective._log_noise[t])
            - nu.ln()
        )
        h = 1 / (1 + (-z).exp())
        slope = (1 - h if t < objective.n_data else -h) / objective.n_data
        bend = h * (1 - h) / objective.n_data
        g = [-sqrt2 * s[i] * u[j] for i in range(2) for j in range(2)] + [D(1)]
        for i in range(n):
            gradient[i] += slope * g[i]
            for j in range(n):
                gram[i][j] += bend * g[i] * g[j]
    R = [[D(v) for v in row] for row in root]
    moved = [sum(R[i][k] * gradient[i] for i in range(n)) for k in range(n)]
    whole = [
        [sum(R[i][k] * gram[i][j] * R[j][m] for i in range(n) for j in range(n)) for m in range(n)]
        for k in range(n)
    ]
    return moved, whole


def sums_and_truth(accurate=False):
    for kind, objective, theta in problems():
        here = objective.expand(theta)
        root = whitening(-here.hessian + 1e-3 * np.diag(np.diag(-here.hessian)))
        mu = 0.3 * np.ones(len(here.kinks.weights))
        ridges = active_ridges(here.kinks, mu, theta, root, accurate)
        found = local_sums(here.terms(accurate), mu, ridges.off, root)
        yield kind, found, *exact_sums(objective, theta, mu, root)


def too_far(found, gradient, gram):
    """What the stated errors do not cover."""
    off = math.sqrt(
        sum(float(D(a) - b) ** 2 for a, b in zip(found.gradient, gradient, strict=True))
    )
    # bends are lower bounds: gram may be below the truth by anything, above it by no more than its error.
    above = np.array(
        [
            [float(D(a) - b) for a, b in zip(r, q, strict=True)]
            for r, q in zip(found.gram, gram, strict=True)
        ]
    )
    return (
        off > found.gradient_error
        or np.linalg.eigvalsh(0.5 * (above + above.T))[-1] > found.gram_error
    )


def test_stated_errors_cover_the_distance_to_fifty_digits():
    kinds = []
    for kind, found, gradient, gram in sums_and_truth():
        assert not too_far(found, gradient, gram), kind
        kinds.append(kind)
        # and are no more than some thousand times what happens: cond(B) = 1e5 squares to 1e10 units in the last place.
        assert found.gradient_error <= {"skew": 1e-4, "far": 1e-8}.get(kind, 1e-10), (
            kind,
            found.gradient_error,
        )
    assert len(kinds) == 5


def test_in_twice_the_precision_the_condition_of_the_coordinates_does_not_matter():
    for kind, found, gradient, gram in sums_and_truth(accurate=True):
        assert not too_far(found, gradient, gram), kind
        # Sums of some 20 terms of size up to 400 remain, as in plain coordinates.
        assert found.gradient_error <= 1e-11, (kind, found.gradient_error)


@pytest.mark.parametrize("plant", ["no slope error", "bends too large"])
def test_a_bound_that_forgets_something_is_seen(plant, monkeypatch):
    original = module.local_sums

    def forgetful(terms, multipliers, off, root):
        if plant == "no slope error":
            terms.errors[:] = 0.0
        else:
            terms.bends[:] *= 1.0 + 1e-6
        return original(terms, multipliers, off, root)

    monkeypatch.setitem(globals(), "local_sums", forgetful)
    monkeypatch.setattr(module, "UNIT", 0.0)
    assert any(too_far(found, *truth) for _, found, *truth in sums_and_truth())


# ---- frames --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model, size", [(nr.LaplaceICA(3), 3), (nr.Gaussian(3), 3), (nr.Gaussian(1), 1)]
)
def test_a_frame_is_the_normalising_constant_to_third_order(model, size):
    rng = np.random.default_rng(0)
    for power in (-12, 0, 12):
        A = rng.standard_normal((size, size)) * 10.0**power
        theta = model.pack(A if isinstance(model, nr.LaplaceICA) else A @ A.T, 0.0)
        frame = model.frame(theta)
        at = model.log_normalizer(theta)
        np.testing.assert_allclose(
            frame.root.T @ model.log_normalizer_gradient(theta)[:-1], frame.gradient, atol=1e-9
        )
        hessian = frame.root.T @ model.log_normalizer_hessian(theta)[:-1, :-1] @ frame.root
        np.testing.assert_allclose(hessian, frame.hessian, atol=1e-8)
        worst = 0.0
        for _ in range(300):
            z = rng.standard_normal(len(frame.gradient))
            z *= rng.uniform(0.05, 0.95) / np.linalg.norm(z)
            moved = model.log_normalizer(theta + np.append(frame.root @ z, 0.0))
            rest = moved - at - frame.gradient @ z - 0.5 * z @ frame.hessian @ z
            length = np.linalg.norm(z)
            bound = frame.cubic * length**3 / (3.0 * (1.0 - length))
            assert abs(rest) <= bound + 1e-12
            worst = max(worst, abs(rest) / bound)
        assert worst > 0.1, "a bound a tenth as large would not hold"


# ---- distances -----------------------------------------------------------------------------------


def test_nearest_is_the_smallest_distance_in_the_metric():
    rng = np.random.default_rng(0)
    model, u = nr.LaplaceICA(3), rng.standard_normal((40, 3))
    u[5] = 0.0
    theta = model.random_start(rng)
    kinks: Kinks = model.kinks(theta, u)
    marked = rng.random(kinks.arguments.shape) < 0.5
    for scale in (np.ones(10), 10.0 ** rng.uniform(-6, 6, 10)):
        root = np.linalg.qr(rng.standard_normal((10, 10)))[0] * scale[:, None]
        distances = [
            abs(kinks.arguments[i, t])
            / np.linalg.norm(root.T @ kinks.directions(np.array([i]), np.array([t]))[0])
            for i, t in zip(*np.nonzero(marked), strict=True)
            if t != 5
        ]
        expected = min(distances)
        np.testing.assert_allclose(
            _nearest(kinks, marked, root, 2.0 * expected), expected, rtol=2e-4
        )
        assert _nearest(kinks, marked, root, 0.9 * expected) == math.inf
    assert _nearest(kinks, np.zeros_like(marked), root, 1.0) == math.inf


def test_where_ridges_meet_and_where_they_may_not():
    """Two ridges of R^2 meet; three do only if dependent exactly, here by their integers; off by an ulp they may
    not."""
    theta = np.array([1e-9, 2e-9])
    for rows, meets in (
        ([[1.0, 0.0], [1.0, 1.0]], True),
        ([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], True),
        ([[1.0, 0.0], [2.0, 0.0]], True),
        ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, np.nextafter(1.0, 2.0), 0.0]], True),
        ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1e-14]], False),
    ):
        a = np.array(rows)
        here = expansion()
        point = np.append(theta, np.zeros(a.shape[1] - 2))
        kinks = type(here.kinks)(
            a,
            a @ point,
            np.ones(len(a)),
            here.kinks.valleys,
            here.kinks.valley_weights,
            math.inf,
            (),
        )
        here = type(here)(**{**vars(here), "kinks": kinks})
        ridges = active_ridges(kinks, np.zeros(len(a)), point, np.eye(a.shape[1]))
        distance = meeting_point(here, np.eye(a.shape[1]), ridges)
        assert (distance is not None) == meets, rows
        if meets:
            nearest = np.linalg.norm(np.linalg.lstsq(a, -(a @ point))[0])
            assert nearest <= distance <= 20.0 * nearest


# ---- what has no maximum -------------------------------------------------------------------------


def separable_ends():
    """Points along rays on which J rises for ever, from near to where every slope has underflowed."""
    rng = np.random.default_rng(0)
    for model, x, y, ray in (
        (
            nr.Gaussian(1),
            rng.standard_normal((50, 1)),
            35.0 + rng.standard_normal((50, 1)),
            np.array([1.0, 200.0]),
        ),
        (
            nr.LaplaceICA(1),
            0.1 * rng.standard_normal((50, 1)),
            5.0 + rng.random((50, 1)),
            np.array([1.0, 2.0]),
        ),
        (
            nr.Gaussian(2),
            rng.standard_normal((30, 2)),
            30.0 + rng.standard_normal((30, 2)),
            np.array([1.0, 0.0, 1.0, 400.0]),
        ),
    ):
        objective = nr.NCEObjective(model, nr.GaussianNoise.from_data(np.concatenate([x, y])), x, y)
        for reach in 10.0 ** np.arange(-1.0, 8.0, 0.25):
            yield objective, reach * ray


def certifies_none(prove):
    for objective, theta in separable_ends():
        here = objective.expand(theta)
        assert not prove(
            here,
            np.empty(0) if not len(here.kinks.weights) else np.zeros(len(here.kinks.weights)),
            theta,
        )


def test_no_point_of_a_separable_sample_is_proved_a_maximum():
    values = [objective(theta)[0] for objective, theta in separable_ends()]
    assert max(values) == 0.0 > min(values), "from where J is below 0 to where it underflows"
    certifies_none(lambda here, mu, theta: by_concavity(here, mu, theta).proved)
    with pytest.raises(
        AssertionError
    ):  # the plant: gradient and distance alone, as if curvature did not fall
        certifies_none(lambda here, mu, theta: by_concavity(here, mu, theta).decrement <= 1e-8)


def test_multipliers_in_a_metric_and_in_theta_agree_where_they_are_unique():
    _, objective, theta = list(problems())[-1]
    here = objective.expand(theta)
    root = whitening(-here.hessian)
    assert len(here.kinks.weights) == 1 and Stub(here).expand(theta) is here
    assert (
        np.abs(multipliers_in(root, here.gradient, here.kinks.directions, here.kinks.weights)).max()
        <= 1.0
    )
