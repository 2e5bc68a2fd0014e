"""The mistakes: each one line, each leaving shapes and imports valid."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """`old`, which stands exactly once in `file`, becomes `new`; one of `tests` must then be red."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    quick: bool = False


HARMLESS = Mistake(
    "harmless: a word in a docstring",
    "kernels/depthwise.py",
    "per image, eq. (4).\n    Backward needs x and w.",
    "per image, eq. (4).\n    Backward needs both, x and w.",
    ("tests/kernels/test_convolutions.py", "tests/test_models.py"),
    quick=True,
)

# Only the tests of the kernel in question: each patch of a kernel compiles anew whatever its tests call.
_CONVOLUTIONS = ("tests/kernels/test_convolutions.py",)
_ELEMENTWISE = ("tests/kernels/test_elementwise.py",)
_BATCH_NORM = ("tests/kernels/test_batch_norm.py",)
_SOFTMAX = ("tests/kernels/test_softmax.py",)
_POOLING = ("tests/kernels/test_pooling_windows.py",)
_NORMS = ("tests/kernels/test_norms.py",)
_REARRANGING = ("tests/kernels/test_rearranging.py",)
_SAMPLING = ("tests/kernels/test_resize.py", "tests/kernels/test_crop_and_resize.py")

FORWARD = (
    Mistake(
        "depthwise forward: flipped filter",
        "kernels/depthwise.py",
        "y[b, oy, ox, m] += x[b, iy, ix, m] * w[ky, kx, m]",
        "y[b, oy, ox, m] += x[b, iy, ix, m] * w[KH - 1 - ky, KW - 1 - kx, m]",
        _CONVOLUTIONS,
        quick=True,
    ),
    Mistake(
        "standard forward: first channel twice",
        "kernels/standard.py",
        "y[b, oy, ox, n] += x[b, iy, ix, m] * w[ky, kx, m, n]",
        "y[b, oy, ox, n] += x[b, iy, ix, m] * w[ky, kx, m, n] * (1 if m else 2)",
        _CONVOLUTIONS,
    ),
    Mistake(
        "pointwise forward: sum overwritten",
        "kernels/pointwise.py",
        "y[b, iy, ix, n] += x[b, iy, ix, m] * w[m, n]",
        "y[b, iy, ix, n] = x[b, iy, ix, m] * w[m, n]",
        _CONVOLUTIONS,
    ),
    Mistake(
        "grouped forward: top and bottom pads swapped",
        "kernels/grouped.py",
        "    top, bottom, left, right = pads\n    OH = ",
        "    bottom, top, left, right = pads\n    OH = ",
        _CONVOLUTIONS,
    ),
    Mistake(
        "geometry: odd pixel of SAME first",
        "kernels/geometry.py",
        "return total // 2, total - total // 2",
        "return total - total // 2, total // 2",
        ("tests/test_layers.py", "tests/test_models.py"),
        quick=True,
    ),
    Mistake(
        "batch norm: moving variance biased",
        "kernels/batchnorm.py",
        "(1 - decay) * variance * (P / (P - 1))",
        "(1 - decay) * variance",
        _BATCH_NORM,
    ),
    Mistake(
        "relu6 forward: clipped at 6 only from 7",
        "kernels/relu6.py",
        "out[i] = 6 if v >= 6 else v",
        "out[i] = 6 if v >= 7 else v",
        _ELEMENTWISE,
    ),
    Mistake(
        "max pool forward: starts from 0",
        "kernels/max_pool.py",
        "np.full((B, OH, OW, M), -np.inf, x.dtype)",
        "np.zeros((B, OH, OW, M), x.dtype)",
        _POOLING,
    ),
    Mistake(
        "average pool forward: divides by the whole window",
        "kernels/average_pool.py",
        "                count = KH * KW\n                if not count_padding:",
        "                count = KH * KW\n                if False:",
        _POOLING,
    ),
    Mistake(
        "local response norm: one neighbour less",
        "kernels/local_response_norm.py",
        "min(m + size // 2 + 1, M)):\n            scale[m]",
        "min(m + size // 2, M)):\n            scale[m]",
        _NORMS,
    ),
    Mistake(
        "geometry: ceil rounds down",
        "kernels/geometry.py",
        "min(-(-beyond // stride), ",
        "min(beyond // stride, ",
        ("tests/test_windows.py",),
    ),
)

