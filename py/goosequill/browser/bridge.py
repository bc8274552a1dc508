"""What the web page's worker calls: the only module that imports `js` and `pyodide`.

It turns JavaScript's values into Python's and back, keeps the loaded models by number, and hands
everything else to the package. Each method answers `{"value": ...}`, or `{"error": {code,
message, remedy}}` for what a person can mend; faults of our own stay exceptions.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from js import Object
from pyodide.ffi import to_js

from goosequill.chat.conversation import Conversation
from goosequill.chat.formats import ThoughtStream, format_of
from goosequill.decoding import Chunk, DecodingConfig, End, Item, Reading, StateMemory, generate
from goosequill.errors import GoosequillError, LoadError, SettingsError
from goosequill.kernels import SimdKernel, load_kernel
from goosequill.library import converse, new_state, open_persona
from goosequill.loading.load import LoadedModel, inspect_files, load_files, rounding
from goosequill.models.pace import choose_threads
from goosequill.weights.source import TensorSource, truncated

STATE_BUDGET = 32 * 1024 * 1024
"""Bytes of a model's states that are kept, so that a branch or the same prompt again begins at once."""

PIECE = 1 << 22
"""Most bytes of a copy that are handed over at once."""

CALLS = {
    "describe_decoding": "goosequill.decoding:describe",
    "tokenize": "goosequill.library:tokenize",
    "detokenize": "goosequill.library:detokenize",
    "logprobs": "goosequill.library:logprobs",
    "save_state": "goosequill.library:save_state",
    "save_conversation": "goosequill.library:save_conversation",
    "undo": "goosequill.library:undo",
    "explain": "goosequill.decoding.explain:explain",
    "judge": "goosequill.evaluation.votes:judge",
    "measure": "goosequill.evaluation.text_metrics:measure",
    "summarise": "goosequill.evaluation.text_metrics:summarise",
}
"""Functions that a page may call by name, as module:function; a model comes with its tokenizer, and a
conversation is named by its number."""

REMEMBERING = {"explain"}
"""Those that also take the states that were kept of the model."""


def answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method answer with a JavaScript object that holds its value or its error."""

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
    "The browser has not enough memory for this.",
    code="out-of-memory",
    remedy="Close other tabs, or choose a smaller or a quantised model.",
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
            raise LoadError(
                f"A part of {self.name} did not come.",
                code="source-interrupted",
                remedy="Check the connection and load it once more; or download the file and choose it here.",
            )
        return data


class Writing:
    """One text in the making: a step a call, so that the worker can look up between tokens.

    Parameters
    ----------
    begin
        Begins to write, given a function that says whether to stop.
    opening
        Of a reply: what it begins with; its thought is then told apart from its answer.
    conversation
        Whose messages are told at the end.
    """

    def __init__(
        self,
        begin: Callable[[Callable[[], bool]], Iterator[Item]],
        *,
        opening: str | None = None,
        conversation: Conversation | None = None,
    ) -> None:
        self._cancelled = False
        self._items = begin(lambda: self._cancelled)
        self._thoughts = None if opening is None else ThoughtStream(opening)
        self._conversation = conversation

    def cancel(self) -> None:
        """Let the next step be the end."""
        self._cancelled = True

    @answering
    def step(self) -> dict[str, Any]:
        """Return `{"reading": ...}` of the prompt, `{"chunk": ...}` for a token, and last `{"end": ...}`."""
        item = next(self._items, _INTERRUPTED)
        told = asdict(item)
        if self._thoughts and not isinstance(item, Reading):
            told["thought"], told["text"] = self._parts(self._thoughts, item)
        if self._conversation and isinstance(item, End):
            next(self._items, None)  # Behind its end a reply becomes a message.
            told["messages"] = list(self._conversation.messages)
        return {type(item).__name__.lower(): told}

    def _parts(self, thoughts: ThoughtStream, item: Chunk | End) -> tuple[str, str]:
        thought, answer = thoughts.push(item.text)
        more = thoughts.end() if isinstance(item, End) else ("", "")
        return thought + more[0], answer + more[1]


_INTERRUPTED = End("", "abort", {"prompt_tokens": 0, "completion_tokens": 0}, 0)
"""How a reply ends whose conversation was asked for something else meanwhile."""


class Copy:
    """A file in the making of what was rounded while loading, a piece a call."""

    def __init__(self, parts: Iterator[bytes | memoryview]) -> None:
        self._pieces = (part[at : at + PIECE] for part in parts for at in range(0, len(part), PIECE))

    @answering
    def read(self) -> bytes | memoryview | None:
        """Return the next bytes; None behind the last."""
        return next(self._pieces, None)


class Bridge:
    """The models of one worker, by number."""

    def __init__(self) -> None:
        self._models: dict[int, LoadedModel] = {}
        self._memories: dict[int, StateMemory] = {}
        self._rounded: dict[int, TensorSource] = {}
        self._conversations: dict[int, tuple[int, Conversation]] = {}
        self._last = 0

    @answering
    def load(
        self,
        sources: Any,
        options: Any,
        progress: Callable[[int, int], None],
        kernel: str = "auto",
        weights: Any = None,
    ) -> dict[str, Any]:
        """Load a model from its files; `options` are those of `loading.load_files`.

        The option ``keep`` lets `take_rounded` be asked for. `weights` is a kept copy, for which the files of
        weights are not among the `sources`.
        """
        files, settings = [JsSource(source) for source in sources], options.to_py()
        copy, keep = (JsSource(weights) if weights else None), settings.pop("keep", False)
        loaded = load_files(
            {file.name: file for file in files},
            weights=copy,
            **settings,
            kernel=load_kernel(kernel),
            progress=progress,
        )
        self._last += 1
        self._models[self._last] = replace(loaded, rounded=None)  # which holds the files
        self._memories[self._last] = StateMemory(budget=STATE_BUDGET)
        if keep and loaded.rounded:
            self._rounded[self._last] = loaded.rounded
        size = sum(file.size for file in (*files, *([copy] if copy else [])))
        return {"handle": self._last, "info": model_info(loaded, size)}

    @answering
    def take_rounded(self, handle: int) -> dict[str, Any] | None:
        """What was rounded of a model while loading, as a file to keep; None if nothing was. Once only.

        Tells ``bytes`` in all, the ``bits``, and whether ``auto`` would have rounded it too.
        """
        tensors = self._rounded.pop(handle, None)
        if tensors is None:
            return None
        from goosequill.weights.writing import stream  # not while a page waits for its first text

        bits = 4 if any(tensors.dtype(name) == "int4" for name in tensors.names()) else 8
        length, parts = stream(tensors)
        return {"bytes": length, "bits": bits, "auto": rounding(tensors, "auto") == bits, "file": Copy(parts)}

    @answering
    def division(self, handle: int) -> dict[str, Any] | None:
        """What helper threads need to compute with a model; None if its kernel has no threads."""
        kernel = self._model(handle).model.kernel
        return kernel.division() if isinstance(kernel, SimdKernel) else None

    @answering
    def divide(self, handle: int, share: int, forced: bool) -> bool:
        """Let the function at an address divide a model's products; unless forced, only if that is faster."""
        model = self._model(handle).model
        kernel = model.kernel
        assert isinstance(kernel, SimdKernel)  # `division` was asked first
        if not forced:
            return choose_threads(model, kernel, share)
        kernel.divide(share)
        return True

    @answering
    def inspect(self, sources: Any, options: Any) -> dict[str, Any]:
        """Tell what is in files; `options` are those of `loading.inspect_files`."""
        return inspect_files({source.name: source for source in map(JsSource, sources)}, **options.to_py())

    @answering
    def unload(self, handle: int) -> None:
        """Let go of a model; one that is not there is no error."""
        for kept in (self._models, self._memories, self._rounded):
            kept.pop(handle, None)
        for number in [number for number, (model, _) in self._conversations.items() if model == handle]:
            del self._conversations[number]

    @answering
    def generate(self, handle: int, prompt: Any, options: Any) -> Writing:
        """Begin to write on from a text, or to answer messages; nothing is computed before the first step.

        The option ``given`` holds tokens that stand after the prompt already: to branch from a text; the
        option ``state`` a state file's bytes, from which to go on.
        """
        loaded, settings = self._model(handle), options.to_py()
        given, persona = settings.pop("given", ()), open_persona(loaded.model, settings.pop("state", None))
        config, opening = DecodingConfig.from_dict(settings), None
        if not isinstance(prompt, str):
            chat = format_of(loaded.description)
            config, opening = replace(config, stop=(*config.stop, *chat.stop)), chat.opening
            prompt = chat.prompt(prompt.to_py(), begun=persona is not None and persona.begun)
        prompt = (persona.unread if persona else "") + prompt
        begin = functools.partial(
            generate,
            loaded.model,
            loaded.tokenizer,
            prompt,
            config,
            given=given,
            state=new_state(loaded.model, persona) if persona else None,
            progress=True,
            memory=self._memories[handle],
        )
        return Writing(lambda cancelled: begin(cancelled=cancelled), opening=opening)

    @answering
    def converse(self, handle: int, options: Any) -> dict[str, Any]:
        """Begin a conversation; `options` are those of `library.converse`."""
        conversation = converse(self._model(handle), **options.to_py())
        self._last += 1
        self._conversations[self._last] = handle, conversation
        return {"conversation": self._last, "messages": conversation.messages}

    @answering
    def say(self, number: int, message: str, options: Any) -> Writing:
        """Say something in a conversation; nothing is computed before the first step."""
        conversation = self._conversation(number)
        config = DecodingConfig.from_dict(options.to_py())
        return Writing(
            lambda cancelled: conversation.reply(message, config, cancelled=cancelled, progress=True),
            opening=conversation.format.opening,
            conversation=conversation,
        )

    @answering
    def forget(self, number: int) -> None:
        """Let go of a conversation; one that is not there is no error."""
        self._conversations.pop(number, None)

    @answering
    def call(self, name: str, args: Any) -> Any:
        """Run one of `CALLS` with keyword arguments."""
        if name not in CALLS:
            raise SettingsError(
                f"The engine has no function named {name!r}.",
                code="unknown-function",
                remedy=f"It has {', '.join(CALLS)}.",
            )
        module, attribute = CALLS[name].split(":")
        arguments = args.to_py()
        if "model" in arguments:
            loaded = self._model(arguments["model"])
            if name in REMEMBERING:
                arguments["memory"] = self._memories[arguments["model"]]
            arguments.update(model=loaded.model, tokenizer=loaded.tokenizer)
        if "conversation" in arguments:
            arguments["conversation"] = self._conversation(arguments["conversation"])
        return getattr(importlib.import_module(module), attribute)(**arguments)

    @answering
    def status(self) -> dict[str, Any]:
        """Return how many models are loaded."""
        return {"models": len(self._models)}

    def _model(self, handle: int) -> LoadedModel:
        if handle not in self._models:
            raise LoadError(
                "This model is no longer loaded.", code="model-unloaded", remedy="Load it once more."
            )
        return self._models[handle]

    def _conversation(self, number: int) -> Conversation:
        if number not in self._conversations:
            raise LoadError("This conversation is over.", code="conversation-over", remedy="Begin a new one.")
        return self._conversations[number][1]


def model_info(loaded: LoadedModel, size: int) -> dict[str, Any]:
    """What the page shows of a model, and the description's own fields."""
    config = loaded.model.config
    return {
        "architecture": f"rwkv{config.version}",
        **loaded.description,
        "vocab_size": config.vocab_size,
        "layers": config.layers,
        "width": config.width,
        "tokenizer": loaded.tokenizer.name,
        "kernel": loaded.model.kernel.name,
        "bytes": size,
    }
