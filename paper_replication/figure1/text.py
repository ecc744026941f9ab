"""The words of REPORT.md; the numbers in it come from the runs."""

from __future__ import annotations

from ..progress import clock
from ..report import figure_section, other_study
from ..report_tables import markdown
from ..study import Findings, Section
from . import tables
from .theory import LABELS, METHODS

INTRODUCTION = """**What was done.** Gutmann and Hyvärinen (2010, *P10*) introduce noise-contrastive estimation (NCE): a model of a density that is not
normalised is fitted by telling data from noise, and the logarithm c of its missing factor is one more parameter. Their Figure 1 shows on
simulated data how the errors fall with the sample size T. Here its panels (a), (c) and (d) are made again, for NCE and maximum likelihood
(MLE); (b) and the other estimators have [a report of their own](rivals/RIVALS.md).

**The problem.** x = A s with four independent Laplace sources of variance 1 and a random mixing matrix A; B = A⁻¹ has 16 entries, c one.
Noise: as many points as data (ν = 1), Gaussian with the data's mean and covariance, or, for the *fine tuning* of panel (c), the model at
the first fit's B ("Laplace noise"). *Squared error*: ‖B̂ − B*‖² up to the order and signs of the rows, (ĉ − c*)². *Limit law*: N(0, Σ/T)
of P10's Theorem 3, by integration; tr(Σ)/T is the mean squared error in the limit. One *run* is one matrix A.

**Two protocols.** *Paper*: L-BFGS from five random points up to T = 4000 and one above, the best objective kept (P10 has nonlinear conjugate
gradients, and does not state the law of A nor the starts). *Certified*: `nce_ref`'s fits from the same points, each proved to be a local
maximum or said not to be. Published points are held against the first, laws against the second.

**The published points** were read off the paper's vector graphics, to about 0.01 in log10; medians over 500 matrices in (a) and (c), means
in (d). Differences are in log10: 0.30 is a doubling of T. Conclusions stand at the end."""
CERTIFIED = "Certified means: smallest subgradient at most 1e-8, and proven a local maximum."
LIMITS = "T E‖B̂A − I‖² and T E(ĉ − c*)² in the limit of large T, by integration."
APPROACH = "T times the mean squared error of B over its limit, the certified protocol's fits, with 95 % intervals."
OPTIMISER = """Shares of fits that end more than 1e-4 below the best value known for their problem, with 95 % intervals, and log10
ratios of median squared errors of B. Above T = 4000 the paper's protocol has one start too. The best value known is the higher
of the two protocols'. For Laplace noise each protocol has an objective of its own, that of its first fit: the certified share is
0 there by construction, and the paper's share is a lower bound, since only one climb, from the best L-BFGS end, looked for a
higher value; its two protocols' noise samples differ too (by the order of the first fit's rows), which widens their comparison.
A median hardly feels one such fit among 500, a mean may consist of it: see Figure 1 (d)."""
FINE_TUNING = """log10 of the median squared errors of NCE with the fitted Laplace noise, L-BFGS, by where its second fit starts, which the
paper does not say: an experiment of its own, with new matrices, added after the first full run. The last column tells which
start is the better optimiser; the error need not follow it, since the highest maximum is not the nearest to the truth."""
COVERAGE = """Share of {} inside their 95 % intervals, from the covariance estimated at the certified protocol's fits, with 95 %
intervals over runs. A fit without a certificate has no intervals and counts as missing the truth."""
DISTANCES = (
    "Squared distances of all parameters from the truth in the metric of the limit's covariance,"
    " against chi-square."
)


def front(findings: Findings) -> str:
    """Return the report's beginning: profile, numbers of runs, where everything is."""
    evidence, runs = findings.evidence, findings.runs
    counts = ", ".join(
        f"{evidence.column('norm_B', size).size} at T = {size}" for size in evidence.sizes
    )
    if evidence.more_points:
        more = {size: len(found) for size, found in evidence.more_points.items()}
        told = ", ".join(f"{count} at T = {size}" for size, count in more.items())
        counts += f"; of the paper's protocol alone {told}"
    about = runs.get("machine", {})
    machine = f" ({about['processor']}, {about['cores']} cores)" if about else ""
    spent = (
        f"Time spent in runs: {clock(float(runs['task_seconds']))} of one core{machine}. "
        if "task_seconds" in runs
        else ""
    )
    return (
        f"# Replication report: P10 Figure 1 and its theory\n\n{INTRODUCTION}\n\n"
        f"Profile `{findings.profile}`; runs (one random mixing matrix each): {counts}. {spent}"
        "Versions, machine, commit and code hash: `provenance.json`; the runs themselves: `runs.jsonl.gz`; "
        "every number: `summary.csv`, `claims.json`.\n"
    )


def sections(findings: Findings) -> list[Section]:
    """Return figures and tables in the order of the report."""
    evidence, lines = findings.evidence, findings.evidence.lines
    certified, fits = tables.certified_total(evidence)
    share = f"{certified} of {fits} fits ({certified / fits:.3%})"
    constants = [
        [
            LABELS[m],
            f"{evidence.theory.relative_error(m):.4f}",
            f"{evidence.theory.error_c(m):.4f}",
        ]
        for m in METHODS
    ]
    return [
        figure_section(findings),
        (
            "Certificates",
            f"Certified: {share}; required are 99.9 %. {CERTIFIED}\n\n{tables.certificates(evidence)}",
        ),
        ("Limits of the theory", f"{LIMITS}\n\n{markdown(['method', 'B', 'c'], constants)}"),
        (
            "Medians",
            f"log10 of the median squared errors under the paper's protocol.\n\n{tables.medians(evidence, lines)}",
        ),
        (
            "The start of the fine tuning",
            _with_text(FINE_TUNING, tables.fine_tuning(evidence, lines)),
        ),
        ("Approach to the limit law", f"{APPROACH}\n\n{tables.approach(evidence, lines)}"),
        ("The optimiser's part", f"{OPTIMISER}\n\n{tables.optimiser(evidence, lines)}"),
        (
            "Coverage, entries of B",
            f"{COVERAGE.format('the entries of B')}\n\n{tables.coverage(evidence, lines, 'B')}",
        ),
        ("Coverage, c", f"{COVERAGE.format('the c')}\n\n{tables.coverage(evidence, lines, 'c')}"),
        ("Mahalanobis distances", f"{DISTANCES}\n\n{tables.distances(evidence, lines)}"),
    ]


def after(findings: Findings) -> str:
    """Return the sections on the studies that have a report of their own below this one."""
    from ..studies import MAIN, all_studies  # here: the list of studies imports each study

    return "".join(
        other_study(study, findings.folder / study.name)
        for study in all_studies()
        if study.name != MAIN
    )


def _with_text(text: str, table: str) -> str:
    return f"{text}\n\n{table}" if table else ""
