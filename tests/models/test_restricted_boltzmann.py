"""restricted_boltzmann.py: joint sums over visible and hidden states, exact sampling, a fit, Theorem 3 as a sum over
states."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import nce_ref as nr

VALUES = [(-1.0, 1.0), (0.0, 1.0)]
SIZES = [(4, 2), (3, 5), (2, 2)]


def machine(n_visible, n_hidden, values=(-1.0, 1.0), seed=0):
    model = nr.RestrictedBoltzmannMachine(n_visible, n_hidden, values)
    return model, model.random_start(np.random.default_rng([n_visible, n_hidden, seed]))


def joint(model, theta):
    """All states of both sides, and ln of the joint mass, by loops."""
    b, a, W, _ = model.unpack(theta)
    sides = [itertools.product(model.values, repeat=k) for k in (model.n_visible, model.n_hidden)]
    visible, hidden = (np.array(list(states)) for states in sides)
    logs = [
        [
            sum(b * v)
            + sum(a * h)
            + sum(h[j] * W[j, i] * v[i] for j in range(len(h)) for i in range(len(v)))
            for h in hidden
        ]
        for v in visible
    ]
    return visible, hidden, np.array(logs)


@pytest.mark.parametrize("values", VALUES, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_density_and_constant_are_sums_over_hidden_states(sizes, values):
    model, theta = machine(*sizes, values)
    visible, hidden, logs = joint(model, theta)
    want = np.log(np.exp(logs).sum(axis=1)) + theta[-1]
    np.testing.assert_allclose(model.log_density(theta, visible), want, rtol=1e-13, atol=1e-13)
    assert model.log_normalizer(theta) == pytest.approx(np.log(np.exp(logs).sum()), rel=1e-13)
    assert model.normalize(theta)[-1] == -model.log_normalizer(theta)
    p = np.exp(logs - model.log_normalizer(theta))
    # ln Z's derivatives are mean and covariance of (v, h, h v) under the joint law.
    features = np.array(
        [[np.concatenate([v, h, np.outer(h, v).ravel()]) for h in hidden] for v in visible]
    )
    flat, weights = features.reshape(-1, features.shape[-1]), p.ravel()
    mean = weights @ flat
    centred = flat - mean
    np.testing.assert_allclose(model.log_normalizer_gradient(theta)[:-1], mean, atol=1e-13)
    hessian = model.log_normalizer_hessian(theta)
    np.testing.assert_allclose(hessian[:-1, :-1], (centred.T * weights) @ centred, atol=1e-13)
    assert not hessian[-1].any() and model.log_normalizer_gradient(theta)[-1] == 0.0


@pytest.mark.parametrize("values", VALUES, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_check_of_a_model_passes(sizes, values):
    model, theta = machine(*sizes, values)
    rng = np.random.default_rng(2)
    report = nr.check_model(model, theta, model.sample(theta, 100, rng), rng=rng)
    assert report.ok, str(report)
    names = {f.name for f in report.findings if f.status == "passed"}
    assert names >= {"gradient", "curvature", "gradient of ln Z", "Hessian of ln Z", "same law"}


def test_a_slip_of_the_slope_is_seen():
    class Slipped(nr.RestrictedBoltzmannMachine):
        def _mean(self, x):
            return 0.5 * super()._mean(x)

    model = Slipped(3, 2)
    theta = machine(3, 2)[1]
    u = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    report = nr.check_model(model, theta, u)
    assert {f.name for f in report.findings if f.status == "failed"} >= {"gradient"}


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_large_fields_stay_finite(scale):
    model, theta = machine(4, 3)
    u = model.sample(theta, 20, np.random.default_rng(3))
    theta = theta * scale
    _, a, W, c = model.unpack(theta)
    b = theta[:4]
    x = u @ W.T + a
    want = u @ b + (np.abs(x) + np.log1p(np.exp(-2.0 * np.abs(x)))).sum(axis=1) + c
    np.testing.assert_allclose(model.log_density(theta, u), want, rtol=1e-12, atol=1e-12)
    assert np.isfinite(model.log_normalizer(theta)) and np.isfinite(model.jacobian(theta, u)).all()


@pytest.mark.parametrize("sizes", [(4, 2), (3, 5)], ids=str)
def test_samples_have_the_frequencies_of_the_states(sizes):
    """Chi-square over all visible states, level 1e-6; the same test sees a model of another seed."""
    model, theta = machine(*sizes)
    visible, _, logs = joint(model, theta)
    p = np.exp(logs).sum(axis=1)
    n = 20_000
    drawn = model.sample(theta, n, np.random.default_rng(4))
    numbers = {tuple(v): k for k, v in enumerate(visible)}
    counts = np.bincount([numbers[tuple(v)] for v in drawn], minlength=len(visible))
    assert stats.chisquare(counts, n * p / p.sum()).pvalue > 1e-6
    other = np.exp(joint(model, machine(*sizes, seed=1)[1])[2]).sum(axis=1)
    assert stats.chisquare(counts, n * other / other.sum()).pvalue < 1e-6


def test_gibbs_chains_have_the_exact_means(monkeypatch):
    """The chains, where enumeration is forbidden; 4 means at 6 standard errors, false alarm 1e-8."""
    from nce_ref.models import restricted_boltzmann as module

    model, theta = machine(4, 2)
    want = model.log_normalizer_gradient(theta)[:4]
    monkeypatch.setattr(module, "LARGEST_ENUMERATED", 0)
    chains = nr.RestrictedBoltzmannMachine(4, 2, n_sweeps=50)
    drawn = chains.sample(theta, 20_000, np.random.default_rng(5))
    error = np.abs(drawn.mean(axis=0) - want) / np.sqrt((1.0 - want**2) / len(drawn))
    assert error.max() < 6.0
    with pytest.raises(NotImplementedError, match="enumeration goes up to"):
        chains.log_normalizer(theta)


def test_a_fit_finds_the_truth_up_to_a_sign():
    model = nr.RestrictedBoltzmannMachine(6, 1)
    weights = [[1.0, -0.8, 0.5, 0.9, -0.6, 0.7]]
    theta = model.normalize(model.pack([0.3, -0.2, 0.1, 0.0, 0.4, -0.1], [0.3], weights, 0.0))
    rng = np.random.default_rng(6)
    x = model.sample(theta, 4000, rng)
    noise = nr.BernoulliNoise.from_data(x, (-1.0, 1.0))
    fit = nr.fit_nce(model, noise, x, noise.sample(20_000, rng), n_starts=3, rng=rng)
    assert fit.converged and fit.warnings == ()
    found = fit.theta.copy()
    found[6:13] *= np.sign(found[7])
    error = np.abs(found - theta) / nr.estimate_covariance(fit).standard_errors
    assert error.max() < 6.0  # 14 parameters, false alarm 3e-8
    sigma = nr.asymptotic_covariance(model, theta, noise, 5.0)
    ratio = nr.estimate_covariance(fit).standard_errors / np.sqrt(np.diag(sigma.covariance) / 4000)
    np.testing.assert_allclose(ratio, 1.0, atol=0.15)


@pytest.mark.parametrize("nu", [0.5, 5.0])
@pytest.mark.parametrize("values", VALUES, ids=str)
def test_theorem_3_is_a_sum_over_states(nu, values):
    for model, theta in (
        machine(5, 1, values),
        (nr.BoltzmannMachine(4, values), np.linspace(-0.4, 0.5, 11)),
    ):
        theta = model.normalize(theta)
        n = model.n_dim
        noise = nr.BernoulliNoise(np.linspace(0.3, 0.6, n), values)
        sigma = nr.asymptotic_covariance(model, theta, noise, nu)
        states = np.array(list(itertools.product(values, repeat=n)))
        p, q = np.exp(model.log_density(theta, states)), np.exp(noise.log_density(states))
        P, g = nu * q / (p + nu * q), model.jacobian(theta, states)
        information, mean = (g.T * (p * P)) @ g, (p * P) @ g
        inverse = np.linalg.inv(information)
        solved = inverse @ mean
        want = inverse - (1.0 + 1.0 / nu) * np.outer(solved, solved)
        scale = np.sqrt(np.diag(want))
        gap = np.abs((sigma.covariance - want) / np.outer(scale, scale)).max()
        assert gap < 1e-8 and gap <= 10.0 * sigma.integration_error < 1e-4
        assert sigma.method == f"sum over {2**n} states"


def test_noise_that_does_not_belong_to_a_discrete_model_is_refused():
    model = nr.BoltzmannMachine(3)
    theta = model.normalize(np.full(7, 0.1))
    with pytest.raises(ValueError, match=r"log_density is -inf at the state \[-1.0"):
        nr.asymptotic_covariance(model, theta, nr.BernoulliNoise([0.5] * 3), 1.0)
    for spread in (0.05, 1.0, 30.0):
        with pytest.raises(ValueError, match="not a density"):
            nr.asymptotic_covariance(
                model, theta, nr.GaussianNoise(np.zeros(3), spread * np.eye(3)), 1.0
            )
    one = nr.BoltzmannMachine(1)  # one dimension, and no integral over the line
    bound = nr.cramer_rao_bound(one, one.normalize([0.3, 0.0]))
    assert bound.covariance[0, 0] == pytest.approx(np.cosh(0.3) ** 2, rel=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match="n_hidden"):
        nr.RestrictedBoltzmannMachine(3, 0)
    with pytest.raises(ValueError, match=r"values: got \(1.0, 0.0\)"):
        nr.RestrictedBoltzmannMachine(3, 2, (1.0, 0.0))
    model = nr.RestrictedBoltzmannMachine(3, 2)
    with pytest.raises(ValueError, match="weights: got shape"):
        model.pack([0.0] * 3, [0.0] * 2, np.zeros((3, 2)), 0.0)
    with pytest.raises(NotImplementedError, match="discrete points"):
        model.score(np.zeros(model.n_params), [[1.0, 1.0, 1.0]])
    assert len(model.parameter_names) == model.n_params
