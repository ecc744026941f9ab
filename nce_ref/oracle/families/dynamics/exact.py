r"""One leapfrog trajectory and one Metropolis decision of every chain, exactly, in the standard library alone (Neal
2011).

    leapfrog     p += (e/2) score(u);  n_steps times: u += e p, p += e score(u), the last kick (e/2) score(u)
                 score = -Lambda u,  H = 1/2 u' Lambda u + 1/2 |p|^2              Gaussian: fractions throughout
                 score = -sqrt(2) B' sign(B u),
                 H = sqrt(2) sum_i |b_i . u| + 1/2 |p|^2        Laplace ICA: r + s sqrt(2), fractions r, s
    Metropolis   accepted where uniform < min(1, exp(H - H'))

Conventions
-----------
u, momentum (n_points, n_dim)   one chain a row; step_size > 0; n_steps >= 1, a whole number, float or not
outputs     as ``exact`` has them: u_after, momentum_after (n_points, n_dim), energy_change = H' - H (n_points,);
            probability (n_points,), accepted (n_points,), 0 or 1
kink        the derivative of |v| at v = 0 is 0; the sign of r + s sqrt(2) is decided exactly
ValueError  a shape that does not fit, NaN or inf, a step size not above 0, steps that are no whole number from 1 on, a
            uniform outside [0, 1) or so near to its probability that 60 digits leave the decision open
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nce_ref.oracle.numbers import linear_algebra as linear
from nce_ref.oracle.numbers.linear_algebra import (
    Number,
    Numbers,
    Vector,
    as_fraction,
    as_fractions,
    as_rows,
    as_square,
)
from nce_ref.oracle.numbers.logarithms import DIGITS, ExactLog, Outputs, significant, working

Points = Any  # a sequence of sequences of numbers

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)
_CLEAR = Decimal("1e-40")


@dataclass(frozen=True)
class Root:
    """The number rational + sqrt2 * sqrt(2), which is 0 where both are 0, and then only."""

    rational: Fraction = ZERO
    sqrt2: Fraction = ZERO

    def __add__(self, other: Root) -> Root:
        return Root(self.rational + other.rational, self.sqrt2 + other.sqrt2)

    def __mul__(self, other: Root) -> Root:
        crossed = self.rational * other.sqrt2 + self.sqrt2 * other.rational
        return Root(self.rational * other.rational + 2 * self.sqrt2 * other.sqrt2, crossed)

    def __neg__(self) -> Root:
        return Root(-self.rational, -self.sqrt2)

    def sign(self) -> int:
        """-1, 0 or 1: of two parts with different signs the larger square decides, r^2 or 2 s^2."""
        r, s = _sign(self.rational), _sign(self.sqrt2)
        if r * s >= 0:
            return r or s
        return r if self.rational**2 > 2 * self.sqrt2**2 else s

    def decimal(self, digits: int) -> Decimal:
        """The number to ``digits`` significant digits."""
        return ExactLog(self.rational, self.sqrt2).decimal(digits)


State = list[Root]
SQRT2 = Root(ZERO, ONE)


def leapfrog_gaussian(
    precision: Points,
    u: Points,
    momentum: Points,
    step_size: Number,
    n_steps: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """The trajectory under -1/2 u' Lambda u."""
    Lambda = linear.as_symmetric("precision", precision)
    rows = [[Root(entry) for entry in row] for row in Lambda]

    def score(u: State) -> State:
        return [-_dot(row, u) for row in rows]

    def potential(u: State) -> Root:
        return Root(-HALF) * _dot(u, score(u))

    return _trajectories(score, potential, len(rows), u, momentum, step_size, n_steps, digits)