BACKWARD = (
    Mistake(
        "depthwise input gradient: overwritten, not added",
        "kernels/depthwise.py",
        "dx[b, iy, ix, m] += dy[b, oy, ox, m] * w[ky, kx, m]",
        "dx[b, iy, ix, m] = dy[b, oy, ox, m] * w[ky, kx, m]",
        _CONVOLUTIONS,
        quick=True,
    ),
    Mistake(
        "standard filter gradient: flipped rows",
        "kernels/standard.py",
        "dw[ky, kx, m, n] += dy[b, oy, ox, n] * x[b, iy, ix, m]",
        "dw[KH - 1 - ky, kx, m, n] += dy[b, oy, ox, n] * x[b, iy, ix, m]",
        _CONVOLUTIONS,
    ),
    Mistake(
        "relu6 backward: gradient at exactly 6",
        "kernels/relu6.py",
        "values[i] >= 6 else grads",
        "values[i] > 6 else grads",
        _ELEMENTWISE,
    ),
    Mistake(
        "batch norm backward: variance held constant",
        "kernels/batchnorm.py",
        "(grads[p, m] - dbeta[m] / P - xhat * dgamma[m] / P)",
        "(grads[p, m] - dbeta[m] / P)",
        _BATCH_NORM,
    ),
    Mistake(
        "average pool backward: not divided by the width",
        "kernels/pooling.py",
        "dx[b, iy, ix, m] = dy[b, m] / (H * W)",
        "dx[b, iy, ix, m] = dy[b, m] / H",
        _ELEMENTWISE,
    ),
    Mistake(
        "concat backward: a part begins one channel late",
        "kernels/concat.py",
        "out[row, m] = grads[row, start + m]",
        "out[row, m] = grads[row, min(start + m + 1, N - 1)]",
        _REARRANGING,
    ),
    Mistake(
        "channel shuffle: the table's rows read instead of its columns",
        "kernels/channel_shuffle.py",
        "y[b, iy, ix, k * groups + g] = x[b, iy, ix, g * K + k]",
        "y[b, iy, ix, g * K + k] = x[b, iy, ix, k * groups + g]",
        _REARRANGING,
    ),
    Mistake(
        "bilinear resizing: align_corners ignored",
        "kernels/resize_bilinear.py",
        "    if not align_corners:",
        "    if align_corners and outputs < 0:",
        _SAMPLING,
    ),
    Mistake(
        "resize bilinear: a row above its outputs is left over from before",
        "kernels/resize_bilinear.py",
        "range(max(done, y1), y2 + 1)",
        "range(max(done, y1 + 1), y2 + 1)",
        _SAMPLING,
    ),
    Mistake(
        "crop and resize backward: a box's edges have each other's gradient",
        "kernels/crop_and_resize.py",
        "dboxes[b, r, 0] += dpy * (H - 1) * (y_steps - y_step) / y_steps",
        "dboxes[b, r, 0] += dpy * (H - 1) * y_step / y_steps",
        _SAMPLING,
    ),
    Mistake(
        "max pool backward: all of equals",
        "kernels/max_pool.py",
        "if not found[m] and (v == y[b, oy, ox, m] or v != v):",
        "if v == y[b, oy, ox, m] or v != v:",
        _POOLING,
    ),
    Mistake(
        "L2 normalisation backward: length held constant",
        "kernels/l2_normalize.py",
        "(drow[m] - row[m] / length * along) / length",
        "drow[m] / length",
        _NORMS,
    ),
    Mistake(
        "cross-entropy backward: dlosses ignored",
        "kernels/softmax.py",
        "dz[b, n] = dlosses[b] * (total * p[b, n] - targets[b, n])",
        "dz[b, n] = total * p[b, n] - targets[b, n]",
        _SOFTMAX,
    ),
)

