"""Random weights for any graph, under which signals neither vanish nor explode."""

import numpy as np


def healthy(net, random):
    """Kernels by fan-in, every vector of a batch norm at random; float64, by key."""
    draw = {
        "kernel": lambda shape: (
            random.standard_normal(shape) * (2 / np.prod(shape[: 2 if len(shape) == 3 else -1])) ** 0.5
        ),
        "gamma": lambda shape: random.uniform(0.4, 1.2, shape),
        "moving_variance": lambda shape: random.uniform(0.5, 1.5, shape),
    }
    return {
        key: draw.get(role, lambda shape: 0.3 * random.standard_normal(shape))(shape)
        for key, (shape, role) in net.parameters().items()
    }
