"""A fit's arrays go when the fit goes: no circle of references keeps them until the garbage collector comes by.

Each evaluation would fault in fresh pages meanwhile: a pass that kept its kinks, whose callables were its own methods,
made fits of 16 000 points take up to three times the time.
"""

from __future__ import annotations

import gc

import numpy as np
import pytest

import nce_ref as nr

RNG = np.random.default_rng(0)
N = 300


def _continuous(model):
    x = RNG.laplace(size=(N, 2)) @ np.array([[1.0, 0.3], [0.2, 0.8]])
    noise = nr.GaussianNoise.from_data(x)
    return model, noise, x, noise.sample(N, RNG), model.random_start(RNG)


def _discrete():
    model = nr.BoltzmannMachine(3)
    theta = model.normalize(0.3 * RNG.standard_normal(model.n_params))
    noise = nr.BernoulliNoise(np.full(3, 0.5), (-1.0, 1.0))
    return model, noise, model.sample(theta, N, RNG), noise.sample(N, RNG), theta


PROBLEMS = {
    "ica": _continuous(nr.LaplaceICA(2)),
    "gaussian": _continuous(nr.Gaussian(2)),
    "boltzmann": _discrete(),
}
FITS = {
    "nce": lambda model, noise, x, y, start: nr.fit_nce(model, noise, x, y, start=start),
    "mle": lambda model, noise, x, y, start: nr.fit_mle(model, x, start=start),
    "errors": lambda model, noise, x, y, start: nr.estimate_covariance(
        nr.fit_nce(model, noise, x, y, start=start), robust=True
    ),
}


@pytest.mark.parametrize("what", FITS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_no_circle_holds_an_array(name, what):
    def once():
        FITS[what](*PROBLEMS[name])

    once()  # what is kept for the next time comes into being here
    gc.collect()
    before = gc.get_debug()
    gc.disable()
    try:
        once()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        held = [type(one).__name__ for one in gc.garbage if _ours(one)]
    finally:
        gc.set_debug(before)
        gc.garbage.clear()
        gc.enable()
    assert held == []


def _ours(one):
    """Arrays are not of the collector's things; passes and expansions, which hold them, are."""
    return type(one).__module__.startswith("nce_ref")
