"""InfoNCE of embeddings: its objectives with given negatives, an anchor's own or all anchors', and with in-batch
negatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nce_ref._checks import Float
from nce_ref.oracle.families.base import Facts, Inputs, Objective, Output, Outputs, Shape, laid_over
from nce_ref.oracle.families.choices import Choice, parameter
from nce_ref.oracle.families.ranking import (
    exact_embeddings,
    scales_embeddings,
    textbook_embeddings,
)
from nce_ref.oracle.families.score_matching.objectives import above_0

EXACT = "decimals with bounds on their errors, their precision doubled until all digits are sure"
METHOD = f"nce_ref/oracle/families/ranking/exact_embeddings.py: {EXACT}"
VECTORS: Shape = ("n_data", "n_dim")
_MASK: Shape = ("n_data", "n_negatives")
VALUE = Output("value", (), tolerance="value")
LENGTHS = (0.2, 5.0)  # of vectors that are drawn


def gradient(by: str, shape: Shape) -> Output:
    """The derivative by an argument."""
    return Output(f"grad_{by}", shape, by, tolerance="gradient")


def directed(*names: str) -> Facts:
    """Rows of length 0 have no direction and are refused; lengths other than 1 are a property."""

    def refuses(inputs: Inputs) -> Iterator[str]:
        for name in names:
            if not np.any(inputs[name], axis=-1).all():
                yield f"{name} with a row of length 0; expected vectors with a direction"

    return Facts(
        properties={
            "where some vectors have another length than 1": lambda inputs: any(
                bool((np.abs(np.linalg.norm(inputs[name], axis=-1) - 1.0) > 1e-6).any())
                for name in names
            )
        },
        refuses=refuses,
    )


def at_least_two(name: str, what: str) -> Facts:
    """Refuses a batch in which nothing is compared."""

    def refuses(inputs: Inputs) -> Iterator[str]:
        if len(inputs[name]) < 2:
            yield f"{name} with {len(inputs[name])} row; expected at least 2 {what}"

    return Facts(refuses=refuses)


def _not_0_or_1(inputs: Inputs) -> Iterator[str]:
    if not np.isin(inputs["mask"], (0.0, 1.0)).all():
        yield "mask with other numbers; expected 0 and 1"


TEMPERED = Facts(
    properties={"where the temperature is not 1": lambda inputs: inputs["temperature"] != 1.0},
    refuses=above_0("temperature"),
)
_MASKED = Facts(
    flags={
        "masked": lambda inputs: bool((inputs["mask"] == 0.0).any()),
        "empty-row": lambda inputs: bool((inputs["mask"].sum(axis=1) == 0.0).any()),
    },
    properties={
        "where some negatives are masked": lambda inputs: bool((inputs["mask"] == 0.0).any())
    },
    refuses=_not_0_or_1,
)


def drawn_vectors(rng: np.random.Generator, *shape: int) -> Float:
    """Of several lengths, sometimes repeated."""
    z = rng.normal(size=shape)
    z *= rng.uniform(*LENGTHS, size=(*shape[:-1], 1)) / np.linalg.norm(z, axis=-1, keepdims=True)
    flat = z.reshape(-1, shape[-1])
    if rng.integers(4) == 0:
        flat[rng.integers(len(flat))] = flat[0]
    return z


def _draws(shape_of_negatives: Callable[[Mapping[str, int]], tuple[int, ...] | None]) -> Any:
    def draws(rng: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
        n, d = sizes["n_data"], sizes["n_dim"]
        found: dict[str, Any] = {
            "anchors": drawn_vectors(rng, n, d),
            "positives": drawn_vectors(rng, n, d),
            "temperature": float(rng.choice([2.0**-9, 0.03125, 0.25, 1.0, 2.0])),
        }
        if (shape := shape_of_negatives(sizes)) is not None:
            share = rng.choice([0.5, 1.0])
            found["negatives"] = drawn_vectors(rng, *shape)
            found["mask"] = (rng.uniform(size=(n, sizes["n_negatives"])) < share).astype(float)
        return found

    return draws


class _Scaled(textbook_embeddings.TemperatureSteps):
    """Another parameter in the temperature's place: (kappa, its slope) of it."""

    def __init__(self, scale: Callable[[float], tuple[float, float]]) -> None:
        self.scale_of = scale

    def inverse(self, t: float) -> tuple[float, float]:
        """What the cosines are multiplied by, and its slope."""
        return self.scale_of(t)


def other_parameter(
    answer: Callable[..., Outputs], right: Any, replaced: Any
) -> Callable[[Inputs], Outputs]:
    """The right steps with the scale's replaced, on inputs as they are."""
    steps = laid_over(replaced, right)

    def given(inputs: Inputs) -> Outputs:
        with np.errstate(all="ignore"):
            return answer(steps, **inputs)

    return given


