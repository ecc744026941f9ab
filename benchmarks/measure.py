"""Measures, in a process of its own, and prints JSON: the kernel beside its peers, or memory and growth.

    python -m benchmarks.measure kernel CORES T [T ...]      interleaved pairs with every peer, on CORES cores
    python -m benchmarks.measure growth T            time a point and peak memory; above T = 1e6 on files (numpy.memmap)

The process is pinned before any framework is loaded, so both sides have the same cores.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

PAIRS = 40
SECONDS_A_SAMPLE = 0.004  # calls shorter than this are timed several at once
THREADS_FROM = 100_000  # below, nce_ref's own threads take as long as one: they hand the interpreter to each other


def kernel(cores: int, sizes: list[int]) -> dict[str, Any]:
    """Times a call of nce_ref and of each peer by pairs, and each pair's ratio; values compared before."""
    from benchmarks import peers
    from benchmarks.problems import Problem

    rows = []
    for n_data in sizes:
        problem = Problem(n_data)
        threads = cores if n_data >= THREADS_FROM else 1
        objective, theta = problem.objective(threads), problem.theta
        value, gradient = objective(theta)
        for name, call in peers.kernels(problem, cores).items():
            try:
                got, slope = call()
            except Exception as error:  # a compiler that is missing is no reason to stop
                rows.append(
                    {"T": n_data, "peer": name, "failed": f"{type(error).__name__}: {error}"[:120]}
                )
                continue
            off = (
                abs(float(got) / value - 1.0),
                float(np.abs(np.asarray(slope) - gradient).max() / np.abs(gradient).max()),
            )
            ours, theirs = _pairs(partial(objective, theta), call)
            rows.append(
                {
                    "T": n_data,
                    "peer": name,
                    "threads": threads,
                    "off": off,
                    "ours": ours,
                    "theirs": theirs,
                }
            )
            print(
                f"  {cores} core(s), T = {n_data}, {name}: {np.median(np.divide(ours, theirs)):.2f}",
                file=sys.stderr,
                flush=True,
            )
    return {"cores": cores, "rows": rows, "absent": peers.absent()}


def _pairs(ours: Any, theirs: Any) -> tuple[list[float], list[float]]:
    """Seconds a call, sample by sample in turn, the first of a pair changing."""
    repeats = []
    for call in (ours, theirs):
        call()
        start = time.perf_counter()
        call()
        repeats.append(max(1, round(SECONDS_A_SAMPLE / (time.perf_counter() - start))))
    times: tuple[list[float], list[float]] = ([], [])
    for pair in range(PAIRS):
        for side in (0, 1) if pair % 2 else (1, 0):
            call = (ours, theirs)[side]
            start = time.perf_counter()
            for _ in range(repeats[side]):
                call()
            times[side].append((time.perf_counter() - start) / repeats[side])
    return times


def growth(n_data: int) -> dict[str, Any]:
    """One thread: the median seconds of a call at T beside one at T = 1e4 (pairs, in turn), peak bytes of a call and of
    the door."""
    import nce_ref as nr
    from benchmarks.problems import Problem

    small = Problem(10_000)
    model, noise, theta = small.model, small.noise, small.theta
    with tempfile.TemporaryDirectory(prefix="nce_ref-bench-") as folder:
        samples = []
        for k, name in enumerate("xy"):
            rng, shape = np.random.default_rng([7, k]), (n_data, model.n_dim)
            points = (
                np.memmap(Path(folder) / name, np.float64, "w+", shape=shape)
                if n_data > 1_000_000
                else np.empty(shape)
            )
            for start in range(0, n_data, 100_000):
                count = min(100_000, n_data - start)
                points[start : start + count] = (
                    noise.sample(count, rng) if k else model.sample(theta, count, rng)
                )
            samples.append(points)
        tracemalloc.start()
        objective = nr.NCEObjective(model, noise, *samples)
        door = tracemalloc.get_traced_memory()[1] - 8 * 2 * n_data
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        objective(theta)
        call = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        base = nr.NCEObjective(model, noise, samples[0][:10_000], samples[1][:10_000])
        here, there, repeats = [], [], max(1, min(100, 1_000_000 // n_data))
        for _ in range(max(5, min(PAIRS, 40_000_000 // n_data))):
            for problem, n, times in ((objective, repeats, here), (base, 100, there)):
                start = time.perf_counter()
                for _ in range(n):
                    problem(theta)
                times.append((time.perf_counter() - start) / n)
    per_point = [t / (2 * n_data) for t in here]
    beside = [t / 20_000 for t in there]
    return {
        "T": n_data,
        "on_files": n_data > 1_000_000,
        "per_point": per_point,
        "beside": beside,
        "door_bytes": door,
        "call_bytes": call,
    }


def main(arguments: list[str]) -> None:
    what, *numbers = arguments
    counts = [int(float(n)) for n in numbers]
    if what == "kernel":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-counts[0] :])
        json.dump(kernel(counts[0], counts[1:]), sys.stdout)
    else:
        json.dump(growth(counts[0]), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
