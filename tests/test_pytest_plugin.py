"""The plugin in somebody else's suite: items, header, messages, expected failures; each in a run of pytest inside this
one."""

import sys

import pytest

from nce_ref import oracle

pytest_plugins = ["pytester"]

WHOLE = 3  # items of what only all calls together show
MODULE = """
import numpy as np

def log_sigmoid(t):
    return {"value": -np.logaddexp(0, -t), "grad": 1 / (1 + np.exp(np.clip(t, None, 700)))}

def naive(t):
    with np.errstate(all="ignore"):
        return {"value": np.log(1 / (1 + np.exp(-t)))}

def value(t):
    return -np.logaddexp(0, -t)

def other(logits):
    return value(logits)

calls = []

def drifting(t):
    calls.append(t)
    return value(t) + 1e-3 * len(calls)

def in_place(t):
    t *= -1
    return -np.logaddexp(0, t)

class Skipping:
    def __call__(self, t):
        return value(t) if t.min() > -5 else None

skipping = Skipping()
three = 3
"""


@pytest.fixture
def project(pytester):
    pytester.makepyfile(mylosses=MODULE)
    pytester.syspathinsert()
    pytester.makeconftest('pytest_plugins = ["nce_ref.pytest_plugin"]')
    return pytester


def run(project, *arguments):
    return project.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def test_one_item_a_vector_and_a_header(project):
    result = run(project, "--nce-impl", "mylosses:value", "--nce-objective", "log_sigmoid", "-v")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["nce_ref oracle: vectors of 20*, float64, oracle.Convention()"])
    result.stdout.fnmatch_lines(["*mylosses:value::log_sigmoid/* PASSED*"])
    result.assert_outcomes(passed=len(oracle.cases("log_sigmoid")) + WHOLE)


def test_a_wrong_function_fails_by_the_vector_with_the_oracles_text(project):
    result = run(project, "--nce-impl", "mylosses:naive", "--nce-objective", "log_sigmoid")
    assert result.ret == 1
    text = result.stdout.str()
    assert (
        "FAILED log_sigmoid/" in text
        and "Suspect (mistake): naive-log-sigmoid" in text
        and "Reproduce:" in text
    )
    assert "Traceback" not in text


def test_the_objective_is_the_functions_name(project):
    result = run(project, "--nce-impl", "mylosses:log_sigmoid", "--nce-dtype", "float32")
    result.stdout.fnmatch_lines(["*float32, oracle.Convention()"])
    result.assert_outcomes(passed=len(oracle.cases("log_sigmoid")) + WHOLE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["mylosses:value"],
            "which objective is it? its parameters (t) fit log_sigmoid and sigmoid",
        ),
        (
            ["mylosses:absent"],
            "mylosses has no 'absent'; it offers log_sigmoid, naive, value, other",
        ),
        (["absent:value"], "importing absent raised ModuleNotFoundError"),
        (["value"], "'value': expected package.module:name"),
        (["mylosses:three"], "is a int; expected a function"),
        (["mylosses:value", "--nce-objective", "nce"], "objective: got 'nce'; expected one of"),
    ],
)
def test_what_cannot_be_found_is_one_clear_line(project, arguments, said):
    result = run(project, "--nce-impl", *arguments)
    assert result.ret != 0 and said in result.stderr.str() + result.stdout.str()


def test_expected_failures(project):
    arguments = [
        "--nce-impl",
        "mylosses:naive",
        "--nce-objective",
        "log_sigmoid",
        "--nce-expected-failures",
        "known.txt",
    ]
    namespace = {}
    exec(MODULE, namespace)
    naive = namespace["naive"]
    failing = [result.id for result in oracle.check(naive, "log_sigmoid").failed]
    known = "\n".join(
        ["# what we know", "", *(f"{id_}: unstable, see our issue" for id_ in failing)]
    )
    project.makefile(".txt", known=known)
    result = run(project, *arguments)
    assert result.ret == 0
    result.assert_outcomes(
        passed=len(oracle.cases("log_sigmoid")) - len(failing) + WHOLE, xfailed=len(failing)
    )

    project.makefile(".txt", known="log_sigmoid/*: all of it")
    result = run(project, *arguments)
    assert (
        result.ret == 1
        and "passes, but was expected to fail (all of it); drop the pattern" in result.stdout.str()
    )

    project.makefile(".txt", known=known + "\nlog_sigmoid/gone/*: once")
    result = run(project, *arguments)
    assert (
        result.ret != 0
        and "the pattern 'log_sigmoid/gone/*' matches no vector"
        in result.stderr.str() + result.stdout.str()
    )

    project.makefile(".txt", known="log_sigmoid/*")
    result = run(project, *arguments)
    assert (
        result.ret != 0
        and "line 1: got 'log_sigmoid/*'; expected 'pattern of ids: reason'"
        in result.stderr.str() + result.stdout.str()
    )


@pytest.mark.parametrize(
    ("name", "item", "said"),
    [
        ("drifting", "answers-alike", "Finding: remembers: it answers differently"),
        ("in_place", "keeps-its-inputs", "Finding: writes-to-its-inputs: it changes the arrays"),
        ("skipping", "enough-seen", "NOT ENOUGH SEEN: "),
    ],
)
def test_what_all_calls_show_is_a_test_of_its_own(project, name, item, said):
    arguments = ["--nce-impl", f"mylosses:{name}", "--nce-objective", "log_sigmoid", "-v"]
    result = run(project, *arguments)
    text = result.stdout.str()
    assert result.ret == 1 and said in text and "Traceback" not in text
    verdicts = {
        words: f"{words} FAILED" in text
        for words in ("answers-alike", "keeps-its-inputs", "enough-seen")
    }
    assert verdicts == {words: words == item for words in verdicts}


def test_ids_can_be_pasted_back_and_the_folder_is_searched(project, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(project.path)])
    project.makepyfile(test_own="def test_own(): pass")
    result = run(project, "--nce-impl", "mylosses:naive", "--nce-objective", "log_sigmoid")
    ids = [line.split()[1] for line in result.outlines if line.startswith("FAILED mylosses:")]
    assert len(ids) == 7
    result = run(project, *ids[:2], "--nce-objective", "log_sigmoid")
    result.assert_outcomes(failed=2)
    result = run(project, ids[0], "test_own.py", "--nce-objective", "log_sigmoid")
    result.assert_outcomes(failed=1, passed=1)


def test_names_of_its_own(project):
    arguments = ["--nce-impl", "mylosses:other", "--nce-objective", "log_sigmoid"]
    assert run(project, *arguments).ret == 1
    result = run(project, *arguments, "--nce-arguments", "logits=t")
    result.assert_outcomes(passed=len(oracle.cases("log_sigmoid")) + WHOLE)


def test_without_an_implementation_the_plugin_is_silent(project):
    project.makepyfile(test_own="def test_own(): pass")
    result = run(project)
    result.assert_outcomes(passed=1)
    assert "nce_ref oracle" not in result.stdout.str()
