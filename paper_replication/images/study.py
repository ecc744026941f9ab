"""Models of natural images (P10 section 3.2), on photographs that packages ship."""

from __future__ import annotations

import re

import numpy as np

from ..claims import CONFIRMED, CONTRADICTED, NOT_RESOLVED
from ..columns import Columns, summary_csv
from ..conclusions import Conclusion
from ..estimates import Estimate
from ..report_tables import markdown
from ..study import Experiment, Findings, Section, Study
from . import estimands as of
from . import plan
from .claim_list import all_claims
from .estimands import Float
from .photographs import LICENCES, NAMES
from .plan import CONTROLLED, MODELS, PART_OF, SIZES

BESIDE = """## Natural images

Section 3.2 of the 2010 paper on photographs that packages ship, features, pooling, and what c is worth under a wrong model:
[a report of its own](images/IMAGES.md) (`python -m paper_replication run images --profile full`; needs scikit-image and scikit-learn)."""
FILTERS = (
    "The largest patches' first draw; white and black are a filter's own largest value, pictures are of whitened patches. (a) Rows of W of one layer, by "
    "mean frequency. (b) The same of two layers, after the third stage. (c) Of the twenty units that pool most, two a row, the six features that each "
    "weighs most, strongest first. (d) The 25 filters of the Markov field, by mean frequency. P10's Figure 2 shows the like of (a) and (c); its field's filters, on patches much larger than their windows, are edges, which these are not."
)
YARDSTICKS = (
    "Models less one layer on the same points, 95 % intervals over photographs as clusters: (a) J held out at ν = 1, (b) normalised log-likelihood held out. "
    "(c) c + ln Z, the logarithm of the model's integral by annealed importance sampling, the smallest interval that holds those of all draws; 0 is what "
    "c = −ln Z would have; the axis is linear within ±1 and logarithmic beyond. J of the model fitted at ν = 10 is that at ν = 1."
)
FRONT = f"""# NCE on natural images

The 2010 paper (P10, section 3.2) ends with models of natural images that have no normaliser in closed form. It gives no number there, but pictures and
words: features like Gabor functions, pooling of similar orientation and frequency, a Markov field whose filters are of high frequency; and it hopes
that the estimated constant c could serve to compare models. This study asks these words of photographs that packages ship.

**Preprocessing**, P10's: patches, each one's mean off, whitened in their leading principal components, then drawn out to the sphere of radius √d;
noise uniform on that sphere, ν = 1. **Models**, x a point, f(u) = ¼ ln cosh 2u + ½u + 0.17 P10's threshold function:

    one layer   Σ_n f(ln[(w_n·x)² + 1] + b_n) + c                  gain    Σ_n f(a_n ln[(w_n·x)² + 1] + b_n) + c
    two layers  Σ_n f(ln[Σ_k v_nk (w_k·x)² + 1] + b_n) + c, v ≥ 0   spline  Σ_n s(ln[(w_n·x)² + 1]) + c, s learnt, one for all
    Laplace     −√2 Σ_n |w_n·x| + c                                field   Σ_ξ Σ_n f(w_n·x(ξ) + b_n) + c, ξ all windows

Two layers are learnt in P10's three stages: V = I; V alone from small values until J is back; all. The *gain* is their control: it sharpens each
unit and pools nothing. *J* is the objective, a mean a datum, maximised (P10's is half of it). *Normalised log-likelihood* is ln p_m less ln of the model's
integral, in nats over the uniform density; the integral is by annealed importance sampling (2000 walks, 600 temperatures, Metropolis moves along great
circles) and again by importance weights from the uniform density (200 000 points).

**The photographs are not the paper's** (van Hateren's are in no package), and most are not of wild life: {len(NAMES)} of scikit-image and scikit-learn, whose
licences the packages state: {"; ".join(f"{name} ({LICENCES[name][1]})" for name in NAMES)}. Training patches are from the left three quarters of each, test
patches from the right quarter. Photographs are the clusters of every interval of what is held out; the draws share them.

**Choices, which P10 does not state**: photographs and their number of patches; ln(luminance + 8), each photograph to mean 0 and deviation 1; patches of a deviation below
0.02 drawn again; 8 × 8 pixels in 32 dimensions and 16 × 16 in 64, where P10 has 30 × 30 in 225; 2000 and 4000 training patches of each photograph (22 000 and 44 000
in all), 1000 test patches of each; the start of the group's later code, W ~ N(0, 1/(d − 1)), b = −1 − U(0, 1); V = P² with P² ~ U(0, 0.1) at the start of the second
stage, W and V rescaled before the third; L-BFGS for conjugate gradients, at most 500 steps a stage, in float32; the
field on patches of 8 × 8 and 12 × 12 in 50 and 120 dimensions, windows of 5 × 5 and 7 × 7 and the sphere as well, where P10 has 45 × 45 pixels, a whitening filter of
9 × 9 and windows of 7 × 7. No climb is certified: these are local maxima at best, one start a draw.

**Gabor fits** are by least squares; those that end at the lowest frequency allowed (0.6 periods a patch), which fit anything smooth, are left out and counted. A filter's picture is that of a
whitened patch, E w.
"""


