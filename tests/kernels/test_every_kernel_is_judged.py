"""Each kernel pair has an oracle in refnet.testing to be judged by."""

import pytest

from refnet import kernels, testing

# One line of NumPy says what they compute, and their tests say it.
SELF_EVIDENT = {"add", "dropout"}
PAIRS = sorted(name.removesuffix("_forward") for name in kernels.__all__ if name.endswith("_forward"))


@pytest.mark.parametrize("pair", PAIRS)
def test_it_has_an_oracle(pair):
    assert pair in SELF_EVIDENT or f"naive_{pair}" in testing.__all__, f"write naive_{pair} in refnet/testing"
