"""Codes of boxes: by hand, there and back, and where there is none."""

from math import log

import numpy as np
import pytest
from cases import array, boxes
from hypothesis import given
from hypothesis import strategies as st

from refnet.tasks.boxes import to_corners
from refnet.tasks.coding import LONGEST, decode, encode


def test_a_code_by_hand():
    default = to_corners(np.array([[0.5, 0.5, 0.2, 0.4]]))
    box = to_corners(np.array([[0.6, 0.4, 0.4, 0.1]]))
    np.testing.assert_allclose(encode(box, default), [[5, -2.5, 5 * log(2), 5 * log(1 / 4)]], rtol=1e-12)


def test_the_default_box_itself_is_zero():
    default = array([(1, 2, 5, 8)])
    assert (encode(default, default) == 0).all()
    np.testing.assert_array_equal(decode(np.zeros((1, 4)), default), default)


@given(boxes(least=1, min_size=1, max_size=5), boxes(least=1, min_size=1, max_size=1))
def test_decode_undoes_encode(found, default):
    given_boxes, default = array(found), array(default)
    np.testing.assert_allclose(decode(encode(given_boxes, default), default), given_boxes, rtol=0, atol=1e-14)


@given(st.lists(st.tuples(*[st.floats(-20, 20)] * 4), min_size=1, max_size=5), boxes(least=1, min_size=1, max_size=1))
def test_encode_undoes_decode(codes, default):
    codes, default = np.array(codes), array(default)
    np.testing.assert_allclose(encode(decode(codes, default), default), codes, rtol=1e-9, atol=1e-9)


def test_no_code_is_too_large():
    found = decode(np.array([[0.0, 0.0, 1e30, 1e30]]), array([(0, 0, 4, 4)]))
    sides = found[:, 2:] - found[:, :2]
    np.testing.assert_allclose(sides, LONGEST / 2)


def test_a_box_without_an_area_has_no_code():
    with pytest.raises(ValueError, match="boxes: wanted an area"):
        encode(array([(1, 1, 1, 5)]), array([(0, 0, 4, 4)]))
