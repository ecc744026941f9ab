"""The textbook's steps: right to derived bounds in both dtypes, tails included; value and gradient of one function in
every step.

The bounds are those of float64_bounds.py with U = 2^-24 and the subnormals' ulp of float32 put in for float32.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.oracle.diagnosis.observed import HARD
from nce_ref.oracle.families.networks.objectives import FAMILY
from nce_ref.oracle.mistakes import CATALOGUE, GROUPS
from nce_ref.oracle.objectives import EVERY, OBJECTIVES
from nce_ref.oracle.vectors import cases
from tests.oracle import exact_forms as exact
from tests.oracle import float64_bounds as bounds
from tests.oracle.steps import Steps, evaluate

pytestmark = pytest.mark.long

SHIFTS = (
    0.0,
    40.0,
    -40.0,
    800.0,
    -800.0,
)  # of c: every data or every noise point on the wrong side
ROUNDINGS = {"float64": (2.0**-53, 2.0**-1070), "float32": (2.0**-24, 2.0**-145)}
HAND = {mistake.id for title, group in GROUPS if "written by hand" in title for mistake in group}
# A value of whole numbers has no derivative.
HAND |= {"sum-truncated"}


@pytest.fixture(params=["float64", "float32"])
def dtype(request, monkeypatch):
    """The dtype, with the bounds' rounding units set to it."""
    for name, value in zip(("U", "TINY"), ROUNDINGS[request.param]):
        monkeypatch.setattr(bounds, name, value)
    return request.param


def problem(n, seed, dtype, n_data=4, n_noise=10):
    """Inputs exact in dtype, nu = 2.5: (B, precision, x, y, mean, cov) as float64; cov has eigenvalues from 0.1 to
    4."""
    rng = np.random.default_rng([seed, n])
    B = rng.standard_normal((n, n)) + 1.5 * np.eye(n)
    frame, other = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    cov, precision = (
        frame @ np.diag(np.geomspace(0.1, 4.0, n)) @ frame.T,
        other @ np.diag(np.geomspace(0.3, 3.0, n)) @ other.T,
    )
    mean = rng.standard_normal(n)
    x, y = (
        rng.laplace(size=(n_data, n)) @ np.linalg.inv(B).T,
        rng.multivariate_normal(mean, cov, n_noise),
    )
    return [
        a.astype(dtype).astype(np.float64)
        for a in (B, (precision + precision.T) / 2, x, y, mean, (cov + cov.T) / 2)
    ]


def answer(objective, dtype, **inputs):
    """What the right steps return for arguments in that dtype."""
    return evaluate(
        Steps(),
        objective,
        {k: v.astype(dtype) if isinstance(v, np.ndarray) else v for k, v in inputs.items()},
    )


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("shift", SHIFTS)
def test_nce_of_models(n, shift, dtype):
    B, precision, x, y, mean, cov = problem(n, 1, dtype)
    c, samples = 0.25 + shift, {"x": x, "y": y, "noise_mean": mean, "noise_cov": cov}
    got = answer("laplace_ica_nce", dtype, B=B, c=c, **samples)
    assert bounds.agrees(
        got,
        exact.laplace_ica_nce(B, c, **samples),
        bounds.bound_laplace_ica_nce(B, c, x, y, mean, cov),
    )
    got = answer("gaussian_nce", dtype, precision=precision, c=c, **samples)
    want, bound = (
        exact.gaussian_nce(precision, c, **samples),
        bounds.bound_gaussian_nce(precision, c, x, y, mean, cov),
    )
    assert bounds.agrees(got, want, bound)
    assert not bounds.agrees({**got, "value": -got["value"]}, want, bound)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_log_densities_and_likelihood(n, dtype):
    B, _, x, y, mean, cov = problem(n, 2, dtype)
    of_model, of_noise, _ = bounds.bound_log_densities(B, 0.25, y, mean, cov)
    got = answer("laplace_ica_log_density", dtype, B=B, c=0.25, u=y)
    assert bounds.agrees(got, exact.laplace_ica_log_density(B, 0.25, y), {"value": of_model})
    got = answer("gaussian_log_density", dtype, u=y, mean=mean, cov=cov)
    assert bounds.agrees(got, exact.gaussian_log_density(y, mean, cov), {"value": of_noise})
    got = answer("laplace_ica_mle", dtype, B=B, x=x)
    assert bounds.agrees(got, exact.laplace_ica_mle(B, x), bounds.bound_laplace_ica_mle(B, x))


