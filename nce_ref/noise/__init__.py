"""Noise: what can be sampled and evaluated. NCE needs both, of the *same* density and normalised.

Any object with ``log_density`` and ``sample`` will do (``Noise``); ``nce_ref.check_noise`` looks at one of your own.

One factor serves sampling and evaluation alike: a density evaluated with another covariance than it was drawn with
(a Cholesky factor on the wrong side, standard deviations for variances) is a mistake that c cannot absorb. A density
short of a constant (a missing ln 2 pi or ln det) is one that c absorbs in silence.

============================  =======================================================================================
``GaussianNoise``             normal, from a mean and covariance or from data: the choice of the papers
``StudentTNoise``             heavier tails than any normal: covers data whose tails are unknown
``LaplaceICANoise``           the Laplace ICA model at some B
``UniformNoise``              a box, for data that are bounded
``KernelDensityNoise``        normal kernels around given points
``UnivariateNoise``           one coordinate, by any distribution of ``scipy.stats``, continuous or discrete
``BernoulliNoise``            independent binary coordinates
``MixtureNoise``              several noises, each drawn with its probability
``ProductNoise``              independent blocks of coordinates
``AffineNoise``               any noise moved by an invertible matrix and a shift
``GaussianSteps``             for conditional NCE (``ConditionalNoise``): a normal step from each datum
============================  =======================================================================================
"""

from nce_ref.noise.base import Noise, refuse_uncovered, refuse_unfit_noise
from nce_ref.noise.bernoulli import BernoulliNoise
from nce_ref.noise.combined import AffineNoise, MixtureNoise, ProductNoise
from nce_ref.noise.conditional import ConditionalNoise, GaussianSteps
from nce_ref.noise.gaussian import GaussianNoise
from nce_ref.noise.kernel_density import KernelDensityNoise
from nce_ref.noise.laplace_ica import LaplaceICANoise
from nce_ref.noise.student_t import StudentTNoise
from nce_ref.noise.uniform import UniformNoise
from nce_ref.noise.univariate import UnivariateNoise

__all__ = [
    "AffineNoise",
    "BernoulliNoise",
    "ConditionalNoise",
    "GaussianNoise",
    "GaussianSteps",
    "KernelDensityNoise",
    "LaplaceICANoise",
    "MixtureNoise",
    "Noise",
    "ProductNoise",
    "StudentTNoise",
    "UniformNoise",
    "UnivariateNoise",
    "refuse_uncovered",
    "refuse_unfit_noise",
]
