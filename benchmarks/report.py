"""Writes benchmarks/REPORT.md: the kernel beside its peers, memory and growth, whole fits, the oracle's check, the
replication.

python -m benchmarks.report              measure (some fifteen minutes), keep benchmarks/measured.json, write
python -m benchmarks.report --render     write again from what was measured; ``python -m benchmarks.fits`` measures the fits alone
"""  # noqa: E501

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import fits, process
from benchmarks.fit_report import fits_sections
from benchmarks.process import HERE, MEASURED, THREADS
from benchmarks.ratios import interval
from benchmarks.ratios import spell as _spell

REPORT, PICTURE = HERE / "REPORT.md", HERE / "kernel.png"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
GROWTH = (10_000, 100_000, 1_000_000, 10_000_000)
GOALS = {1_000: 0.8, 10_000: 0.8, 100_000: 1.0, 1_000_000: 1.0}


def measure() -> dict[str, Any]:
    """Every measurement in a process of its own, one after the other."""
    found: dict[str, Any] = {"machine": machine(), "kernel": [], "growth": []}
    for cores in sorted({min(2, len(os.sched_getaffinity(0))), 1}, reverse=True):
        found["kernel"].append(_child("kernel", cores, *SIZES))
    found["growth"] = [_child("growth", n_data) for n_data in GROWTH]
    found["load_after"] = os.getloadavg()
    found["fits"] = fits.measure()
    return found


def _child(*arguments: object) -> Any:
    return process.child("benchmarks.measure", *arguments)


def machine() -> dict[str, Any]:
    """What the figures hang on."""
    versions = {}
    for name in ("numpy", "scipy", "jax", "torch", "tensorflow", "python-picard"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        [
            line.split(":")[1].strip()
            for line in cpuinfo.read_text().splitlines()
            if "model name" in line
        ]
        if cpuinfo.exists()
        else []
    )
    features = np.lib.introspect.opt_func_info(func_name="^exp$", signature="float64")
    code = features.get("exp", {}).get("dd", {}).get("current", "unknown")
    cores = len(os.sched_getaffinity(0))
    about = {
        "cpu": names[0] if names else platform.processor(),
        "cores": cores,
        "exp": code,
        "load_before": os.getloadavg(),
    }
    return {
        "python": platform.python_version(),
        "versions": versions,
        "date": date.today().isoformat(),
        **about,
    }


def _power(n_data: int) -> str:
    return f"10^{round(np.log10(n_data))}"


def fastest(rows: list[dict[str, Any]], n_data: int) -> dict[str, dict[str, Any]]:
    """Each framework's fastest writing at one T, judged by its time over ours in the same pairs."""
    best: dict[str, dict[str, Any]] = {}
    for row in (r for r in rows if r["T"] == n_data and "ours" in r):
        name = row["peer"].split(",")[0]
        ratio = interval(np.divide(row["ours"], row["theirs"]))
        if name not in best or ratio > best[name]["ratio"]:
            best[name] = row | {"ratio": ratio}
    return best


def kernel_section(found: dict[str, Any]) -> list[str]:
    lines = ["## Kernel", ""]
    lines += [
        "Value and gradient of the NCE objective, Laplace ICA with n = 4, T data and T noise"
        " points, ln p_n precomputed on both."
    ]
    lines += [
        "A cell: our time over the peer's, median of interleaved pairs with its 95 % bootstrap"
        " interval, and the peer's median time."
    ]
    lines += [
        "Of each framework the fastest of its writings counts (`peers.py`: both layouts; JAX with two log-sigmoids)."
    ]
    lines += ["`torch.compile` is an extra: the goal names jax.jit, tf.function and torch.", ""]
    for part in found["kernel"]:
        names = sorted({row["peer"].split(",")[0] for row in part["rows"]})
        lines += [f"### {part['cores']} core{'s' if part['cores'] > 1 else ''}", ""]
        lines += [
            "| T | nce_ref, ms (threads) | " + " | ".join(names) + " | goal | beside the fastest |"
        ]
        lines += ["|---" * (len(names) + 4) + "|"]
        for n_data in SIZES:
            best = fastest(part["rows"], n_data)
            if not best:
                continue
            cells = [
                f"{_spell(best[n]['ratio'])} ({1e3 * np.median(best[n]['theirs']):.3g} ms)"
                if n in best
                else "failed"
                for n in names
            ]
            top = max(
                (row for name, row in best.items() if "compile" not in name),
                key=lambda row: row["ratio"],
            )
            ours = 1e3 * float(np.median(top["ours"]))
            verdict = "met" if top["ratio"][0] <= GOALS[n_data] else "not met"
            threads = next(iter(best.values()))["threads"]
            row = [
                _power(n_data),
                f"{ours:.3g} ({threads})",
                *cells,
                f"≤ {GOALS[n_data]}",
                f"{verdict}: {top['peer']}",
            ]
            lines += ["| " + " | ".join(row) + " |"]
        failed = [
            f"{row['peer']} at T = {row['T']}: {row['failed']}"
            for row in part["rows"]
            if "failed" in row
        ]
        lines += ["", *(f"Not measured: {why}." for why in [*part["absent"].values(), *failed])]
        off = [row["off"] for row in part["rows"] if "off" in row]
        value, slope = (max(o[k] for o in off) for k in (0, 1)) if off else (0.0, 0.0)
        lines += [
            f"Largest difference from any peer: value {value:.1e} relative, gradient {slope:.1e} of its largest entry.",
            "",
        ]
    return [*lines, f"![time against T]({PICTURE.name})", ""]


