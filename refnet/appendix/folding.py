"""The last remark of appendix A: layers of n neurons with an expansion to p n map p^(n L) cells onto one cube.

One layer folds [0, 1] like a ruler with p segments, in each of n coordinates:

    f(x) = ReLU(p x) - 2 ReLU(p x - 1) + 2 ReLU(p x - 2) - ... (p terms)

so B has p rows per coordinate, and A puts them together. L layers fold p^L times in each coordinate. (The shifts are
biases; the appendix's A ReLU(Bx) has them where one channel is constant.)
"""

from fractions import Fraction
from itertools import product


def fold(x: Fraction, p: int) -> Fraction:
    """One coordinate through A ReLU(Bx + b): p hinges, at 0, 1/p, ..., (p-1)/p."""
    expanded = [max(p * x - hinge, Fraction(0)) for hinge in range(p)]
    return expanded[0] + sum((2 * (-1) ** hinge * expanded[hinge] for hinge in range(1, p)), Fraction(0))


def folded_cells(p: int, n: int, layers: int) -> int:
    """How many cells of side p^-layers in [0, 1]^n the layers map linearly onto the whole of [0, 1]^n.

    A cell counts if its corners go to the corners of the cube, all different, and its middle to the middle.
    """
    side = Fraction(1, p**layers)
    onto = [_onto(place * side, side, p, layers) for place in range(p**layers)]
    return sum(all(cell) for cell in product(onto, repeat=n))


def _onto(start: Fraction, side: Fraction, p: int, layers: int) -> bool:
    low, middle, high = (_through(start + side * part / 2, p, layers) for part in range(3))
    return {low, high} == {Fraction(0), Fraction(1)} and middle == Fraction(1, 2)


def _through(x: Fraction, p: int, layers: int) -> Fraction:
    for _ in range(layers):
        x = fold(x, p)
    return x
