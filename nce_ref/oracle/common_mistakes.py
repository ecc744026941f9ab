"""The page of common mistakes, ``COMMON_MISTAKES.md``, generated from the catalogue: ``python -m
nce_ref.oracle.common_mistakes``.

Conventions
-----------
page      one string, the same for the same catalogue; a test says that the committed file equals it
number    mistakes that differ by a number alone, an epsilon or a limit, are one; the numbers that were seen stand there
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from nce_ref.oracle.families import FAMILIES
from nce_ref.oracle.mistakes import GROUPS, Mistake

PAGE = Path(__file__).parent / "COMMON_MISTAKES.md"

_HEAD = """# Common mistakes in noise-contrastive estimation

*Generated from the catalogue in `oracle/families/*/mistakes*.py` by `python -m nce_ref.oracle.common_mistakes`; edit it there.*

Every mistake on this page is executable: `oracle.check` runs an implementation against vectors that tell each of them from the
truth, and names the one whose numbers match. **What** the code does, what it does to an estimate (**Effect**), the right formula
with the slip beside it (**Fix**), where it was **seen**, and **where** it can be made: names of objectives, "every NCE objective" being
`nce_from_log_ratios`, `binary_nce`, `laplace_ica_nce`, `gaussian_nce`. An objective stands for its layouts, too (`binary_nce/rows`),
where such a step can be written there; a mistake of some layouts alone names them. An estimate (`laplace_ica_nce_estimate`,
`gaussian_nce_estimate`) is held against every mistake of its objective: the one whose J has no slope there is what was maximised.

Notation: G = ln p_m − ln p_n, h = σ(G − ln ν), ν = n_noise/n_data, σ(t) = 1/(1 + e^−t), c = −ln Z, B the demixing matrix,

    J = (1/n_data) [ sum_x ln h(x) + sum_y ln(1 − h(y)) ],   maximised.

**One formula for many of them.** Give the mean over the data a weight w1 (right: 1), the mean over the noise a weight w0 (right: ν),
let h = σ(G − ln κ) (right: κ = ν), and let ln p_n be off by a constant δ (right: 0). Then c is estimated as c + ln(w1 κ/w0) + δ, and
nothing else moves. So a finite-difference check passes, a test of B passes, and a test at ν = 1 or cov = I often passes too; in a
normalised model, where c is tied to the rest, the same slips ruin everything. `THEORY.md`, section 5, has the proof.

