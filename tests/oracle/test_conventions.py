"""Conventions: the factor and the sign that each word stands for, against losses written out under that convention."""

import numpy as np
import pytest

from nce_ref.oracle.conventions import OURS, Convention, all_conventions, sample_sizes
from nce_ref.oracle.objectives import OBJECTIVES

G_X, G_Y = np.array([0.5, -1.0]), np.array([0.25, 1.5, -2.0, 0.0, 3.0])
INPUTS = {"log_ratio_data": G_X, "log_ratio_noise": G_Y, "nu": 2.5}
NCE = OBJECTIVES["nce_from_log_ratios"]
ICA = OBJECTIVES["laplace_ica_nce"]


def terms():
    t_x, t_y = G_X - np.log(2.5), np.log(2.5) - G_Y
    return np.concatenate([-np.log1p(np.exp(-t_x)), -np.log1p(np.exp(-t_y))])


@pytest.mark.parametrize(
    ("words", "loss"),
    [
        ({}, lambda: terms().sum() / 2),
        ({"reduction": "half"}, lambda: terms().sum() / 4),
        ({"reduction": "sum"}, lambda: terms().sum()),
        ({"reduction": "mean"}, lambda: terms().mean()),
        ({"sense": "minimise"}, lambda: -terms().sum() / 2),
        ({"sense": "minimise", "reduction": "mean"}, lambda: -terms().mean()),
    ],
)
def test_factor_is_that_of_a_loss_written_out(words, loss):
    value = terms().sum() / 2
    assert np.isclose(Convention(**words).factor(NCE, "value", INPUTS) * value, loss(), rtol=1e-14)


def test_c_of_the_other_sign_turns_the_input_and_its_derivative_and_nothing_else():
    inputs = {
        "B": np.eye(2),
        "c": 0.75,
        "x": np.zeros((2, 2)),
        "y": np.zeros((5, 2)),
        "noise_mean": np.zeros(2),
        "noise_cov": np.eye(2),
    }
    other = Convention(c_sign="subtracted")
    assert other.inputs(ICA, inputs)["c"] == -0.75
    assert other.inputs(ICA, inputs)["B"] is inputs["B"]
    assert [other.factor(ICA, name, inputs) for name in ("value", "grad_B", "grad_c")] == [
        1.0,
        1.0,
        -1.0,
    ]
    assert other.factor(OBJECTIVES["laplace_ica_nce_estimate"], "c", inputs) == -1.0
    assert other.inputs(NCE, INPUTS)["nu"] == 2.5


def test_sense_and_reduction_leave_kernels_and_densities_alone():
    loss = Convention(sense="minimise", reduction="sum")
    assert loss.factor(OBJECTIVES["log_sigmoid"], "grad", {"t": G_X}) == 1.0
    assert loss.factor(OBJECTIVES["gaussian_log_density"], "value", {"u": np.zeros((2, 1))}) == 1.0


def test_sizes_are_read_from_the_samples():
    assert sample_sizes(NCE, INPUTS) == (2, 5)
    assert sample_sizes(OBJECTIVES["laplace_ica_mle"], {"B": np.eye(2), "x": np.zeros((3, 2))}) == (
        3,
        0,
    )
    assert (
        Convention(reduction="mean").factor(
            OBJECTIVES["laplace_ica_mle"], "value", {"B": np.eye(2), "x": np.zeros((3, 2))}
        )
        == 1.0
    )


def test_every_convention_is_there_once_ours_first():
    everything = list(all_conventions())
    assert everything[0] == OURS and len(everything) == len(set(everything)) == 16


def test_it_prints_as_the_call_that_declares_it():
    assert str(OURS) == "oracle.Convention()"
    assert (
        str(Convention("minimise", "mean"))
        == 'oracle.Convention(sense="minimise", reduction="mean")'
    )
    assert str(Convention(c_sign="subtracted")) == 'oracle.Convention(c_sign="subtracted")'


@pytest.mark.parametrize(
    "words", [{"sense": "minimize"}, {"reduction": "none"}, {"c_sign": "-"}, {"sense": None}]
)
def test_another_word_is_refused_with_the_choices(words):
    with pytest.raises(ValueError, match=rf"^{next(iter(words))}: got .*; expected one of "):
        Convention(**words)