# Each compiles the loops anew: only the tests that judge them.
_TILED = ("tests/kernels/tiled/test_tiled_kernels.py",)
_PROGRAM = ("tests/kernels/tiled/test_engine_kernels_block.py", "tests/kernels/tiled/test_engine_kernels_others.py")
TILED = (
    Mistake(
        "tiled: the last pixel of a sum over pixels forgotten",
        "kernels/tiled/matmul.py",
        "        stop = min(start + chunk, pixels)\n",
        "        stop = min(start + chunk, pixels - 1)\n",
        _TILED,
    ),
    Mistake(
        "tiled: the upper border holds whatever was there",
        "kernels/tiled/packing.py",
        "    values[:, :top] = values[:, top + H :] = 0\n",
        "    values[:, top + H :] = 0\n",
        _TILED,
    ),
    Mistake(
        "program: a line too far in the ring of rows",
        "kernels/tiled/slide.py",
        "line - lines.ring if line >= lines.ring",
        "line - lines.ring if line > lines.ring",
        _PROGRAM,
    ),
    Mistake(
        "program: the right border of the rings is not cleared",
        "kernels/tiled/filling.py",
        "clear_vectors(shape, memory, row + behind, row + op.pitch)",
        "clear_vectors(shape, memory, row + op.pitch, row + op.pitch)",
        _PROGRAM,
    ),
    Mistake(
        "program: all slabs in the first one's ring",
        "kernels/tiled/block.py",
        "first // op.slab % max(op.rings, 1) * op.ring * op.pitch",
        "0 * op.ring * op.pitch",
        _PROGRAM,
    ),
    Mistake(
        "program: a window over the map's right border reads the next row",
        "kernels/tiled/slide.py",
        "ix + last >= lines.inputs",
        "ix + last > lines.inputs",
        _PROGRAM,
    ),
    Mistake(
        "program: the last pixels of a strip are forgotten where no two sizes of tiles cover all",
        "kernels/tiled/products.py",
        "short = p.pixels if exact else tall",
        "short = p.pixels",
        _PROGRAM,
    ),
    Mistake(
        "program: lines below the map are read",
        "kernels/tiled/slide.py",
        "if 0 <= iy + ky * filter.dilation_y < lines.height:",
        "if 0 <= iy + ky * filter.dilation_y <= lines.height:",
        _PROGRAM,
    ),
    Mistake(
        "program: a stem without its padding above",
        "kernels/tiled/filling.py",
        "iy * op.stem_stride_y - op.stem_top",
        "iy * op.stem_stride_y",
        _PROGRAM,
    ),
    Mistake(
        "program: the last strip takes whole vectors of memory",
        "kernels/tiled/products.py",
        "if i < count - 1 or p.panels.columns % lanes == 0:",
        "if i < count:",
        _PROGRAM,
    ),
    Mistake(
        "program: two rows that share a register are stored the other way round",
        "kernels/tiled/instructions.py",
        "self._half(tile[r - r % 2][-1], r % 2)",
        "self._half(tile[r - r % 2][-1], 1 - r % 2)",
        ("tests/kernels/tiled/test_register_tile.py",),
    ),
    Mistake(
        "program: two rows that share a register are multiplied with one's number",
        "kernels/tiled/instructions.py",
        "self.builder.shuffle_vector(rows[r], rows[r + 1], halves)",
        "self.builder.shuffle_vector(rows[r], rows[r], halves)",
        tests=("tests/kernels/tiled/test_register_tile.py",),
    ),
    Mistake(
        "program: of rows that lie evenly, the fourth lies where the first does",
        "kernels/tiled/instructions.py",
        "self.builder.mul(step, self.constant(3)) if i else first",
        "self.builder.mul(step, self.constant(0)) if i else first",
        tests=("tests/kernels/tiled/test_register_tile.py",),
    ),
    Mistake(
        "program: lines of windows are taken for one, over the gap between them",
        "kernels/tiled/filling.py",
        "together = count if line == op.columns * step else 1",
        "together = count",
        tests=("tests/engine",),
    ),
    Mistake(
        "program: pixels that lie farther apart are written side by side",
        "kernels/tiled/block.py",
        "apart = op.out_step",
        "apart = op.out_channels",
        ("tests/kernels/tiled/test_engine_kernels_block.py",),
    ),
    Mistake(
        "program: what is added to a shortcut lies apart, and the shortcut does not",
        "refnet/engine/planning.py",
        'and not each.shortcut:',
        'and True:',
        ("tests/engine/test_programs.py",),
    ),
    Mistake(
        "program: the shortcut of a filter's block lies apart",
        "refnet/engine/planning.py",
        'others += each.inputs[1:] if each.begins == "depthwise" else each.inputs',
        'others += () if each.begins == "depthwise" else each.inputs',
        ("tests/engine/test_programs.py",),
    ),
    Mistake(
        "program: what others read too lies apart",
        "refnet/engine/planning.py",
        "return written - {roots[name] for name in others}",
        "return written",
        ("tests/engine/test_arena.py",),
    ),
    Mistake(
        "program: half of a last vector is stored a row too far",
        "kernels/tiled/instructions.py",
        "vectors[-1] = self._half_place(vectors[-1])",
        "vectors[-1] = self._half_place(vectors[0])",
        ("tests/kernels/tiled/test_register_tile.py",),
    ),
)

GRAPH = (
    Mistake(
        "graph: gradients overwritten where paths meet",
        "refnet/running.py",
        "sums[name] = sums[name] + term if name in sums else term",
        "sums[name] = term",
        ("tests/test_graph.py",),
        quick=True,
    ),
    Mistake(
        "graph: the first layer's input gradient is counted",
        "refnet/graph.py",
        "needs = dict.fromkeys(self.inputs, of_inputs)",
        "needs = dict.fromkeys(self.inputs, True)",
        ("tests/test_graph.py", "tests/test_counting.py"),
    ),
    Mistake(
        "layers: batch norm takes stored statistics for batch statistics",
        "refnet/layers/normalization.py",
        'if statistics == "stored":',
        'if statistics != "stored":',
        ("tests/test_layers.py", "tests/test_graph.py"),
    ),
    Mistake(
        "layers: dropout's backward does not scale",
        "refnet/layers/dropout.py",
        "kernels.dropout_backward(dy, saved, float(self.rate))",
        "kernels.dropout_backward(dy, saved, 0.0)",
        ("tests/test_layers.py",),
    ),
    Mistake(
        "layers: symmetric padding forgets dilation",
        "refnet/layers/window.py",
        "symmetric_padding(self.kernel[axis], self.dilation[axis])",
        "symmetric_padding(self.kernel[axis], 1)",
        ("tests/test_layers.py",),
    ),
    Mistake(
        "initial weights: normal values not truncated",
        "refnet/initial.py",
        "np.abs(values) > 2",
        "np.abs(values) > 9",
        ("tests/test_initial.py",),
    ),
)

