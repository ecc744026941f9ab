"""What the oracle says of the blind set over the contrastive family, as rows of JSON:
python tests/oracle/blind/family/verdicts.py [second] [numpy torch jax].

JAX in float64 wants JAX_ENABLE_X64=1 in the environment. Each implementation is checked as its key declares it, in float64
and float32, in a fresh module. A row: the file, dtype, whether it is right, whether the report is ok, what it names
(findings first, then the best suspect and those as likely), its hints, the seconds of processor time, and its slips in the
author's words.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import warnings
from pathlib import Path

from nce_ref import oracle
from nce_ref.oracle import adapters

HERE = Path(__file__).parent


def load(name):
    spec = importlib.util.spec_from_file_location(name.removesuffix(".py"), HERE / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.impl


def check(record, dtype):
    given = load(record["file"])
    if record["framework"] != "numpy":
        given = getattr(adapters, record["framework"])(given, record["objective"])
    # A mean over all pairs is a choice of the objective; the author had "mean" for it.
    of_pairs = record["objective"] == "siglip" and record["reduction"] == "mean"
    convention = oracle.Convention(
        sense=record["sense"],
        reduction="per_data" if of_pairs else record["reduction"],
        choices=("mean_of_pairs",) if of_pairs else (),
    )
    return oracle.check(given, record["objective"], dtype, convention)


def verdict(record, dtype):
    start = time.process_time()
    report = check(record, dtype)
    seconds = time.process_time() - start
    found = report.diagnosis
    named = [
        one.id for one in (*report.findings, *((found.best,) if found.best else ()), *found.ambiguous)
    ]
    return {
        "file": record["file"],
        "objective": record["objective"],
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


def key(folder=""):
    """The records of the set, or of the second one in ``second``."""
    records = json.loads((HERE / folder / "key.json").read_text(encoding="utf-8"))
    return [record | {"file": str(Path(folder) / record["file"])} for record in records]


if __name__ == "__main__":
    folder = "second" if "second" in sys.argv else ""
    wanted = set(sys.argv[1:]) & {"numpy", "torch", "jax"} or {"numpy", "torch", "jax"}
    for record in key(folder):
        if record["framework"] in wanted:
            for dtype in ("float64", "float32"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        row = verdict(record, dtype)
                    except Exception as error:
                        row = {
                            "file": record["file"],
                            "dtype": dtype,
                            "right": record["right"],
                            "error": repr(error)[:300],
                        }
                print(json.dumps(row), flush=True)
