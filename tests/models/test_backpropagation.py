"""backpropagation.py by finite differences through the objective, with planted mistakes, and the kinks of ReLU."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.gradcheck import DISAGREES
from nce_ref.models.backpropagation import MLPPass
from tests.models.naive_mlp import NAMES, base_of


def objective_of(name, sizes=(2, 3, 3, 1)):
    rng = np.random.default_rng([35, NAMES.index(name)])
    noise = base_of(sizes[0])
    model = nr.MLP(sizes, name, base=noise)
    objective = nr.NCEObjective(
        model, noise, rng.laplace(size=(10, sizes[0])), noise.sample(25, rng)
    )
    return objective, model.random_start(rng) + 0.2 * rng.standard_normal(model.n_params)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_the_objective_by_finite_differences(name):
    objective, theta = objective_of(name)
    report = nr.check_gradient(objective, theta)
    assert report.ok, str(report)
    assert objective.kinks(theta).shape == ((6 * 35,) if name == "relu" else (0,))


def deltas(weight=lambda W: W, slope=lambda self, k: self.slopes[k]):
    """``MLPPass.deltas`` with a part exchanged."""

    def planted(self, weights):
        last = len(self.layers) - 1
        delta = weights[:, None]
        yield last, delta
        for below in reversed(range(last)):
            delta = (delta @ weight(self.layers[below + 1][0])) * slope(self, below)
            yield below, delta

    return planted


def pullback(weight_part, bias_part):
    def planted(self, weights):
        parts = []
        for k, delta in self.deltas(weights):
            parts = [weight_part(self, k, delta).ravel(), bias_part(delta), *parts]
        return np.concatenate(parts)

    return planted


def right_weight(self, k, delta):
    return delta.T @ self.inputs[k]


def right_bias(delta):
    return delta.sum(axis=0)


def unactivated(self, k, delta):
    return delta.T @ (self.sums[k - 1] if k else self.inputs[0])


def transposed(self, k, delta):
    right = right_weight(self, k, delta)
    return right.T if k == 1 else right


PLANTS = {
    "W transposed": ("deltas", deltas(weight=lambda W: W.T if W.shape[0] == W.shape[1] else W)),
    "activation's derivative missing": ("deltas", deltas(slope=lambda self, k: 1.0)),
    "derivative of another layer": ("deltas", deltas(slope=lambda self, k: self.slopes[1 - k])),
    "derivative of the output instead of the sum": (
        "deltas",
        deltas(slope=lambda self, k: self.phi.derivative(self.inputs[k + 1])),
    ),
    "bias averaged instead of summed": (
        "pullback",
        pullback(right_weight, lambda delta: delta.mean(axis=0)),
    ),
    "bias forgotten": ("pullback", pullback(right_weight, lambda delta: 0.0 * delta.sum(axis=0))),
    "weights averaged": (
        "pullback",
        pullback(lambda self, k, delta: right_weight(self, k, delta) / len(delta), right_bias),
    ),
    "input before the activation": ("pullback", pullback(unactivated, right_bias)),
    "W's gradient transposed": ("pullback", pullback(transposed, right_bias)),
}
# Without activation these are no mistakes; and the ReLU of a number is above 0 exactly where the number is.
HARMLESS = {
    ("identity", plant) for plant in PLANTS if "derivative" in plant or "before" in plant
} | {("relu", "derivative of the output instead of the sum")}
PLANTED_IN = (
    "tanh",
    "relu",
)  # the code has one path for all; identity shows why it is no test of back-propagation


@pytest.mark.parametrize("name", PLANTED_IN)
def test_back_propagation_written_again_passes(name, monkeypatch):
    objective, theta = objective_of(name)
    monkeypatch.setattr(MLPPass, "deltas", deltas())
    monkeypatch.setattr(MLPPass, "pullback", pullback(right_weight, right_bias))
    assert nr.check_gradient(objective, theta).ok


@pytest.mark.parametrize(
    "name, plant",
    [(name, plant) for name in PLANTED_IN for plant in PLANTS]
    + [("identity", "activation's derivative missing")],
)
def test_a_planted_mistake_is_seen(name, plant, monkeypatch):
    objective, theta = objective_of(name)
    monkeypatch.setattr(MLPPass, *PLANTS[plant])
    report = nr.check_gradient(objective, theta)
    assert bool(report.indices(DISAGREES)) == ((name, plant) not in HARMLESS), str(report)


# --- kinks of ReLU --------------------------------------------------------------------------------


def test_a_unit_beside_its_kink_fools_a_plain_difference_and_not_the_check():
    """One point's first-layer sum is put 0.3 h from 0, h = 1e-6: a central difference is off by 0.35 of the slope's
    jump."""
    h = 1e-6
    objective, theta = objective_of("relu", sizes=(2, 4, 1))
    model, u = objective.model, objective.x
    t = int(
        np.argmax(np.abs(model.jacobian(theta, u)[:, 8]))
    )  # a point where unit 0 is on: d/d b_0 is not 0
    theta[8] -= model.kinks(theta, u).arguments[0, t] - 0.3 * h  # b_0 of the first layer
    gradient = objective(theta)[1]
    step = h * np.eye(len(theta))[8]
    plain = (objective(theta + step)[0] - objective(theta - step)[0]) / (2 * h)
    assert abs(plain - gradient[8]) > 1e-5 * abs(gradient[8]), (
        "a plain check would have raised a false alarm"
    )
    # Steps of 3e-8 see some 3e-16 / 3e-8 / |gradient|: 1e-5 is out of reach beside the kink, and the report would say
    # so.
    report = nr.check_gradient(objective, theta, resolution=1e-3)
    assert (
        report.ok
        and "cross a kink" in report.coordinates[8].note
        and report.coordinates[8].step < 0.3 * h
    ), str(report)


def test_on_a_kink_the_derivative_is_zero_and_the_check_says_not_checked():
    model = nr.MLP([1, 1, 1], "relu")
    theta = model.pack([([[1.0]], [0.0]), ([[2.0]], [0.5])])
    np.testing.assert_array_equal(
        model.jacobian(theta, [[0.0], [1.0]]), [[0.0, 0.0, 0.0, 1.0], [2.0, 2.0, 1.0, 1.0]]
    )
    np.testing.assert_array_equal(model.score(theta, [[0.0], [1.0], [-1.0]]), [[0.0], [2.0], [0.0]])

    def fun(t):
        return model.log_density(t, [[0.0]])[0], model.jacobian(t, [[0.0]])[0]

    report = nr.check_gradient(
        fun, theta, kinks=lambda t: model.kinks(t, [[0.0]]).arguments.ravel()
    )
    assert report.coordinates[1].status == "not checked"


def test_equal_signs_at_both_ends_of_a_step_mean_that_none_changed_between():
    """The claim of ``UnitKinks``, with three hidden layers, where sums are not monotone along a coordinate in
    general."""
    rng = np.random.default_rng(36)
    model = nr.MLP([2, 4, 4, 4, 1], "relu")
    u, same = rng.standard_normal((3, 2)), 0
    for _ in range(600):
        theta, k = (
            model.random_start(rng) + 0.3 * rng.standard_normal(model.n_params),
            rng.integers(model.n_params),
        )
        along = [
            np.sign(model.kinks(theta + s * np.eye(model.n_params)[k], u).arguments)
            for s in np.linspace(0.0, rng.normal(), 9)
        ]
        if np.array_equal(along[0], along[-1]):
            same += 1
            assert all(np.array_equal(along[0], between) for between in along)
    assert same > 100


def test_smooth_activations_have_none():
    for name in set(NAMES) - {"relu"}:
        model = nr.MLP([2, 3, 1], name)
        assert model.kinks(np.zeros(model.n_params), np.ones((5, 2))).arguments.shape == (0, 5)