Which test cases see them: ν neither 1 nor an integer, n_data ≠ n_noise, ln p_n far from 0 and varying, cov far from I, points far on
the wrong side (ln-ratios of ±40 and ±800), a B that is not symmetric, and c checked as well as B.
"""

_SYMPTOMS = (
    (
        "c is off by a constant, B is right",
        "no-log-nu, nu-sign, noise-averaged, gauss-no-2pi, gauss-no-logdet and their neighbours",
    ),
    ("c is 1/n of what it should be, B is right", "c-per-dimension"),
    ("B and c differ a little from another fit's on every sample", "noise-refitted, c-tied"),
    (
        "B is off by a factor",
        "laplace-scale (√2), laplace-scale-inverted (2), mean-over-dimensions (n), model-no-half (precision, 1/2)",
    ),
    (
        "B is transposed, or right only where it is symmetric",
        "sources-transposed, gradient-transposed, inverse-not-transposed",
    ),
    (
        "c goes to infinity (and the loss to 0)",
        "gradient-data-only, gradient-noise-sign (noise-sign), noise-truncated at ν < 1",
    ),
    ("the model avoids the data", "labels-swapped, samples-swapped, ratio-swapped"),
    (
        "NaN or inf",
        "naive-log-sigmoid, log1p-exp, densities-not-logs, det-not-logdet, log-det-negative, nu-integer",
    ),
    ("a finite value and a NaN gradient", "where-nan-gradient, abs-as-root"),
    (
        "a finite loss that no longer moves from a bad start",
        "eps-in-log, clip-prob, clip-logits, bce-clamp, double-sigmoid",
    ),
    (
        "the line search fails, the optimiser stalls",
        "the sections on gradients; gradient-summed, gradient-half, gradient-no-sqrt2 first",
    ),
    ("right at ν = 1 only", "the section on ν"),
    (
        "standard errors of B are right, that of c is not",
        "cov-no-correction, cov-correction-equal-sizes, and the rest of their kind",
    ),
    (
        "standard errors are off by a factor",
        "cov-per-noise-point, cov-per-point, cov-hessian-of-half, cov-gradient-no-sqrt2",
    ),
    ("standard errors do not fall as nu grows", "cov-P-no-nu, cov-no-P, cov-cramer-rao"),
    (
        "right at n = 1 or for a diagonal covariance only",
        "cholesky-side, cholesky-triangle, gauss-diagonal, gauss-einsum-indices",
    ),
    ("wrong where variances are small only", "jitter, det-not-logdet"),
    (
        "shapes that fit by accident",
        "broadcast-pairs, broadcast-summed, model-no-axis, gauss-2pi-points, mle-constant-points",
    ),
    (
        "a network trains, and worse the deeper it is",
        "mlp-slope-forgotten, mlp-slope-at-output, and the rest of their section",
    ),
    (
        "weights from elsewhere give another function",
        "mlp-weights-transposed, mlp-biases-first, mlp-softplus-shifted",
    ),
    (
        "importance sampling: c is off by a constant, B is right",
        "is-summed, is-per-data, is-log-nu, gauss-no-2pi and their neighbours",
    ),
    (
        "importance sampling: B goes to 0",
        "is-no-normalizer, is-normalizer-added, is-weights-normalised, is-gradient-data-only",
    ),
    ("score matching: B goes to 0", "sm-no-divergence, sm-divergence-sign, sm-no-smoothing"),
    (
        "score matching: B is right for slope 1 or orthogonal rows only",
        "sm-bend-no-slope, sm-no-cross-terms, sm-score-of-sources",
    ),
    (
        "Hamiltonian Monte Carlo: hardly anything is accepted",
        "leapfrog-sign, leapfrog-half-kicks, energy-summed, metropolis-summed",
    ),
    (
        "chains sample another law, though acceptance looks usual",
        "leapfrog-stale-score, energy-no-kinetic, metropolis-log10",
    ),
)

_OUTSIDE = (
    (
        "ddof",
        (
            "The noise is drawn from one covariance (divided by n_data − 1) and evaluated with"
            " another (by n_data)."
        ),
        "c cannot absorb it; the error falls like 1/n_data.",
        (
            "Compute mean and covariance once, hand the same numbers to the sampler and to ln p_n;"
            " compare the sample covariance of many noise points with the one in ln p_n."
        ),
    ),
    (
        "std-for-variance, cholesky-side, in the sampler",
        (
            "ln p_n is right and the noise is drawn by another law: a factor on the wrong side,"
            " standard deviations for variances."
        ),
        "c cannot absorb it. No vector sees it, since vectors bring their noise sample with them.",
        (
            "Draw 10^5 points: their covariance must be cov to within 1 %, and |L^-1 (y − mean)|^2"
            " must average n."
        ),
    ),
    (
        "source-scale",
        (
            "Test data drawn from Laplace sources of scale 1 (variance 2) for a model of unit"
            " variance."
        ),
        "B is too small by √2, c off by −(n/2) ln 2: a fault of the test, not of the fit.",
        "The variance of the drawn sources must be 1; Laplace sources then have scale 1/√2.",
    ),
    (
        "matching",
        (
            "The error of B without undoing order and signs of its rows, or with a greedy matching"
            " that uses a row twice."
        ),
        "The error does not go to 0 (no matching), or looks too small (greedy).",
        (
            "`nce_ref.match_rows`; a signed permutation of B must have error 0, and no row may be"
            " used twice."
        ),
    ),
    (
        "c-fixed, in a fit",
        "The objective takes c, the fit never moves it.",
        "B has to make up for the normalisation: 1.19 instead of 1 in the 1-D Laplace model.",
        "At the fit mean_x(1 − h) = ν mean_y(h) must hold; it is the derivative by c.",
    ),
    (
        "float32-tolerance",
        "Stopping tolerances below what float32 resolves, such as a relative change of 1e-9.",
        "The optimiser never stops, or its line search fails.",
        "Ask for no more than 1e-6 in float32, or fit in float64.",
    ),
    (
        "float32-inside",
        "float64 goes in, float32 is computed: a default dtype.",
        "Seven digits instead of sixteen, and saturation at |t| = 17 and 88 instead of 37 and 709.",
        (
            'Check with `dtype="float64"`: all errors near 1e-7 of the value mean this; with'
            ' `dtype="float32"` it passes.'
        ),
    ),
    (
        "one-minus-sigmoid",
        "1 − σ(t) by subtraction in a derivative, as the sigmoids of most frameworks have it.",
        (
            "The slope is 0 instead of e^−t for t above 37 (float64) or 17 (float32), where data"
            " and noise are told apart already. The tolerance lets it pass."
        ),
        "σ(−t) for 1 − σ(t), where slopes are divided by or weighted up.",
    ),
    (
        "reduction",
        "Half, sum, mean over all points, minimised instead of maximised, c = ln Z.",
        (
            "None: conventions, not mistakes. Undeclared they fail, and the report prints the"
            " declaration."
        ),
        "`oracle.Convention(sense=…, reduction=…, c_sign=…, noise_ratio=…)`.",
    ),
)


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_symptoms(), *_catalogue(), *_outside(), *_questions()])


def write(path: Path = PAGE) -> None:
    """Write the page where the test looks for it."""
    path.write_text(page(), encoding="utf-8")


def _symptoms() -> Iterator[str]:
    yield "## By symptom\n\n| what you see | where to look |\n|---|---|"
    yield from (f"| {what} | {where} |" for what, where in _SYMPTOMS)
    yield ""


def _catalogue() -> Iterator[str]:
    for title, group in GROUPS:
        yield f"## {title}\n"
        yield from map(_entry, group)


def _entry(mistake: Mistake) -> str:
    lines = [
        f"### {mistake.id}\n",
        f"- **What:** {mistake.title}."
        + (" *A documented choice, not an error.*" if mistake.choice else ""),
    ]
    lines += [f"- **Effect:** {mistake.effect}", f"- **Fix:** {mistake.fix}"]
    if mistake.seen != "-":
        lines.append(f"- **Seen:** {mistake.seen}")
    if (number := mistake.number) is not None:
        values = ", ".join(f"{value:g}" for value in number.known)
        lines.append(
            f"- **Number:** {number.symbol} is any number, which a diagnosis fits; seen: {values}"
        )
    lines.append(f"- **Where:** {_where(mistake)}")
    return "\n".join(lines) + "\n"


def _where(mistake: Mistake) -> str:
    """The objectives, a whole family's by its name."""
    everywhere = set(mistake.objectives)
    words, left = (
        [],
        [p.name for p in mistake.places if p.name == p.base or p.base not in everywhere],
    )
    for family in FAMILIES:
        names = [objective.name for objective in family.objectives if objective.answer is not None]
        if family.all_of_it and set(names) <= set(left):
            words.append(family.all_of_it)
            left = [name for name in left if name not in names]
    return ", ".join([*words, *(f"`{name}`" for name in left)])


