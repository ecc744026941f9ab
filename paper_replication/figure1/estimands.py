"""What a claim measures: each function looks at the evidence and returns an estimate with its error, or None without
runs.

*Conventions.* Squared errors are compared as log10, ratios as log10, so that 0.1 is a factor of 1.26 everywhere. Sample
sizes are independent of each other (own generators), runs of one size are paired by repetition. Normal intervals use
Student's t with the smallest sample's n - 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from .. import statistics as st
from ..estimates import Bounds, Estimate, proportion
from .evidence import GAP_LIMIT, Evidence
from .published import N_MATRICES, READING_ERROR
from .theory import N_SOURCES, excess, fitted_noise_excess


def slope_of_mean(evidence: Evidence, *, column: str, n_data_from: int) -> Estimate | None:
    """Slope of log10 mean(column) on log10 T over T >= ``n_data_from``; None with fewer than two sizes of two runs
    each."""
    sizes = _sizes_with(evidence, column, n_data_from)
    if len(sizes) < 2:
        return None
    points = np.array([st.log10_mean(evidence.column(column, size)) for size in sizes])
    value, error = st.slope(np.log10(sizes), points[:, 0], points[:, 1])
    counts = [evidence.column(column, size).size for size in sizes]
    return Estimate(
        value, error, sum(counts), min(counts) - 1, note=f"T = {', '.join(map(str, sizes))}"
    )


def slope_of_log(evidence: Evidence, *, column: str, sizes: Sequence[int]) -> Estimate | None:
    """Slope of mean log10 column on log10 T over the sizes, all of which must have runs.

    The logarithm of one run's |E|^2 has half the spread of the logarithm of |B_hat - B|^2: the mixing has dropped out.
    """
    samples = [np.log10(evidence.column(column, size)) for size in sizes]
    if min(sample.size for sample in samples) < 2:
        return None
    middle, errors = (np.array([f(sample) for sample in samples]) for f in (np.mean, st.mean_error))
    value, error = st.slope(np.log10(np.array(sizes, dtype=float)), middle, errors)
    counts = [sample.size for sample in samples]
    return Estimate(value, error, sum(counts), min(counts) - 1)


def mean_log_ratio(
    evidence: Evidence, *, methods: Sequence[str], n_data_from: int, beside_limit: bool = False
) -> Estimate | None:
    """Mean over all runs with T >= ``n_data_from`` of log10 |E|^2 of the first method over the second, certified fits,
    paired.

    ``beside_limit``: less its mean in the limit law.
    """
    sizes = [size for size in evidence.sizes if size >= n_data_from]
    first, second = (
        np.log10(evidence.pooled(f"{method}.certified.relative_error", sizes)) for method in methods
    )
    ratio = first - second
    if ratio.size < 2:
        return None
    limit = evidence.theory.mean_log_ratio(*methods)
    value = float(np.mean(ratio))
    return Estimate(
        value - (limit if beside_limit else 0.0),
        st.mean_error(ratio),
        ratio.size,
        ratio.size - 1,
        note=f"measured {value:.3f}, limit law {limit:.3f}",
    )


def slope_beside_remainder(evidence: Evidence, *, column: str, n_data_from: int) -> Estimate | None:
    """The same slope less the one that (1 + excess(T)) / T has over the same sizes."""
    measured = slope_of_mean(evidence, column=column, n_data_from=n_data_from)
    if measured is None:
        return None
    sizes = np.array(_sizes_with(evidence, column, n_data_from), dtype=float)
    curve = np.log10([(1.0 + excess(size)) / size for size in sizes])
    implied, _ = st.slope(np.log10(sizes), curve, np.zeros(sizes.size))
    note = f"measured {measured.value:.4f}, implied {implied:.4f}"
    return Estimate(
        measured.value - implied, measured.standard_error, measured.n, measured.df, note=note
    )


def published_median(
    evidence: Evidence, *, column: str, n_data: int, value: float
) -> Estimate | None:
    """log10 of our median less the published one; both studies' sampling errors, theirs taken as ours at their 500
    matrices."""
    sample = evidence.column(column, n_data)
    if sample.size < 2:
        return None
    logs = np.log10(sample)
    return _against_paper(float(np.median(logs)), st.median_error(logs), sample.size, value)


def published_median_ratio(
    evidence: Evidence, *, columns: Sequence[str], n_data: int, value: float
) -> Estimate | None:
    """log10 of our ratio of two medians less the published one, two readings wide."""
    first, second = (evidence.column(name, n_data) for name in columns)
    if first.size < 2:
        return None
    first, second = np.log10(first), np.log10(second)
    error = st.paired_medians_error(first, second)
    return _against_paper(
        float(np.median(first) - np.median(second)), error, first.size, value, 2.0 * READING_ERROR
    )


def published_mean(
    evidence: Evidence, *, columns: Sequence[str], n_data: int, value: float
) -> Estimate | None:
    """log10 of our mean of the summed columns less the published simulated mean."""
    samples = [evidence.column(name, n_data) for name in columns]
    if samples[0].size < 2:
        return None
    return _against_paper(*st.log10_mean(np.sum(samples, axis=0)), samples[0].size, value)


def published_curve(
    evidence: Evidence, *, column: str, points: Sequence[tuple[int, float]], n_data_from: int
) -> Estimate | None:
    """Mean over T >= ``n_data_from`` of log10 of our median less the published one: a whole curve; ``points``: (T,
    published).

    Our runs at different T are independent. The published ones may share their matrices; the standard error takes them,
    at worst, to go wholly together. The note says the z of that and of independent ones, and how many differences, at
    all T, have one sign.
    """
    differences, ours, theirs, counts = [], [], [], []
    for n_data, value in points:
        logs = np.log10(evidence.column(column, n_data))
        if logs.size >= 2:
            differences.append((n_data, float(np.median(logs)) - value))
            if n_data >= n_data_from:
                ours.append(st.median_error(logs))
                theirs.append(ours[-1] * float(np.sqrt(logs.size / N_MATRICES)))
                counts.append(logs.size)
    if not counts:
        return None
    value = float(np.mean([d for n_data, d in differences if n_data >= n_data_from]))
    own = np.sum(np.square(ours)) / len(ours) ** 2
    together = float(np.sqrt(own + np.mean(theirs) ** 2))
    independent = float(np.sqrt(own + np.sum(np.square(theirs)) / len(theirs) ** 2))
    above = sum(d > 0.0 for _, d in differences)
    note = (
        f"{independent:.3f} and z {value / independent:.1f} if the published points are"
        f" independent, {together:.3f} and z {value / together:.1f} if they go together; ours above"
        f" at {above} of {len(differences)} T"
    )
    return Estimate(value, together, sum(counts), min(counts) - 1, READING_ERROR, note=note)


def published_prediction(
    evidence: Evidence, *, method: str, with_c: bool, points: Sequence[tuple[int, float]]
) -> Estimate | None:
    """log10 of tr(Sigma)/T averaged over our matrices less the published prediction, mean over all T: one constant a
    method.

    For Laplace noise Sigma is that of the noise as the first fit gives it, larger by ``fitted_noise_excess``. Only the
    matrices vary: theirs, 500 at each T, are taken to be the same ones; reading as in ``published_curve``.
    """
    norms = evidence.pooled("norm_B")
    if norms.size < 2:
        return None
    differences = []
    for n_data, value in points:
        more = {q: fitted_noise_excess(q, n_data) if method == "nce_laplace" else 0.0 for q in "Bc"}
        b = evidence.theory.relative_error(method) / N_SOURCES * (1.0 + more["B"])
        c = evidence.theory.error_c(method) * (1.0 + more["c"]) if with_c else 0.0
        ours, error = st.log10_mean((norms * b + c) / n_data)
        differences.append(ours - value)
    combined = error * float(np.sqrt(1.0 + norms.size / N_MATRICES))
    note = f"at single T from {min(differences):+.3f} to {max(differences):+.3f}"
    return Estimate(
        float(np.mean(differences)), combined, norms.size, norms.size - 1, READING_ERROR, note=note
    )


def ratio_to_limit(
    evidence: Evidence, *, method: str, n_data: int, beyond_excess: bool = False
) -> Estimate | None:
    """T mean(relative error) / its limit nK, certified fits; with ``beyond_excess`` less the facts sheet's 1 +
    excess(T)."""
    sample = evidence.column(f"{method}.certified.relative_error", n_data)
    if sample.size < 2:
        return None
    scaled = sample * n_data / evidence.theory.relative_error(method)
    value = float(np.mean(scaled))
    shift = 1.0 + excess(n_data) if beyond_excess else 0.0
    note = f"measured {value:.4f}, expected {shift:.4f}" if beyond_excess else ""
    return Estimate(value - shift, st.mean_error(scaled), sample.size, sample.size - 1, note=note)


def efficiency(evidence: Evidence, *, method: str, n_data: int) -> Estimate | None:
    """log10 of mean relative error over MLE's, less log10 of the theory's ratio."""
    first, second = (
        evidence.column(f"{name}.certified.relative_error", n_data) for name in (method, "mle")
    )
    if first.size < 2:
        return None
    value, error = st.log10_mean_ratio(first, second)
    limit = evidence.theory.relative_error(method) / evidence.theory.relative_error("mle")
    return Estimate(
        value - float(np.log10(limit)),
        error,
        first.size,
        first.size - 1,
        note=f"ratio {10.0**value:.3f}, theory {limit:.3f}",
    )


def paired_log_ratio(evidence: Evidence, *, columns: Sequence[str]) -> Estimate | None:
    """Median over all runs of all sizes of log10(first / second); interval by order statistics, Wilcoxon's p in the
    note.

    The interval is the sign test's: it asks for no symmetry of the differences, which Wilcoxon's test takes for
    granted.
    """
    differences = np.log10(evidence.pooled(columns[0])) - np.log10(evidence.pooled(columns[1]))
    if differences.size < 2:
        return None
    note = f"Wilcoxon signed-rank p = {st.signed_rank_p(differences):.3g}"
    bounds = Bounds(st.median_interval, (differences,))
    return Estimate(
        float(np.median(differences)),
        st.median_error(differences),
        differences.size,
        bounds=bounds,
        note=note,
    )


def median_log_ratio(evidence: Evidence, *, columns: Sequence[str], n_data: int) -> Estimate | None:
    """log10 of the ratio of two columns' medians at one size, paired."""
    first, second = (np.log10(evidence.column(name, n_data)) for name in columns)
    if first.size < 2:
        return None
    value = float(np.median(first) - np.median(second))
    return Estimate(
        value,
        st.paired_medians_error(first, second),
        first.size,
        first.size - 1,
        note=f"ratio {10.0**value:.3f}",
    )


