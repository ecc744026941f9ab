r"""The log-density of a multilayer perceptron with its derivatives, to 40 digits, forward and back, in the standard
library alone.

    z_1 = W_1 u + b_1,    z_l = W_l phi(z_{l-1}) + b_l,    f(u) = z_L, one number: the last layer is linear
    d_L = 1,    d_{l-1,j} = phi'(z_{l-1,j}) sum_i d_{l,i} W_{l,ij}          d_l = df/dz_l
    df/dW_{l,ij} = d_{l,i} phi(z_{l-1,j})  (u_j at l = 1),    df/db_l = d_l,    df/du_j = sum_i d_{1,i} W_{1,ij}

    tanh      sign(z) (1 - e)/(1 + e),        slope 4 e/(1 + e)^2,            e = exp(-2|z|)
    softplus  max(z, 0) + ln(1 + e),          slope 1/(1 + e), below 0 e/(1 + e),    e = exp(-|z|)
    relu      max(z, 0),                      slope 1 for z > 0, else 0: 0 at the kink, which is decided exactly

ReLU is computed in fractions. For the others every number is a ``Ball``, a decimal with a bound on its error that every
operation enlarges as it must; the working precision is doubled until both ends of every ball round to the same digits.

Conventions
-----------
layer_sizes (n_layers,)   n_dim, sizes of the hidden layers, 1; whole numbers, floats or not
theta       (n_weights,)  W_1 row by row, b_1, W_2, b_2, ...; W_l has a row for each unit of layer l and a column for
            each below
u           (n_points, n_dim)
outputs     value (n_points,), grad_u (n_points, n_dim), grad_theta (n_weights,): the derivative of the *sum* of the
            values
zero        a ball of radius 0 only: what is 0 by exact arithmetic. 0 by a cancellation of rounded numbers is never
            believed
ValueError  sizes that are no network, a theta of another length, NaN or inf; ArithmeticError where no precision is
            enough
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from nce_ref.oracle.numbers.balls import ONE, UP, ZERO, Ball, ball, context, settled
from nce_ref.oracle.numbers.linear_algebra import Numbers, as_fractions, as_rows
from nce_ref.oracle.numbers.logarithms import DIGITS, Outputs
from nce_ref.oracle.numbers.spelling import each

Scalar = Any  # a Fraction or a Ball: what follows needs + and * alone
Phi = Callable[[Scalar], tuple[Scalar, Scalar]]  # z -> (phi(z), phi'(z))
Layers = list[tuple[list[list[Scalar]], list[Scalar]]]


def mlp_tanh_log_density(
    layer_sizes: Numbers, theta: Numbers, u: Sequence[Numbers], *, digits: int = DIGITS
) -> Outputs:
    """The network with phi = tanh."""
    return _in_balls(_tanh, *_read(layer_sizes, theta, u), digits)


def mlp_softplus_log_density(
    layer_sizes: Numbers, theta: Numbers, u: Sequence[Numbers], *, digits: int = DIGITS
) -> Outputs:
    """The network with phi(z) = ln(1 + e^z)."""
    return _in_balls(_softplus, *_read(layer_sizes, theta, u), digits)


def mlp_relu_log_density(
    layer_sizes: Numbers, theta: Numbers, u: Sequence[Numbers], *, digits: int = DIGITS
) -> Outputs:
    """The network with phi(z) = max(z, 0), phi'(0) = 0: fractions, rounded at the end."""
    found = _network(_relu, *_read(layer_sizes, theta, u), Fraction(0), Fraction(1))
    exact = context(digits)
    return {
        name: each(lambda q: exact.divide(Decimal(q.numerator), Decimal(q.denominator)), number)
        for name, number in found.items()
    }


def _in_balls(
    phi: Phi, sizes: list[int], theta: list[Fraction], u: list[list[Fraction]], digits: int
) -> Outputs:
    def run() -> dict[str, Any]:
        weights, points = [ball(w) for w in theta], [[ball(v) for v in point] for point in u]
        return _network(phi, sizes, weights, points, Ball(ZERO), Ball(ONE))

    return settled(run, digits)


def _network(
    phi: Phi,
    sizes: list[int],
    theta: list[Scalar],
    u: list[list[Scalar]],
    zero: Scalar,
    one: Scalar,
) -> dict[str, Any]:
    layers, total = _layers(sizes, theta), [zero] * len(theta)
    values, by_point = [], []
    for point in u:
        value, by_theta, by_u = _forward_and_back(phi, layers, point, zero, one)
        total = [a + b for a, b in zip(total, by_theta, strict=True)]
        values.append(value)
        by_point.append(by_u)
    return {"value": values, "grad_theta": total, "grad_u": by_point}


