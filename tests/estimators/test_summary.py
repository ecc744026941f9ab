"""summary.py: what a researcher reads: names, estimates, errors, intervals, what was proved, and warnings."""

from __future__ import annotations

import re

import numpy as np
import pytest

import nce_ref as nr


def fitted(**options):
    rng = np.random.default_rng(1)
    model = nr.LaplaceICA(2)
    truth = model.normalize(model.pack([[1.0, 0.3], [-0.2, 0.8]], 0.0))
    x = model.sample(truth, 1000, rng)
    noise = nr.GaussianNoise.from_data(x)
    return nr.fit_nce(model, noise, x, noise.sample(2000, rng), n_starts=3, rng=rng, **options)


def test_the_table_has_the_fits_numbers():
    fit = fitted()
    text, errors = fit.summary(), nr.estimate_covariance(fit).standard_errors
    rows = re.findall(r"^(B\[\d,\d\]|c)\s+(\S+)\s+(\S+)\s+\[(\S+), (\S+)\]$", text, re.MULTILINE)
    assert [row[0] for row in rows] == ["B[0,0]", "B[0,1]", "B[1,0]", "B[1,1]", "c"]
    for row, estimate, error in zip(rows, fit.theta, errors):
        got = [float(number) for number in row[1:]]
        want = [estimate, error, estimate - 1.959964 * error, estimate + 1.959964 * error]
        assert got == pytest.approx(want, rel=6e-3, abs=1e-4)
    assert text.startswith("NCEObjective of LaplaceICA: certified")
    assert "n_data = 1000, nu = 2" in text and "of 3 starts" in text
    assert "Not proved: that no other maximum is higher" in text and "Warning" not in text


def test_str_and_notebooks_show_it():
    fit = fitted()
    assert str(fit) == fit.summary()
    assert fit._repr_html_() == f"<pre>{fit.summary()}</pre>"
    assert "&lt;" in nr.CheckReport("a < b", ())._repr_html_()


def test_without_standard_errors_the_reason_is_told():
    rng = np.random.default_rng(2)
    model, far = nr.Gaussian(1), nr.GaussianNoise([35.0], [[1.0]])
    x = rng.standard_normal((50, 1))
    fit = nr.fit_nce(model, far, x, far.sample(50, rng), start=[1.0, -1.0])
    text = fit.summary()
    assert "Standard errors: none: fit: not converged (unbounded" in text
    assert "Proved: nothing." in text and re.search(r"^precision\[0,0\]\s+\S+$", text, re.MULTILINE)
    assert text.count("Warning: ") == len(fit.warnings) >= 1


def test_models_without_names_and_other_estimators_have_a_table_too():
    x = np.random.default_rng(3).standard_normal((200, 1))
    for fit in (
        nr.fit_mle(nr.Gaussian(1), x, start=[1.0, 0.0]),
        nr.fit_score_matching(nr.Gaussian(1), x, start=[1.0, 0.0]),
    ):
        assert "precision[0,0]" in fit.summary() and fit.status in fit.summary()
    noise = nr.GaussianNoise([0.0], [[2.0]])
    model = nr.FeatureModel(lambda u: u**2, 1)
    fit = nr.fit_nce(
        model, noise, x, noise.sample(400, np.random.default_rng(4)), start=[-0.5, -1.0]
    )
    assert "theta[0]" in fit.summary()
