"""A model's state: what it remembers of the tokens that it has read, in a fixed size.

A state can be copied (to branch), saved and restored exactly; it does not grow with the text.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.kernels import Kernel

Arrays = dict[str, NDArray[np.float32]]


class State:
    """A model's state; the first axis of every array is the layer.

    Attributes
    ----------
    arrays
        Name -> float32 [L, ...]. A forward pass writes to them.
    layers
        For each layer, name -> the kernel's operand for that layer's part of the array.
    programs
        The programs that the kernel has recorded for this state (`Kernel.run`).
    """

    def __init__(self, arrays: Arrays, kernel: Kernel) -> None:
        self.arrays = arrays
        self.programs: dict[Hashable, Any] = {}
        self._kernel = kernel
        count = len(next(iter(arrays.values())))
        self.layers: list[dict[str, Any]] = [
            {name: kernel.bind(array[layer]) for name, array in arrays.items()} for layer in range(count)
        ]

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return sum(array.nbytes for array in self.arrays.values())

    def copy(self) -> State:
        """Return an independent state with the same values.

        Examples
        --------
        >>> state = loaded.model.new_state()
        >>> branch = state.copy()
        >>> logits = loaded.model.forward([33], branch)  # `state` has still read nothing
        """
        return State({name: array.copy() for name, array in self.arrays.items()}, self._kernel)

    def assign(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Overwrite the values, for example with saved ones.

        Raises
        ------
        SettingsError
            If the names or shapes do not match this model's state; nothing is changed then.
        """
        if {n: a.shape for n, a in arrays.items()} != {n: a.shape for n, a in self.arrays.items()}:
            raise SettingsError(
                "This state was saved from a model of another version or size.",
                code="state-mismatch",
            )
        for name, array in arrays.items():
            self.arrays[name][:] = array
