"""The families of objectives, in the order in which they came: the one list. All that judges goes through it.

A family is a folder: ``objectives.py`` says what there is and all that is asked about it, ``FAMILY`` stands there or in
``family.py``.
"""

from nce_ref.oracle.families.base import Family
from nce_ref.oracle.families.covariance.objectives import FAMILY as COVARIANCE
from nce_ref.oracle.families.densities.objectives import FAMILY as DENSITIES
from nce_ref.oracle.families.dynamics.objectives import FAMILY as DYNAMICS
from nce_ref.oracle.families.estimates.objectives import FAMILY as ESTIMATES
from nce_ref.oracle.families.importance.objectives import FAMILY as IMPORTANCE
from nce_ref.oracle.families.kernels.objectives import FAMILY as KERNELS
from nce_ref.oracle.families.nce.family import FAMILY as NCE
from nce_ref.oracle.families.networks.objectives import FAMILY as NETWORKS
from nce_ref.oracle.families.ranking.objectives import FAMILY as RANKING
from nce_ref.oracle.families.score_matching.objectives import FAMILY as SCORE_MATCHING
from nce_ref.oracle.families.views.objectives import FAMILY as VIEWS

FAMILIES: tuple[Family, ...] = (
    KERNELS,
    DENSITIES,
    NCE,
    ESTIMATES,
    COVARIANCE,
    NETWORKS,
    IMPORTANCE,
    SCORE_MATCHING,
    DYNAMICS,
    RANKING,
    VIEWS,
)
