"""Tools that a model may call: how they are described to it, the form of its reply, and the calls in it.

The format is one of those that the G1 models were trained on: the tools as JSON in a short System text, a
call as a fenced block of JSON with `name` and `arguments`, and what the tool returns in the next User turn
(BlinkDL/RWKV-LM, RWKV-v7/RWKV7-G1x-templates.txt). Tools, choices and messages have the shape of OpenAI's
API. The form that forces calls to be valid is in `goosequill.decoding.grammar.calls`; nothing is called here.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from goosequill.decoding import DecodingConfig, End
from goosequill.decoding.config import ReplyConfig
from goosequill.decoding.steps.constraint import form_of
from goosequill.errors import SettingsError
from goosequill.support.budget import Budget

MOST_TOOLS = 128
MOST_DESCRIPTION = 1_024
"""Characters of a tool's description."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""These three are OpenAI's limits. The schemas are bounded by the automaton that they become
(`goosequill.decoding.grammar.compile`)."""
TOOLS_INTRODUCTION = "You can call these tools:"
"""The start of the text that describes tools."""

_HEAD = re.compile(r'```(?:json)?\s*\{\s*"name"\s*:\s*"([\w-]+)"\s*,\s*"arguments"\s*:\s*(?=\{)')
_TAIL = re.compile(r"\s*\}\s*```")
_OPENED = re.compile(r'```(?:json)?\s*\{\s*"name"(?:\s*:\s*"([\w-]+)")?')
"""The start of a call, perhaps with the whole name: the form of replies allows no text with it."""


@dataclass(frozen=True)
class Tools:
    """The tools of one reply.

    Attributes
    ----------
    functions
        The tools that may be called: name -> the JSON schema of its arguments.
    instructions
        The text that describes them, and others that may not be called now, to the model.
    required
        Whether the reply must be a call.
    parallel
        Whether a reply may have several calls.
    key
        What the ids of the calls begin with.
    """

    functions: Mapping[str, Any]
    instructions: str
    required: bool = False
    parallel: bool = True
    key: str = field(default_factory=lambda: secrets.token_hex(8))

    def constrain(self, config: DecodingConfig, opening: str, stops: Sequence[str]) -> DecodingConfig:
        """Return a configuration that forces calls to be valid.

        A form that the configuration already has is that of a reply without calls.

        Parameters
        ----------
        opening
            The start of the reply, which the model has read.
        stops
            Texts that end every reply.

        Raises
        ------
        SettingsError
            ``json-schema``: a tool's schema cannot be used. ``settings-conflict``: with ``ignore_end``.
        """
        from goosequill.decoding.grammar.compile import Form  # like steps.constraint, only when it is used

        reply = {
            "opening": opening,
            "tools": list(self.functions.items()),
            "required": self.required,
            "parallel": self.parallel,
            "stops": list(stops),
            "text": form_of(config),
        }
        settings = {**vars(config), "regex": "", "choices": (), "json_schema": None}
        return ReplyConfig(**settings, reply=Form("reply", _json(reply)))


def read_tools(tools: Any, choice: Any = None, *, parallel: Any = None) -> Tools | None:
    """Read tools as OpenAI's API has them; None if there are none, or none may be called.

    Parameters
    ----------
    tools
        A list of ``{"type": "function", "function": {"name", "description", "parameters"}}``. The parameters
        are a JSON schema of an object; without them a tool has no arguments.
    choice
        "auto" (the default), "none", "required", ``{"type": "function", "function": {"name"}}`` or
        ``{"type": "allowed_tools", "allowed_tools": {"mode", "tools"}}``: the model is told of all tools, and
        may ("auto") or must ("required") call these.
    parallel
        Whether a reply may have several calls; by default it may.

    Raises
    ------
    SettingsError
        ``tools``: a tool or the choice is invalid.

    Examples
    --------
    >>> tool = {"type": "function", "function": {"name": "now", "description": "What time it is."}}
    >>> read_tools([tool]).functions
    {'now': {'type': 'object', 'properties': {}, 'additionalProperties': False}}
    """
    if tools is not None and (not isinstance(tools, Sequence) or isinstance(tools, str)):
        raise _invalid("they have to be a list")
    if parallel is not None and not isinstance(parallel, bool):
        raise _invalid("it has to be true or false", "parallel_tool_calls")
    if len(tools or ()) > MOST_TOOLS:
        raise _invalid(f"there are more than {MOST_TOOLS}")
    listed = [_function(tool) for tool in tools or ()]
    functions = {one["name"]: one["parameters"] for one in listed}
    if len(functions) < len(listed):
        raise _invalid("two of them have the same name")
    mode, names = _chosen(choice, functions)
    if mode == "none" or not functions:
        return None
    allowed = {name: schema for name, schema in functions.items() if name in names}
    several = mode != "function" and parallel is not False
    return Tools(allowed, _instructions(listed), mode in ("required", "function"), several)


def requested_tools(
    *, tools: Any = None, tool_choice: Any = None, parallel_tool_calls: Any = None
) -> Tools | None:
    """Read the fields of a request that are about tools; see `read_tools`."""
    return read_tools(tools, tool_choice, parallel=parallel_tool_calls)


def _chosen(choice: Any, functions: Mapping[str, Any]) -> tuple[str, set[str | None]]:
    """Return "none", "auto", "required" or, for one tool, "function", and the names that a choice allows."""
    mode: Any = "auto" if choice is None else choice
    tools: Any = [choice]
    if mode in ("auto", "none") or (mode == "required" and functions):
        return mode, set(functions)
    kind = mode = choice.get("type") if isinstance(choice, Mapping) else None
    if kind == "allowed_tools":
        given = choice["allowed_tools"] if isinstance(choice.get("allowed_tools"), Mapping) else {}
        mode, tools = given.get("mode"), given.get("tools")
    names = set(map(_named, tools if isinstance(tools, list | tuple) else ()))
    modes = ("auto", "required") if kind == "allowed_tools" else ("function",)
    if mode in modes and names and names <= functions.keys():
        return mode, names
    wanted = "it has to be auto, none, required, a function that is one of the tools, or allowed_tools"
    raise _invalid(wanted, "tool_choice")


def _named(tool: Any) -> str | None:
    """Return the name by which a choice refers to a tool."""
    function = tool.get("function") if isinstance(tool, Mapping) and tool.get("type") == "function" else None
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None


def _function(tool: Any) -> dict[str, Any]:
    """Return a tool's name, description and parameters."""
    function = tool.get("function") if isinstance(tool, Mapping) and tool.get("type") == "function" else None
    if not isinstance(function, Mapping):
        raise _invalid('each has to be {"type": "function", "function": {...}}')
    name, description = function.get("name"), function.get("description") or ""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _invalid("each needs a name of 1 to 64 letters, digits, _ or -")
    if not isinstance(description, str) or len(description) > MOST_DESCRIPTION:
        raise _invalid(
            f"the description of {name!r} is not a text of at most {MOST_DESCRIPTION:,} characters"
        )
    schema = function.get("parameters")
    if schema is None:
        schema = {"type": "object", "properties": {}, "additionalProperties": False}
    if not isinstance(schema, Mapping) or schema.get("type", "object") != "object":
        raise _invalid(f"the parameters of {name!r} are not the JSON schema of an object")
    found = {"name": name, "description": description, "parameters": {**schema, "type": "object"}}
    if not description:
        del found["description"]
    return found


