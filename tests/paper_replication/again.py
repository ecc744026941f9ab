"""Make stored runs again and say which verdicts changed: the first repetitions of all parameters in a report.

    python -m tests.paper_replication.again OUT.jsonl [--repetitions 20] [--seconds 3600] [--table]

Nothing is stored in a report. One line a run goes to OUT.jsonl, flushed; a run that was stopped resumes. Repetition 0
of all parameters comes first, the cheapest parameters first, so that whatever time there was is spread over all.

A *verdict* is a result that counts or names an outcome (``VERDICTS``, by the last word of its name); all other
results are numbers. The numbers of a climb's end hang on rounding for some experiments (``Experiment.on_rounding``):
they are counted apart.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from paper_replication.report import RUNS_FILE
from paper_replication.store import SECONDS, read_rows, row_key
from paper_replication.studies import all_studies
from paper_replication.tasks import Task, canonical, perform

VERDICTS = frozenset(
    "status converged is_local_maximum certified certified_starts n_starts heavy_tail".split()
)


def is_verdict(column: str) -> bool:
    return column.rpartition(".")[2] in VERDICTS


def rows_to_make(repetitions: int) -> list[tuple[dict[str, Any], Task]]:
    """Stored rows and their tasks, repetition by repetition, the cheapest first."""
    found = []
    for study in all_studies():
        if not study.experiments:
            continue
        modules = {e.name: e.module for e in study.experiments}
        of_params = defaultdict(list)
        for row in read_rows(study.committed / RUNS_FILE)[0]:
            of_params[row["experiment"], canonical(row["params"])].append(row)
        for rows in of_params.values():
            rows.sort(key=lambda row: row["repetition"])
            for place, row in enumerate(rows[:repetitions]):
                task = study.task(row["experiment"], row["params"], row["repetition"])
                made = Task(row_key(row), task.cost, modules[row["experiment"]])
                found.append((place, task.cost, row, made))
    found.sort(key=lambda one: (one[0], one[1], one[3].key))
    return [(row, task) for _, _, row, task in found]


def compared(row: dict[str, Any], task: Task, hangs: Any) -> dict[str, Any]:
    """The verdicts that changed, and the largest relative changes of numbers, steady and hanging on rounding."""
    key = task.key
    line: dict[str, Any] = {
        "experiment": key.experiment,
        "version": key.version,
        "params": key.params,
    }
    line["repetition"] = key.repetition
    began = time.process_time()
    try:
        new, _ = perform(task)
    except ValueError as error:
        return {**line, "error": str(error)[:200]}
    line["seconds"] = round(time.process_time() - began, 3)
    old = {c: v for c, v in row["result"].items() if not c.startswith(SECONDS)}
    new = {c: v for c, v in new.items() if not c.startswith(SECONDS)}
    line["verdicts"] = sum(map(is_verdict, old))
    line["changed"] = {
        c: [old.get(c), new.get(c)]
        for c in sorted(old.keys() | new.keys())
        if is_verdict(c) and old.get(c) != new.get(c)
    }
    line["names"] = sorted(old.keys() ^ new.keys())
    for kind, columns in (
        ("steady", [c for c in old if c in new and not hangs(c)]),
        ("hanging", [c for c in old if c in new and hangs(c)]),
    ):
        moved = {
            c: abs(old[c] - new[c]) / max(1.0, abs(old[c])) for c in columns if not is_verdict(c)
        }
        worst = max(moved, key=moved.__getitem__, default=None)
        line[kind] = [worst, 0.0 if worst is None else moved[worst]]
    return line


def table(lines: list[dict[str, Any]]) -> str:
    """A row a pair of experiment and version: runs, verdicts, how many changed, and how far numbers moved."""
    pairs = defaultdict(list)
    for line in lines:
        pairs[line["experiment"], line["version"]].append(line)
    out = [
        "| experiment | version | runs | sizes | verdicts | changed | runs with a change | "
        "largest change of a steady number | of one that hangs on rounding | errors |",
        "|" + "---|" * 10,
    ]
    for (experiment, version), mine in sorted(pairs.items()):
        made = [x for x in mine if "error" not in x]
        changed = [len(x["changed"]) + len(x["names"]) for x in made]
        steady = max((x["steady"][1] for x in made), default=0.0)
        hanging = max((x["hanging"][1] for x in made), default=0.0)
        cells: list[object] = [experiment.removeprefix("paper_replication."), version, len(made)]
        cells += [len({x["params"] for x in made}), sum(x["verdicts"] for x in made), sum(changed)]
        cells += [sum(c > 0 for c in changed), f"{steady:.1e}", f"{hanging:.1e}"]
        out.append("| " + " | ".join(map(str, [*cells, len(mine) - len(made)])) + " |")
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of wall time")
    parser.add_argument("--table", action="store_true", help="only the table of what is there")
    asked = parser.parse_args()
    lines = (
        [json.loads(s) for s in asked.out.read_text().splitlines()] if asked.out.exists() else []
    )
    done = {(x["experiment"], x["params"], x["repetition"]) for x in lines}
    hangs = {e.name: e.hangs_on_rounding for s in all_studies() for e in s.experiments}
    stop = time.monotonic() + asked.seconds
    if not asked.table:
        with asked.out.open("a") as out:
            for row, task in rows_to_make(asked.repetitions):
                key = task.key
                if time.monotonic() > stop:
                    break
                if (key.experiment, key.params, key.repetition) not in done:
                    lines.append(compared(row, task, hangs[key.experiment]))
                    out.write(json.dumps(lines[-1]) + "\n")
                    out.flush()
    print(table(lines))


if __name__ == "__main__":
    main()