TABLES = (
    Mistake(
        "V1 Table 1: stride 1 where it shrinks last",
        "refnet/models/v1.py",
        "(1024, 2),",
        "(1024, 1),",
        ("tests/test_models.py",),
        quick=True,
    ),
    Mistake(
        "V1: width rounded up instead of cut",
        "refnet/models/v1.py",
        "return max(int(alpha * channels), 8)",
        "return max(-int(-alpha * channels // 1), 8)",
        ("tests/test_models.py",),
    ),
    Mistake(
        "V2 Table 2: one repetition more",
        "refnet/models/v2.py",
        "(None, 160, 3, 2),",
        "(None, 160, 4, 2),",
        ("tests/test_models.py",),
    ),
    Mistake(
        "V2: width may fall below 0.9 of the wish",
        "refnet/models/v2.py",
        "nearest < 0.9 * channels",
        "nearest < 0.1 * channels",
        ("tests/test_models.py",),
    ),
    Mistake(
        "V2: last convolution thinned too",
        "refnet/models/v2.py",
        "make_divisible(LAST * max(1.0, width))",
        "make_divisible(LAST * width)",
        ("tests/test_models.py",),
    ),
)

COUNTING = (
    Mistake(
        "counting: a training step costs two forward passes",
        "refnet/counting.py",
        "sum(3 * row.terms.madds if row.input_gradient",
        "sum(2 * row.terms.madds if row.input_gradient",
        ("tests/test_counting.py",),
        quick=True,
    ),
    Mistake(
        "counting: P-TRAINABLE forgets beta",
        "refnet/counting.py",
        "lambda rows: with_norm(rows, 2)",
        "lambda rows: with_norm(rows, 1)",
        ("tests/test_counting.py",),
    ),
    Mistake(
        "counting: FLOP-N adds one addition too many",
        "refnet/counting.py",
        "sum(2 * row.terms.madds - row.terms.outputs for row in rows if",
        "sum(2 * row.terms.madds for row in rows if",
        ("tests/test_counting.py",),
    ),
    Mistake(
        "counting: taps inside reach one pixel too far",
        "kernels/geometry.py",
        "(size - 1 - shift) // stride",
        "(size - shift) // stride",
        ("tests/test_models.py", "tests/test_counting.py"),
    ),
    Mistake(
        "digits: half is rounded down",
        "refnet/digits.py",
        "Fraction(1, 2)).__floor__()",
        "Fraction(49, 100)).__floor__()",
        ("tests/test_digits.py",),
    ),
)

TESTING = (
    Mistake(
        "testing: every comparison passes",
        "refnet/testing/subject.py",
        "    return ~inside",
        "    return np.zeros_like(inside)",
        ("tests/testing/test_checks.py",),
        quick=True,
    ),
    Mistake(
        "testing: the cases have the odd pixel of SAME first",
        "refnet/testing/sizes.py",
        "return total // 2, total - total // 2",
        "return total - total // 2, total // 2",
        ("tests/testing/test_strategies.py",),
    ),
    Mistake(
        "testing: the oracle of the depthwise filter gradient keeps the last pixel only",
        "refnet/testing/oracles_gradients.py",
        "dw[ky][kx][m] += DY[b][oy][ox][m] * X[b][iy][ix][m]",
        "dw[ky][kx][m] = DY[b][oy][ox][m] * X[b][iy][ix][m]",
        ("tests/testing/test_oracles_convolution.py",),
    ),
    Mistake(
        "testing: the gradient check's tolerance has an absolute escape",
        "refnet/testing/gradient_check.py",
        "relative * max(abs(wanted), abs(got))",
        "relative * max(abs(wanted), abs(got), 1)",
        ("tests/testing/test_gradient_check.py",),
    ),
    Mistake(
        "testing: the adjoint of a backward pass is not compared",
        "refnet/testing/checks.py",
        "        if wanted != got:",
        "        if False:",
        ("tests/testing/test_checks.py",),
    ),
)

MEMORY = (
    Mistake(
        "memory: a value that waits for a later operation is forgotten",
        "refnet/memory.py",
        "each.begin < start and not any(each is other for other in inputs)]",
        "each.begin < start and each.end < start]",
        ("tests/test_memory.py",),
        quick=True,
    ),
    Mistake(
        "memory: ReLU written onto what others read",
        "refnet/memory.py",
        "free = below.begin >= 0 and below.end == at",
        "free = below.begin >= 0",
        ("tests/test_memory.py",),
    ),
    Mistake(
        "memory: the tape is thought to hold no dropout masks",
        "refnet/memory.py",
        "            masks += prod(",
        "            masks += 0 * prod(",
        ("tests/test_memory.py",),
    ),
    Mistake(
        "split: the sum of the parts is overwritten",
        "refnet/rewrites/split.py",
        "y[..., n : n + q] += kernels",
        "y[..., n : n + q] = kernels",
        ("tests/test_split.py",),
        quick=True,
    ),
    Mistake(
        "split: the part before stays alive",
        "refnet/rewrites/split.py",
        "            h = x  # drops what is left of the part before\n",
        '            before, h = locals().get("h"), x\n',
        ("tests/test_split.py",),
    ),
    Mistake(
        "split: the projection of a part is held whole",
        "refnet/rewrites/split.py",
        "    q, filters = w.shape\n",
        "    q = filters = w.shape[1]\n",
        ("tests/test_split.py",),
    ),
    Mistake(
        "split: an input gradient of one part only",
        "refnet/rewrites/split.py",
        "                dx += dh",
        "                dx = dh",
        ("tests/test_split.py",),
    ),
    Mistake(
        "audit: Table 3's caption has two groups",
        "refnet/papers/v2_table_3_maps.py",
        "WIDTH, GROUPS = 2.0, 3",
        "WIDTH, GROUPS = 2.0, 2",
        ("tests/audit/test_v2_memory.py",),
    ),
)

