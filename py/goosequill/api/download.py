"""Downloads a model's file into the cache, once: resumes what was interrupted, and checks length and SHA-256.

Nothing else contacts a host, and this only for an id that somebody asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from goosequill.api.ids import ModelId, parse_model_id
from goosequill.errors import LoadError, SettingsError
from goosequill.support.budget import Budget
from goosequill.support.cache import cache_folder
from goosequill.support.progress import OnProgress
from goosequill.weights import FileSource
from goosequill.weights.file_names import DESCRIPTION, is_weights
from goosequill.weights.folder import read_description

ATTEMPTS = 5
"""How often a transfer that made progress is resumed before it counts as failed."""
PIECE = 1 << 20
"""Bytes that are read at a time."""
TIMEOUT = 60
"""Seconds without an answer after which a connection counts as broken."""
MOST_LISTED, MOST_SHOWN = 20_000_000, 20
"""Of the list of a repository's files: the bytes that are read, and the files that a message names."""
ABANDONED = 120
"""Seconds without a byte after which a part belongs to nobody, because its process was killed."""


class _Part(NamedTuple):
    """A file that is being downloaded.

    Its path while it is this process's alone, the one before and after, and the file with the host's name of
    this version (ETag), so that no other version is continued.
    """

    own: Path
    common: Path
    tag: Path

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self.own.stat().st_size if self.own.exists() else 0

    def discard(self) -> None:
        """Forget what has arrived."""
        for path in (self.own, self.tag):
            path.unlink(missing_ok=True)


def fetch(
    model: ModelId, *, host: str | None = None, cache: Path | None = None, progress: OnProgress | None = None
) -> Path:
    """Return the path of a model's file in the cache, downloading it if it is not there.

    Of a repository without a path, it is the only file of weights there; without a network, the only one of
    it in the cache. Of a model folder, whose path ends in a slash, every file that its config.json lists is
    downloaded, and compared with the SHA-256 there.

    Parameters
    ----------
    host
        By default ``$GOOSEQUILL_HUB``, and else the Hugging Face hub.
    cache
        By default models/ in `goosequill.support.cache.cache_folder`.
    progress
        Called with (bytes that are here, bytes in all); 0 in all if the host does not say.

    Raises
    ------
    LoadError
        ``network``, ``not-found``, ``http-status``: it cannot be fetched; what has arrived is kept, and the
        next call continues there. ``download-truncated``, ``checksum``: it is not the file that was
        announced.
    FileFormatError
        ``model-folder``: config.json is invalid.
    SettingsError
        ``model-id``: the repository has no file of weights, or several, which the message lists.
    """
    if not model.path:
        model = _only_weights(model, host, cache)
    if model.path.endswith("/"):
        return _fetch_folder(model, host, cache, progress)
    return download(model.address(host), _folder(model, cache) / model.path, model.sha256, progress=progress)


def download(address: str, target: Path, sha256: str = "", *, progress: OnProgress | None = None) -> Path:
    """Download a file unless it is there, and return its path; see `fetch` for the errors.

    Parameters
    ----------
    sha256
        In lower case; empty if it is not to be checked.
    """
    if target.is_file() and _is_intact(target, sha256):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _own_part(target) as part:
        total = _transfer(address, part, progress)
        size = part.size
        if total and size != total:
            part.discard()
            raise LoadError(
                f"{address} has {size:,} bytes instead of {total:,}.",
                code="download-truncated",
                remedy="Try again.",
            )
        digest = _sha256(part.own) if sha256 else ""
        if digest != sha256:
            part.discard()
            raise LoadError(
                f"The SHA-256 of {address} is {digest}, not {sha256}.",
                code="checksum",
                remedy="Check the id; the file on the host may have been replaced.",
            )
        _note(target, digest, size)
        part.own.replace(target)
        part.tag.unlink(missing_ok=True)
    return target


def _fetch_folder(model: ModelId, host: str | None, cache: Path | None, progress: OnProgress | None) -> Path:
    config = fetch(replace(model, path=model.path + DESCRIPTION), host=host, cache=cache)
    for entry in read_description(FileSource(config))["files"]:
        file = replace(model, path=model.path + entry["name"], sha256=entry["sha256"].lower())
        fetch(file, host=host, cache=cache, progress=progress)
    return config.parent


def _folder(model: ModelId, cache: Path | None) -> Path:
    root = cache or cache_folder() / "models"
    return root / model.owner / model.repo / quote(model.revision, safe="")


def _only_weights(model: ModelId, host: str | None, cache: Path | None) -> ModelId:
    """Return the id of the only file of weights in a repository, or list them."""
    repo = f"{model.owner}/{model.repo}"
    revision = "" if model.revision == "main" else f"@{model.revision}"
    try:
        names = _listed(model.listing(host))
    except LoadError as error:
        folder = _folder(model, cache)
        names = [str(path.relative_to(folder).as_posix()) for path in folder.rglob("*")]
        if error.code != "network" or sum(map(is_weights, names)) != 1:
            raise
    found = [f"{repo}:{name}{revision}" for name in sorted(names) if is_weights(name)]
    if len(found) == 1:
        return parse_model_id(found[0])
    shown = ", ".join(found[:MOST_SHOWN]) + (", ..." if len(found) > MOST_SHOWN else "")
    raise SettingsError(
        f"{repo} has {len(found) or 'no'} files of weights.",
        code="model-id",
        remedy=f"Write one of these: {shown}" if found else "Choose another repository.",
    )


