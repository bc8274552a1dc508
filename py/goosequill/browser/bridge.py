"""What the web page's worker calls: the only module that imports `js` and `pyodide`.

It converts values between JavaScript and Python and starts jobs; loading a model is the one thing that is
not a job. Each method returns `{"value": ...}`, or `{"error": {code,
message, remedy}}` for what a user can fix; faults of our own remain exceptions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from js import Object
from numpy.typing import NDArray
from pyodide.ffi import to_js

from goosequill.browser.handles import KINDS, Handles
from goosequill.browser.jobs import Job, find, is_imported, room_of
from goosequill.chat.choosing import describe_choice
from goosequill.errors import GoosequillError, LoadError
from goosequill.kernels import SimdKernel, load_kernel
from goosequill.loading.load import Fit, LoadedModel, LoadOptions, load_files
from goosequill.models.pace import choose_threads
from goosequill.support.progress import OnProgress
from goosequill.support.resources import Resource
from goosequill.tokenizers import load_tokenizer
from goosequill.weights import ByteSource, open_tensors
from goosequill.weights.source import ByteRange, TensorSource, truncated

PIECE = 1 << 22
"""Most bytes of a copy that cross at once."""


def answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method return a JavaScript object that has its value or its error."""

    @functools.wraps(method)
    def answer(*args: Any) -> Any:
        try:
            result = {"value": method(*args)}
        except GoosequillError as error:
            result = {"error": error.to_dict()}
        except MemoryError:
            result = {"error": _OUT_OF_MEMORY.to_dict()}
        return to_js(result, dict_converter=Object.fromEntries)

    return answer


_OUT_OF_MEMORY = LoadError(
    "The browser does not have enough memory for this.",
    code="out-of-memory",
    remedy="Close other tabs, or choose a smaller or a quantized model.",
)


