"""The public face: every promised name is there under ``import nce_ref as nr``, takes what was promised, and works in a
row."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys

import numpy as np
import pytest

import nce_ref as nr

SIGNATURES = {
    nr.nce_from_log_ratios: ["log_ratio_data", "log_ratio_noise", "nu=None"],
    nr.nce_objective: ["model", "theta", "noise", "x", "y", "nu=None"],
    nr.log_likelihood: ["model", "theta", "x"],
    nr.NCEObjective: [
        "model",
        "noise",
        "x",
        "y",
        "nu=None",
        "threads=1",
        "counts_x=None",
        "counts_y=None",
    ],
    nr.GaussianNoise: ["mean", "cov"],
    nr.GaussianNoise.from_data: ["x"],
    nr.LaplaceICANoise: ["B"],
    nr.fit_nce: [
        "model",
        "noise",
        "x",
        "y",
        "*start=None",
        "*n_starts=None",
        "*rng=None",
        "*callback=None",
        "*checks=True",
        "*max_evaluations=None",
        "*counts_x=None",
        "*counts_y=None",
    ],
    nr.fit_importance_sampling: [
        "model",
        "noise",
        "x",
        "y",
        "*start=None",
        "*n_starts=None",
        "*rng=None",
        "*callback=None",
        "*max_evaluations=None",
    ],
    nr.fit_weighted: [
        "model",
        "noise",
        "x",
        "y",
        "weight",
        "*start=None",
        "*n_starts=None",
        "*rng=None",
        "*callback=None",
        "*max_evaluations=None",
    ],
    nr.ranking_from_log_ratios: ["log_ratio_data", "log_ratio_noise"],
    nr.RankingObjective: ["model", "noise", "x", "y"],
    nr.ConditionalObjective: ["model", "conditional_noise", "x", "y"],
    nr.fit_ranking_nce: [
        "model",
        "noise",
        "x",
        "y",
        "*start=None",
        "*n_starts=None",
        "*rng=None",
        "*callback=None",
        "*max_evaluations=None",
    ],
    nr.fit_conditional_nce: [
        "model",
        "conditional_noise",
        "x",
        "y",
        "*start=None",
        "*n_starts=None",
        "*rng=None",
        "*callback=None",
        "*max_evaluations=None",
    ],
    nr.WeightedObjective: ["model", "noise", "x", "y", "weight"],
    nr.weighted_covariance: [
        "model",
        "theta",
        "noise",
        "nu",
        "weight",
        "*rng=None",
        "*log2_points=13",
    ],
    nr.divergent_power: ["model", "theta", "noise", "weight", "nu=1.0"],
    nr.PowerWeight: ["exponent"],
    nr.LogisticWeight: ["nu"],
    nr.fit_score_matching: [
        "model",
        "x",
        "*slope=10.0",
        "*start=None",
        "*n_starts=None",
        "*rng=None",
        "*callback=None",
        "*max_evaluations=None",
    ],
    nr.fit_nce_adam: [
        "model",
        "noise",
        "x",
        "y=None",
        "*n_noise=None",
        "*n_epochs",
        "*rng",
        "*learning_rate=0.005",
        "*n_batches=1",
    ]
    + ["*start=None", "*state=None", "*held_out=None"],
    nr.MLP: ["layer_sizes", "activation=tanh", "base=None"],
    nr.integral_by_importance: ["model", "theta", "noise", "y"],
    nr.fit_mle: [
        "model",
        "x",
        "*start=None",
        "*n_starts=None",
        "*rng=None",
        "*callback=None",
        "*max_evaluations=None",
        "*counts_x=None",
    ],
    nr.diagnose_weights: ["log_weights"],
    nr.match_rows: ["B_hat", "B_true"],
}
BEGINNINGS = {  # what else they take is theirs to choose, as long as it has a default
    nr.LaplaceICA: ["n_sources"],
    nr.Gaussian: ["n_dim"],
    nr.estimate_covariance: ["fit"],
    nr.asymptotic_covariance: ["model", "theta", "noise", "nu"],
    nr.ranking_covariance: ["model", "theta", "noise", "k"],
    nr.conditional_covariance: ["model", "theta", "conditional_noise", "kappa"],
    nr.cramer_rao_bound: ["model", "theta"],
    nr.check_gradient: ["fun", "theta"],
    nr.fit_contrastive_divergence: ["model", "x", "*rng", "*start=None"],
}
METHODS = {
    "log_density": ["theta", "u"],
    "jacobian": ["theta", "u"],
    "vjp": ["theta", "u"],
    "pullback": ["theta", "u", "weights"],
    "score": ["theta", "u"],
    "kinks": ["theta", "u"],
    "log_normalizer": ["theta"],
    "log_normalizer_gradient": ["theta"],
    "normalize": ["theta"],
    "random_start": ["rng"],
    "sample": ["theta", "n_points", "rng"],
    "unpack": ["theta"],
}
NOISE_METHODS = {"log_density": ["u"], "sample": ["n_points", "rng"]}
FIT = {
    "theta",
    "objective",
    "stationarity",
    "is_local_maximum",
    "converged",
    "status",
    "message",
    "n_evaluations",
    "starts",
}


def signature_of(function):
    """Names in order, keyword-only ones starred, defaults as '=value'; without self."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    star = {p.name: "*" if p.kind is p.KEYWORD_ONLY else "" for p in parameters}
    return [
        star[p.name] + p.name + ("" if p.default is p.empty else f"={p.default}")
        for p in parameters
    ]


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda f: f.__qualname__)
def test_signature(function):
    assert signature_of(function) == SIGNATURES[function]


