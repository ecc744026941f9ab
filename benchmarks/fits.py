"""Whole fits beside their peers', where their time goes, the oracle's check of all vectors, and the replication's
throughput.

    python -m benchmarks.fits              measure (four minutes), put it into measured.json beside the kernel's
    python -m benchmarks.fits nce mle      some parts only: nce, mle, profile, oracle, replication
    python -m benchmarks.fits --quick      a little of everything, to see that it runs; prints JSON, keeps nothing
    python -m benchmarks.report --render   write REPORT.md from measured.json

*Conventions.* A row is one data set. Both sides fit it in turn, in changing order, ``pairs`` times; each side's
``wall`` and ``cpu`` are medians over these, in seconds. ``gap``: how far the end lies below the highest that any side
found, in the objective's unit; ``stationarity`` and ``certified`` are the certificate's words on each end
(``nce_ref.optimize.certify``), the peers' ends included.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import process

SETTINGS = {
    "full": {
        "nce": [
            (1, 16_000, 1, 20, 3),
            (2, 16_000, 1, 20, 3),
            (1, 16_000, 5, 15, 1),
            (1, 1_000, 5, 15, 1),
        ],
        "mle": [(1, 16_000, 20, 3), (1, 1_000, 20, 3)],
        "profile": [("nce", 16_000, 10), ("nce", 1_000, 10), ("mle", 16_000, 10)],
        "oracle": [()],
        "replication": [(1_000, 8, 16)],
    },
    "quick": {
        "nce": [(1, 2_000, 1, 3, 1), (1, 500, 2, 2, 1)],
        "mle": [(1, 2_000, 3, 1)],
        "profile": [("nce", 2_000, 2), ("mle", 2_000, 2)],
        "oracle": [()],
        "replication": [(250, 2, 4)],
    },
}
EPSILONS = (0.01, 0.001, 0.0001)  # of Picard's smoothed density
PICARD_TOLERANCE = 1e-7  # its default
STARTS = ("random start", "whitened start")


def nce(cores: int, n_data: int, n_starts: int, n_sets: int, pairs: int) -> dict[str, Any]:
    """``nr.fit_nce``, and L-BFGS-B on JAX's and on the package's own value and gradient, from the same starts."""
    process.use_cores(cores)
    import nce_ref as nr
    from benchmarks import fit_peers
    from benchmarks.problems import FitProblem
    from nce_ref.optimize import maximize_lbfgs

    absent = fit_peers.absent()
    jax = None if "jax" in absent else fit_peers.JaxFit(n_data)

    def certified(problem: FitProblem) -> Any:
        fit = nr.fit_nce(problem.model, problem.noise, problem.x, problem.y, start=problem.starts)
        return fit.theta, fit.n_evaluations

    def own_lbfgs(problem: FitProblem) -> Any:
        objective = nr.NCEObjective(problem.model, problem.noise, problem.x, problem.y)
        ends = [maximize_lbfgs(objective, start) for start in problem.starts]
        return max(ends, key=lambda end: end.value).theta, sum(end.n_evaluations for end in ends)

    sides: dict[str, Callable[[FitProblem], Any]] = {
        "nce_ref": certified,
        "nce_ref L-BFGS": own_lbfgs,
    }
    if jax is not None:
        sides["jax.jit L-BFGS"] = lambda problem: jax(problem, problem.starts)[:2]
    rows = []
    for k in range(n_sets):
        problem = FitProblem(n_data, k, n_starts)
        objective = nr.NCEObjective(problem.model, problem.noise, problem.x, problem.y)
        rows.append(_row(sides, problem, objective, pairs))
        for side in rows[-1].values():
            del side["end"]
    told = {
        "cores": cores,
        "T": n_data,
        "n_starts": n_starts,
        "writing": None if jax is None else jax.name,
    }
    return told | {"rows": rows, "absent": [absent["jax"]] if "jax" in absent else []}


def mle(cores: int, n_data: int, n_sets: int, pairs: int) -> dict[str, Any]:
    """``nr.fit_mle`` and Picard, both from the random start, and both from Picard's own way to start, whitening."""
    process.use_cores(cores)
    import numpy as np

    import nce_ref as nr
    from benchmarks import fit_peers
    from benchmarks.problems import FitProblem

    absent = fit_peers.absent()

    def begin(problem: FitProblem, whitened: bool) -> Any:
        return fit_peers.whitened_start(problem.x) if whitened else problem.starts[0, :-1]

    sides: dict[str, Callable[[FitProblem], Any]] = {}
    for where in STARTS:

        def certified(problem: FitProblem, whitened: bool = where == STARTS[1]) -> Any:
            fit = nr.fit_mle(
                problem.model, problem.x, start=np.append(begin(problem, whitened), 0.0)
            )
            return fit.theta[:-1], fit.n_evaluations

        sides[f"nce_ref, {where}"] = certified
        for epsilon in () if "picard" in absent else EPSILONS:

            def peer(
                problem: FitProblem, epsilon: float = epsilon, whitened: bool = where == STARTS[1]
            ) -> Any:
                return fit_peers.picard_fit(
                    problem, begin(problem, whitened), epsilon, PICARD_TOLERANCE
                )[:2]

            sides[f"picard, {where}, epsilon {epsilon:g}"] = peer
    rows = []
    for k in range(n_sets):
        problem = FitProblem(n_data, k, 1)
        row = _row(sides, problem, nr.LikelihoodObjective(problem.model, problem.x), pairs)
        for name, side in row.items():
            if name.startswith("picard"):
                epsilon = float(name.split()[-1])
                side["own_gradient"] = fit_peers.relative_gradient(
                    problem, side.pop("end"), epsilon
                )
            else:
                del side["end"]
        rows.append(row)
    return {
        "cores": cores,
        "T": n_data,
        "rows": rows,
        "absent": [absent["picard"]] if "picard" in absent else [],
    }


