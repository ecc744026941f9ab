"""The adapters with the real frameworks: dtypes, derivatives, what people hand over, and what goes wrong."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle import adapters
from tests.peers.clients import load

CLIENTS, ABSENT = load()
DTYPES = ["float32", "float64"]
FRAMEWORKS = [name for name in ("torch", "jax") if name not in ABSENT]


def named(framework, objective):
    """The first right client of a framework for an objective."""
    return next(
        c.implementation for c in CLIENTS if (c.framework, c.objective) == (framework, objective)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(
    "objective",
    [
        name
        for name, o in oracle.OBJECTIVES.items()
        if o.kind == "function" and any(c.objective == name for c in CLIENTS)
    ],
)
def test_every_output_comes_in_the_dtype_of_the_inputs_as_numpys(framework, objective, dtype):
    vector = oracle.cases(objective)[0]
    outputs = named(framework, objective)(**vector.arguments(dtype))
    outputs = outputs if isinstance(outputs, dict) else {"value": outputs}
    # ln Z is neither the value nor a derivative: an adapter that differentiates does not give it.
    assert set(outputs) == set(vector.expected) - {"log_normalizer"}
    for name, value in outputs.items():
        kind = "bool" if oracle.OBJECTIVES[objective].output(name).is_decision else dtype
        assert (
            isinstance(value, np.ndarray)
            and value.dtype == kind
            and value.shape == vector.expected[name].value.shape
        )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_inputs_are_not_written_to(framework):
    inputs = oracle.cases("laplace_ica_nce")[0].arguments()
    before = {name: np.array(value) for name, value in inputs.items()}
    named(framework, "laplace_ica_nce")(**inputs)
    assert all(np.array_equal(before[name], value) for name, value in inputs.items())


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_check_names_the_function_and_judges_all_outputs(framework):
    report = oracle.check(named(framework, "binary_nce"), "binary_nce")
    assert "binary_nce as binary_nce" in str(report) and "not judged" not in str(report)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def jax():
    return pytest.importorskip("jax")


if "torch" in FRAMEWORKS:

    def test_torch_value_and_outputs_of_ones_own(torch):
        """A dict with derivatives that the code under test takes itself, tensors and plain numbers mixed."""

        def function(log_ratio_data, log_ratio_noise, nu):
            data, noise = (
                t.clone().requires_grad_(True) for t in (log_ratio_data, log_ratio_noise)
            )
            log_nu = float(np.log(nu))
            log_sigmoid = torch.nn.functional.logsigmoid
            value = (log_sigmoid(data - log_nu).sum() + log_sigmoid(log_nu - noise).sum()) / len(
                data
            )
            value.backward()
            return {
                "value": value.item(),
                "grad_log_ratio_data": data.grad,
                "grad_log_ratio_noise": noise.grad.numpy(),
            }

        for dtype in DTYPES:
            report = oracle.check(adapters.torch(function), "nce_from_log_ratios", dtype)
            assert report.ok and "not judged" not in str(report)

    def test_torch_module_with_parameters(torch):
        class Model(torch.nn.Module):
            def __init__(self, B):
                super().__init__()
                self.linear = torch.nn.Linear(*B.shape, bias=False, dtype=B.dtype)
                with torch.no_grad():
                    self.linear.weight.copy_(B)

            def forward(self, x):
                return -np.sqrt(2.0) * self.linear(x).abs().sum(dim=1)

        def function(B, x):
            model = Model(B)
            weight = model.linear.weight
            value = (
                model(x).mean()
                + torch.linalg.slogdet(weight).logabsdet
                - 0.5 * len(B) * np.log(2.0)
            )
            value.backward()
            return {"value": value, "grad_B": weight.grad}

        assert all(
            oracle.check(adapters.torch(function), "laplace_ica_mle", dtype).ok for dtype in DTYPES
        )

    def test_torch_module_as_the_function(torch):
        class LogSigmoid(torch.nn.Module):
            def forward(self, t):
                return torch.nn.functional.logsigmoid(t)

        report = oracle.check(adapters.torch(LogSigmoid(), "log_sigmoid"), "log_sigmoid")
        assert report.ok and str(report).startswith("ok: LogSigmoid as log_sigmoid")

    @pytest.mark.parametrize("grad", ["no_grad", "detach"])
    def test_torch_without_a_graph_has_derivatives_0(torch, grad):
        def function(t):
            if grad == "detach":
                return torch.nn.functional.logsigmoid(t).detach()
            with torch.no_grad():
                return torch.nn.functional.logsigmoid(t)

        report = oracle.check(adapters.torch(function, "log_sigmoid"), "log_sigmoid")
        assert not report.ok and all(
            c.passed for r in report.results for c in r.comparisons if c.output == "value"
        )
        assert all(not r.outputs["grad"].any() for r in report.results)

    def test_torch_in_half_precision_is_seen(torch):
        def function(t):
            return torch.nn.functional.logsigmoid(t.half()).to(t.dtype)

        assert not oracle.check(
            adapters.torch(function, "log_sigmoid"), "log_sigmoid", "float32"
        ).ok

    def test_torch_in_float32_throughout_is_seen_in_a_float64_check(torch):
        report = oracle.check(
            adapters.torch(lambda t: torch.nn.functional.logsigmoid(t.float()), "log_sigmoid"),
            "log_sigmoid",
        )
        assert not report.ok and "float32" in str(report)

    def test_torch_works_in_place_on_its_own_copy(torch):
        def function(t):
            return t.neg_().exp_().add_(1.0).log_().neg_()

        report = oracle.check(adapters.torch(function), "log_sigmoid", flags=["smoke"])
        assert {r.status for r in report.results} <= {"passed", "failed"} and report.results[
            0
        ].status == "passed"

    def test_torch_hook_that_raises_is_one_line(torch):
        def function(t):
            return torch.nn.functional.logsigmoid(t).reshape(3, 1000)

        report = oracle.check(adapters.torch(function, "log_sigmoid"), "log_sigmoid")
        assert all(
            r.status == "errored" and r.message.startswith("raised RuntimeError: shape")
            for r in report.results
        )


if "jax" in FRAMEWORKS:

    def test_jax_outputs_of_ones_own(jax):
        def function(t):
            value, slope = jax.vmap(jax.value_and_grad(jax.nn.log_sigmoid))(t)
            return {"value": value, "grad": slope}

        report = oracle.check(adapters.jax(function), "log_sigmoid", "float32", flags=["smoke"])
        assert {result.status for result in report.results} == {"passed"}

    def test_jax_under_jit_and_not_is_the_same(jax):
        vector = oracle.cases("binary_nce")[1]
        module = importlib.import_module("tests.peers.clients_jax")
        jitted, plain = (
            adapters.jax(f, "binary_nce")(**vector.arguments())
            for f in (module.binary_nce, module.binary_nce.__wrapped__)
        )
        assert all(
            np.allclose(jitted[name], plain[name], rtol=1e-14, atol=0) for name in vector.expected
        )

    def test_jax_without_x64_is_refused_for_float64_and_right_for_float32():
        """In a process of its own: the switch is global."""
        code = """