# Those of the file need onnx.
_FILES = ("tests/io/test_onnx_layers.py", "tests/io/test_onnx_file.py")
FILES = (
    Mistake(
        "fold: eps outside of the root",
        "refnet/rewrites/fold.py",
        "np.sqrt(variance + float(norm.eps))",
        "(np.sqrt(variance) + float(norm.eps))",
        ("tests/test_fold.py",),
        quick=True,
    ),
    Mistake(
        "fold: a scale put on what another node reads",
        "refnet/rewrites/fold.py",
        "if readers[name] > 1 or kind",
        "if kind",
        ("tests/test_fold.py",),
    ),
    Mistake(
        "fold: every branch takes the scales of the first",
        "refnet/rewrites/fold.py",
        "slice(start, stop), stop",
        "slice(0, stop - start), stop",
        ("tests/test_fold.py",),
    ),
    Mistake(
        "onnx: pads in refnet's order",
        "refnet/io/onnx_operators.py",
        '"pads": (top, left, bottom, right)',
        '"pads": (top, bottom, left, right)',
        _FILES,
    ),
    Mistake(
        "onnx: features flattened channels first",
        "refnet/io/onnx_operators.py",
        "at.x if single else at.put",
        "at.x if not single else at.put",
        _FILES,
    ),
    Mistake(
        "onnx: alpha not times size",
        "refnet/io/onnx_operators.py",
        "layer.alpha * layer.size",
        "layer.alpha",
        _FILES,
    ),
    Mistake(
        "onnx: a bias taken into a convolution that others read",
        "refnet/io/onnx.py",
        "and readers[node.inputs[0]] == 1}",
        "and readers[node.inputs[0]] >= 1}",
        _FILES,
    ),
)

_ARENA = ("tests/engine/test_arena.py",)
_PROGRAMS = ("tests/engine/test_programs.py", "tests/engine/test_program_sharing.py")

ENGINE = (
    Mistake(
        "engine: a fast operation's output may lie on its input",
        "refnet/engine/planning.py",
        "2 * at + 1 if each.fast else 2 * at)",
        "2 * at - 1 if each.fast else 2 * at)",
        _ARENA,
        quick=True,
    ),
    Mistake(
        "engine: outputs that a later operation may write over",
        "refnet/engine/planning.py",
        "        ends[roots[name]] = 2 * len(operations)\n",
        "        ends.setdefault(roots[name], 2 * len(operations))\n",
        _ARENA,
    ),
    Mistake(
        "engine: scratch of one thread for all",
        "refnet/engine/planning.py",
        "threads * up(each.scratch, line)",
        "up(each.scratch, line)",
        (*_ARENA, *_PROGRAMS),
    ),
    Mistake(
        "engine: a shortcut forgotten",
        "refnet/engine/tables.py",
        '"residual": -1 if shortcut is None else',
        '"residual": -1 if shortcut is None or operation.kind == "block" else',
        _PROGRAMS,
        quick=True,
    ),
    Mistake(
        "engine: what an output reads fused away",
        "refnet/engine/matching.py",
        " + Counter(net.outputs)",
        "",
        ("tests/engine/test_matching.py",),
    ),
)

_THREADS = ("tests/kernels/tiled/test_threads.py",)

THREADS = (
    Mistake(
        "cache: a kernel's fingerprint holds an address",
        "kernels/cache.py",
        "elif _of_the_compiler(value):",
        "elif value is None:",
        ("tests/kernels/tiled/test_tiled_cache.py",),
    ),
    Mistake(
        "threads: the next phase opens one chunk early",
        "kernels/tiled/claims.py",
        "if fetch_add(state, DONE, 1) + 1 == chunks[phase]:",
        "if fetch_add(state, DONE, 1) + 1 == max(1, chunks[phase] - 1):",
        _THREADS,
        quick=True,
    ),
    Mistake(
        "threads: serial numbers grow until the word is negative",
        "kernels/tiled/claims.py",
        "if not ended or self._next + phases > LAST_SERIAL:",
        "if not ended:",
        _THREADS,
    ),
    Mistake(
        "threads: a job that is over is left to a late helper",
        "kernels/tiled/threads.py",
        "            self._given.pop()",
        "            len(self._given)",
        _THREADS,
    ),
    Mistake(
        "threads: a helper that has just left sleeps over its next job",
        "kernels/tiled/threads.py",
        "            while self._given:\n                self._call()",
        "            self._call()",
        ("tests/kernels/tiled/test_threads_stay.py",),
    ),
    Mistake(
        "threads: a helper wakes behind its caller",
        "kernels/tiled/threads.py",
        "self.allowed - {_processor()} or self.allowed",
        "self.allowed",
        _THREADS,
    ),
    Mistake(
        "threads: a helper stays for a job that will not come",
        "kernels/tiled/threads.py",
        "            here[BEGUN] = LEAVE",
        "            pass",
        ("tests/kernels/tiled/test_threads_stay.py",),
    ),
    Mistake(
        "atomics: an addition in two steps",
        "kernels/tiled/atomics.py",
        'return builder.atomic_rmw("add", place, added, _ORDER)',
        "before = builder.load(place)\n        builder.store(builder.add(before, added), place)\n        return before",
        ("tests/kernels/tiled/test_atomics.py",),
    ),
)

