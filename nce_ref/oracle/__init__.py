"""The oracle: what outsiders consult to learn whether their noise-contrastive estimation is right, and if not, what is
wrong.

    report = oracle.check(impl, "binary_nce")        # a callable with the objective's arguments by name
    oracle.check(impl, "binary_nce", layout="rows")  # its noise (n_data, k); oracle.LAYOUTS has all of them
    oracle.cases("binary_nce", flags=["tails"])      # the vectors themselves
    print(oracle.explain(vector_id, got))            # one answer
    oracle.truth("binary_nce", **inputs)             # the right numbers for inputs of your own
    oracle.compare(impl, "binary_nce", inputs)       # a report on a batch of your own
    oracle.search(impl, "binary_nce", rng=rng)       # draws inputs until it fails, and shrinks them

How a check runs: ``vectors`` reads the stored numbers, ``check`` calls the implementation, ``judge`` compares by the
rule of ``tolerance``, ``diagnosis`` holds the failures against the catalogue of ``mistakes``, ``report`` says it.

The numbers are made by ``exact`` (``emit`` writes them), to 40 digits, with the standard library alone and by formulas
written there from the papers: nothing of them comes from the rest of the package, which is one of the judged.
"""

from nce_ref.oracle.check import check, check_answers
from nce_ref.oracle.compare import compare
from nce_ref.oracle.conventions import Convention
from nce_ref.oracle.explain import explain
from nce_ref.oracle.objectives import LAYOUTS, OBJECTIVES
from nce_ref.oracle.report import OracleFailure, Report
from nce_ref.oracle.results import CaseResult, Errored, Skipped
from nce_ref.oracle.search import Search, search
from nce_ref.oracle.truth import Truth, truth
from nce_ref.oracle.vectors import MalformedVectors, Vector, cases

__all__ = [
    "check",
    "compare",
    "cases",
    "explain",
    "Convention",
    "Report",
    "OBJECTIVES",
    "LAYOUTS",
    "OracleFailure",
    "CaseResult",
    "Vector",
    "check_answers",
    "Errored",
    "Skipped",
    "MalformedVectors",
    "Search",
    "search",
    "Truth",
    "truth",
]
