"""The command line: exit codes 0, 1 and 2, every subcommand, and a clear line for whatever goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nce_ref
from nce_ref.__main__ import main
from nce_ref.oracle import command_show
from nce_ref.oracle import harness as harness_module
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import EVERY, OBJECTIVES
from nce_ref.oracle.vectors import MalformedVectors, cases

EXAMPLE = Path(nce_ref.__file__).parent / "oracle" / "harnesses" / "harness.py"
MODULE = """
import numpy as np
print("this module prints when it is imported")

def log_sigmoid(t):
    print("and when it is called")
    return {"value": np.minimum(t, 0) - np.log1p(np.exp(-abs(t))), "grad": np.exp(-np.logaddexp(np.zeros_like(t), t))}

def loss(log_ratio_data, log_ratio_noise, nu):
    t = np.log(nu) - log_ratio_data
    s = log_ratio_noise - np.log(nu)
    zero = np.zeros_like
    return (np.logaddexp(zero(t), t).sum() + np.logaddexp(zero(s), s).sum()) / (len(t) + len(s))

def without_log_nu(log_ratio_data, log_ratio_noise, nu):
    t, s = -log_ratio_data, log_ratio_noise
    return -(np.logaddexp(np.zeros_like(t), t).sum() + np.logaddexp(np.zeros_like(s), s).sum()) / len(t)

class Namespace:
    log_sigmoid = staticmethod(log_sigmoid)

number = 3
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with somebody's module in it, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text(MODULE)
    yield tmp_path
    for name in ("mine", "broken", "leaving"):
        sys.modules.pop(name, None)


