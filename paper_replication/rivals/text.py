"""The words of RIVALS.md; the numbers in it come from the runs."""

NOT_FULL = (
    "This is a run of the {profile} profile: some matrices and sample sizes, to try every path. It resolves few claims. "
    "The verdicts that count are those of the full profile, up to 500 matrices a point, which has not been run yet."
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
RULE = """A claim is *confirmed* or *contradicted* by its interval, and confirmed only where the run had the power to see the difference
that matters; otherwise it is *not resolved*. Margins: `rivals/claim_list.py` and the files it collects; rule: `claims.py`."""
MEDIANS = "log10 of the median squared error with 95 % interval / published. Five starts up to T = 4000, one above; CD always one."
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
BIAS = "The mean diagonal entry of B̂A for an orthogonal mixing matrix: 1 without a bias, 1.064 by theory for the slope 10."
SWEEP = """log10 of quantiles of the squared error over the matrices. The limit law is N(0, Σ_ν/T) over the same law of matrices;
small ν is far from it at small T. At ν = 0.01 (3 noise points at T = 250) the objective need not have a maximum, and where the climb ends
is the optimiser's doing: L-BFGS here, conjugate gradients or another there."""
COSTS = """Mean times of this run's tasks on the processor (free of what else the machine did), times the full profile's numbers of runs;
settings that this run did not make are scaled from those of the same experiment. One run is one matrix and is stored when it ends, so a
stop at any time resumes, and `--shard i/k` makes any part."""
CLAIMS = """Intervals are those the rule asks for, a = level / number of claims in the family: of confidence 1 - a for published points (0 ±
margin), 1 - 2a for the others. *Power*: the probability, at this run's standard error, of seeing what matters."""
