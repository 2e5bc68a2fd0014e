"""What the fused layers of `refnet.fuse` compute with: convolutions of a training step, with batch norms on both sides.

    net = refnet.fuse(net);  net.train_forward(weights, images, rng, kernels=refnet.kernels.tiled)

Maps are flat here, P pixels of C channels, padded with zeros to the vector width; `normalised.py` tells how they are
read.
"""

from .moments import Moments, affine, as_normalised, gradient_of
from .normalised import Gradient, Normalised
from .teamwork import Memory, Team
from .threads import default_threads
from .train_depthwise import depthwise_backward, depthwise_forward
from .train_maps import gradient, masked, moments, values
from .train_pointwise import pointwise_backward, pointwise_forward

__all__ = [
    "Gradient",
    "Memory",
    "Moments",
    "Normalised",
    "Team",
    "affine",
    "as_normalised",
    "default_threads",
    "depthwise_backward",
    "depthwise_forward",
    "gradient",
    "gradient_of",
    "masked",
    "moments",
    "pointwise_backward",
    "pointwise_forward",
    "values",
]
