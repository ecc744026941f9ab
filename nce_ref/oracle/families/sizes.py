"""The sizes of a vector as numbers that an error may be a multiple of: what hints try, in this order.

Conventions
-----------
sizes    {axis: length}, as ``Objective.sizes`` has them; nu = n_noise/n_data is one of them where there are two samples
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def size_factors(sizes: Mapping[str, float]) -> dict[str, float]:
    """What a factor may be a multiple of: "1", then sizes and their reciprocals, nu = n_noise/n_data among them."""
    found = {"1": 1.0}
    known: dict[str, float] = {
        name: size for name in ("n_data", "n_noise") if (size := sizes.get(name, 0))
    }
    if len(known) == 2:
        known["nu"] = sizes["n_noise"] / sizes["n_data"]
    known |= {axis: size for axis, size in sizes.items() if axis in ("n_points", "n_dim")}
    for name, number in known.items():
        found |= {name: number, f"1/{name}": 1.0 / number}
    if "nu" in known:
        found |= {"1 + nu": 1.0 + known["nu"], "1/(1 + nu)": 1.0 / (1.0 + known["nu"])}
    return found


def size_offsets(sizes: Mapping[str, float], of_arguments: Mapping[str, float]) -> dict[str, float]:
    """What an error may be a multiple of: "1", ln nu, the value at chance, the dimension, what the arguments offer, the
    sample sizes."""
    found = {"1": 1.0}
    n_data, n_noise = sizes.get("n_data", 0), sizes.get("n_noise", 0)
    if n_noise and n_data:
        found["ln nu"] = float(np.log(n_noise / n_data))
        found |= _of_nu(n_noise / n_data)
    if "n_dim" in sizes:
        found["n_dim"] = sizes["n_dim"]
    found |= of_arguments
    found |= {name: size for name, size in (("n_data", n_data), ("n_noise", n_noise)) if size}
    found |= {f"ln {name}": float(np.log(size)) for name, size in found.items() if name[:2] == "n_"}
    return found | ({"nu": n_noise / n_data} if n_noise and n_data else {})


def _of_nu(nu: float) -> dict[str, float]:
    """What a loss is shifted by so that it is 0 at chance, where every h is 1/(1 + nu), and parts of that."""
    return {
        "(ln(1 + nu) + nu ln(1 + 1/nu)), minus the value at chance": float(
            np.log1p(nu) + nu * np.log1p(1.0 / nu)
        ),
        "nu ln nu": float(nu * np.log(nu)),
        "ln(1 + nu)": float(np.log1p(nu)),
        "nu ln(1 + 1/nu)": float(nu * np.log1p(1.0 / nu)),
        "(1 + nu)": 1.0 + nu,
        "(1 + nu) ln(1 + nu)": float((1.0 + nu) * np.log1p(nu)),
        "(1 + nu) ln nu": float((1.0 + nu) * np.log(nu)),
    }
