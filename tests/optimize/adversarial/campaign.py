"""Fit every problem with nce_ref, judge every end, and table what was certified against what is true.

    python -m tests.optimize.adversarial.campaign OUT.jsonl --seeds 0 2000 [--kinds a,b]

One line a fit goes to OUT.jsonl, flushed; a run that was stopped resumes. Needs gmpy2 (``pip install gmpy2``).
"""

from __future__ import annotations

import argparse
import json
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

import nce_ref as nr

from .judge import BEYOND_DOUBLE, NEAR, judge
from .problems import KINDS, problem

_JUDGED = ("judge", "reason", "distance", "gain", "margins")


def fit(p):
    """The fit of nce_ref, from the problem's one start."""
    model = nr.LaplaceICA(p.n) if p.model == "ica" else nr.Gaussian(p.n)
    if p.estimator == "mle":
        return nr.fit_mle(model, p.x, start=p.start)
    if p.estimator == "score":
        return nr.fit_score_matching(model, p.x, start=p.start, slope=p.slope)
    noise = (
        nr.GaussianNoise(*p.noise[1:])
        if p.noise[0] == "gaussian"
        else nr.LaplaceICANoise(p.noise[1])
    )
    return nr.fit_nce(model, noise, p.x, p.y, start=p.start)


def run_one(kind: str, seed: int, known: dict | None = None) -> dict:
    """Fit, judge, and say how they agree; a theta judged before (``known``), the same to the last bit, keeps its
    verdict."""
    p = problem(kind, seed)
    line = {
        "kind": kind,
        "seed": seed,
        "estimator": p.estimator,
        "model": p.model,
        "n": p.n,
        "T": len(p.x),
    }
    line["T_noise"] = 0 if p.y is None else len(p.y)
    began = time.process_time()
    theta = None
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = fit(p)
        line.update(
            certified=bool(found.is_local_maximum),
            converged=bool(found.converged),
            status=found.status,
        )
        line.update(
            message=found.message, evaluations=int(found.n_evaluations), objective=found.objective
        )
        line["warnings"] = sorted({str(w.message)[:80] for w in caught})
        line["theta"] = [float(v).hex() for v in found.theta]
        theta = found.theta
    except ValueError as error:
        line.update(certified=False, status="ValueError", message=str(error)[:300])
    except Exception as error:  # a fault of the package, to be seen
        line.update(
            certified=False, status="crash", message=f"{type(error).__name__}: {error}"[:300]
        )
        line["traceback"] = traceback.format_exc()[-1500:]
    line["fit_seconds"] = round(time.process_time() - began, 3)
    began = time.process_time()
    before = (known or {}).get((kind, seed), {})
    try:
        if _settled(before, line):
            line.update({k: before[k] for k in _JUDGED if k in before})
        else:
            verdict = judge(p, p.start if theta is None else theta)
            line.update({k: getattr(verdict, "kind" if k == "judge" else k) for k in _JUDGED})
            if theta is not None and verdict.value is not None:
                line["value_error"] = value_error(p, verdict, found.objective)
    except Exception as error:
        line.update(judge="crash", reason=traceback.format_exc()[-1500:], distance=np.inf)
        print(f"the judge fell over on {kind} {seed}: {error}")
    line["judge_seconds"] = round(time.process_time() - began, 3)
    line["outcome"] = outcome(line)
    return line


def _settled(before: dict, line: dict) -> bool:
    """Was the same theta judged before, with a verdict that agrees? Undecided ends and refusals are always judged
    again."""
    if "theta" not in line or before.get("theta") != line["theta"]:
        return False
    if before["judge"] == "strict":
        return line["certified"] and before["distance"] < NEAR
    return before["judge"] in ("infinity", "plateau", "degenerate") and not line["certified"]


def value_error(p, verdict, objective: float) -> float | None:
    """The stated objective less the one at the judge's maximum, per unit of it; it is below it by the square of the
    distance."""
    if verdict.distance >= NEAR:
        return None
    return abs(float(verdict.value) - objective) / max(1.0, abs(float(verdict.value)))


def outcome(line: dict) -> str:
    maximum = line["judge"] in ("strict", "degenerate", "plateau")
    near = maximum and line["distance"] < NEAR
    if line["judge"] in ("undecided", "crash"):
        return "undecided, certified" if line["certified"] else "undecided, refused"
    if line["certified"]:
        return "right" if near else "WRONG"
    if line["status"] in ("ValueError", "crash"):
        return "turned away at the door" if line["status"] == "ValueError" else "CRASH"
    if line["judge"] == "strict" and line.get("margins", {}).get("rounding", 0.0) > BEYOND_DOUBLE:
        return "refused, beyond float64"
    if line["judge"] == "strict":
        return "REFUSED at the maximum" if near else "stopped short"
    return "refused, " + (
        line["judge"] if near or not maximum else "stopped short of a maximum that is not strict"
    )


def plan(seeds: range, kinds: list[str]) -> list[tuple[str, int]]:
    """Kinds in proportion to their shares, seed by seed."""
    wheel = [k for k in KINDS for _ in range(KINDS[k][1])]
    order = np.random.default_rng(11).permutation(len(wheel))
    return [(kind, s) for s in seeds if (kind := wheel[order[s % len(wheel)]]) in kinds]


def table(lines: list[dict]) -> str:
    outcomes = sorted({x["outcome"] for x in lines})
    rows = [["kind", "fits", *outcomes]]
    for kind in [*KINDS, "all"]:
        mine = [x for x in lines if kind in ("all", x["kind"])]
        if mine:
            counts = [sum(x["outcome"] == o for x in mine) for o in outcomes]
            rows.append([kind, str(len(mine)), *[str(c) if c else "" for c in counts]])
    return "\n".join(
        "| " + " | ".join(r) + " |" + ("\n|" + "---|" * len(r) if k == 0 else "")
        for k, r in enumerate(rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", nargs=2, type=int, default=[0, 2000])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--known", nargs="*", type=Path, default=[], help="files of earlier runs")
    parser.add_argument("--table", action="store_true", help="only the table of what is there")
    asked = parser.parse_args()
    lines = (
        [json.loads(s) for s in asked.out.read_text().splitlines()] if asked.out.exists() else []
    )
    done = {(x["kind"], x["seed"]) for x in lines}
    known = {}
    for file in asked.known:
        known.update(
            {(x["kind"], x["seed"]): x for x in map(json.loads, file.read_text().splitlines())}
        )
    if not asked.table:
        with asked.out.open("a") as out:
            for kind, seed in plan(range(*asked.seeds), asked.kinds.split(",")):
                if (kind, seed) in done:
                    continue
                lines.append(run_one(kind, seed, known))
                out.write(json.dumps(lines[-1]) + "\n")
                out.flush()
    print(table(lines))


if __name__ == "__main__":
    main()
