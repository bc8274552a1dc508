"""`load` and the model that it returns: every common task as one method, over the rooms that do the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from goosequill.api.download import fetch
from goosequill.api.ids import is_model_id, is_short_id, parse_model_id
from goosequill.chat.choosing import format_of
from goosequill.chat.conversation import Conversation
from goosequill.chat.formats import ChatFormat
from goosequill.chat.messages import Message
from goosequill.chat.saved_state import load_saved_state
from goosequill.chat.tools import read_tools
from goosequill.conversations.branching import BranchingConversation
from goosequill.decoding import Chunk, DecodingConfig, End, generate
from goosequill.decoding.items import candidates
from goosequill.decoding.predictor import check_finite
from goosequill.decoding.writer import prompt_tokens
from goosequill.errors import SettingsError
from goosequill.evaluation.perplexity import CHUNK, Evaluation, evaluate, token_texts
from goosequill.kernels import load_kernel
from goosequill.loading.load import LoadedModel, Quantization, load_path
from goosequill.models import State
from goosequill.models.saved_state import SavedState, encode_saved_state, new_state
from goosequill.openai.chat_completions import Completion, chat_completion
from goosequill.openai.completions import completion
from goosequill.openai.requests import names_of
from goosequill.support.line_ends import unix_lines
from goosequill.support.progress import OnProgress, Progress, finish
from goosequill.tuning.adapter import Adapter, read_adapter
from goosequill.tuning.applying import adapt_loaded
from goosequill.weights import FileSource


def locate(
    model: str | Path,
    *,
    host: str | None = None,
    cache: Path | None = None,
    progress: OnProgress | None = None,
) -> Path:
    """Return the path of a model: the path itself, or of an id the downloaded file.

    For the parameters and errors see `goosequill.api.download.fetch`; a path that exists is never an id.
    """
    text = str(model)
    is_id = is_model_id(text) or is_short_id(text)
    if isinstance(model, Path) or not is_id or os.path.exists(text):
        return Path(model)
    return fetch(parse_model_id(text), host=host, cache=cache, progress=progress)


def load(
    model: str | Path,
    *,
    tokenizer: str | Path | None = None,
    quantize: Quantization = None,
    kernel: str = "auto",
    threads: int | None = None,
    adapter: str | Path | bytes | Adapter | None = None,
    strength: float = 1.0,
    host: str | None = None,
    progress: OnProgress | None = None,
) -> TextModel:
    """Load a model from a path, or by its id on a host.

    Parameters
    ----------
    model
        A model folder, a file of weights (.safetensors, .pth, .gguf, .prefab, rwkv.cpp's .bin), or an id
        such as ``"BlinkDL/rwkv7-g1:rwkv7-g1a-0.1b-20250728-ctx4096.pth"``, with ``@revision``
        and ``#sha256=...`` if you like; ``"owner/repo"`` alone means the only file of weights there, if no
        file or folder here is called ``owner``. A file is downloaded once, into the cache
        (``$GOOSEQUILL_CACHE``); nothing else is.
    tokenizer
        Name or path; by default the model's own.
    quantize
        8, 4, "auto" or None: bits to which the large matrices are quantized. "auto" is 8 for large models.
    kernel
        "auto" (the fastest), "native" or "numpy".
    threads
        Threads that share the work; by default ``$GOOSEQUILL_THREADS``, else ``$OMP_NUM_THREADS``, and else
        one per core, up to 4. numpy uses one by default. The text is the same with any number.
    adapter, strength
        What tuning taught the model: see `TextModel.use`.
    host
        Where ids are resolved; by default ``$GOOSEQUILL_HUB``, and else https://huggingface.co.
    progress
        Called with (done, total): bytes of a download, then tensors.

    Raises
    ------
    FileFormatError, UnsupportedModelError, TokenizerError
        If a file is missing or invalid, or model and tokenizer do not belong together.
    LoadError
        ``network``, ``not-found``, ``http-status``, ``download-truncated``, ``checksum``,
        ``kernel-unavailable``.
    SettingsError
        ``model-id``, ``unknown-kernel``; ``adapter-mismatch``, ``setting-range``: as `TextModel.use`.

    Examples
    --------
    >>> model = gq.load("site/models/default")
    >>> model
    <TextModel default: RWKV-4, 6 layers of 320>
    """
    path = locate(model, host=host, progress=progress)
    chosen = load_kernel(kernel, threads=threads)
    found = TextModel(
        load_path(path, tokenizer=tokenizer, kernel=chosen, quantize=quantize, progress=progress)
    )
    if adapter is not None:
        found.use(adapter, strength=strength)
    return found


class TextModel:
    """A loaded model with its tokenizer.

    Attributes
    ----------
    loaded
        The model, the tokenizer and the description (`goosequill.loading.load.LoadedModel`).
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded

    def __repr__(self) -> str:
        config, name = self.loaded.model.config, names_of(self.description)[0]
        return f"<TextModel {name}: RWKV-{config.version}, {config.layers} layers of {config.width}>"

    @property
    def description(self) -> dict[str, Any]:
        """config.json of a model folder; of bare weights name, title and number of parameters.

        With an adapter it has ``adapter``: name and strength.
        """
        return self.loaded.description

    def use(self, adapter: str | Path | bytes | Adapter | None, *, strength: float = 1.0) -> None:
        """Write with an adapter from now on, instead of any other one; None removes it.

        That takes some milliseconds and little memory, because the matrices remain. Chats that have begun
        and texts that are being generated continue with what they began with. A `State` is of the adapter
        with which it was read, so read its text again.

        Parameters
        ----------
        adapter
            The path or the bytes of a file, or what `goosequill.read_adapter` returned.
        strength
            From 0 (as without it) to 1.5: how much it changes; see `goosequill.tuning.applying.adapt`.

        Raises
        ------
        FileFormatError
            ``not-an-adapter`` and the other errors of `goosequill.read_adapter`.
        SettingsError
            ``adapter-mismatch``: it was made for another model. ``setting-range``: the strength.

        Examples
        --------
        >>> model.use(gq.Adapter({"ln_out.bias": np.full(320, 0.25, np.float32)}), strength=0.5)
        >>> model.use(None)
        """
        if isinstance(adapter, str | Path | bytes):
            adapter = read_adapter(adapter)
        self.loaded = adapt_loaded(self.loaded, adapter, strength=strength)

    def generate(
        self,
        prompt: str | Sequence[int] = "",
        config: DecodingConfig | None = None,
        *,
        state: State | SavedState | None = None,
        **settings: Any,
    ) -> Iterator[Chunk | End]:
        """Continue a prompt, token by token.

        Parameters
        ----------
        prompt
            Text or token ids; empty starts a new text. Windows line ends in a text become LF.
        config
            The decoder's settings; or give them by name, as in ``temperature=0.8, max_new_tokens=60``. By
            default it samples up to 200 tokens from the model's unchanged probabilities.
        state
            What the model has read before the prompt: a saved state, which is not changed, or a `State`
            (`read`), which is then after the generated text.

        Yields
        ------
        Chunk for each token, and one End. Each is its text as a string, so that printing all of them prints
        the generated text. Stop iterating to stop generating.

        Raises
        ------
        SettingsError
            For unknown, invalid or contradictory settings.

        Examples
        --------
        >>> for item in model.generate("Once upon a time", temperature=0, max_new_tokens=3):
        ...     print(repr(str(item)), item.finish_reason if isinstance(item, gq.End) else item.token)
        ',' 12
        ' the' 261
        ' Lord' 799
        '' length
        """
        if isinstance(state, SavedState):
            prompt, state = self._after(state, prompt), new_state(self.loaded.model, state)
        items = generate(
            self.loaded.model, self.loaded.tokenizer, prompt, _settings(config, settings), state=state
        )
        return (item for item in items if isinstance(item, Chunk | End))

    def write(
        self, prompt: str | Sequence[int] = "", config: DecodingConfig | None = None, **options: Any
    ) -> str:
        """Continue a prompt and return the whole generated text; for the parameters see `generate`.

        Examples
        --------
        >>> model.write("Once upon a time", temperature=0, max_new_tokens=3)
        ', the Lord'
        """
        return "".join(map(str, self.generate(prompt, config, **options)))

    def chat(
        self,
        system: str = "",
        *,
        chat_format: str | ChatFormat | None = None,
        state: SavedState | None = None,
        messages: Sequence[Message] = (),
    ) -> Chat:
        """Start a conversation.

        Parameters
        ----------
        system
            Instructions to the model before the first message.
        chat_format
            "world", "g1", "g1-quick", "raven" or a format of your own; by default the model's
            (`goosequill.chat.choosing`).
        state
            A saved conversation or a tuned state (`load_state`) to start from.
        messages
            Earlier messages, as {"role", "content"}.

        Raises
        ------
        SettingsError
            ``chat-format``, ``chat-messages``, ``state-mismatch``.

        Examples
        --------
        >>> chat = model.chat("You are a sailor.")
        >>> "".join(map(str, chat.say("Where are you?", temperature=0, max_new_tokens=5)))
        ' I am a small language'
        >>> [message["role"] for message in chat.messages]
        ['user', 'assistant']
        """
        if not isinstance(chat_format, ChatFormat):
            chat_format = format_of(self.description, chat_format or "")
        chat = Chat(
            self.loaded.model,
            self.loaded.tokenizer,
            chat_format=chat_format,
            system=system,
            saved_state=state,
            messages=messages,
        )
        chat.system, chat.name = system, names_of(self.description)[0]
        return chat

    def create_chat_completion(self, request: Mapping[str, Any]) -> Any:
        """Answer messages in the shape of OpenAI's API.

        Parameters
        ----------
        request
            The fields of OpenAI's request, ``tools`` among them, and any of the decoder's settings.

        Returns
        -------
        The chat completion as a dict; with ``"stream": True`` an iterator of its chunks.

        Raises
        ------
        GoosequillError
            With OpenAI's ``type``, and ``param``, the field that is at fault; of a stream when it is read.

        Examples
        --------
        >>> tool = {"type": "function", "function": {"name": "get_time"}}
        >>> request = {"messages": [{"role": "user", "content": "What time is it?"}], "tools": [tool]}
        >>> whole = model.create_chat_completion({**request, "tool_choice": "required", "seed": 1})
        >>> whole["choices"][0]["message"]["tool_calls"][0]["function"]
        {'name': 'get_time', 'arguments': '{}'}
        """
        return self._completed(chat_completion, request)

    def create_completion(self, request: Mapping[str, Any]) -> Any:
        """Continue prompts in the older shape of OpenAI's API; otherwise as `create_chat_completion`.

        Examples
        --------
        >>> request = {"prompt": "Once upon a time", "temperature": 0, "max_tokens": 3}
        >>> model.create_completion(request)["choices"][0]["text"]
        ', the Lord'
        """
        return self._completed(completion, request)

    def _completed(self, job: Callable[..., Completion], request: Mapping[str, Any]) -> Any:
        steps = job(self.loaded.model, self.loaded.tokenizer, self.description, request)
        if isinstance(request, Mapping) and request.get("stream"):
            return (item for item in steps if not isinstance(item, Progress))
        return finish(steps)

    def tokenize(self, text: str) -> list[int]:
        """Return the token ids of a text, exactly: Windows line ends remain.

        Examples
        --------
        >>> model.tokenize("A goose.")
        [33, 498, 584, 14]
        """
        return self.loaded.tokenizer.encode(text)

    def detokenize(self, tokens: Iterable[int]) -> str:
        """Return the text of token ids; invalid UTF-8 becomes U+FFFD.

        Examples
        --------
        >>> model.detokenize([33, 465, 524, 14])
        'Apl if.'
        """
        return self.loaded.tokenizer.decode(tokens)

    def logprobs(self, text: str | Sequence[int], *, top: int = 0) -> list[Chunk]:
        """Return the model's natural log probability of each token of a text, given those before it.

        Parameters
        ----------
        text
            Text or token ids. The model first reads the end-of-text token, or token 0 if there is none.
        top
            How many of the most likely tokens to add at each place, as ``top_logprobs``.

        Raises
        ------
        SettingsError
            ``empty-text``; ``token-range``: an id is not in the vocabulary.

        Examples
        --------
        >>> [(token.text, round(token.logprob, 1)) for token in model.logprobs("A goose.")]
        [('A', -17.4), (' go', -10.7), ('ose', -1.5), ('.', -2.6)]
        """
        model, tokenizer = self.loaded.model, self.loaded.tokenizer
        ids = self.tokenize(text) if isinstance(text, str) else [int(token) for token in text]
        if not ids:
            raise SettingsError("The text is empty.", code="empty-text")
        model.check(ids)
        history, state = [*prompt_tokens(tokenizer, ""), *ids], model.new_state()
        texts, found = list(token_texts(tokenizer, ids)), list[Chunk]()
        for start in range(0, len(ids), CHUNK):
            end = min(start + CHUNK, len(ids))
            rows = check_finite(model.forward(history[start:end], state, logits="all"), state)  # [T, V]
            wide = rows.astype(np.float64) - rows.max(axis=-1, keepdims=True)
            totals = np.log(np.exp(wide).sum(axis=-1))  # [T]
            for index in range(start, end):
                row, token = index - start, ids[index]
                likely = candidates(rows[row], tokenizer, top, model.kernel.logits)
                found.append(Chunk(texts[index], token, float(wide[row, token] - totals[row]), index, likely))
        return found

    def evaluate(self, text: str, *, raw: bool = False, progress: OnProgress | None = None) -> Evaluation:
        """Measure how well the model predicts a text, in bits per byte and perplexity.

        Parameters
        ----------
        raw
            Measure the text byte for byte. By default Windows line ends become LF first, since models were
            trained on none; ``line_ends_replaced`` of the result says how many.

        Raises
        ------
        SettingsError
            ``empty-text``.

        Examples
        --------
        >>> found = model.evaluate("It was a dark evening in November.")
        >>> found.tokens, round(found.bits_per_byte, 2)
        (12, 2.11)
        """
        return evaluate(self.loaded.model, self.loaded.tokenizer, text, raw=raw, progress=progress)

    def read(self, text: str | Sequence[int], state: State | None = None) -> State:
        """Read a text and return the state after it, to generate from, to copy or to save.

        Parameters
        ----------
        state
            What the model has read before; updated in place and returned. By default a new state.

        Examples
        --------
        >>> state = model.read("Once upon a")
        >>> branch = state.copy()
        >>> model.write(" time", state=branch, temperature=0, max_new_tokens=3)
        ', the Lord'
        """
        state = state or self.loaded.model.new_state()
        self.loaded.model.forward(prompt_tokens(self.loaded.tokenizer, text), state, logits="none")
        return state

    def save_state(self, path: str | Path, state: State | SavedState | Conversation) -> None:
        """Write what the model has read, or a conversation, to a safetensors file.

        Parameters
        ----------
        path
            The file; conventionally it ends with .safetensors. One that is there is replaced.

        Examples
        --------
        >>> model.save_state("evening.safetensors", model.read("It was a dark evening, and"))
        >>> text = model.write(state=model.load_state("evening.safetensors"), max_new_tokens=5)
        """
        if isinstance(state, Conversation):
            state = state.save()
        elif isinstance(state, State):
            state = SavedState({name: array.copy() for name, array in state.arrays.items()})
        Path(path).write_bytes(encode_saved_state(state, self.loaded.model))

    def load_state(self, path: str | Path) -> SavedState:
        """Read a file that `save_state` or a page wrote, or a state-tuned file of BlinkDL's.

        Raises
        ------
        FileFormatError
            ``not-a-state``: it contains no state.
        SettingsError
            ``state-mismatch``: the state is another model's.
        """
        return load_saved_state(FileSource(Path(path)), self.loaded.model)

    def _after(self, saved: SavedState, prompt: str | Sequence[int]) -> list[int]:
        """The ids of a prompt with what the model of a saved state has not read yet before it."""
        if isinstance(prompt, str):
            return self.tokenize(saved.unread + unix_lines(prompt))
        return [*self.tokenize(saved.unread), *prompt]


class Chat(BranchingConversation):
    """A conversation whose replies take settings by name; `TextModel.chat` starts one.

    Its branches have one tree, which `goosequill.conversations.writing.write` exports.

    Examples
    --------
    >>> chat = model.chat()
    >>> other = chat.branch()
    >>> for branch, seed in ((chat, 1), (other, 2)):
    ...     _ = "".join(map(str, branch.say("Good morning.", seed=seed, max_new_tokens=8)))
    >>> chat.rank([other, chat])
    >>> [message.rank for message in chat.siblings()]
    [1, 0]
    """

    def say(
        self,
        message: str | Sequence[Message],
        config: DecodingConfig | None = None,
        *,
        reasoning_effort: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: Any = None,
        parallel_tool_calls: bool | None = None,
        **settings: Any,
    ) -> Iterator[Chunk | End]:
        """Send a message, and stream the reply as `TextModel.generate` streams a text.

        Parameters
        ----------
        message
            The user's message, or messages of any roles, such as what a tool returned.
        reasoning_effort
            How long a G1 model thinks before this reply: "none", "low", "medium" or "high"; "auto", the
            default, leaves it to the chat format and the model.
        tools, tool_choice, parallel_tool_calls
            Tools that the reply may call (`goosequill.chat.tools.read_tools`). The End then has
            ``tool_calls``; the texts include the calls as the model writes them.

        Raises
        ------
        SettingsError
            ``empty-message``, ``reasoning-effort``, ``tools``, or an error of the settings.
        """
        found = read_tools(tools, tool_choice, parallel=parallel_tool_calls)
        items = self.reply(message, _settings(config, settings), effort=reasoning_effort, tools=found)
        return (item for item in items if isinstance(item, Chunk | End))


def _settings(config: DecodingConfig | None, settings: dict[str, Any]) -> DecodingConfig:
    """The settings as one configuration; those that are given by name replace those of `config`."""
    if config is None:
        return DecodingConfig.from_dict(settings)
    return config.replace(**settings) if settings else config
