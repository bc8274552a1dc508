"""Writes conversations for others: Open Assistant, TRL, KTO, RWKV-PEFT, the comparer, people.

Each format is a function in `WRITERS`, from trees to the pieces of a file.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from goosequill.chat.formats import FORMATS
from goosequill.conversations.reading import ABOUT, ASSUMED, ASSUMED_OF_TREE
from goosequill.conversations.tree import Message, Tree
from goosequill.errors import FileFormatError, SettingsError
from goosequill.support.budget import MOST_BYTES
from goosequill.support.report_format import sampling_report, sampling_result

Trees = Sequence[Tree]


def write(trees: Trees, to: str, *, packed: bool = False) -> bytes:
    """Return conversations as a file.

    Parameters
    ----------
    to
        One of `WRITERS`.
    packed
        Compress it with gzip.

    Raises
    ------
    SettingsError
        ``setting-type``: there is no such format. ``nothing-to-export``: the conversations have nothing
        for it, such as ranks for preferences.
    FileFormatError
        ``conversations``: it would be larger than `read` accepts, or a tree is nested too deep.
    """
    if to not in WRITERS:
        raise SettingsError(
            f"There is no format {to!r}.", code="setting-type", remedy=f"Choose {', '.join(WRITERS)}."
        )
    pieces, total = [], 0
    for piece in WRITERS[to].write(trees):
        pieces.append(piece.encode("utf-8", "replace"))
        total += len(pieces[-1])
        _check_size(total)
    if not pieces:
        raise SettingsError(
            f"The conversations contain nothing for {to}.", code="nothing-to-export", remedy=WRITERS[to].needs
        )
    data = b"".join(pieces)
    return gzip.compress(data, mtime=0) if packed else data


def _check_size(total: int) -> None:
    if total > MOST_BYTES:
        raise FileFormatError(
            f"The file would have more than {MOST_BYTES:,} bytes.",
            code="conversations",
            remedy="Export fewer conversations, or choose oasst-messages, which contains each message once.",
        )


def _line(record: Any) -> str:
    try:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
    except RecursionError as error:
        raise FileFormatError(
            "A conversation is too long for nested replies.",
            code="conversations",
            remedy="Export it as oasst-messages, which is not nested.",
        ) from error


def _oasst(message: Message) -> dict[str, Any]:
    """Return a message under Open Assistant's names, which leaves out a parent or a rank that is null."""
    places = {"parent_id": message.parent, "rank": message.rank}
    return {
        "message_id": message.id,
        "text": message.text,
        "role": "prompter" if message.role == "user" else message.role,
        **ASSUMED,
        **message.fields,
        **{name: value for name, value in places.items() if value is not None},
    }


def _about(tree: Tree, first: Message, *, fields: bool) -> dict[str, Any]:
    """Return what of a tree Open Assistant's formats have no place for."""
    found: dict[str, Any] = {"title": tree.title, "system": tree.system}
    if tree.id != first.id:
        found["id"] = tree.id
    if fields:
        found["fields"] = tree.fields
    found = {name: value for name, value in found.items() if value}
    return {ABOUT: found} if found else {}


def _oasst_messages(trees: Trees) -> Iterator[str]:
    for tree in trees:
        first = ""
        for message in tree:
            begins = message.parent is None
            first = message.id if begins else first
            about = _about(tree, message, fields=True) if begins else {}
            yield _line({**_oasst(message), "message_tree_id": first, **about})


def _oasst_trees(trees: Trees) -> Iterator[str]:
    for tree in trees:
        for first in tree.replies(None):
            nested = {message.id: _oasst(message) for message in tree.below(first.id)}
            for message in nested.values():
                replies = sorted(tree.replies(message["message_id"]), key=_by_rank)
                message["replies"] = [nested[reply.id] for reply in replies]
            about = _about(tree, first, fields=False)
            known = {"message_tree_id": first.id, **ASSUMED_OF_TREE, **tree.fields}
            yield _line({**known, **about, "prompt": nested[first.id]})


