"""Convolution is scipy's own."""

import numpy as np
import pytest
from scipy import signal

from pipeline.imaging import convolution

IMAGE, KERNEL = np.arange(63.0).reshape(7, 9) % 5, np.array([[0.0, 1.0, 0.0], [1.0, 4.0, 2.0], [0.0, 1.0, 0.0]])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["fftconvolve", "oaconvolve"])
def test_it_is_the_same(name, mode):
    expected = signal.convolve2d(IMAGE, KERNEL, mode=mode)
    np.testing.assert_allclose(getattr(convolution, name)(IMAGE, KERNEL, mode=mode), expected, atol=1e-12)


def test_images_of_a_stack_are_convolved_each_by_itself():
    stack = np.stack([IMAGE, 2 * IMAGE])
    found = convolution.fftconvolve(stack, KERNEL[None], mode="same", axes=(1, 2))
    np.testing.assert_allclose(found[1], 2 * signal.convolve2d(IMAGE, KERNEL, mode="same"), atol=1e-12)
