"""Which runs the study makes. One run is one mixing matrix and is stored when it ends, so any part is a shard and any
stop resumes.

full     500 matrices as in the papers, but for nu = 100: 300 up to T = 2000, 100 from T = 4000 on; 150 for error
         against time
quick    every path at a glance: 20 to 24 matrices, few sample sizes
smoke    one or two small runs each, for the tests
"""

from __future__ import annotations

from ..profiles import Batch, Profile
from .evidence import ROOT
from .published import NUS, SIZES

ORTHOGONAL_SIZE = 64000


def _batch(name: str, n_repetitions: int, **params: object) -> Batch:
    return Batch(ROOT + name, params, n_repetitions)


def _nu_matrices(nu: float, n_data: int) -> int:
    return 500 if nu < 100.0 else 300 if n_data < 4000 else 100


FULL = (
    *(_batch("curves", 500, n_data=size) for size in SIZES),
    _batch("race", 150, sizes=list(SIZES)),
    *(
        _batch("nu_sweep", _nu_matrices(nu, size), n_data=size, nu=nu)
        for nu in NUS
        for size in SIZES
    ),
    _batch("orthogonal", 100, n_data=ORTHOGONAL_SIZE),
)
QUICK = (
    *(
        _batch("curves", count, n_data=size)
        for size, count in ((250, 24), (1000, 24), (2000, 20), (4000, 20), (8000, 20), (16000, 20))
    ),
    _batch("race", 20, sizes=list(SIZES)),
    *(_batch("nu_sweep", 20, n_data=size, nu=nu) for nu in NUS[:4] for size in (250, 2000, 16000)),
    *(_batch("nu_sweep", 20, n_data=size, nu=100.0) for size in (250, 2000)),
    _batch("orthogonal", 20, n_data=ORTHOGONAL_SIZE),
)
SMOKE = (
    _batch("curves", 2, n_data=250),
    _batch("race", 1, sizes=[250, 500]),
    _batch("nu_sweep", 1, n_data=250, nu=0.1),
    _batch("nu_sweep", 1, n_data=250, nu=10.0),
    _batch("orthogonal", 1, n_data=2000),
)
PROFILES = (
    Profile("smoke", "every path once, no statement", 20.0, SMOKE),
    Profile("quick", "some matrices and sample sizes", 300.0, QUICK),
    Profile("full", "500 matrices a point where the papers have them", 7200.0, FULL),
)
