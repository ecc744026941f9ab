"""boltzmann.py: sums over states by loops, the law of its samples, fits by NCE and likelihood, Theorem 3 on a discrete
model."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr

VALUES = [(-1.0, 1.0), (0.0, 1.0)]


def machine(n, seed, values=(-1.0, 1.0), edges=None):
    rng = np.random.default_rng(seed)
    model = nr.BoltzmannMachine(n, values, edges)
    theta = np.concatenate(
        [0.5 * rng.standard_normal(n), 0.3 * rng.standard_normal(len(model.edges)), [0.2]]
    )
    return model, theta


def textbook(model, theta, u):
    """ln p_m by loops over the pairs."""
    biases, W, c = model.unpack(theta)
    pairs = itertools.combinations(range(model.n_spins), 2)
    return sum(b * s for b, s in zip(biases, u)) + sum(W[i, j] * u[i] * u[j] for i, j in pairs) + c


def all_states(model):
    return np.array(list(itertools.product(model.values, repeat=model.n_spins)))


@pytest.mark.parametrize("values", VALUES, ids=str)
@pytest.mark.parametrize("edges", [None, [(0, 2), (3, 1), (2, 1)]], ids=["all", "graph"])
def test_density_constant_and_derivatives_are_sums_over_states(values, edges):
    model, theta = machine(5, 1, values, edges)
    states = all_states(model)
    want = np.array([textbook(model, theta, u) for u in states])
    np.testing.assert_allclose(model.log_density(theta, states), want, rtol=1e-13, atol=1e-13)
    p = np.exp(want - theta[-1])
    log_z = math.log(p.sum())
    assert model.log_normalizer(theta) == pytest.approx(log_z, rel=1e-14)
    assert model.normalize(theta)[-1] == -model.log_normalizer(theta)
    p /= p.sum()
    g = model.jacobian(theta, states)
    mean = p @ g
    mean[-1] = 0.0
    np.testing.assert_allclose(model.log_normalizer_gradient(theta), mean, atol=1e-14)
    g[:, -1] = 0.0
    covariance = (g.T * p) @ g - np.outer(mean, mean)
    np.testing.assert_allclose(model.log_normalizer_hessian(theta), covariance, atol=1e-14)


@pytest.mark.parametrize("values", VALUES, ids=str)
def test_every_check_of_a_model_passes(values):
    rng = np.random.default_rng(2)
    model, theta = machine(6, 3, values)
    report = nr.check_model(model, theta, model.sample(theta, 100, rng), rng=rng)
    assert report.ok and "failed" not in {f.status for f in report.findings}, str(report)


def test_blocks_of_states_leave_no_trace():
    """14 spins are two blocks; without couplings ln Z is a sum over spins."""
    model = nr.BoltzmannMachine(14, edges=[(1, 0)])
    theta = np.concatenate([np.linspace(-1.0, 1.0, 14), [0.4, 0.0]])
    b = theta[:14]
    pair = sum(math.exp(b[0] * s + b[1] * t + 0.4 * s * t) for s in (-1, 1) for t in (-1, 1))
    want = math.log(pair) + np.log(2.0 * np.cosh(b[2:])).sum()
    assert model.log_normalizer(theta) == pytest.approx(want, rel=1e-13)
    np.testing.assert_allclose(
        model.log_normalizer_gradient(theta)[2:14], np.tanh(b[2:]), rtol=1e-12
    )
    with pytest.raises(NotImplementedError, match="21 spins have"):
        nr.BoltzmannMachine(21).log_normalizer(np.zeros(nr.BoltzmannMachine(21).n_params))


def test_samples_have_the_states_frequencies():
    """Chi-squared over 16 states, and of Gibbs sampling against the exact law; each at 1e-6."""
    model, theta = machine(4, 4)
    states = all_states(model)
    p = np.exp(model.log_density(model.normalize(theta), states))
    rng = np.random.default_rng(5)
    for sampler in (model, _Gibbs(model)):
        drawn = sampler.sample(theta, 20_000, rng)
        counts = [(drawn == state).all(axis=1).sum() for state in states]
        assert stats.chisquare(counts, 20_000 * p).pvalue > 1e-6


class _Gibbs:
    """The sampler of large machines on a small one."""

    def __init__(self, model):
        self.model = model

    def sample(self, theta, n_points, rng):
        large = nr.BoltzmannMachine(self.model.n_spins + 17, edges=self.model.edges, n_sweeps=30)
        n = self.model.n_spins
        padded = np.concatenate([theta[:n], np.zeros(17), theta[n:]])
        return large.sample(padded, n_points, rng)[:, :n]


def test_the_noise_itself_lies_in_the_family():
    for values in VALUES:
        noise = nr.BernoulliNoise([0.1, 0.5, 0.8], values)
        model = nr.BoltzmannMachine(3, values)
        theta = model.start_from(noise)
        states = all_states(model)
        np.testing.assert_allclose(
            model.log_density(theta, states), noise.log_density(states), rtol=1e-13, atol=1e-13
        )
    assert model.start_from(nr.GaussianNoise(np.zeros(3), np.eye(3))) is None
    assert model.start_from(nr.BernoulliNoise([0.5, 0.5], (0.0, 1.0))) is None
    assert model.start_from(nr.BernoulliNoise([0.5] * 3, (-1.0, 1.0))) is None


@pytest.mark.parametrize("nu", [1, 4])
def test_fits_are_certified_from_the_noise_and_from_anywhere(nu):
    """NCE's error over its asymptotic one: of 12 fits with 16 parameters the mean of T |error|^2/tr Sigma has
    deviation 0.13 or so: right ones leave (0.5, 1.7) less than once in 1e4, at a fixed seed."""
    model, theta = machine(5, 6)
    truth = model.normalize(theta)
    rng, ratios = np.random.default_rng(7), []
    states = all_states(model)
    for _ in range(12):
        x = model.sample(truth, 2000, rng)
        noise = nr.BernoulliNoise.from_data(x, (-1.0, 1.0))
        y = noise.sample(nu * len(x), rng)
        fit = nr.fit_nce(model, noise, x, y, start=model.start_from(noise))
        assert fit.converged, fit.message
        # Sigma by enumeration, for this noise.
        p, q = np.exp(model.log_density(truth, states)), np.exp(noise.log_density(states))
        g = model.jacobian(truth, states)
        P = nu * q / (p + nu * q)
        sigma = np.linalg.inv((g.T * (p * P)) @ g)
        sigma[-1, -1] -= 1.0 + 1.0 / nu
        ratios.append(len(x) * ((fit.theta - truth) ** 2).sum() / np.trace(sigma))
    assert 0.5 < np.mean(ratios) < 1.7
    again = nr.fit_nce(model, noise, x, y, n_starts=2, rng=rng)
    assert all(start.is_local_maximum for start in again.starts)
    np.testing.assert_allclose(again.theta, fit.theta, atol=1e-7)


def test_the_likelihood_matches_moments_and_is_certified_with_a_radius():
    model, theta = machine(5, 8)
    x = model.sample(theta, 3000, np.random.default_rng(9))
    fit = nr.fit_mle(model, x, start=theta)
    assert fit.converged and fit.status == "certified", fit.message
    moments = model.jacobian(fit.theta, x).mean(axis=0)[:-1]
    np.testing.assert_allclose(model.log_normalizer_gradient(fit.theta)[:-1], moments, atol=1e-9)


def test_the_frame_bounds_what_is_left_of_the_constant():
    """ln Z(alpha + root z) against the Frame's expansion, z of many lengths: within the stated cubic, which is not
    idle."""
    model, theta = machine(5, 10)
    frame, alpha = model.frame(theta), theta[:-1]
    rng, used = np.random.default_rng(11), []
    for _ in range(200):
        z = rng.standard_normal(len(alpha))
        z *= rng.uniform(0.05, 0.9) / np.linalg.norm(z)
        r = np.linalg.norm(z)
        value = model.log_normalizer(np.append(alpha + frame.root @ z, 0.0))
        rest = (
            value - model.log_normalizer(theta) - frame.gradient @ z - 0.5 * z @ frame.hessian @ z
        )
        bound = frame.cubic * r**3 / (3.0 * (1.0 - r))
        assert abs(rest) <= bound + 1e-13
        used.append(abs(rest) / bound)
    assert max(used) > 1e-3


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"edges: got \(1, 1\)"):
        nr.BoltzmannMachine(3, edges=[(1, 1)])
    with pytest.raises(ValueError, match=r"edges: got \(0, 1\)"):
        nr.BoltzmannMachine(3, edges=[(1, 0), (0, 1)])
    with pytest.raises(ValueError, match=r"edges: got \(3, 0\)"):
        nr.BoltzmannMachine(3, edges=[(3, 0)])
    with pytest.raises(ValueError, match="values: got"):
        nr.BoltzmannMachine(3, (1.0, 1.0))
    model = nr.BoltzmannMachine(3, edges=[(1, 0)])
    with pytest.raises(ValueError, match=r"weights: entry \(0, 2\) is 1; expected 0 off the graph"):
        model.pack(np.zeros(3), np.array([[0.0, 0, 1], [0, 0, 0], [1, 0, 0]]), 0.0)
    biases, W, c = model.unpack(
        model.pack([1.0, 2.0, 3.0], np.array([[0.0, 5, 0], [5, 0, 0], [0, 0, 0]]), 7.0)
    )
    assert biases.tolist() == [1.0, 2.0, 3.0] and W[0, 1] == W[1, 0] == 5.0 and c == 7.0
    assert model.parameter_names == ("b[0]", "b[1]", "b[2]", "w[1,0]", "c")
