"""The theory's numbers for the replication, its remainder, the mixing law, and the published points."""

import numpy as np
import pytest
import synthetic_rows

from nce_ref import (
    GaussianNoise,
    LaplaceICA,
    LaplaceICANoise,
    asymptotic_covariance,
    fit_nce,
)
from paper_replication.figure1.published import published_points
from paper_replication.figure1.theory import METHODS, compute_theory, excess, fitted_noise_excess
from paper_replication.mixing import random_mixing, random_mixings
from paper_replication.seeds import generator_for


def test_limits_of_the_paper_model():
    theory = compute_theory()
    # MLE: n K with K = 1 + 2(n-1)/3 = 3, and Var(c) = n; Laplace noise in the limit: twice that, both from the facts
    # sheet.
    assert theory.relative_error("mle") == pytest.approx(12.0, rel=1e-6) and theory.error_c(
        "mle"
    ) == pytest.approx(4.0, rel=1e-6)
    assert theory.relative_error("nce_laplace") == pytest.approx(24.0, rel=1e-6)
    # Published predictions of panel (d) have one ratio at all T but for their reading (0.01 in log10, twice): 3.5, B
    # and c over B.
    ratio = (theory.error_B("nce_gaussian", 6.1) + theory.error_c("nce_gaussian")) / theory.error_B(
        "mle", 6.1
    )
    published = {
        (p.method, p.n_data): p.value for p in published_points() if p.statistic == "mean_predicted"
    }
    logs = [published["nce_gaussian", 250 * 2**k] - published["mle", 250 * 2**k] for k in range(8)]
    assert np.log10(ratio) == pytest.approx(np.mean(logs), abs=0.02)
    for method in METHODS:
        block = theory.covariance[method][:16, :16]
        np.testing.assert_allclose(block, block.T, rtol=1e-9, atol=1e-12)


def test_the_excess_is_that_of_the_facts_sheet():
    assert [round(excess(size), 2) for size in (2000, 4000, 10000)] == pytest.approx(
        [0.20, 0.13, 0.09], abs=0.012
    )


def test_limit_medians_by_a_second_simulation():
    # The textbook loop over 4000 draws: its standard error is 1.6 % for c, 1 % for B; 7 % is four of them and more.
    theory, rng = synthetic_rows.THEORY, np.random.default_rng(3)
    found = theory.limit_medians("mle")
    spread = np.sqrt(np.diag(theory.covariance["mle"])[:16])
    errors_B, errors_c = [], []
    for _ in range(4000):
        E = (spread * rng.standard_normal(16)).reshape(4, 4)
        errors_B.append(np.linalg.norm(E @ np.linalg.inv(random_mixing(4, rng))) ** 2)
        errors_c.append(np.trace(E) ** 2)
    assert found["error_B"] == pytest.approx(np.median(errors_B), rel=0.07)
    assert found["error_c"] == pytest.approx(np.median(errors_c), rel=0.12)


def test_degrees_of_freedom_are_the_rank():
    theory = compute_theory()
    ranks = [int(np.linalg.matrix_rank(theory.covariance[method], tol=1e-9)) for method in METHODS]
    assert [theory.degrees_of_freedom(method) for method in METHODS] == ranks == [16, 17, 16]


def test_mixing_matrices_follow_the_law():
    # Facts sheet: mean |B|^2 about 6.1, median about 5.1, 48 % accepted. At 20 000 draws the mean's standard error is
    # 0.03.
    many = random_mixings(4, 20_000, np.random.default_rng(0))
    assert many.shape == (20_000, 4, 4) and np.linalg.cond(many).max() < 10.0
    norms = np.sum(np.linalg.inv(many) ** 2, axis=(1, 2))
    assert np.mean(norms) == pytest.approx(6.1, abs=0.2) and np.median(norms) == pytest.approx(
        5.1, abs=0.2
    )
    drawn = np.random.default_rng(0).standard_normal((20_000, 4, 4))
    assert np.mean(np.linalg.cond(drawn) < 10.0) == pytest.approx(0.48, abs=0.02)
    assert np.linalg.cond(random_mixing(4, np.random.default_rng(1))) < 10.0


def test_published_points():
    points = published_points()
    assert (
        len([p for p in points if p.statistic == "median"]) == 35
        and len([p for p in points if p.panel == "1d"]) == 48
    )
    by = {(p.method, p.parameter, p.n_data): p.value for p in points if p.statistic == "median"}
    assert 10 ** (by["nce_gaussian", "B", 16000] - by["mle", "B", 16000]) == pytest.approx(
        3.0, abs=0.05
    )
    assert 10 ** (by["nce_laplace", "B", 16000] - by["mle", "B", 16000]) == pytest.approx(
        2.0, abs=0.05
    )


def test_a_file_of_another_form_is_refused(tmp_path):
    (tmp_path / "points.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column"):
        published_points(tmp_path / "points.csv")


def test_the_fitted_noise_costs_what_is_stated():
    """Sigma with the noise of 20 first fits at T = 500, against the stated 1 + 38/T and 1 + 19/T.

    One fit's excess has a standard deviation of 0.056 for B and 0.018 for c (100 fits), so 20 have a standard error of
    0.0125 and 0.004; the limits are four of them and the stated numbers' own error. An excess of 0 is 6 and 9 standard
    errors away.
    """
    model = LaplaceICA(n_sources=4)
    theta = model.normalize(model.pack(np.eye(4), 0.0))
    rng = generator_for("test of the fitted noise")
    found = []
    for _ in range(20):
        x = model.sample(theta, 500, rng)
        gaussian = GaussianNoise.from_data(x)
        fit = fit_nce(model, gaussian, x, gaussian.sample(500, rng), start=theta)
        noise = LaplaceICANoise(model.unpack(fit.theta)[0])
        sigma = asymptotic_covariance(
            model, theta, noise, 1.0, rng=np.random.default_rng(1), log2_points=12
        ).covariance
        found.append((np.trace(sigma[:-1, :-1]) / 24.0, sigma[-1, -1] / 8.0))
    b, c = np.mean(found, axis=0) - 1.0
    assert b == pytest.approx(fitted_noise_excess("B", 500), abs=0.055)
    assert c == pytest.approx(fitted_noise_excess("c", 500), abs=0.018)
