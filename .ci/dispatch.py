"""Which machine code computes the numbers: what NumPy dispatches to and the kernel of OpenBLAS, to be chosen and
asserted.

A wrong name in NPY_DISABLE_CPU_FEATURES or OPENBLAS_CORETYPE is ignored in silence, and the right ones differ from
version to version, so they are read off the NumPy that is installed, and what is active is asserted in every process
that computes.

    python .ci/dispatch.py              other settings that this processor can run, one a line, for ``env``
    pytest -p dispatch                  with .ci in PYTHONPATH: stops unless what is active is what was asked for

Conventions
-----------
NCE_REF_CI_FEATURES   the dispatched features that are to be active, by commas; "none"
NCE_REF_CI_KERNEL     the kernel of OpenBLAS, of NumPy's and of SciPy's copy, where they can be read: in wheels for
                      Linux
NCE_REF_CI_VERSIONS   "numpy==2.0.0,scipy>=1.13.0": versions that are to be installed, in numbers with dots
"""

from __future__ import annotations

import ctypes
import importlib
import os
import platform
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import numpy as np
import scipy.linalg  # loads its copy of OpenBLAS

# What a kernel needs of the processor, the widest first.
KERNELS = {
    "SkylakeX": ("AVX512F", "AVX512DQ", "AVX512BW", "AVX512VL"),
    "Haswell": ("AVX2", "FMA3"),
    "Sandybridge": ("AVX",),
    "Nehalem": ("SSE42",),
}


def features() -> tuple[str, ...]:
    """Those of NumPy's dispatched features that are active in this process."""
    inside = importlib.import_module("numpy._core._multiarray_umath")
    return tuple(name for name in inside.__cpu_dispatch__ if inside.__cpu_features__.get(name))


def kernels() -> dict[str, str]:
    """NumPy's and SciPy's kernel of OpenBLAS in this process; nothing where the library is not beside the package."""
    found = {}
    for package in (np, scipy):
        folder = Path(package.__file__).parents[1] / f"{package.__name__}.libs"
        for path in sorted(folder.glob("*openblas*.so*")):
            library = ctypes.CDLL(str(path))
            for name in ("scipy_openblas_get_corename", "openblas_get_corename"):
                for ending in ("64_", ""):
                    if hasattr(library, name + ending):
                        get = getattr(library, name + ending)
                        get.restype = ctypes.c_char_p
                        found[package.__name__] = get().decode()
    return found


def settings() -> list[str]:
    """Without what is wider than AVX2, where the processor has that, and without anything dispatched; each with another
    kernel.

    A kernel is named only after it has been tried, in a process of its own.
    """
    active, now = features(), set(kernels().values())
    wide = [name for name in active if name.startswith(("AVX512", "X86_V4"))]
    fit = _fitting_kernels()
    others = [kernel for kernel in fit if kernel not in now]
    wanted = [(wide, others)] if wide and len(wide) < len(active) else []
    wanted += [(list(active), fit[::-1])] if active else []
    return [_first_that_runs(disabled, kernels) for disabled, kernels in wanted]


def problems(environment: dict[str, str]) -> list[str]:
    """What is not as the environment asks."""
    found = []
    if wanted := environment.get("NCE_REF_CI_FEATURES"):
        active = ",".join(features()) or "none"
        if active != wanted:
            found.append(f"NumPy {np.__version__} dispatches to {active}; wanted {wanted}")
    if wanted := environment.get("NCE_REF_CI_KERNEL"):
        for name, kernel in kernels().items():
            if kernel != wanted:
                found.append(f"{name}'s OpenBLAS runs {kernel}; wanted {wanted}")
    for asked in filter(None, environment.get("NCE_REF_CI_VERSIONS", "").split(",")):
        name, relation, wanted = re.fullmatch(r"(\w+)(==|>=)([\d.]+)", asked).groups()
        version = importlib.import_module(name).__version__
        pairs = list(zip_longest(_numbers(version), _numbers(wanted), fillvalue=0))
        got, want = ([pair[k] for pair in pairs] for k in (0, 1))
        if not (got == want if relation == "==" else got >= want):
            found.append(f"{name} {version} is installed; wanted {relation}{wanted}")
    return found


def described() -> str:
    """One line of what computes here."""
    blas = ", ".join(f"{name} {kernel}" for name, kernel in kernels().items()) or "unknown"
    versions = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    )
    return f"{versions}; dispatch: {' '.join(features()) or 'none'}; OpenBLAS: {blas}"


def pytest_configure(config):
    """In the main process and in every worker."""
    import pytest

    if found := problems(dict(os.environ)):
        raise pytest.UsageError("; ".join(found))


def pytest_report_header(config):
    return described()


def _fitting_kernels() -> list[str]:
    """Those that this processor can run, the widest first; none where it is another kind, or OpenBLAS cannot be
    asked."""
    if platform.machine() not in ("x86_64", "AMD64") or not kernels():
        return []
    has = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    return [kernel for kernel, needs in KERNELS.items() if all(map(has.get, needs))]


def _first_that_runs(disabled: list[str], others: list[str]) -> str:
    """The setting with the first kernel that both copies of OpenBLAS were built with; with the usual one where there is
    none."""
    left = [name for name in features() if name not in disabled]
    setting = {
        "NPY_DISABLE_CPU_FEATURES": ",".join(disabled),
        "NCE_REF_CI_FEATURES": ",".join(left) or "none",
    }
    for kernel in others:
        with_kernel = {**setting, "OPENBLAS_CORETYPE": kernel, "NCE_REF_CI_KERNEL": kernel}
        command = [sys.executable, __file__, "check"]
        done = subprocess.run(command, env={**os.environ, **with_kernel}, capture_output=True)
        if done.returncode == 0:
            return _line(with_kernel)
    return _line(setting)


def _line(setting: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in setting.items())


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.match(r"\d+(\.\d+)*", version)[0].split(".")]


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit("; ".join(problems(dict(os.environ))) or None)
    for line in settings():
        print(line)
