"""A second witness in decimals: a definition as it stands, and its derivatives by central differences of 10^-32.

Conventions
-----------
plain     the value of nested lists of Decimals, in the caller's context: no care is taken but for digits
h         10^-32: the differences are right to 10^-64 of the third derivative, and to 10^-73 of rounding
"""

from __future__ import annotations

import decimal
from decimal import Decimal

import numpy as np

from nce_ref.oracle.numbers.spelling import each

PRECISION = 105
H = Decimal("1e-32")


def exact(value):
    """Arrays and floats as nested lists of Decimals, none rounded."""
    return each(Decimal, np.asarray(value).tolist())


def moved(nested, place, step):
    """A copy with one entry moved."""
    if not place:
        return nested + step
    return [
        moved(entry, place[1:], step) if k == place[0] else entry for k, entry in enumerate(nested)
    ]


def norm(z):
    return sum(v * v for v in z).sqrt()


def cosine(a, b):
    return sum(p * q for p, q in zip(a, b, strict=True)) / (norm(a) * norm(b))


def row_loss(positive, negatives):
    """-ln softmax, by exponentials as they stand."""
    return (positive.exp() + sum(s.exp() for s in negatives)).ln() - positive


def softplus(t):
    return (1 + t.exp()).ln()


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def check(plain, vector, exact_function, close=Decimal("1e-33"), floor=Decimal("1e-60")):
    """The value, and every derivative, of the exact function against the plain one's."""
    inputs = {name: np.asarray(value).tolist() for name, value in vector.inputs.items()}
    found = exact_function(**inputs)
    context = decimal.Context(prec=PRECISION, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX)
    with decimal.localcontext(context):
        taken = {name: exact(value) for name, value in vector.inputs.items()}
        pairs = [(found["value"], plain(**taken), "value")]
        for output in vector.objective.outputs:
            if (by := output.derivative_of) is None:
                continue
            for place in np.ndindex(np.shape(inputs[by])):
                up, down = (
                    plain(**{**taken, by: moved(taken[by], place, step)}) for step in (H, -H)
                )
                got = found[output.name]
                for k in place:
                    got = got[k]
                pairs.append((got, (up - down) / (2 * H), f"{output.name}{list(place)}"))
        for got, want, where in pairs:
            assert abs(got - want) <= close * abs(want) + floor, (where, got, want)
