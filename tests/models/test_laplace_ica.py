"""LaplaceICA against the textbook form in loops, its complex step and quadrature; its samples:
test_laplace_ica_samples.py."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from nce_ref import LaplaceICA, check_gradient
from nce_ref.gradcheck import check_jacobian
from tests.models.face import (
    absolute,
    check_log_density_and_derivatives,
    check_score,
    circle_integral,
    close,
    complex_jacobian,
)

SQRT2 = math.sqrt(2.0)


def textbook(theta, u, smoothing=0.0):
    """-sqrt2 sum_i |b_i . u| + c, loop by loop; with smoothing, sqrt(v^2 + smoothing^2) for |v|."""
    n = u.shape[1]
    values = []
    for point in u:
        total = theta[-1]
        for i in range(n):
            v = sum(theta[n * i + j] * point[j] for j in range(n))
            total = total - SQRT2 * (np.sqrt(v * v + smoothing**2) if smoothing else absolute(v))
        values.append(total)
    return np.array(values)


@pytest.fixture(params=[1, 2, 4], ids="n={}".format)
def problem(request):
    n = request.param
    rng = np.random.default_rng([7, n])
    model = LaplaceICA(n)
    B = rng.standard_normal((n, n)) - 1.5 * np.eye(n)  # no symmetry, so a transposed B shows
    return model, model.pack(B, -0.7), 3.0 * rng.standard_normal((9, n)), rng


def test_pack_and_unpack_are_inverse_and_row_by_row():
    model = LaplaceICA(2)
    theta = model.pack([[1, 2], [3, 4]], 5)
    np.testing.assert_array_equal(theta, [1.0, 2.0, 3.0, 4.0, 5.0])
    B, c = model.unpack(theta)
    np.testing.assert_array_equal(B, [[1.0, 2.0], [3.0, 4.0]])
    assert c == 5.0 and isinstance(c, float) and (model.n_dim, model.n_params) == (2, 5)
    B[:] = 0.0
    assert theta[0] == 1.0  # a copy


def test_log_density_and_its_derivatives_in_theta(problem):
    model, theta, u, rng = problem
    check_log_density_and_derivatives(model, theta, u, textbook, rng)


def test_jacobian_by_the_gradient_checker(problem):
    model, theta, u, _ = problem

    def fun(t):
        return model.log_density(t, u), model.jacobian(t, u)

    assert check_jacobian(fun, theta, kinks=lambda t: model.kinks(t, u).arguments.ravel()).ok


def test_a_transposed_jacobian_block_is_seen():
    rng = np.random.default_rng(3)
    model, u = LaplaceICA(3), rng.standard_normal((5, 3))
    theta = model.random_start(rng)

    def transposed(t):
        return model.log_density(t, u).sum(), np.append(
            model.jacobian(t, u).sum(axis=0)[:-1].reshape(3, 3).T.ravel(), 5.0
        )

    assert not check_gradient(
        transposed, theta, kinks=lambda t: model.kinks(t, u).arguments.ravel()
    ).ok


def test_score(problem):
    model, theta, u, _ = problem
    assert (
        np.abs(model.kinks(theta, u).arguments).min() > 1e-3
    )  # no difference below crosses a kink
    check_score(model, theta, u)


def test_at_an_exact_kink_the_derivative_is_zero():
    model = LaplaceICA(2)
    theta = model.pack([[1.0, -1.0], [0.5, 2.0]], 0.0)
    u = np.array([[3.0, 3.0], [0.0, 0.0]])  # b_0 . u = 0; the origin lies on every kink
    np.testing.assert_array_equal(model.jacobian(theta, u)[0, :2], 0.0)
    np.testing.assert_array_equal(model.jacobian(theta, u)[1], [0.0, 0.0, 0.0, 0.0, 1.0])
    close(model.score(theta, u), [[-SQRT2 * 0.5, -SQRT2 * 2.0], [0.0, 0.0]])
    np.testing.assert_array_equal(model.pullback(theta, u[:1], [1.0])[:2], 0.0)


def test_kinks_hold_the_whole_log_density(problem):
    model, theta, u, _ = problem
    kinks = model.kinks(theta, u)
    close(
        kinks.slope * np.abs(kinks.arguments).sum(axis=0) + theta[-1], model.log_density(theta, u)
    )
    terms, points = np.indices(kinks.arguments.shape).reshape(2, -1)
    close(kinks.directions(terms, points) @ theta, kinks.arguments.ravel())
    close(kinks.term_lengths, np.linalg.norm(model.unpack(theta)[0], axis=1))
    close(kinks.point_lengths, np.linalg.norm(u, axis=1))


def test_without_leaves_the_marked_derivatives_out(problem):
    model, theta, u, rng = problem
    n = model.n_dim
    marked = rng.random((n, len(u))) < 0.4
    once = model.evaluate(theta, u)
    g = model.jacobian(theta, u)
    g[:, :-1] *= np.repeat(~marked.T, n, axis=1)
    weights = rng.standard_normal(len(u))
    close(once.without(marked).pullback(weights), g.T @ weights)
    close(once.without(marked).curvature(weights, weights), (g.T * weights) @ g)
    close(
        once.pullback(weights), model.jacobian(theta, u).T @ weights
    )  # the pass itself is as before


@pytest.mark.parametrize("n_points", [9, 2048, 5000])
def test_curvature_weighs_outer_products_over_all_blocks(n_points):
    rng = np.random.default_rng(n_points)
    model = LaplaceICA(2)
    theta, u = model.random_start(rng), rng.standard_normal((n_points, 2))
    weights, gram = rng.standard_normal((2, n_points))
    g = model.jacobian(theta, u)
    close(model.evaluate(theta, u).curvature(weights, gram), np.einsum("t,ti,tj->ij", gram, g, g))


def test_smoothed_model_has_the_value_gradient_and_curvature_of_its_formula(problem):
    model, theta, u, rng = problem
    epsilon = 0.3
    smooth = model.smoothed(epsilon)

    def smooth_textbook(z, points):
        return textbook(z, points, epsilon)

    check_log_density_and_derivatives(smooth, theta, u, smooth_textbook, rng)
    v = u @ model.unpack(theta)[0].T
    close(
        smooth.score(theta, u), -SQRT2 * (v / np.sqrt(v**2 + epsilon**2)) @ model.unpack(theta)[0]
    )

    # Second derivative by complex step of the textbook gradient, itself written with analytic functions.
    n = model.n_dim

    def gradient(z, weights):
        v = u @ z[:-1].reshape(n, n).T
        return np.append(
            -SQRT2 * ((v / np.sqrt(v * v + epsilon**2)).T * weights) @ u, weights.sum()
        )

    weights, gram = rng.standard_normal((2, len(u)))
    g = smooth.jacobian(theta, u)
    want = complex_jacobian(lambda z: gradient(z, weights), theta) + np.einsum(
        "t,ti,tj->ij", gram, g, g
    )
    close(smooth.evaluate(theta, u).curvature(weights, gram), want)
    assert smooth.kinks(theta, u).arguments.shape == (0, len(u)) and not smooth.affine_between_kinks
    assert model.smoothed(0.0) == model and model.affine_between_kinks


def test_smoothing_lowers_the_log_density_by_at_most_its_size(problem):
    model, theta, u, _ = problem
    gap = model.log_density(theta, u) - model.smoothed(1e-3).log_density(theta, u)
    assert (gap > 0.0).all() and (gap < SQRT2 * model.n_dim * 1e-3).all()


# --- the normalising constant ---------------------------------------------------------------------


def integral(model, theta):
    """int exp(ln p_m) du. n = 2 in polar coordinates: ln p_m = c - r a(phi), so the radial integral is e^c /
    a(phi)^2."""
    c = theta[-1]
    if model.n_dim == 1:
        return (
            2
            * quad(
                lambda u: math.exp(model.log_density(theta, [[u]])[0]),
                0,
                np.inf,
                epsabs=0,
                epsrel=1e-11,
            )[0]
        )
    breaks = [
        math.atan2(b[1], b[0]) + k * math.pi / 2 for b in model.unpack(theta)[0] for k in (1, 3)
    ]
    return circle_integral(
        lambda e: math.exp(c) / (c - model.log_density(theta, e[None])[0]) ** 2, breaks
    )


@pytest.mark.parametrize(
    "B", [[[0.4]], [[-3.0]], [[1.0, 0.5], [-0.3, 2.0]], [[0.2, 3.0], [1.0, 0.1]]], ids=str
)
def test_log_normalizer_by_quadrature_and_normalize_integrates_to_one(B):
    model = LaplaceICA(len(B))
    theta = model.pack(B, 0.0)
    assert model.log_normalizer(theta) == pytest.approx(math.log(integral(model, theta)), abs=1e-10)
    assert integral(model, model.normalize(theta)) == pytest.approx(1.0, abs=1e-10)
    with_c = model.pack(B, 17.0)
    assert model.log_normalizer(with_c) == model.log_normalizer(theta)  # c plays no part
    np.testing.assert_array_equal(model.normalize(with_c), model.normalize(theta))
    np.testing.assert_array_equal(model.normalize(with_c)[:-1], with_c[:-1])


def test_c_star_of_the_paper():
    B = np.random.default_rng(0).standard_normal((4, 4))
    model = LaplaceICA(4)
    assert model.normalize(model.pack(B, 0.0))[-1] == pytest.approx(
        math.log(abs(np.linalg.det(B))) - math.log(4.0), rel=1e-12
    )


def textbook_log_normalizer(theta, n):
    det = np.linalg.det(theta[:-1].reshape(n, n))
    return n / 2 * math.log(2.0) - np.log(det if det.real > 0 else -det)


def textbook_log_normalizer_gradient(theta, n):
    return np.append(-np.linalg.inv(theta[:-1].reshape(n, n)).T.ravel(), 0.0)


def test_log_normalizer_and_derivatives_by_complex_step(problem):
    model, theta, _, _ = problem
    n = model.n_dim
    for flip in (1.0, -1.0):  # both signs of the determinant
        theta = theta.copy()
        theta[:n] *= flip
        close(model.log_normalizer(theta), np.float64(textbook_log_normalizer(theta, n)))
        close(
            model.log_normalizer_gradient(theta),
            complex_jacobian(lambda z: textbook_log_normalizer(z, n), theta),
        )
        hessian = complex_jacobian(lambda z: textbook_log_normalizer_gradient(z, n), theta)
        close(model.log_normalizer_hessian(theta), hessian)
        row = np.append(np.repeat(np.arange(n), n), n)
        close(
            model.log_normalizer_block_hessian(theta), np.where(row[:, None] == row, hessian, 0.0)
        )
        assert (
            np.linalg.eigvalsh(model.log_normalizer_block_hessian(theta)).min()
            > -1e-12 * np.abs(hessian).max()
        )


def test_a_singular_B_has_an_infinite_normaliser_up_to_rounding():
    """LU meets an exact zero in a part of singular matrices only; in the rest ln|det B| is about -36 and must not
    pass."""
    rng = np.random.default_rng(5)
    for n in (1, 2, 3, 4, 8):
        model = LaplaceICA(n)
        assert model.log_normalizer(np.zeros(model.n_params)) == math.inf
        for _ in range(50 if n > 1 else 0):
            B = rng.standard_normal((n, n))
            B[-1] = rng.standard_normal(n - 1) @ B[:-1]
            theta = model.pack(B * 10.0 ** rng.integers(-8, 8, (n, 1)), 0.0)
            assert model.log_normalizer(theta) == math.inf
            for refused in (
                model.normalize,
                model.log_normalizer_gradient,
                model.log_normalizer_hessian,
            ):
                with pytest.raises(ValueError, match="theta: its B is singular"):
                    refused(theta)


@pytest.mark.parametrize("n", [1, 2, 4, 100, 200])
def test_an_invertible_B_is_never_called_singular(n):
    """Also where det B itself over- or underflows, rows differ by 20 powers of ten, or B is as ill-conditioned as
    1e12."""
    rng = np.random.default_rng(n)
    model = LaplaceICA(n)
    B = rng.standard_normal((n, n))
    for scale in (1.0, 1e-9, 1e9, 10.0 ** rng.uniform(-10, 10, (n, 1))):
        assert np.isfinite(model.log_normalizer(model.pack(scale * B, 0.0)))
    left, _, right = np.linalg.svd(B)
    assert np.isfinite(
        model.log_normalizer(model.pack(left * np.geomspace(1.0, 1e-12, n) @ right, 0.0))
    )


def test_a_smoothed_model_has_no_normaliser_and_no_sampler():
    model, rng = LaplaceICA(2, smoothing=0.1), np.random.default_rng(0)
    theta = model.pack(np.eye(2), 0.0)
    for name in (
        "log_normalizer",
        "log_normalizer_gradient",
        "log_normalizer_hessian",
        "log_normalizer_block_hessian",
        "normalize",
    ):
        with pytest.raises(NotImplementedError, match="no elementary integral; use smoothing=0"):
            getattr(model, name)(theta)
    with pytest.raises(NotImplementedError, match="use smoothing=0"):
        model.sample(theta, 3, rng)
    with pytest.raises(NotImplementedError, match="use smoothing=0"):
        model.transport(theta, [[0.2, 0.7]])
