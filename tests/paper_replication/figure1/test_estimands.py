"""Each estimand on a handful of runs whose answer can be worked out by hand, and None where there are too few."""

from __future__ import annotations

import math

import numpy as np
import pytest
import synthetic_rows
from scipy import stats

from paper_replication import statistics as st
from paper_replication.estimates import Estimate, quantile
from paper_replication.figure1 import estimands as of
from paper_replication.figure1.evidence import Evidence, gather
from paper_replication.figure1.theory import excess

THEORY = synthetic_rows.THEORY
SIZES = {250: 1, 1000: 12, 4000: 9, 16000: 7}  # of 250 there is one run: too few for anything
EVIDENCE = gather(synthetic_rows.rows(SIZES, name="estimands"), THEORY)
ERROR_B, ERROR_C = "nce_gaussian.certified.error_B", "nce_gaussian.certified.error_c"


def column(name, n_data):
    return EVIDENCE.column(name, n_data)


def made(n_data=100, **columns):
    """Evidence of one size from columns."""
    runs = [dict(zip(columns, run)) for run in zip(*columns.values())]
    return Evidence({n_data: runs}, THEORY, ())


def spread_of_mean(values):
    return np.sqrt(np.sum((values - values.mean()) ** 2) / (len(values) - 1) / len(values))


# --- the interval ---------------------------------------------------------------------------------


def test_an_interval_is_students_widened_by_the_reading_error():
    estimate = Estimate(3.0, 0.5, 9, 8, reading_error=0.25)
    assert estimate.interval(0.9) == pytest.approx(
        (3 - 0.25 - 0.5 * 1.859548, 3.25 + 0.5 * 1.859548)
    )
    assert Estimate(3.0, 0.5, 9).interval(0.95) == pytest.approx((3 - 0.9799820, 3 + 0.9799820))
    exact = Estimate(3.0, 0.5, 9, bounds=lambda confidence: (confidence, 7.0))
    assert exact.interval(0.9) == (0.9, 7.0)


def test_quantiles():
    assert quantile(0.05, 8) == pytest.approx(1.859548, abs=1e-6)
    assert quantile(0.025, np.inf) == pytest.approx(1.959964, abs=1e-6)


# --- slopes ---------------------------------------------------------------------------------------


def test_the_slope_is_that_of_the_means_over_the_sizes_from_the_first_on():
    found = of.slope_of_mean(EVIDENCE, column=ERROR_B, n_data_from=1000)
    sizes = [1000, 4000, 16000]
    means = [np.mean(column(ERROR_B, size)) for size in sizes]
    assert found.value == pytest.approx(np.polyfit(np.log10(sizes), np.log10(means), 1)[0])
    # Sizes a factor of 4 apart: the weights of the slope are -1, 0 and 1 over 2 log10 4.
    errors = [
        spread_of_mean(column(ERROR_B, size)) / mean / math.log(10.0)
        for size, mean in zip(sizes, means)
    ]
    assert found.standard_error == pytest.approx(
        math.hypot(errors[0], errors[2]) / (2.0 * math.log10(4.0))
    )
    assert (found.n, found.df, found.note) == (28, 6, "T = 1000, 4000, 16000")
    two = of.slope_of_mean(EVIDENCE, column=ERROR_B, n_data_from=4000)
    assert two.value == pytest.approx(math.log10(means[2] / means[1]) / math.log10(4.0))
    # From 250 on: that size has one run, and is left out.
    assert of.slope_of_mean(EVIDENCE, column=ERROR_B, n_data_from=250) == found
    assert of.slope_of_mean(EVIDENCE, column=ERROR_B, n_data_from=4001) is None


def test_the_slope_beside_the_remainder():
    plain = of.slope_of_mean(EVIDENCE, column=ERROR_B, n_data_from=4000)
    found = of.slope_beside_remainder(EVIDENCE, column=ERROR_B, n_data_from=4000)
    implied = math.log10((1 + excess(16000)) / (1 + excess(4000)) / 4.0) / math.log10(4.0)
    assert implied < -1.0
    assert found.value == pytest.approx(plain.value - implied)
    assert (found.standard_error, found.n, found.df) == (plain.standard_error, 16, 6)
    assert found.note == f"measured {plain.value:.4f}, implied {implied:.4f}"
    assert of.slope_beside_remainder(EVIDENCE, column=ERROR_B, n_data_from=16000) is None


