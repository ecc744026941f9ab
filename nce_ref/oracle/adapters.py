"""One line between a framework and the oracle: tensors in, arrays out, and derivatives by the framework's own autodiff.

    oracle.check(adapters.torch(loss, "binary_nce"), "binary_nce")       loss takes tensors, returns a scalar tensor
    oracle.check(adapters.jax(loss, "laplace_ica_nce"), "laplace_ica_nce", dtype="float32")

Conventions
-----------
function   takes the objective's arguments by name, arrays as the framework's, scalars that are differentiated too
objective  with it, what the function returns is the value, and every derivative that the objective has is taken by
           autodiff; without it, the function returns its own outputs, which are only converted
types      those of the arrays; in a check of bfloat16, whose numbers come as float32, the framework's bfloat16
elementwise  the derivative of an array of values is that of their sum: right for functions applied entry by entry

A framework is imported when its adapter is called, never before. What comes back keeps the name and signature of the
function, so that the report names it, and sees where it takes another objective's arguments.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nce_ref.oracle.dtypes import DECLARED
from nce_ref.oracle.objectives import Output, find_objective

Function = Callable[..., Any]


def torch(function: Function, objective: str | None = None, *, layout: str = "flat") -> Function:
    """Adapt a PyTorch function: float arrays become tensors of the same dtype on the CPU.

    A value that does not depend on an argument (a detached tensor) gets the derivative 0, as an optimiser would see it.
    """
    import torch as framework

    objective = None if objective is None else find_objective(objective, layout).name
    derivatives = _derivatives(objective)

    def adapted(**inputs: Any) -> Any:
        dtype = getattr(framework, _float_type(inputs))
        wanted = {output.derivative_of for output in derivatives}
        # A scalar that is not differentiated stays a Python float: torch.tensor(2.5) would be a number of float32.
        given = {
            name: framework.tensor(value, dtype=dtype, requires_grad=name in wanted)
            if isinstance(value, np.ndarray) or name in wanted
            else value
            for name, value in inputs.items()
        }
        returned = function(**given)
        _write_back(inputs, given)
        if not derivatives:
            return _converted(returned, _from_torch)
        if not isinstance(returned, framework.Tensor):
            raise TypeError(
                f"the function returned a {type(returned).__name__}; expected the value as a"
                " tensor, or no objective here"
            )
        arguments = [given[str(output.derivative_of)] for output in derivatives]
        gradients: tuple[Any, ...] = (None,) * len(arguments)
        if returned.requires_grad:
            gradients = framework.autograd.grad(returned.sum(), arguments, allow_unused=True)
        outputs = {"value": _from_torch(returned)}
        for output, argument, gradient in zip(derivatives, arguments, gradients):
            outputs[output.name] = _from_torch(
                framework.zeros_like(argument) if gradient is None else gradient
            )
        return outputs

    return _named(adapted, function, torch, objective)


def jax(function: Function, objective: str | None = None, *, layout: str = "flat") -> Function:
    """Adapt a JAX function. Raises ValueError for float64 inputs while JAX would round them to float32 unasked."""
    import jax as framework
    import jax.numpy as jnp

    objective = None if objective is None else find_objective(objective, layout).name
    derivatives = _derivatives(objective)

    def adapted(**inputs: Any) -> Any:
        dtype = getattr(jnp, _float_type(inputs))
        if dtype == jnp.float64 and not framework.config.read("jax_enable_x64"):
            raise ValueError(
                'JAX rounds to float32 unless jax.config.update("jax_enable_x64", True) is called;'
                ' or check dtype="float32"'
            )
        wanted = [str(output.derivative_of) for output in derivatives]
        given = {
            name: jnp.asarray(value, dtype=dtype)
            if isinstance(value, np.ndarray) or name in wanted
            else value
            for name, value in inputs.items()
        }
        if not derivatives:
            return _converted(function(**given), _from_jax)

        def total(arguments: Mapping[str, Any]) -> tuple[Any, Any]:
            value = function(**{**given, **arguments})
            if not hasattr(value, "shape"):
                raise TypeError(
                    f"the function returned a {type(value).__name__}; expected the value as an"
                    " array, or no objective here"
                )
            return value.sum(), value

        (_, value), gradients = framework.value_and_grad(total, has_aux=True)(
            {name: given[name] for name in wanted}
        )
        return {
            "value": _from_jax(value),
            **{output.name: _from_jax(gradients[output.derivative_of]) for output in derivatives},
        }

    return _named(adapted, function, jax, objective)


def _from_torch(tensor: Any) -> Any:
    """NumPy has no bfloat16, and every one is a float32."""
    plain = tensor.detach().cpu()
    return (
        plain.float() if str(getattr(plain, "dtype", "")) == "torch.bfloat16" else plain
    ).numpy()


def _from_jax(array: Any) -> Any:
    """The same."""
    found = np.asarray(array)
    return found.astype(np.float32) if found.dtype.name == "bfloat16" else found


def _derivatives(objective: str | None) -> tuple[Output, ...]:
    if objective is None:
        return ()
    return tuple(
        output for output in find_objective(objective).outputs if output.derivative_of is not None
    )


def _float_type(inputs: Mapping[str, Any]) -> str:
    """The framework's name of the type that is checked: of the arrays, but for bfloat16, whose numbers come as
    float32."""
    if DECLARED.get() == "bfloat16":
        return "bfloat16"
    kinds = {str(value.dtype) for value in inputs.values() if isinstance(value, np.ndarray)}
    return next((kind for kind in ("float16", "float32") if kind in kinds), "float64")


def _converted(returned: Any, convert: Callable[[Any], Any]) -> Any:
    """What the function returned, with the framework's arrays as NumPy's; the rest as it came, for the oracle to
    judge."""

    def one(value: Any) -> Any:
        is_foreign = hasattr(value, "shape") and not isinstance(value, np.ndarray | np.generic)
        return convert(value) if is_foreign else value

    return (
        {name: one(value) for name, value in returned.items()}
        if isinstance(returned, Mapping)
        else one(returned)
    )


def _write_back(inputs: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """What the function did to its tensors in place, done to the arrays, where it is seen."""
    for name, value in inputs.items():
        if not isinstance(value, np.ndarray):
            continue
        try:
            after = np.asarray(_from_torch(given[name]))
        except TypeError:  # a type that NumPy does not have
            continue
        if after.dtype == value.dtype and after.tobytes() != value.tobytes():
            value[...] = after if after.shape == value.shape else np.nan


def _named(
    adapted: Function, function: Function, adapter: Function, objective: str | None
) -> Function:
    adapted.__dict__["adapted_from"] = (adapter, function, objective)
    # Not the attributes: a module's parameters are no business of the wrapper's.
    functools.update_wrapper(adapted, function, updated=())
    if not hasattr(function, "__qualname__"):
        adapted.__qualname__ = type(function).__name__
    return adapted
