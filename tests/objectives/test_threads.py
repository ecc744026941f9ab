"""objectives/threads.py and memory: threads leave no trace, an evaluation needs little memory, a file is not copied."""

from __future__ import annotations

import multiprocessing
import threading
import tracemalloc

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.objectives import base, nce, points
from nce_ref.objectives.threads import _RUN as RUN
from nce_ref.objectives.threads import in_order
from tests.objectives.naive import ica_problem

MIB = 2**20


def results(objective, theta):
    value, gradient = objective(theta)
    return [value, *gradient, *np.ravel(objective.second_order(theta)[2])]


# Blocks of at most 100 points, so that their borders fall anywhere: inside a sample, between the two, on its last
# point.
@pytest.mark.parametrize("n_data", [1, 50, 99, 100, 101, 537])
def test_the_number_of_threads_leaves_no_trace_in_the_last_bit(n_data, monkeypatch):
    monkeypatch.setattr(base, "_BLOCK", 100)
    theta, model, noise, x, y = ica_problem(3, n_data=n_data, n_noise=2 * n_data + 1)
    one = results(nr.NCEObjective(model, noise, x, y), theta)
    for threads in (1, 2, 3):
        objective = nr.NCEObjective(model, noise, x, y, threads=threads)
        assert results(objective, theta) == one
    monkeypatch.setattr(points, "JOINED_BYTES", 0)  # the same blocks, read in place
    assert results(nr.NCEObjective(model, noise, x, y, threads=2), theta) == one
    monkeypatch.setattr(base, "_BLOCK", 10**6)
    whole = results(nr.NCEObjective(model, noise, x, y), theta)
    # Sums of at most 3e3 terms in another order: 1e3 eps of the largest entry bounds it with room.
    np.testing.assert_allclose(one, whole, rtol=0, atol=1e3 * 2.3e-16 * np.abs(whole).max())


def test_a_planted_sum_in_the_order_of_arrival_leaves_a_trace(monkeypatch):
    """The check above sees rounding: the same parts added backwards differ in some last bit."""
    monkeypatch.setattr(base, "_BLOCK", 100)
    theta, model, noise, x, y = ica_problem(3, n_data=537, n_noise=1075)
    one = results(nr.NCEObjective(model, noise, x, y), theta)
    monkeypatch.setattr(
        nce, "in_order", lambda part, blocks, threads: reversed(list(map(part, blocks)))
    )
    assert results(nr.NCEObjective(model, noise, x, y), theta) != one


def test_parts_come_in_order_from_that_many_threads_and_a_few_at_a_time():
    seen, running, all_met = [], [], threading.Barrier(3, timeout=20)

    def part(block):
        running.append(threading.current_thread().name)
        if block.start in (0, RUN, 2 * RUN):
            all_met.wait()  # passes only if three run at once
        return block.start

    for k in in_order(part, (slice(k, k + 1) for k in range(400)), threads=3):
        seen.append(k)
        assert len(running) <= len(seen) + 2 * 3 * RUN
    assert seen == list(range(400)) and len(set(running)) == 3


def test_an_error_in_a_thread_is_the_callers_and_errstate_goes_along():
    def fails(block):
        raise ZeroDivisionError("in a block")

    with pytest.raises(ZeroDivisionError, match="in a block"):
        list(in_order(fails, [slice(0, 1), slice(1, 2)], threads=2))
    with np.errstate(over="raise"):
        assert (
            list(in_order(lambda block: np.geterr()["over"], [slice(0, 1)] * 4, threads=2))
            == ["raise"] * 4
        )


def _in_a_child(queue, objective, theta):
    queue.put(objective(theta)[0])


@pytest.mark.filterwarnings(
    "ignore:This process:DeprecationWarning"
)  # from Python 3.12 on forking with threads warns
def test_a_forked_child_has_threads_of_its_own():
    if "fork" not in multiprocessing.get_all_start_methods():
        return  # nothing to be kept true there
    theta, model, noise, x, y = ica_problem(2, n_data=50, n_noise=50)
    objective = nr.NCEObjective(model, noise, x, y, threads=2)
    value = objective(theta)[0]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_a_child, args=(queue, objective, theta))
    child.start()
    assert queue.get(timeout=20) == value
    child.join(timeout=20)


def test_no_thread_is_started_unasked():
    theta, *rest = ica_problem(2, 20, 30)
    before = threading.active_count()
    objective = nr.NCEObjective(*rest)
    objective(theta)
    assert objective.threads == 1 and threading.active_count() == before


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_must_be_a_count(threads):
    _, model, noise, x, y = ica_problem(2, n_data=5, n_noise=5)
    with pytest.raises(ValueError, match="threads: got"):
        nr.NCEObjective(model, noise, x, y, threads=threads)


