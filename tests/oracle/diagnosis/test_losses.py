"""Other losses are named with their numbers, in the layouts too; a guess by parameters heeds the layout."""

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.authoring.emit import recompute
from nce_ref.oracle.locate import objective_of


def log_sigmoid(t):
    return np.minimum(t, 0) - np.log1p(np.exp(-np.abs(t)))


def focal(t, gamma=2.0):
    return np.exp(gamma * log_sigmoid(-t)) * log_sigmoid(t)


def of(term_data, term_noise):
    def loss(log_ratio_data, log_ratio_noise, nu):
        k = log_ratio_data.dtype.type(np.log(nu))
        data, noise = term_data(log_ratio_data - k), term_noise(log_ratio_noise - k)
        return (data.sum() + noise.sum()) / len(log_ratio_data)

    return loss


def with_temperature(tau):
    def loss(log_ratio_data, log_ratio_noise, nu):
        d, n = log_ratio_data / tau - np.log(nu), log_ratio_noise / tau - np.log(nu)
        return (log_sigmoid(d).sum() + log_sigmoid(-n).sum()) / len(log_ratio_data)

    return loss


def plus_one(log_ratio_data, log_ratio_noise, nu):
    d, n = log_ratio_data - np.log(nu + 1), log_ratio_noise - np.log(nu + 1)
    return (log_sigmoid(d).sum() + log_sigmoid(-n).sum()) / len(log_ratio_data)


LOSSES = {
    "focal-loss": (of(focal, lambda t: focal(-t)), 2.0),
    "hinge-loss": (
        of(lambda t: -np.maximum(0, 1 - t), lambda t: -np.maximum(0, 1 + t)),
        None,
    ),
    "temperature": (with_temperature(0.07), 0.07),
    "log-nu-plus-one": (plus_one, None),
    "noise-non-saturating": (of(log_sigmoid, lambda t: -log_sigmoid(t)), None),
    "linear-loss": (of(lambda t: t, lambda t: -t), None),
}


@pytest.mark.parametrize("layout", ["flat", "rows"])
@pytest.mark.parametrize("name", LOSSES)
def test_other_losses_are_named(name, layout):
    loss, value = LOSSES[name]
    best = oracle.check(loss, "nce_from_log_ratios", layout=layout).diagnosis.best
    assert (best.id, best.value) == (name, value)


def test_a_temperature_that_is_not_listed_is_fitted():
    best = oracle.check(with_temperature(0.3), "nce_from_log_ratios").diagnosis.best
    assert (best.id, best.value) == ("temperature", 0.3)


def test_a_guess_by_parameters_heeds_the_layout():
    def loss(log_model_data, log_model_noise, log_noise_data, log_noise_noise, mask, weights, nu):
        return 0.0

    assert objective_of(loss, "package:loss", "masked") == "binary_nce"
    with pytest.raises(ValueError, match="which objective"):
        objective_of(loss, "package:loss")


def test_an_unknown_name_is_told_not_traced():
    with pytest.raises(ValueError, match="did you mean 'binary_nce'"):
        recompute(names=["binary_nc"])