def _row(
    sides: dict[str, Callable[[Any], Any]], problem: Any, objective: Any, pairs: int
) -> dict[str, Any]:
    """Times and ends of every side on one data set; ``end`` is left in for the caller to take out."""
    import numpy as np

    from nce_ref.optimize import certify

    names, walls, cpus, ends = list(sides), {}, {}, {}
    for pair in range(pairs):
        for name in names if pair % 2 else reversed(names):
            ends[name], wall, cpu = process.timed(lambda name=name: sides[name](problem))
            walls.setdefault(name, []).append(wall)
            cpus.setdefault(name, []).append(cpu)
    values = {name: objective(end)[0] for name, (end, _) in ends.items()}
    row = {}
    for name in names:
        end, n_evaluations = ends[name]
        proof = certify(objective, end)
        row[name] = {
            "wall": float(np.median(walls[name])),
            "cpu": float(np.median(cpus[name])),
            "gap": max(values.values()) - values[name],
            "stationarity": proof.stationarity,
            "certified": bool(proof.is_local_maximum),
            "n": n_evaluations,
            "end": end,
        }
    return row


def profile(what: str, n_data: int, n_sets: int) -> dict[str, Any]:
    """See ``fit_profile.py``."""
    process.use_cores(1)
    from benchmarks import fit_profile

    return fit_profile.profile(what, n_data, n_sets)


def oracle() -> dict[str, Any]:
    """Seconds in which the package's own functions answer all vectors and are judged, in a fresh process."""
    process.use_cores(1)
    own, importing, _ = process.timed(_import_own)
    seconds, failed, n, objectives = {}, [], 0, 0
    known = {
        vector_id: why for patterns in own.KNOWN.values() for vector_id, why in patterns.items()
    }
    for dtype in ("float64", "float32"):
        reports, wall, _ = process.timed(lambda dtype=dtype: own.check_all(dtype))
        seconds[dtype] = wall
        n = sum(len(report.results) for report in reports.values())
        objectives = len(reports)
        failed += [
            f"{dtype} {result.id}" for report in reports.values() for result in report.failed
        ]
    counts = {"n_objectives": objectives, "n_vectors": n}
    return counts | {"importing": importing, "seconds": seconds, "failed": failed, "known": known}


def _import_own() -> Any:
    from benchmarks import own

    return own


def replication(n_data: int, n_serial: int, n_parallel: int) -> dict[str, Any]:
    """Runs of the experiment behind Figure 1 a second: in this process, and by the runner in two."""
    from paper_replication.executors import Processes
    from paper_replication.figure1.study import STUDY
    from paper_replication.runner import run_tasks
    from paper_replication.store import RunStore
    from paper_replication.tasks import perform

    tasks = [STUDY.task("figure1", {"n_data": n_data}, k) for k in range(n_serial + n_parallel + 1)]
    warm_up = tasks.pop()
    perform(warm_up)
    results, wall, cpu = process.timed(lambda: [perform(task)[0] for task in tasks[:n_serial]])
    serial = {"runs": n_serial, "wall": wall, "cpu": cpu}
    certified = sum(
        result[f"{m}.certified.is_local_maximum"]
        for result in results
        for m in ("mle", "nce_gaussian", "nce_laplace")
    )
    with (
        tempfile.TemporaryDirectory(prefix="nce_ref-bench-") as folder,
        Processes(2).open() as executor,
    ):
        for future in [
            executor.submit(perform, warm_up) for _ in range(4)
        ]:  # both processes up, everything imported
            future.result()
        with RunStore(Path(folder)) as store:
            outcome, wall, _ = process.timed(
                lambda: run_tasks(tasks[n_serial:], store, executor, report=lambda text: None)
            )
    parallel = {"runs": outcome.n_made, "wall": wall, "processes": 2}
    return {
        "T": n_data,
        "certified": certified,
        "fits_a_run": 3,
        "serial": serial,
        "parallel": parallel,
        "cores": _cores(),
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0))


PARTS = {"nce": nce, "mle": mle, "profile": profile, "oracle": oracle, "replication": replication}


def measure(size: str = "full", parts: Iterable[str] = PARTS) -> dict[str, Any]:
    """These parts, every call in a process of its own, one after the other; ``about`` has each part's day and load."""
    found: dict[str, Any] = {"about": {}}
    for part in parts:
        about = {"date": date.today().isoformat(), "load_before": os.getloadavg()}
        found[part] = []
        for call in SETTINGS[size][part]:
            print(f"  {part} {' '.join(map(str, call))}", file=sys.stderr, flush=True)
            found[part].append(process.child("benchmarks.fits", "--child", part, *call))
        found["about"][part] = about | {"load_after": os.getloadavg()}
    return found


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        part, *numbers = arguments[1:]
        values = [int(number) if number.isdigit() else number for number in numbers]
        print(json.dumps(PARTS[part](*values)))
    elif arguments == ["--quick"]:
        json.dump(measure("quick"), sys.stdout)
    elif not set(arguments) <= set(PARTS):
        raise SystemExit(
            f"got {' '.join(arguments)}; expected nothing, --quick, or some of {', '.join(PARTS)}"
        )
    else:
        for part in (
            arguments or PARTS
        ):  # each kept at once: a later one that fails takes nothing away
            more = measure("full", [part])
            before = process.kept().get("fits", {"about": {}})
            process.keep(fits=before | more | {"about": before["about"] | more["about"]})


if __name__ == "__main__":
    main(sys.argv[1:])
