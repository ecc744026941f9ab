"""The store of runs: append-only JSON lines, one flushed line a run, so that a killed run loses at most its last line.

*Conventions.* A results folder holds
    runs.jsonl   {"experiment", "version", "params", "repetition", "result": {name: number}, "provenance": {...}}
    times.jsonl  {"experiment", "version", "params", "repetition", "seconds"}      times differ from run to run, results must not
    clock.jsonl  rows as in runs.jsonl with a run's entries named "seconds. ...", where its experiment returns such;
                 else not there
    lock         held (``flock``) by the one process that writes; the system frees it when that process dies
Floats are written by ``repr`` and come back to the last bit; NaN and inf are refused.
A last line that was cut is dropped, with a note, and its run is made again; a bad line anywhere else is an error, since
no interruption explains it. POSIX only, because of ``flock``.
"""  # noqa: E501

from __future__ import annotations

import fcntl
import gzip
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .tasks import Key, canonical, finite_result

RUNS, TIMES, CLOCK, LOCK = "runs.jsonl", "times.jsonl", "clock.jsonl", "lock"
SECONDS = "seconds."  # begins the names of times among a run's results
Row = dict[str, Any]


class StoreError(Exception):
    """A results folder that cannot be used; the message is one line that says why and what to do."""


def row_key(row: Mapping[str, Any]) -> Key:
    """Return the key of a row."""
    return Key(row["experiment"], row["version"], canonical(row["params"]), row["repetition"])


def read_rows(path: Path) -> tuple[list[Row], str]:
    """Return the rows of a ``.jsonl`` or ``.jsonl.gz`` file (or of ``runs.jsonl`` in a folder) and a note on a dropped
    last line.

    Raises StoreError, naming file and line, for a missing file or a bad line that is not the last.
    """
    if path.is_dir():
        path = path / RUNS if (path / RUNS).exists() else path / (RUNS + ".gz")
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(f"{path}: cannot be read ({_reason(error)})") from None
    _, rows, note = _split(path, data)
    return rows, note


def merge(rows: Iterable[Row]) -> list[Row]:
    """Return the rows sorted by key, equal runs once; raises StoreError where one key has two different results."""
    found: dict[Key, Row] = {}
    for row in rows:
        other = found.setdefault(row_key(row), row)
        if other["result"] != row["result"]:
            raise StoreError(
                f"{row_key(row)}: two different results; raise EXPERIMENT_VERSION when the numbers change"
            )
    return [found[key] for key in sorted(found)]


def write_gzip(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as gzipped JSON lines whose bytes depend on the rows alone (no time, no file name in the header)."""
    text = "".join(_line(row) for row in rows)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


class RunStore:
    """The results folder, opened for writing by one process.

        with RunStore(folder) as store:
            store.append(key, result, seconds, provenance)

    ``rows`` maps the keys already there to their rows, ``clock`` to those of their times; ``note`` says what was
    dropped, and is empty otherwise.
    Raises StoreError for a folder that cannot be written, another writer, or a damaged file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._lock: IO[str] | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / LOCK, "w")
        except OSError as error:
            raise StoreError(
                f"{self.folder}: results cannot be written here ({_reason(error)}); choose another"
                " folder with --results"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise StoreError(
                f"{self.folder}: another run is writing here; wait for it, or choose another folder with --results"
            ) from None
        try:
            rows, note_runs = self._recover(RUNS)
            times, note_times = self._recover(TIMES)
            clock, note_clock = self._recover(CLOCK)
            self.clock = {row_key(row): row for row in clock}
            self.rows = {row_key(row): row for row in rows}
            self.seconds = {row_key(row): float(row["seconds"]) for row in times}
            self.note = " ".join(note for note in (note_runs, note_times, note_clock) if note)
            self._runs = open(self.folder / RUNS, "ab")
            self._times = open(self.folder / TIMES, "ab")
        except OSError as error:
            self._lock.close()
            raise StoreError(
                f"{self.folder}: results cannot be written here ({_reason(error)}); choose another"
                " folder with --results"
            ) from None
        except StoreError:
            self._lock.close()
            raise

    def append(
        self, key: Key, result: Mapping[str, float], seconds: float, provenance: Mapping[str, Any]
    ) -> None:
        """Write one run and its times, the times first, so that a run in the store has them.

        Raises ValueError for NaN or inf, and StoreError where the disk refuses.
        """
        named = {
            "experiment": key.experiment,
            "version": key.version,
            "params": json.loads(key.params),
            "repetition": key.repetition,
        }
        numbers = finite_result(result)
        times = {name: value for name, value in numbers.items() if name.startswith(SECONDS)}
        kept = {name: value for name, value in numbers.items() if name not in times}
        row = {**named, "result": finite_result(kept), "provenance": dict(provenance)}
        try:
            if times:
                self.clock[key] = {**named, "result": times}
                with open(self.folder / CLOCK, "ab") as file:
                    _write(file, self.clock[key])
            _write(self._times, {**named, "seconds": seconds})
            _write(self._runs, row)
        except OSError as error:
            raise StoreError(
                f"{self.folder}: writing failed ({_reason(error)}); what was stored before is kept"
            ) from None
        self.rows[key] = row
        self.seconds[key] = seconds

    def close(self) -> None:
        """Close the files and free the folder."""
        for file in (self._runs, self._times, self._lock):
            if file is not None:
                # After a write that failed, closing tries it again and fails too; what succeeded was flushed before.
                with suppress(OSError):
                    file.close()

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _recover(self, name: str) -> tuple[list[Row], str]:
        """Read a file of the folder and cut off a damaged last line, so that the next one starts on a line of its
        own."""
        path = self.folder / name
        if not path.exists():
            return [], ""
        good, rows, note = _split(path, path.read_bytes())
        if note:
            os.truncate(path, good)
        return rows, note


def _split(path: Path, data: bytes) -> tuple[int, list[Row], str]:
    """Return the length of the undamaged part, its rows, and a note where the last line was dropped."""
    rows: list[Row] = []
    position = 0
    lines = data.splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("the line does not end")
            row = json.loads(line)
            key = row_key(row)
            if not (
                isinstance(key.experiment, str)
                and isinstance(key.version, int)
                and isinstance(key.repetition, int)
            ):
                raise ValueError(
                    "experiment, version and repetition: expected a string and two whole numbers"
                )
            finite_result(
                row["result"] if "result" in row else {"seconds": row["seconds"]}
            )  # refuses NaN, which JSON readers let in
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number < len(lines):
                raise StoreError(
                    f"{path}, line {number}: damaged ({_reason(error)}); mend or delete the line"
                ) from None
            return (
                position,
                rows,
                f"{path}, line {number}: cut short, dropped; its run is made again.",
            )
        rows.append(row)
        position += len(line)
    return position, rows, ""


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def _write(file: IO[bytes], row: Mapping[str, Any]) -> None:
    file.write(_line(row).encode())  # one write of one whole line: a kill can cut it, never mix two
    file.flush()
    os.fsync(file.fileno())


def _reason(error: Exception) -> str:
    return (
        (error.strerror or str(error))
        if isinstance(error, OSError)
        else str(error) or type(error).__name__
    )
