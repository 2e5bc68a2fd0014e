"""Kernels at machine speed. Compiled code only: under NUMBA_DISABLE_JIT=1 importing a tile is an ImportError."""
