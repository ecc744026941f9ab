"""Counts of distinct states are the sample that repeats them: values, gradients, Hessians, certificates, fits, errors,
held-out J, warnings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.objectives.counts import every, repeated, states_at
from nce_ref.optimize import certify

RNG = np.random.default_rng(0)
MACHINE = nr.BoltzmannMachine(5)
TRUTH = MACHINE.normalize(0.4 * RNG.standard_normal(MACHINE.n_params))
SAMPLE = MACHINE.sample(TRUTH, 3000, RNG)
NOISE = nr.BernoulliNoise.from_data(SAMPLE, MACHINE.values)
OF_NOISE = NOISE.sample(9000, RNG)


def counted(sample):
    states, counts = np.unique(sample, axis=0, return_counts=True)
    return states, counts


(X, OF_X), (Y, OF_Y) = counted(SAMPLE), counted(OF_NOISE)
COUNTS = {"counts_x": OF_X, "counts_y": OF_Y}


def pair():
    return (
        nr.NCEObjective(MACHINE, NOISE, X, Y, **COUNTS),
        nr.NCEObjective(MACHINE, NOISE, SAMPLE, OF_NOISE),
    )


def close(got, want, rtol=1e-12):
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * np.abs(want).max())


def test_the_objective_is_that_of_the_repeated_sample():
    short, long = pair()
    assert (short.n_data, short.n_noise, short.nu) == (3000, 9000, 3.0) and len(X) <= 32
    for theta in (TRUTH, 0.1 * RNG.standard_normal(MACHINE.n_params)):
        for got, want in zip(short.second_order(theta), long.second_order(theta)):
            close(got, want)
        close(short(theta)[1], long(theta)[1])
        here, there = short.expand(theta), long.expand(theta)
        close(here.gradient, there.gradient)
        close(here.hessian, there.hessian)
        assert np.isclose(here.value, there.value, rtol=1e-13)


def test_witness_in_plain_numpy():
    """J, term by term over the states."""
    short, _ = pair()
    value = 0.0
    for states, counts, side in ((X, OF_X, 1.0), (Y, OF_Y, -1.0)):
        G = MACHINE.log_density(TRUTH, states) - NOISE.log_density(states) - np.log(3.0)
        value += float((counts * np.log(1.0 / (1.0 + np.exp(-side * G)))).sum()) / 3000
    assert short(TRUTH)[0] == pytest.approx(value, rel=1e-12)


def test_one_sample_may_be_counted_and_the_other_not():
    _, long = pair()
    for short in (
        nr.NCEObjective(MACHINE, NOISE, X, OF_NOISE, counts_x=OF_X),
        nr.NCEObjective(MACHINE, NOISE, SAMPLE, Y, counts_y=OF_Y),
    ):
        assert (short.n_data, short.n_noise) == (3000, 9000)
        close(short(TRUTH)[1], long(TRUTH)[1])


def test_the_fit_its_certificate_and_its_errors():
    short = nr.fit_nce(MACHINE, NOISE, X, Y, **COUNTS)
    long = nr.fit_nce(MACHINE, NOISE, SAMPLE, OF_NOISE)
    assert short.status == long.status == "certified" and short.warnings == long.warnings == ()
    close(short.theta, long.theta, 1e-10)
    assert short.objective == pytest.approx(long.objective, rel=1e-12)
    for robust in (False, True):
        close(
            nr.estimate_covariance(short, robust=robust).covariance,
            nr.estimate_covariance(long, robust=robust).covariance,
            1e-9,
        )
    here, there = certify(pair()[0], long.theta), certify(pair()[1], long.theta)
    assert here.status == there.status == "certified"
    # The bounds on rounding count rows, so that fewer of them leave a smaller radius.
    assert 0.0 < here.radius <= there.radius < 1e-6
    off = long.theta + 1e-4
    assert certify(pair()[0], off).status == certify(pair()[1], off).status == "not stationary"
    assert "n_data = 3000, nu = 3" in short.summary()


@pytest.mark.parametrize("accurate", [False, True])
def test_the_certificates_terms_count_too(accurate):
    """What the proof sums over the states is gradient and curvature of the sample, with no more rounding than is
    stated."""
    rng, model, noise = (
        np.random.default_rng(6),
        nr.Gaussian(2),
        nr.GaussianNoise([0.0, 0.0], 2.0 * np.eye(2)),
    )
    x, y = np.round(rng.standard_normal((2000, 2))), np.round(noise.sample(5000, rng))
    (X, of_x), (Y, of_y) = counted(x), counted(y)
    theta = np.array([1.1, 0.1, 0.9, -1.8])
    here = nr.NCEObjective(model, noise, X, Y, counts_x=of_x, counts_y=of_y).expand(theta)
    there = nr.NCEObjective(model, noise, x, y).expand(theta)
    terms = here.terms(accurate)
    g = terms.jacobian(np.empty(0), None)(slice(None))
    close(g @ terms.slopes, there.gradient, 1e-9)
    curvature = (g * terms.bends) @ g.T
    close(curvature, -there.hessian, 1e-9)
    assert np.linalg.eigvalsh(-there.hessian - curvature)[0] > -1e-13, "a lower bound"
    assert (terms.errors < 1e-12 * np.abs(terms.slopes) + 1e-300).all() and len(
        terms.slopes
    ) == len(X) + len(Y)
    assert here.coarse().total == pytest.approx(there.coarse().total, rel=1e-9)
    assert here.coarse().n_points == len(X) + len(Y)


def test_maximum_likelihood_and_its_errors():
    short = nr.fit_mle(MACHINE, X, start=TRUTH, counts_x=OF_X)
    long = nr.fit_mle(MACHINE, SAMPLE, start=TRUTH)
    assert short.status == long.status == "certified"
    close(short.theta, long.theta, 1e-9)
    one, two = (nr.estimate_covariance(fit, robust=True) for fit in (short, long))
    close(one.covariance, two.covariance, 1e-8)


def test_held_out():
    other = MACHINE.normalize(TRUTH + 0.1)
    short = nr.held_out_objective(MACHINE, TRUTH, NOISE, X, Y, **COUNTS)
    long = nr.held_out_objective(MACHINE, TRUTH, NOISE, SAMPLE, OF_NOISE)
    assert short.objective == pytest.approx(long.objective, rel=1e-12)
    assert short.standard_error == pytest.approx(long.standard_error, rel=1e-12)
    models = (MACHINE, TRUTH), (MACHINE, other)
    short = nr.compare_held_out(*models, NOISE, X, Y, **COUNTS)
    long = nr.compare_held_out(*models, NOISE, SAMPLE, OF_NOISE)
    assert short.difference == pytest.approx(long.difference, rel=1e-10)
    assert short.z == pytest.approx(long.z, rel=1e-10)


def test_the_choice_of_a_noise():
    short = nr.fit_nce(MACHINE, NOISE, X, Y, **COUNTS)
    long = nr.fit_nce(MACHINE, NOISE, SAMPLE, OF_NOISE)
    fair = nr.BernoulliNoise(np.full(5, 0.5), MACHINE.values)
    one, two = (nr.compare_noises(fit, [NOISE, fair], [0.5, 5.0]) for fit in (short, long))
    assert one.n_data == two.n_data == 3000
    for got, want in zip(one.choices, two.choices):
        close(got.error, want.error, 1e-9)
        close(got.standard_error, want.standard_error, 1e-9)
        close(got.variance_of_c, want.variance_of_c, 1e-9)


@pytest.mark.parametrize("estimator", ["nce", "mle"])
def test_a_model_with_kinks_and_units_too(estimator):
    """Rounded data: ridges, thinning (4000 points), units (times 100), and the kernel density of the robust errors."""
    rng = np.random.default_rng(1)
    model = nr.LaplaceICA(2)
    truth = model.normalize(model.pack([[1.0, 0.4], [-0.3, 0.8]], 0.0))
    x = 100.0 * np.round(model.sample(truth, 4000, rng), 1)
    noise = nr.GaussianNoise.from_data(x)
    y = np.round(noise.sample(8000, rng), -1)
    (states_x, of_x), (states_y, of_y) = counted(x), counted(y)
    x, y = np.repeat(states_x, of_x, axis=0), np.repeat(states_y, of_y, axis=0)
    start = model.rescaled(truth, np.eye(2) / 100.0)
    if estimator == "nce":
        long = nr.fit_nce(model, noise, x, y, start=start)
        short = nr.fit_nce(
            model, noise, states_x, states_y, start=start, counts_x=of_x, counts_y=of_y
        )
    else:
        long = nr.fit_mle(model, x, start=start)
        short = nr.fit_mle(model, states_x, start=start, counts_x=of_x)
    assert len(states_x) < len(x) and short.status == long.status
    close(short.theta, long.theta, 1e-8)
    if long.converged:
        for robust in (False, True):
            close(
                nr.estimate_covariance(short, robust=robust).covariance,
                nr.estimate_covariance(long, robust=robust).covariance,
                1e-6,
            )


def test_states_never_seen_change_nothing():
    all_states = np.array(list(itertools.product((-1.0, 1.0), repeat=5)))
    of_x = [int((SAMPLE == state).all(axis=1).sum()) for state in all_states]
    of_y = [int((OF_NOISE == state).all(axis=1).sum()) for state in all_states]
    short = nr.NCEObjective(MACHINE, NOISE, all_states, all_states, counts_x=of_x, counts_y=of_y)
    close(short(TRUTH)[1], pair()[1](TRUTH)[1])
    short = nr.NCEObjective(
        MACHINE, NOISE, np.vstack([X, 99.0 * np.ones(5)]), Y, counts_x=[*OF_X, 0], counts_y=OF_Y
    )
    assert len(short.x) == len(X) and short(TRUTH)[0] == pair()[0](TRUTH)[0]


def test_thinning_is_that_of_the_repeated_sample():
    short, _ = pair()
    long = nr.NCEObjective(MACHINE, NOISE, np.repeat(X, OF_X, axis=0), np.repeat(Y, OF_Y, axis=0))
    few, fewer = short.thinned(500), long.thinned(500)
    assert (few.n_data, few.n_noise) == (fewer.n_data, fewer.n_noise) == (500, 1500)
    close(few(TRUTH)[1], fewer(TRUTH)[1])


@pytest.mark.parametrize(
    "counts, what",
    [
        (OF_X[:-1], r"counts_x: got shape"),
        (-OF_X, "counts_x: entry 0 is -"),
        (OF_X + 0.5, "counts_x: entry 0 is .*whole numbers"),
        (0 * OF_X, "counts_x: sum 0"),
        (np.where(OF_X > 0, np.nan, 0.0), "counts_x: entry"),
        (1e300 * OF_X, "counts_x: sum"),
        ("many", "counts_x"),
        ([["a"]], "counts_x"),
    ],
)
def test_counts_that_count_nothing_are_refused(counts, what):
    for call in (
        lambda: nr.fit_nce(MACHINE, NOISE, X, Y, counts_x=counts, counts_y=OF_Y),
        lambda: nr.fit_mle(MACHINE, X, start=TRUTH, counts_x=counts),
        lambda: nr.NCEObjective(MACHINE, NOISE, X, Y, counts_x=counts),
        lambda: nr.held_out_objective(MACHINE, TRUTH, NOISE, X, Y, counts_x=counts),
    ):
        with pytest.raises(ValueError, match=what):
            call()


def test_warnings_are_those_of_the_sample():
    biased = nr.BernoulliNoise(np.full(5, 0.5), MACHINE.values)
    words = nr.fit_nce(MACHINE, biased, X, X, counts_x=OF_X, counts_y=OF_X).warnings
    assert any("same points" in word for word in words)
    assert not any(
        "same points" in word
        for word in nr.fit_nce(
            MACHINE, NOISE, X, X, counts_x=OF_X, counts_y=OF_Y[: len(X)]
        ).warnings
    )
    gauss = nr.GaussianNoise(np.zeros(5), np.eye(5))
    words = nr.fit_nce(
        MACHINE,
        gauss,
        X,
        gauss.sample(9000, np.random.default_rng(1)),
        start=TRUTH,
        counts_x=OF_X,
    ).warnings
    assert any("takes few values" in word for word in words)


def test_places_and_states():
    counts = np.array([2.0, 0.0, 3.0])
    assert states_at(counts, np.arange(5)).tolist() == [0, 0, 2, 2, 2]
    assert [part.tolist() for part in every(2, counts)] == [[0, 2], [1.0, 2.0]]
    assert repeated(np.array([[1.0], [2.0], [3.0]]), counts).ravel().tolist() == [1, 1, 3, 3, 3]


def test_damped_newton_never_blows_up():
    """rest.md, section 3: from theta = 0 an undamped one blew up in 100 of 400 fits. 120 fits of 4 spins, from both
    starts, at their maxima."""
    rng = np.random.default_rng(2)
    machine = nr.BoltzmannMachine(4)
    for _ in range(60):
        truth = machine.normalize(
            np.append(2.0 * rng.standard_normal(4), [*(0.7 * rng.standard_normal(6)), 0.0])
        )
        x = machine.sample(truth, 2000, rng)
        p = np.clip((x.mean(axis=0) + 1) / 2, 0.02, 0.98)
        noise = nr.BernoulliNoise(p, machine.values)
        (x, of_x), (y, of_y) = counted(x), counted(noise.sample(2000, rng))
        how = {"counts_x": of_x, "counts_y": of_y}
        own = nr.fit_nce(machine, noise, x, y, **how)
        zero = nr.fit_nce(machine, noise, x, y, start=np.zeros(machine.n_params), **how)
        assert own.status == zero.status, (own.status, zero.status)
        if own.converged:
            close(zero.theta, own.theta, 1e-7)
            assert own.n_evaluations <= zero.n_evaluations + 2
