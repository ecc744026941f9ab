"""The examples in nce_ref/oracle/harnesses/ are right, in float64 and float32, and what their README shows is what they
say.

A tool that is absent is a skip with its reason, and a failure where NCE_REF_CI is set (.ci/run sets it).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nce_ref
from nce_ref.oracle.check import check_answers
from nce_ref.oracle.harness import run_harness
from nce_ref.oracle.vectors import cases

HARNESSES = Path(nce_ref.__file__).parent / "oracle" / "harnesses"
OFFERED = {
    "harness.py": {"log_sigmoid", "nce_from_log_ratios", "binary_nce"},
    "harness.js": {"log_sigmoid", "sigmoid", "nce_from_log_ratios", "binary_nce"},
    "harness.c": {"log_sigmoid", "nce_from_log_ratios"},
}
NO_LOG_NU = {
    "harness.py": ("log(nu)", "0.0"),
    "harness.js": ("Math.log(nu)", "0"),
    "harness.c": ("log(*nu)", "0"),
}


def needs(tool: str) -> None:
    if shutil.which(tool) is None:
        reason = f"no {tool} here, so its example cannot be run"
        (pytest.fail if os.environ.get("NCE_REF_CI") else pytest.skip)(reason)


def prepared(source: Path, folder: Path) -> list[str]:
    """The command that runs an example."""
    if source.suffix == ".py":
        return [sys.executable, "-S", "-E", str(source)]  # nothing but the standard library
    if source.suffix == ".js":
        needs("node")
        return ["node", str(source)]
    needs("cc")
    subprocess.run(
        [
            "cc",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-o",
            str(folder / "harness"),
            str(source),
            "-lm",
        ],
        check=True,
        timeout=60,
    )
    return [str(folder / "harness")]


@pytest.mark.parametrize("name", OFFERED)
def test_an_example_passes_every_vector_of_what_it_offers(name, tmp_path):
    command = prepared(HARNESSES / name, tmp_path)
    for dtype in ("float64", "float32"):
        answers = run_harness(command, dtype=dtype)
        assert (
            answers.broken == ""
            and set(answers.implements) == OFFERED[name]
            and answers.unknown == ()
        )
        for objective in answers.implements:
            own = {vector.id: answers[vector.id] for vector in cases(objective)}
            report = check_answers(objective, own, dtype)
            assert report.ok and {result.status for result in report.results} == {"passed"}, str(
                report
            )
            assert all(
                set(answer) == {output.name for output in report.objective.outputs}
                for answer in own.values()
            )


@pytest.mark.parametrize("name", OFFERED)
def test_an_example_with_a_mistake_fails(name, tmp_path):
    source = (HARNESSES / name).read_text()
    right, wrong = NO_LOG_NU[name]
    assert source.count(right) == 1
    spoilt = tmp_path / f"spoilt{Path(name).suffix}"
    spoilt.write_text(source.replace(right, wrong))
    answers = run_harness(prepared(spoilt, tmp_path), "nce_from_log_ratios")
    report = check_answers("nce_from_log_ratios", answers)
    assert (
        not report.ok
        and report.diagnosis.best is not None
        and report.diagnosis.best.id == "no-log-nu"
    )


def test_an_absent_tool_is_a_skip_and_in_ci_a_failure(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("NCE_REF_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no cc here, so its example cannot be run"):
        needs("cc")
    monkeypatch.setenv("NCE_REF_CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no cc here"):
        needs("cc")


def test_the_examples_are_short_and_all_there():
    sources = {path.name for path in HARNESSES.iterdir() if path.name != "__pycache__"}
    assert sources == {*OFFERED, "README.md"}
    assert all((HARNESSES / name).read_text().count("\n") < 60 for name in OFFERED)


def test_the_readme_names_every_example_with_its_objectives():
    text = (HARNESSES / "README.md").read_text()
    rows = {
        line.split("|")[1].strip(" `"): line for line in text.splitlines() if line.startswith("| `")
    }
    assert set(rows) == set(OFFERED)
    assert all(
        f"`{objective}`" in rows[name]
        for name in ("harness.py", "harness.c")
        for objective in OFFERED[name]
    )


def test_the_readme_s_conversation_is_what_an_example_answers(tmp_path):
    text = (HARNESSES / "README.md").read_text().split("```")[1]
    asked = [line[2:] for line in text.splitlines() if line.startswith("> ")]
    shown = [json.loads(line[2:]) for line in text.splitlines() if line.startswith("< ")]
    command = prepared(HARNESSES / "harness.py", tmp_path)
    done = subprocess.run(
        command, input="\n".join(asked), capture_output=True, text=True, timeout=20, check=True
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [json.loads(line)["cmd"] for line in asked] == ["start", "run", "run", "stop"]
    assert said[0].keys() == shown[0].keys()
    assert said[1] == shown[1]
    assert said[2]["id"] == shown[2]["id"]
