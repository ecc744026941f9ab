"""A fast experiment with levers: {"sleep": seconds}, {"fail": repetition drawn}, {"nan": 1}, {"threads": 1}."""

import os
import time

import numpy as np

EXPERIMENT_VERSION = 3


def expected_seconds(params):
    return 1e-3 * params.get("n_data", 1)


def run(params, rng):
    x = rng.standard_normal(params.get("n_data", 10))
    time.sleep(params.get("sleep", 0.0))
    if "fail_below" in params and x[0] < params["fail_below"]:
        raise ArithmeticError("planted failure")
    if params.get("nan"):
        return {"mean": np.nan}
    if params.get("threads"):
        matrix = np.ones((400, 400))
        matrix @ matrix
        # main thread and the one that watches the parent; a threaded BLAS would show here as more
        count = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 2
        return {"threads": count, "omp": float(os.environ["OMP_NUM_THREADS"])}
    return {"mean": np.mean(x), "third": 1.0 / 3.0 * x[0], "count": x.size}
