"""The oracle's check of all its vectors by the package's own functions: the goal is ten seconds for everything.

What is timed: reading the vectors, calling the function on each, judging each answer. That all pass is checked first.
"""

from __future__ import annotations

import time

import pytest

from benchmarks import own
from nce_ref import oracle
from nce_ref.oracle.vectors import suite

GOAL = 10.0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_all_vectors(benchmark, dtype):
    benchmark.group = "the oracle's check of all vectors"
    assert set(own.ANSWERS) == set(oracle.OBJECTIVES)
    start = time.perf_counter()
    reports = own.check_all(dtype)
    seconds = time.perf_counter() - start
    assert all(report.ok for report in reports.values()), [
        result.id for report in reports.values() for result in report.failed
    ]
    benchmark.extra_info["vectors"] = sum(len(report.results) for report in reports.values())
    benchmark.pedantic(own.check_all, (dtype,), rounds=1)
    print(
        f"{dtype}: {seconds:.1f} s for {benchmark.extra_info['vectors']} vectors; the goal is at most {GOAL:.0f} s"
    )


@pytest.mark.parametrize("name", suite()["objectives"])
def test_one_objective(benchmark, name):
    benchmark.group = "the oracle's check, by objective"
    benchmark.pedantic(own.check_one, (name,), rounds=3)
