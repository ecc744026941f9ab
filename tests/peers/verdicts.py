"""The verdicts on real clients as a table: read, made, written.

Conventions
-----------
row      one client, objective and dtype; the key of the table
verdict  "right"; "right, by choice": another derivative at kinks; "wrong"
what     for people, and not compared: how many vectors fail, what the report suspects, and the client's remark
vectors  the first digits of the SHA-256 of what was judged: the vectors' ids, inputs, expected numbers and scales (and
         not which mistakes they tell, which changes with the catalogue)
machine  processor, Python and NumPy that recorded the row; neither is compared
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from nce_ref import oracle
from nce_ref.oracle.results import CHOICE
from tests.peers.clients import DISTRIBUTIONS, Client

VECTORS = Path(oracle.__file__).parent / "vectors"
TABLE = Path(__file__).parent / "VERDICTS.md"
HEAD = ("client", "version", "objective", "dtype", "verdict", "what", "vectors", "machine")
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Row:
    """One verdict."""

    client: str
    version: str
    objective: str
    dtype: str
    verdict: str
    what: str = ""
    vectors: str = ""
    machine: str = ""

    @property
    def key(self) -> Key:
        """What the table is looked up by; the framework counts, its version does not."""
        return self.client, self.version.split()[0], self.objective, self.dtype


def judge(client: Client, dtype: str) -> tuple[Row, oracle.Report]:
    """The verdict on a client here and now, and the report behind it."""
    objective, _, layout = client.objective.partition("/")
    report = oracle.check(
        client.implementation, objective, dtype, client.convention, layout=layout or "flat"
    )
    chosen = [result for result in report.results if result.status == CHOICE]
    verdict = "wrong" if not report.ok else "right, by choice" if chosen else "right"
    words = []
    if report.failed:
        words.append(f"{len(report.failed)} of {len(report.results)} vectors fail")
        words += [f"{report.diagnosis.best.id}"] if report.diagnosis.best is not None else []
    words += [chosen[0].message.split(";")[0]] if chosen else []
    words += [client.remark] if client.remark and report.failed else []
    row = Row(
        client.name,
        client.version,
        client.objective,
        dtype,
        verdict,
        "; ".join(words),
        digest(client.objective),
        machine(),
    )
    return row, report


def digest(objective: str) -> str:
    """Of what an objective's vectors ask (``binary_nce/rows`` names a layout): ids, inputs, numbers and scales."""
    found = hashlib.sha256()
    stem = objective.replace("/", ".")
    written = json.loads((VECTORS / f"{stem}.json").read_text(encoding="utf-8"))
    for group in written["groups"]:
        for test in group["tests"]:
            asked = [test["id"], test["inputs"], test["expected"]]
            found.update(json.dumps(asked, sort_keys=True).encode())
    arrays = VECTORS / f"{stem}.npz"
    found.update(arrays.read_bytes() if arrays.exists() else b"")
    return found.hexdigest()[:12]


@functools.cache
def machine() -> str:
    """What computes here, in one line."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or "unknown"
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{platform.machine()} {model}, {versions}"


def read() -> dict[Key, Row]:
    """The recorded table; empty where there is none."""
    if not TABLE.exists():
        return {}
    lines = [
        line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    cells = [
        tuple(
            cell.strip().replace(r"\|", "|")
            for cell in line.replace(r"\|", "\0").strip("| ").split(" |")
        )
        for line in lines
    ]
    rows = [
        Row(*(cell.replace("\0", "|") for cell in (*line, "", "", "")[: len(HEAD)]))
        for line in cells
        if line[0] not in ("client", "---")
    ]
    return {row.key: row for row in rows}


def is_known(key: Key, clients: Iterable[Client], absent: Iterable[str]) -> bool:
    """Whether a row is of a client that there is, or may be, its framework being absent here."""
    if any(key[1] in (DISTRIBUTIONS[name], name) for name in absent):
        return True
    return any(
        (client.name, client.version.split()[0], client.objective) == key[:3] for client in clients
    )


def write(made: dict[Key, Row], clients: Iterable[Client], absent: Iterable[str]) -> None:
    """Write ``made`` over what is recorded, without the rows that are nobody's any more."""
    kept = {key: row for key, row in read().items() if is_known(key, clients, absent)}
    frameworks = list(DISTRIBUTIONS.values())
    rows = sorted(
        {**kept, **made}.values(), key=lambda row: frameworks.index(row.version.split()[0])
    )
    counts = {
        verdict: sum(row.verdict == verdict for row in rows)
        for verdict in ("right", "right, by choice", "wrong")
    }
    lines = [
        "# Verdicts on real clients",
        "",
        "What the oracle says of implementations that others wrote, or that one builds from their parts: written by",
        "`make test-peers ARGS=--record`, asserted by `make test-peers`; packages that bring such losses, by",
        "`make test-clients CLIENT=NAME` ([UPSTREAM.md](UPSTREAM.md) says what their wrong verdicts come from).",
        '"wrong" is beyond the tolerance at one vector or more, "by choice" another derivative of |s| at s = 0 than',
        "the vectors have, which is as good. Some are here because they are wrong: the tests assert that, too.",
        "vectors: the first digits of the SHA-256 of what was judged, the vectors' ids, inputs, numbers and scales;",
        "machine: what recorded the row; a row without them was recorded before there were these columns.",
        "",
        f"Vectors of {oracle.vectors.suite()['suite']} at the last record. "
        + ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
        + ".",
        "",
        "| " + " | ".join(HEAD) + " |",
        "| " + " | ".join("---" for _ in HEAD) + " |",
    ]
    lines += [
        "| " + " | ".join(cell.replace("|", r"\|") for cell in astuple(row)) + " |" for row in rows
    ]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