@pytest.mark.parametrize("scale", [1.0, 40.0, 800.0])
def test_nce_from_log_ratios(scale, dtype):
    rng = np.random.default_rng(6)
    data, noise = (
        (scale * rng.standard_normal(k)).astype(dtype).astype(np.float64) for k in (4, 10)
    )
    data[:2], noise[:2] = (scale, -scale), (-scale, scale)
    want, bound = exact.nce_from_log_ratios(data, noise, 2.5), bounds.bound_nce(data, noise, 2.5)
    assert bounds.agrees(
        answer("nce_from_log_ratios", dtype, log_ratio_data=data, log_ratio_noise=noise, nu=2.5),
        want,
        bound,
    )
    # binary_nce at ln p_n = 0 differences nothing, so its bound is the same.
    got = answer(
        "binary_nce",
        dtype,
        log_model_data=data,
        log_model_noise=noise,
        log_noise_data=0 * data,
        log_noise_noise=0 * noise,
        nu=2.5,
    )
    renamed = {name.replace("model", "ratio"): value for name, value in got.items()}
    assert bounds.agrees(renamed, want, bound)


def test_binary_nce_is_nce_of_the_difference(dtype):
    """With ln p_n halves of integers and ln p_m integers, the difference is exact, so both answers are bit for bit the
    same."""
    rng = np.random.default_rng(7)
    model, noise = (rng.integers(-40, 40, (2, 10)).astype(dtype) for _ in range(2))
    noise /= 2
    inputs = {
        "log_model_data": model[0, :4],
        "log_model_noise": model[1],
        "log_noise_data": noise[0, :4],
        "log_noise_noise": noise[1],
    }
    got = evaluate(Steps(), "binary_nce", {**inputs, "nu": 2.5})
    ratios = {"log_ratio_data": model[0, :4] - noise[0, :4], "log_ratio_noise": model[1] - noise[1]}
    want = evaluate(Steps(), "nce_from_log_ratios", {**ratios, "nu": 2.5})
    for a, b in zip(got.values(), want.values()):
        np.testing.assert_array_equal(a, b)


def test_kernels(dtype):
    """8 U = 4 ulp, as float64_bounds.py takes for ln sigma; sigma' has one factor more."""
    t = np.concatenate(
        [
            np.linspace(-20.0, 20.0, 41),
            [s * size for s in (-1, 1) for size in (2.0**-12, 36.75, 40.0, 90.0, 110.0, 800.0)],
        ]
    )
    for objective, formula in (("log_sigmoid", exact.log_sigmoid), ("sigmoid", exact.sigmoid)):
        got, want = answer(objective, dtype, t=t), formula(t)
        bound = {
            name: 8 * bounds.U * np.abs(np.array(values, dtype=float)) + bounds.TINY
            for name, values in want.items()
        }
        assert bounds.agrees(got, want, bound)


def everything(dtype):
    """Arguments of every objective, n = 2, nu = 2.5, B not symmetric, det B > 0; moderate but for one t at which clips
    are active."""
    B, precision, x, y, mean, cov = problem(2, 11, dtype, 2, 5)
    B[0] *= np.sign(np.linalg.det(B))
    G = {"data": np.array([-2.5, 1.5]), "noise": np.array([-3.25, -1.0, 2.0, 0.5, 0.25])}
    noise = {"data": np.array([-0.5, -1.25]), "noise": np.array([0.5, -1.75, -0.75, 0.25, -2.0])}
    samples = {"x": x, "y": y, "noise_mean": mean, "noise_cov": cov}
    inputs = {
        "log_sigmoid": {"t": np.array([-25.0, -6.0, -1.25, 0.5, 8.0])},
        "sigmoid": {"t": np.array([-6.0, -1.25, 0.5, 8.0])},
        "nce_from_log_ratios": {
            "log_ratio_data": G["data"],
            "log_ratio_noise": G["noise"],
            "nu": 2.5,
        },
        "binary_nce": {
            **{f"log_model_{k}": G[k] + noise[k] for k in G},
            **{f"log_noise_{k}": noise[k] for k in noise},
            "nu": 2.5,
        },
        "gaussian_log_density": {"u": y, "mean": mean, "cov": cov},
        "laplace_ica_log_density": {"B": B, "c": -0.75, "u": y},
        "laplace_ica_nce": {"B": B, "c": -0.75, **samples},
        "laplace_ica_mle": {"B": B, "x": x},
        "gaussian_nce": {"precision": precision, "c": -0.75, **samples},
    }
    # 2-3-2-1: two hidden layers, no weight matrix square.
    weights = np.random.default_rng(13).standard_normal(20)
    network = {
        "layer_sizes": np.array([2.0, 3.0, 2.0, 1.0]),
        "theta": weights.astype(dtype),
        "u": y,
    }
    inputs |= dict.fromkeys((objective.name for objective in FAMILY.objectives), network)
    inputs |= {
        "importance_sampling_from_log_densities": {
            "log_model_data": G["data"],
            "log_model_noise": 8 * G["noise"],  # beyond e^20 on either side, where clips are active
            "log_noise_noise": noise["noise"],
        },
        "laplace_ica_importance_sampling": {"B": B, **samples},
        "laplace_ica_score_matching": {"B": B, "x": x, "slope": 2.5},
        "leapfrog_gaussian": {
            "precision": precision,
            "u": x,
            "momentum": y[:2],
            "step_size": 0.375,
            "n_steps": 3.0,
        },
        "leapfrog_laplace_ica": {
            "B": B,
            "u": x,
            "momentum": y[:2],
            "step_size": 0.375,
            "n_steps": 3.0,
        },
        "metropolis_decision": {
            "energy_before": G["noise"],
            "energy_after": noise["noise"],
            "uniforms": np.linspace(0.125, 0.875, 5),
        },
    }
    found = {
        name: {k: v.astype(dtype) if isinstance(v, np.ndarray) else v for k, v in of.items()}
        for name, of in inputs.items()
    }
    later = [name for name in (*FUNCTIONS, *LAYOUTS) if name not in found]
    return found | {name: plainest(name).arguments(dtype) for name in later}


