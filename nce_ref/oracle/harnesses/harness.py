"""A harness in plain Python, to be copied: nothing but the standard library. Run it by
`nce-ref check -- python3 harness.py`."""

import json
import sys
from math import exp, fsum, log, log1p


def log_sigmoid(t):  # -ln(1 + e^-t) without overflow: e has a negative exponent on either side
    return min(t, 0.0) - log1p(exp(-abs(t)))


def sigmoid(t):
    e = exp(-abs(t))
    return 1.0 / (1.0 + e) if t >= 0.0 else e / (1.0 + e)


def nce(log_ratio_data, log_ratio_noise, nu):
    """J = (1/n_data) [sum ln sigma(G - ln nu) + sum ln sigma(ln nu - G)], G = ln p_m - ln p_n, and dJ/dG."""
    n, t = len(log_ratio_data), log(nu)
    value = fsum([log_sigmoid(g - t) for g in log_ratio_data] + [log_sigmoid(t - g) for g in log_ratio_noise]) / n
    return value, [sigmoid(t - g) / n for g in log_ratio_data], [-sigmoid(g - t) / n for g in log_ratio_noise]


# One function an objective: named inputs in, named outputs out. What is left out counts as unsupported, not as wrong.
def run_log_sigmoid(t):
    return {"value": [log_sigmoid(s) for s in t], "grad": [sigmoid(-s) for s in t]}


def run_nce_from_log_ratios(log_ratio_data, log_ratio_noise, nu):
    value, data, noise = nce(log_ratio_data, log_ratio_noise, nu)
    return {"value": value, "grad_log_ratio_data": data, "grad_log_ratio_noise": noise}


def run_binary_nce(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    on_data = [m - n for m, n in zip(log_model_data, log_noise_data)]
    on_noise = [m - n for m, n in zip(log_model_noise, log_noise_noise)]
    value, data, noise = nce(on_data, on_noise, nu)
    return {"value": value, "grad_log_model_data": data, "grad_log_model_noise": noise}


OFFERED = {"log_sigmoid": run_log_sigmoid, "nce_from_log_ratios": run_nce_from_log_ratios, "binary_nce": run_binary_nce}

for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "stop":
        break
    if request["cmd"] == "start":
        reply = {"name": "plain Python", "language": "Python", "implements": list(OFFERED)}
    else:
        try:
            reply = {"id": request["id"], "results": OFFERED[request["objective"]](**request["inputs"])}
        except Exception as error:  # an error is an answer, too: the run goes on
            reply = {"id": request["id"], "errored": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)  # one line an answer, flushed