def share_above(
    evidence: Evidence, *, column: str, n_data: int, limit: float = GAP_LIMIT
) -> Estimate | None:
    """Share of runs whose column exceeds ``limit``."""
    sample = evidence.column(column, n_data)
    return None if sample.size == 0 else proportion(int(np.sum(sample > limit)), sample.size)


def coverage(evidence: Evidence, *, column: str, n_data: int, entries: int = 1) -> Estimate | None:
    """Mean share of ``entries`` inside their intervals; runs, not entries, are what is independent."""
    sample = evidence.column(column, n_data)
    if sample.size < 2:
        return None
    if entries == 1:
        return proportion(int(np.sum(sample)), sample.size)
    # All runs alike would give an error of 0: never below that of independent entries.
    error = max(
        st.mean_error(sample / entries),
        st.proportion_error(float(np.sum(sample)), entries * sample.size),
    )
    return Estimate(float(np.mean(sample)) / entries, error, sample.size, sample.size - 1)


def mahalanobis_mean(evidence: Evidence, *, method: str, n_data: int) -> Estimate | None:
    """Mean of the squared Mahalanobis distance over its degrees of freedom."""
    sample = evidence.column(
        f"{method}.certified.mahalanobis", n_data
    ) / evidence.theory.degrees_of_freedom(method)
    return (
        None
        if sample.size < 2
        else Estimate(float(np.mean(sample)), st.mean_error(sample), sample.size, sample.size - 1)
    )


