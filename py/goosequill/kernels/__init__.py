"""The operations that models are written in; see `kernel`."""

from goosequill.kernels.kernel import Activation, Kernel
from goosequill.kernels.numpy_kernel import NumpyKernel

__all__ = ["Activation", "Kernel", "NumpyKernel"]
