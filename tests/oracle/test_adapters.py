"""The adapters without the frameworks: stand-ins of a page, with the few names that the adapters call.

The stand-ins hold a number and, for every argument that it was made of, the derivative of its sum; the functions under
test take both from the package's textbook. The real frameworks are in ``tests/peers/test_adapters.py``.
"""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle import adapters
from tests.oracle.steps import Steps, evaluate

SMOOTH = [
    "log_sigmoid",
    "sigmoid",
    "nce_from_log_ratios",
    "binary_nce",
    "laplace_ica_nce",
    "laplace_ica_mle",
    "gaussian_nce",
]
SMOOTH += ["laplace_ica_importance_sampling", "laplace_ica_score_matching"]
DTYPES = ["float32", "float64"]


class Array:
    """A framework's array: not NumPy's, not to be read by NumPy while it is attached."""

    def __init__(self, data, slopes=(), requires_grad=False, on_cpu=True):
        self.data, self.slopes, self.requires_grad, self.on_cpu = (
            np.asarray(data),
            dict(slopes),
            requires_grad,
            on_cpu,
        )
        self.shape = self.data.shape

    def sum(self):
        return self

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise RuntimeError("detach it first")
        return self.data

    def detach(self):
        return Array(self.data, on_cpu=self.on_cpu)

    def cpu(self):
        return Array(self.data, requires_grad=self.requires_grad)

    def numpy(self):
        assert self.on_cpu
        return np.asarray(self)


@pytest.fixture
def fake_torch(monkeypatch):
    module = ModuleType("torch")
    module.Tensor, module.float32, module.float64 = Array, np.float32, np.float64
    module.tensor = lambda value, dtype, requires_grad: Array(
        np.array(value, dtype=dtype), requires_grad=requires_grad
    )
    module.zeros_like = lambda array: Array(np.zeros_like(array.data))
    module.autograd = ModuleType("torch.autograd")

    def grad(value, arguments, allow_unused):
        assert allow_unused and all(argument.requires_grad for argument in arguments)
        return tuple(value.slopes.get(id(argument)) for argument in arguments)

    module.autograd.grad = grad
    monkeypatch.setitem(sys.modules, "torch", module)
    return adapters.torch


@pytest.fixture
def fake_jax(monkeypatch):
    module, numpy = ModuleType("jax"), ModuleType("jax.numpy")
    numpy.float32, numpy.float64 = np.float32, np.float64
    numpy.asarray = lambda value, dtype: Array(np.array(value, dtype=dtype))
    module.numpy, module.config, module.x64 = numpy, ModuleType("jax.config"), True
    module.config.read = lambda name: {"jax_enable_x64": module.x64}[name]

    def value_and_grad(function, has_aux):
        assert has_aux

        def both(arguments):
            total, extra = function(arguments)
            zero = {
                name: Array(np.zeros_like(argument.data)) for name, argument in arguments.items()
            }
            return (total, extra), {
                name: total.slopes.get(id(argument), zero[name])
                for name, argument in arguments.items()
            }

        return both

    module.value_and_grad = value_and_grad
    monkeypatch.setitem(sys.modules, "jax", module)
    monkeypatch.setitem(sys.modules, "jax.numpy", numpy)
    return adapters.jax


@pytest.fixture(params=["torch", "jax"])
def adapter(request):
    return request.getfixturevalue(f"fake_{request.param}")


def plain(inputs):
    return {
        name: value.data if isinstance(value, Array) else value for name, value in inputs.items()
    }


def textbook(objective, seen=None, keep=lambda name: True, **how):
    """The right value, with its derivatives attached, in stand-ins."""
    outputs = oracle.OBJECTIVES[objective].outputs

    def value(**inputs):
        if seen is not None:
            seen.append(inputs)
        found = evaluate(
            Steps(),
            objective,
            {name: float(v) if np.ndim(v) == 0 else v for name, v in plain(inputs).items()},
        )
        slopes = {
            id(inputs[o.derivative_of]): Array(found[o.name])
            for o in outputs
            if o.derivative_of and keep(o.derivative_of)
        }
        dtype = next(v.data.dtype for v in inputs.values() if isinstance(v, Array))
        attached = any(v.requires_grad for v in inputs.values() if isinstance(v, Array))
        return Array(
            np.asarray(found["value"], dtype=dtype), slopes, **{"requires_grad": attached, **how}
        )

    return value


