"""The lesson's two tables."""

from __future__ import annotations

from ..report_tables import markdown
from .estimands import Terms, mean_of, mean_over_splits
from .evidence import WalkthroughEvidence
from .references import chance_loss
from .tables import MODELS, NU, TABLES

RIGHT = (
    ("base", "the base alone (Gaussian)"),
    ("tanh", "network, tanh × base"),
    ("softplus", "network, softplus × base"),
    ("ica", "ICA model by NCE"),
    ("optimal", "the true ln p_d"),
)
NAMES = {"gaussian": "Gaussian", "ica": "Laplace ICA", "network": "network"}


def right_table(evidence: WalkthroughEvidence) -> str:
    """Held-out loss, correlation, rmse and integral of each model of the experiment done right; means with 95 %
    half-widths."""
    have = evidence.groups.get("right")
    if not have:
        return "(no runs)\n"
    rows = []
    for name, label in RIGHT:
        cells = []
        for quantity, digits in (("loss", 4), ("correlation", 4), ("rmse", 3), ("log_integral", 4)):
            column = "optimal" if (name, quantity) == ("optimal", "loss") else f"{name}.{quantity}"
            # The base and the ICA model are not asked for their integral, and the truth's are known.
            known = (
                {"correlation": "1", "rmse": "0", "log_integral": "0"}.get(quantity, "")
                if name == "optimal"
                else ""
            )
            cells.append(_cell(evidence, "right", column, digits) if column in have[0] else known)
        if f"{name}.integral_error" in have[0]:
            cells[3] += (
                f" (standard error of one estimate {evidence.mean('right', f'{name}.integral_error'):.4f})"
            )
        rows.append([label, *cells])
    count = len(have)
    return markdown(
        ["ln p_m", "held-out loss", "correlation with ln p_d", "rmse", "ln ∫ exp f"], rows
    ) + (f"\nMeans over {count} runs ± half a 95 % interval; chance is {chance_loss(NU):.4f}.\n")


def real_table(evidence: WalkthroughEvidence) -> str:
    """Held-out loss, log-likelihood and mass of the three models on the real tables, and which to choose; empty without
    runs."""
    rows = []
    for table in TABLES:
        have = evidence.groups.get(f"real_data {table}")
        if not have:
            continue
        best = min(MODELS, key=lambda model: evidence.mean(f"real_data {table}", f"{model}.loss"))
        for model in MODELS:
            cells = []
            for quantity in ("loss", "advantage", "log_mass"):
                estimate = mean_over_splits(
                    evidence, table=table, terms=((f"{model}.{quantity}", 1.0),)
                )
                cells.append(
                    ""
                    if estimate is None
                    else f"{estimate.value:.3f} ± {_half(estimate.interval(0.95)):.3f}"
                )
            group = f"real_data {table}"
            parameters = f"{evidence.mean(group, f'{model}.n_params'):.0f}"
            own_error = f"{evidence.mean(group, f'{model}.mass_error'):.3f}"
            choice = "**lowest loss**" if model == best else ""
            rows.append(
                [table.replace("_", " "), NAMES[model], parameters, *cells, own_error, choice]
            )
    if not rows:
        return ""
    return markdown(
        [
            "table",
            "model",
            "parameters",
            "held-out loss",
            "log-likelihood",
            "ln mass",
            "its standard error",
            "choice",
        ],
        rows,
    )


def _cell(evidence: WalkthroughEvidence, experiment: str, column: str, digits: int) -> str:
    terms: Terms = ((column, 1.0),)
    estimate = mean_of(evidence, experiment=experiment, terms=terms)
    return (
        ""
        if estimate is None
        else f"{estimate.value:.{digits}f} ± {_half(estimate.interval(0.95)):.{digits}f}"
    )


def _half(interval: tuple[float, float]) -> float:
    return 0.5 * (interval[1] - interval[0])
