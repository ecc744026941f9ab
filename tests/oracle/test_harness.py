"""Harnesses that misbehave in every way thought of: one clear line for the case where it happened, and the run goes on.

Every harness is a small program; the time limits are short. What a correct one says must arrive to the last bit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from nce_ref.oracle import harness
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.harness import run_harness
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.results import Errored, Skipped
from nce_ref.oracle.vectors import Vector

LIMIT = 0.5
RIGHT = {"value": [0.5]}

# A good harness; ``run`` may be replaced, and ``start``.
PROGRAM = """
import json, os, signal, subprocess, sys, time
def say(reply): print(reply if isinstance(reply, str) else json.dumps(reply), flush=True)
def start(r): say({"name": "mine", "language": "Python", "implements": ["log_sigmoid"]})
def right(r, **more): say({"id": r["id"], "results": {"value": [0.5]}, **more})
def bad(r): right(r)
def run(r): bad(r) if r["id"].endswith("/1") else right(r)
CHANGE
for line in sys.stdin:
    r = json.loads(line)
    if r["cmd"] == "stop": break
    (start if r["cmd"] == "start" else run)(r)
"""


def vector(name: str, objective: str = "log_sigmoid", **inputs) -> Vector:
    given = {
        key: np.asarray(value, dtype=np.float64) if not isinstance(value, float) else value
        for key, value in inputs.items()
    }
    return Vector(
        f"{objective}/{name}",
        OBJECTIVES[objective],
        "",
        (),
        (),
        given or {"t": np.array([0.0])},
        {},
        {},
    )


@pytest.fixture(autouse=True)
def five_cases(monkeypatch):
    """Five vectors instead of the suite's, of one objective, and a sixth of another."""
    vectors = [vector(str(k)) for k in range(5)] + [vector("0", "sigmoid")]
    monkeypatch.setattr(harness, "suite", lambda: {"suite": "2026.11.28", "flags": {"smoke": {}}})
    monkeypatch.setattr(
        harness,
        "cases",
        lambda objective, flags: [v for v in vectors if objective in (None, v.objective.name)],
    )
    return vectors


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """No thread, no child, not even a dead one, no open file."""
    files, threads = os.listdir("/dev/fd"), threading.enumerate()
    yield
    assert threading.enumerate() == threads
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert len(os.listdir("/dev/fd")) == len(files)


@pytest.fixture
def command(tmp_path):
    def written(change: str = "") -> list[str]:
        path = tmp_path / "harness.py"
        path.write_text(PROGRAM.replace("CHANGE", change))
        return [sys.executable, "-S", "-E", str(path)]

    return written


def run(
    command: list[str],
    objective: str | None = None,
    time_limit: float = 20.0,
    start_limit: float = 20.0,
    **options,
):
    """Generous, since other work may slow us down; where silence is meant, the time is LIMIT."""
    return run_harness(
        command, objective, time_limit=time_limit, start_limit=start_limit, **options
    )


def test_a_good_harness_answers_every_case_that_it_offers(command):
    answers = run(command())
    assert answers == {f"log_sigmoid/{k}": RIGHT for k in range(5)}
    assert (answers.name, answers.language, answers.implements) == (
        "mine",
        "Python",
        ("log_sigmoid",),
    )
    assert (answers.broken, answers.unknown) == ("", ())


NOT_JSON = "(stdout is for answers alone: print everything else to stderr)"
# The answer's object and that of its results are two more brackets.
NESTED = (
    'def bad(r): say(\'{"id":"%%s","results":{"value":%%s1%%s}}\' %% '
    "(r['id'], '[' * %d, ']' * %d))"
)

