"""The text of WALKTHROUGH.md: a lesson in ten steps, every number in it from the runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ..claims import Judgement
from ..report import on_rounding
from ..report_tables import all_claims, verdicts
from ..study import Findings, Section
from .estimands import mean_of
from .evidence import WalkthroughEvidence
from .lesson_tables import real_table, right_table
from .naive import BREAKS_AT
from .references import chance_loss, optimal_loss, reused_noise_flattery
from .tables import sklearn_is_here
from .training import published_network

N_WEIGHTS = published_network().n_params
Said = Callable[[str], str]
Mean = Callable[..., str]

INTRODUCTION = """# The walkthrough, and the experiment done right

A tutorial trains a small network f(x) as an unnormalised log-density by noise-contrastive estimation: a review of the paper in Korean
on the blog "My Vision, Computer Vision", 15 January 2025, in PyTorch. x = A s in four dimensions with Laplace sources, noise N(0, I),
layers 4 → 36 → 64 → 1, Adam at 0.005, 40 full-batch epochs on 1000 points. Its loss curve falls, and it ends there. Below it is called
*the walkthrough*. This lesson runs it as it stands, shows seven faults one at a time, each beside its correction, and then
does the experiment right: with f held against the true ln p_d, which the walkthrough never does.

How to read the numbers. *Loss* is −J, per data point and in nats (J: the objective of `nce_ref`; the 2010 paper's is half of it at
ν = 1, ν the number of noise points a data point). *Log-ratio*: f(u) − ln p_n(u), p_n the noise density; less ln ν it is t, and h = σ(t)
is the probability that u is data and not noise, if exp f is right. *Chance*: the loss of a model that cannot tell them apart. The number
after ± is half a 95 % interval of a mean over the runs. An interval in square brackets is that of the claim's rule. A claim is
*confirmed* or *contradicted* by its interval, *not resolved* otherwise; margins were written in `walkthrough/claim_list.py` after a small
pilot with other random numbers and before the first full run. Every run has a mixing matrix of its own (condition number below 10).
"""


def sections(findings: Findings) -> list[Section]:
    """Return the lesson's steps, figures among them, between the verdicts and the list of all claims."""
    evidence: WalkthroughEvidence = findings.evidence
    judgements, picture = findings.judgements, findings.picture
    by_id = {judgement.claim.id: judgement for judgement in judgements}

    def said(name: str) -> str:
        return _said(by_id, name)

    def mean(experiment: str, column: str, digits: int = 3) -> str:
        estimate = (
            mean_of(evidence, experiment=experiment, terms=((column, 1.0),))
            if evidence.groups.get(experiment)
            else None
        )
        if estimate is None:
            return "(no runs)"
        low, high = estimate.interval(0.95)
        return f"{estimate.value:.{digits}f} ± {0.5 * (high - low):.{digits}f}"

    steps = (
        _as_it_stands,
        _mixing,
        _variance,
        _noise,
        _logarithm,
        _affine,
        _reused,
        _reference,
    )
    parts = [
        *(step(said, mean, picture) for step in steps),
        picture("faults"),
        _right(said, mean, picture, evidence),
        _real(said, picture, evidence),
        CHECKLIST,
    ]
    return [
        ("", f"{missing(findings)}{verdicts(judgements)}"),
        *(("", part) for part in parts if part),
        ("All claims", all_claims(judgements) + on_rounding(findings.study)),
    ]


def missing(findings: Findings) -> str:
    """Say what is not in this lesson that should be, beyond what every report says."""
    said = []
    if findings.profile == "quick":
        said.append("The quick path: two small runs each, which prove nothing.")
    if not real_table(findings.evidence):
        why = "" if sklearn_is_here() else ": scikit-learn is not installed"
        said.append(f"The real data was left out{why}.")
    if not sklearn_is_here():
        said.append("`pip install -e '.[walkthrough]'` brings matplotlib and scikit-learn.")
    return f"**{' '.join(said)}**\n\n" if said else ""


