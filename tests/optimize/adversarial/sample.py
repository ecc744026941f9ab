"""Write sample.json: problems with the judge's verdicts, which tests/optimize/test_adversarial_sample.py reads without
the judge.

    python -m tests.optimize.adversarial.sample

Besides those on which the package once failed (FOUND), they are chosen by a rule that does not ask what nce_ref says:
of each kind, seeds from 20000 on, the first two strict maxima with margins above those of rounding, and the first
problem without a maximum. At a strict maximum the start is moved 1e-4 off it. What the judge climbs to from the
problem's own start is the maximum, so no estimate of nce_ref enters.
"""

from __future__ import annotations

import json
from pathlib import Path

import gmpy2
import numpy as np
from gmpy2 import mpfr

from .digits import double, log_abs_det
from .formulas import LOG2
from .judge import judge
from .problems import KINDS, Problem, problem

TARGET = Path(__file__).with_name("sample.json")
# Certified wrongly, or refused at a strict maximum, when the judge was first asked (December 2026).
FOUND = [
    *[("separable", 12), ("deficient", 44), ("deficient", 372)],  # the supremum is at infinity
    *[("tiny", 129), ("shared_points", 182), ("zero_rows", 289), ("zero_rows", 424)],  # zero rows
    *[("tied", 206), ("integers", 435), ("shared_points", 960)],  # a valley on a ridge that wins
    *[("units", 198), ("units", 265), ("units", 488), ("unit_ties", 174), ("unit_ties", 212)],
    *[("unit_ties", 39), ("mixed_units", 173), ("mixed_units", 358)],
    *[("outlier", 402), ("outlier", 445), ("rescaled", 599), ("tiny", 892), ("collinear", 887)],
]
_FROM, _TRIES = 20_000, 40
_MARGINS = {"multiplier": 1e-3, "kink": 1e-6, "curvature": 1e-6}
_MOST_NUMBERS = 250


def theta_of(p: Problem, top) -> np.ndarray:
    """The judge's maximum in the coordinates of nce_ref, c included, rounded once."""
    n = p.n
    if p.estimator == "nce":
        theta = top.copy()
        theta[: n * n if p.model == "ica" else 0] /= gmpy2.sqrt(mpfr(2))
        return double(theta)
    if p.model == "gaussian":
        c = (log_abs_det(top) - n * gmpy2.log(2 * gmpy2.const_pi())) / 2
        return double(np.append(top[np.tril_indices(n)], c))
    B = top.reshape(n, n) / (gmpy2.sqrt(mpfr(2)) if p.estimator == "mle" else 1)
    return double(np.append(B.reshape(-1), log_abs_det(B) - mpfr(n) / 2 * LOG2))


def hexadecimal(array) -> object:
    """Nested lists of float.hex, exact and readable by anybody."""
    array = np.asarray(array, dtype=float)
    return array.item().hex() if array.ndim == 0 else [hexadecimal(v) for v in array]


def entry(p: Problem, verdict, theta) -> dict:
    noise = None if p.noise is None else [p.noise[0], *map(hexadecimal, p.noise[1:])]
    return {
        "kind": p.kind,
        "seed": p.seed,
        "estimator": p.estimator,
        "model": p.model,
        "verdict": verdict.kind,
        "reason": verdict.reason,
        "x": hexadecimal(p.x),
        "y": None if p.y is None else hexadecimal(p.y),
        "noise": noise,
        "start": hexadecimal(p.start),
        "maximum": None if theta is None else hexadecimal(theta),
    }


def found_before(kind: str, seed: int) -> dict:
    """A problem on which nce_ref once failed; the maximum is the one that the judge climbs to from its start."""
    p = problem(kind, seed)
    verdict = judge(p, p.start)
    if verdict.kind != "strict":
        return entry(p, verdict, None)
    theta = theta_of(p, verdict.theta)
    p.start = theta * (1.0 + 1e-4 * np.random.default_rng(seed).standard_normal(len(theta)))
    return entry(p, verdict, theta)


def nowhere(p: Problem) -> bool:
    """Does the verdict "infinity" exclude a maximum everywhere? In score matching and NCE of ICA it speaks of one
    region."""
    return p.model == "gaussian" or p.estimator == "mle"


def main() -> None:
    chosen = [found_before(kind, seed) for kind, seed in FOUND]
    for kind in KINDS:
        wanted = {"strict": 2, "infinity": 1}
        for seed in range(_FROM, _FROM + _TRIES):
            p = problem(kind, seed)
            if p.x.size + (0 if p.y is None else p.y.size) > _MOST_NUMBERS:
                continue
            verdict = judge(p, p.start)
            if not wanted.get(verdict.kind):
                continue
            if verdict.kind == "infinity" and not nowhere(p):
                continue
            if any(verdict.margins.get(k, 1.0) < least for k, least in _MARGINS.items()):
                continue
            theta = None
            if verdict.kind == "strict":
                theta = theta_of(p, verdict.theta)
                again = judge(p, theta)
                if (
                    not again.distance < 1e-10
                ):  # rounding theta moves it: the problem is beyond double
                    continue
                move = 1e-4 * np.random.default_rng(seed).standard_normal(len(theta))
                p.start = theta * (1.0 + move)
            chosen.append(entry(p, verdict, theta))
            wanted[verdict.kind] -= 1
    TARGET.write_text("[\n" + ",\n".join(json.dumps(e) for e in chosen) + "\n]\n")
    print(len(chosen), "problems,", TARGET.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
