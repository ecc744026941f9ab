"""What the oracle says of the sixth blind set, as rows of JSON: python tests/oracle/blind/sixth/verdicts.py
[numpy pytorch jax c++].

JAX in float64 wants JAX_ENABLE_X64=1 in the environment, C++ a compiler called g++. Each implementation is checked as
its key declares it, in float64 and float32, in a fresh module. A row: the file, dtype, whether it is right, whether the
report is ok, what it names (findings first, then the best suspect and those as likely), its hints, the seconds of
processor time, and its slips in the author's words.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from nce_ref import oracle
from nce_ref.oracle import adapters
from nce_ref.oracle.check import check_answers
from nce_ref.oracle.harness import run_harness
from nce_ref.oracle.objectives import find_objective
from nce_ref.oracle.steady import remembers

HERE = Path(__file__).parent
ADAPTERS = {"pytorch": "torch", "jax": "jax"}


def load(name):
    spec = importlib.util.spec_from_file_location(name.removesuffix(".py"), HERE / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.impl


def of_module(record, objective, dtype, convention):
    given = load(record["file"])
    if record["framework"] in ADAPTERS:
        given = getattr(adapters, ADAPTERS[record["framework"]])(given, objective)
    return oracle.check(given, objective, dtype, convention)


def of_program(record, objective, dtype, convention):
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "harness"
        subprocess.run(["g++", "-O2", "-std=c++17", "-o", program, HERE / record["file"]], check=True)
        answers = run_harness([str(program)], objective, dtype=dtype)
    findings = [remembers(said)] if (said := answers.differences.get(objective)) else []
    return check_answers(objective, answers, dtype, convention, findings=findings)


def verdict(record, dtype):
    objective = find_objective(record["objective"], record["layout"]).name
    convention = oracle.Convention(sense=record["sense"], reduction=record["reduction"])
    run = of_program if record["framework"] == "c++" else of_module
    start = time.process_time()
    report = run(record, objective, dtype, convention)
    seconds = time.process_time() - start
    found = report.diagnosis
    named = [one.id for one in (*report.findings, *((found.best,) if found.best else ()), *found.ambiguous)]
    return {
        "file": record["file"],
        "objective": objective,
        "dtype": dtype,
        "right": record["right"],
        "ok": report.ok,
        "failed": len(report.failed),
        "of": len(report.results),
        "named": list(dict.fromkeys(named)),
        "titles": [found.best.title] if found.best else [],
        "hints": list(found.hints)[:3],
        "missing": list(report.missing),
        "seconds": round(seconds, 2),
        "slips": record["slips"],
    }


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["numpy", "pytorch", "jax", "c++"]
    for record in json.loads((HERE / "key.json").read_text(encoding="utf-8")):
        if record["framework"] in wanted:
            for dtype in ("float64", "float32"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        row = verdict(record, dtype)
                    except Exception as error:
                        row = {"file": record["file"], "dtype": dtype, "right": record["right"], "error": repr(error)[:300]}
                print(json.dumps(row), flush=True)
