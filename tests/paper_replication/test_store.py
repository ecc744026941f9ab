"""The store: exact floats, cut lines, damaged lines, locks, unwritable folders."""

import gzip
import json
import os
import subprocess
import sys

import pytest

from paper_replication.store import (
    RUNS,
    TIMES,
    RunStore,
    StoreError,
    merge,
    read_rows,
    row_key,
    write_gzip,
)
from paper_replication.tasks import Key

KEYS = [Key("figure1", 1, '{"n_data":250}', repetition) for repetition in range(5)]


def fill(folder, keys=KEYS, value=0.1):
    with RunStore(folder) as store:
        for key in keys:
            store.append(key, {"x": value + key.repetition}, 0.5, {"code": "abc"})


def test_floats_come_back_to_the_last_bit(tmp_path):
    values = {
        "third": 1.0 / 3.0,
        "tiny": 5e-324,
        "huge": 1.7976931348623157e308,
        "negative_zero": -0.0,
        "sum": 0.1 + 0.2,
    }
    with RunStore(tmp_path) as store:
        store.append(KEYS[0], values, 1.0, {})
    ((row,), note) = read_rows(tmp_path)
    assert note == "" and {name: v.hex() for name, v in row["result"].items()} == {
        name: v.hex() for name, v in values.items()
    }


def test_a_line_a_run_and_times_apart(tmp_path):
    fill(tmp_path)
    assert (
        len((tmp_path / RUNS).read_text().splitlines())
        == len((tmp_path / TIMES).read_text().splitlines())
        == 5
    )
    assert "seconds" not in (tmp_path / RUNS).read_text()
    with RunStore(tmp_path) as store:
        assert sorted(store.rows) == KEYS and store.seconds[KEYS[0]] == 0.5 and store.note == ""


@pytest.mark.parametrize("cut", [1, 2, 20, 60])
def test_a_cut_last_line_is_dropped_and_nothing_else(tmp_path, cut):
    fill(tmp_path)
    path = tmp_path / RUNS
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    rows, note = read_rows(tmp_path)
    assert len(rows) == 4 and "line 5" in note
    with RunStore(tmp_path) as store:
        assert sorted(store.rows) == KEYS[:4] and "line 5" in store.note
        store.append(KEYS[4], {"x": 4.1}, 0.5, {"code": "abc"})
    assert path.read_bytes() == whole  # the run was made again, on a line of its own


def test_a_damaged_line_in_the_middle_is_an_error_with_its_place(tmp_path):
    fill(tmp_path)
    path = tmp_path / RUNS
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1], lines[2][:30] + "\n", *lines[3:]]))
    before = path.read_bytes()
    for attempt in (lambda: RunStore(tmp_path), lambda: read_rows(tmp_path)):
        with pytest.raises(StoreError, match=r"runs\.jsonl, line 3: damaged"):
            attempt()
    assert path.read_bytes() == before
    path.write_text("".join(lines))
    with RunStore(tmp_path) as store:  # the failed attempt left no lock behind
        assert len(store.rows) == 5


def test_a_line_that_is_json_but_no_run_is_damaged(tmp_path):
    (tmp_path / RUNS).write_text('{"experiment": "figure1"}\n')
    rows, note = read_rows(tmp_path)
    assert rows == [] and "line 1" in note


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "1"},
        {"repetition": None},
        {"experiment": 3},
        {"result": {"x": float("nan")}},
        {"result": {"x": "much"}},
        {"result": {}},
    ],
)
def test_a_line_with_the_wrong_kind_of_entry_is_damaged(tmp_path, wrong):
    fill(tmp_path)
    path = tmp_path / RUNS
    lines = path.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), **wrong})
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(StoreError, match=r"runs\.jsonl, line 2: damaged"):
        read_rows(tmp_path)


