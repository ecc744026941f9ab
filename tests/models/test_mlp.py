"""mlp.py against naive loops and their complex step; starts, integrability, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

import nce_ref as nr
from tests.models.face import STEP, check_log_density_and_derivatives, close
from tests.models.naive_mlp import NAMES, base_of, network, textbook

SHAPES = [[1, 1], [3, 1], [2, 5, 1], [4, 6, 5, 1], [3, 4, 4, 4, 1]]


@pytest.fixture(params=SHAPES, ids=str)
def sizes(request):
    return request.param


@pytest.fixture(params=NAMES)
def problem(request, sizes):
    rng = np.random.default_rng([31, len(sizes), NAMES.index(request.param)])
    model = nr.MLP(sizes, request.param, base=base_of(sizes[0]) if len(sizes) % 2 else None)
    # Away from the start: biases too are not 0, and units of ReLU stand on both sides.
    theta = model.random_start(rng) + 0.3 * rng.standard_normal(model.n_params)
    return model, theta, 1.5 * rng.standard_normal((7, sizes[0])), rng


def test_log_density_and_its_derivatives_in_theta(problem):
    model, theta, u, rng = problem
    check_log_density_and_derivatives(model, theta, u, textbook(model), rng)


def test_score_by_complex_step_in_the_point(problem):
    model, theta, u, _ = problem
    columns = []
    for j in range(model.n_dim):
        z = u.astype(complex)
        z[:, j] += 1j * STEP
        columns.append(
            [np.imag(network(model.layer_sizes, model.activation, theta, p)) / STEP for p in z]
        )
    want = np.array(columns).T
    close(model.score(theta, u), want + (model.base.score(u) if model.base is not None else 0.0))


def test_pack_and_unpack_are_inverse_and_the_last_bias_is_c():
    model = nr.MLP([2, 3, 1])
    layers = [
        (np.arange(6.0).reshape(3, 2), np.array([6.0, 7.0, 8.0])),
        (np.array([[9.0, 10.0, 11.0]]), np.array([12.0])),
    ]
    theta = model.pack(layers)
    np.testing.assert_array_equal(theta, np.arange(13.0))
    for (W, b), (W2, b2) in zip(layers, model.unpack(theta)):
        np.testing.assert_array_equal(W, W2)
        np.testing.assert_array_equal(b, b2)
    model.unpack(theta)[0][0][:] = 99.0
    assert theta[0] == 0.0  # copies
    u = np.ones((4, 2))
    np.testing.assert_allclose(
        model.log_density(theta + np.eye(13)[12], u), model.log_density(theta, u) + 1.0, rtol=1e-15
    )
    assert (model.n_dim, model.n_params) == (2, 13) and nr.MLP([4, 36, 64, 1]).n_params == 2613


def test_without_hidden_layers_or_activation_it_is_an_affine_log_density():
    rng = np.random.default_rng(32)
    w, c, u = rng.standard_normal(3), 0.7, rng.standard_normal((9, 3))
    one = nr.MLP([3, 1], "identity")
    np.testing.assert_allclose(
        one.log_density(one.pack([(w[None], [c])]), u), u @ w + c, rtol=0, atol=1e-14
    )
    deep = nr.MLP([3, 4, 1], "identity")
    assert (
        one.affine_between_kinks and not deep.affine_between_kinks
    )  # affine in theta, not in u: W_1 W_0 is a product
    theta = deep.random_start(rng)
    (W0, b0), (W1, b1) = deep.unpack(theta)
    np.testing.assert_allclose(
        deep.log_density(theta, u), u @ (W1 @ W0).ravel() + W1 @ b0 + b1, rtol=0, atol=1e-13
    )


def test_an_affine_network_on_a_gaussian_base_is_the_shifted_gaussian():
    """N(0, C) times exp(w.u - w.C.w/2) is N(C w, C)."""
    cov, w, u = (
        np.array([[2.0, 0.5], [0.5, 1.0]]),
        np.array([0.3, -1.0]),
        np.random.default_rng(33).standard_normal((9, 2)),
    )
    model = nr.MLP([2, 1], "identity", base=nr.GaussianNoise([0.0, 0.0], cov))
    theta = model.pack([(w[None], [-0.5 * w @ cov @ w])])
    np.testing.assert_allclose(
        model.log_density(theta, u),
        nr.GaussianNoise(cov @ w, cov).log_density(u),
        rtol=0,
        atol=1e-13,
    )


def test_large_samples_go_through_in_blocks_with_the_same_answer():
    rng = np.random.default_rng(34)
    model = nr.MLP([2, 5, 1], base=base_of(2))
    theta, u, weights = (
        model.random_start(rng),
        rng.standard_normal((9001, 2)),
        rng.standard_normal(9001),
    )
    value, pullback = model.vjp(theta, u)  # one piece
    close(model.log_density(theta, u), value)
    whole = pullback(weights)
    # Sums of 9001 terms of size 1 in another order: eps sqrt(9001) each, and a margin of 10.
    np.testing.assert_allclose(model.pullback(theta, u, weights), whole, rtol=0, atol=1e-12)
    np.testing.assert_allclose(weights @ model.jacobian(theta, u), whole, rtol=0, atol=1e-12)
    assert model.score(theta, u).shape == u.shape


# --- starts, integrability, and what is refused ---------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_random_start_has_the_published_variances(name):
    """Sum of squares over its variance, chi2 for He's normal and narrower for Glorot's uniform; two-sided 1e-6, 5 % off
    is seen."""
    model = nr.MLP([50, 200, 100, 1], name)
    layers = model.unpack(model.random_start(np.random.default_rng(37)))
    for W, b in layers:
        out, into = W.shape
        variance = 2.0 / into if name in ("relu", "softplus") else 2.0 / (into + out)
        low, high = chi2.ppf([5e-7, 1 - 5e-7], W.size)
        assert low <= (W**2).sum() / variance <= high
        np.testing.assert_array_equal(b, 0.0)
        if name in ("tanh", "identity"):
            assert np.abs(W).max() <= np.sqrt(6.0 / (into + out))
    with pytest.raises(ValueError, match="rng: got int"):
        model.random_start(0)


@pytest.mark.parametrize(
    "sizes, name, base, answer",
    [
        ([2, 5, 1], "tanh", None, False),
        ([2, 5, 1], "identity", None, False),
        ([2, 1], "relu", None, False),  # no hidden layer: affine, whatever the name
        ([2, 5, 1], "relu", None, None),
        ([2, 5, 1], "softplus", None, None),
        ([2, 5, 1], "tanh", nr.LaplaceICANoise(np.eye(2)), True),
        ([2, 5, 1], "identity", nr.LaplaceICANoise(np.eye(2)), None),
        ([2, 5, 1], "identity", base_of(2), True),
        ([2, 5, 1], "relu", base_of(2), True),
        ([2, 5, 1], "softplus", base_of(2), True),
        ([2, 1], "tanh", base_of(2), True),
    ],
)
def test_whether_it_can_be_a_density(sizes, name, base, answer):
    assert nr.MLP(sizes, name, base=base).is_integrable is answer


@pytest.mark.parametrize(
    "sizes, message",
    [
        (3, "layer_sizes: got 3; expected"),
        ("41", "layer_sizes: got '41'; expected"),
        ([], "layer_sizes: got .*at least two"),
        ([1], "layer_sizes: got .*at least two"),
        ([4, 3], "layer_sizes: the last is 3; expected 1"),
        ([4, 0, 1], r"layer_sizes\[1\]: got 0; expected an integer of at least 1"),
        ([4, 2.0, 1], r"layer_sizes\[1\]: got 2.0; expected an integer"),
    ],
)
def test_sizes_that_are_no_network_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        nr.MLP(sizes)


def test_layers_that_do_not_chain_are_refused_by_name():
    model = nr.MLP([4, 3, 1])
    good = [(np.ones((3, 4)), np.ones(3)), (np.ones((1, 3)), np.ones(1))]
    for bad, message in (
        (good[:1], r"layers: got 1; expected 2 pairs"),
        (3, r"layers: got int; expected 2 pairs"),
        (
            [good[0], (np.ones((1, 4)), np.ones(1))],
            r"layers\[1\] W: got shape \(1, 4\); expected shape \(1, 3\)",
        ),
        (
            [(np.ones((4, 3)), np.ones(3)), good[1]],
            r"layers\[0\] W: got shape \(4, 3\); expected shape \(3, 4\)",
        ),
        (
            [(np.ones((3, 4)), np.ones(4)), good[1]],
            r"layers\[0\] b: got shape \(4,\); expected shape \(3,\)",
        ),
        ([(np.ones((3, 4)),), good[1]], r"layers\[0\]: got tuple; expected a pair"),
        ([(np.full((3, 4), np.nan), np.ones(3)), good[1]], r"layers\[0\] W: entry \(0, 0\) is nan"),
    ):
        with pytest.raises(ValueError, match=message):
            model.pack(bad)


def test_other_bad_input_is_refused_by_name():
    with pytest.raises(ValueError, match="activation: got 'sigmoid'; expected one of"):
        nr.MLP([2, 1], "sigmoid")
    with pytest.raises(ValueError, match="base: got dimension 3; expected 2"):
        nr.MLP([2, 1], base=base_of(3))
    with pytest.raises(
        ValueError, match="base: got float; expected None or an object with log_density"
    ):
        nr.MLP([2, 1], base=1.0)
    model = nr.MLP([2, 3, 1])
    for call in (model.log_density, model.jacobian, model.score, model.kinks, model.vjp):
        with pytest.raises(ValueError, match=r"theta: got shape \(12,\); expected shape \(13,\)"):
            call(np.ones(12), np.ones((4, 2)))
        with pytest.raises(ValueError, match=r"u: got shape \(4, 3\)"):
            call(np.ones(13), np.ones((4, 3)))
    with pytest.raises(ValueError, match="weights: got shape"):
        model.pullback(np.ones(13), np.ones((4, 2)), np.ones(3))


def test_overflow_is_an_error_that_names_theta():
    model = nr.MLP([2, 3, 1], "relu")
    theta, u = np.full(13, 1e200), np.ones((4, 2))
    for call in (
        lambda: model.log_density(theta, u),
        lambda: model.vjp(theta, u),
        lambda: model.log_density(-theta, -u * 1e200),
    ):
        with pytest.raises(ValueError, match="theta: the network overflows"):
            call()


def test_a_base_without_score_is_told():
    class Flat:
        def log_density(self, u):
            return np.zeros(len(u))

    with pytest.raises(NotImplementedError, match="score: the base, a Flat"):
        nr.MLP([2, 1], base=Flat()).score(np.ones(3), np.ones((4, 2)))