def test_no_framework_is_imported_before_it_is_asked_for():
    code = (
        "import sys, nce_ref.oracle, nce_ref.oracle.adapters; print({'torch', 'jax', 'autograd',"
        " 'tensorflow'} & set(sys.modules))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "set()\n"
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("objective", SMOOTH)
def test_value_and_every_derivative_arrive(adapter, objective, dtype):
    report = oracle.check(adapter(textbook(objective), objective), objective, dtype)
    assert report.ok and "not judged" not in str(report), str(report)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_the_function_is_given(adapter, dtype):
    """Arrays and what is differentiated as the framework's, in the dtype of the check; nu as a Python float."""
    seen = []
    vector = oracle.cases("laplace_ica_nce")[0]
    adapter(textbook("laplace_ica_nce", seen), "laplace_ica_nce")(**vector.arguments(dtype))
    (inputs,) = seen
    assert list(inputs) == list(vector.inputs) and all(
        type(value) is Array for value in inputs.values()
    )
    assert {value.data.dtype for value in inputs.values()} == {np.dtype(dtype)} and inputs[
        "c"
    ].shape == ()

    seen.clear()
    vector = oracle.cases("binary_nce")[0]
    adapter(textbook("binary_nce", seen), "binary_nce")(**vector.arguments(dtype))
    assert type(seen[0]["nu"]) is float and type(seen[0]["log_noise_data"]) is Array


def test_torch_differentiates_only_what_the_objective_does(fake_torch):
    seen = []
    fake_torch(textbook("binary_nce", seen), "binary_nce")(
        **oracle.cases("binary_nce")[0].arguments()
    )
    wanted = {
        name for name, value in seen[0].items() if isinstance(value, Array) and value.requires_grad
    }
    assert wanted == {"log_model_data", "log_model_noise"}


def test_the_inputs_are_copied(adapter):
    """An implementation that works in place spoils its own numbers only."""
    seen = []
    inputs = oracle.cases("binary_nce")[0].arguments()
    adapter(textbook("binary_nce", seen), "binary_nce")(**inputs)
    assert not any(
        np.shares_memory(plain(seen[0])[name], inputs[name]) for name in inputs if name != "nu"
    )


def test_a_value_off_the_cpu_comes_back(fake_torch):
    assert oracle.check(fake_torch(textbook("sigmoid", on_cpu=False), "sigmoid"), "sigmoid").ok


def test_what_the_value_does_not_depend_on_has_the_derivative_0(adapter):
    """As an optimiser would see it: a c that is cut off never moves, and that is an error."""
    cut = adapter(textbook("laplace_ica_nce", keep=lambda name: name != "c"), "laplace_ica_nce")
    inputs = oracle.cases("laplace_ica_nce")[0].arguments()
    assert cut(**inputs)["grad_c"] == 0.0 and cut(**inputs)["grad_B"].any()
    report = oracle.check(cut, "laplace_ica_nce")
    assert not report.ok and {
        c.output for result in report.failed for c in result.comparisons if not c.passed
    } == {"grad_c"}


def test_a_detached_value_has_derivatives_0(fake_torch):
    outputs = fake_torch(textbook("binary_nce", requires_grad=False), "binary_nce")(
        **oracle.cases("binary_nce")[0].arguments()
    )
    assert (
        not outputs["grad_log_model_data"].any()
        and not outputs["grad_log_model_noise"].any()
        and outputs["value"] < 0
    )


@pytest.mark.parametrize("returned", [{"value": 1.0}, 1.0, None, (1.0, 2.0), "0.5"])
def test_with_an_objective_the_value_has_to_be_the_frameworks(adapter, returned):
    report = oracle.check(adapter(lambda t: returned, "log_sigmoid"), "log_sigmoid")
    said = f"raised TypeError: the function returned a {type(returned).__name__}; expected the value as a"
    assert {result.status for result in report.results} == {"errored"} and all(
        said in r.message for r in report.results
    )


@pytest.mark.parametrize("how", ["a dict", "the value", "NumPy's", "scalars"])
def test_without_an_objective_outputs_are_only_converted(adapter, how):
    def function(t):
        found = evaluate(Steps(), "log_sigmoid", {"t": t.data})
        if how == "the value":
            return Array(found["value"])
        return found if how == "NumPy's" else {name: Array(value) for name, value in found.items()}

    def scalars(log_ratio_data, log_ratio_noise, nu):
        inputs = plain(
            {"log_ratio_data": log_ratio_data, "log_ratio_noise": log_ratio_noise, "nu": nu}
        )
        return {
            "value": np.float64(evaluate(Steps(), "nce_from_log_ratios", inputs)["value"]),
            "grad_log_ratio_data": None,
        }

    if how == "scalars":  # NumPy's own scalars have a shape, too
        assert oracle.check(adapter(scalars), "nce_from_log_ratios").ok
    else:
        assert oracle.check(adapter(function), "log_sigmoid").ok


@pytest.mark.parametrize(
    "returned, said",
    [((1.0, 2.0), "returned a tuple of 2"), ("0.5", "got text"), (None, "nothing was returned")],
)
def test_without_an_objective_what_is_no_array_is_the_oracles_to_judge(adapter, returned, said):
    report = oracle.check(adapter(lambda t: returned), "log_sigmoid")
    assert all(said in result.message for result in report.results)


def test_a_density_has_no_derivatives_to_take(adapter):
    def function(u, mean, cov):
        return Array(
            evaluate(
                Steps(), "gaussian_log_density", {"u": u.data, "mean": mean.data, "cov": cov.data}
            )["value"]
        )

    assert oracle.check(adapter(function, "gaussian_log_density"), "gaussian_log_density").ok


def test_jax_that_rounds_is_refused_and_told(fake_jax):
    sys.modules["jax"].x64 = False
    function = fake_jax(textbook("sigmoid"), "sigmoid")
    assert oracle.check(function, "sigmoid", "float32").ok
    report = oracle.check(function, "sigmoid")
    assert not report.ok and 'jax.config.update("jax_enable_x64", True)' in str(report)


def test_an_unknown_objective_is_refused_at_once(adapter):
    with pytest.raises(ValueError, match="objective: got 'nce'; expected one of"):
        adapter(lambda t: t, "nce")


def test_the_report_names_the_function(adapter):
    def my_sigmoid(t):
        return textbook("sigmoid")(t=t)

    class Module:
        def __call__(self, t):
            return my_sigmoid(t)

    assert (
        oracle.check(adapter(my_sigmoid, "sigmoid"), "sigmoid").name
        == "test_the_report_names_the_function.<locals>.my_sigmoid"
    )
    assert str(oracle.check(adapter(Module(), "sigmoid"), "sigmoid")).startswith(
        "ok: Module as sigmoid"
    )


def test_the_report_sees_another_objectives_signature(adapter):
    def mine(log_ratio_data, log_ratio_noise, nu):
        return log_ratio_data

    report = oracle.check(adapter(mine, "binary_nce"), "binary_nce")
    assert not report.ok and "nce_from_log_ratios" in report.note


class Brief(Array):
    """A bfloat16 tensor: NumPy cannot have it before it is made a float32 one."""

    dtype = "torch.bfloat16"

    def detach(self):
        return Brief(self.data, on_cpu=self.on_cpu)

    def cpu(self):
        return Brief(self.data, requires_grad=self.requires_grad)

    def numpy(self):
        raise TypeError("Got unsupported ScalarType BFloat16")

    def float(self):
        return Array(self.data)


def test_torch_gets_and_gives_bfloat16(fake_torch):
    """Although its numbers come as float32 arrays; float16 is NumPy's own."""
    module, seen = sys.modules["torch"], []
    module.bfloat16, module.float16 = "bfloat16", np.float16

    def tensor(value, dtype, requires_grad):
        seen.append(dtype)
        kind = Brief if dtype == "bfloat16" else Array
        numbers = np.array(value, dtype=np.float32 if dtype == "bfloat16" else dtype)
        return kind(numbers, requires_grad=requires_grad)

    module.tensor = tensor
    module.zeros_like = lambda array: type(array)(np.zeros_like(array.data))

    def value(t):
        given = {"t": np.asarray(t.data, dtype=np.float64)}
        found = evaluate(Steps(), "log_sigmoid", given)
        answer = type(t)(found["value"], requires_grad=True)
        answer.slopes = {id(t): type(t)(found["grad"])}
        return answer

    for dtype, native in (
        ("bfloat16", "bfloat16"),
        ("float16", np.float16),
        ("float32", np.float32),
    ):
        seen.clear()
        report = oracle.check(fake_torch(value, "log_sigmoid"), "log_sigmoid", dtype)
        assert report.ok and set(seen) == {native}, str(report)


@pytest.mark.parametrize("objective", ["binary_nce", None])
def test_what_is_done_to_tensors_in_place_is_seen(fake_torch, objective):
    def loss(**inputs):
        found = textbook("binary_nce")(**inputs)
        inputs["log_noise_data"].data -= 1.0
        return found if objective else {"value": found}

    report = oracle.check(fake_torch(loss, objective), "binary_nce")
    assert not report.ok and not report.failed
    assert [finding.id for finding in report.findings] == ["writes-to-its-inputs"]


def test_names_of_its_own_go_through_an_adapter(adapter):
    right = textbook("nce_from_log_ratios")

    def loss(pos, neg, k):
        return right(log_ratio_data=pos, log_ratio_noise=neg, nu=k)

    names = ["log_ratio_data", "log_ratio_noise", "nu"]
    for arguments in (names, dict(zip(("pos", "neg", "k"), names))):
        adapted = adapter(loss, "nce_from_log_ratios")
        report = oracle.check(adapted, "nce_from_log_ratios", arguments=arguments)
        assert report.ok and "not judged" not in str(report), str(report)


def test_a_module_that_remembers_behind_an_adapter_is_found(fake_torch):
    class Loss:
        shift = None

        def __call__(self, **inputs):
            if self.shift is None:
                self.shift = float(inputs["log_model_noise"].data.max())
            found = textbook("binary_nce")(**inputs)
            return {"value": Array(found.data + self.shift)}

    report = oracle.check(fake_torch(Loss()), "binary_nce")
    assert [finding.id for finding in report.findings] == ["remembers"]