# --- beside the paper -----------------------------------------------------------------------------


def check_against_paper(found, ours, error, n, theirs, reading=0.01):
    assert found.value == pytest.approx(ours - theirs)
    assert found.standard_error == pytest.approx(error * math.sqrt(1.0 + n / 500.0))
    assert (found.n, found.df, found.reading_error) == (n, n - 1, reading)
    assert found.note == f"ours {ours:.3f}, paper {theirs:.3f}"


def test_published_median():
    found = of.published_median(EVIDENCE, column=ERROR_B, n_data=1000, value=-1.5)
    logs = np.log10(column(ERROR_B, 1000))
    middle = np.sort(logs)[5:7].mean()
    check_against_paper(found, middle, st.median_error(logs), 12, -1.5)
    assert of.published_median(EVIDENCE, column=ERROR_B, n_data=250, value=0.0) is None


def test_published_median_ratio():
    found = of.published_median_ratio(EVIDENCE, columns=(ERROR_B, ERROR_C), n_data=4000, value=0.25)
    first, second = np.log10(column(ERROR_B, 4000)), np.log10(column(ERROR_C, 4000))
    check_against_paper(
        found,
        np.sort(first)[4] - np.sort(second)[4],
        st.paired_medians_error(first, second),
        9,
        0.25,
        reading=0.02,
    )
    assert (
        of.published_median_ratio(EVIDENCE, columns=(ERROR_B, ERROR_C), n_data=250, value=0.0)
        is None
    )


def test_published_mean_is_of_the_sum():
    found = of.published_mean(EVIDENCE, columns=(ERROR_B, ERROR_C), n_data=1000, value=-1.0)
    total = column(ERROR_B, 1000) + column(ERROR_C, 1000)
    check_against_paper(
        found,
        math.log10(total.mean()),
        spread_of_mean(total) / total.mean() / math.log(10.0),
        12,
        -1.0,
    )
    assert of.published_mean(EVIDENCE, columns=(ERROR_B,), n_data=250, value=0.0) is None


@pytest.mark.parametrize("with_c", [False, True])
def test_published_prediction_is_one_constant_for_all_sizes(with_c):
    """The matrices of all sizes together, and the mean over the points: the same constant is read off each."""
    points = [(4000, -2.0), (16000, -2.7)]
    found = of.published_prediction(EVIDENCE, method="nce_gaussian", with_c=with_c, points=points)
    sigma = THEORY.covariance["nce_gaussian"]
    norms = np.concatenate([column("norm_B", size) for size in SIZES])
    # K |B*|^2, K = tr(Sigma_B)/4, and Var c.
    traces = np.trace(sigma[:16, :16]) / 4.0 * norms + with_c * sigma[16, 16]
    differences = [math.log10(traces.mean() / n_data) - value for n_data, value in points]
    assert found.value == pytest.approx(np.mean(differences))
    error = spread_of_mean(traces) / traces.mean() / math.log(10.0)
    assert found.standard_error == pytest.approx(error * math.sqrt(1.0 + 29 / 500.0))
    assert (found.n, found.df, found.reading_error) == (29, 28, 0.01)
    few = gather(synthetic_rows.rows({1000: 1}, name="few"), THEORY)
    assert of.published_prediction(few, method="mle", with_c=with_c, points=points) is None


# --- beside the limit -----------------------------------------------------------------------------


def test_ratio_to_limit():
    found = of.ratio_to_limit(EVIDENCE, method="nce_gaussian", n_data=4000)
    limit = np.trace(THEORY.covariance["nce_gaussian"][:16, :16])
    scaled = 4000 * column("nce_gaussian.certified.relative_error", 4000) / limit
    assert found.value == pytest.approx(scaled.mean())
    assert found.standard_error == pytest.approx(spread_of_mean(scaled))
    assert (found.n, found.df, found.note) == (9, 8, "")
    beyond = of.ratio_to_limit(EVIDENCE, method="nce_gaussian", n_data=4000, beyond_excess=True)
    assert beyond.value == pytest.approx(scaled.mean() - 1.0 - excess(4000))
    assert beyond.note == f"measured {scaled.mean():.4f}, expected {1.0 + excess(4000):.4f}"
    assert of.ratio_to_limit(EVIDENCE, method="mle", n_data=250) is None