# --- memory ---------------------------------------------------------------------------------------


def extra_bytes(function, *arguments):
    """The peak of what NumPy and Python allocate during a call, above what was there before."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    function(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - before


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """Laplace ICA, n = 4: 1e6 data points and as many of noise, as files: 32 MB each."""
    rng = np.random.default_rng(0)
    model, noise = nr.LaplaceICA(4), nr.GaussianNoise(np.zeros(4), 2.0 * np.eye(4))
    theta = model.pack(np.eye(4) + 0.1 * rng.standard_normal((4, 4)), -1.0)
    files = []
    for name in ("x", "y"):
        file = np.memmap(
            tmp_path_factory.mktemp("million") / name, dtype=np.float64, mode="w+", shape=(10**6, 4)
        )
        file[:] = rng.standard_normal((10**6, 4))
        files.append(file)
    return theta, model, noise, *files


@pytest.fixture(autouse=True)
def a_million_is_large(monkeypatch):
    """Two million points are 61 MiB, a little below what is read in place; files three times as large would take their
    time."""
    monkeypatch.setattr(points, "JOINED_BYTES", 2**25)


def test_a_million_points_need_a_few_mib(million):
    """Promised: 64 MiB at any T, the held ln p_n (8 bytes a point) apart. A block of 26 000 points of n = 4 has 3
    arrays of 4 and some 10 of 1 number a point, 4.4 MiB; threads double it, and parts are some numbers. A copy of one
    sample would be 31 MiB."""
    theta, model, noise, x, y = million
    held = 8 * (len(x) + len(y))
    assert extra_bytes(lambda: nr.NCEObjective(model, noise, x, y)) < held + 8 * MIB
    for threads in (1, 2):
        objective = nr.NCEObjective(model, noise, x, y, threads=threads)
        assert extra_bytes(objective, theta) < 8 * MIB
    assert extra_bytes(nr.NCEObjective(model, noise, x, y), theta) == pytest.approx(
        extra_bytes(nr.NCEObjective(model, noise, x[:500_000], y[:600_000]), theta), abs=MIB / 4
    )  # no growth with T
    assert (
        extra_bytes(nr.NCEObjective(model, noise, x[:100_000], y[:1000]).second_order, theta)
        < 16 * MIB
    )


def test_the_meter_sees_a_copy(million):
    _, _, _, x, _ = million
    assert (
        extra_bytes(lambda: np.array(x)) > 30 * MIB
        and extra_bytes(lambda: np.isfinite(x).all()) > 3 * MIB
    )


def test_files_are_read_in_place_and_give_what_arrays_give(million):
    theta, model, noise, x, y = million
    objective = nr.NCEObjective(model, noise, x, y)
    assert [np.shares_memory(a, b) for a, b in zip(objective._points._samples, (x, y))] == [
        True,
        True,
    ]
    value, gradient = objective(theta)
    in_memory, same = nr.NCEObjective(model, noise, np.array(x), np.array(y), threads=2)(theta)
    assert value == in_memory and np.array_equal(gradient, same)
    # The definition, on all points at once; a mean of 2e6 terms by pairwise sums: 1e-14.
    G = [model.log_density(theta, u) - noise.log_density(u) for u in (np.asarray(x), np.asarray(y))]
    assert value == pytest.approx(nr.nce_from_log_ratios(*G)[0], rel=1e-14)


def test_a_file_of_float32_is_read_in_place_too(million, tmp_path):
    theta, model, noise, x, y = million
    short = np.memmap(tmp_path / "x32", dtype=np.float32, mode="w+", shape=(10**6, 4))
    short[:] = x
    assert (
        extra_bytes(lambda: nr.NCEObjective(model, noise, short, y))
        < 8 * (len(x) + len(y)) + 8 * MIB
    )
    same = nr.NCEObjective(model, noise, np.asarray(short, dtype=np.float64), y)(theta)[0]
    assert nr.NCEObjective(model, noise, short, y)(theta)[0] == same


def test_the_likelihood_reads_files_in_place_too(million):
    theta, model, _, x, y = million
    both = np.concatenate([x, y])
    objective = nr.LikelihoodObjective(model, both)
    assert np.shares_memory(objective._points._samples[0], both)
    assert extra_bytes(objective, theta[:-1]) < 8 * MIB
