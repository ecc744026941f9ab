"""Each fault is measured, and the measurement vanishes where the fault is taken out: small runs with fixed seeds.

The planted corrections change one name in the experiment's module. Bounds: stated beside each, from the scatter of a
pilot.
"""

import numpy as np
import pytest

from nce_ref import GaussianNoise
from paper_replication.walkthrough import problem
from paper_replication.walkthrough.experiments import (
    as_published,
    ica_faults,
    mismatched_noise,
    naive_logarithm,
    network_faults,
    right,
)
from paper_replication.walkthrough.training import network, train

SMALL = {"epochs": [15, 5], "n_test": 2000}


def rng(seed=0):
    return np.random.default_rng([606, seed])


@pytest.fixture(scope="module")
def faults():
    return network_faults.run(SMALL, rng())


def test_as_published():
    result = as_published.run({"n_test": 2000}, rng())
    assert result["loss.last"] < result["loss.first"] - 3.0
    assert result["loss.own"] > result["loss.optimal"] + 0.1
    assert abs(result["correlation"]) < 0.2  # pilot: 0.02
    assert result["log_ratio.data"] > 36.7 > result["log_ratio.noise"]
    assert (
        as_published.run({"n_test": 2000}, rng()) == result
    )  # a pure function of parameters and generator


def test_another_mixing_matrix(faults, monkeypatch):
    excess = (
        faults["loss.other"]
        - faults["loss.other.optimal"]
        - faults["loss.own"]
        + faults["loss.own.optimal"]
    )
    assert excess > 0.2  # pilot: 0.75 with a scatter of 0.3
    mixing = np.diag([1.0, 2.0, 1.0, 0.5])
    monkeypatch.setattr(network_faults, "random_mixing", lambda n, rng: mixing)
    same = network_faults.run(SMALL, rng())
    # Both samples are of one law now: 2000 points each, standard error of the difference 0.015.
    assert same["loss.other"] == pytest.approx(same["loss.own"], abs=0.07)


def test_no_activation(faults, monkeypatch):
    assert faults["affine.growth"] > 4.0 * np.log(2.0) and abs(faults["growth"]) < 0.2
    assert faults["affine.loss.own"] > faults["loss.own"] + 0.1
    monkeypatch.setattr(
        network_faults,
        "published_network",
        lambda: network(GaussianNoise(np.zeros(4), 4.0 * np.eye(4))),
    )
    assert network_faults.run(SMALL, rng())["affine.growth"] < 1.0


def test_the_training_noise_again(monkeypatch):
    assert (
        network_faults.run({"n_test": 2000}, rng())["flattery"] > 0.01
    )  # pilot: 0.034, scatter 0.009

    def redrawn(model, noise, x, rng, epochs, y):
        return train(model, noise, x, rng, epochs, n_noise=len(y))

    monkeypatch.setattr(network_faults, "train", redrawn)
    # The network never saw y: what is left is the scatter of 1000 and 2000 noise points.
    assert abs(network_faults.run({"n_test": 2000}, rng())["flattery"]) < 0.02


def test_sources_of_variance_two(monkeypatch):
    result = ica_faults.run({"n_test": 2000}, rng())
    # Standard errors at 1000 points: 0.02 for the mean diagonal, 0.1 for c: five of them.
    assert result["variance2.scale"] == pytest.approx(2.0**-0.5, abs=0.1) and result[
        "matched.scale"
    ] == pytest.approx(1.0, abs=0.1)
    assert (
        result["variance2.c_shift"] == pytest.approx(-2.0 * np.log(2.0), abs=0.5)
        and abs(result["matched.c_shift"]) < 0.5
    )
    monkeypatch.setattr(
        ica_faults, "truth_of", lambda mixing, variance=1.0: problem.truth_of(mixing)
    )
    assert abs(ica_faults.run({"n_test": 2000}, rng())["variance2.c_shift"]) < 0.5


def test_noise_that_does_not_match(monkeypatch):
    result = mismatched_noise.run({"n_data": 1000, "n_test": 5000}, rng())
    assert result["standard.limit"] > 1.5 * result["matched.limit"]
    assert result["standard.optimal"] < result["matched.optimal"] - 0.1
    monkeypatch.setattr(
        mismatched_noise, "random_mixing", lambda n, rng: np.eye(n)
    )  # for which N(0, I) is the matched noise
    result = mismatched_noise.run({"n_data": 1000, "n_test": 5000}, rng())
    assert result["standard.limit"] == pytest.approx(result["matched.limit"], rel=0.15)
    assert result["standard.optimal"] == pytest.approx(
        result["matched.optimal"], abs=0.07
    )  # standard error 0.01


def test_the_naive_logarithm():
    result = naive_logarithm.run({}, rng())
    assert result["float64"] == pytest.approx(53.0 * np.log(2.0), abs=1e-3)
    assert result["float32"] == pytest.approx(24.0 * np.log(2.0), abs=1e-3)
    assert result["stable_error"] < 1e-14


def test_the_right_one_and_its_references():
    result = right.run({"epochs": [4, 2], "n_test": 1000}, rng())
    assert result["base.loss"] == pytest.approx(3.35100, abs=1e-5)  # chance: the base is the noise
    assert result["optimal"] < result["ica.loss"] < result["base.loss"]
    assert result["ica.correlation"] > 0.98 and result["ica.rmse"] < result["base.rmse"]
    for name in ("tanh", "softplus"):
        assert (
            abs(result[f"{name}.log_integral"]) < 0.3
            and 0.0 < result[f"{name}.integral_error"] < 0.05
        )
