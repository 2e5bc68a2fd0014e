"""The papers' closed formulas, in the papers' symbols. They judge layers and graphs, and import nothing of them.

V1, sections 3.1 to 3.4 (square maps, stride 1, input and output map of one size):

    D_K          side of the kernel                 D_F   side of the feature map
    M, N         channels in, channels out          alpha, rho   width and resolution multiplier

V2, sections 3.1 and 3.3:

    h, w         rows and columns of the map        k     side of the kernel
    d_i, d_j     channels in, channels out          t, s  expansion factor, stride
    d_in, d_out  the block's d' and d''

Hand notes: k, M, N as above; H, W and H_out, W_out the map before and after; C_in, C_out neurons of a dense
layer.

Everything is exact: counts are integers; ratios, and counts with a multiplier, are fractions. A multiplier may
be a Fraction, or a float that is exact in binary, such as 0.75.
"""

from fractions import Fraction

Number = int | float | Fraction


# MobileNet V1


def standard(D_K: int, M: int, N: int, D_F: int) -> int:
    """V1 (2): multiply-adds of a standard convolution."""
    return D_K * D_K * M * N * D_F * D_F


def depthwise(D_K: int, M: int, D_F: int) -> int:
    """V1 (4): multiply-adds of a depthwise convolution."""
    return D_K * D_K * M * D_F * D_F


def pointwise(M: int, N: int, D_F: int) -> int:
    """The second term of V1 (5): multiply-adds of a 1x1 convolution."""
    return M * N * D_F * D_F


def separable(D_K: int, M: int, N: int, D_F: int) -> int:
    """V1 (5): a depthwise convolution and the 1x1 convolution behind it."""
    return depthwise(D_K, M, D_F) + pointwise(M, N, D_F)


def reduction(D_K: int, N: int) -> Fraction:
    """The ratio below V1 (5): separable over standard, 1/N + 1/D_K^2."""
    return Fraction(1, N) + Fraction(1, D_K * D_K)


def separable_thinned(D_K: int, M: int, N: int, D_F: int, alpha: Number) -> Fraction:
    """V1 (6): the same with width multiplier alpha."""
    return separable_reduced(D_K, M, N, D_F, alpha, 1)


def separable_reduced(D_K: int, M: int, N: int, D_F: int, alpha: Number, rho: Number) -> Fraction:
    """V1 (7): the same with width multiplier alpha and resolution multiplier rho."""
    thin_M, thin_N, small = Fraction(alpha) * M, Fraction(alpha) * N, Fraction(rho) * D_F
    return D_K * D_K * thin_M * small * small + thin_M * thin_N * small * small


# MobileNet V2


def standard_hw(h: int, w: int, d_i: int, d_j: int, k: int) -> int:
    """V2 3.1: multiply-adds of a standard convolution."""
    return h * w * d_i * d_j * k * k


def separable_hw(h: int, w: int, d_i: int, d_j: int, k: int) -> int:
    """V2 (1) as the conference printed it, with d_j in the bracket."""
    return h * w * d_i * (k**2 + d_j)


def separable_hw_arxiv(h: int, w: int, d_i: int, k: int) -> int:
    """V2 (1) as arXiv printed it, with d_i in the bracket: right only where d_i = d_j."""
    return h * w * d_i * (k**2 + d_i)


def saving(k: int, d: int) -> Fraction:
    """V2 footnote 1: how many times cheaper, k^2 d / (k^2 + d). d is d_j (conference) or d_i (arXiv)."""
    return Fraction(k**2 * d, k**2 + d)


def bottleneck(h: int, w: int, d_in: int, d_out: int, t: int, k: int) -> int:
    """V2 3.3: multiply-adds of a bottleneck block with stride 1."""
    return h * w * d_in * t * (d_in + k**2 + d_out)


def bottleneck_terms(h: int, w: int, d_in: int, d_out: int, t: int, k: int, s: int = 1) -> tuple[int, int, int]:
    """Expansion, depthwise convolution and projection; the last two on the map that stride s leaves.

    With s = 1 they add up to `bottleneck`. For other strides the paper has no formula.
    """
    h_out, w_out, inner = -(-h // s), -(-w // s), t * d_in
    return h * w * d_in * inner, h_out * w_out * inner * k**2, h_out * w_out * inner * d_out


def noted_bottleneck_terms(h: int, w: int, d_in: int, d_out: int, t: int, d: int) -> tuple[int, int, int]:
    """The same three terms in the hand note beside V2 3.3, which has one letter d in two places."""
    return h * w * d_in * d, h * w * t * d_in * d, h * w * d_out * t * d_in


# Hand notes


def conv_parameters(k: int, M: int, N: int) -> int:
    """Parameters of a standard convolution, one bias per output channel."""
    return k * k * M * N + N


def conv_operations(k: int, M: int) -> tuple[int, int]:
    """Multiplications and additions behind one output value."""
    return k * k * M, k * k * M - 1


def conv_flops(k: int, M: int, N: int, H_out: int, W_out: int) -> int:
    """Multiplications and additions of a standard convolution; the bias is not added."""
    return (2 * k * k * M - 1) * H_out * W_out * N


def conv_memory_access(k: int, M: int, N: int, H: int, W: int, H_out: int, W_out: int) -> int:
    """Values read and written by a standard convolution: input, output, weights."""
    return H * W * M + H_out * W_out * N + k * k * M * N


def dense_parameters(C_in: int, C_out: int) -> int:
    """Parameters of a dense layer, one bias per output."""
    return C_in * C_out + C_out


def dense_flops(C_in: int, C_out: int) -> int:
    """Multiplications and additions of a dense layer; the bias is not added."""
    return (2 * C_in - 1) * C_out


def dense_memory_access(C_in: int, C_out: int) -> int:
    """Values read and written by a dense layer: input, output, weights."""
    return C_in + C_out + C_in * C_out


# Any node


def node_madds(kernel: tuple[int, ...], output: tuple[int, ...]) -> int:
    """The formula that concerns one node, from two shapes.

    kernel  (D_K, D_K, M, N) standard, (D_K, D_K, M) depthwise, (M, N) pointwise or dense
    output  (h, w, N), or (N,) behind a dense layer

    Raises ValueError for other kernels; the papers' kernels are square.
    """
    h, w = output[:-1] if len(output) == 3 else (1, 1)
    match kernel:
        case (k, other, d_i, d_j) if k == other:
            return standard_hw(h, w, d_i, d_j, k)
        case (k, other, d_i) if k == other:
            return h * w * d_i * k**2
        case (d_i, d_j):
            return h * w * d_i * d_j
    raise ValueError(f"kernel: wanted (D, D, M, N), (D, D, M) or (M, N), got {kernel}")
