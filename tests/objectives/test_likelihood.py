"""The log-likelihood against the textbook form in loops, its complex step, and what is known of its maximum."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.gradcheck import check_jacobian
from nce_ref.objectives import base
from tests.models.face import close
from tests.objectives.naive import STEP, log_laplace


def textbook(theta, model, x):
    """mean of ln p_m^0 - ln Z; complex-safe."""
    n = x.shape[1]
    if isinstance(model, nr.LaplaceICA):
        det = np.linalg.det(theta[:-1].reshape(n, n))
        log_z = n / 2 * math.log(2.0) - np.log(det if det.real > 0 else -det)
        return sum(log_laplace(np.append(theta[:-1], 0.0), u) for u in x) / len(x) - log_z
    precision = np.zeros((n, n), dtype=theta.dtype)
    precision[np.tril_indices(n)] = theta[:-1]
    precision = precision + precision.T - np.diag(np.diag(precision))
    log_z = n / 2 * math.log(2 * math.pi) - np.log(np.linalg.det(precision)) / 2
    return sum(-(u @ precision @ u) / 2 for u in x) / len(x) - log_z


def textbook_gradient(theta, model, x):
    gradient = np.empty(len(theta))
    for k in range(len(theta)):
        z = theta.astype(complex)
        z[k] += 1j * STEP
        gradient[k] = np.imag(textbook(z, model, x)) / STEP
    return gradient


def problems():
    """Laplace ICA with det B of both signs, and the Gaussian; 7 points each."""
    rng = np.random.default_rng(51)
    B = rng.standard_normal((3, 3)) + np.eye(3)
    ica, gauss = nr.LaplaceICA(3), nr.Gaussian(3)
    thetas = [ica.pack(B, 0.3), ica.pack(B[[1, 0, 2]], 0.3)]
    return [(t, ica, rng.standard_normal((7, 3))) for t in thetas] + [
        (gauss.random_start(rng), gauss, rng.standard_normal((7, 3)))
    ]


def right(likelihood, rtol=1e-12):
    """Value and gradient of (theta, model, x) are the textbook's on all problems, c's entry 0 and without effect."""
    for theta, model, x in problems():
        with np.errstate(all="ignore"):
            value, gradient = likelihood(theta, model, x)
            moved = likelihood(theta + 5.0 * np.eye(len(theta))[-1], model, x)[0]
        want, slope = textbook(theta, model, x), textbook_gradient(theta, model, x)
        same = (
            np.isfinite(gradient).all()
            and np.abs(gradient - slope).max() <= rtol * np.abs(slope).max()
        )
        if not (
            abs(value - want) <= rtol * abs(want)
            and same
            and gradient[-1] == 0.0
            and moved == value
        ):
            return False
    return True


def test_value_and_gradient_are_the_textbooks():
    signs = {
        np.sign(np.linalg.det(m.unpack(t)[0]))
        for t, m, _ in problems()
        if isinstance(m, nr.LaplaceICA)
    }
    assert signs == {-1.0, 1.0}
    assert right(lambda theta, model, x: nr.log_likelihood(model, theta, x))


def _spoilt(constant, slope):
    """log_likelihood with something added for the ICA model alone."""

    def likelihood(theta, model, x):
        value, gradient = nr.log_likelihood(model, theta, x)
        if not isinstance(model, nr.LaplaceICA):
            return value, gradient
        B, _ = model.unpack(theta)
        return value + constant(B), gradient + np.append(slope(B).ravel(), 0.0)

    return likelihood


def _signed_log_det(B):
    return float(np.log(np.linalg.det(B)) - np.linalg.slogdet(B)[1])


PLANTS = {
    "no-logdet-B": _spoilt(lambda B: -np.linalg.slogdet(B)[1], lambda B: -np.linalg.inv(B).T),
    "log-det-negative": _spoilt(_signed_log_det, lambda B: 0.0 * B),
    "inverse not transposed": _spoilt(
        lambda B: 0.0, lambda B: np.linalg.inv(B) - np.linalg.inv(B).T
    ),
    "no ln 2": _spoilt(lambda B: 1.5 * math.log(2.0), lambda B: 0.0 * B),
    "laplace-scale": lambda theta, model, x: (
        nr.log_likelihood(model, theta, x)
        if isinstance(model, nr.Gaussian)
        else nr.log_likelihood(model, theta, x / math.sqrt(2.0))
    ),
    "c counted": lambda theta, model, x: (
        model.log_density(theta, x).mean(),
        model.jacobian(theta, x).mean(axis=0),
    ),
    "sum for mean": lambda theta, model, x: tuple(
        len(x) * v for v in nr.log_likelihood(model, theta, x)
    ),
    "minimised": lambda theta, model, x: tuple(-v for v in nr.log_likelihood(model, theta, x)),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_mistake_is_caught(plant):
    assert not right(PLANTS[plant])


def test_it_is_the_mean_of_the_normalised_log_density():
    for theta, model, x in problems():
        assert nr.log_likelihood(model, theta, x)[0] == pytest.approx(
            model.log_density(model.normalize(theta), x).mean(), rel=1e-13
        )


def test_the_objective_is_the_same_function_of_alpha():
    for theta, model, x in problems():
        objective = nr.LikelihoodObjective(model, x)
        value, gradient = objective(theta[:-1])
        assert (
            value == nr.log_likelihood(model, theta, x)[0]
            and objective.n_params == len(theta) - 1
            and objective.n_data == 7
        )
        assert nr.check_gradient(objective, theta[:-1]).ok
        second = objective.second_order(theta[:-1])
        assert second[0] == value
        close(second[1], gradient)
        report = check_jacobian(
            lambda a, f=objective: f.second_order(a)[1:], theta[:-1], kinks=objective.kinks
        )
        assert report.ok, str(report)


def test_large_samples_in_blocks_are_the_mean_of_their_parts(monkeypatch):
    monkeypatch.setattr(base, "_BLOCK", 4096)
    theta, model, _ = problems()[0]
    x = np.random.default_rng(52).standard_normal((10_000, 3))
    whole = nr.LikelihoodObjective(model, x).second_order(theta[:-1])
    parts = [
        nr.LikelihoodObjective(model, x[block]).second_order(theta[:-1])
        for block in (slice(0, 3000), slice(3000, None))
    ]
    for i in range(3):
        close(np.asarray(whole[i]), 0.3 * np.asarray(parts[0][i]) + 0.7 * np.asarray(parts[1][i]))
    assert nr.LikelihoodObjective(model, x).expand(theta[:-1]).value == pytest.approx(
        whole[0], rel=1e-13
    )


def test_the_gaussian_maximum_is_the_inverse_second_moment():
    model, rng = nr.Gaussian(3), np.random.default_rng(53)
    x = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 3))
    best = model.pack(np.linalg.inv(x.T @ x / 50), 0.0)
    value, gradient = nr.log_likelihood(model, best, x)
    assert np.abs(gradient).max() <= 1e-12 * np.abs(x).max() ** 2
    assert all(
        nr.log_likelihood(model, best + 0.01 * np.append(rng.standard_normal(6), 0.0), x)[0] < value
        for _ in range(10)
    )


def test_change_of_variables():
    """L(B, x) = L(B A, A^-1 x) + ln|det A^-1|: the likelihood does not depend on the coordinates, but for the
    Jacobian."""
    theta, model, x = problems()[0]
    B, _ = model.unpack(theta)
    A = np.random.default_rng(54).standard_normal((3, 3))
    other = nr.log_likelihood(model, model.pack(B @ A, 0.0), x @ np.linalg.inv(A).T)[0]
    assert nr.log_likelihood(model, theta, x)[0] == pytest.approx(
        other - np.linalg.slogdet(A)[1], rel=1e-12
    )


def test_a_singular_B_is_refused_at_the_door_and_minus_infinity_inside():
    model, x = nr.LaplaceICA(2), np.ones((3, 2))
    for B in (np.zeros((2, 2)), [[1.0, 2.0], [2.0, 4.0]], [[0.1, 0.3], [0.3, 0.9]]):
        theta = model.pack(B, 0.0)
        with pytest.raises(
            ValueError,
            match="theta: its normalising constant is infinite; expected an invertible B",
        ):
            nr.log_likelihood(model, theta, x)
        value, gradient, hessian = nr.LikelihoodObjective(model, x).second_order(theta[:-1])
        assert value == -math.inf and not gradient.any() and not hessian.any()
        assert nr.LikelihoodObjective(model, x).expand(theta[:-1]).value == -math.inf


def test_smoothed_changes_the_density_and_keeps_ln_Z():
    theta, model, x = problems()[0]
    smooth = nr.LikelihoodObjective(model, x).smoothed(0.2)
    unnormalised = model.smoothed(0.2).log_density(np.append(theta[:-1], 0.0), x).mean()
    assert smooth(theta[:-1])[0] == pytest.approx(
        unnormalised - model.log_normalizer(theta), rel=1e-13
    )
    assert nr.check_gradient(smooth, theta[:-1]).ok
    report = check_jacobian(lambda a: smooth.second_order(a)[1:], theta[:-1])
    assert report.ok, str(report)
