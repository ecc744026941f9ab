"""What is handed in in the place of an objective over sampled classes: another one, hits removed, all classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nce_ref.oracle.families.base import Array, Inputs, Objective, Outputs, Relative, laid_over
from nce_ref.oracle.families.sampled import textbook
from nce_ref.oracle.families.sampled.textbook import Ids, SampledSteps


class _HitsRemoved(SampledSteps):
    def hits(self, t: Array, own: Ids, others: Ids) -> tuple[Array, Any]:
        kept = own != others
        return np.where(kept, t, -np.inf).astype(t.dtype), kept


class _OneHitRemoved(SampledSteps):
    """Of equal negatives the last alone is looked up, as by a table from classes to places."""

    def hits(self, t: Array, own: Ids, others: Ids) -> tuple[Array, Any]:
        rows = np.broadcast_to(others, t.shape)
        equal = rows[:, :, None] == rows[:, None, :]
        is_last = ~np.triu(equal, 1).any(axis=2)
        kept = (own != rows) | ~is_last
        return np.where(kept, t, -np.inf).astype(t.dtype), kept


def _run(answer: Any, steps: Any, inputs: Inputs) -> Outputs:
    with np.errstate(all="ignore"):
        found: Outputs = answer(steps, **inputs)
        return found


def _without_hits(objective: Objective, removed: SampledSteps) -> Any:
    steps = laid_over(removed, objective.right)
    return lambda inputs: _run(objective.answer, steps, inputs)


def _all_classes(inputs: Inputs) -> Outputs:
    """-ln softmax over all classes at the target, and its derivatives."""
    h, w, b = inputs["hidden"], inputs["class_vectors"], inputs["biases"]
    targets, n = inputs["targets"].astype(np.intp), len(h)
    s = h @ w.T + b
    centred = s - s.max(axis=1, keepdims=True)
    log_p = centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))
    g = np.exp(log_p)
    g[np.arange(n), targets] -= 1.0
    g /= h.dtype.type(n)
    return {
        "value": -log_p[np.arange(n), targets].mean(),
        "grad_hidden": g @ w,
        "grad_class_vectors": g.T @ h,
        "grad_biases": g.sum(axis=0),
    }


def _other(answer: Any, steps: Any, masked: Any, drop: tuple[str, ...] = ()) -> Any:
    """Another objective of the same arguments, but for those that it does not take."""

    def evaluate(inputs: Inputs) -> Outputs:
        taken = {name: value for name, value in inputs.items() if name not in drop}
        return _run(answer, masked if "mask" in inputs else steps, taken)

    return evaluate


_NEGATIVE_SAMPLING = _other(
    textbook.negative_sampling,
    textbook.NegativeSamplingSteps(),
    textbook.MaskedNegativeSamplingSteps(),
    ("noise_probabilities",),
)
_CLASS_NCE = _other(textbook.class_nce, textbook.ClassNceSteps(), textbook.MaskedClassNceSteps())
_SAMPLED_SOFTMAX = _other(
    textbook.sampled_softmax,
    textbook.SampledSoftmaxSteps(),
    textbook.MaskedSampledSoftmaxSteps(),
)


def _uncorrected(inputs: Inputs) -> Outputs:
    """Sampled softmax with one q for all classes."""
    return _SAMPLED_SOFTMAX({**inputs, "noise_probabilities": np.ones_like(inputs["biases"])})


_OTHERS = {
    "class_nce": (
        (
            "negative-sampling-given",
            "negative sampling is returned: ln(k q) is unused, and the optimum is ln p(y|x) - ln(k q)",
            "negative_sampling",
            _NEGATIVE_SAMPLING,
        ),
        (
            "sampled-softmax-given",
            "sampled softmax is returned: a softmax over the target and its negatives, whose optimum has a "
            "free constant a row",
            "sampled_softmax",
            _SAMPLED_SOFTMAX,
        ),
    ),
    "negative_sampling": (
        (
            "sampled-softmax-uncorrected-given",
            "sampled softmax without ln q is returned: a softmax over the target and its negatives",
            "sampled_softmax",
            _uncorrected,
        ),
    ),
    "sampled_softmax": (
        (
            "class-nce-given",
            "class NCE is returned: a sigmoid for every class with ln(k q), whose optimum has no free constant",
            "class_nce",
            _CLASS_NCE,
        ),
        (
            "negative-sampling-given",
            "negative sampling is returned: a sigmoid for every class, q unused",
            "negative_sampling",
            _NEGATIVE_SAMPLING,
        ),
    ),
}
_REMOVED = {
    "class_nce": "the optimum is logit p(y|x), not ln p(y|x)",
    "negative_sampling": "the optimum is logit p(y|x) - ln(k q), not ln p(y|x) - ln(k q)",
    "sampled_softmax": "the optimum is not ln p(y|x) + c(x) for classes drawn with replacement",
}
_ONE_REMOVED = {
    "class_nce": "the optimum is ln p - ln(1 - p (1 - (1 - q)^k)/(k q)), p = p(y|x), not ln p",
    "negative_sampling": "the optimum is ln p - ln(k q - p (1 - (1 - q)^k)), p = p(y|x), not ln p - ln(k q)",
    "sampled_softmax": _REMOVED["sampled_softmax"],
}


def of(objectives: Iterable[Objective]) -> tuple[Relative, ...]:
    """The relatives of each objective and layout."""
    found: list[Relative] = []
    for objective in objectives:
        suffix = objective.name.removeprefix(objective.base)
        found += [
            Relative(objective.name, id, title, f"{use}{suffix}", evaluate)
            for id, title, use, evaluate in _OTHERS[objective.base]
        ]
        found += [
            Relative(
                objective.name,
                "hits-removed-given",
                f"accidental hits are removed, which is another objective: {_REMOVED[objective.base]}",
                "",
                _without_hits(objective, _HitsRemoved()),
            ),
            Relative(
                objective.name,
                "one-hit-removed-given",
                "of accidental hits one a row is removed, the last (a table from classes to places has one place a "
                f"class), which is another objective: {_ONE_REMOVED[objective.base]}",
                "",
                _without_hits(objective, _OneHitRemoved()),
            ),
            Relative(
                objective.name,
                "full-softmax-given",
                "the softmax over all classes is returned, negatives unused: the likelihood itself, which "
                "sampling is to spare",
                "",
                _all_classes,
            ),
        ]
    return tuple(found)