def _listed(address: str) -> list[str]:
    """Return the names of a repository's files."""
    try:
        with urllib.request.urlopen(_request(address), timeout=TIMEOUT) as answer:
            found = Budget().json(answer.read(MOST_LISTED))
        return [str(file["rfilename"]) for file in found["siblings"]]
    except (http.client.HTTPException, OSError) as error:
        raise _failure(address, error) from error
    except (ValueError, TypeError, KeyError) as error:
        raise LoadError(f"{address} is not a list of files.", code="http-status") from error


def _request(address: str, **headers: str) -> urllib.request.Request:
    return urllib.request.Request(
        address, headers={"User-Agent": "goosequill", "Accept-Encoding": "identity", **headers}
    )


def _is_intact(target: Path, sha256: str) -> bool:
    """Whether a cached file has the length that it had, and the wanted SHA-256; else it is removed."""
    try:
        noted = json.loads(_notes(target).read_text(encoding="utf-8"))
        same = bool(noted["bytes"] == target.stat().st_size)
        digest = str(noted["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        same, digest = False, ""
    if same and sha256 and digest != sha256:
        digest = _sha256(target)
        same = digest == sha256
        if same:
            _note(target, digest, target.stat().st_size)
    if not same:
        target.unlink()
    return same


def _notes(target: Path) -> Path:
    return target.with_name(f"{target.name}.download.json")


def _note(target: Path, digest: str, size: int) -> None:
    _notes(target).write_text(json.dumps({"bytes": size, "sha256": digest}), encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _own_part(target: Path) -> Iterator[_Part]:
    """Take what has arrived before, so that two processes never write to one file; put it back at the end."""
    common = target.with_name(f"{target.name}.part")
    own = common.with_name(f"{common.name}.{os.getpid()}-{time.monotonic_ns()}")
    part = _Part(own, common, common.with_name(f"{common.name}.tag"))
    for before in (common, *common.parent.glob(f"{common.name}.*-*")):
        with contextlib.suppress(OSError):  # another process was faster, or there is none
            if before == common or time.time() - before.stat().st_mtime > ABANDONED:
                before.rename(part.own)
                break
    try:
        yield part
    finally:
        with contextlib.suppress(OSError):
            part.own.replace(part.common)


def _transfer(address: str, part: _Part, progress: OnProgress | None) -> int:
    """Append to a part until it is complete, and return the length that the host announced, 0 if none."""
    attempts = ATTEMPTS
    while True:
        before = part.size
        try:
            return _receive(address, part, before, progress)
        except (http.client.HTTPException, TimeoutError, ConnectionError, urllib.error.URLError) as error:
            attempts = attempts - 1 if part.size > before else 0
            if not attempts:
                raise _failure(address, error) from error


def _receive(address: str, part: _Part, start: int, progress: OnProgress | None) -> int:
    """Receive one answer, from `start` on where the host can continue."""
    headers: dict[str, str] = {}
    if start:
        headers["Range"] = f"bytes={start}-"
        if part.tag.is_file() and (tag := part.tag.read_text(encoding="latin-1")):
            headers["If-Range"] = tag
    try:
        answer: Any = urllib.request.urlopen(_request(address, **headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # nothing is after `start`: it is complete, or another file
            raise
        total = _total(error.headers.get("Content-Range"))
        if total != start:
            part.discard()
            return _receive(address, part, 0, progress)
        return total
    with answer:
        continued = answer.status == 206
        start = start if continued else 0
        announced = answer.headers.get("Content-Length")
        total = _total(answer.headers.get("Content-Range")) if continued else int(announced or 0)
        tag = answer.headers.get("ETag") or ""
        part.tag.write_text(tag if tag.startswith('"') else "", encoding="latin-1")
        with part.own.open("ab" if continued else "wb") as file:
            while piece := answer.read(PIECE):
                file.write(piece)
                start += len(piece)
                if progress:
                    progress(start, total)
    if start < total:
        raise http.client.IncompleteRead(b"", total - start)
    return total


def _total(content_range: str | None) -> int:
    """The whole length in ``bytes 5-9/10`` or ``bytes */10``; 0 if it is not there."""
    match = re.search(r"/(\d{1,19})$", content_range or "")
    return int(match[1]) if match else 0


def _failure(address: str, error: Exception) -> LoadError:
    if not isinstance(error, urllib.error.HTTPError):
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        return LoadError(f"{address} cannot be downloaded: {reason}.", code="network")
    if error.code in (401, 403, 404):
        return LoadError(
            f"{address} is not there, or not public (HTTP {error.code}).",
            code="not-found",
            remedy="Check the id or the address of the model.",
        )
    return LoadError(f"{address} cannot be downloaded: HTTP {error.code}.", code="http-status")