@pytest.fixture
def nce(capsys):
    def run(*argv: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(argv)
        except SystemExit as left:  # argparse
            code = left.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


# check, a Python function


def test_a_right_function_passes_and_what_it_prints_is_kept_apart(here, nce):
    code, out, err = nce("check", "mine:log_sigmoid", "--objective", "log_sigmoid")
    assert code == 0 and out.startswith("ok: ")
    assert (
        "this module prints when it is imported\nand when it is called" in err
        and "prints" not in out
    )
    assert nce("check", "mine:log_sigmoid")[0] == 0  # the objective by the name
    assert nce("check", "mine:Namespace.log_sigmoid", "--dtype", "float32")[0] == 0


def test_a_wrong_function_fails_and_the_mistake_is_named(here, nce):
    code, out, _ = nce("check", "mine:without_log_nu", "--objective", "nce_from_log_ratios")
    assert code == 1 and out.startswith("FAILED: ") and "no-log-nu" in out and "Reproduce:" in out


def test_an_undeclared_convention_fails_and_a_declared_one_passes(here, nce):
    code, out, _ = nce("check", "mine:loss", "--objective", "nce_from_log_ratios")
    assert code == 1 and 'sense="minimise"' in out and 'reduction="mean"' in out
    code, out, _ = nce(
        "check",
        "mine:loss",
        "--objective",
        "nce_from_log_ratios",
        "--sense",
        "minimise",
        "--reduction",
        "mean",
    )
    assert code == 0, out


def test_the_report_as_json(here, nce):
    code, out, _ = nce(
        "check", "mine:without_log_nu", "--objective", "nce_from_log_ratios", "--json"
    )
    report = json.loads(out)
    assert code == 1 and report["ok"] is False and report["objective"] == "nce_from_log_ratios"
    assert len(report["results"]) == len(cases("nce_from_log_ratios"))


def test_expected_failures_are_expected(here, nce):
    check = (
        "check",
        "mine:without_log_nu",
        "--objective",
        "nce_from_log_ratios",
        "--flag",
        "nu-not-one",
        "--expected-failures",
    )
    (here / "known.txt").write_text("# until Monday\n*: ln nu is missing\n")
    code, out, _ = nce(*check, "known.txt")
    n_unexpected = out.count("unexpected pass")
    assert (code == 0) == (n_unexpected == 0) and "expected failure" in out
    (here / "other.txt").write_text("no/such/*: typing error\n")
    code, out, _ = nce(*check, "other.txt")
    assert code == 1 and "no/such/*" in out
    (here / "bad.txt").write_text("nce_from_log_ratios/*\n")
    code, _, err = nce(*check, "bad.txt")
    assert code == 2 and "bad.txt, line 1" in err
    assert nce(*check, "absent.txt")[0] == 2


UNUSABLE = {  # argument: what the line on stderr says
    "absent:f": "importing absent raised ModuleNotFoundError: No module named 'absent'",
    "broken:f": "importing broken raised ZeroDivisionError: division by zero",
    "leaving:f": "raised SystemExit: no GPU",
    "mine:lgo_sigmoid": "mine has no 'lgo_sigmoid'; it offers ",
    "mine:number": "is a int; expected a function",
    "mine": "expected package.module:name",
    "mine:loss": "which objective is it?",
}


@pytest.mark.parametrize("argument", UNUSABLE)
def test_what_cannot_be_imported_is_one_line_and_code_2(here, nce, argument):
    (here / "broken.py").write_text("x = 1 / 0\n")
    (here / "leaving.py").write_text("import sys\nsys.exit('no GPU')\n")
    if argument == "mine:loss":
        (here / "mine.py").write_text("def loss(a, b): ...\n")
    code, out, err = nce("check", argument)
    complaints = [line for line in err.splitlines() if line.startswith("nce-ref: ")]
    assert code == 2 and out == "" and len(complaints) == 1 and UNUSABLE[argument] in complaints[0]


OWN = """
import numpy as np
def loss(ratio_pos, ratio_neg, k):
    t, s = np.log(k) - ratio_pos, ratio_neg - np.log(k)
    zero = np.zeros_like
    return -(np.logaddexp(zero(t), t).sum() + np.logaddexp(zero(s), s).sum()) / len(t)
def half(log_ratio_data, log_ratio_noise, nu):
    return loss(log_ratio_data, log_ratio_noise, nu) if nu == 2.5 else None
"""


def test_names_of_its_own_and_the_objective_as_second_word(here, nce):
    (here / "mine.py").write_text(OWN)
    code, out, _ = nce("check", "mine:loss", "nce_from_log_ratios")
    assert code == 1 and "arguments={" in out
    for said in (
        "ratio_pos=log_ratio_data,ratio_neg=log_ratio_noise,k=nu",
        "log_ratio_data,log_ratio_noise,nu",
        "0=log_ratio_data, 1=log_ratio_noise, k=nu",
    ):
        code, out, _ = nce("check", "mine:loss", "nce_from_log_ratios", "--arguments", said)
        assert code == 0 and out.startswith("ok: loss as "), out
    for said, complaint in (
        ("ratio_pos=log_ratio_dat", "did you mean 'log_ratio_data'?"),
        ("ratio_pso=log_ratio_data", "did you mean 'ratio_pos'?"),
        ("a=", "got 'a='"),
        ("nu,nu", "twice"),
    ):
        code, _, err = nce("check", "mine:loss", "nce_from_log_ratios", "--arguments", said)
        assert code == 2 and complaint in err, err
    same = ("check", "mine:loss", "sigmoid", "--objective", "binary_nce")
    assert nce(*same)[0] == 2
    assert nce("check", "log_sigmoid", "--", sys.executable, str(EXAMPLE))[1].count("ok: ") == 1


def test_not_enough_seen_is_code_2(here, nce):
    (here / "mine.py").write_text(OWN)
    code, out, _ = nce("check", "mine:half", "nce_from_log_ratios")
    assert code == 2 and out.splitlines()[0].startswith("NOT ENOUGH SEEN: half as ")


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (("check", "mine:log_sigmiod"), "'log_sigmoid'"),
        (("check", "mine:loss", "nce_from_logratios"), "'nce_from_log_ratios'"),
        (("show", "log_sigmoid/smoke/zer"), "'log_sigmoid/smoke/"),
        (("show", "log_sigmod/smoke/zero"), "'log_sigmoid/'"),
        (("mistakes", "no-log-mu"), "'no-log-nu'"),
        (("list", "--flag", "smok"), "'smoke'"),
        (("truth", "sigmiod", "{}"), "'sigmoid'"),
    ],
)
def test_what_was_meant_is_said(here, nce, argv, meant):
    code, _, err = nce(*argv)
    assert code == 2 and f"did you mean {meant}" in err, err


# check, a harness


def test_a_right_harness_passes_with_a_report_an_objective(nce):
    code, out, err = nce("check", "--", sys.executable, str(EXAMPLE))
    assert (code, err) == (0, "") and out.count("ok: plain Python as ") == 3
    code, out, _ = nce(
        "check", "--objective", "binary_nce", "--json", "--", sys.executable, str(EXAMPLE)
    )
    report = json.loads(out)
    assert (
        code == 0
        and report["ok"]
        and [entry["objective"] for entry in report["reports"]] == ["binary_nce"]
    )
    assert report["harness"] == {
        "name": "plain Python",
        "language": "Python",
        "broken": "",
        "unknown": [],
        "unread": [],
    }


@pytest.fixture
def harness(tmp_path):
    """The example, changed."""

    def changed(right: str, wrong: str) -> list[str]:
        source = EXAMPLE.read_text()
        assert source.count(right) == 1
        (tmp_path / "harness.py").write_text(source.replace(right, wrong))
        return ["--", sys.executable, str(tmp_path / "harness.py")]

    return changed