import json, jax
from nce_ref import oracle
from nce_ref.oracle import adapters
function = adapters.jax(lambda t: jax.nn.log_sigmoid(t), "log_sigmoid")
reports = [oracle.check(function, "log_sigmoid", dtype) for dtype in ("float32", "float64")]
print(json.dumps([[r.ok, str(r)] for r in reports]))
"""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=None
        )
        (single, _), (double, said) = json.loads(done.stdout)
        assert single and not double and 'jax.config.update("jax_enable_x64", True)' in said

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_jax_value_that_ignores_an_argument_has_the_derivative_0(jax, dtype):
        def function(B, c, x, y, noise_mean, noise_cov):
            return importlib.import_module("tests.peers.clients_jax").laplace_ica_nce(abs)(
                B, 0.0 * B[0, 0], x, y, noise_mean, noise_cov
            )

        outputs = adapters.jax(function, "laplace_ica_nce")(
            **oracle.cases("laplace_ica_nce")[0].arguments(dtype)
        )
        assert (
            outputs["grad_c"] == 0.0
            and outputs["grad_c"].dtype == dtype
            and outputs["grad_B"].any()
        )

    def test_jax_dict_with_an_objective_is_refused_in_words(jax):
        report = oracle.check(
            adapters.jax(lambda t: {"value": t}, "log_sigmoid"),
            "log_sigmoid",
            "float32",
            flags=["smoke"],
        )
        assert all(
            "the function returned a dict; expected the value as an array" in r.message
            for r in report.results
        )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_raw_tensors_without_an_adapter(framework):
    """What the oracle says when the one line is forgotten: the framework cannot take NumPy's arrays, in words, for
    every vector."""
    module = importlib.import_module(f"tests.peers.clients_{framework}")
    report = oracle.check(module.binary_nce, "binary_nce", flags=["smoke"])
    if framework == "torch":
        assert {r.status for r in report.results} == {
            "errored"
        } and "raised TypeError" in report.results[0].message
    else:  # JAX takes NumPy's arrays, and NumPy JAX's
        assert {result.status for result in report.results} == {"passed"}