def test_efficiency():
    found = of.efficiency(EVIDENCE, method="nce_gaussian", n_data=4000)
    own, best = (
        column(f"{name}.certified.relative_error", 4000) for name in ("nce_gaussian", "mle")
    )
    ratio = own.mean() / best.mean()
    assert found.value == pytest.approx(math.log10(ratio) - math.log10(2.777))
    # The delta method for a ratio of paired means, by its variances and covariance.
    c = np.cov(own / own.mean(), best / best.mean())
    assert found.standard_error == pytest.approx(
        math.sqrt((c[0, 0] + c[1, 1] - 2 * c[0, 1]) / 9) / math.log(10.0)
    )
    assert (found.n, found.df, found.note) == (9, 8, f"ratio {ratio:.3f}, theory 2.777")
    assert of.efficiency(EVIDENCE, method="nce_gaussian", n_data=250) is None


def test_ratios_of_medians_and_of_pairs():
    found = of.median_log_ratio(EVIDENCE, columns=(ERROR_B, ERROR_C), n_data=4000)
    first, second = np.log10(column(ERROR_B, 4000)), np.log10(column(ERROR_C, 4000))
    assert found.value == pytest.approx(np.sort(first)[4] - np.sort(second)[4])
    assert found.standard_error == st.paired_medians_error(first, second)
    assert (found.n, found.df, found.note) == (9, 8, f"ratio {10.0**found.value:.3f}")
    assert of.median_log_ratio(EVIDENCE, columns=(ERROR_B, ERROR_C), n_data=250) is None

    both = ("nce_gaussian.certified.error_c", "mle.certified.error_c")
    pairs = of.paired_log_ratio(EVIDENCE, columns=both)
    differences = np.concatenate(
        [np.log10(column(both[0], size) / column(both[1], size)) for size in SIZES]
    )
    assert differences.min() < 0.0 < differences.max()
    ordered = np.sort(differences)
    assert (pairs.n, pairs.value) == (29, pytest.approx(ordered[14]))
    assert pairs.standard_error == pytest.approx(st.median_error(differences))
    # The sign test of 29: P(Bin(29, 1/2) <= 8) = 0.012 and P(<= 9) = 0.031, so the 9th from either end.
    assert pairs.interval(0.95) == pytest.approx((ordered[8], ordered[20]))
    p = stats.wilcoxon(differences, alternative="less").pvalue
    assert pairs.note == f"Wilcoxon signed-rank p = {p:.3g}"
    lone = made(first=[1.0], second=[2.0])
    assert of.paired_log_ratio(lone, columns=("first", "second")) is None


# --- shares ---------------------------------------------------------------------------------------


def check_share(found, successes, n):
    assert (found.value, found.n, found.note) == (successes / n, n, f"{successes} of {n}")
    low, high = found.interval(0.9)
    assert stats.binom.sf(successes - 1, n, low) == pytest.approx(0.05)
    assert stats.binom.cdf(successes, n, high) == pytest.approx(0.05)
    assert found.standard_error == st.proportion_error(successes, n)


def test_share_above_counts_what_exceeds_the_limit():
    evidence = made(gap=[0.0, 1e-4, 1.1e-4, 5e-5, 0.1, 0.2, 0.0])
    check_share(of.share_above(evidence, column="gap", n_data=100), 3, 7)
    check_share(of.share_above(evidence, column="gap", n_data=100, limit=0.15), 1, 7)
    assert of.share_above(evidence, column="gap", n_data=200) is None
    assert of.share_above(made(gap=[1.0]), column="gap", n_data=100).n == 1


