"""Softmax, and softmax with cross-entropy (V1 Table 1, "Softmax").

    B images · N classes

    z (B, N) logits    p (B, N) probabilities    targets (B, N), the wanted probabilities
    losses (B,) in nats    dz, dp, dlosses: gradients    b image · n class

Row by row in float64: a row is short, and the logarithm of a small probability is what one looks at.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def softmax_forward(z: Array) -> Array:
    """`p[b,n] = exp(z[b,n]) / sum over k of exp(z[b,k])`, with the row's maximum subtracted first.

    Shapes: z (B, N) -> p (B, N). Backward needs p.
    """
    B, N = z.shape
    p = np.empty((B, N), z.dtype)
    for b in range(B):
        shifted = z[b].astype(np.float64) - z[b].max()
        total = np.exp(shifted).sum()
        for n in range(N):
            p[b, n] = np.exp(shifted[n]) / total
    return p


@jit
def softmax_backward(dp: Array, p: Array) -> Array:
    """`dz[b,n] = p[b,n] * (dp[b,n] - sum over k of dp[b,k] * p[b,k])`. Shapes: dp, p (B, N) -> dz (B, N)."""
    B, N = p.shape
    dz = np.empty((B, N), p.dtype)
    for b in range(B):
        mean = 0.0
        for n in range(N):
            mean += np.float64(dp[b, n]) * p[b, n]
        for n in range(N):
            dz[b, n] = p[b, n] * (dp[b, n] - mean)
    return dz


@jit
def softmax_cross_entropy_forward(z: Array, targets: Array) -> tuple[Array, Array]:
    """`losses[b] = sum over n of targets[b,n] * -log p[b,n]`

    with `-log p[b,n] = log(sum over k of exp(z[b,k])) - z[b,n]`: no loss is lost with a probability that rounds to 0.

    Shapes: z, targets (B, N) -> losses (B,), p (B, N). Backward needs p and targets.
    """
    B, N = z.shape
    losses = np.zeros(B, z.dtype)
    p = np.empty((B, N), z.dtype)
    for b in range(B):
        shifted = z[b].astype(np.float64) - z[b].max()
        log_total = np.log(np.exp(shifted).sum())
        loss = 0.0
        for n in range(N):
            p[b, n] = np.exp(shifted[n] - log_total)
            if targets[b, n] != 0:
                loss += targets[b, n] * (log_total - shifted[n])
        losses[b] = loss
    return losses, p


@jit
def softmax_cross_entropy_backward(dlosses: Array, p: Array, targets: Array) -> Array:
    """`dz[b,n] = dlosses[b] * (total * p[b,n] - targets[b,n])`, where total is the sum of the row of targets, mostly 1.

    Shapes: dlosses (B,), p, targets (B, N) -> dz (B, N).
    """
    B, N = p.shape
    dz = np.empty((B, N), p.dtype)
    for b in range(B):
        total = 0.0
        for n in range(N):
            total += targets[b, n]
        for n in range(N):
            dz[b, n] = dlosses[b] * (total * p[b, n] - targets[b, n])
    return dz