@pytest.mark.parametrize("function", BEGINNINGS, ids=lambda f: f.__qualname__)
def test_signature_begins_as_promised(function):
    promised, got = BEGINNINGS[function], signature_of(function)
    assert got[: len(promised)] == promised and all("=" in extra for extra in got[len(promised) :])


@pytest.mark.parametrize(
    "model", [nr.LaplaceICA(2), nr.Gaussian(2)], ids=lambda m: type(m).__name__
)
def test_models_have_every_method(model):
    for name, arguments in METHODS.items():
        assert signature_of(getattr(model, name)) == arguments, name
    assert signature_of(model.pack)[1:] == ["c"] and len(signature_of(model.pack)) == 2
    assert (model.n_dim, model.n_params) == (2, 5 if isinstance(model, nr.LaplaceICA) else 4)


def test_the_network_has_every_method_and_takes_layers():
    model = nr.MLP([2, 3, 1])
    for name, arguments in METHODS.items():
        assert signature_of(getattr(model, name)) == arguments, name
    assert signature_of(model.pack) == ["layers"] and (model.n_dim, model.n_params) == (2, 13)


@pytest.mark.parametrize(
    "noise",
    [nr.GaussianNoise([0.0], [[1.0]]), nr.LaplaceICANoise([[1.0]])],
    ids=lambda n: type(n).__name__,
)
def test_noises_have_every_method(noise):
    for name, arguments in NOISE_METHODS.items():
        assert signature_of(getattr(noise, name)) == arguments, name


def test_all_names_are_importable_documented_and_listed_once():
    assert len(set(nr.__all__)) == len(nr.__all__)
    for name in nr.__all__:
        assert getattr(nr, name).__doc__, name


RESULTS = [
    nr.Fit,
    nr.AdamFit,
    nr.ImportanceFit,
    nr.ContrastiveDivergenceFit,
    nr.StartResult,
    nr.RowMatch,
    nr.AsymptoticCovariance,
    nr.ContrastiveCovariance,
]
RESULTS += [nr.EstimatedCovariance, nr.GradientReport]


@pytest.mark.parametrize("result", RESULTS)
def test_results_are_frozen_dataclasses(result):
    assert dataclasses.is_dataclass(result) and result.__dataclass_params__.frozen
    # Comparing arrays field by field would raise "truth value is ambiguous", and hashing them TypeError.
    assert (result.__eq__ is object.__eq__) == (result is not nr.GradientReport)


@pytest.mark.parametrize(
    "model", [nr.LaplaceICA(3), nr.Gaussian(3)], ids=lambda m: type(m).__name__
)
def test_arrays_are_float64_in_c_order(model):
    rng = np.random.default_rng(60)
    theta = model.normalize(model.pack([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]], 0.0))
    x = model.sample(theta, 50, rng)
    noise = nr.GaussianNoise.from_data(x)
    y = noise.sample(70, rng)
    objective, fit = nr.NCEObjective(model, noise, x, y), nr.fit_mle(model, x, start=theta)
    matrix = model.unpack(theta)[0]
    bound = nr.cramer_rao_bound(model, theta)
    arrays = {
        "points": [
            x,
            y,
            objective.x,
            objective.y,
            nr.LikelihoodObjective(model, x).x,
            nr.LaplaceICANoise(matrix).sample(4, rng),
        ],
        "model": [
            matrix,
            model.log_density(theta, x),
            model.jacobian(theta, x),
            model.score(theta, x),
            model.random_start(rng),
        ],
        "gradients": [
            objective(theta)[1],
            model.pullback(theta, x, np.ones(50)),
            model.log_normalizer_gradient(theta),
        ],
        "theory": [
            nr.estimate_covariance(fit).covariance,
            bound.covariance,
            bound.information,
            bound.mean,
        ],
        "results": [fit.theta, nr.match_rows(matrix, matrix).B],
    }
    for name, some in arrays.items():
        assert all(a.dtype == np.float64 and a.flags.c_contiguous for a in some), name
    # What it hands out is a copy: writing on it must not part the points from their ln p_n.
    before = objective(theta)[0]
    objective.x[:] = 0.0
    objective.y[:] = 0.0
    assert objective(theta)[0] == before