def _instructions(functions: list[dict[str, Any]]) -> str:
    call = _block({"name": "...", "arguments": {}}).replace("{}", "{...}")
    return f"{TOOLS_INTRODUCTION} {_json(functions)}\nTo call one, write:\n{call}"


def written_calls(calls: Iterable[Any]) -> str:
    """Return the calls of a message as the model writes them.

    Parameters
    ----------
    calls
        ``{"name", "arguments"}`` each, or the same as "function"; the arguments are an object, or its JSON.

    Raises
    ------
    SettingsError
        ``chat-messages``: a call is invalid.
    """
    return "\n".join(map(_written, calls))


def _written(call: Any) -> str:
    function = call.get("function", call) if isinstance(call, Mapping) else {}
    name, arguments = (
        function.get(key) if isinstance(function, Mapping) else None for key in ("name", "arguments")
    )
    try:
        arguments = Budget().json(arguments) if isinstance(arguments, str) else arguments
        if isinstance(name, str) and NAME.fullmatch(name) and isinstance(arguments, Mapping):
            return _block({"name": name, "arguments": arguments})
    except (ValueError, TypeError, RecursionError):  # arguments may be values, too
        pass
    raise SettingsError(
        "The messages are invalid: a call of a tool needs a name, and arguments that are a JSON object.",
        code="chat-messages",
        param="messages",
    )


def _block(call: Mapping[str, Any]) -> str:
    return f"```json\n{_json(call)}\n```"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise _invalid("they cannot be written as JSON") from error


def _invalid(why: str, param: str = "tools") -> SettingsError:
    return SettingsError(f"The tools, or the choice of tool, are invalid: {why}.", code="tools", param=param)


@dataclass(frozen=True)
class ToolsEnd(End):
    """The end of a reply that could call tools.

    Attributes
    ----------
    tool_calls
        The calls that are complete: ``{"id", "name", "arguments"}`` each, the arguments an object.
    """

    tool_calls: tuple[dict[str, Any], ...] = ()


def read_calls(tools: Tools, answer: str, *, cut: bool = False) -> tuple[str, tuple[dict[str, Any], ...]]:
    """Return an answer's text, and the calls in it that are complete; for `cut` see `CallStream.end`."""
    stream = CallStream(tools)
    before, _ = stream.push(answer)
    after, _ = stream.end(cut=cut)
    return (before + after).strip(), stream.calls