def _as_it_stands(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    p = "as_published"
    return f"""## 0. As it stands

In 40 steps the training loss falls from {mean(p, "loss.first")} to {mean(p, "loss.last")}. That looks like learning. It is not: the best
*single number* f = c, with no use for x at all, has a held-out loss of {mean(p, "loss.constant")}, the network with its {N_WEIGHTS} weights
and biases one of {mean(p, "loss.own")} on fresh data of its own A with fresh noise (network less constant: {said("0.constant")}).
And f has nothing to do with what it was to learn: its correlation with the true ln p_d is {said("0.correlation")}.
{picture("samples")}{picture("tsne")}"""


def _mixing(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    n = "network_faults"
    return f"""## 1. Training and test data from two mixing matrices

*The fault.* A is drawn inside the function that makes the data, so the test data has another A, another density. *What it does*
(network with tanh and base, matched noise, one fault at a time): the test loss is {mean(n, "loss.other")} instead of
{mean(n, "loss.own")}, a difference of {said("1.loss")}. The true cost is larger than that and hidden, because on the other data a much
better loss was to be had: measured from what is possible on the same data, another A costs more: {said("1.excess")}.
*Right:* draw A once. Then the distance from the optimum is {said("1.corrected")}.
"""


def _variance(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    i = "ica_faults"
    return f"""## 2. Sources of variance 2

*The fault.* NumPy's `laplace(scale=1)` has variance 2; the paper's sources have variance 1 (scale 1/√2). *What it does:* nothing to
the loss, which is why it goes unseen. But the paper's own model ln p_m = −√2 Σ|b_i x| + c, fitted by NCE, then ends at B = A⁻¹/√2
(mean diagonal of B̂A: {said("2.scale")}) with c too low by 2 ln 2 ({said("2.c")}), and against A⁻¹ the squared error grows from
{mean(i, "matched.relative_error")} to {mean(i, "variance2.relative_error")} (difference {said("2.error")}), however much data there is.
*Right:* scale 1/√2. Diagonal {said("2.scale-corrected")}, error of c {said("2.c-corrected")}.
"""


def _noise(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    n = "mismatched_noise 1000"
    return f"""## 3. Noise that does not match the data

*The fault.* The noise is N(0, I) whatever the covariance A Aᵀ of the data is. *What it does:* it lowers the loss and spoils the
estimate. The lowest loss that any model can reach falls from {mean(n, "matched.optimal")} to {mean(n, "standard.optimal")}
(by {said("3.loss")}), since data far outside the noise is told apart without knowing its density. There h is 1 and the
gradient 0: those points teach nothing. The squared error |B̂A − I|² of the ICA model rises (mean log10 of the ratio, 1000 points:
{said("3.error")}). The limit covariance of NCE knows this: at 4000 points the ratio is the one it gives (difference in
log10 {said("3.theory")}); at 1000 points the true cost is larger still ({said("3.beyond-theory")}). *Right:* noise with
the data's mean and covariance, `nr.GaussianNoise.from_data(x)`. Losses under different noise must never be compared.
"""


def _logarithm(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    return f"""## 4. ln(1 − σ) as written

*The fault.* ln(1 − σ(t)) is computed in that order. *What it does:* σ(t) rounds to 1 once e^−t is half of the last digit of 1: at
t = 53 ln 2 = {BREAKS_AT["float64"]:.2f} in float64, 24 ln 2 = {BREAKS_AT["float32"]:.2f} in float32. From there on the loss is infinite
and its gradient 0/0 = NaN; long before, digits are lost. Networks scaled up until their loss broke did so at log-ratios of
{said("4.float64")}, in float64 and {said("4.float32")}, in float32. The
walkthrough was lucky: its largest log-ratio on noise is {said("4.luck")}. On data it is
{said("4.data")}: had the two classes exchanged their names, the loss would have been infinite. *Right:* ln σ(−t), which is the same
function; relative error {said("4.corrected")}.
{picture("logarithm")}"""


def _affine(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    n = "network_faults"
    return f"""## 5. No activation

*The fault.* Linear layers in a row are one linear layer: f(x) = a·x + c, 5 numbers written with {N_WEIGHTS}. *What it does:* exp f is no
density, whatever the weights: its mass within a distance never stops growing, at least 16-fold (ln 16 = 2.77) when the distance
doubles. Measured from 6 to 12 standard deviations, as ln of the ratio: {said("5.mass")}. NCE fits it all the same and reports a loss; with
matched noise one above chance ({said("5.chance")}; chance is {chance_loss(1.0):.3f}) and above
that of the network with tanh ({said("5.loss")}). Its correlation with ln p_d is
{said("5.correlation")}. *Right:* an activation, and for a bounded one a base density, f + ln of a
Gaussian: `nr.MLP(sizes, "tanh", base=noise)`. Growth {said("5.mass-corrected")}; the correlation is {mean(n, "correlation")}, higher by
{said("5.correlation-corrected")}. `model.is_integrable` tells beforehand.
"""


def _reused(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    return f"""## 6. The training noise again in the test loss

*The fault.* Fresh test data, but the noise sample of training. *What it does:* the network has learned that noise sample too, so the
test loss comes out too low: {said("6.network")} (in nats, the luck of the draw taken out: the loss of ln p_d on the same samples
is subtracted). It is the over-fitting that a test loss is there to show. For a model of few parameters theory gives the size: n_data
times it is tr(I⁻¹V) = {reused_noise_flattery(1.0):.2f} for the 17 parameters of the ICA model, V = ν Cov(h g) on noise, g the derivative of
ln p_m by the parameters and I the information matrix (`nce_ref/THEORY.md`); measured less
that: {said("6.ica")}. *Right:* fresh noise, which costs nothing; in training too it can be drawn anew each epoch (`n_noise=`), and
then only the data can be over-fitted.
"""


def _reference(said: Said, mean: Mean, picture: Callable[[str], str]) -> str:
    p = "as_published"
    return f"""## 7. No reference for the loss

*The fault.* A loss curve with nothing drawn in. *What it does:* a fall of more than 4 nats ({said("7.fall")}) passes for success. Three
lines belong into the picture. *Chance*, ln(1+ν) + ν ln(1+1/ν): {chance_loss(1.0):.3f} at ν = 1, {chance_loss(10.0):.3f} at ν = 10. The best
*constant*. And the *optimum*, the loss of ln p_d itself, below which no model comes but by luck: for four Laplace sources and
matched noise {optimal_loss(1.0):.4f} at ν = 1 and {optimal_loss(10.0):.4f} at ν = 10, by quadrature and whatever A is (sampled less
quadrature: {said("7.optimum-1")}, and {said("7.optimum-10")}; noise matched to a sample of 1000 instead of the truth is told apart
a little more easily). The loss is never 0. For the walkthrough's own problem the
optimum is {mean(p, "loss.optimal")}, and its network stays above it by {said("7.gap")}.
{picture("loss_curves")}"""


def _right(
    said: Said, mean: Mean, picture: Callable[[str], str], evidence: WalkthroughEvidence
) -> str:
    return f"""## 8. Done right

One A, sources of variance 1, matched noise drawn anew each epoch, ν = 10, tanh and a base density, ten steps an epoch, the rate
lowered from 0.005 to 0.001 after 40 of 60 epochs, fresh data and fresh noise for every number below.

{right_table(evidence)}
Of the way from chance to the optimum the tanh network makes {said("8.loss")}. It knows more of ln p_d than its
Gaussian base: correlation higher by {said("8.correlation")}, root-mean-square error lower by
{said("8.rmse")}. Its integral is close to 1, though nobody told it to be: ln ∫ exp f = {said("8.integral")}, by
importance sampling with fresh noise. But 1000 points are few for {N_WEIGHTS} weights: the held-out loss lies above the training
loss by {said("8.over-fitting")}. The paper's own model, 17 parameters and the right form, fitted by NCE to the same data, makes of
that way {said("8.ica")}; its root-mean-square error less half of the network's is {said("8.ica-rmse")}.
In the picture its points fall below the diagonal on the left: where tanh saturates, the base's Gaussian tails are all that is left, and
the truth's are heavier. *A network is what one takes when nobody can write the density down; where somebody can, write it down.*
{picture("f_against_truth")}{picture("densities")}"""


def _real(said: Said, picture: Callable[[str], str], evidence: WalkthroughEvidence) -> str:
    if not real_table(evidence):
        return ""
    return f"""## 9. Real data: which model would you choose?

scikit-learn's wine (178 rows, 13 columns) and breast-cancer (569 rows, 30 columns) tables, without their classes. Standardised, turned to
principal components by the training part, the first eight kept and scaled to variance 1: the thirty columns of the second repeat each
other (eigenvalues from 13 down to 1e-4) and 13 or 30 sources would have more parameters than the rows can pay. Twenty random
splits, a fifth of the rows held out; matched Gaussian noise, ν = 10 (chance {chance_loss(10.0):.3f}); intervals allow for the rows
that splits share. The network (8 → 16 → 16 → 1, tanh, base) keeps a quarter of its training rows back to choose its epoch.

{real_table(evidence)}
*log-likelihood*: of the normalised model, over that of the Gaussian noise, per held-out row. *ln mass*: c + ln Z, in closed form for the
first two, by importance sampling for the network; 0 where NCE found the right constant; its standard error is that of one fit.

Held-out loss, first less second:

- wine: network less Gaussian {said("9.wine.network-gaussian")}, network less ICA {said("9.wine.network-ica")},
  ICA less Gaussian {said("9.wine.ica-gaussian")};
- breast cancer: network less Gaussian {said("9.breast_cancer.network-gaussian")}, network less ICA
  {said("9.breast_cancer.network-ica")}, ICA less Gaussian {said("9.breast_cancer.ica-gaussian")}.

The two measures, NCE loss and log-likelihood, need not agree on small tables: the loss is what was minimised, the other is what most
users want. Neither says anything of the components left out. An interval that excludes 0 and is still *not resolved* is wider than the
rule allows for a margin of 0.2 nats: 36 held-out rows of wine can tell that the network is ahead, not by how much.
{picture("real_data")}"""


CHECKLIST = """## Before you believe a loss curve

1. One density for training and test: fix A, or the data set, first.
2. Sources in the units the model takes for granted.
3. Noise with the data's mean and covariance; never compare losses under different noise.
4. ln σ(t) and ln σ(−t) from one stable function.
5. Ask whether exp f has a finite integral, before and after the fit: `model.is_integrable`, `nr.integral_by_importance`.
6. Fresh noise for every test loss.
7. Chance and, where it can be had, the optimum drawn into the picture; a constant as the first rival.
8. Where the truth is known, f against ln p_d; where it is not, a simpler model beside it.
"""


def _said(by_id: Mapping[str, Judgement], name: str) -> str:
    judgement = by_id[name]
    if judgement.estimate is None:
        return f"(no runs; *{judgement.verdict}*)"
    low, high = judgement.low, judgement.high
    value = judgement.estimate.value
    if not (math.isfinite(high - low) and high - low > 1e-6 * abs(value)):
        return f"{value:.6g}, *{judgement.verdict}*"
    digits = min(
        4, max(2, 1 - math.floor(math.log10(high - low)))
    )  # two digits of the interval's width
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}], *{judgement.verdict}*"
