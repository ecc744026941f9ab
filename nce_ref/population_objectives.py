r"""InfoNCE and its kin as expected losses of a finite law (``population.py``), by enumeration of what an implementation
draws.

CONTRASTIVE.md, *Optima*, proves what each converges to; the tests compare with these enumerations.

Conventions
-----------
f(x, y)   logits; q (n_y,) a proposal over y or over classes; m, k negatives a datum; n pairs a batch
hits      negatives that equal the datum's own y
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_vector
from nce_ref.population import FiniteLaw, Mixture, Points, Population, Rows, rows_of
from nce_ref.special import sigmoid

_Row = tuple[float, tuple[int, float], list[tuple[int, float]]]


def _tuples(law: FiniteLaw, q: Float, m: int) -> Iterator[tuple[float, int, int, tuple[int, ...]]]:
    """(probability, x, y, m independent draws from q)."""
    n_x, n_y = law.joint.shape
    for x, y in itertools.product(range(n_x), range(n_y)):
        for drawn in itertools.product(range(n_y), repeat=m):
            yield float(law.joint[x, y] * np.prod(q[list(drawn)])), x, y, drawn


def _proposal(law: FiniteLaw, q: ArrayLike | None) -> Float:
    return law.y if q is None else as_vector("q", q, len(law.y))


def info_nce(law: FiniteLaw, m: int, q: ArrayLike | None = None) -> Rows:
    """InfoNCE with m negatives from q, p(y) unless given, hits among them: also ranking NCE and NRE-B."""
    n_y, q = len(law.y), _proposal(law, q)
    return rows_of(
        (weight, (x * n_y + y, 0.0), [(x * n_y + c, 0.0) for c in drawn])
        for weight, x, y, drawn in _tuples(law, q, m)
    )


def decoupled(law: FiniteLaw, m: int) -> Rows:
    """InfoNCE with the positive left out of the denominator (DCL): unbounded below where p(y|x) > 1 - (1 - p(y))^m for
    some x, y."""
    return Rows(**{**vars(info_nce(law, m)), "with_positive": False})


def clip(law: FiniteLaw, n: int) -> Mixture:
    """CLIP: n pairs drawn together, cross-entropies of rows and of columns, halved. Every batch is enumerated."""
    n_x, n_y = law.joint.shape
    of_rows: list[_Row] = []
    of_columns: list[_Row] = []
    for batch in itertools.product(range(n_x * n_y), repeat=n):
        weight = float(np.prod(law.joint.ravel()[list(batch)])) / n
        x, y = np.divmod(batch, n_y)
        for i in range(n):
            others = [j for j in range(n) if j != i]
            of_rows.append(
                (weight, (batch[i], 0.0), [(int(x[i] * n_y + y[j]), 0.0) for j in others])
            )
            of_columns.append(
                (weight, (batch[i], 0.0), [(int(x[j] * n_y + y[i]), 0.0) for j in others])
            )
    return Mixture(((0.5, rows_of(of_rows)), (0.5, rows_of(of_columns))))


def siglip(law: FiniteLaw, n: int) -> Points:
    """SigLIP, (1/n) sum_ij: each datum has one right partner and n - 1 independent ones."""
    zero = np.zeros_like(law.joint)
    return Points(law.joint, (n - 1) * law.independent, zero, zero)


def _without_replacement(q: Float, k: int) -> Iterator[tuple[float, tuple[int, ...]]]:
    """(probability, k distinct classes in the order drawn), each from q among those that are left."""
    for drawn in itertools.permutations(range(len(q)), k):
        weight, left = 1.0, 1.0
        for c in drawn:
            weight, left = weight * q[c] / left, left - q[c]
        yield float(weight), drawn


def inclusion(q: ArrayLike, k: int) -> Float:
    """The exact probabilities that a class is among k distinct ones drawn one after the other from q."""
    q = as_vector("q", q)
    found = np.zeros(len(q))
    for weight, drawn in _without_replacement(q, k):
        found[list(drawn)] += weight
    return found


def class_nce(
    law: FiniteLaw,
    q: ArrayLike,
    k: int,
    *,
    expected: ArrayLike | None = None,
    hits: bool = True,
    distinct: bool = False,
) -> Points:
    """Class-based NCE (tf.nn.nce_loss): logits s less ln of the expected count of a class, one positive and k classes
    from q.

    ``expected``: what is subtracted the logarithm of, k q unless given (all 1: negative sampling). ``hits``: negatives
    equal to the datum's class are kept. ``distinct``: the k classes are drawn without replacement.
    """
    q = as_vector("q", q, len(law.y))
    counts = inclusion(q, k) if distinct else k * q
    down = law.x[:, None] * counts * (np.ones_like(law.joint) if hits else 1.0 - law.given_x)
    offset = -np.log(k * q if expected is None else as_vector("expected", expected, len(q)))
    offsets = np.broadcast_to(offset, law.joint.shape)
    return Points(law.joint, down, offsets, offsets)


def negative_sampling(law: FiniteLaw, q: ArrayLike, k: int) -> Points:
    """Negative sampling (word2vec): class-based NCE without ln kq."""
    return class_nce(law, q, k, expected=np.ones(len(law.y)))


def sampled_softmax(
    law: FiniteLaw, q: ArrayLike, k: int, *, hits: bool = True, drawn: str = "with replacement"
) -> Rows:
    """Sampled softmax, ln of a correction subtracted from all logits, the positive's included.

    ``drawn``: "with replacement" (correction q), "as a set" (the same draws, each class once, correction q), "distinct"
    (k classes without replacement, correction the exact inclusion probabilities) or "independently" (each class with
    its own probability q, no k). ``hits``: candidates equal to the datum's class are kept, beside the positive.
    """
    n_x, n_y = law.joint.shape
    q = as_vector("q", q, n_y)
    sets: list[tuple[float, tuple[int, ...]]]
    correction = q
    if drawn in ("with replacement", "as a set"):
        sets = [
            (
                float(np.prod(q[list(c)])),
                c if drawn == "with replacement" else tuple(sorted(set(c))),
            )
            for c in itertools.product(range(n_y), repeat=k)
        ]
    elif drawn == "distinct":
        sets, correction = list(_without_replacement(q, k)), inclusion(q, k)
    elif drawn == "independently":
        sets = [
            (
                float(np.prod(np.where(chosen, q, 1.0 - q))),
                tuple(c for c in range(n_y) if chosen[c]),
            )
            for chosen in itertools.product((False, True), repeat=n_y)
        ]
    else:
        raise ValueError(
            f"drawn: got {drawn!r}; expected 'with replacement', 'as a set', 'distinct' or 'independently'"
        )
    minus = -np.log(correction)
    return rows_of(
        (
            float(law.joint[x, y]) * weight,
            (x * n_y + y, float(minus[y])),
            [(x * n_y + c, float(minus[c])) for c in classes if hits or c != y],
        )
        for x, y in itertools.product(range(n_x), range(n_y))
        for weight, classes in sets
    )


def nre_c(law: FiniteLaw, K: int, gamma: float, *, weight: float | None = None) -> Mixture:
    """NRE-C (Miller et al. 2022): K pairs of one x, none right with odds 1, one right with odds gamma; logits gamma/K
    e^f against 1.

    ``weight``: of the second term over the first, gamma unless given; another one shifts the optimum.
    """
    n_x, n_y = law.joint.shape
    nothing = n_x * n_y  # no cell: its logit is 0
    of_none: list[_Row] = []
    of_one: list[_Row] = []
    log_gamma, log_K = math.log(gamma), math.log(K)
    for x in range(n_x):
        for drawn in itertools.product(range(n_y), repeat=K):
            mass = float(law.x[x] * np.prod(law.y[list(drawn)]))
            cells = [(x * n_y + c, log_gamma - log_K) for c in drawn]
            of_none.append((mass, (nothing, 0.0), cells))
            first = float(law.joint[x, drawn[0]] * np.prod(law.y[list(drawn[1:])]))
            others = [(cell, log_gamma) for cell, _ in cells[1:]]
            of_one.append((first, (cells[0][0], log_gamma), [(nothing, log_K), *others]))
    share = gamma if weight is None else weight
    return Mixture(
        ((1.0 / (1.0 + share), rows_of(of_none)), (share / (1.0 + share), rows_of(of_one)))
    )


@dataclass(frozen=True, eq=False)
class BalancedNRE:
    """BNRE (Delaunoy et al. 2022): binary NCE at nu = 1 plus strength (E_joint sigma(f) + E_independent sigma(f) -
    1)^2."""

    law: FiniteLaw
    strength: float

    def __call__(self, f: Float) -> tuple[float, Float, Float]:
        """Return (value, gradient, Hessian)."""
        value, gradient, hessian = siglip(self.law, 2)(f)
        mass, h = self.law.joint + self.law.independent, sigmoid(f)
        gap = float((mass * h).sum()) - 1.0
        bend = h * sigmoid(-f)
        slope = (mass * bend).ravel()
        curve = np.diag((mass * bend * (1.0 - 2.0 * h)).ravel())
        return (
            value + self.strength * gap**2,
            gradient + 2.0 * self.strength * gap * slope,
            hessian + 2.0 * self.strength * (np.outer(slope, slope) + gap * curve),
        )


@dataclass(frozen=True, eq=False)
class DonskerVaradhan:
    """DV: -(E_joint f - ln E_independent e^f), minimised; minus its least value is I."""

    law: FiniteLaw

    def __call__(self, f: Float) -> tuple[float, Float, Float]:
        """Return (value, gradient, Hessian)."""
        top = float(f.max())
        e = self.law.independent * np.exp(f - top)
        w = (e / e.sum()).ravel()
        value = top + math.log(float(e.sum())) - float((self.law.joint * f).sum())
        return value, w - self.law.joint.ravel(), np.diag(w) - np.outer(w, w)


@dataclass(frozen=True, eq=False)
class NWJ:
    """NWJ: -(E_joint f - E_independent e^(f - 1)), minimised; minus its least value is I."""

    law: FiniteLaw

    def __call__(self, f: Float) -> tuple[float, Float, Float]:
        """Return (value, gradient, Hessian)."""
        e = (self.law.independent * np.exp(f - 1.0)).ravel()
        value = float(e.sum()) - float((self.law.joint * f).sum())
        return value, e - self.law.joint.ravel(), np.diag(e)


def chance(name: str, *, m: int = 1, n: int = 2, nu: float = 1.0, k: int = 1) -> float:
    """Return the loss of logits that know nothing (at their best constant, where the loss sees one), minimised sense.

    ``name``: "info_nce" (m), "nt_xent" (n), "clip" (n), "ranking" (k), "conditional", "binary_nce" (nu), "class_nce"
    (k), "siglip" (n).
    """
    values = {
        "info_nce": lambda: math.log(m + 1.0),
        "nt_xent": lambda: math.log(2.0 * n - 1.0),
        "clip": lambda: math.log(n),
        "ranking": lambda: math.log(k + 1.0),
        "conditional": lambda: 2.0 * math.log(2.0),
        "binary_nce": lambda: _logistic(nu),
        "class_nce": lambda: _logistic(k),
        "siglip": lambda: _logistic(n - 1.0),
    }
    if name not in values:
        raise ValueError(f"name: got {name!r}; expected one of {', '.join(values)}")
    return values[name]()


def _logistic(nu: float) -> float:
    """One against nu points that nothing tells apart."""
    return math.log1p(nu) + nu * math.log1p(1.0 / nu)


__all__ = [
    "NWJ",
    "BalancedNRE",
    "DonskerVaradhan",
    "Population",
    "chance",
    "class_nce",
    "clip",
    "decoupled",
    "inclusion",
    "info_nce",
    "negative_sampling",
    "nre_c",
    "sampled_softmax",
    "siglip",
]