def ellipsoid_coverage(evidence: Evidence, *, method: str, n_data: int) -> Estimate | None:
    """Share of squared Mahalanobis distances below the 95 % quantile of chi-square: all parameters covered together."""
    sample = evidence.column(f"{method}.certified.mahalanobis", n_data)
    limit = stats.chi2.ppf(0.95, evidence.theory.degrees_of_freedom(method))
    return None if sample.size == 0 else proportion(int(np.sum(sample <= limit)), sample.size)


def certified_share(evidence: Evidence, *, methods: Sequence[str]) -> Estimate | None:
    """Share of certified fits, all methods and sizes together."""
    flags = np.concatenate(
        [evidence.pooled(f"{method}.certified.is_certified") for method in methods]
    )
    return None if flags.size == 0 else proportion(int(np.sum(flags)), flags.size)


def _against_paper(
    ours: float, error: float, n: int, theirs: float, reading_error: float = READING_ERROR
) -> Estimate:
    combined = error * float(np.sqrt(1.0 + n / N_MATRICES))
    return Estimate(
        ours - theirs,
        combined,
        n,
        n - 1,
        reading_error,
        note=f"ours {ours:.3f}, paper {theirs:.3f}",
    )


def _sizes_with(evidence: Evidence, column: str, n_data_from: int) -> list[int]:
    return [
        size
        for size in evidence.sizes
        if size >= n_data_from and evidence.column(column, size).size >= 2
    ]