def test_a_full_disk_is_one_line_and_keeps_what_was_stored(tmp_path):
    # A limit on the size of files stands for the full disk, in a process of its own: closing must not fail a second
    # time.
    code = (
        "import resource, sys; from pathlib import Path; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from paper_replication.store import RunStore, StoreError; from paper_replication.tasks import Key\n"
        "try:\n"
        "    with RunStore(Path(sys.argv[1])) as store:\n"
        "        for k in range(50): store.append(Key('figure1', 1, '{}', k), {'x': 1.0}, 0.5, {})\n"
        "except StoreError as error: print(error)\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert "writing failed" in answer.stdout and answer.stderr == ""
    with RunStore(tmp_path) as store:
        assert (
            sorted(key.repetition for key in store.rows) == list(range(len(store.rows)))
            and len(store.rows) >= 5
        )


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "text", None])
def test_what_is_not_a_finite_number_is_refused(tmp_path, bad):
    with RunStore(tmp_path) as store, pytest.raises(ValueError, match="result: 'x' is"):
        store.append(KEYS[0], {"x": bad}, 1.0, {})
    assert (tmp_path / RUNS).read_text() == ""


def test_two_writers_do_not_share_a_folder(tmp_path):
    with RunStore(tmp_path), pytest.raises(StoreError, match="another run is writing here"):
        RunStore(tmp_path)
    with RunStore(tmp_path):
        pass


def test_the_lock_holds_between_processes_and_dies_with_them(tmp_path):
    code = (
        "import sys; from pathlib import Path; from paper_replication.store import RunStore; store"
        " = RunStore(Path(sys.argv[1]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", f"{code}; print('open', flush=True); input()", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    try:
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="another run is writing here"):
            RunStore(tmp_path)
    finally:
        child.kill()
        child.communicate()
    with RunStore(tmp_path):
        pass


def test_an_unwritable_folder_says_so(tmp_path):
    (tmp_path / "file").write_text(
        ""
    )  # a file where a folder should be: refused for every user, root included
    with pytest.raises(StoreError, match=r"results cannot be written here .*--results"):
        RunStore(tmp_path / "file" / "results")


def test_missing_and_damaged_files_say_so(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_rows(tmp_path / "nothing.jsonl")
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(StoreError, match="cannot be read"):
        read_rows(tmp_path / "bad.jsonl.gz")
    fill(tmp_path)
    write_gzip(tmp_path / "flipped.jsonl.gz", read_rows(tmp_path)[0])
    whole = (tmp_path / "flipped.jsonl.gz").read_bytes()
    for middle in (
        whole[20:40],
        b"\xff" * 20,
    ):  # a wrong checksum at the end; wrong bits within, which zlib has its own error for
        (tmp_path / "flipped.jsonl.gz").write_bytes(whole[:20] + middle + whole[40:-8] + b"\0" * 8)
        with pytest.raises(StoreError, match="cannot be read"):
            read_rows(tmp_path / "flipped.jsonl.gz")


def test_gzipped_rows_come_back_and_their_bytes_depend_on_them_alone(tmp_path):
    fill(tmp_path)
    rows, _ = read_rows(tmp_path)
    write_gzip(tmp_path / "one.jsonl.gz", rows)
    write_gzip(tmp_path / "two.jsonl.gz", rows)
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()
    assert read_rows(tmp_path / "one.jsonl.gz") == (rows, "")
    assert gzip.decompress((tmp_path / "one.jsonl.gz").read_bytes()).count(b"\n") == 5


def test_merging_sorts_keeps_equal_runs_once_and_refuses_two_results():
    rows = [
        json.loads(
            json.dumps(
                {
                    "experiment": "e",
                    "version": 1,
                    "params": {"n": n},
                    "repetition": r,
                    "result": {"x": n + r},
                }
            )
        )
        for n in (2, 1)
        for r in (1, 0)
    ]
    merged = merge([*rows, rows[0]])
    assert [row_key(row) for row in merged] == sorted(row_key(row) for row in rows)
    with pytest.raises(StoreError, match="two different results"):
        merge([*rows, {**rows[0], "result": {"x": -1.0}}])
