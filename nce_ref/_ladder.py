"""One partial derivative by central differences of order 4 on a ladder of steps, with an estimate of its own error.

Conventions
-----------
theta   (n_params,)     where the derivative is wanted; only entry ``index`` moves
d_j     top / 2^j       half-widths of the ladder's nodes: the function is evaluated at theta_i - d_j and theta_i + d_j
rung k                  nodes k and k+1, so h = d_{k+1}: the five-point formula with f(-2h), f(-h), f(h), f(2h)

With D2_j = (f(+d_j) - f(-d_j)) / (2 d_j), Richardson's step D4_k = (4 D2_{k+1} - D2_k) / 3 *is* the five-point formula
of order h^4, and halving lets neighbouring rungs share a node: each new rung costs two evaluations.

Error of rung k, from three sources:
  truncation  falls 16-fold a rung, so delta_k = |D4_k - D4_{k-1}| is about 15 times what is left in D4_k
  rounding    at most 1.5 * noise / h, the sum of the formula's weights times the noise of one value
  noise       the larger of eps * (max|f| + |theta_i D4|), the second term for the rounding of the argument inside f,
              and of the fourth differences of this rung and all finer ones over sqrt(70), which see noise the first
              term cannot know of
  err_k = max(delta_k, delta_{k-1} / 4) + 1.5 * noise_k / h_k
The second delta guards against two rungs that agree by accident. The rung of smallest err_k wins, unless a finer rung
contradicts it by more than both their errors allow (a function that is flat or periodic on the coarse rungs). Two steps
between the rungs then confirm the winner, and raise its error where they differ: rungs that are powers of two apart can
be fooled together (values rounded to a grid: 8, 4, 2 and 1 grains all give the same false slope).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nce_ref._checks import Float

EPS = float(np.finfo(np.float64).eps)
SAFETY = 10.0  # a difference counts only beyond SAFETY times the estimated error
_TOP = 0.0927  # top half-width / scale; no simple fraction, so that periods of the function are not hit
_OFF_GRID = (
    0.7237,
    0.5881,
)  # two more five-point formulas between the rungs confirm the one chosen
_MIN_NODES = (
    13  # even an exact-looking ladder goes down to _TOP * scale / 4096 before it is believed
)
_MAX_NODES = 48


@dataclass(frozen=True)
class Derivative:
    """What the ladder found.

    value, error, step   the derivative, its estimated error, and the step h of the rung taken; error is inf, and
                         ``note`` says why, where no rung could be used or believed (value and step are then NaN where
                         there was none)
    top_step             h of the coarsest usable rung
    magnitude            the largest |f| seen
    on_kink              the one-sided differences stay apart: theta itself seems to lie on a kink
    """

    value: float
    error: float
    step: float
    top_step: float
    magnitude: float
    note: str
    on_kink: bool


def ladder_derivative(
    value: Callable[[Float], float],
    theta: Float,
    index: int,
    f0: float,
    scale: float,
    same_cell: Callable[[Float], bool] | None = None,
) -> Derivative:
    """Return df/dtheta_index, its estimated error, and what stood in the way.

    ``value`` may raise or return NaN or inf away from theta: such nodes, and all coarser ones, are left out.
    ``same_cell(point)`` says whether a point has theta's kink pattern; nodes outside, and all coarser ones, are left
    out.
    """
    x = float(theta[index])
    nodes: list[tuple[float, float, float]] = []
    crossed, failure = 0, ""
    for j in range(_MAX_NODES):
        d = _TOP * scale * 0.5**j
        if d < 64.0 * EPS * abs(x):  # below this x + d and x - d lose the digits of d
            break
        plus, minus = theta.copy(), theta.copy()
        plus[index] += d
        minus[index] -= d
        if same_cell is not None and not (same_cell(plus) and same_cell(minus)):
            crossed += 1
            nodes.clear()
            continue
        above, reason_above = _try(value, plus)
        below, reason_below = _try(value, minus)
        if reason_above or reason_below:
            failure = reason_above or reason_below
            nodes.clear()
            continue
        if above == below == f0 and any(a != f0 or b != f0 for _, a, b in nodes):
            # below the resolution of f's values (coarse if computed in float32): finer rungs would
            # agree on a false 0
            break
        # The width that was really used, not 2d: this takes the rounding of x + d out of the quotient.
        nodes.append((float(plus[index] - minus[index]), above, below))
        if len(nodes) >= _MIN_NODES:
            D4, error, step, rounding = _rungs(nodes, f0, x)
            if rounding[-1] > error[_choose(D4, error)]:  # no finer rung can do better
                break
    magnitude = max([abs(f0), *(max(abs(a), abs(b)) for _, a, b in nodes)])
    if len(nodes) < 4:  # one error estimate needs three rungs
        note = (
            "no step is small enough to stay on theta's side of a kink"
            if crossed
            else "no step leaves enough usable values"
        )
        note = f"{note}; {failure}" if failure else note
        return Derivative(
            float("nan"), float("inf"), float("nan"), float("nan"), magnitude, note, False
        )
    D4, error, step, rounding = _rungs(nodes, f0, x)
    k = _choose(D4, error)
    note, estimate = (
        f"{crossed} coarser steps left out because they cross a kink" if crossed else "",
        float(error[k]),
    )
    for factor in _OFF_GRID:
        estimate = max(
            estimate, abs(_five_point(value, theta, index, factor * float(step[k])) - float(D4[k]))
        )
    if not math.isfinite(estimate):
        note = "no error estimate: values between the steps are missing or overflow"
    if failure:
        note = "; ".join(filter(None, (note, f"coarser steps left out: {failure}")))
    return Derivative(
        float(D4[k]),
        estimate,
        float(step[k]),
        float(step[0]),
        magnitude,
        note,
        _on_kink(nodes, f0, x * float(D4[k])),
    )


def _five_point(value: Callable[[Float], float], theta: Float, index: int, h: float) -> float:
    """Return the formula at one step between the rungs; inf, so that nothing is confirmed, where a value is missing."""
    f, x = [], []
    for offset in (-2.0 * h, -h, h, 2.0 * h):
        point = theta.copy()
        point[index] += offset
        found, reason = _try(value, point)
        if reason:
            return float("inf")
        f.append(found)
        x.append(float(point[index]))
    slope = (4.0 * (f[2] - f[1]) / (x[2] - x[1]) - (f[3] - f[0]) / (x[3] - x[0])) / 3.0
    return slope if math.isfinite(slope) else float("inf")


def _try(value: Callable[[Float], float], point: Float) -> tuple[float, str]:
    try:
        with np.errstate(all="ignore"):
            f = value(point.copy())  # fun may write into its argument
    except (
        Exception
    ) as error:  # whatever it raises off theta, the ladder goes on with smaller steps and says so
        return 0.0, f"fun raised {type(error).__name__}: {error}"
    return (f, "") if np.isfinite(f) else (0.0, f"fun returned {f}")


def _rungs(
    nodes: list[tuple[float, float, float]], f0: float, x: float
) -> tuple[Float, Float, Float, Float]:
    """Return D4, err, h and the analytic part of the rounding error of every rung."""
    width, above, below = np.array(nodes).T
    with np.errstate(over="ignore", invalid="ignore"):
        D2 = (above - below) / width
        D4 = (4.0 * D2[1:] - D2[:-1]) / 3.0
        step = 0.5 * width[1:]
        size = np.maximum(np.maximum(np.abs(above), np.abs(below)), abs(f0))
        fourth = np.abs((above + below)[:-1] - 4.0 * (above + below)[1:] + 6.0 * f0) / np.sqrt(70.0)
        noise = EPS * (np.maximum(size[1:], size[:-1]) + np.abs(x * D4))
        rounding = 1.5 * noise / step
        error = 1.5 * np.maximum(noise, np.maximum.accumulate(fourth[::-1])[::-1]) / step
        delta = np.abs(np.diff(D4))
        error[2:] += np.maximum(delta[1:], delta[:-1] / 4.0)
    error[:2] = np.inf
    return D4, np.where(np.isfinite(error) & np.isfinite(D4), error, np.inf), step, rounding


def _choose(D4: Float, error: Float) -> int:
    """Return the rung of smallest error that no finer rung contradicts; the finest has no finer one, so there always is
    one."""
    for k in np.argsort(error, kind="stable"):
        if np.all(np.abs(D4[k + 1 :] - D4[k]) <= SAFETY * (error[k + 1 :] + error[k])):
            return int(k)
    return len(D4) - 1


def _on_kink(nodes: list[tuple[float, float, float]], f0: float, slope: float) -> bool:
    """Say whether the one-sided differences stay apart as the step falls, as they do where theta itself lies on a kink.

    gap_j = forward minus backward difference = jump + f'' d + O(d^3); jump_j = 2 gap_{j+1} - gap_j removes f''.
    Where f is smooth jump_j falls 8-fold a node; on a kink it stays, down to the node where rounding hides it.
    """
    width, above, below = np.array(nodes).T
    d = 0.5 * width
    with np.errstate(over="ignore", invalid="ignore"):
        gap = ((above - f0) + (below - f0)) / d
        jump = 2.0 * gap[1:] - gap[:-1]
        hidden = SAFETY * 20.0 * EPS * (np.abs(above) + np.abs(below) + abs(slope))[:-1] / d[:-1]
    seen = np.flatnonzero(np.abs(jump) > hidden)
    if seen.size == 0 or seen[-1] == 0:
        return False
    j = int(seen[-1])
    visible_further = j + 1 < len(jump) and hidden[j + 1] < 0.5 * abs(jump[j])
    return bool(
        not visible_further
        and 0.7 * jump[j - 1] ** 2 < jump[j] * jump[j - 1] < 1.4 * jump[j - 1] ** 2
    )
