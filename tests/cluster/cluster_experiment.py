"""A fast experiment whose starts can be counted: {"log": folder, "sleep": seconds, "fail_below": number, "deadly":
1}."""

import os
import signal
import time
import uuid
from pathlib import Path

EXPERIMENT_VERSION = 1


def run(params, rng):
    x = rng.standard_normal(10)
    if "log" in params:
        (Path(params["log"]) / f"{os.getpid()}-{uuid.uuid4().hex}").touch()
    time.sleep(params.get("sleep", 0.0))
    if params.get("deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    if x[0] < params.get("fail_below", -1e9):
        raise ArithmeticError("planted failure")
    return {"mean": x.mean(), "third": x[0] / 3.0}