def _outside() -> Iterator[str]:
    yield "## Outside what vectors see\n"
    yield (
        "Mistakes in drawing, fitting and comparing leave no trace in the numbers of an objective."
        " How to look for them:\n"
    )
    for name, what, effect, check in _OUTSIDE:
        yield f"### {name}\n\n- **What:** {what}\n- **Effect:** {effect}\n- **Check:** {check}\n"


def _questions() -> Iterator[str]:
    values = "\n".join(f"| {nu:g} | {chance(nu):.4f} |" for nu in (0.1, 0.5, 1.0, 2.5, 10.0, 100.0))
    yield f"""## What people ask

### Why is ln ν subtracted?

With ν noise points to one data point the classes stand 1 : ν before anything is seen. The posterior probability of "data" is
h = p_m/(p_m + ν p_n) = σ(ln p_m − ln p_n − ln ν): the prior odds enter the log-odds as −ln ν. Left out, c takes them up (no-log-nu).

### Is the sign right?

h(x) should rise on data: raise ln p_m at a data point and J must rise; raise it at a noise point and J must fall. With c = −ln Z
*added*, ∂J/∂c = mean_x(1 − h) − ν mean_y(h). Where both samples push c the same way: noise-sign, gradient-noise-sign.

### Which value should the loss reach?

Not 0. A model that knows nothing (G = 0) has J = −[ln(1 + ν) + ν ln(1 + 1/ν)], the chance value:

| ν | J by chance |
|---|---|
{values}

The best that any model can reach is J* = chance + (1 + ν) JS_π(p_d, p_n), π = 1/(1 + ν), JS_π the Jensen-Shannon divergence. It is 0
only where data and noise do not overlap. So a loss near 0 says that noise is too easy to tell from data, or noise-sign; a loss stuck
at chance says that nothing is learnt, or that the noise is the data's law.

### Can the loss be negative?

−J never: it is a sum of −ln of probabilities. A negative loss means a term that is no log-probability (one-minus-log), a sign that
was turned twice, or J itself shown as "loss". J is never positive, for the same reason. A log-*likelihood* may have either sign.

### Why is it NaN?

The usual places: ln of a saturated σ (naive-log-sigmoid, log1p-exp), densities instead of their logarithms
(densities-not-logs), ln det of a matrix with a negative determinant (log-det-negative), ν = 0 by integer division (nu-integer). An ε
in the log hides the symptom and stops the gradient (eps-in-log, clip-prob): take ln σ(t) = min(t, 0) − log1p(exp(−|t|)) instead.

### How do the losses of two implementations compare?

State sense, reduction, ν and the logarithm. Per data sample is J; half of it is J/2 (P10's J_T at ν = 1); the sum is n_data J; the
mean over all points is J/(1 + ν); in bits it is J/ln 2. Then subtract the chance value under the same reduction. Losses at different ν or
with different noise do not compare at all, since J* differs: compare estimates, or likelihoods.

### My gradient check passes. Is the implementation right?

It says that value and gradient belong together, not that they belong to the right function. Every mistake above the sections on
gradients passes it, with few exceptions. Compare with numbers from elsewhere: that is what the vectors are for.
"""


def chance(nu: float) -> float:
    """J of a model that knows nothing, h = 1/(1 + nu)."""
    return -(math.log1p(nu) + nu * math.log1p(1.0 / nu))


if __name__ == "__main__":
    write()