def memory_section(found: dict[str, Any]) -> list[str]:
    lines = ["## Memory and growth", ""]
    lines += [
        "One thread. Time a point beside that at T = 10^4 in the same pairs; peak of what NumPy"
        " allocates (tracemalloc) in a call,"
    ]
    lines += [
        (
            "and while the objective is made, the held ln p_n (8 bytes a point) apart. Goals:"
            " within 1.25, and ≤ 64 MiB at any T."
        ),
        "",
    ]
    lines += [
        "| T | samples | ns a point | beside T = 10^4 | a call, MiB | making it, MiB |",
        "|---|---|---|---|---|---|",
    ]
    for row in found["growth"]:
        ratio = interval(np.divide(row["per_point"], row["beside"]))
        where = f"{64 * row['T'] / 2**20:.0f} MiB" + (" of files" if row["on_files"] else "")
        memory = f"{row['call_bytes'] / 2**20:.1f} | {row['door_bytes'] / 2**20:.1f}"
        lines += [
            f"| {_power(row['T'])} | {where} | {1e9 * np.median(row['per_point']):.1f} | {_spell(ratio)} | {memory} |"
        ]
    note = "Samples above 64 MiB together are read where they lie; below, one copy is made at the door."
    return [
        *lines,
        "",
        note,
        "`expand`, which the certificate asks for, takes all points at once: its memory grows with T.",
        "",
    ]


def picture(found: dict[str, Any]) -> None:
    """Time against T, log-log, a panel a number of cores."""
    try:
        import matplotlib
    except ImportError:
        print(f"matplotlib is not installed: {PICTURE.name} is left as it is", file=sys.stderr)
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(
        1, len(found["kernel"]), figsize=(10, 4.2), sharey=True, squeeze=False
    )
    for panel, part in zip(panels[0], found["kernel"]):
        best = {n_data: fastest(part["rows"], n_data) for n_data in SIZES}
        at = [n for n in SIZES if best[n]]
        for name in sorted({name for rows in best.values() for name in rows}):
            have = [n for n in at if name in best[n]]
            panel.loglog(
                have,
                [1e3 * np.median(best[n][name]["theirs"]) for n in have],
                "o--",
                lw=1,
                ms=4,
                label=name,
            )
        ours = [
            1e3 * np.median(max(best[n].values(), key=lambda row: row["ratio"])["ours"]) for n in at
        ]
        panel.loglog(at, ours, "ks-", lw=2, ms=5, label="nce_ref")
        panel.set(
            title=f"{part['cores']} core{'s' if part['cores'] > 1 else ''}",
            xlabel="T (data points, and as many of noise)",
        )
        panel.grid(True, which="major", alpha=0.3)
    panels[0][0].set_ylabel("value and gradient, ms")
    panels[0][-1].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110)


def render(found: dict[str, Any]) -> str:
    about = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    load = f"{about['load_before'][0]:.1f} before, {found['load_after'][0]:.1f} after"
    head = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Times hang on the machine; the ratios, from interleaved pairs, less so.",
        "",
    ]
    head += [
        "Other work on the machine (see the load) slows whoever has more threads: with a load above"
        " 0.5 before, the table of two"
    ]
    head += [
        "cores says little, since the peers' threads wait for each other; the table of one core stands.",
        "",
    ]
    head += [
        (
            f"{about['cpu']}, {about['cores']} cores; NumPy's exp runs as {about['exp']}. Load"
            f" average {load}. {about['date']}."
        ),
        "",
    ]
    settings = ", ".join(f"{name}=1" for name in THREADS)
    head += [
        f"Python {about['python']}, {versions}. {settings}; peers have as many threads as cores.",
        "",
    ]
    return "\n".join([*head, *kernel_section(found), *memory_section(found), *fits_sections(found)])


def main() -> None:
    if "--render" not in sys.argv[1:]:
        process.keep(**measure())
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    REPORT.write_text(render(found), encoding="utf-8")
    picture(found)
    print(REPORT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
