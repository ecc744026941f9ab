"""What a fit shows of itself: its numbers, not the samples and the starts that it holds."""

from __future__ import annotations

import numpy as np

import nce_ref as nr


def test_a_fits_repr_is_without_samples_and_starts():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 1))
    noise = nr.GaussianNoise.from_data(x)
    fit = nr.fit_nce(nr.Gaussian(1), noise, x, noise.sample(50, rng), n_starts=2, rng=rng)
    text = repr(fit)
    assert "starts=" not in text and "problem=" not in text and len(fit.starts) == 2
    for name in ("theta", "objective", "is_local_maximum", "status", "n_evaluations"):
        assert f"{name}=" in text