def plainest(name):
    """The stored vector of an objective with the most numbers, outside tails and kinks."""
    easy = [v for v in cases(name) if not any(flag.startswith(HARD) for flag in v.flags)]
    return max(easy, key=lambda vector: sum(np.size(value) for value in vector.inputs.values()))


FUNCTIONS = [name for name, objective in OBJECTIVES.items() if objective.kind == "function"]
LAYOUTS = [name for name in EVERY if name not in OBJECTIVES]
INPUTS = everything("float64")
ANSWERERS = {"right": lambda objective, inputs: evaluate(Steps(), objective, inputs)} | {
    m.id: m.evaluate for m in CATALOGUE.values() if EVERY[m.objectives[0]].kind == "function"
}


def places(name):
    """Where an answerer is asked: the flat objectives, other layouts of the noise where a mistake is made in these
    alone."""
    if name not in CATALOGUE:
        return list(OBJECTIVES)
    flat = [objective for objective in CATALOGUE[name].objectives if objective in OBJECTIVES]
    return flat or list(CATALOGUE[name].objectives)


def is_consistent(evaluate_it, objective):
    """Whether every derivative that is returned is that of the returned value, by differences that know their error."""
    derivatives = [output for output in EVERY[objective].outputs if output.derivative_of]
    if objective in ("log_sigmoid", "sigmoid"):  # elementwise

        def at(theta):
            got = evaluate_it(
                objective, {"t": np.append(theta, 1.0)}
            )  # another point beside it must make no difference
            return float(got["value"][0]), got["grad"][:1]

        return all(nr.check_gradient(at, [t]).ok for t in INPUTS[objective]["t"])

    start = [np.atleast_1d(INPUTS[objective][output.derivative_of]) for output in derivatives]
    ends = np.cumsum([a.size for a in start])[:-1]

    def fun(theta):
        parts = (
            part.reshape(a.shape)
            if np.ndim(INPUTS[objective][output.derivative_of])
            else float(part[0])
            for part, a, output in zip(np.split(theta, ends), start, derivatives)
        )
        got = evaluate_it(
            objective,
            {**INPUTS[objective], **dict(zip((o.derivative_of for o in derivatives), parts))},
        )
        return float(np.sum(got["value"])), np.concatenate(
            [np.ravel(got[output.name]) for output in derivatives]
        )

    theta = np.concatenate([a.ravel() for a in start])
    # Along two general directions: a wrong gradient is at right angles to its error in neither.
    directions = np.random.default_rng(8).uniform(0.5, 1.5, (2, len(theta))) * np.where(
        np.arange(len(theta)) % 2, -1.0, 1.0
    )

    def along(direction):
        def at(step):
            value, grad = fun(theta + step[0] * direction)
            return value, np.array([grad @ direction])

        return at

    return all(nr.check_gradient(along(direction), [0.0]).ok for direction in directions)


PAIRS = [
    (name, objective)
    for name in ANSWERERS
    for objective in places(name)
    if EVERY[objective].kind == "function"
    and any(output.derivative_of for output in EVERY[objective].outputs)
]


@pytest.mark.parametrize(("name", "objective"), PAIRS)
def test_a_slip_in_a_step_is_consistent_and_a_slip_of_the_hand_is_not(name, objective):
    assert is_consistent(ANSWERERS[name], objective) == (name not in HAND)


@functools.cache
def read_only(dtype):
    """``everything``, which nobody can change, hence made once."""
    inputs = everything(dtype)
    for array in (array for of in inputs.values() for array in of.values()):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return inputs


@pytest.mark.parametrize("name", ANSWERERS)
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_the_dtype_is_kept_and_nothing_is_written_to_the_inputs(name, kind):
    """-0.0 is written over 0.0 by nobody: inputs are read-only here. Scalars too must be of the dtype, or Python
    floats."""
    inputs = read_only(kind)
    for objective in CATALOGUE[name].objectives if name in CATALOGUE else FUNCTIONS:
        got = ANSWERERS[name](objective, inputs[objective])
        expected = {output.name for output in EVERY[objective].outputs}
        assert set(got) == expected
        assert {
            np.asarray(value).dtype.name for value in got.values() if not isinstance(value, float)
        } <= {kind}


def test_steps_know_the_objectives_of_kind_function_and_no_other():
    assert set(INPUTS) == {*FUNCTIONS, *LAYOUTS}
    with pytest.raises(KeyError):
        evaluate(Steps(), "asymptotic_covariance", {})
