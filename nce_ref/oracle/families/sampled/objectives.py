"""Objectives over sampled classes: class NCE, negative sampling and sampled softmax, hits kept; their layouts.

Conventions
-----------
flat     negatives (n_data, n_negatives): each row its own
shared   negatives (n_negatives,): the same for all rows, as TensorFlow draws them
masked   negatives and mask (n_data, n_negatives): 1 where one counts, and k of a row is the number that count
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Family, Inputs, Objective, Outputs, Shape, laid_over
from nce_ref.oracle.families.choices import Choice
from nce_ref.oracle.families.ranking.embeddings import EXACT, VALUE, gradient
from nce_ref.oracle.families.sampled import (
    exact,
    facts,
    mistakes_classes,
    mistakes_gradients,
    mistakes_priors,
    mistakes_terms,
    relatives,
    scales,
    textbook,
)
from nce_ref.oracle.families.sampled.textbook import Ids, PriorSteps

_METHOD = f"nce_ref/oracle/families/sampled/exact.py: {EXACT}"
_HIDDEN: Shape = ("n_data", "n_dim")
_TABLE: Shape = ("n_classes", "n_dim")
_BIASES: Shape = ("n_classes",)
_ROWS: Shape = ("n_data", "n_negatives")
_SCORES = (
    "s_ic = hidden_i . weights_c + biases_c, y = targets and j = negatives are classes, "
    f"{facts.WHOLE}, hits (j = y) count"
)
# A sigmoid's "log2-loss" says it.
_SAID_OTHERWISE = ("info-nce-in-bits",)


def _of_log_probabilities(answer: Any, right: Any) -> tuple[Choice, ...]:
    """ln q in the place of q."""

    class Logged(PriorSteps):
        def log_prior(self, q: Any, ids: Ids, k: Any, is_target: bool) -> Any:
            return q[ids]

    def given(inputs: Inputs) -> Outputs:
        with np.errstate(all="ignore"):
            found: Outputs = answer(laid_over(Logged(), right), **inputs)
            return found

    name = "noise_probabilities"
    return (
        Choice(
            "log_probabilities",
            name,
            "the argument noise_probabilities has their logarithms",
            lambda inputs: {**inputs, name: np.log(inputs[name])},
            lambda inputs: {**inputs, name: np.exp(inputs[name])},
            given=given,
        ),
    )


def _objective(
    name: str, with_noise: bool, formula: str, source: str, right: Any, **hooks: Any
) -> Objective:
    noise: dict[str, Shape] = {"noise_probabilities": _BIASES} if with_noise else {}
    answer = getattr(textbook, name)
    return Objective(
        name,
        {
            "hidden": _HIDDEN,
            "class_vectors": _TABLE,
            "biases": _BIASES,
            "targets": ("n_data",),
            "negatives": _ROWS,
            **noise,
        },
        (
            VALUE,
            gradient("hidden", _HIDDEN),
            gradient("class_vectors", _TABLE),
            gradient("biases", _BIASES),
        ),
        formula,
        source,
        is_mean=True,
        sense="minimise",
        exact=getattr(exact, name),
        method=_METHOD,
        scales=getattr(scales, name),
        right=right,
        answer=answer,
        facts=(facts.CLASSES, *((facts.NOISE,) if with_noise else ())),
        draws=facts.draws(shared=False),
        choices=_of_log_probabilities(answer, right) if with_noise else (),
        dimensions={"n_classes": "classes", "n_negatives": "negatives a row"},
        **hooks,
    )


CLASS_NCE = _objective(
    "class_nce",
    True,
    "L = -(1/n_data) sum_i [ln sigma(t_iy) + sum_j ln sigma(-t_ij)], t = s - ln(k q), k = n_negatives, q = "
    "noise_probabilities, "
    f"{_SCORES}; a loss",
    "Mnih & Teh, ICML 2012, eq. 8; tf.nn.nce_loss",
    textbook.ClassNceSteps(),
    counts=facts.counts,
    right_there=_SAID_OTHERWISE,
    **facts.points(with_k=True),
)
NEGATIVE_SAMPLING = _objective(
    "negative_sampling",
    False,
    f"L = -(1/n_data) sum_i [ln sigma(s_iy) + sum_j ln sigma(-s_ij)], {_SCORES}; a loss",
    "Mikolov et al., NIPS 2013, eq. 4",
    textbook.NegativeSamplingSteps(),
    counts=facts.counts,
    right_there=_SAID_OTHERWISE,
    **facts.points(with_k=False),
)
SAMPLED_SOFTMAX = _objective(
    "sampled_softmax",
    True,
    "L = (1/n_data) sum_i [ln(e^{t_iy} + sum_j e^{t_ij}) - t_iy], t = s - ln q, q = noise_probabilities, "
    f"{_SCORES}; a loss",
    "Jean et al., ACL 2015, eq. 8; Bengio & Senecal, 2008; tf.nn.sampled_softmax_loss",
    textbook.SampledSoftmaxSteps(),
    **facts.ROWS,
)
_FLAT = (CLASS_NCE, NEGATIVE_SAMPLING, SAMPLED_SOFTMAX)
# Where all rows have the same negatives there are no others to take; and a sum of sigmoids over all rows and
# negatives has no rows.
_RIGHT_WHERE_SHARED = ("sampled-negatives-of-the-first-row",)
_RIGHT_POINTS_SHARED = (*_RIGHT_WHERE_SHARED, "sampled-negatives-of-another-row")


def _shared(flat: Objective) -> Objective:
    return replace(
        flat,
        name=f"{flat.name}/shared",
        arguments=flat.arguments | {"negatives": ("n_negatives",)},
        formula=flat.formula.replace("a loss", "the same negatives for all rows; a loss"),
        draws=facts.draws(shared=True),
        right_there=(
            *flat.right_there,
            *(_RIGHT_WHERE_SHARED if flat is SAMPLED_SOFTMAX else _RIGHT_POINTS_SHARED),
        ),
    )


def _masked(flat: Objective, right: Any) -> Objective:
    formula = flat.formula.replace("sum_j", "sum_j mask_ij")
    formula = formula.replace("k = n_negatives", "k_i = sum_j mask_ij")
    if flat is not NEGATIVE_SAMPLING:
        formula = formula.replace("; a loss", "; a row without negatives gives 0; a loss")
    return replace(
        flat,
        name=f"{flat.name}/masked",
        arguments=flat.arguments | {"mask": _ROWS},
        formula=formula,
        right=right,
        facts=(*flat.facts, facts.MASKED),
        choices=_of_log_probabilities(flat.answer, right) if flat.choices else (),
    )


LAYOUTS = (
    *(_shared(flat) for flat in _FLAT),
    _masked(CLASS_NCE, textbook.MaskedClassNceSteps()),
    _masked(NEGATIVE_SAMPLING, textbook.MaskedNegativeSamplingSteps()),
    _masked(SAMPLED_SOFTMAX, textbook.MaskedSampledSoftmaxSteps()),
)

FAMILY = Family(
    "sampled",
    _FLAT,
    relatives=relatives.of((*_FLAT, *LAYOUTS)),
    mistakes=(
        ("Sampled classes: which classes, which scores", mistakes_classes.MISTAKES),
        ("Sampled classes: k and q", mistakes_priors.MISTAKES),
        ("Sampled classes: terms and denominators", mistakes_terms.MISTAKES),
        ("Gradients over sampled classes written by hand", mistakes_gradients.MISTAKES),
    ),
    layouts=LAYOUTS,
)