BAD = {  # what it does at the second case: the line that must be reported there
    "hangs": ("def bad(r): time.sleep(60)", "no answer within 0.5 s"),
    "hangs, with a word on stderr": (
        "def bad(r): print('waiting for a licence', file=sys.stderr, flush=True); time.sleep(60)",
        "no answer within 0.5 s; its stderr ends: waiting for a licence",
    ),
    "does not flush": (
        "def bad(r): print(json.dumps({'id': r['id'], 'results': {}}))",
        "no answer within 0.5 s; it came when stdin was closed: flush stdout after every line",
    ),
    "ends no line": (
        "def bad(r): print('{}', end='', flush=True)",
        "no answer within 0.5 s; it left a line without its end: '{}'",
    ),
    "ends no line and exits": (
        "def bad(r): print('{}', end='', flush=True); os._exit(0)",
        "the harness exited with code 0; it left a line without its end: '{}'",
    ),
    "exits": (
        "def bad(r): print('one\\n\\ntwo\\nthree\\nfour', file=sys.stderr); sys.exit(3)",
        "the harness exited with code 3; its stderr ends: two | three | four",
    ),
    "exits without a word": ("def bad(r): os._exit(0)", "the harness exited with code 0"),
    "crashes": (
        "def bad(r): os.kill(os.getpid(), signal.SIGSEGV)",
        "the harness was killed by signal 11 (SIGSEGV)",
    ),
    "exits, but a grandchild keeps its pipes": (
        "def bad(r): subprocess.Popen(['sleep', '60']); os._exit(4)",
        "the harness exited with code 4",
    ),
    "garbage": ("def bad(r): say('garbage')", f"line is not JSON: 'garbage' {NOT_JSON}"),
    "long garbage": (
        "def bad(r): say('0123456789' * 50)",
        f"line is not JSON: '{'0123456789' * 6}"[:-1]
        + f"...123456789' (500 characters) {NOT_JSON}",
    ),
    "bytes that are no text": (
        "def bad(r): sys.stdout.buffer.write(b'\\xff\\x00\\n'); sys.stdout.flush()",
        f"line is not JSON: '\N{REPLACEMENT CHARACTER}\\x00' {NOT_JSON}",
    ),
    "deeply nested": ("def bad(r): say('[' * 100000)", "line is not JSON: "),
    "a debug line": (
        "def bad(r): say('debug: t = 0'); right(r)",
        f"line is not JSON: 'debug: t = 0' {NOT_JSON}; the answer came after it",
    ),
    "many debug lines": (
        "def bad(r): [say(f'debug {k}') for k in range(1000)]; right(r)",
        f"line is not JSON: 'debug 0' {NOT_JSON}; the answer came after it",
    ),
    "garbage, and the answer much later": (
        "def bad(r): say('wait'); time.sleep(0.6); right(r)",
        f"line is not JSON: 'wait' {NOT_JSON}",
    ),
    "garbage, then it dies": (
        "def bad(r): say('oh'); sys.exit('no')",
        f"line is not JSON: 'oh' {NOT_JSON}; then the harness exited with code 1; its stderr ends: no",
    ),
    "garbage without end": (
        "def bad(r):\n    while True: say('y')",
        f"line is not JSON: 'y' {NOT_JSON}; and it wrote on and on",
    ),
    "a line without end": (
        "def bad(r):\n    while True: sys.stdout.write('x' * 65536)",
        "the harness wrote more than 16 MiB without ending the line",
    ),
    "no object": ("def bad(r): say([1, 2])", "reply is not a JSON object: '[1, 2]'"),
    "no id": ("def bad(r): say({'results': {}})", """reply has no id: '{"results": {}}'"""),
    "a wrong id": (
        "def bad(r): say({'id': 'log_sigmoid/7', 'results': {}})",
        """reply has the id '"log_sigmoid/7"'; expected 'log_sigmoid/1'""",
    ),
    "an id of the wrong kind": (
        "def bad(r): say({'id': [1], 'results': {}})",
        "reply has the id '[1]'; expected 'log_sigmoid/1'",
    ),
    "the last case's answer once more": (
        "def bad(r): right({'id': 'log_sigmoid/0'}); right(r)",
        """reply has the id '"log_sigmoid/0"'; expected 'log_sigmoid/1'; the answer came after it""",
    ),
    "no result": (
        "def bad(r): say({'id': r['id']})",
        """reply has no result; expected one of results, skipped, errored: '{"id": "log_sigmoid/1"}'""",
    ),
    "two results": (
        "def bad(r): right(r, errored='x')",
        "reply has results and errored; expected one of results, skipped, errored: ",
    ),
    "results that are a list": (
        "def bad(r): say({'id': r['id'], 'results': [1]})",
        """"results" is not a JSON object like {"value": ...}: '[1]'""",
    ),
    "results nested beyond reading": (NESTED % (700, 700), "results are nested too deeply: "),
    "results nested one deeper than is read": (
        NESTED % (harness.NESTING - 1, harness.NESTING - 1),
        "results are nested too deeply: ",
    ),
    "an error of its own": (
        "def bad(r): say({'id': r['id'], 'errored': 'no BLAS'})",
        "the harness reports: no BLAS",
    ),
    "closes stdout": (
        "def bad(r): os.close(1); time.sleep(60)",
        "the harness closed its standard output without exiting",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_trouble_is_one_line_at_its_case_and_the_others_are_answered(command, what, monkeypatch):
    change, message = BAD[what]
    if "came after" in message:
        monkeypatch.setattr(harness, "_GRACE", 20.0)
    answers = run(command(change), time_limit=LIMIT if "within" in message else 20.0)
    assert [answers[f"log_sigmoid/{k}"] for k in (0, 2, 3, 4)] == [RIGHT] * 4
    got = answers["log_sigmoid/1"]
    assert isinstance(got, Errored)
    assert got.message == message or (message.endswith(": ") and got.message.startswith(message))
    assert "\n" not in got.message and len(got.message) < 300
    assert answers.broken == ""


def test_what_is_nested_as_deep_as_may_be_is_read_on_every_interpreter(command):
    depth = harness.NESTING - 2
    answer = run(command(NESTED % (depth, depth)))["log_sigmoid/1"]
    for _ in range(depth):
        (answer,) = answer["value"] if isinstance(answer, dict) else answer
    assert answer == 1.0


@pytest.mark.parametrize(
    "text", ["[" * 700, '"' + "[" * 700 + "]" * 700, "\\\\" + "]" * 700 + "[" * 700]
)
def test_brackets_in_a_string_nest_nothing(command, text):
    said = run(command(f"def bad(r): say({{'id': r['id'], 'errored': {text!r}}})"))["log_sigmoid/1"]
    assert said == Errored(f"the harness reports: {text}")


@pytest.mark.parametrize(
    "text", ['"' + '\\"' * (1 << 17), '"' * (1 << 17) + "\\", "[" * (1 << 19), "[1]," * (1 << 17)]
)
def test_no_line_costs_more_than_its_length(text):
    """A tenth of a second of a processor is expected; once for each of the quotes it would be hours."""
    begun = time.process_time()
    assert harness._parsed(text).startswith("line is not JSON: ")
    assert time.process_time() - begun < 5.0


def test_a_case_may_be_skipped(command):
    answers = run(command("def bad(r): say({'id': r['id'], 'skipped': 'only nu = 1'})"))
    assert answers.pop("log_sigmoid/1") == Skipped("only nu = 1")
    assert set(map(json.dumps, answers.values())) == {json.dumps(RIGHT)}


def test_a_line_after_the_answer_is_found_at_the_next_case(command, monkeypatch):
    monkeypatch.setattr(harness, "_GRACE", 20.0)
    answers = run(command("def bad(r): right(r); say('done')"))
    assert answers["log_sigmoid/1"] == RIGHT
    assert answers["log_sigmoid/2"] == Errored(
        f"line is not JSON: 'done' {NOT_JSON}; the answer came after it"
    )
    assert answers["log_sigmoid/3"] == answers["log_sigmoid/4"] == RIGHT


def test_a_harness_that_closes_its_input_is_found_at_the_next_case(command):
    begun = time.monotonic()
    answers = run(command("def bad(r): os.close(0); right(r); time.sleep(60)"))
    assert answers["log_sigmoid/1"] == RIGHT
    assert answers["log_sigmoid/2"] == Errored("the harness closed its standard input")
    assert answers["log_sigmoid/3"] == answers["log_sigmoid/4"] == RIGHT
    assert time.monotonic() - begun < 15.0  # known at once, so the time limit is not waited for


def test_after_three_in_a_row_it_is_given_up_and_says_so(command):
    answers = run(command("def run(r): sys.exit(7)"))
    died, given_up = (
        "the harness exited with code 7",
        "given up after 3 cases in a row without an answer, the last: ",
    )
    assert (
        list(answers.values()) == [Errored(died)] * 3 + [Errored(f"not run: {given_up}{died}")] * 2
    )
    assert answers.broken == given_up + died


def test_two_in_a_row_are_not_three(command):
    answers = run(command("def run(r): right(r) if r['id'].endswith('/2') else sys.exit(7)"))
    assert answers["log_sigmoid/2"] == RIGHT and answers.broken == ""
    assert [type(answer) for answer in answers.values()] == [
        Errored,
        Errored,
        dict,
        Errored,
        Errored,
    ]


def test_garbage_at_every_case_is_reported_at_every_case(command):
    answers = run(command("def run(r): say('hello')"))
    assert (
        list(answers.values()) == [Errored(f"line is not JSON: 'hello' {NOT_JSON}")] * 5
        and answers.broken == ""
    )


NO_START = {  # a harness that cannot begin: why
    "exits": ("sys.exit('no GPU')", "the harness exited with code 1; its stderr ends: no GPU"),
    "does not know the protocol": (
        "def start(r): r['version']",
        "the harness exited with code 1; its stderr ends: ",
    ),
    "a banner": (
        "say('This is mine 1.0')",
        f"its reply to start: line is not JSON: 'This is mine 1.0' {NOT_JSON}",
    ),
    "no object": ("def start(r): say([])", "its reply to start: reply is not a JSON object: '[]'"),
    "offers nothing": (
        "def start(r): say({'implements': []})",
        """its reply to start has no "implements", a list of objectives: '{"implements": []}'""",
    ),
    "offers a word": (
        "def start(r): say({'implements': 'sigmoid'})",
        'its reply to start has no "implements", a list of objectives: ',
    ),
    "offers what there is not": (
        "def start(r): say({'implements': ['nce']})",
        "it offers nce, which is no objective of this suite; expected some of log_sigmoid, ",
    ),
    "offers another": (
        "def start(r): say({'implements': ['sigmoid']})",
        "it does not offer log_sigmoid; it offers sigmoid",
    ),
}


@pytest.mark.parametrize("what", NO_START)
def test_a_harness_that_cannot_begin_says_why_at_every_case(command, what):
    change, message = NO_START[what]
    answers = run(command(change), "log_sigmoid")
    assert answers.broken == message or (
        message.endswith((": ", ", ")) and answers.broken.startswith(message)
    )
    assert answers == {f"log_sigmoid/{k}": Errored(f"not run: {answers.broken}") for k in range(5)}


def test_silence_at_the_start_ends_after_its_own_limit(command):
    begun = time.monotonic()
    assert (
        run(command("time.sleep(60)"), start_limit=0.5).broken == 'no reply to "start" within 0.5 s'
    )
    assert time.monotonic() - begun < 5.0


def test_a_command_that_is_not_there_and_one_that_is_no_program(tmp_path, monkeypatch):
    assert (
        run(["./no-such-harness"]).broken
        == "'./no-such-harness' cannot be run: No such file or directory"
    )
    (tmp_path / "mine").write_text("text")
    assert run([str(tmp_path / "mine")]).broken.endswith("cannot be run: Permission denied")
    monkeypatch.chdir(tmp_path)
    assert (
        run(["mine"]).broken
        == "'mine' cannot be run: No such file or directory (the one in this folder is ./mine)"
    )
    assert set(run(["./no-such-harness"])) == {f"log_sigmoid/{k}" for k in range(5)} | {
        "sigmoid/0"
    }  # nothing is lost


def test_names_that_this_suite_does_not_know_are_named(command):
    answers = run(
        command(
            "def start(r): say({'implements': {'log_sigmoid': ['value'], 'logsigmoid': ['value']}})"
        )
    )
    assert (
        answers.unknown == ("logsigmoid",)
        and answers.implements == ("log_sigmoid",)
        and len(answers) == 5
    )


def test_the_hello_has_protocol_suite_and_dtype(command):
    answers = run(command("def start(r): sys.exit(json.dumps(r))"), dtype="float32")
    said = answers.broken.split("ends: ")[1]
    assert json.loads(said) == {
        "cmd": "start",
        "protocol": 1,
        "suite": "2026.11.28",
        "dtype": "float32",
    }


ECHO = "def run(r): say({'id': r['id'], 'results': r['inputs']})"


def test_inputs_arrive_to_the_last_bit_and_in_order(command, five_cases):
    t = [0.1, -1e-310, 1.7976931348623157e308, 2**53 + 2.0, -0.0]
    five_cases[:] = [vector("a", t=t)]
    assert run(command(ECHO))["log_sigmoid/a"]["t"] == t
    ica = {"B": [[1.0, 2.0], [3.0, 4.0]], "c": -1.5, "x": [[1.0, 2.0]], "y": [[3.0, 4.0]]}
    five_cases[:] = [
        vector(
            "a", "laplace_ica_nce", **ica, noise_mean=[0.0, 0.0], noise_cov=[[2.0, 0.0], [0.0, 2.0]]
        )
    ]
    offer = "def start(r): say({'implements': ['laplace_ica_nce']})\n"
    echoed = run(command(offer + ECHO), convention=Convention(c_sign="subtracted"))[
        "laplace_ica_nce/a"
    ]
    assert echoed["B"] == ica["B"] and echoed["c"] == 1.5
    assert list(echoed) == list(OBJECTIVES["laplace_ica_nce"].arguments)


def test_a_request_larger_than_a_pipe_does_not_block(command, five_cases):
    five_cases[:] = [vector("b"), vector("a", t=np.arange(50000) + 0.1)]
    # The first request stays in the pipe, so that the second does not fit even where a pipe takes one piece of it.
    asleep = run(
        command("def start(r): say({'implements': ['log_sigmoid']}); say('zzz'); time.sleep(60)"),
        time_limit=LIMIT,
    )
    assert asleep["log_sigmoid/b"] == Errored(f"line is not JSON: 'zzz' {NOT_JSON}")
    assert asleep["log_sigmoid/a"] == Errored("no answer within 0.5 s")
    assert run(command(ECHO))["log_sigmoid/a"]["t"] == five_cases[1].inputs["t"].tolist()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("1e999", np.inf),
        ("1" + "0" * 400, np.inf),
        ("-1" + "0" * 400, -np.inf),
        *[(spelt, np.nan) for spelt in ("NaN", "null", '"NaN"', '"nan"')],
        *[(spelt, np.inf) for spelt in ("Infinity", '"inf"', '"Infinity"', '"+inf"')],
        *[(spelt, -np.inf) for spelt in ("-Infinity", '"-inf"', '"-Infinity"')],
    ],
)
def test_every_spelling_of_a_number_is_read(text, number):
    read = harness.decode(json.loads(f"[{text}, [{text}]]"))
    np.testing.assert_array_equal([read[0], read[1][0]], [number, number])
    assert type(read[0]) is float