def test_the_snippets_run_as_one_session():
    rng = np.random.default_rng(61)
    model = nr.LaplaceICA(n_sources=2)
    B_true = np.array([[1.0, 0.4], [-0.2, 1.5]])
    truth = model.normalize(model.pack(B_true, 0.0))
    x = model.sample(truth, 300, rng)
    noise = nr.GaussianNoise.from_data(x)
    y = noise.sample(450, rng)
    assert x.shape == (300, 2) and noise.log_density(y).shape == (450,)

    log_density, pullback = model.vjp(truth, x)
    assert log_density.shape == (300,) and pullback(np.ones(300)).shape == (5,)
    log_ratio_data, log_ratio_noise = (
        log_density - noise.log_density(x),
        model.log_density(truth, y) - noise.log_density(y),
    )
    value, (d_data, d_noise) = nr.nce_from_log_ratios(log_ratio_data, log_ratio_noise)
    assert d_data.shape == (300,) and d_noise.shape == (450,)
    objective = nr.NCEObjective(model, noise, x, y)
    assert (
        objective(truth)[0]
        == pytest.approx(value, rel=1e-13)
        == nr.nce_objective(model, truth, noise, x, y)[0]
    )
    likelihood, gradient = nr.log_likelihood(model, truth, x)
    assert isinstance(likelihood, float) and gradient.shape == (5,) and gradient[-1] == 0.0
    assert nr.check_gradient(objective, truth).ok

    fit = nr.fit_nce(model, noise, x, y, start=truth)
    again = nr.fit_nce(model, noise, x, y, n_starts=2, rng=rng)
    mle = nr.fit_mle(model, x, start=truth)
    for one, n_starts in ((fit, 1), (again, 2), (mle, 1)):
        assert type(one) is nr.Fit and {f.name for f in dataclasses.fields(one)} >= FIT
        assert (
            one.converged
            and one.is_local_maximum
            and one.stationarity <= 1e-8
            and len(one.starts) == n_starts
        )
        assert one.theta.shape == (5,) and one.status and one.message and one.n_evaluations > 0
        assert max(s.objective for s in one.starts) == one.objective
    assert mle.theta[-1] == -model.log_normalizer(mle.theta)

    # Errors of some 1/sqrt(300) times a spread below 3: five of them is 0.9, and this is one fixed seed.
    match = nr.match_rows(model.unpack(again.theta)[0], B_true)
    assert (
        match.squared_error < 0.9**2
        and match.B.shape == (2, 2)
        and sorted(match.permutation) == [0, 1]
    )
    assert set(match.signs) <= {-1.0, 1.0}
    assert (nr.estimate_covariance(fit).standard_errors > 0).all()
    cov = nr.asymptotic_covariance(
        model, truth, nr.GaussianNoise(np.zeros(2), np.linalg.inv(B_true.T @ B_true)), 1.5
    )
    crb = nr.cramer_rao_bound(model, truth)
    assert (
        cov.covariance.shape == crb.covariance.shape == (5, 5)
        and cov.integration_error < 1e-3
        and cov.method
    )
    assert (
        np.linalg.eigvalsh(cov.covariance - crb.covariance).min() > -1e-9
    )  # maximum likelihood is the better one
    with pytest.raises(ValueError, match=r"theta: .*normalize"):
        nr.asymptotic_covariance(model, truth + 0.1, noise, 1.5)


def test_the_toy_example_of_the_2012_paper():
    model, noise = nr.Gaussian(n_dim=1), nr.GaussianNoise([0.0], [[1.0]])
    rng = np.random.default_rng(62)
    x, y = model.sample([1.0, 0.0], 2000, rng), noise.sample(20_000, rng)
    fits = [
        nr.fit_nce(model, noise, x, y, start=start)
        for start in ([0.4, 0.0], [0.4, -2.3], [1.8, -2.0])
    ]
    # Sigma = 1.1 [[2, 1], [1, 1/2]]: standard errors 0.033 and 0.017; six of them, false alarm 4e-9.
    np.testing.assert_allclose(fits[0].theta, [1.0, -0.919], atol=0.2)
    for other in fits[1:]:
        np.testing.assert_allclose(
            other.theta, fits[0].theta, atol=1e-6
        )  # J is concave: one maximum


def test_theta_before_model_works_with_a_warning_and_gives_the_same():
    model, noise = nr.Gaussian(1), nr.GaussianNoise([0.0], [[2.0]])
    x, y, theta = [[1.0], [-0.5]], [[0.5], [2.0], [-1.0]], [0.8, -1.0]
    with pytest.warns(DeprecationWarning, match=r"nce_objective\(model, theta, noise, x, y\)"):
        old = nr.nce_objective(theta, model, noise, x, y)
    new = nr.nce_objective(model, theta, noise, x, y)
    assert old[0] == new[0] and np.array_equal(old[1], new[1])
    with pytest.warns(DeprecationWarning, match=r"log_likelihood\(model, theta, x\)"):
        old = nr.log_likelihood(theta, model, x)
    new = nr.log_likelihood(model, theta, x)
    assert old[0] == new[0] and np.array_equal(old[1], new[1])


def test_an_import_takes_nothing_of_the_caller_s_process():
    """No array above a megabyte is asked for before there is something to compute."""
    program = (
        "import numpy as np\n"
        "real, sizes = np.empty, [0]\n"
        "np.empty = lambda *a, **k: sizes.append((made := real(*a, **k)).nbytes) or made\n"
        "import nce_ref\n"
        "print(max(sizes))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 2**20