def leapfrog_laplace_ica(
    B: Points,
    u: Points,
    momentum: Points,
    step_size: Number,
    n_steps: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """The trajectory under -sqrt(2) sum_i |b_i . u|."""
    rows = [[Root(entry) for entry in row] for row in as_square("B", B)]

    def score(u: State) -> State:
        signs = [Root(Fraction(-_dot(row, u).sign())) * SQRT2 for row in rows]
        return [_dot(signs, [row[j] for row in rows]) for j in range(len(rows))]

    def potential(u: State) -> Root:
        return -_dot(u, score(u))

    return _trajectories(score, potential, len(rows), u, momentum, step_size, n_steps, digits)


def metropolis_decision(
    energy_before: Numbers, energy_after: Numbers, uniforms: Numbers, *, digits: int = DIGITS
) -> Outputs:
    """min(1, exp(H - H')) and whether the uniform is below it, chain by chain."""
    before = as_fractions("energy_before", energy_before)
    after, drawn = (
        as_fractions("energy_after", energy_after, len(before)),
        as_fractions("uniforms", uniforms, len(before)),
    )
    probabilities = [_exp(min(h - k, ZERO), max(digits, 60)) for h, k in zip(before, after)]
    return {
        "probability": [_exp(min(h - k, ZERO), digits) for h, k in zip(before, after)],
        "accepted": [Decimal(_is_below(uniform, p)) for uniform, p in zip(drawn, probabilities)],
    }


def _trajectories(
    score: Callable[[State], State],
    potential: Callable[[State], Root],
    n: int,
    u: Points,
    momentum: Points,
    step_size: Number,
    n_steps: Number,
    digits: int,
) -> Outputs:
    e, steps = as_fraction("step_size", step_size), as_fraction("n_steps", n_steps)
    if e <= 0:
        raise ValueError(f"step_size: got {e}; expected a number above 0")
    if steps < 1 or steps.denominator != 1:
        raise ValueError(f"n_steps: got {steps}; expected a whole number from 1 on")
    positions, momenta = as_rows("u", u, n), as_rows("momentum", momentum, n)
    if len(positions) != len(momenta):
        raise ValueError(f"momentum: got {len(momenta)} rows; expected {len(positions)}, as u has")
    found = [
        _trajectory(score, position, p, e, int(steps)) for position, p in zip(positions, momenta)
    ]

    def energy(u: State, p: State) -> Root:
        return potential(u) + Root(HALF) * _dot(p, p)

    changes = [
        energy(*ends) + -energy(_state(position), _state(p))
        for ends, position, p in zip(found, positions, momenta)
    ]
    return {
        "u_after": [[entry.decimal(digits) for entry in u] for u, _ in found],
        "momentum_after": [[entry.decimal(digits) for entry in p] for _, p in found],
        "energy_change": [change.decimal(digits) for change in changes],
    }


def _trajectory(
    score: Callable[[State], State], position: Vector, momentum: Vector, e: Fraction, n_steps: int
) -> tuple[State, State]:
    """Whole leapfrog steps, two half kicks each: the definition, with nothing merged."""
    u, p, half, whole = _state(position), _state(momentum), Root(HALF * e), Root(e)
    for _ in range(n_steps):
        p = [a + half * s for a, s in zip(p, score(u))]
        u = [a + whole * b for a, b in zip(u, p)]
        p = [a + half * s for a, s in zip(p, score(u))]
    return u, p


def _state(vector: Vector) -> State:
    return [Root(entry) for entry in vector]


def _dot(a: State, b: State) -> Root:
    total = Root()
    for left, right in zip(a, b, strict=True):
        total = total + left * right
    return total


def _exp(t: Fraction, digits: int) -> Decimal:
    """e^t for t <= 0: 1 at 0, and never below 0."""
    if not t:
        return Decimal(1)

    def run(precision: int) -> tuple[Decimal, Decimal]:
        value = ExactLog(t).to_places(precision)
        with working(precision):
            power = value.exp()
            return power, power

    return significant(run, digits)


def _is_below(uniform: Fraction, probability: Decimal) -> bool:
    if not 0 <= uniform < 1:
        raise ValueError(f"uniforms: got {float(uniform)}; expected numbers from 0 on, below 1")
    gap = probability - Decimal(uniform.numerator) / Decimal(uniform.denominator)
    if abs(gap) < _CLEAR:
        raise ValueError(
            f"uniforms: got {float(uniform)} at a probability of {probability:.6}; expected one that decides"
        )
    return gap > 0


def _sign(v: Fraction) -> int:
    return (v > 0) - (v < 0)
