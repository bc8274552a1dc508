"""The errors that Goosequill raises for problems that a user can fix, and the table of their codes.

Every error carries a stable code (for programs), a sentence that says what went wrong, and a remedy.
Bugs in Goosequill itself are ordinary Python exceptions. The codes that only JavaScript raises are in
the table too, because the documentation's page of errors is made from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from goosequill.support.printable import printable

MOST_MESSAGE = 300
"""Characters of a message; a longer one, with names from a file, loses its middle."""
MOST_REMEDY = 1_000
"""The same of a remedy, which may list what there is to choose from."""


class Code(NamedTuple):
    """What an error code means, and what to do about it."""

    meaning: str
    remedy: str


_DOWNLOAD_AGAIN = "Download the file again."
_DAMAGED_COPY = "Try again. If it happens again, the copy on the server is damaged."

GROUPS: dict[str, dict[str, Code]] = {
    "Files": {
        "file-missing": Code("A file does not exist or cannot be read.", "Check the path."),
        "file-truncated": Code("A file is empty, or shorter than it should be.", _DOWNLOAD_AGAIN),
        "file-altered": Code(
            "A file's length or SHA-256 differs from the one in `config.json`.",
            "Download the model folder again.",
        ),
        "conversations": Code(
            "A file of conversations is damaged, or not in a format that Goosequill reads.",
            "Choose a file from Open Assistant, ShareGPT, ChatGPT or TRL: JSON, or one JSON object per line.",
        ),
        "nothing-to-export": Code(
            "The conversations contain nothing for the chosen format.", "Rate or rank replies first."
        ),
        "votes-file": Code("A file of votes is invalid.", "Export the votes from the comparer again."),
        "unknown-format": Code(
            "The file is not in a format that Goosequill reads.",
            "Choose RWKV weights as .safetensors, .pth, .gguf, .prefab (web-rwkv), or .bin (rwkv.cpp).",
        ),
        "safetensors-header": Code(
            "A safetensors file breaks the rules of its format.",
            "Download the file again, or convert the original again.",
        ),
        "pth": Code(
            "A .pth file is corrupt, or contains anything other than tensors.",
            "Use a release as its author published it. Never trust a .pth file from a stranger.",
        ),
        "gguf-header": Code("A GGUF file is corrupt.", _DOWNLOAD_AGAIN),
        "rwkv-cpp-header": Code("An rwkv.cpp file is corrupt.", _DOWNLOAD_AGAIN),
        "prefab-header": Code("A .prefab file is corrupt.", _DOWNLOAD_AGAIN),
        "packed-layout": Code(
            "The matrices are packed in a layout that this version does not support.",
            "Use a newer version of Goosequill, or convert the original again.",
        ),
        "split-gguf": Code(
            "The file is one part of a split GGUF model.",
            "Merge the parts with llama.cpp's gguf-split first.",
        ),
        "which-file": Code(
            "The chosen files are not one model: weights, and optionally their tokenizer.",
            "Choose the weights (.safetensors, .pth, .gguf, .prefab or .bin), and their tokenizer if needed.",
        ),
        "shards": Code(
            "The files of a sharded model do not belong together.",
            "Choose all the files of one model, and no others.",
        ),
        "model-folder": Code(
            "`config.json` is missing or invalid, or is for another version of Goosequill.",
            "Use a model folder that “goosequill convert” wrote.",
        ),
        "output": Code(
            "The output folder cannot be created or is not empty.", "Choose a new or empty folder."
        ),
        "shard-size": Code("A shard is too small for one row of a tensor.", "Choose a larger shard size."),
        "size": Code("A file size cannot be parsed.", "Write it as 90MB or 1GiB."),
        "not-text": Code("A text file is not UTF-8.", "Convert it to UTF-8, or choose a text file."),
    },
    "Models": {
        "not-a-model": Code(
            "The file or folder does not contain exactly one valid RWKV model.",
            "Choose a file of RWKV weights, or a folder that “goosequill convert” wrote.",
        ),
        "tensor-missing": Code(
            "The weights are incomplete.", "Download the model again, or choose another file."
        ),
        "tensor-shape": Code(
            "A tensor has a shape that the model cannot have.",
            "The file is corrupt or of an unknown kind. Download it again.",
        ),
        "tensor-values": Code(
            "A tensor contains values that are not finite numbers, or too large for their type.",
            "The file is corrupt, or its training diverged. Download it again, or choose another.",
        ),
        "unsupported-variant": Code(
            "The file contains a variant of RWKV that Goosequill does not run.",
            "Use a release of RWKV 4, 5, 6, 7 or 7a as its author published it.",
        ),
        "unsupported-architecture": Code(
            "The GGUF file contains a model that is not RWKV-6 or RWKV-7.",
            "Choose a GGUF file whose architecture is rwkv6 or rwkv7.",
        ),
        "unsupported-quantization": Code(
            "The file is quantized in a way that Goosequill does not read.",
            "Choose a file in F32, F16 or another quantization.",
        ),
        "nothing-to-pack": Code(
            "Only quantized matrices can be packed, and the model has none.",
            "Quantize it as well: --quantize int8 or int4.",
        ),
        "model-id": Code(
            "The id of a model, or the host of ids, is invalid.",
            "Write it as owner/repo:path, if needed followed by @revision and #sha256=HEX.",
        ),
        "model-too-large": Code(
            "The model needs more memory than is available.",
            "Quantize it to 8 or 4 bits, or choose a smaller model.",
        ),
        "model-nan": Code(
            "The model's logits are not numbers.",
            "The file may be corrupt. Download it again, or load it without quantization.",
        ),
        "model-unloaded": Code("The model has been unloaded.", "Load it again."),
        "no-tokens": Code("The model was given no tokens.", "Give it at least one token to read."),
        "token-range": Code(
            "A token id is outside the model's vocabulary.",
            "Use the tokenizer that the model was trained with.",
        ),
        "unknown-kernel": Code("There is no kernel with this name.", "Use the kernel auto."),
        "kernel-unavailable": Code(
            "This kernel does not run on this machine.",
            "Use the kernel auto, which selects the fastest that runs.",
        ),
    },
    "Tokenizers": {
        "tokenizer-needed": Code(
            "No built-in tokenizer has the size of the model's vocabulary.",
            "Add the model's tokenizer.json or vocabulary file.",
        ),
        "tokenizer-missing": Code(
            "The tokenizer file cannot be read.",
            "Give the path of a tokenizer.json, or one of the names world, neox-20b and byte.",
        ),
        "tokenizer-file": Code(
            "The tokenizer file is invalid.", "Download it again, or use the one that came with the model."
        ),
        "tokenizer-incomplete": Code(
            "The tokenizer has no token for some byte, so it cannot encode every text.",
            "Use the tokenizer that came with the model.",
        ),
        "tokenizer-unsupported": Code(
            "The tokenizer is of a kind that Goosequill does not read.",
            "Use a byte-level BPE tokenizer (like those of GPT-2, GPT-NeoX and Llama 3), World, or "
            "plain bytes.",
        ),
        "tokenizer-mismatch": Code(
            "The tokenizer and the model have different vocabularies.",
            "Use the tokenizer.json that came with the model.",
        ),
        "token-id": Code("A token id is negative.", "Token ids start at 0."),
        "token-ids": Code("A list of token ids cannot be parsed.", "Write it as 34,105,110."),
    },
    "Decoding": {
        "setting-unknown": Code(
            "There is no setting with this name.", "See the reference of decoding settings."
        ),
        "setting-type": Code(
            "A setting's value has the wrong type.", "See the reference of decoding settings."
        ),
        "setting-range": Code(
            "A setting's value is out of range.", "See the reference of decoding settings."
        ),
        "settings-conflict": Code("Two settings contradict each other.", "Leave out one of the two."),
        "all-banned": Code("`banned_tokens` bans the whole vocabulary.", "Leave at least one token."),
        "all-tokens-removed": Code(
            "A decoder step removed every token.", "Relax that setting, or the bans and penalties before it."
        ),
        "regex": Code(
            "The regular expression is invalid, or uses a feature that is not supported.",
            "Use characters, classes, groups, alternatives and repetitions.",
        ),
        "regex-too-large": Code(
            "The regular expression, or the list of choices, is too complex.", "Simplify it."
        ),
        "regex-empty": Code(
            "The regular expression, or the list of choices, matches no text.",
            "Change it so that it matches some text.",
        ),
        "json-schema": Code(
            "The JSON schema is invalid, or uses a keyword that is not supported.",
            "Simplify the schema. The reference lists the supported keywords.",
        ),
        "token-index": Code(
            "There is no prediction for the requested token.", "Choose a token after the first of the prompt."
        ),
    },
    "Conversations and states": {
        "chat-format": Code(
            "The chat format is unknown or invalid.", "Choose one of world, g1, g1-quick and raven."
        ),
        "chat-messages": Code(
            "The messages are invalid.",
            'Give a list of {"role": "system", "user" or "assistant", "content": text}.',
        ),
        "tools": Code(
            "The tools that a model may call, or the choice of tool, are invalid.",
            "Give each tool a name, and a JSON schema of its parameters, as OpenAI's API has them.",
        ),
        "empty-message": Code("The message is empty.", "Write a message."),
        "reasoning-effort": Code(
            "The chat format has no setting for the length of thinking.",
            "Leave out reasoning_effort, or choose a model that reasons, such as G1.",
        ),
        "nothing-to-undo": Code(
            "There is no turn to undo.", "Turns from before a state was saved cannot be undone."
        ),
        "conversation-over": Code("The conversation has been closed.", "Start a new one."),
        "not-a-state": Code(
            "The file does not contain a saved state.",
            "Choose a state saved by Goosequill, or a state-tuned .pth file.",
        ),
        "state-mismatch": Code(
            "The state belongs to a model of another version or size.", "Load the model that it belongs to."
        ),
    },
    "Tuning": {
        "not-an-adapter": Code(
            "The file does not contain an adapter.",
            "Choose an adapter file, or a state-tuned .pth file.",
        ),
        "adapter-mismatch": Code(
            "The adapter belongs to another model.", "Load the model that it was made for, or tune this one."
        ),
        "adapter-method": Code("The adapter has vectors, not a state.", "Save it as .safetensors."),
        "adapter-values": Code(
            "The adapter has a number that is not finite or too large.",
            "Tune again with a lower learning rate.",
        ),
        "examples": Code(
            "A file of examples is damaged, too large, or not in a format that Goosequill reads.",
            "Choose plain text, or JSON lines with text, prompt and completion, messages, or prompt, chosen "
            "and rejected.",
        ),
        "too-few-examples": Code(
            "There are too few examples: a fifth is held back, to see when to stop.",
            "Add examples: ten are enough to start, fifty are better.",
        ),
        "tuning-version": Code(
            "Models of this version of RWKV cannot be tuned.", "Choose a model of RWKV 4 or 7."
        ),
    },
    "Evaluation": {
        "prompts": Code(
            "The file of prompts cannot be read or is invalid.",
            "Use a JSON list of texts, JSON lines, or one prompt per line.",
        ),
        "decoders": Code(
            "The file of decoders cannot be read or is invalid.",
            "Use a JSON object from names to settings, or a JSON list of preset names.",
        ),
        "other-report": Code(
            "An unfinished report with the same name has different models, prompts or decoders.",
            "Choose another output file, or delete the unfinished one.",
        ),
        "same-name": Code(
            "Two models would write their reports to the same file.",
            "Run one command for each, with different values of --out.",
        ),
        "no-dask": Code(
            "The package distributed is not installed.",
            'Install it with: pip install "goosequill[cluster]".',
        ),
        "no-cluster": Code(
            "No Dask scheduler answers at the address.",
            "Start one with “dask scheduler”, and use the address that it prints.",
        ),
        "empty-text": Code("The text to evaluate is empty.", "Choose a file that contains text."),
        "no-votes": Code("There are no votes to evaluate.", "Vote on a few pairs first."),
        "self-comparison": Code(
            "A vote compares a contender with itself.", "Give the reports different names."
        ),
    },
    "Downloads and the engine in the browser": {
        "network": Code("A download failed.", "Check the connection and try again."),
        "cors": Code(
            "The file's server does not let other sites read it.",
            "Download the file and choose it here, or use a copy on a server that allows it.",
        ),
        "not-found": Code("The file is not on the server.", "Check the address, or choose another model."),
        "http-status": Code("The server answered with an error.", "Try again in a moment."),
        "download-truncated": Code("A download has the wrong length.", _DAMAGED_COPY),
        "checksum": Code("The SHA-256 of a download differs from the expected one.", _DAMAGED_COPY),
        "source-interrupted": Code(
            "Part of a file could not be read.",
            "Check the connection and load the model again; or download the file and choose it here.",
        ),
        "out-of-memory": Code(
            "The browser does not have enough memory.",
            "Close other tabs, or choose a smaller or a quantized model.",
        ),
        "engine-start": Code(
            "The Python engine could not start.", "Reload the page in an up-to-date browser with WebAssembly."
        ),
        "worker-blocked": Code(
            "The browser, an extension or the page prevented the worker from starting.",
            "Try another browser, or embed Goosequill as an iframe.",
        ),
        "csp": Code(
            "The page's Content-Security-Policy blocks the engine.",
            "Add the source that the message names to the policy, or embed Goosequill as an iframe.",
        ),
        "worker-died": Code("The engine stopped unexpectedly.", "Try again; the engine restarts."),
        "aborted": Code("The operation was cancelled.", "Start it again if that was a mistake."),
        "internal": Code(
            "Something unexpected went wrong inside the engine.",
            "Try again. If it happens again, reload the page and report the message as a bug.",
        ),
        "option": Code(
            "An option of a function is unknown or has an invalid value.",
            "Use the name or the value that the error suggests.",
        ),
        "unknown-function": Code("The engine has no function with this name.", "Check the name."),
    },
    "Search": {
        "answer-passages": Code(
            "The passages to answer from are missing, too many or too long.",
            "Give 1 to 20 passages of at most 20,000 characters each.",
        ),
        "document-format": Code(
            "The file is of a kind that Goosequill does not read.",
            "Save it as PDF, DOCX, HTML, Markdown or plain text.",
        ),
        "document-binary": Code(
            "The file is not text.", "Choose text, Markdown, HTML, CSV, PDF, DOCX, or a zip of these."
        ),
        "document-corrupt": Code("The document is damaged.", "Open it in its own program and save it again."),
        "document-empty": Code("The document has no text.", "Choose another file."),
        "document-encrypted": Code(
            "The document is protected with a password.", "Save a copy without the password."
        ),
        "document-scanned": Code(
            "The PDF contains pictures of pages, but no text.",
            "Run text recognition (OCR) on it first, for example with “ocrmypdf”.",
        ),
        "document-too-large": Code(
            "The document is larger than Goosequill can read.", "Split it into smaller files."
        ),
        "csv-column": Code("The CSV file has no such column.", "Choose one of its columns."),
        "no-pypdf": Code(
            "The package pypdf is not installed.", 'Install it with: pip install "goosequill[pdf]".'
        ),
        "link-outside": Code(
            "A link in the folder points outside it.", "Copy the file itself into the folder."
        ),
        "path-not-found": Code("There is no such file or folder.", "Check the path."),
        "place-unreachable": Code("A site does not answer.", "Check the address and the connection."),
        "index-missing": Code(
            "There is no index in the folder or zip.",
            "Create one with “goosequill index”, or check the path.",
        ),
        "index-version": Code(
            "The index has a version that this Goosequill does not read.",
            "Use a newer version of Goosequill, or build the index again.",
        ),
        "index-model": Code(
            "The index was made with another embedding model, or with another version of it.",
            "Use the model that made the index, or build the index again.",
        ),
        "index-corrupt": Code(
            "The index is damaged or incomplete.", "Build the index again from its documents."
        ),
        "index-incomplete": Code(
            "Passages of the index have no vector, or deleted documents are still in it.",
            "Run “goosequill index” to its end, then try again.",
        ),
        "index-unreachable": Code(
            "A file of a site's index could not be fetched.", "Check the connection and the index's address."
        ),
        "embedder-missing": Code(
            "The folder of an embedding model is missing.",
            "Run “goosequill fetch-models”, which takes it from a built Goosequill site.",
        ),
        "index-full": Code("The index is full.", "Divide the documents between two indexes."),
        "index-empty": Code(
            "There was no document to index.",
            "Check the path. The reference lists the formats that are read.",
        ),
        "document": Code(
            "A document is not in the collection, or its parts do not fit each other.",
            "Open the collection again.",
        ),
        "question": Code("The number of results is out of range.", "Ask for 1 to 1,000 results."),
        "vectors": Code(
            "Vectors do not have the model's dimensions, or are not numbers.",
            "Check the model that made them.",
        ),
        "embedder-closed": Code("The embedding model has been unloaded.", "Load it again."),
        "collection-closed": Code("The collection has been closed.", "Open it again."),
        "embeddings-json": Code(
            "A file of embeddings is not a list of file names with vectors of one length.",
            'Give a JSON list of {"filename": ..., "embedding": [numbers]}.',
        ),
        "embeddings-closed": Code("The file of embeddings has been closed.", "Open it again."),
        "no-lancedb": Code(
            "The package lancedb is not installed.", 'Install it with: pip install "goosequill[lancedb]".'
        ),
        "lancedb": Code(
            "The LanceDB database cannot be opened, or its table is not one that “goosequill index” made.",
            "Check the address, or choose a new one.",
        ),
        "embedding-nan": Code(
            "An embedding model returned values that are not numbers.",
            "The model may be corrupt. Download it again.",
        ),
        "endpoint-address": Code(
            "The address or the model of an embeddings endpoint is missing or invalid.",
            "Give the address of an OpenAI-compatible API, such as http://localhost:11434/v1, and a model.",
        ),
        "endpoint-answer": Code(
            "An embeddings endpoint reports an error, or its answer is invalid.",
            "Check the address, the model and the key.",
        ),
        "endpoint-unreachable": Code(
            "An embeddings endpoint did not answer.",
            "Check the address, and that the server is running and allows requests from this page.",
        ),
    },
    "Command line": {
        "config-file": Code(
            "The file of settings is not valid TOML, or sets an option that a command does not have.",
            "Correct it, or set GOOSEQUILL_CONFIG to an empty string to do without it.",
        ),
        "no-shtab": Code(
            "The package shtab is not installed.", 'Install it with: pip install "goosequill[completion]".'
        ),
    },
    "Server": {
        "no-serve": Code(
            "The packages starlette and uvicorn are not installed.",
            'Install them with: pip install "goosequill[serve]".',
        ),
        "serve-address": Code(
            "The server cannot listen at its address.",
            "Stop the program that uses the port, or choose another --port; --host must be an address "
            "of this machine.",
        ),
        "serve-origin": Code(
            "The address whose pages may use the server is invalid.",
            "Write it as https://example.org, or http://localhost:8000.",
        ),
        "api-key": Code(
            "A request to the server has no key.",
            "Send the server's --api-key as Authorization: Bearer KEY.",
        ),
        "no-such-model": Code(
            "The server does not have the requested model; its answer has the code `model_not_found`, as "
            "OpenAI's.",
            "Use one of the models listed at /v1/models.",
        ),
        "host": Code(
            "A request names a host other than this machine.",
            "Use http://localhost or http://127.0.0.1; to serve other machines, start it with --host.",
        ),
        "busy": Code("The server is answering as many requests as it can.", "Try again later."),
        "stopping": Code(
            "The server is shutting down.", "Send the request again when the server is running."
        ),
    },
    "Laboratory": {
        "unknown-experiment": Code("There is no experiment with this name.", "Check the name."),
        "recording": Code(
            "A recording must be a stimulus and a spike train of 0 and 1, with one number per sample.",
            "Give both as CSV or .npy, with the same length.",
        ),
        "points": Code(
            "The points or samples cannot be fitted.",
            'Give lines of "x, y", each with a different x, or one column of raw samples.',
        ),
        "lab-data": Code("An experiment's data file is missing or corrupt.", "Load the page again."),
    },
}
"""Every error code, in the groups in which the documentation shows them."""

FORMER = {"all-cut": "all-tokens-removed", "file-format": "votes-file", "place-missing": "path-not-found"}
"""Codes of earlier versions, and what they are called now."""
CODES: dict[str, Code] = {name: code for group in GROUPS.values() for name, code in group.items()}
"""Every error code, with its meaning and remedy."""


class GoosequillError(Exception):
    """An error that a user can understand and fix.

    Parameters
    ----------
    message
        One sentence: what went wrong, with the names and numbers involved. Names from a file need no care:
        it is escaped and shortened (`printable`).
    code
        One of `CODES`, for example ``"file-truncated"``.
    remedy
        One sentence: what to do. By default the remedy in `CODES`.
    param
        The setting, argument or field of a request that is at fault, where it is one.

    Attributes
    ----------
    type
        OpenAI's type of the error, where it is the answer to such a request (`goosequill.openai.errors`).
    """

    type: str | None = None

    def __init__(
        self, message: str, *, code: str, remedy: str | None = None, param: str | None = None
    ) -> None:
        self.message = printable(message, MOST_MESSAGE)
        super().__init__(self.message)
        self.code = code
        self.remedy = CODES[code].remedy if remedy is None else printable(remedy, MOST_REMEDY)
        self.param = None if param is None else printable(param, MOST_MESSAGE)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()

    def __reduce__(self) -> tuple[Callable[..., GoosequillError], tuple[str], dict[str, Any]]:
        """Return what pickle and copy need: by itself an exception gives them its message only."""
        make = partial(type(self), code=self.code, remedy=self.remedy)
        return make, (self.message,), self.__dict__

    def to_dict(self) -> dict[str, str]:
        """Return the form in which the error crosses to JavaScript or JSON; ``param`` and ``type`` if it has
        them.
        """
        found = {"code": self.code, "message": self.message, "remedy": self.remedy}
        if self.param:
            found["param"] = self.param
        if self.type:
            found["type"] = self.type
        return found


class FileFormatError(GoosequillError):
    """A file is missing, corrupt, truncated or not in a format that Goosequill reads."""


class UnsupportedModelError(GoosequillError):
    """The file is valid, but contains a model that Goosequill does not run."""


class TokenizerError(GoosequillError):
    """A tokenizer file is invalid, or does not fit the model's vocabulary."""


class SettingsError(GoosequillError):
    """A setting is out of range, unknown, or contradicts another."""


class SearchError(GoosequillError):
    """A document or an index cannot be read, or does not fit what it is searched with."""


class LoadError(GoosequillError):
    """A model could not be fetched or does not fit into memory."""