_FUSED = ("tests/test_fuse.py",)

TRAINING = (
    Mistake(
        "fused: the batch's statistics taken for constants",
        "kernels/tiled/moments.py",
        "tilt = -gain * inv_std[m] * dgamma / values",
        "tilt = 0.0",
        _FUSED,
    ),
    Mistake(
        "fused: memory given back while the tape still holds it",
        "refnet/rewrites/normalised.py",
        "        return y if self.unread else crew.read(y), Kept(",
        "        crew.team.memory.give(z)\n"
        "        return y if self.unread else crew.read(y), Kept(",
        _FUSED,
    ),
    Mistake(
        "fused: partial sums of a part that went before",
        "kernels/tiled/train_pointwise.py",
        "dw, (K, C), first > begin)",
        "dw, (K, C), first > 0)",
        ("tests/kernels/tiled/test_training_kernels.py",),
    ),
    Mistake(
        "fused: a map merged with its activation though something reads it in between",
        "refnet/rewrites/fusion.py",
        "found = readers[node.name]\n        return found if len(found) == 1 and",
        "found = readers[node.name][:1]\n        return found if found and",
        _FUSED,
    ),
    Mistake(
        "fused: bands of outputs as far apart as bands of inputs",
        "kernels/tiled/frames.py",
        "dz_frame = Frame(top, height, left, across, OH, OW, y.outputs)",
        "dz_frame = Frame(top, height, left, across, OH, OW, inputs)",
        ("tests/kernels/tiled/test_training_kernels.py",),
    ),
)

_BATCHES = ("tests/data/test_data_batches.py",)
_AUGMENTATION = ("tests/data/test_data_augmentation.py",)

DATA = (
    Mistake(
        "data: every epoch in the order of the first",
        "refnet/data/batches.py",
        "default_rng((self.seed, epoch))",
        "default_rng((self.seed, 0))",
        _BATCHES,
        quick=True,
    ),
    Mistake(
        "data: the numbers of a step are those of the epoch of its number",
        "refnet/data/batches.py",
        "default_rng((self.seed, step, 1))",
        "default_rng((self.seed, step))",
        _BATCHES,
    ),
    Mistake(
        "data: all shards vary their images alike",
        "refnet/data/batches.py",
        "return drawn[self.shard[0] * self.size :][: self.size]",
        "return drawn[: self.size]",
        _BATCHES,
    ),
    Mistake(
        "data: pixels are points on a grid from corner to corner",
        "refnet/data/resampling.py",
        "place = (np.arange(count) + 0.5) * (extent[:, None] / count) - 0.5",
        "place = np.arange(count) * (extent[:, None] / count)",
        ("tests/data/test_data_resampling.py",),
    ),
    Mistake(
        "data: a crop that never reaches the last row",
        "refnet/data/augmentation.py",
        "int(u[_TOP] * (height - h + 1))",
        "int(u[_TOP] * (height - h))",
        _AUGMENTATION,
    ),
    Mistake(
        "data: a saturation beyond 1",
        "refnet/data/augmentation.py",
        "factor = np.minimum(saturation[b].astype(x.dtype), value / chroma)",
        "factor = saturation[b].astype(x.dtype)",
        _AUGMENTATION,
    ),
    Mistake(
        "data: threads that make batches without limit",
        "refnet/data/prefetch.py",
        "self._next < self._wanted + self._ahead",
        "self._next < self._stop",
        ("tests/data/test_data_prefetch.py",),
    ),
    Mistake(
        "data: the columns of CIFAR-10 taken for rows",
        "refnet/data/cifar.py",
        "planes.transpose(0, 2, 3, 1)",
        "planes.transpose(0, 3, 2, 1)",
        ("tests/data/test_data_sources.py",),
    ),
    Mistake(
        "data: a shape cut off where its part of the picture ends",
        "refnet/data/drawing.py",
        "_REACH = 1152",
        "_REACH = 900",
        ("tests/data/test_data_shapes.py",),
    ),
)

_RUNNING = (*FORWARD, *BACKWARD, *TILED, *THREADS, *ENGINE, *TRAINING)
_OPTIMIZERS = ("tests/training/test_optimizers.py",)
_LOOP = ("tests/training/test_loop.py",)

