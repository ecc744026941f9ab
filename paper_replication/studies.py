"""The studies there are, in the order of the main report; each lives in a folder of its name, with its ``STUDY`` in
``study.py``."""

from __future__ import annotations

import importlib

from .study import Study

MAIN = "figure1"
NAMES = (
    MAIN,
    "rivals",
    "noise_choice",
    "walkthrough",
    "contrastive",
    "boltzmann",
    "tradeoff",
    "images",
)


def find_study(name: str) -> Study:
    """Return the study of that name, or the ``STUDY`` of a module given by its path; raises ValueError that lists those
    there are."""
    path = f"{__package__}.{name}.study" if name in NAMES else name
    try:
        is_path = all(part.isidentifier() for part in path.split("."))
        module = importlib.import_module(path) if is_path else None
    except ModuleNotFoundError as error:
        if error.name is None or not (path == error.name or path.startswith(error.name + ".")):
            raise  # the study is there, something it imports is not
        module = None
    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        raise ValueError(
            f"study: there is no {name!r}; there are {', '.join(NAMES)} (or the path of a module with a STUDY)"
        )
    return study


def all_studies() -> list[Study]:
    """Return every study, the main one first."""
    return [find_study(name) for name in NAMES]