@dataclass
class _Call:
    id: str
    name: str
    arguments: str = ""
    depth: int = 0
    in_string: bool = False
    escaped: bool = False

    def take(self, text: str) -> int:
        """Take the arguments' text up to their end; return how much it was, -1 if the end did not come."""
        for at, character in enumerate(text):
            if self.escaped:
                self.escaped = False
            elif self.in_string:
                self.escaped = character == "\\"
                self.in_string = character != '"'
            elif character == '"':
                self.in_string = True
            elif character in "{[":
                self.depth += 1
            elif character in "}]":
                self.depth -= 1
                if self.depth == 0:
                    self.arguments += text[: at + 1]
                    return at + 1
        self.arguments += text
        return -1


class CallStream:
    """Separates calls from the text of an answer of the form of `Tools.constrain`, while it is generated."""

    def __init__(self, tools: Tools) -> None:
        self._key, self._required = tools.key, tools.required
        self._held = ""
        self._known = 0  # characters at the start of what is held that are not shown: those of a prefix
        self._waiting: list[dict[str, Any]] = []
        self._found: list[_Call] = []
        self._read = self._text
        self._complete = 0

    @property
    def calls(self) -> tuple[dict[str, Any], ...]:
        """The complete calls so far: id, name and arguments."""
        return tuple(
            {"id": call.id, "name": call.name, "arguments": json.loads(call.arguments)}
            for call in self._found[: self._complete]
        )

    def push(self, text: str) -> tuple[str, list[dict[str, Any]]]:
        """Add text; return the text outside of calls, and what it adds to calls.

        A call begins with ``{"index", "id", "name", "arguments": ""}``; then come ``{"index", "arguments"}``
        with pieces of the JSON of its arguments.
        """
        self._held += text
        shown, deltas, self._waiting = "", self._waiting, []
        while (more := self._read(deltas)) is not None:
            shown += more
        return shown, deltas

    def follow(self, prefix: str) -> None:
        """Read the start of the answer, of which `push` then returns only what it adds to calls."""
        _, self._waiting = self.push(prefix)
        self._known = len(self._held)

    def end(self, *, cut: bool = False) -> tuple[str, list[dict[str, Any]]]:
        """Return what `push` held back, as it could have been the start of a call, as `push` does.

        Parameters
        ----------
        cut
            Whether the answer was ended before its end, as by its length: what could have been the start of a
            call is then left out. It always is where it can only be one; with its name, the call has begun.
        """
        held, self._held = self._held, ""
        if self._read != self._text:
            return "", []
        deltas, opened = list[dict[str, Any]](), _OPENED.search(held)
        text = "" if opened or (cut and "`" in held) else self._shown(held)
        if opened and opened[1]:
            self._begin(opened[1], deltas)
        return text, deltas

    def _begin(self, name: str, deltas: list[dict[str, Any]]) -> None:
        index = len(self._found)
        self._found.append(_Call(f"call_{self._key}{index:02x}", name))
        deltas.append({"index": index, "id": self._found[-1].id, "name": name, "arguments": ""})
        self._read = self._arguments

    def _text(self, deltas: list[dict[str, Any]]) -> str | None:
        """Each reader returns the text that it passes on, or None to wait for more."""
        if match := _HEAD.search(self._held):
            shown = self._shown(self._held[: match.start()].rstrip())
            self._held = self._held[match.end() :]
            self._begin(match[1], deltas)
            return shown
        fences = (at.start() for at in re.finditer("`", self._held))
        start = next((at for at in fences if _PART.fullmatch(self._held, at)), len(self._held))
        keep = len(self._held[:start].rstrip())
        shown, self._held = self._held[:keep], self._held[keep:]
        return self._shown(shown) or None

    def _shown(self, text: str) -> str:
        """Return text outside of calls, unless it is white space or part of a stop text, as beside them."""
        text = "" if self._required or self._found else text
        known, self._known = self._known, max(0, self._known - len(text))
        return text[known:]

    def _arguments(self, deltas: list[dict[str, Any]]) -> str | None:
        call = self._found[-1]
        taken = call.take(self._held)
        piece = self._held if taken < 0 else self._held[:taken]
        self._held = self._held[len(piece) :]
        if piece:
            deltas.append({"index": len(self._found) - 1, "arguments": piece})
        if taken < 0:
            return None
        self._complete += 1
        self._read = self._tail
        return ""

    def _tail(self, deltas: list[dict[str, Any]]) -> str | None:
        match = _TAIL.match(self._held)
        if not match:
            return None
        self._held = self._held[match.end() :]
        self._read = self._text
        return ""


def _part() -> re.Pattern[str]:
    """Return a pattern of the beginnings of `_HEAD`."""
    found = ""
    pieces = [*"```", "(?:json|jso|js|j)?", r"\s*", r"\{", r"\s*", *'"name"', r"\s*", ":", r"\s*", '"']
    pieces += [r"[\w-]*", '"', r"\s*", ",", r"\s*", *'"arguments"', r"\s*", ":", r"\s*"]
    for piece in reversed(pieces):
        found = f"(?:{piece}{found})?"
    return re.compile(found)


_PART = _part()