def of_temperature(answer: Callable[..., Outputs], right: Any) -> tuple[Choice, ...]:
    """1/t, or the logarithm of 1/t, in the temperature's place."""
    return (
        parameter(
            "inverse_temperature",
            "temperature",
            "the argument temperature is 1/t, which multiplies the cosines",
            lambda t: 1.0 / t,
            lambda scale: 1.0 / scale,
            lambda t: -(t**2),
            other_parameter(answer, right, _Scaled(lambda scale: (scale, 1.0))),
        ),
        parameter(
            "log_scale",
            "temperature",
            "the argument temperature is ln(1/t), whose exponential multiplies the cosines",
            lambda t: -math.log(t),
            lambda log_scale: math.exp(-log_scale),
            lambda t: -t,
            other_parameter(answer, right, _Scaled(lambda l: (math.exp(l), math.exp(l)))),
        ),
    )


def _objective(name: str, negatives: Shape | None, formula: str, **more: Any) -> Objective:
    given: dict[str, Shape] = {} if negatives is None else {"negatives": negatives, "mask": _MASK}
    return Objective(
        name,
        {"anchors": VECTORS, "positives": VECTORS, **given, "temperature": ()},
        (
            VALUE,
            gradient("anchors", VECTORS),
            gradient("positives", VECTORS),
            *(() if negatives is None else (gradient("negatives", negatives),)),
            gradient("temperature", ()),
        ),
        "L = (1/n_data) sum_i [ln(e^{s_i} + sum_j e^{s_ij}) - s_i], s = u . v/temperature, u ="
        f" z/|z|: cosines; {formula}; a loss",
        "van den Oord, Li & Vinyals, arXiv 1807.03748, eq. 4; He et al., CVPR 2020, eq. 1",
        is_mean=True,
        sense="minimise",
        exact=getattr(exact_embeddings, name),
        method=METHOD,
        scales=getattr(scales_embeddings, name),
        answer=getattr(textbook_embeddings, name),
        choices=of_temperature(getattr(textbook_embeddings, name), more["right"]),
        dimensions={"n_negatives": "negatives a row"},
        **more,
    )


def _cosines(a: Float, keys: Float) -> Float:
    """q of anchors (n, d) and keys (n, k, d)."""
    q = np.einsum("id,ikd->ik", a, keys)
    return np.asarray(q / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(keys, axis=2))


def _all_logits(inputs: Inputs) -> tuple[Float, Float]:
    """The positive's logit of each row, and its negatives', -inf where one does not count."""
    a, p, t = inputs["anchors"], inputs["positives"], inputs["temperature"]
    if "negatives" not in inputs:
        s = _cosines(a, np.tile(p, (len(a), 1, 1))) / t
        at = textbook_embeddings.others(np.arange(len(a)), len(a))
        return np.diag(s), np.take_along_axis(s, at, axis=1)
    keys = inputs["negatives"]
    keys = keys if keys.ndim == 3 else np.tile(keys, (len(a), 1, 1))
    negatives = np.where(inputs["mask"] == 1.0, _cosines(a, keys) / t, -np.inf)
    return _cosines(a, p[:, None])[:, 0] / t, negatives


def margins(positive: Float, negatives: Float) -> tuple[Float, ...]:
    """t of L_i = -ln sigma(t) of the rows that have negatives: the positive less the negatives' log-sum."""
    some = (negatives > -np.inf).any(axis=1)
    return (positive[some] - np.logaddexp.reduce(negatives[some], axis=1),)


def exponents(positive: Float, negatives: Float) -> Float:
    """The logits that count."""
    return np.concatenate([positive, negatives[negatives > -np.inf]])


_ROWS: dict[str, Any] = {
    "log_sigmoids": lambda inputs: margins(*_all_logits(inputs)),
    "exponents": lambda inputs: exponents(*_all_logits(inputs)),
}

INFO_NCE = _objective(
    "info_nce",
    ("n_data", "n_negatives", "n_dim"),
    "s_i of anchor i and positive i, s_ij of anchor i and negative (i, j) where mask_ij = 1; a row"
    " without negatives gives 0",
    right=textbook_embeddings.GivenSteps(),
    facts=(directed("anchors", "positives", "negatives"), TEMPERED, _MASKED),
    draws=_draws(lambda sizes: (sizes["n_data"], sizes["n_negatives"], sizes["n_dim"])),
    **_ROWS,
)
INFO_NCE_UNPAIRED = _objective(
    "info_nce_unpaired",
    ("n_negatives", "n_dim"),
    "s_i of anchor i and positive i, s_ij of anchor i and negative j, which all anchors share, where mask_ij = 1; "
    "a row without negatives gives 0",
    right=textbook_embeddings.GivenSteps(),
    facts=(directed("anchors", "positives", "negatives"), TEMPERED, _MASKED),
    draws=_draws(lambda sizes: (sizes["n_negatives"], sizes["n_dim"])),
    **_ROWS,
)
INFO_NCE_IN_BATCH = _objective(
    "info_nce_in_batch",
    None,
    "s_i of anchor i and positive i, s_ij of anchor i and positive j, j != i",
    right=textbook_embeddings.BatchSteps(),
    facts=(directed("anchors", "positives"), TEMPERED, at_least_two("anchors", "pairs")),
    draws=_draws(lambda sizes: None),
    **_ROWS,
)