def _by_rank(message: Message) -> tuple[bool, int]:
    return message.rank is None, message.rank or 0


def _preferences(trees: Trees) -> Iterator[str]:
    for tree in trees:
        for better, worse in tree.preferences():
            prompt = tree.as_messages(better.parent)
            yield _line({"prompt": prompt, "chosen": _reply(better), "rejected": _reply(worse)})


def _reply(message: Message) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.text}]


def _kto(trees: Trees) -> Iterator[str]:
    for tree in trees:
        for message in tree:
            if message.rating and message.role == "assistant":
                prompt = tree.as_messages(message.parent)
                yield _line({"prompt": prompt, "completion": _reply(message), "label": message.rating > 0})


def _sft(trees: Trees) -> Iterator[str]:
    for tree in trees:
        yield from (_line({"messages": tree.as_messages(path[-1].id)}) for path in tree.good_paths())


def _rwkv(trees: Trees) -> Iterator[str]:
    chat = FORMATS["world"]
    for tree in trees:
        for path in tree.good_paths():
            text = chat.transcript(tree.as_messages(path[-1].id)).removesuffix(chat.separator)
            yield _line({"text": text})


def _report(trees: Trees) -> Iterator[str]:
    """One report; its prompts are those to which the assistant replied, its decoders the models that did."""
    prompts, total = [], 0
    for tree in trees:
        for asked in tree:
            outputs: dict[str, list[str]] = {}
            for reply in tree.replies(asked.id):
                if reply.role == "assistant":
                    outputs.setdefault(reply.model or "unnamed", []).append(reply.text)
            if outputs:
                prompt = FORMATS["world"].transcript(tree.as_messages(asked.id))
                total += len(prompt) + sum(len(text) for texts in outputs.values() for text in texts)
                _check_size(total)
                prompts.append(
                    (prompt, [sampling_result(name, {}, texts) for name, texts in outputs.items()])
                )
    if prompts:
        yield json.dumps(sampling_report("conversations", prompts), ensure_ascii=False, indent=1) + "\n"


def _markdown(trees: Trees) -> Iterator[str]:
    """Every branch to its end; of several replies to one message each has its place among them."""
    for number, tree in enumerate(trees):
        rule = "\n---\n\n" if number else ""
        yield f"{rule}# {tree.title or 'Conversation'}\n"
        if tree.system:
            yield f"\n**System**\n\n{tree.system}\n"
        places: dict[str, str] = {}
        for message in tree:
            if message.id not in places:
                found = tree.siblings(message.id)
                places |= {one.id: f" ({at} of {len(found)})" for at, one in enumerate(found, 1)}
            place = places[message.id].replace(" (1 of 1)", "")
            yield f"\n**{message.model or message.role.capitalize()}**{place}\n\n{message.text}\n"


class Writer(NamedTuple):
    """A format: its name for people, the end of file names, what to do if it would be empty, its function."""

    title: str
    suffix: str
    needs: str
    write: Callable[[Trees], Iterator[str]]


_MESSAGES = "Write a conversation first."
_RANKS = "Rank replies to one message, or rate one up and another down."
WRITERS: dict[str, Writer] = {
    "oasst-messages": Writer("Open Assistant, messages", ".jsonl", _MESSAGES, _oasst_messages),
    "oasst-trees": Writer("Open Assistant, trees", ".jsonl", _MESSAGES, _oasst_trees),
    "preferences": Writer("TRL, preferences", ".jsonl", _RANKS, _preferences),
    "kto": Writer("TRL, KTO", ".jsonl", "Rate replies up or down.", _kto),
    "messages": Writer("Messages for fine-tuning", ".jsonl", "Let the assistant reply.", _sft),
    "rwkv": Writer("RWKV-PEFT, text", ".jsonl", "Let the assistant reply.", _rwkv),
    "report": Writer("Sampling report for the comparer", ".json", "Let the assistant reply.", _report),
    "markdown": Writer("Markdown", ".md", _MESSAGES, _markdown),
}
"""The formats that conversations can be written in, for pages and commands."""
