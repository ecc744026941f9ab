"""Types of 16 bits and layouts with the real frameworks: their own types go in and come out, mixed precision is
told."""

from __future__ import annotations

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle import adapters

HALVES = ["bfloat16", "float16"]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def jax():
    return pytest.importorskip("jax")


def torch_losses(torch):
    sigma = torch.nn.functional.logsigmoid

    def flat(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        d = log_model_data - log_noise_data - np.log(nu)
        n = log_model_noise - log_noise_noise - np.log(nu)
        return (sigma(d).sum() + sigma(-n).sum()) / len(d)

    def rows(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        d = log_model_data - log_noise_data - np.log(nu)
        n = log_model_noise - log_noise_noise - np.log(nu)
        return (sigma(d) + sigma(-n).sum(dim=1)).mean()

    def masked(log_model_data, log_model_noise, log_noise_data, log_noise_noise, mask, weights, nu):
        kept, zero = mask > 0, torch.zeros_like(log_model_noise)
        model, noise = (torch.where(kept, x, zero) for x in (log_model_noise, log_noise_noise))
        s = torch.log(nu)[:, None] - (model - noise)
        terms = torch.where(kept, sigma(s), zero).sum(dim=1)
        t = log_model_data - log_noise_data - torch.log(nu)
        return (weights * (sigma(t) + terms)).sum() / weights.sum()

    return {
        "flat": flat,
        "equal": rows_of_one(sigma),
        "rows": rows,
        "shared": rows,
        "masked": masked,
    }


def rows_of_one(sigma):
    def equal(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        d, n = log_model_data - log_noise_data, log_model_noise - log_noise_noise
        return sigma(d).mean() + sigma(-n).mean()

    return equal


@pytest.mark.parametrize("dtype", ["float32", "float64", *HALVES])
@pytest.mark.parametrize("layout", ["flat", "equal", "rows", "masked", "shared"])
def test_right_losses_of_torch_pass(torch, layout, dtype):
    loss = torch_losses(torch)[layout]
    report = oracle.check(
        adapters.torch(loss, "binary_nce", layout=layout), "binary_nce", dtype, layout=layout
    )
    assert report.ok, str(report)


@pytest.mark.parametrize("dtype", ["float32", *HALVES])
def test_right_losses_of_jax_pass(jax, dtype):
    def loss(log_ratio_data, log_ratio_noise, nu):
        log_nu = np.log(nu)
        terms = (
            jax.nn.log_sigmoid(log_ratio_data - log_nu).sum(),
            jax.nn.log_sigmoid(log_nu - log_ratio_noise).sum(),
        )
        return (terms[0] + terms[1]) / len(log_ratio_data)

    report = oracle.check(adapters.jax(loss, "nce_from_log_ratios"), "nce_from_log_ratios", dtype)
    assert report.ok, str(report)


@pytest.mark.parametrize("objective", ["log_sigmoid", None])
def test_arrays_of_jax_and_its_types_are_read(jax, objective):
    report = oracle.check(
        adapters.jax(lambda t: jax.nn.log_sigmoid(t), objective), "log_sigmoid", "bfloat16"
    )
    assert not report.failed and not any(r.status == "errored" for r in report.results), str(report)

    def raw(t):
        return np.asarray(jax.nn.log_sigmoid(jax.numpy.asarray(t, jax.numpy.bfloat16)))

    assert not oracle.check(raw, "log_sigmoid", "bfloat16").failed


def test_a_loss_in_bfloat16_is_told_in_float32(torch):
    """By hand, and by automatic mixed precision."""
    plain = torch_losses(torch)["flat"]

    def by_hand(nu, **tensors):
        return plain(**{name: x.to(torch.bfloat16) for name, x in tensors.items()}, nu=nu)

    def autocast(nu, **tensors):
        one = torch.ones(1, 1)
        with torch.autocast("cpu", dtype=torch.bfloat16):  # a matrix product is done in bfloat16
            low = {name: (x[:, None] @ one)[:, 0] for name, x in tensors.items()}
        return plain(**{name: x.float() for name, x in low.items()}, nu=nu)

    for loss in (by_hand, autocast):
        report = oracle.check(adapters.torch(loss, "binary_nce"), "binary_nce", "float32")
        best = report.diagnosis.best
        assert not report.ok and best is not None and best.id == "bfloat16", str(report)
        assert "different functions" not in str(report)