LEARNING = (
    Mistake(
        "RMSProp: epsilon of TensorFlow's outside of the root",
        "refnet/training/optimizers.py",
        "within, beyond = (self.eps, 0.0) if",
        "within, beyond = (0.0, self.eps) if",
        _OPTIMIZERS,
    ),
    Mistake(
        "RMSProp: the rate of TensorFlow's outside of the velocity",
        "refnet/training/optimizers.py",
        "early, late = (rate, 1.0) if",
        "early, late = (1.0, rate) if",
        _OPTIMIZERS,
    ),
    Mistake(
        "RMSProp: TensorFlow's mean square begins at 0",
        "refnet/training/optimizers.py",
        '"tensorflow": Flavor(1.0, True, 1.0)',
        '"tensorflow": Flavor(0.0, True, 1.0)',
        _OPTIMIZERS,
    ),
    Mistake(
        "weight decay on depthwise kernels",
        "refnet/training/groups.py",
        'return "depthwise" if depthwise else "kernels"',
        'return "kernels"',
        ("tests/training/test_groups.py",),
    ),
    Mistake(
        "averages: no warm-up",
        "refnet/training/averages.py",
        "min(self.decay, (1 + self.updates) / (10 + self.updates))",
        "self.decay",
        ("tests/training/test_averages.py",),
    ),
    Mistake(
        "distillation: the gradient shrinks with the temperature",
        "refnet/training/losses.py",
        "return loss * float(temperature) ** 2, gradient * heat",
        "return loss, gradient / heat",
        ("tests/training/test_other_losses.py",),
    ),
    Mistake(
        "evaluation: equal logits are hits",
        "refnet/training/evaluation.py",
        "((z > own) | ahead).sum(1))",
        "(z > own).sum(1))",
        ("tests/training/test_evaluation.py",),
    ),
    Mistake(
        "a run goes on with a fresh optimizer",
        "refnet/training/trainer.py",
        '        self._optimizer.restore(part_of(state, "optimizer"))\n',
        "",
        _LOOP,
    ),
    Mistake(
        "dropout's masks do not depend on the step",
        "refnet/training/trainer.py",
        "np.random.default_rng((self.seed, self.step, DROPOUT))",
        "np.random.default_rng((self.seed, DROPOUT))",
        ("tests/training/test_trainer.py",),
    ),
    Mistake(
        "a run that goes on keeps the lines behind its checkpoint",
        "refnet/training/metrics.py",
        "isinstance(step, int) and step <= last",
        "isinstance(step, int) and step <= 10**9",
        _LOOP,
    ),
    Mistake(
        "recalibrated statistics are a moving mean",
        "refnet/training/statistics.py",
        "forgetful = with_decay(net, 0.0)",
        "forgetful = with_decay(net, 0.5)",
        ("tests/training/test_statistics.py",),
    ),
)

_PAIRS = ("tests/experiments/test_pairs.py",)
_GRID = ("tests/experiments/test_grid.py",)
EXPERIMENTS = (
    Mistake(
        "pairs: as many degrees of freedom as seeds",
        "refnet/experiments/pairs.py",
        "quantile(n - 1, confidence)",
        "quantile(n, confidence)",
        _PAIRS,
        quick=True,
    ),
    Mistake(
        "pairs: the mean alone decides",
        "refnet/experiments/pairs.py",
        "if found.low > 0:",
        "if found.mean > 0:",
        _PAIRS,
    ),
    Mistake(
        "pairs: an odd number of degrees of freedom begins its sum too late",
        "refnet/experiments/pairs.py",
        "range(odd, nu - 1, 2)",
        "range(2 * odd, nu - 1, 2)",
        _PAIRS,
    ),
    Mistake(
        "findings: the arms' seeds are not paired",
        "refnet/experiments/findings.py",
        "zip(*results.values(), strict=True)]",
        "zip(*([*each[-i:], *each[:-i]] for i, each in enumerate(results.values())), strict=True)]",
        ("tests/experiments/test_claims.py",),
    ),
    Mistake(
        "grid: finished cells are computed again",
        "refnet/experiments/grid.py",
        " if kept.find(cell) is None]",
        "]",
        _GRID,
    ),
    Mistake(
        "cells: what another recipe gave counts",
        "refnet/experiments/cells.py",
        '"basis": self.basis}',
        '"basis": None}',
        ("tests/experiments/test_cells.py",),
    ),
    Mistake(
        "trade-off: a dear network that is worse counts",
        "refnet/experiments/trade.py",
        "np.maximum.accumulate([point.y for point in ordered])",
        "[point.y for point in ordered]",
        ("tests/experiments/test_trade.py",),
    ),
    Mistake(
        "equal cost: the nearest width from above only",
        "refnet/experiments/equal_cost.py",
        "cost(above) - wanted < wanted - cost(above - 1):",
        "cost(above) >= wanted:",
        ("tests/experiments/test_claims.py",),
    ),
)