def test_coverage():
    evidence = made(one=[1.0, 0.0, 1.0, 1.0], many=[16.0, 14.0, 15.0, 10.0], all=[16.0] * 4)
    check_share(of.coverage(evidence, column="one", n_data=100), 3, 4)
    found = of.coverage(evidence, column="many", n_data=100, entries=16)
    assert (found.value, found.n, found.df) == (55 / 64, 4, 3)
    assert found.standard_error == pytest.approx(
        spread_of_mean(np.array([16.0, 14.0, 15.0, 10.0])) / 16
    )
    # Alike in all runs: the error is that of 64 independent entries, not 0.
    found = of.coverage(evidence, column="all", n_data=100, entries=16)
    assert found.value == 1.0 and found.standard_error == st.proportion_error(64.0, 64) > 0.0
    assert of.coverage(made(one=[1.0]), column="one", n_data=100) is None


def test_mahalanobis_distances():
    distances = [20.0, 10.0, 30.0, 26.0, 27.0]
    evidence = made(
        **{f"{name}.certified.mahalanobis": distances for name in ("mle", "nce_gaussian")}
    )
    # 16 degrees of freedom for MLE, whose c follows from B; 17 with c of its own.
    for name, degrees in (("mle", 16), ("nce_gaussian", 17)):
        found = of.mahalanobis_mean(evidence, method=name, n_data=100)
        assert (found.value, found.n, found.df) == (pytest.approx(22.6 / degrees), 5, 4)
        assert found.standard_error == pytest.approx(spread_of_mean(np.array(distances)) / degrees)
    # The 95 % quantiles of chi-square are 26.296 and 27.587.
    check_share(of.ellipsoid_coverage(evidence, method="mle", n_data=100), 3, 5)
    check_share(of.ellipsoid_coverage(evidence, method="nce_gaussian", n_data=100), 4, 5)
    assert of.mahalanobis_mean(EVIDENCE, method="mle", n_data=250) is None
    assert of.ellipsoid_coverage(evidence, method="mle", n_data=200) is None


def test_certified_share_is_of_all_methods_and_sizes():
    flags = {
        name: EVIDENCE.pooled(f"{name}.certified.is_certified") for name in ("mle", "nce_gaussian")
    }
    found = of.certified_share(EVIDENCE, methods=tuple(flags))
    assert (found.value, found.n) == (1.0, 58) and all(flag.all() for flag in flags.values())
    # Of the paper's protocol none is.
    assert not EVIDENCE.pooled("mle.paper.is_certified").any()
    assert of.certified_share(Evidence({}, THEORY, ()), methods=("mle",)) is None


# --- how few runs do ------------------------------------------------------------------------------

AT_ONE_SIZE = {
    "published_median": {"column": ERROR_B, "value": 0.0},
    "published_median_ratio": {"columns": (ERROR_B, ERROR_C), "value": 0.0},
    "published_mean": {"columns": (ERROR_B, ERROR_C), "value": 0.0},
    "ratio_to_limit": {"method": "mle"},
    "efficiency": {"method": "nce_gaussian"},
    "median_log_ratio": {"columns": (ERROR_B, ERROR_C)},
    "coverage": {"column": "mle.certified.covered_B", "entries": 16},
    "mahalanobis_mean": {"method": "mle"},
}


@pytest.mark.parametrize("name", AT_ONE_SIZE)
def test_two_runs_are_enough_and_one_is_not(name):
    for count in (1, 2):
        evidence = gather(synthetic_rows.rows({1000: count}, name="few"), THEORY)
        found = getattr(of, name)(evidence, n_data=1000, **AT_ONE_SIZE[name])
        assert (found is None) == (count == 1)
        assert found is None or (found.n, found.df) == (2, 1)


def test_two_runs_at_two_sizes_or_two_pairs_are_enough():
    few = gather(synthetic_rows.rows({250: 2, 1000: 2, 4000: 1}, name="few"), THEORY)
    found = of.slope_of_mean(few, column=ERROR_B, n_data_from=250)
    assert (found.n, found.df, found.note) == (4, 1, "T = 250, 1000")
    assert of.slope_of_mean(few, column=ERROR_B, n_data_from=1000) is None
    pair = made(first=[1.0, 10.0], second=[10.0, 10.0])
    found = of.paired_log_ratio(pair, columns=("first", "second"))
    assert (found.value, found.n, found.interval(0.95)) == (-0.5, 2, (-np.inf, np.inf))
    check_share(of.coverage(made(one=[1.0, 0.0]), column="one", n_data=100), 1, 2)
