"""The words of RIVALS.md; the numbers in it come from the runs."""

from __future__ import annotations

from ..report import claim_section, conclusion_section, figure_section, verdict_section
from ..study import Findings, Section
from . import plan, tables

NOT_FULL = (
    "This is a run of the {profile} profile: some matrices and sample sizes, to try every path. It"
    " resolves few claims. The verdicts that count are those of the full profile, up to 500"
    " matrices a point, which has not been run yet."
)
INTRO = """Made by `python -m paper_replication rivals`. P10 compares noise-contrastive estimation with maximum likelihood (MLE), importance
sampling (IS), score matching (SM) and contrastive divergence (CD) on the four-source Laplace ICA model; J12 sweeps ν. Every run is one
random mixing matrix. Runs: `runs.jsonl.gz`; times, which no two machines share: `clock.jsonl.gz`; numbers: `summary.csv`, `claims.json`;
versions and machine: `provenance.json`. NCE with Laplace noise, the curve of panel (c), is in the [replication report](../REPORT.md).

Choices where the papers are silent. CD: the step size adapted to 90 % acceptance, Newton steps of learning rate 1/2 averaged over their
second half, stopped when drift and chain noise are a tenth of the sampling error; one start. **The 90 % was chosen with the paper's ratio
of CD to MLE at T = 1000 and 4000 in sight: agreement of CD with the paper is no independent confirmation.** The optimiser: nce_ref's
certified fits in panel (a), L-BFGS in panel (b) and in the sweep (P10: nonlinear conjugate gradients).
"""
MEDIANS = (
    "log10 of the median squared error with 95 % interval / published. Five starts up to T = 4000,"
    " one above; CD always one."
)
SLOPES = """Least-squares slopes of log10 median on log10 T over T = 2000 to 16000. For IS there is no slope to converge to: ∫p_d²/p_n is
infinite for Laplace data under Gaussian noise, so its asymptotic variance does not exist. That is a statement about tails; a sample's
estimate of the variance is always finite."""
RATIOS = "Ratios of medians of the squared error of B with 95 % intervals / published. For CD see the choices above."
DIVERGENCE = """Settled: the share of fits that met the stopping rule. The move is the median of log10(error with twice the steps / with
once), pair by pair, the chains being the same. The last columns are ratios of the variances of the squared error of B over the
matrices; P10's text has "about 50". A fit that never settles, near a singular B, has an error up to a thousand times the
others' and makes the whole variance where there is one. So do, at some T, one to four of 500 that settled, but near a singular B as well:
where the last column is well above 1. The ratio tells how often CD fails rather than how precise it is when it does not."""
FITS = """Certified: a proven local maximum, the best of the starts. A k-hat above 0.7 says that the mean of the weights at the fit is
unreliable; below it a sample says nothing about the infinite variance."""
RACE = """Median over matrices of the ratio of two methods' times to the same error, with 95 % intervals by order statistics; the best
of all T counts, all starting at once. Times are seconds of one thread on the processor, of this implementation, and so are the ratios:
MLE, NCE, IS and SM climb by L-BFGS from one start, "NCE by Newton" is nce_ref's certified fit, CD's running estimate is its average.
Each method has a noise sample of its own: by chance alone the two NCE curves end at different errors."""
BIAS = (
    "The mean diagonal entry of B̂A for an orthogonal mixing matrix: 1 without a bias, 1.064 by"
    " theory for the slope 10."
)
SWEEP = """log10 of quantiles of the squared error over the matrices. The limit law is N(0, Σ_ν/T) over the same law of matrices;
small ν is far from it at small T. At ν = 0.01 (3 noise points at T = 250) the objective need not have a maximum, and where the climb ends
is the optimiser's doing: L-BFGS here, conjugate gradients or another there."""
COSTS = """Mean times of this run's tasks on the processor (free of what else the machine did), times the full profile's numbers of runs;
settings that this run did not make are scaled from those of the same experiment. One run is one matrix and is stored when it ends, so a
stop at any time resumes, and `--shard i/k` makes any part."""


def label(findings: Findings) -> str:
    """What every title and table says of the runs: "quick profile, 20 to 40 matrices a point"."""
    return f"{findings.profile} profile, {tables.counts(findings.evidence)}"


def front(findings: Findings) -> str:
    """Return the report's beginning, which says loudly of what profile it is."""
    said = [f"# The rivals and the trade-off ({label(findings)})\n"]
    if findings.profile != "full":
        said.append(f"**{NOT_FULL.format(profile=findings.profile)}**\n")
    return "\n".join([*said, INTRO])


def sections(findings: Findings) -> list[Section]:
    """Return verdicts, figures and tables; every table names its runs."""
    evidence = findings.evidence
    scale = evidence.column("orthogonal/scale", plan.ORTHOGONAL_SIZE)
    told = (
        f"Mean scale {scale.mean():.4f} over {scale.size} matrices at T = {plan.ORTHOGONAL_SIZE}.\n"
        if scale.size
        else "(no runs)\n"
    )
    which = label(findings).capitalize()
    told_of_runs = [
        ("Figure 1 (a): medians", f"{MEDIANS}\n\n{tables.medians(evidence)}"),
        ("Slopes", f"{SLOPES}\n\n{tables.slopes(evidence)}"),
        ("Over MLE", f"{RATIOS}\n\n{tables.ratios(evidence)}"),
        ("Contrastive divergence", f"{DIVERGENCE}\n\n{tables.divergence(evidence)}"),
        ("The fits", f"{FITS}\n\n{tables.fits(evidence)}"),
        ("Figure 1 (b): error against time", f"{RACE}\n\n{tables.race(evidence)}"),
        ("Score matching's bias", f"{BIAS}\n\n{told}"),
        ("The sweep over ν: B", f"{SWEEP}\n\n{tables.sweep(evidence, 'B')}"),
        ("The sweep over ν: c", f"{SWEEP}\n\n{tables.sweep(evidence, 'c')}"),
    ]
    title, claims = claim_section(findings)
    return [
        verdict_section(findings),
        figure_section(findings),
        *((heading, f"*{which}.* {body}") for heading, body in told_of_runs),
        ("What the full profile takes", f"{COSTS}\n\n{tables.costs(evidence.cpu_seconds)}"),
        (title, f"*{which}.* {claims}"),
        conclusion_section(findings),
    ]