def _forward_and_back(
    phi: Phi, layers: Layers, u: list[Scalar], zero: Scalar, one: Scalar
) -> tuple[Scalar, list[Scalar], list[Scalar]]:
    """f(u), df/dtheta, df/du."""
    below, inputs, slopes = u, [], []
    for k, (W, b) in enumerate(layers):
        inputs.append(below)
        z = [
            sum((w * a for w, a in zip(row, below, strict=True)), bias)
            for row, bias in zip(W, b, strict=True)
        ]
        pairs = [phi(s) for s in z] if k < len(layers) - 1 else [(z[0], one)]
        below, slope = [value for value, _ in pairs], [slope for _, slope in pairs]
        slopes.append(slope)
    by_theta: list[Scalar] = []
    through = [one]  # df/d(what the layer returns); times its slopes, df/dz
    for (W, _), below_it, slope in zip(
        reversed(layers), reversed(inputs), reversed(slopes), strict=True
    ):
        delta = [t * s for t, s in zip(through, slope, strict=True)]
        by_theta = [d * a for d in delta for a in below_it] + delta + by_theta
        through = [
            sum((d * row[j] for d, row in zip(delta, W, strict=True)), zero)
            for j in range(len(below_it))
        ]
    return below[0], by_theta, through


def _layers(sizes: list[int], theta: list[Scalar]) -> Layers:
    layers, rest = [], iter(theta)
    for into, out in pairwise(sizes):
        W = [[next(rest) for _ in range(into)] for _ in range(out)]
        layers.append((W, [next(rest) for _ in range(out)]))
    return layers


def _read(
    layer_sizes: Numbers, theta: Numbers, u: Sequence[Numbers]
) -> tuple[list[int], list[Fraction], list[list[Fraction]]]:
    given = as_fractions("layer_sizes", layer_sizes)
    sizes = [int(size) for size in given]
    if sizes != given or len(sizes) < 2 or min(sizes) < 1 or sizes[-1] != 1:
        raise ValueError(
            f"layer_sizes: got {[str(size) for size in given]}; expected n_dim, hidden sizes, 1"
        )
    n_weights = sum(out * (into + 1) for into, out in pairwise(sizes))
    return sizes, as_fractions("theta", theta, n_weights), as_rows("u", u, sizes[0])


def _relu(z: Fraction) -> tuple[Fraction, Fraction]:
    return (z, Fraction(1)) if z > 0 else (Fraction(0), Fraction(0))


def _tanh(z: Ball) -> tuple[Ball, Ball]:
    if not z.value and not z.radius:
        return z, Ball(ONE)
    e = (z.value.copy_abs() * -2).exp()
    value, moved = (1 - e) / (1 + e), _moved(z)
    # |tanh'| <= 1, and |d ln tanh'/dz| <= 2.
    return _absolute(value.copy_sign(z.value), ONE, moved), _relative(
        4 * e / ((1 + e) * (1 + e)), UP.multiply(2, moved)
    )


def _softplus(z: Ball) -> tuple[Ball, Ball]:
    size = z.value.copy_abs()
    e = size.copy_negate().exp()
    value, moved = max(z.value, ZERO) + (1 + e).ln(), _moved(z)
    # The slope sigma(z) <= 1, and |d ln sigma/dz| <= 1.
    return _absolute(value, UP.add(ONE, size), moved), _relative(
        (1 if z.value >= 0 else e) / (1 + e), moved
    )


def _unit() -> Decimal:
    """Ten units of the last digit of 1: more than the roundings of one activation."""
    return Decimal(10).scaleb(1 - decimal.getcontext().prec)


def _moved(z: Ball) -> Decimal:
    """How far off the argument of exp may be: the ball's radius, and the rounding of 2 |z|."""
    return UP.add(z.radius, UP.multiply(UP.plus(z.value.copy_abs()), _unit()))


def _absolute(value: Decimal, size: Decimal, moved: Decimal) -> Ball:
    """A function's value, off by the roundings of numbers of this size and by ``moved``."""
    return Ball(value, UP.add(UP.multiply(size, _unit()), moved))


def _relative(slope: Decimal, moved: Decimal) -> Ball:
    """A slope in [0, 1] that was rounded, and whose logarithm moves by ``moved``; e^moved - 1 <= 2 moved up to 1."""
    share = UP.add(UP.multiply(2, _unit()), UP.multiply(2, moved))
    return Ball(slope, ONE if moved > ONE else UP.multiply(UP.plus(slope), share))