def sections(findings: Findings) -> list[Section]:
    """The models, the features, the pooling, and what was not done."""
    evidence = findings.evidence
    parts = []
    for size in SIZES:
        if of.draws_of(evidence, size, "layers"):
            parts.append(f"{size} × {size} pixels:\n\n{_models(evidence, size)}")
    models = "\n".join(parts)
    rows = [_features(evidence, size) for size in SIZES]
    features = markdown(
        [
            "pixels",
            "filters",
            "median R²",
            "mean R²",
            "left out as low",
            "median of the mean frequencies",
        ],
        [row for some in rows for row in some],
    )
    pooled = markdown(
        ["pixels", "what", "pooled", "permuted", "z"],
        [row for size in SIZES for row in _pooling(evidence, size)],
    )
    return [
        (
            "Models by two yardsticks",
            "J on the training points (mean over the draws; that of ν = 10 is on another scale), J and normalised log-likelihood (nats a patch over the uniform density) held out, ± "
            "standard errors over photographs, and c + ln Z by annealing and by importance weights (mean over the draws ± the largest standard error).\n\n"
            + models
            + _spline(evidence)
            + findings.picture("yardsticks"),
        ),
        (
            "Filters",
            "Gabor fits of all draws together; *rotation*: rows of a random rotation of the same whitened space; *start*: the field's random start.\n\n"
            + features
            + _corners(evidence)
            + findings.picture("filters"),
        ),
        (
            "What two layers pool",
            "Of every unit's six strongest features, over all pairs: mean cos 2(difference of orientation), mean |difference of ln f|, mean distance in pixels, "
            "and the same with features permuted (500 times).\n\n" + pooled,
        ),
        ("On the claimed side, and not resolved", _without_power(findings)),
        (
            "What was not done",
            "Patches of P10's size, and its photographs; a Markov field on patches much larger than its windows, as P10's are, without which its filters are no test of the paper, and its "
            "normalised likelihood; a second draw of 16 × 16 pixels for other models than one and two layers (planned, and given up "
            "for time before any was finished), and more than one start a draw; the positive control at 16 × 16; a larger ν than 10; standard errors of the Gabor "
            "fits' means that know that the features of one draw are not independent.",
        ),
    ]


def _without_power(findings: Findings) -> str:
    """Claims whose interval lies on their side, but that these photographs cannot tell from a margin away."""
    lines = []
    for one in findings.judgements:
        claim = one.claim
        sided = {"greater": one.low > claim.target, "less": one.high < claim.target}
        if one.verdict == NOT_RESOLVED and one.estimate and sided.get(claim.kind, False):
            interval = f"{one.estimate.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
            lines.append(
                f"- `{claim.id}`: {interval}, {claim.kind} than {claim.target:g} claimed; power {one.attained_power:.2f}"
            )
    if not lines:
        return ""
    return (
        "A one-sided claim is confirmed where the interval lies on its side *and* a value one margin away would have been told with probability 0.8. The margins were fixed before "
        "anybody knew how much photographs differ, and are too fine for eleven of them (and the level is shared by all claims of a family), so that these stay open although the interval "
        "excludes the other side:\n\n" + "\n".join(lines) + "\n"
    )


