"""Summary and claims: the same bytes whatever the order, workers and interruptions; numbers checked by hand."""

import csv
import io
import json
import random

import numpy as np
import pytest
import synthetic_rows

from paper_replication import executors
from paper_replication.claims import claims_json, judge_all
from paper_replication.figure1.claim_list import all_claims
from paper_replication.figure1.evidence import gather
from paper_replication.figure1.summary import select, summarise, summary_csv
from paper_replication.runner import run_tasks
from paper_replication.store import RunStore, read_rows
from paper_replication.tasks import make_task

THEORY = synthetic_rows.THEORY


def products(rows):
    evidence = gather([{**row, "experiment": "figure1"} for row in rows], THEORY)
    return summary_csv(summarise(evidence)), claims_json(judge_all(all_claims(), evidence))


@pytest.fixture(scope="module")
def rows():
    return synthetic_rows.rows({500: 12, 4000: 12})


def test_shuffled_rows_give_the_same_bytes(rows):
    shuffled = list(rows)
    random.Random(1).shuffle(shuffled)
    assert products(shuffled) == products(rows)
    # Ten digits would hide most of what another order does to a sum, so the columns themselves must not know of it.
    one, two = (
        gather(given, THEORY).column("mle.paper.error_B", 500) for given in (rows, shuffled)
    )
    assert one.tolist() == two.tolist()


def test_workers_and_interruptions_leave_no_trace(tmp_path):
    wanted = [
        make_task("synthetic_rows", {"n_data": size}, repetition)
        for size in (500, 4000)
        for repetition in range(5)
    ]

    def make(folder, workers, chosen):
        with RunStore(folder) as store, executors.workers(workers).open() as executor:
            run_tasks(chosen, store, executor)

    make(tmp_path / "serial", 0, wanted)
    make(tmp_path / "two", 2, wanted[::-1])
    make(tmp_path / "cut", 0, wanted[3:8])
    path = tmp_path / "cut" / "runs.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    make(tmp_path / "cut", 1, wanted)
    first, second, third = (
        products(read_rows(tmp_path / name)[0]) for name in ("serial", "two", "cut")
    )
    assert first == second == third


def test_lines_by_hand(rows):
    evidence = gather(rows, THEORY)
    lines = summarise(evidence)
    sample = np.array(
        [
            row["result"]["nce_gaussian.paper.error_B"]
            for row in rows
            if row["params"]["n_data"] == 500
        ]
    )
    (line,) = select(
        lines,
        n_data=500,
        method="nce_gaussian",
        protocol="paper",
        quantity="error_B",
        statistic="median",
    )
    ordered = np.sort(sample)
    assert (line.n, line.value, line.low, line.high) == (
        12,
        np.median(sample),
        ordered[2],
        ordered[9],
    )  # P(Bin(12, 1/2) <= 2) = 0.019
    (line,) = select(
        lines,
        n_data=500,
        method="mle",
        protocol="certified",
        quantity="relative_error",
        statistic="mean",
    )
    assert line.theory == pytest.approx(12.0 / 500)  # n K = 4 * 3
    (line,) = select(lines, n_data=4000, method="mle", quantity="is_certified", statistic="share")
    assert line.value == 1.0


def test_the_csv_reads_back(rows):
    text, claims = products(rows)
    table = list(csv.DictReader(io.StringIO(text)))
    assert (
        {row["n_data"] for row in table} == {"500", "4000"}
        and "nan" not in text
        and "\r" not in text
    )
    assert [record["id"] for record in json.loads(claims)] == sorted(c.id for c in all_claims())


def test_one_run_is_enough_for_a_summary_and_for_no_verdict():
    evidence = gather(synthetic_rows.rows({500: 1}), THEORY)
    assert summary_csv(summarise(evidence)).count("\n") > 50
    assert {j.verdict for j in judge_all(all_claims(), evidence)} == {"not resolved"}


def test_a_missing_result_is_named(rows):
    broken = [
        {**row, "result": {k: v for k, v in row["result"].items() if k != "mle.paper.error_B"}}
        for row in rows
    ]
    with pytest.raises(ValueError, match=r"no result 'mle\.paper\.error_B'"):
        products(broken)


def test_parameters_other_than_the_size_are_refused(rows):
    with pytest.raises(ValueError, match="expected n_data alone"):
        gather([{**rows[0], "params": {"n_data": 500, "nu": 2}}], THEORY)
