"""What the rivals' runs have found, each sentence with its claims; README and report say it in these words."""

from __future__ import annotations

from ..claims import CONFIRMED, CONTRADICTED
from ..conclusions import Conclusion
from ..study import Findings


def conclusions(findings: Findings) -> list[Conclusion]:
    """Return the conclusions, the paper's claims first."""
    by_id = {j.claim.id: j for j in findings.judgements}

    def ratio(name: str) -> float:
        """10 to the power of a claim's estimate."""
        estimate = by_id[name].estimate
        return float("nan") if estimate is None else float(10.0**estimate.value)

    def over_mle(method: str) -> float:
        """The claim's estimate is ours less the published one, in log10."""
        judgement = by_id[f"ratio.{method}.16000"]
        if judgement.estimate is None:
            return float("nan")
        return float(10.0 ** float(judgement.estimate.note.split("ours ")[1].split(",")[0]))

    def value(name: str) -> float:
        estimate = by_id[name].estimate
        return float("nan") if estimate is None else estimate.value

    times = [ratio(f"speed.nce.{level}") for level in ("0.03", "0.01", "0.003")]
    return [
        Conclusion(
            "**The four published curves of the other estimators are ours, as wholes**, from T ="
            " 1000 on: importance sampling (B and c), score matching and contrastive divergence.",
            {"figure1a.curve.": CONFIRMED},
        ),
        Conclusion(
            "**Score matching has the largest error** at T = 16000, as the paper says:"
            f" {over_mle('sm'):.0f} times maximum likelihood's squared error (medians). It is"
            f" biased: its smoothed score estimates {value('sm-bias.orthogonal'):.3f} B* where the"
            " theory says 1.064.",
            {"worst.sm.": CONFIRMED, "ratio.sm.16000": CONFIRMED, "sm-bias.orthogonal": CONFIRMED},
        ),
        Conclusion(
            "**Importance sampling has no 1/T law here.** The squared error of B falls like"
            f" T^{value('slope.is.B.flatter'):.2f} and that of c like"
            f" T^{value('slope.is.c.flatter'):.2f}, and at T = 16000 it is {over_mle('is'):.1f}"
            " times maximum likelihood's: Laplace data under Gaussian noise has an infinite"
            " asymptotic variance, which no single sample shows.",
            {
                "slope.is.B.flatter": CONFIRMED,
                "slope.is.c.flatter": CONFIRMED,
                "ratio.is.16000": CONFIRMED,
            },
        ),
        Conclusion(
            "**Contrastive divergence makes better use of the data and worse use of the time**:"
            f" {over_mle('cd'):.1f} times maximum likelihood's squared error at T = 16000, at"
            f" {min(times):.1f} to {max(times):.1f} times NCE's computing time for the same error."
            " Its acceptance rate, which the paper does not state, was chosen with the paper's"
            " ratios in sight.",
            {"ratio.cd.16000": CONFIRMED, "speed.nce.": CONFIRMED},
        ),
        Conclusion(
            "**That its squared error varies about 50 times as much as NCE's hangs on single"
            " fits**: among those that settled the ratio at T = 16000 is"
            f" {50.0 * ratio('cd-variance.settled.16000'):.1f}; with the few that did not, no"
            " sample of this size can tell.",
            {"cd-variance.settled.16000": CONTRADICTED},
        ),
        Conclusion(
            "**The curves of the ν sweep are the published ones, as wholes**, for ν = 0.01 … 100"
            " from T = 1000 on; at T = 16000 the quantiles of the squared errors at ν = 1 and 10"
            " are those of the limit law.",
            {"sweep.curve.": CONFIRMED, "limit.nu=1.": CONFIRMED, "limit.nu=10.": CONFIRMED},
        ),
        Conclusion(
            "**At ν = 0.01 small samples are another matter**: 3 noise points meet 250 data, the"
            " objective need not have a maximum, and our medians of B for T = 250 … 1000 are half"
            " the published ones: the end of the climb is the optimiser's.",
            {
                "sweep.nu=0.01.B.250": CONTRADICTED,
                "sweep.nu=0.01.B.500": CONTRADICTED,
                "sweep.nu=0.01.B.1000": CONTRADICTED,
            },
        ),
    ]
