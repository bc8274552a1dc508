"""Dilated convolution: the figure's sizes, its nine frames, and how far a stack of layers sees.

Needs only numpy. With matplotlib it also draws the share of each input in one output of the stack.
"""

import numpy as np

size, kernel, padding, stride, dilation = 7, 3, 0, 1, 2

# From its first weight to its last, the kernel covers k + (k - 1)(d - 1) cells.
span = kernel + (kernel - 1) * (dilation - 1)
out = (size + 2 * padding - span) // stride + 1
print(f"{size} x {size} -> {out} x {out}, the kernel covers {span} cells")

values = (np.arange(size * size) * 7 % 10).reshape(size, size)
weights = np.full((kernel, kernel), -1)
weights[kernel // 2, kernel // 2] = kernel * kernel - 1

# Each frame of the animation: one output cell, and the rows and columns under the kernel's weights.
padded = np.pad(values, padding)
output = np.zeros((out, out))
for row in range(out):
    for column in range(out):
        down = row * stride + dilation * np.arange(kernel)
        across = column * stride + dilation * np.arange(kernel)
        output[row, column] = (padded[np.ix_(down, across)] * weights).sum()
        print(f"output {row + 1}, {column + 1} reads rows {down + 1} and columns {across + 1}")
print(output)


def influence(kernel, dilations):
    """The share of the paths from each input, along one axis, to one output of a stack of layers."""
    shares = np.ones(1)
    for d in dilations:
        layer = np.zeros((kernel - 1) * d + 1)
        layer[::d] = 1 / kernel
        shares = np.convolve(shares, layer)
    return shares


stacks = {"doubling": [1, 2, 4, 8, 16, 32], "2, six times": [2] * 6}
for name, dilations in stacks.items():
    shares = influence(kernel, dilations)
    fields = 1 + (kernel - 1) * np.cumsum(dilations)
    print(f"{name}: fields {fields}, spans {len(shares)} inputs, touches {np.count_nonzero(shares)}")

try:
    import matplotlib.pyplot as plt
except ImportError:
    raise SystemExit from None
figure, axes = plt.subplots(1, len(stacks), figsize=(9, 3))
for axis, (name, dilations) in zip(axes, stacks.items(), strict=True):
    axis.bar(np.arange(len(influence(kernel, dilations))), influence(kernel, dilations), width=1)
    axis.set(title=name, xlabel="input", ylabel="share")
plt.show()
