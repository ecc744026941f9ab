"""The sections of REPORT.md that ``fits.py`` measures: whole fits beside their peers, the profile, the oracle, the
replication.

*Conventions.* A ratio is our time over the peer's on one data set; what is shown is the median over data sets with its
bootstrap interval. A goal is judged by that median of wall time; where the machine was doing other work, processor time
is the one to read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.ratios import Interval, interval, spell

# load average at the end above which something else was running: the measurement itself is 1, now
# and then 2
BUSY_AFTER = 1.6
ORACLE_GOAL = 10.0
JAX = "jax.jit L-BFGS"

NCE_PROSE = """
`fit_nce` with its certificate beside SciPy's L-BFGS-B, default tolerances, on value and gradient by `jax.jit` and by the package itself.
Laplace ICA, n = 4, ν = 1, Gaussian noise with the data's mean and covariance, random mixing matrices, the random starts of the replication
(B0 = 0.1 N(0, 1), c0 = N(0, 1)), the same for all sides. All times include what a new data set needs, ln p_n at every point and arrays
handed over; compilation is left out. `fit_nce` uses one thread, JAX as many as there are cores. Gap: how far below the best end of any
side, per data point. Smallest subgradient: the median. Goal: at T = 16000 from one start, no more time than L-BFGS-B on `jax.jit`.
"""
MLE_PROSE = """
`fit_mle` beside python-picard. The likelihood has kinks at its maximum, and Picard needs a second derivative: its custom density has
√(s² + ε²) for |s|, and it stops where the largest entry of its own relative gradient is below 1e-7, its default. `fit_mle` climbs the
likelihood itself until the smallest subgradient is below 1e-8. That is the comparable gradient: each is at zero of its own objective. To
the likelihood Picard's objective is the nearer the smaller ε is; off by √(2 T gap), in standard errors along the way from the best end
known, says how near. Both from the random start of above, or both from Picard's own kind of start, whitening and a rotation, its time
included. Goal: no more time than Picard's, from the same start. One verdict for each ε, since what is comparable may be disputed: to be
off by less than 0.1 hardly matters to an estimate, yet the smaller ε, the nearer the question is to the one that `fit_mle` answers.
"""
PROFILE_PROSE = """
Shares of the time of fits from one start, one core, one thread, with every function watched (`fit_profile.py`). First the phases, then the
kinds of work in all phases together.
"""


def fits_sections(found: dict[str, Any]) -> list[str]:
    """All of them; one line that says how to get them where they were not measured."""
    fits = found.get("fits")
    if fits is None:
        return ["## Fits", "", "Not measured: `python -m benchmarks.fits`.", ""]
    parts = {
        "nce": nce_section,
        "mle": mle_section,
        "profile": profile_section,
        "oracle": oracle_section,
        "replication": replication_section,
    }
    lines = ["## Fits", ""]
    for name, section in parts.items():
        if name in fits:
            title, *rest = section(fits)
            lines += [title, "", _load(fits["about"][name]), *rest]
    return lines


def _load(about: dict[str, Any]) -> str:
    text = f"Load average {about['load_before'][0]:.1f} before, {about['load_after'][0]:.1f} after, {about['date']}."
    busy = about["load_after"][0] > BUSY_AFTER
    return text + (
        " **The machine was doing other work: processor time is the one to read.**" if busy else ""
    )


def _prose(text: str) -> str:
    return " ".join(text.split())


def _head(*columns: str) -> list[str]:
    return [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]


def verdict(ratio: Interval, goal: float = 1.0) -> str:
    """Met or not by the median; how near where not, and whether the interval leaves it open."""
    said = "met" if ratio[0] <= goal else f"not met, {ratio[0] / goal:.2f} times the goal"
    return said + (" (the interval holds the goal)" if ratio[1] <= goal < ratio[2] else "")


def ratios(rows: list[dict[str, Any]], ours: str, theirs: str, clock: str = "wall") -> Interval:
    """Our time over theirs, over data sets."""
    return interval([row[ours][clock] / row[theirs][clock] for row in rows])


def _median(rows: list[dict[str, Any]], name: str, what: str) -> float:
    return float(np.median([row[name][what] for row in rows]))


def _ends(rows: list[dict[str, Any]], name: str) -> list[str]:
    gaps = [row[name]["gap"] for row in rows]
    certified = sum(row[name]["certified"] for row in rows)
    stationarity = _median(rows, name, "stationarity")
    return [
        f"{np.median(gaps):.1e}, {max(gaps):.1e}",
        f"{stationarity:.0e}",
        f"{certified} of {len(rows)}",
    ]


def _not_measured(parts: list[dict[str, Any]]) -> list[str]:
    return [
        f"Not measured: {why}." for why in sorted({why for part in parts for why in part["absent"]})
    ]


def nce_section(fits: dict[str, Any]) -> list[str]:
    lines = ["### NCE", "", _prose(NCE_PROSE), ""]
    for part in fits["nce"]:
        rows, cores, starts = part["rows"], part["cores"], part["n_starts"]
        title = (
            f"T = {part['T']}, {'one start' if starts == 1 else f'best of {starts} starts'},"
            f" {cores} core{'s' if cores > 1 else ''}"
        )
        lines += [f"**{title}**, {len(rows)} data sets", ""]
        columns = (
            "ms",
            "evaluations",
            "nce_ref's time over its",
            "processor time",
            "gap: median, largest",
            "smallest subgradient",
            "certified",
        )
        lines += _head(*columns)
        for name in rows[0]:
            beside = (
                [spell(ratios(rows, "nce_ref", name, clock)) for clock in ("wall", "cpu")]
                if name != "nce_ref"
                else ["", ""]
            )
            label = name if name != JAX else f"L-BFGS-B on {part['writing']}"
            cells = [
                label,
                f"{1e3 * _median(rows, name, 'wall'):.3g}",
                f"{_median(rows, name, 'n'):.0f}",
                *beside,
                *_ends(rows, name),
            ]
            lines += ["| " + " | ".join(cells) + " |"]
        peer = JAX
        if peer in rows[0]:
            goal = (
                f"Goal {verdict(ratios(rows, 'nce_ref', peer))}."
                if (part["T"], starts) == (16_000, 1)
                else "No goal is set here."
            )
            higher = sum(row["nce_ref"]["gap"] < row[peer]["gap"] for row in rows)
            lines += ["", f"{goal} nce_ref ended higher in {higher} of {len(rows)}."]
        lines += [""]
    return [*lines, *_not_measured(fits["nce"]), ""]


def mle_section(fits: dict[str, Any]) -> list[str]:
    lines = ["### Maximum likelihood", "", _prose(MLE_PROSE), ""]
    for part in fits["mle"]:
        rows = part["rows"]
        names = list(rows[0])
        ours = {
            name: next(
                other
                for other in names
                if other.startswith("nce_ref") and _start(other) == _start(name)
            )
            for name in names
        }
        peers = [name for name in names if not name.startswith("nce_ref")]
        lines += [
            f"**T = {part['T']}, {part['cores']} core{'s' if part['cores'] > 1 else ''}**, {len(rows)} data sets",
            "",
        ]
        columns = (
            "ms",
            "steps",
            "nce_ref's time over its",
            "processor time",
            "own gradient",
            "smallest subgradient",
            "off by",
            "certified",
        )
        lines += _head(*columns)
        for name in names:
            beside = (
                [spell(ratios(rows, ours[name], name, clock)) for clock in ("wall", "cpu")]
                if name in peers
                else ["", ""]
            )
            own = _median(rows, name, "own_gradient" if name in peers else "stationarity")
            off = float(
                np.median([np.sqrt(2.0 * part["T"] * max(row[name]["gap"], 0.0)) for row in rows])
            )
            cells = [
                name,
                f"{1e3 * _median(rows, name, 'wall'):.3g}",
                f"{_median(rows, name, 'n'):.0f}",
                *beside,
                f"{own:.0e}",
            ]
            cells += [_ends(rows, name)[1], f"{off:.2g}", _ends(rows, name)[2]]
            lines += ["| " + " | ".join(cells) + " |"]
        lines += [""]
        if peers and part["T"] == 16_000:
            lines += [
                f"- {name}: goal {verdict(ratios(rows, ours[name], name))}." for name in peers
            ]
        elif peers:
            lines += ["No goal is set here."]
        lines += [""]
    return [*lines, *_not_measured(fits["mle"]), ""]


def _start(name: str) -> str:
    return name.split(", ")[1]


def profile_section(fits: dict[str, Any]) -> list[str]:
    lines = ["### Where the time of a certified fit goes", "", _prose(PROFILE_PROSE), ""]
    parts = fits["profile"]
    lines += [
        "| | " + " | ".join(f"`fit_{part['what']}`, T = {part['T']}" for part in parts) + " |",
        "|---" * (len(parts) + 1) + "|",
    ]
    lines += [
        "| ms a fit (watched) | "
        + " | ".join(f"{1e3 * p['seconds']:.3g} ({1e3 * p['watched_seconds']:.3g})" for p in parts)
        + " |"
    ]
    calls = {
        "second_order": "evaluations with gradient and Hessian, smoothed",
        "expand": "evaluations with all kinks",
        "solve_kinked_quadratic": "quadratic programmes",
    }
    lines += [
        f"| {label} | " + " | ".join(f"{part['calls'][name]:.1f}" for part in parts) + " |"
        for name, label in calls.items()
    ]
    for group in ("phases", "kinds"):
        names = list(dict.fromkeys(name for part in parts for name in part[group]))
        for name in names:
            lines += [
                f"| {name} | "
                + " | ".join(f"{100 * part[group].get(name, 0.0):.0f} %" for part in parts)
                + " |"
            ]
        lines += ["|" + " |" * (len(parts) + 1)] if group == "phases" else []
    return [*lines, "", *_beside_the_peer(fits), ""]


def _beside_the_peer(fits: dict[str, Any]) -> list[str]:
    """What the Hessians alone cost, beside a whole fit of the peer: why the goal is missed, or how it was reached."""
    same = [
        (p, q)
        for p in fits["profile"]
        for q in fits.get("nce", [])
        if (p["what"], p["T"], 1, 1) == ("nce", q["T"], q["n_starts"], q["cores"])
    ]
    return [
        f"At T = {p['T']} the Hessians take"
        f" {1e3 * p['seconds'] * p['kinds'].get('Hessian', 0.0):.0f} ms of a certified fit's"
        f" {1e3 * p['seconds']:.0f}; a whole fit by L-BFGS-B on jax.jit takes"
        f" {1e3 * _median(q['rows'], JAX, 'wall'):.0f} ms, without any."
        for p, q in same
        if JAX in q["rows"][0]
    ]


def oracle_section(fits: dict[str, Any]) -> list[str]:
    (part,) = fits["oracle"]
    longest = max(part["seconds"].values()) + part["importing"]
    seconds = ", ".join(f"{dtype} {value:.1f} s" for dtype, value in part["seconds"].items())
    vectors = f"all {part['n_vectors']} vectors of {part['n_objectives']} objectives"
    lines = ["### The oracle's check", ""]
    lines += [
        f"The package's own functions on {vectors}, answered and judged, in a fresh process, one core: {seconds},"
    ]
    lines += [f"and {part['importing']:.1f} s for the import."]
    met = "met" if longest <= ORACLE_GOAL else "not met"
    lines += [f"Goal, at most {ORACLE_GOAL:.0f} s: {met} ({longest:.1f} s with the import)."]
    lines += [f"Failed: {', '.join(part['failed'])}."] if part["failed"] else ["All pass."]
    for why in sorted(set(part["known"].values())):
        names = ", ".join(vector_id for vector_id, reason in part["known"].items() if reason == why)
        lines += [f"Expected failures in float64, not counted ({why}): {names}."]
    return [*lines, ""]


def replication_section(fits: dict[str, Any]) -> list[str]:
    (part,) = fits["replication"]
    serial, parallel, a_run = part["serial"], part["parallel"], part["fits_a_run"]
    lines = ["### Replication", ""]
    lines += [
        f"Runs of `figure1` at T = {part['T']}, each of {a_run} certified fits (MLE, NCE with"
        " Gaussian and with Laplace noise) and"
    ]
    lines += [f"{a_run} by L-BFGS, all from five starts, errors and intervals included."]
    lines += [f"{part['certified']:.0f} of {a_run * serial['runs']} fits were certified.", ""]
    lines += _head("runs a second", "certified fits a second", "processor seconds a run")
    pace = serial["runs"] / serial["wall"]
    lines += [
        f"| one process | {pace:.2f} | {a_run * pace:.2f} | {serial['cpu'] / serial['runs']:.2f} |"
    ]
    pace = parallel["runs"] / parallel["wall"]
    name = f"the runner, {parallel['processes']} processes on {part['cores']} cores, {parallel['runs']} runs"
    lines += [f"| {name} | {pace:.2f} | {a_run * pace:.2f} | |"]
    return [*lines, ""]