def test_a_wrong_harness_fails_one_objective_and_keeps_the_others(nce, harness):
    code, out, err = nce("check", *harness("sigmoid(-s) for s in t", "sigmoid(s) for s in t"))
    assert code == 1 and err == "" and out.count("ok: ") == 2 and out.count("FAILED: ") == 1


def test_a_harness_that_cannot_be_run_or_is_given_up_is_code_2(nce, harness):
    code, out, err = nce("check", "--", "./no-such-harness", "--fast")
    assert (code, out) == (2, "")
    assert (
        err
        == "nce-ref: ./no-such-harness --fast: './no-such-harness' cannot be run: No such file or directory\n"
    )
    answer = 'reply = {"id": request["id"], "results"'
    code, out, err = nce(
        "check", *harness(answer, f"sys.exit(5); {answer}")
    )  # SystemExit passes the example's own handler
    assert (
        code == 2
        and "given up after 3 cases in a row" in err
        and "the harness exited with code 5" in out
    )


def test_a_harness_that_offers_an_unknown_name_is_told(nce, harness):
    code, _, err = nce(
        "check",
        *harness('"implements": list(OFFERED)', '"implements": ["log_sigmoid", "logsigmoid"]'),
    )
    assert (
        code == 0
        and err
        == "nce-ref: the harness offers 'logsigmoid', which is no objective of this suite: not checked\n"
    )


def test_patterns_of_a_harness_may_be_for_any_of_its_objectives(nce, harness, tmp_path):
    command = harness("sigmoid(-s) for s in t", "sigmoid(-s) + 1 for s in t")
    (tmp_path / "known.txt").write_text("log_sigmoid/*: the gradient is being written\n")
    code, out, _ = nce("check", "--expected-failures", str(tmp_path / "known.txt"), *command)
    assert code == 0 and out.count("ok: ") == 3, out
    (tmp_path / "known.txt").write_text(
        "log_sigmoid/*: the gradient is being written\nno/such: a typing error\n"
    )
    code, out, _ = nce("check", "--expected-failures", str(tmp_path / "known.txt"), *command)
    assert code == 1 and out.count("no/such") == 1


# the others


def test_list_is_a_line_an_objective_and_the_vectors_of_one(nce):
    code, out, _ = nce("list")
    lines = out.splitlines()[1:]
    assert code == 0 and [line.split("(")[0].strip() for line in lines] == list(EVERY)
    for line, name in zip(lines, EVERY):
        assert line.endswith(f"   {len(cases(name))} vectors")
    for argv in (("list", "binary_nce"), ("list", "--objective", "binary_nce")):
        code, out, _ = nce(*argv)
        assert code == 0 and all(vector.id in out for vector in cases("binary_nce"))
        assert "sigmoid/" not in out
    code, _, err = nce("list", "binary_nec")
    assert code == 2 and "did you mean 'binary_nce'?" in err
    assert nce("list", "binary_nce", "--objective", "sigmoid")[0] == 2
    code, out, _ = nce("list", "--objective", "sigmoid", "--flag", "smoke")
    listed = {line.split()[0] for line in out.splitlines() if line.startswith("  sigmoid/")}
    assert code == 0 and listed == {vector.id for vector in cases("sigmoid", flags="smoke")}
    code, _, err = nce("list", "--flag", "smok")
    assert code == 2 and "flags: got 'smok'; expected some of " in err


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_show_has_a_vector_s_numbers_in_full_as_json(nce, objective):
    vector = cases(objective)[0]
    code, out, _ = nce("show", vector.id)
    assert (
        code == 0
        and vector.comment in out
        and all(f"  {name} = " in out for name in (*vector.inputs, *vector.expected))
    )
    code, out, _ = nce("show", vector.id, "--json")
    shown = json.loads(out)
    assert code == 0 and shown["id"] == vector.id
    for name, expected in vector.expected.items():
        np.testing.assert_array_equal(shown["expected"][name]["float64"], expected.value)
        assert shown["expected"][name]["decimal"] == expected.decimal
    for name, value in vector.inputs.items():
        np.testing.assert_array_equal(shown["inputs"][name], value)