class JsSource:
    """A ByteSource over an object of the worker: name, size and read(offset, length)."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.name = str(source.name)
        self.size = int(source.size)

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise truncated(self.name, self.size, offset + length)
        data: bytes = self._source.read(offset, length).to_bytes()
        if len(data) != length:
            raise self._interrupted()
        return data

    def _interrupted(self) -> LoadError:
        return LoadError(
            f"Part of {self.name} did not arrive.",
            code="source-interrupted",
            remedy="Check the connection and load it again; or download the file and choose it here.",
        )


class JsPieces(JsSource):
    """One over an object that can also read into memory of Python's, fill(array, offset), and many pieces of
    one length at once, pieces(offsets, length)."""

    def read_into(self, offset: int, out: NDArray[Any]) -> None:
        """Fill a contiguous array with the bytes from `offset`, without a copy of them."""
        if offset + out.nbytes > self.size:
            raise truncated(self.name, self.size, offset + out.nbytes)
        if self._source.fill(out, offset) != out.nbytes:
            raise self._interrupted()

    def pieces(self, offsets: Sequence[int], length: int) -> bytes:
        data = self._pieces(np.array(offsets, np.float64), length)
        if len(data) != len(offsets) * length:
            raise self._interrupted()
        return data

    def rows(self, numbers: NDArray[np.intp], width: int) -> bytes:
        data = self._pieces(numbers.astype(np.float64) * width, width)
        if len(data) != len(numbers) * width:
            raise truncated(self.name, self.size, (int(numbers.max()) + 1) * width)
        return data

    def _pieces(self, offsets: NDArray[np.float64], length: int) -> bytes:
        data: bytes = self._source.pieces(to_js(offsets), length).to_bytes()
        return data


def source_over(source: Any) -> JsSource:
    """Return the ByteSource over an object of the worker."""
    return JsPieces(source) if hasattr(source, "pieces") else JsSource(source)


def _each_percent(progress: OnProgress) -> OnProgress:
    """Report to the page once per percent: a report takes as long as reading a small tensor."""
    reported = -1

    def report(loaded: int, total: int) -> None:
        nonlocal reported
        percent = 100 * loaded // max(total, 1)
        if percent != reported:
            reported = percent
            progress(loaded, total)

    return report


class BridgeJob(Job):
    """A job whose steps are JavaScript objects."""

    steps = answering(Job.steps)


class Copy:
    """The file of a quantized copy, a piece a call."""

    def __init__(self, parts: Iterator[bytes | memoryview]) -> None:
        self._pieces = (part[at : at + PIECE] for part in parts for at in range(0, len(part), PIECE))

    @answering
    def read(self) -> bytes | memoryview | None:
        """Return the next bytes; None after the last."""
        return next(self._pieces, None)


class Converting:
    """A conversion that the worker steps through."""

    def __init__(self, conversion: Any, sources: Sequence[ByteSource]) -> None:
        self._conversion = conversion
        self._order = {id(source): index for index, source in enumerate(sources)}
        self._steps: Iterator[Any] = iter(())

    @answering
    def begin(self, start: int, held: Any) -> None:
        """Begin, or resume after the first bytes of the file, with what has been held."""
        self._steps = self._conversion.steps(start, held.to_bytes())

    @answering
    def step(self) -> dict[str, Any] | None:
        """Return ``need``, what is read next (index of the source, start, end), or ``data`` and ``held``."""
        step = next(self._steps, None)
        if isinstance(step, ByteRange):
            return {"need": [self._order[id(step.source)], step.start, step.end]}
        return {"data": step.data, "held": step.held} if step else None


class Bridge:
    """The Python side of one worker; `available` is how many bytes a model may take."""

    def __init__(self, available: int | None = None) -> None:
        self._available = available
        self._handles = Handles(available)
        self._quantized: dict[int, TensorSource] = {}

    @answering
    def needs(self, name: str) -> dict[str, Any]:
        """Return what the worker may have to add before a job.

        ``room`` is the job's room, "" for an unknown job, and ``imported`` says whether the job's module is
        there already.
        """
        return {"room": room_of(name), "imported": is_imported(name)}

    @answering
    def run(self, name: str, args: Any, files: Any = None) -> Job:
        """Start a job; nothing is computed before its first step.

        The arguments ``model`` and those of `KINDS` are handles; the rest are the function's own. `files`
        are objects that a `JsSource` reads. A `Resource` value is kept, and its handle returned.
        """
        function, arguments = find(name), args.to_py()
        model = arguments.pop("model", None)
        named = [key for key in KINDS if arguments.get(key) is not None]
        resources = dict(self._handles.resources(model, **{key: arguments.pop(key) for key in named}))
        if files is not None:
            resources["files"] = {file.name: file for file in map(source_over, files)}

        def finish(result: Any) -> Any:
            return self._handles.keep(result, model) if isinstance(result, Resource) else result

        return BridgeJob(function, arguments, resources=resources, finish=finish)

    @answering
    def load(
        self,
        sources: Any,
        options: Any,
        progress: Callable[[int, int], None],
        kernel: str = "auto",
        weights: Any = None,
    ) -> dict[str, Any]:
        """Load a model from its files; `options` are those of `LoadOptions`, and ``verify``; the
        tokenizer is a name, or the bytes of its file.

        With the option ``keep``, `take_quantized` returns what was quantized. `weights` is a kept copy, for
        which the files of weights are not among the `sources`. ``reads`` has the names of the sources that
        must stay readable while the model is loaded.
        """
        files, settings = [source_over(source) for source in sources], options.to_py()
        copy, keep = (source_over(weights) if weights else None), settings.pop("keep", False)
        if not isinstance(tokenizer := settings.get("tokenizer", ""), str):
            settings["tokenizer"] = load_tokenizer(bytes(tokenizer))
        verify = settings.pop("verify", True)
        loaded = load_files(
            {file.name: file for file in files},
            LoadOptions(
                **settings,
                available=self._available,
                kernel=load_kernel(kernel),
                progress=_each_percent(progress),
            ),
            verify=verify,
            weights=copy,
        )
        handle = self._handles.add_model(replace(loaded, quantized=None))  # which keeps the files open
        if keep and loaded.quantized:
            self._quantized[handle] = loaded.quantized
        size = sum(file.size for file in (*files, *([copy] if copy else [])))
        reads = [source.name for source in loaded.model.files]
        return {"handle": handle, "info": model_info(loaded, size), "reads": reads}

    @answering
    def convert(self, sources: Any, quantize: Any) -> dict[str, Any] | None:
        """Return how weights are quantized while they arrive: see `plan_conversion`.

        It has the ``bytes`` of the result, its ``bits``, whether ``auto`` would choose these too, a
        ``notice`` of why they are fewer, and the ``conversion``.
        """
        from goosequill.loading.converting import plan_conversion  # not while a page waits for its first text

        files, kernel = [source_over(source) for source in sources], load_kernel()
        tensors = open_tensors(files)
        found = plan_conversion(tensors, files, kernel, quantize=quantize, available=self._available)
        if found is None:
            return None
        fit = Fit(tensors, kernel, self._available)
        return {
            "bytes": found.length,
            "bits": found.bits,
            "auto": fit.bits("auto") == found.bits,
            "notice": fit.choose(quantize).notice,
            "conversion": Converting(found, files),
        }

    @answering
    def take_quantized(self, handle: int) -> dict[str, Any] | None:
        """Return what was quantized while loading a model, as a file to keep, once; None if nothing was.

        It has the total ``bytes``, the ``bits``, and whether ``auto`` would have quantized it too.
        """
        tensors = self._quantized.pop(handle, None)
        if tensors is None:
            return None
        from goosequill.weights.writing import stream  # not while a page waits for its first text

        bits = 4 if any(tensors.dtype(name) == "int4" for name in tensors.names()) else 8
        length, parts = stream(tensors)
        return {
            "bytes": length,
            "bits": bits,
            "auto": Fit(tensors, load_kernel(), self._available).bits("auto") == bits,
            "file": Copy(parts),
        }

    @answering
    def division(self, handle: int) -> dict[str, Any] | None:
        """Return what helper threads need for a model or embedder; None if its kernel has no threads."""
        kernel, _ = self._handles.computing(handle)
        return kernel.division() if isinstance(kernel, SimdKernel) else None

    @answering
    def divide(self, handle: int, share: int, forced: bool) -> bool:
        """Let the function at an address divide the products; unless forced, only if that is faster."""
        kernel, compute = self._handles.computing(handle)
        assert isinstance(kernel, SimdKernel)  # `division` was asked first
        if not forced:
            return choose_threads(compute, kernel, share)
        kernel.divide(share)
        return True

    @answering
    def unload(self, handle: int) -> None:
        """Forget a model; one that is not loaded is ignored."""
        self._handles.unload(handle)
        self._quantized.pop(handle, None)

    @answering
    def forget(self, handle: int) -> None:
        """Forget a value that a job returned to be kept; an unknown handle is ignored."""
        self._handles.forget(handle)

    @answering
    def status(self) -> dict[str, Any]:
        """Return how many models are loaded."""
        return {"models": len(self._handles)}


def model_info(loaded: LoadedModel, size: int) -> dict[str, Any]:
    """Return what the page shows of a model, and the description's own fields."""
    config = loaded.model.config
    return {
        "architecture": f"rwkv{config.version}",
        **{key: value for key, value in loaded.description.items() if key != "metadata"},
        "chat_format": describe_choice(loaded.description),
        "vocab_size": config.vocab_size,
        "layers": config.layers,
        "width": config.width,
        "tokenizer": loaded.tokenizer.name,
        "kernel": loaded.model.kernel.name,
        "bytes": size,
        "notices": [loaded.notice] if loaded.notice else [],
    }
