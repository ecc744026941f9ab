"""Losses that remember, that draw, that write to what they are handed: each is found, and no right one is."""

import json
import sys

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.__main__ import main
from nce_ref.oracle.harness import run_harness
from nce_ref.oracle.steady import as_before, in_order, telling

NAME = "binary_nce"


def value(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    d = log_model_data - log_noise_data - np.log(nu)
    n = log_model_noise - log_noise_noise - np.log(nu)
    zero = np.zeros_like
    return -(np.logaddexp(zero(d), -d).sum() + np.logaddexp(zero(n), n).sum()) / len(d)


class Frozen:
    """The normaliser of the first batch."""

    log_z = None

    def __call__(self, log_model_data, log_model_noise, **rest):
        if self.log_z is None:
            every = np.concatenate([log_model_data, log_model_noise])
            self.log_z = np.logaddexp.reduce(every) - np.log(len(every))
        return value(log_model_data - self.log_z, log_model_noise - self.log_z, **rest)


def frozen_in_a_closure():
    kept = {}

    def loss(log_model_data, log_model_noise, **rest):
        kept.setdefault("log_z", log_model_noise.max())
        shift = kept["log_z"]
        return value(log_model_data - shift, log_model_noise - shift, **rest)

    return loss


def frozen_in_a_default(
    log_model_data,
    log_model_noise,
    log_noise_data,
    log_noise_noise,
    nu,
    kept={},  # noqa: B006
):
    kept.setdefault("log_z", log_model_noise.max())
    shift = kept["log_z"]
    return value(log_model_data - shift, log_model_noise - shift, log_noise_data, log_noise_noise, nu)  # fmt: skip


class MovingAverage:
    mean = 0.0

    def __call__(self, **inputs):
        found = value(**inputs)
        self.mean = 0.99 * self.mean + 0.01 * found
        return found - 1e-4 * self.mean


def dropout():
    rng = np.random.default_rng(0)

    def loss(log_model_data, log_model_noise, **rest):
        kept = rng.uniform(size=len(log_model_noise)) < 0.9
        return value(log_model_data, log_model_noise * kept, **rest)

    return loss


class EverySecond:
    """Right at first, and off by one on every other call."""

    calls = 0

    def __call__(self, **inputs):
        self.calls += 1
        return value(**inputs) + self.calls % 2


class RaisesLater:
    calls = 0

    def __call__(self, **inputs):
        self.calls += 1
        if self.calls > 3:
            raise RuntimeError("Trying to backward through the graph a second time")
        return value(**inputs)


REMEMBER = {
    "frozen": Frozen,
    "frozen in a closure": frozen_in_a_closure,
    "moving average": MovingAverage,
    "dropout": dropout,
    "every second call": EverySecond,
    "raises later": RaisesLater,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", REMEMBER.values(), ids=REMEMBER)
def test_what_remembers_is_found_and_nothing_else_is_named(make, dtype):
    report = oracle.check(make(), NAME, dtype)
    text = str(report)
    assert not report.ok and report.diagnosis.best.id == "remembers" and not report.diagnosis.hints
    assert 0 < text.find("Finding: remembers") < text.find("ED binary_nce/")  # FAILED or ERRORED
    assert ", then " in text and "Suspect" not in text
    assert report.to_dict()["findings"][0]["id"] == "remembers"


def test_a_state_in_a_default_is_copied_too():
    report = oracle.check(frozen_in_a_default, NAME)
    frozen_in_a_default.__defaults__[0].clear()
    assert [finding.id for finding in report.findings] == ["remembers"]


def test_a_state_that_nothing_can_copy_fails_by_its_numbers():
    def loss(log_model_data, log_model_noise, **rest):
        shift = KEPT.setdefault("log_z", log_model_noise.max())
        return value(log_model_data - shift, log_model_noise - shift, **rest)

    KEPT.clear()
    report = oracle.check(loss, NAME)
    assert not report.ok and len(report.failed) > len(report.results) // 2


KEPT = {}


def negates(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    np.subtract(log_model_data, log_noise_data, out=log_model_data)
    return value(log_model_data, log_model_noise, 0 * log_noise_data, log_noise_noise, nu)


def sorts(log_model_data, log_model_noise, **rest):
    found = value(log_model_data, log_model_noise, **rest)
    log_model_noise.sort()
    return found


@pytest.mark.parametrize(
    ("impl", "name"), [(negates, "log_model_data"), (sorts, "log_model_noise")]
)
def test_what_writes_to_its_inputs_is_found(impl, name):
    report = oracle.check(impl, NAME)
    assert not report.ok and not report.failed
    assert [finding.id for finding in report.findings] == ["writes-to-its-inputs"]
    assert f"{name} in " in report.findings[0].evidence and "Finding: writes" in str(report)
    with pytest.raises(oracle.OracleFailure, match="changes the arrays"):
        report.raise_for_failures()


def test_a_mistake_beside_it_is_still_named():
    def loss(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
        log_model_data -= log_noise_data
        return value(log_model_data, log_model_noise, 0 * log_noise_data, log_noise_noise, 1.0)

    report = oracle.check(loss, NAME)
    assert report.findings[0].id == "writes-to-its-inputs"
    assert report.diagnosis.best.id == "no-log-nu"


def test_right_ones_are_not_found():
    buffer = {}

    def counting(**inputs):
        buffer["calls"] = buffer.get("calls", 0) + 1  # a state that no answer hangs on
        return value(**inputs)

    def into_one_buffer(**inputs):
        buffer.setdefault("out", np.zeros(()))[...] = value(**inputs)
        return buffer["out"]

    for impl in (value, counting, into_one_buffer):
        for dtype in ("float32", "float64"):
            report = oracle.check(impl, NAME, dtype)
            assert report.ok and not report.findings, str(report)


def test_the_order_is_the_telling_vector_first_and_last_and_the_next_twice_in_a_row():
    vectors = oracle.cases(NAME)
    first, second = telling(vectors)
    order = in_order(vectors)
    assert order[0] is order[-1] is first and len(order) == len(vectors) + 2
    assert order.index(second) + 1 == len(order) - 1 - order[::-1].index(second)
    assert set(map(id, order)) == set(map(id, vectors))


def test_what_cannot_be_copied_is_left_alone():
    assert as_before(len) is None and as_before(value) is None
    lock = __import__("threading").Lock()
    assert as_before(lambda t: (lock, t)[1])(3) == 3


def test_one_batch_is_asked_twice_too():
    vector = telling(oracle.cases(NAME))[0]
    assert oracle.compare(value, NAME, vector.inputs).ok
    report = oracle.compare(dropout(), NAME, vector.inputs)
    assert not report.ok and report.findings[0].id == "remembers"
    findings = oracle.compare(negates, NAME, vector.inputs).findings
    assert [finding.id for finding in findings] == ["writes-to-its-inputs"]


HARNESS = """
import json, math, sys
kept = []
def softplus(t):
    return max(t, 0.0) + math.log1p(math.exp(-abs(t)))
def loss(log_ratio_data, log_ratio_noise, nu):
    d = sum(softplus(math.log(nu) - g) for g in log_ratio_data)
    n = sum(softplus(g - math.log(nu)) for g in log_ratio_noise)
    return -(d + n) / len(log_ratio_data)
for line in sys.stdin:
    r = json.loads(line)
    if r["cmd"] == "stop":
        break
    if r["cmd"] == "start":
        reply = {"name": "mine", "language": "Python", "implements": ["nce_from_log_ratios"]}
    else:
        kept.append(r["id"])
        reply = {"id": r["id"], "results": {"value": loss(**r["inputs"]) CHANGE}}
    print(json.dumps(reply), flush=True)
"""


@pytest.mark.parametrize(("change", "code"), [("", 0), ("+ 0.001 * len(kept)", 1)])
def test_a_harness_is_asked_again_by_the_same_id(change, code, tmp_path, capsys):
    program = tmp_path / "harness.py"
    program.write_text(HARNESS.replace("CHANGE", change))
    command = [sys.executable, "-S", "-E", str(program)]
    answers = run_harness(command)
    assert list(answers.differences) == (["nce_from_log_ratios"] if change else [])
    assert main(["check", "--json", "--", *command]) == code
    found = json.loads(capsys.readouterr().out)["reports"][0]["findings"]
    assert [finding["id"] for finding in found] == (["remembers"] if change else [])
