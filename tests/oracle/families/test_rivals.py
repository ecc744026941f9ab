"""NCE's rivals before the oracle: the package's own passes, booleans and conventions are read as they are meant,
vectors are fair."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import hmc, oracle
from nce_ref.importance import log_mean_exp
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.results import CHOICE
from tests.oracle.families.right_rivals import RIVALS
from tests.oracle.steps import Steps, evaluate

DTYPES = ("float32", "float64")
KERNEL, ICA, SCORE, GAUSSIAN, LAPLACE, DECISION = RIVALS


def importance(log_model_data, log_model_noise, log_noise_noise):
    log_Z = log_mean_exp(log_model_noise - log_noise_noise)
    return {"value": log_model_data.mean() - log_Z, "log_normalizer": log_Z}


def importance_of_ica(B, x, y, noise_mean, noise_cov):
    value, gradient = nr.ImportanceSamplingObjective(
        nr.LaplaceICA(len(B)), nr.GaussianNoise(noise_mean, noise_cov), x, y
    )(B.ravel())
    return {"value": value, "grad_B": gradient.reshape(B.shape)}


def score_matching(B, x, slope):
    value, gradient = nr.ScoreMatchingObjective(nr.LaplaceICA(len(B)), x, slope)(B.ravel())
    return {"value": value, "grad_B": gradient.reshape(B.shape)}


def leapfrog(model, theta, u, momentum, step_size, n_steps):
    end, p = hmc.leapfrog(lambda q: model.score(theta, q), u, momentum, step_size, int(n_steps))
    change = -hmc.log_acceptance(
        model.log_density(theta, u), momentum, model.log_density(theta, end), p
    )
    return {"u_after": end, "momentum_after": p, "energy_change": change}


def leapfrog_gaussian(precision, **state):
    model = nr.Gaussian(len(precision))
    return leapfrog(model, model.pack(precision, 0.0), **state)


def leapfrog_laplace_ica(B, **state):
    model = nr.LaplaceICA(len(B))
    return leapfrog(model, model.pack(B, 0.0), **state)


def decision(energy_before, energy_after, uniforms):
    log_ratio = energy_before - energy_after
    return {
        "probability": np.exp(np.minimum(log_ratio, 0.0)),
        "accepted": hmc.metropolis(log_ratio, uniforms),
    }


PACKAGE = dict(
    zip(
        RIVALS,
        (
            importance,
            importance_of_ica,
            score_matching,
            leapfrog_gaussian,
            leapfrog_laplace_ica,
            decision,
        ),
    )
)


@pytest.mark.parametrize("name", RIVALS)
def test_the_package_passes(name):
    report = oracle.check(PACKAGE[name], name)
    assert report.ok and {result.status for result in report.results} == {"passed"}, str(report)


PLANTS = {
    KERNEL: lambda **a: {**importance(**a), "log_normalizer": -importance(**a)["log_normalizer"]},
    ICA: lambda **a: {"grad_B": importance_of_ica(**a)["grad_B"].T},
    SCORE: lambda B, x, slope: score_matching(B, x, 10.0),
    GAUSSIAN: lambda n_steps, **a: leapfrog_gaussian(n_steps=n_steps + 1, **a),
    LAPLACE: lambda B, **a: leapfrog_laplace_ica(B.T, **a),
    DECISION: lambda energy_before, energy_after, uniforms: decision(
        energy_after, energy_before, uniforms
    ),
}
NAMED = {
    KERNEL: "is-c-for-log-normalizer",
    ICA: "gradient-transposed",
    SCORE: "sm-slope-ten",
    GAUSSIAN: "leapfrog-one-step-more",
    LAPLACE: "sources-transposed",
    DECISION: "metropolis-sign",
}


@pytest.mark.parametrize(("name", "mistake"), NAMED.items())
def test_a_slip_in_the_use_of_the_package_is_named(name, mistake):
    report = oracle.check(PLANTS[name], name)
    assert (
        not report.ok and report.diagnosis.best is not None and report.diagnosis.best.id == mistake
    )


# --- decisions ------------------------------------------------------------------------------------


def decide(accepted):
    return lambda **inputs: {
        **evaluate(Steps(), DECISION, inputs),
        "accepted": accepted(decision(**inputs)["accepted"]),
    }


@pytest.mark.parametrize(
    "accepted", [lambda a: a, lambda a: a.tolist(), lambda a: a.astype(int), lambda a: a * 1.0]
)
def test_booleans_and_numbers_are_decisions(accepted):
    assert oracle.check(decide(accepted), DECISION).ok


@pytest.mark.parametrize(
    "accepted", [lambda a: ~a, lambda a: a * 0.5, lambda a: [str(v) for v in a], lambda a: a | True]
)
def test_what_is_another_decision_or_none_fails(accepted):
    assert not oracle.check(decide(accepted), DECISION).ok


def test_a_boolean_is_no_number_elsewhere():
    report = oracle.check(
        lambda **inputs: {"probability": decision(**inputs)["accepted"]}, DECISION
    )
    assert {result.status for result in report.results} == {
        "errored"
    } and "got booleans" in report.results[0].message


# --- conventions ----------------------------------------------------------------------------------


def test_sense_and_reduction_leave_the_normaliser_alone():
    convention = Convention("minimise", "sum")

    def loss(**inputs):
        found, n_data = evaluate(Steps(), KERNEL, inputs), len(inputs["log_model_data"])
        return {
            name: value if name == "log_normalizer" else -n_data * value
            for name, value in found.items()
        }

    assert oracle.check(loss, KERNEL, convention=convention).ok

    def everything(**inputs):
        return {name: -value for name, value in evaluate(Steps(), KERNEL, inputs).items()}

    report = oracle.check(everything, KERNEL, convention=Convention("minimise"))
    assert {c.output for result in report.failed for c in result.comparisons if not c.passed} == {
        "log_normalizer"
    }


# --- kinks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_another_derivative_at_a_kink_is_a_choice_for_importance_sampling(dtype):
    report = oracle.check(
        lambda **inputs: CATALOGUE["kink-convention"].evaluate(ICA, inputs), ICA, dtype
    )
    kinked = {vector.id for vector in oracle.cases(ICA, flags=["kink"])}
    assert report.ok and len(kinked) >= 3
    assert {result.id for result in report.results if result.status == CHOICE} <= kinked
    assert "the derivative of |s| at s = 0 is 1 here, 0 in the vectors" in str(report)


def test_beyond_a_generalised_derivative_it_is_wrong():
    def twice(**inputs):
        right, other = (
            evaluate(Steps(), ICA, inputs),
            CATALOGUE["kink-convention"].evaluate(ICA, inputs),
        )
        return {**right, "grad_B": 2.0 * other["grad_B"] - right["grad_B"]}

    assert not oracle.check(twice, ICA).ok


def test_the_exact_normaliser_is_recognised():
    report = oracle.check(
        lambda **inputs: evaluate(
            Steps(), "laplace_ica_mle", {name: inputs[name] for name in ("B", "x")}
        ),
        ICA,
    )
    assert (
        report.diagnosis.best.id == "exact-normaliser"
        and '"laplace_ica_mle"' in report.diagnosis.best.remedy
    )


# --- what the texts say about an estimate
# ------------------------------------------------------------------------------------

# A sample on three states, ln p_n that of the noise sample: the maximum over all functions is known state by state.
DATA, NOISE = np.array([3, 2, 5]), np.array([10, 4, 11])
AT_DATA, AT_NOISE = np.repeat(np.arange(3), DATA), np.repeat(np.arange(3), NOISE)
LOG_DATA, LOG_NOISE = np.log(DATA / 10), np.log(NOISE / 25)


def on_states(id, log_model):
    inputs = {
        "log_model_data": log_model[AT_DATA],
        "log_model_noise": log_model[AT_NOISE],
        "log_noise_noise": LOG_NOISE[AT_NOISE],
    }
    found = CATALOGUE[id].evaluate(KERNEL, inputs) if id else evaluate(Steps(), KERNEL, inputs)
    grad = np.append(found["grad_log_model_data"], found["grad_log_model_noise"])
    return found["log_normalizer"], np.bincount(np.append(AT_DATA, AT_NOISE), weights=grad)


@pytest.mark.parametrize(
    ("id", "optimum"), [("", LOG_DATA), ("is-no-log-noise", LOG_DATA - LOG_NOISE)]
)
def test_the_optimum_is_where_the_text_has_it(id, optimum):
    """Slopes of size 0.1 vanish there to rounding, whatever constant is added: J does not see c."""
    for constant in (0.0, -3.0):
        assert np.abs(on_states(id, optimum + constant)[1]).max() < 1e-15
    assert np.abs(on_states(id, optimum + 0.01 * np.arange(3))[1]).max() > 1e-4


@pytest.mark.parametrize(
    ("id", "shift"),
    [("is-summed", -np.log(25)), ("is-per-data", -np.log(2.5)), ("is-log-nu", np.log(2.5))],
)
def test_a_constant_slip_moves_c_by_what_the_text_says(id, shift):
    """c-hat = -ln Z at the maximum, which stays where it is."""
    log_Z, slopes = on_states(id, LOG_DATA)
    assert np.abs(slopes).max() < 1e-15
    assert -(log_Z - on_states("", LOG_DATA)[0]) == pytest.approx(shift, rel=1e-13)


def test_the_bias_of_score_matching_is_that_of_the_slope_asked_for():
    """The best factor of an orthogonal B: 1.064 at slope 10, and sm-slope-ten has it at slope 2 as well (2000 quantiles
    for data)."""
    level = (np.arange(2000) + 0.5) / 2000
    x = (np.sign(level - 0.5) * -np.log(1 - np.abs(2 * level - 1)) / np.sqrt(2))[:, None]

    def best(answer):
        factors = np.linspace(0.4, 1.4, 201)
        return factors[np.argmax([answer(factor) for factor in factors])]

    def loss(id, slope):
        steps = (
            CATALOGUE[id].evaluate if id else lambda name, inputs: evaluate(Steps(), name, inputs)
        )
        return best(
            lambda factor: steps(SCORE, {"B": np.array([[factor]]), "x": x, "slope": slope})[
                "value"
            ]
        )

    assert loss("", 10.0) == pytest.approx(1.064, abs=0.006) and loss("sm-slope-ten", 2.0) == loss(
        "", 10.0
    )
    assert abs(loss("", 2.0) - 1.064) > 0.02
    assert loss("sm-no-half", 10.0) < 0.6 < loss("sm-doubled", 10.0) == loss("", 10.0)


# --- what is asked of the vectors
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [KERNEL, ICA])
def test_weights_reach_from_underflow_to_overflow(name):
    log_w = [vector.objective.exponents(vector.inputs) for vector in oracle.cases(name)]
    assert any(w.max() > 710 for w in log_w) and any(w.max() < -89 for w in log_w)
    assert any(
        len(w) > 2 and np.exp(w - w.max()).sum() < 1.01 for w in log_w
    )  # one point carries all
    assert {len(w) for w in log_w} >= {1}


def test_slopes_and_saturation_of_score_matching():
    vectors = oracle.cases(SCORE)
    assert {vector.inputs["slope"] for vector in vectors} >= {0.5, 1.0, 3.0, 10.0, 64.0}
    largest = [np.abs(vector.objective.exponents(vector.inputs)).max() / 2 for vector in vectors]
    assert (
        any(19 < z < 350 for z in largest)
        and any(z > 710 for z in largest)
        and sum(z < 19 for z in largest) >= 10
    )


def test_trajectories_keep_clear_of_kinks_and_cross_them():
    """2^-9 beside errors of some 1e-6 in float32: no rounding takes a source to the other side."""
    nearest = [
        np.abs(s).min()
        for vector in oracle.cases(LAPLACE)
        for s in vector.objective.visited(vector.inputs)
    ]
    assert min(nearest) >= 2.0**-9
    assert len(oracle.cases(LAPLACE, flags="crossing")) >= 8
    assert {
        vector.inputs["n_steps"] for name in (LAPLACE, GAUSSIAN) for vector in oracle.cases(name)
    } >= {1.0, 2.0, 3.0, 5.0, 10.0}


def test_decisions_are_clear_and_of_both_kinds():
    vectors = oracle.cases(DECISION)
    change = np.concatenate(
        [vector.inputs["energy_after"] - vector.inputs["energy_before"] for vector in vectors]
    )
    accepted = np.concatenate([vector.expected["accepted"].value for vector in vectors])
    assert set(accepted) == {0.0, 1.0} and change.min() < -710 and change.max() > 710
    upwards = change > 0
    assert min((accepted[upwards] == 1).sum(), (accepted[upwards] == 0).sum()) >= 5
