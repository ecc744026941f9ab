"""Networks before the oracle: the package's own passes, other derivatives at a ReLU's kink are choices, vectors are
fair to frameworks."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref import oracle
from nce_ref.oracle.families.networks.objectives import FAMILY
from nce_ref.oracle.families.networks.objectives import RELU_KINK as RELU_MISTAKE
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.results import CHOICE
from tests.oracle.steps import Steps, evaluate

DTYPES = ("float32", "float64")
RELU = "mlp_relu_log_density"

ACTIVATIONS = ("tanh", "softplus", "relu")
NETWORKS = tuple(objective.name for objective in FAMILY.objectives)


def package(name):
    def implementation(layer_sizes, theta, u):
        model = nr.MLP([int(size) for size in layer_sizes], activation=name)
        ones = np.ones(len(u))
        return {
            "value": model.log_density(theta, u),
            "grad_theta": model.pullback(theta, u, ones),
            "grad_u": model.score(theta, u),
        }

    return implementation


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_packages_network_passes(name):
    report = oracle.check(package(name), f"mlp_{name}_log_density")
    assert report.ok and {result.status for result in report.results} == {"passed"}, str(report)


def test_theta_is_laid_out_as_the_packages():
    model = nr.MLP([2, 3, 1])
    theta = np.arange(float(model.n_params))
    for (W, b), (ours, our_b) in zip(
        model.unpack(theta), Steps().layers(np.array([2.0, 3.0, 1.0]), theta), strict=True
    ):
        np.testing.assert_array_equal(W, ours)
        np.testing.assert_array_equal(b, our_b)


class AtZero(Steps):
    def __init__(self, at_zero):
        self.at_zero = at_zero

    def relu(self, z):
        return np.maximum(z, 0.0), np.heaviside(z, z.dtype.type(self.at_zero))


def relu(at_zero, after=lambda outputs: outputs):
    return lambda **inputs: after(evaluate(AtZero(at_zero), RELU, inputs))


def kinked():
    return {v.id for v in oracle.cases(RELU, flags=["kink"]) if RELU_MISTAKE in v.kills}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("at_zero", [1.0, 0.5])
def test_another_derivative_of_relu_at_zero_is_a_choice(at_zero, dtype):
    report = oracle.check(relu(at_zero), RELU, dtype)
    assert (
        report.ok
        and {result.id for result in report.results if result.status == CHOICE} == kinked()
    )
    assert (
        str(report).count(
            f"{RELU_MISTAKE}: the derivative of max(z, 0) at z = 0 is {at_zero:g} here"
        )
        == 1
    )
    assert len(kinked()) >= 2 and CATALOGUE[RELU_MISTAKE].choice


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "implementation",
    [
        relu(2.0),
        relu(np.nan),
        relu(1.0, lambda outputs: {**outputs, "value": outputs["value"] + 0.01}),
        relu(1.0, lambda outputs: {**outputs, "grad_theta": outputs["grad_theta"] * 1.01}),
    ],
)
def test_what_no_choice_explains_fails(implementation, dtype):
    report = oracle.check(implementation, RELU, dtype)
    assert (
        not report.ok
        and {result.id for result in report.results if result.status == "failed"} >= kinked()
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("other", ACTIVATIONS)
def test_another_activation_is_named(name, other, dtype):
    if name != other:
        report = oracle.check(
            lambda **inputs: evaluate(Steps(), f"mlp_{other}_log_density", inputs),
            f"mlp_{name}_log_density",
            dtype,
        )
        assert not report.ok and report.diagnosis.best.id == f"{other}-given"
        assert f'"mlp_{other}_log_density"' in report.diagnosis.best.remedy


def pre_activations(name):
    for vector in oracle.cases(name):
        for z in vector.objective.saturating(vector.inputs):
            yield vector, z


def test_no_unit_lies_where_pytorchs_softplus_is_linear_by_choice():
    """Its threshold of 20 makes z in (20, 37) wrong by e^-z in float64."""
    for vector, z in pre_activations("mlp_softplus_log_density"):
        assert not ((z > 20) & (z < 36.8)).any(), vector.id


def test_relus_pre_activations_are_exactly_zero_or_far_from_it():
    """Exact in float32 in the kink vectors, whatever the order of the sums; elsewhere beyond any rounding: 8 units of
    2^-23 of some 10."""
    exact = 0
    for vector, z in pre_activations(RELU):
        assert (np.abs(z[z != 0]) > 1e-3).all(), vector.id
        if "kink" in vector.flags:
            theta, u = vector.inputs["theta"], vector.inputs["u"]
            assert (theta * 8 == np.round(theta * 8)).all() and (u * 8 == np.round(u * 8)).all(), (
                vector.id
            )
            exact += int((z == 0).sum())
    assert exact >= 6


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_asked_of_the_vectors_of_a_network(name):
    vectors = oracle.cases(name)
    sizes = {tuple(vector.inputs["layer_sizes"].astype(int)) for vector in vectors}
    assert {(1, 1), (2, 1), (2, 3, 1), (4, 5, 3, 1), (3, 3, 1)} <= sizes
    largest = [np.abs(z).max() for _, z in pre_activations(name)]
    assert any(40 <= z < 100 for z in largest) and any(z >= 800 for z in largest)
    square = next(vector for vector in vectors if vector.id.endswith("/hidden/square"))
    W = square.inputs["theta"][:9].reshape(3, 3)
    assert np.abs(W - W.T).max() > 0.5
    assert {len(vector.inputs["u"]) for vector in vectors} >= {1, 40}