def test_explain_takes_a_number_json_or_a_file(nce, tmp_path):
    vector = cases("nce_from_log_ratios")[-1]
    right = float(vector.expected["value"].value)
    assert nce("explain", vector.id, "--got", repr(right))[0] == 0
    code, out, _ = nce("explain", vector.id, "--got", json.dumps({"value": right + 1}))
    assert code == 1 and vector.comment in out and "FAILED" in out
    (tmp_path / "got.json").write_text(
        json.dumps({name: expected.value.tolist() for name, expected in vector.expected.items()})
    )
    assert nce("explain", vector.id, "--got", f"@{tmp_path / 'got.json'}")[0] == 0
    assert nce("explain", vector.id, "--got", repr(-right), "--sense", "minimise")[0] == 0
    for spelt in ("-inf", "nan", "NaN", '{"value": "NaN"}'):
        assert nce("explain", vector.id, f"--got={spelt}")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no/such", "--got", "1"], "id: got 'no/such'"),
        (
            ["log_sigmoid/no-such", "--got", "1"],
            "id: got 'log_sigmoid/no-such'; expected log_sigmoid/",
        ),
        (["ID", "--got", "one"], "--got: 'one' cannot be read; expected JSON like "),
        (["ID", "--got", "@absent"], "--got: absent cannot be read: "),
        (["ID"], "the following arguments are required: --got"),
    ],
)
def test_explain_says_what_it_cannot_read(nce, arguments, message):
    real = cases("log_sigmoid")[0].id
    code, out, err = nce("explain", *(real if word == "ID" else word for word in arguments))
    assert code == 2 and out == "" and message in err


def test_mistakes_are_listed_and_described(nce):
    code, out, _ = nce("mistakes")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == list(CATALOGUE)
    code, out, _ = nce("mistakes", "no-log-nu")
    mistake = CATALOGUE["no-log-nu"]
    assert code == 0 and all(
        part in out for part in (mistake.title, mistake.effect, mistake.fix, *mistake.objectives)
    )
    code, _, err = nce("mistakes", "no-log-mu")
    assert code == 2 and "mistake: got 'no-log-mu'; expected one of " in err and "no-log-nu" in err


def test_emit_check_and_lint_find_nothing_wrong(nce):
    code, out, _ = nce("emit", "--check", "sigmoid")
    assert code == 0, out
    code, out, _ = nce("lint")
    assert code == 0, out


def test_vectors_that_cannot_be_read_are_code_2_and_the_others_are_judged(nce, monkeypatch):
    def malformed(objective, flags):
        if objective != "log_sigmoid":
            raise MalformedVectors(f"{objective}.json: no 'id'")
        return cases(objective)

    monkeypatch.setattr(command_show, "cases", malformed)
    monkeypatch.setattr(harness_module, "cases", malformed)
    assert nce("list") == (2, "", "nce-ref: None.json: no 'id'\n")
    code, out, err = nce("check", "--", sys.executable, str(EXAMPLE))
    assert code == 2 and out.startswith("ok: plain Python as log_sigmoid")
    assert err == "nce-ref: nce_from_log_ratios.json: no 'id'\nnce-ref: binary_nce.json: no 'id'\n"


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("chekc",),
        ("check",),
        ("check", "mine:f", "--objective", "nce"),
        ("check", "mine:f", "--dtype", "float16"),
        ("check", "mine:f", "--", "./harness"),
        ("check", "--"),
        ("check", "--time-limit", "0", "--", "./harness"),
        ("list", "--", "./harness"),
    ],
)
def test_wrong_usage_is_code_2_with_words_on_stderr(nce, argv):
    code, out, err = nce(*argv)
    assert code == 2 and out == "" and err.splitlines()[-1].startswith("nce-ref")


def test_help_shows_commands_and_examples(nce):
    code, out, _ = nce("--help")
    assert code == 0 and all(
        word in out
        for word in (
            "list",
            "show",
            "check",
            "explain",
            "emit",
            "lint",
            "mistakes",
            "-- ./my_harness",
        )
    )
    code, out, _ = nce("check", "--help")
    assert code == 0 and "-- COMMAND" in out and "--c-sign" in out


def test_a_fault_of_our_own_is_not_taken_for_a_verdict(nce, monkeypatch):
    monkeypatch.setattr(command_show, "describe_mistakes", lambda: 1 / 0)
    code, out, err = nce("mistakes")
    assert code == 2 and out == "" and "ZeroDivisionError" in err
    assert err.endswith("nce-ref: this is a fault of nce_ref, not of what was checked\n")


# as a program


def test_as_a_program_a_wrong_function_costs_less_than_two_seconds_of_a_processor(here):
    """Processor time, 0.7 s where it was measured: what the clock says hangs on whatever else the machine does."""
    command = [
        sys.executable,
        "-m",
        "nce_ref",
        "check",
        "mine:without_log_nu",
        "--objective",
        "nce_from_log_ratios",
    ]
    root = str(Path(nce_ref.__file__).parents[1])
    costs = []
    for _ in range(2):  # the first may have to compile
        before = os.times()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PYTHONPATH": root, "PATH": ""},
        )
        after = os.times()
        costs.append(
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
    assert done.returncode == 1 and "no-log-nu" in done.stdout
    assert 0.0 < min(costs) < 2.0, costs


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m nce_ref list | head -n 1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith("vectors of ") and done.stderr == ""