TASKS = (
    Mistake(
        "boxes: the union counts what is shared twice",
        "refnet/tasks/boxes.py",
        "area(b)[None] - common",
        "area(b)[None]",
        ("tests/tasks/test_boxes.py",),
    ),
    Mistake(
        "default boxes: columns before rows",
        "refnet/tasks/defaults.py",
        "centres[..., 0] = (np.arange(H)[:, None, None] + 0.5) / H\n        centres[..., 1] =",
        "centres[..., 1] = (np.arange(H)[:, None, None] + 0.5) / H\n        centres[..., 0] =",
        ("tests/tasks/test_default_boxes.py",),
    ),
    Mistake(
        "coding: sides are not logarithms",
        "refnet/tasks/coding.py",
        "OF_SIDES * np.log(ours[..., 2:] / theirs[..., 2:])",
        "OF_SIDES * (ours[..., 2:] / theirs[..., 2:] - 1)",
        ("tests/tasks/test_coding.py",),
    ),
    Mistake(
        "matching: a thing that is overlapped by less than half is lost",
        "refnet/tasks/matching.py",
        "if overlaps[thing, box] <= 0:",
        "if overlaps[thing, box] < threshold:",
        ("tests/tasks/test_match.py",),
    ),
    Mistake(
        "multibox: the easiest negatives count",
        "refnet/tasks/multibox.py",
        "np.argsort(-own[candidates], kind",
        "np.argsort(own[candidates], kind",
        ("tests/tasks/test_multibox.py",),
        quick=True,
    ),
    Mistake(
        "multibox: smooth L1's gradient has no end",
        "refnet/tasks/multibox.py",
        "np.clip(apart, -1, 1) * share",
        "apart * share",
        ("tests/tasks/test_multibox.py",),
    ),
    Mistake(
        "suppression: overlap at the limit goes",
        "refnet/tasks/suppression.py",
        "[0] <= overlap]",
        "[0] < overlap]",
        ("tests/tasks/test_suppression.py",),
    ),
    Mistake(
        "average precision: a thing is found as often as one likes",
        "refnet/tasks/precision.py",
        "            free[taken] = False\n",
        "            pass\n",
        ("tests/tasks/test_coco_precision.py",),
    ),
    Mistake(
        "average precision: what is hard to see may be taken again and again",
        "refnet/tasks/precision.py",
        "if taken is not None and not crowd[taken]:",
        "if taken is not None and not ignored[taken]:",
        ("tests/tasks/test_coco_precision.py",),
    ),
    Mistake(
        "multibox: default boxes on what is ignored are negatives",
        "refnet/tasks/multibox.py",
        "targets.slots == BACKGROUND\n",
        "targets.slots <= BACKGROUND\n",
        ("tests/tasks/test_multibox.py",),
    ),
    Mistake(
        "segmentation: any size of view will do",
        "refnet/tasks/segmentation.py",
        "    return max(1, (side - 1 + STRIDE // 2) // STRIDE) * STRIDE + 1",
        "    return max(33, side)",
        ("tests/tasks/test_segmenter.py",),
    ),
    Mistake(
        "pictures: shrunk by two pixels of each row",
        "refnet/data/resampling.py",
        "    reach = max(scale, 1.0)",
        "    reach = 1.0",
        ("tests/data/test_data_resampling.py", "tests/tasks/test_detector.py"),
    ),
    Mistake(
        "a run that was stopped while it was judged is never judged",
        "refnet/training/loop.py",
        "if self.saved is not None and self._epoch_ends() and not self._is_judged():",
        "if False:",
        _LOOP,
    ),
    Mistake(
        "a folder's test images depend on how many others there are",
        "refnet/data/folder.py",
        'sha256(f"{seed}/{path.as_posix()}".encode("utf-8", "surrogateescape"))',
        'sha256(f"{seed}/{len(list(path.parts[0]))}{id(path)}".encode())',
        ("tests/data/test_data_folder.py",),
    ),
    Mistake(
        "average precision: precision where recall is reached, not the highest from there on",
        "refnet/tasks/precision.py",
        "np.maximum.accumulate(precision[::-1])[::-1]",
        "precision",
        ("tests/tasks/test_coco_precision.py",),
    ),
    Mistake(
        "pixels: what is ignored is background",
        "refnet/tasks/pixel_loss.py",
        "counted = classes != ignored",
        "counted = classes == classes",
        ("tests/tasks/test_pixels.py",),
    ),
    Mistake(
        "scenes: a mirrored picture keeps its boxes",
        "refnet/data/truth_batches.py",
        "np.stack([y1, 1 - x2, y2, 1 - x1], axis=1)",
        "truth.boxes",
        ("tests/training/test_task.py",),
    ),
    Mistake(
        "segmentation: mirrored scores are not turned back",
        "refnet/tasks/segmentation.py",
        "canonical(logits[:, :, :: -1 if turned else 1])",
        "canonical(logits)",
        ("tests/tasks/test_segmenter.py",),
    ),
)

MISTAKES = (*_RUNNING, *GRAPH, *TABLES, *COUNTING, *MEMORY, *TESTING, *FILES, *DATA, *LEARNING, *EXPERIMENTS, *TASKS)