def _models(evidence: Columns, size: int) -> str:
    rows = []
    for name, words in {**MODELS, "control": "control: one layer on its own model's data"}.items():
        draws = of.draws_of(evidence, size, PART_OF[name])
        if not draws:
            continue
        runs = [of.results(evidence, size, draw, PART_OF[name]) for draw in draws]
        rows.append(
            [
                words,
                f"{np.mean([run[f'{name}.J.train'] for run in runs]):.3f}",
                *(
                    "–"
                    if name == "control"
                    else _cell(of.held_out(evidence, size=size, what=what, weights={name: 1.0}))
                    for what in "JL"
                ),
                _cell(of.mass(evidence, size=size, model=name)),
                _cell(of.mass(evidence, size=size, model=name, column="mass.is")),
                f"{np.mean([run[f'{name}.evaluations'] for run in runs]):.0f}",
            ]
        )
    head = [
        "model",
        "J, training",
        "J held out",
        "likelihood held out",
        "c + ln Z",
        "by weights",
        "evaluations",
    ]
    return markdown(head, rows)


def _cell(found: Estimate | None) -> str:
    return "–" if found is None else f"{found.value:.3f} ± {found.standard_error:.3f}"


def _features(evidence: Columns, size: int) -> list[list[str]]:
    rows = []
    for part, name, words in (
        ("layers", "one", "one layer"),
        ("layers", "two", "two layers"),
        ("layers", "rotated", "rotation"),
        ("field", "field", "field"),
        ("field", "start", "start"),
    ):
        fits = of.features(evidence, size, part, name, "r2")
        everything = of.features(evidence, size, part, name, "f", low=True)
        if fits.size:
            rows.append(
                [
                    f"{size} × {size}",
                    words,
                    f"{np.median(fits):.3f}",
                    f"{fits.mean():.3f}",
                    f"{everything.size - fits.size} of {everything.size}",
                    f"{np.median(everything):.3f}",
                ]
            )
    return rows


def _spline(evidence: Columns) -> str:
    """What the two ways to have the spline's integral say, where they do not agree."""
    said = []
    for size in SIZES:
        found = of.two_ways(evidence, size=size, model="spline")
        if found is not None:
            said.append(f"{found.value:+.2f} ± {found.standard_error:.2f} at {size} × {size}")
    if not said:
        return ""
    return (
        "\nThe spline's integral is hard: annealing less importance weights is "
        + ", ".join(said)
        + " (mean over the draws, largest standard error), whose errors, from heavy-tailed weights, are "
        "themselves not to be trusted where the two differ. Its likelihood is to be read with that doubt; the learnt shape is free to rise without bound and fits the training patches of "
        "16 × 16 far better than the test patches.\n"
    )


def _corners(evidence: Columns) -> str:
    """How much of the field's filters sits in the corners of their window."""
    said = []
    for size in SIZES:
        if 0 in of.draws_of(evidence, size, "field"):
            share, area = corner_share(of.pictures(of.results(evidence, size, 0, "field"), "field"))
            said.append(f"{share:.0%} at {size} × {size}, of {area:.0%} of the area")
    if not said:
        return ""
    return (
        "\n**The field's filters, looked at, are not P10's**: most are spots in a corner of their window, which a Gabor function fits as it fits anything small, and few are edges. The corners "
        "(a third of the side each) hold, in the median filter, "
        + "; ".join(said)
        + ". Patches of 8 and 12 pixels are too small for windows of 5 and 7: a corner sees other pixels than "
        "the window's middle, and whitening by principal components is another one at a patch's border. R² of these filters and their frequency, which a spot has as well, therefore say little.\n"
    )


