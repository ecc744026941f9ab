"""The photographs: what scikit-image and scikit-learn ship in their wheels, under licences that the packages state.

They are not the paper's (van Hateren's are in no package), and most are not of wild life. Left out: what states no
licence (``moon``,
``motorcycle_*``), what is no photograph of a scene (``cell``, ``retina``, ``hubble_deep_field``, ``page``, ``text``
...), what is
motion-blurred on purpose (``clock``). SciPy ships none: ``scipy.datasets`` downloads.
"""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np

from .models import Float

SKIMAGE, SKLEARN = "skimage", "sklearn"
LICENCES = {
    "astronaut": (SKIMAGE, "NASA, public domain"),
    "brick": (SKIMAGE, "CC0, CC0Textures"),
    "camera": (SKIMAGE, "CC0, Lav Varshney"),
    "chelsea": (SKIMAGE, "CC0, Stefan van der Walt"),
    "coffee": (SKIMAGE, "CC0, Rachel Michetti"),
    "coins": (SKIMAGE, "no known restrictions, Brooklyn Museum"),
    "grass": (SKIMAGE, "CC0, linolafett"),
    "gravel": (SKIMAGE, "CC0, CC0Textures"),
    "rocket": (SKIMAGE, "public domain, SpaceX"),
    "china": (SKLEARN, "CC BY 2.0, danielbuechele"),
    "flower": (SKLEARN, "CC BY 2.0, vultilion"),
}
NAMES = tuple(sorted(LICENCES))
NEEDS = f"{SKIMAGE} {SKLEARN}"
LUMINANCE = np.array([0.299, 0.587, 0.114])


def photograph(name: str) -> Float:
    """Return one photograph's luminance, rows and columns of numbers from 0 to 255. ValueError where its package is
    not installed."""
    package = LICENCES[name][0]
    if importlib.util.find_spec(package) is None:
        raise ValueError(f"{package} is not installed; pip install -e '.[images]' brings it")
    if package == SKIMAGE:
        pixels = getattr(importlib.import_module("skimage.data"), name)()
    else:
        pixels = importlib.import_module("sklearn.datasets").load_sample_image(f"{name}.jpg")
    found = np.asarray(pixels, dtype=np.float64)
    return found @ LUMINANCE if found.ndim == 3 else found


def photographs() -> dict[str, Float]:
    """Return all of them by name, as ln(luminance + 8), each with mean 0 and deviation 1."""
    found = {}
    for name in NAMES:
        logs = np.log(photograph(name) + 8.0)
        found[name] = (logs - logs.mean()) / logs.std()
    return found
