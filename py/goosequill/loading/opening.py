"""Opens what a model is loaded from: a path, or files that were picked in a page.

Finds the weights, the tokenizer that comes with them and, in a model folder, config.json. Reads no
more than headers and descriptions (and, to verify a folder, every file once); `load` does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goosequill.errors import FileFormatError, TokenizerError
from goosequill.tokenizers import (
    MAX_FILE,
    Tokenizer,
    check_vocabulary,
    is_built_in,
    load_tokenizer,
    tokenizer_for_vocabulary,
)
from goosequill.weights import ByteSource, FileSource, TensorSource, folder_reader, open_folder, open_tensors
from goosequill.weights.file_names import DESCRIPTION, lists_shards, weight_files
from goosequill.weights.folder import ReadFile, check_link, is_description, is_model_folder
from goosequill.weights.source import is_count

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Opened:
    """A model's files, opened but not loaded.

    Attributes
    ----------
    name
        Of the file or folder.
    description
        config.json of a model folder; empty for bare weights.
    tokenizer
        The file that came with the weights, or the name of a built-in tokenizer; None if neither is given.
    """

    name: str
    tensors: TensorSource
    description: dict[str, Any] = field(default_factory=dict)
    tokenizer: ByteSource | str | None = None


def open_path(path: str | Path, *, verify: bool = True) -> Opened:
    """Open a model folder, a file of weights, or any folder that contains weights.

    Bare weights take the tokenizer.json in the same folder, if there is one.

    Parameters
    ----------
    verify
        Compare the files of a model folder with their SHA-256.

    Raises
    ------
    FileFormatError, UnsupportedModelError
        A file is missing or invalid, or contains no RWKV weights.
    """
    path = Path(path)
    if is_model_folder(path):
        return open_model_folder(folder_reader(path), verify=verify)
    folder = path if path.is_dir() else path.parent
    tokenizer = folder / TOKENIZER
    check_link(folder, tokenizer)
    return Opened(
        path.name, open_tensors(path), tokenizer=FileSource(tokenizer) if tokenizer.is_file() else None
    )


def open_model_folder(read: ReadFile, *, verify: bool = True, weights: ByteSource | None = None) -> Opened:
    """Open a model folder through a function from a file's name to its bytes.

    Parameters
    ----------
    weights
        A file to read the tensors from instead of the folder's own: a quantized copy of them.
    """
    folder = open_folder(read, verify=verify, weights=weights)
    kind, file = (folder.description["tokenizer"].get(key) for key in ("kind", "file"))
    if not file and not is_built_in(kind):  # else it would be opened as a path
        raise FileFormatError(
            f"{DESCRIPTION} is invalid: there is no built-in tokenizer {kind!r}.", code="model-folder"
        )
    name = str(folder.description.get("name"))
    return Opened(name, folder.tensors, folder.description, read(file) if file else kind)


def open_files(
    files: Mapping[str, ByteSource], *, verify: bool = True, weights: ByteSource | None = None
) -> Opened:
    """Open the files of a model folder; or weights, alone or with their tokenizer.

    Parameters
    ----------
    weights
        A quantized copy of the weights, under their name; `files` then has the other files.

    Raises
    ------
    FileFormatError
        ``file-missing``: config.json lists a file that is not among them. ``which-file``: they are
        not one model.
    """
    config = files.get(DESCRIPTION)
    if config is not None and (len(files) == 1 or is_description(config)):
        return open_model_folder(_reader(files), verify=verify, weights=weights)
    everything = files if weights is None else {**files, weights.name: weights}
    chosen = weight_files(everything)
    others = [name for name in everything if name not in (*chosen, DESCRIPTION) and not lists_shards(name)]
    if not chosen or len(others) > 1 or not all(name.endswith((".json", ".txt")) for name in others):
        raise FileFormatError(
            "These files are not one model: choose its weights, and at most one tokenizer.", code="which-file"
        )
    return Opened(
        chosen[0],
        open_tensors([everything[name] for name in chosen]),
        tokenizer=everything[others[0]] if others else None,
    )


def _reader(files: Mapping[str, ByteSource]) -> ReadFile:
    def read(name: str) -> ByteSource:
        if name not in files:
            raise FileFormatError(
                f"{DESCRIPTION} lists {name}, which is not among the files.",
                code="file-missing",
                remedy="Choose all the files of the model folder together.",
            )
        return files[name]

    return read


def choose_tokenizer(
    opened: Opened, vocab_size: int, asked: str | Path | None = None
) -> tuple[Tokenizer, str | Path | ByteSource]:
    """Load the tokenizer of a model, and check it against the model's vocabulary.

    Parameters
    ----------
    asked
        Name or path of a tokenizer; by default the one that came with the weights, or else the
        built-in one that models of this vocabulary size use.

    Returns
    -------
    (tokenizer, where it came from: a name, a path or an opened file)

    Raises
    ------
    TokenizerError
        ``tokenizer-needed``: nothing names a tokenizer. ``tokenizer-mismatch``: it is another model's.
    """
    source = asked or opened.tokenizer or tokenizer_for_vocabulary(vocab_size)
    if source is None:
        raise TokenizerError(
            f"The model's vocabulary has {vocab_size:,} tokens, and no built-in tokenizer has that size.",
            code="tokenizer-needed",
        )
    tokenizer = load_tokenizer(
        source if isinstance(source, (str, Path)) else source.read(0, min(source.size, MAX_FILE + 1))
    )
    check_vocabulary(tokenizer, vocab_size)
    if source is opened.tokenizer and "end_token" in opened.description:
        end_token = opened.description["end_token"]
        if end_token is not None and not (is_count(end_token) and end_token < vocab_size):
            raise FileFormatError(
                f"{DESCRIPTION} is invalid: its end_token is not one of the {vocab_size:,} tokens.",
                code="model-folder",
            )
        tokenizer.end_token = end_token
    return tokenizer, source