def corner_share(pictures: Float) -> tuple[float, float]:
    """The median share of a picture's squares in its four corners, each a third of the side, and their share of the area."""
    side = pictures.shape[1]
    third = np.arange(side)
    outer = (third < side // 3) | (third >= side - side // 3)
    squares = pictures**2
    in_corners = squares[:, outer][:, :, outer].sum(axis=(1, 2)) / squares.sum(axis=(1, 2))
    return float(np.median(in_corners)), float(outer.mean() ** 2)


def _pooling(evidence: Columns, size: int) -> list[list[str]]:
    rows = []
    runs = [of.results(evidence, size, d, "layers") for d in of.draws_of(evidence, size, "layers")]
    for what in ("orientation", "frequency", "distance"):
        found = of.pooling(evidence, size=size, what=what)
        if found is not None:
            pooled, permuted = (
                np.mean([run[f"pool.{what}.{key}"] for run in runs])
                for key in ("pooled", "permuted")
            )
            z = f"{found.value / found.standard_error:.1f}"
            rows.append([f"{size} × {size}", what, f"{pooled:.3f}", f"{permuted:.3f}", z])
    return rows


def numbers(evidence: Columns) -> dict[str, str]:
    """The table of all columns but the single features' and pixels'."""
    single = re.compile(r"^V\.|\.pixel\.|\.(r2|low|f)\.\d+$")
    groups = {
        name: [{key: value for key, value in run.items() if not single.search(key)} for run in runs]
        for name, runs in evidence.groups.items()
    }
    return {"summary.csv": summary_csv(Columns(groups))}


def conclusions(findings: Findings) -> list[Conclusion]:
    """What was found."""
    return [
        Conclusion(
            "**Features are like Gabor functions**, as P10 says, one layer's and two layers', against random rotations of the same space.",
            {"gabor.": CONFIRMED},
        ),
        Conclusion(
            "**A unit of the second layer pools features of alike orientation**, as P10 says.",
            {f"pool.orientation.{size}": CONFIRMED for size in SIZES},
        ),
        Conclusion(
            "**It pools features of alike frequency**, as P10 says.",
            {f"pool.frequency.{size}": CONFIRMED for size in SIZES},
        ),
        Conclusion(
            "**What is pooled is near each other here**: P10 says that it need not be.",
            {f"pool.distance.{size}": CONFIRMED for size in SIZES},
        ),
        Conclusion(
            "**c does not estimate −ln Z on images, where the models are wrong**: it is off by more than a tenth of a nat in every draw, by two ways to have ln Z "
            "that agree; on data drawn from such a model it is right. P10's hope that c could serve to compare models fails there.",
            {
                "c.": CONTRADICTED,
                "integral.": CONFIRMED,
                **{f"control.{size}": CONFIRMED for size in CONTROLLED},
            },
        ),
        Conclusion(
            "**More noise repairs it in part**: with ν = 10 c is nearer to −ln Z in every draw.",
            {"nu.": CONFIRMED},
        ),
        Conclusion(
            "**Two layers beat one by both yardsticks**, J and normalised likelihood held out.",
            {f"{what}.two.one.{size}": CONFIRMED for what in "JL" for size in SIZES},
        ),
        Conclusion(
            "**A gain alone brings more than half of what pooling brings in J**: without that control pooling would get the credit.",
            {f"J.gain.one.two.{size}": CONFIRMED for size in SIZES},
        ),
        Conclusion(
            "**The two yardsticks disagree**: by J two layers beat one layer with a gain, by normalised likelihood they do not.",
            {
                **{f"J.two.gain.{size}": CONFIRMED for size in SIZES},
                **{f"L.gain.two.{size}": CONFIRMED for size in SIZES},
            },
        ),
    ]


STUDY = Study(
    name="images",
    title="NCE on natural images",
    # Climbs in float32 to where J gains little: their ends hang on the last digits.
    experiments=(Experiment(plan.EXPERIMENT, "paper_replication.images.experiments.fits", ("*",)),),
    profiles=plan.PROFILES,
    claims=all_claims,
    tables=numbers,
    figures={"filters": FILTERS, "yardsticks": YARDSTICKS},
    panels="paper_replication.images.picture",
    front=lambda findings: FRONT,
    sections=sections,
    conclusions=conclusions,
    poster="filters",
    abstract="Models of natural images, as section 3.2 of the 2010 paper has them, on photographs that packages ship: features, pooling, and what the "
    "estimated constant is worth where the model is wrong.",
    text="IMAGES.md",
    beside=BESIDE,
)