@pytest.mark.parametrize("text", ['"1.5"', '"infinite"', '"na"', "true", "{}"])
def test_what_is_no_number_stays_for_the_judge_to_see(text):
    assert harness.decode(json.loads(text)) == json.loads(text)


def test_a_grandchild_does_not_outlive_the_run(command, tmp_path):
    note = tmp_path / "pid"
    spawn = f"p = subprocess.Popen(['sleep', '60']); open({str(note)!r}, 'w').write(str(p.pid))"
    run(command(spawn))
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", note.read_text()], capture_output=True, text=True, check=False
    ).stdout
    assert state.strip()[:1] in (
        "",
        "Z",
    )  # gone, or dead and not yet collected by whoever inherited it


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"command": []}, "command: got"),
        ({"command": "./mine"}, "expected a list, the program and its arguments"),
        (
            {"command": ["x"], "dtype": "float8"},
            "dtype: got 'float8'; expected one of float32, float64",
        ),
        ({"command": ["x"], "objective": "nce"}, "objective: got 'nce'"),
        ({"command": ["x"], "flags": ["smok"]}, "flags: got 'smok'; expected some of smoke"),
    ],
)
def test_our_own_arguments_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        run_harness(**arguments)


def test_where_pipes_cannot_be_polled_it_says_so(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(os, "name", "nt")
        broken = run(["mine.exe"]).broken
    assert (
        broken
        == "harnesses are run on Linux and macOS only, since the pipes of Windows cannot be polled; use WSL"
    )
