"""Which runs the study makes: a run is one part of one draw of patches, ``experiments/fits.py``.

*Conventions.* A part holds one or several models: ``PART_OF`` says where a model's results are. Repetition is always 0;
what varies is the draw.
"""

from __future__ import annotations

from ..profiles import Batch, Profile
from .photographs import NEEDS

EXPERIMENT = "images"
SIZES = (8, 16)
DRAWS = {8: 3, 16: 1}
AGAIN = {"size": 16, "draw": 1, "part": "layers"}  # a second draw of this part alone
PARTS = ("layers", "rotated", "gain", "laplace", "spline", "control", "field")
CONTROLLED = (8,)  # the positive control is made at the smaller size alone
PART_OF = {
    "one": "layers",
    "ten": "layers",
    "two": "layers",
    "rotation": "rotated",
    "gain": "gain",
    "laplace": "laplace",
    "spline": "spline",
    "control": "control",
}
MODELS = {
    "rotation": "one layer, W a random rotation",
    "one": "one layer",
    "ten": "one layer, ν = 10",
    "spline": "one layer, shape learnt (spline)",
    "gain": "one layer with a gain",
    "two": "two layers",
    "laplace": "Laplace ICA on the sphere",
}


def group(size: int, draw: int, part: str) -> str:
    """The group of one run, as ``gather_columns`` names it."""
    return f"{EXPERIMENT} draw={draw} part={part} size={size}"


def _batches(draws: dict[int, int]) -> tuple[Batch, ...]:
    return tuple(
        Batch(EXPERIMENT, {"size": size, "draw": draw, "part": part}, 1, needs=NEEDS)
        for size, n in draws.items()
        for draw in range(n)
        for part in PARTS
        if part != "control" or size != 16
    )


PROFILES = (
    Profile("smoke", "tiny patches, every part once", 20.0, _batches({5: 1})),
    Profile("quick", "patches of 8 x 8 pixels, one draw", 120.0, _batches({8: 1})),
    Profile(
        "full",
        "8 x 8 pixels, three draws, and 16 x 16, one, of two layers and one layer two",
        1800.0,
        (*_batches(DRAWS), Batch(EXPERIMENT, AGAIN, 1, needs=NEEDS)),
    ),
)
