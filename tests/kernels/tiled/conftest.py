"""Tiles are compiled code: without JIT there is nothing to run here, and so nothing to collect."""

import numba

collect_ignore_glob = ["test_*.py"] if numba.config.DISABLE_JIT else []
