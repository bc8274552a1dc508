"""The form of a reply that may call tools: text, or calls whose arguments fit the tools' schemas.

A call is a fenced block of JSON with a `name` and `arguments`, in one line or with a line for each of them.
White space is nowhere free, as a model could fill its reply with it. Where text is allowed, a reply that
opens a block with a name can only continue as a call.
"""

from __future__ import annotations

from typing import Any

from goosequill.decoding.grammar.expressions import Expressions, Node
from goosequill.decoding.grammar.json_schema import schema_expression
from goosequill.decoding.grammar.regex import NotUsable, fully_matched

_HEAD = r'```(json)?\n\{(\n  )?"name": "'
_MIDDLE = r'",( |\n  )"arguments": '
_TAIL = r"\n?\}\n```"
_OPENED = r'```(json)?\s*\{\s*"name"'
"""Where a reply has begun a call."""
_THOUGHT_END = "</think>"


def reply_expression(make: Expressions, reply: Any, text: Node | None) -> Node:
    """Return the expression of replies.

    Parameters
    ----------
    reply
        ``opening``, the start of the reply that the model has read, which may begin a thought; ``tools``,
        pairs of a name and a schema; whether ``parallel`` calls are allowed; ``required``, whether the reply
        must be a call; ``stops``, texts that end the reply.
    text
        The expression of a reply that is not a call; None is any text.

    Raises
    ------
    NotUsable
        A schema is invalid, or has a keyword that is not supported; the message names the tool.
    TooComplex
        It takes too much work.
    """
    calls = _calls(make, reply)
    space = fully_matched(make, "[ \n]?")  # with which a reply begins
    if reply["required"]:
        body = make.sequence([space, calls])
    elif text is not None:
        body = make.sequence([space, make.either([text, calls])])
    else:
        prose = make.without(_containing(make, fully_matched(make, _OPENED)))
        body = make.either([prose, make.sequence([prose, calls])])
    return _after_opening(make, reply["opening"].lstrip(), body, required=reply["required"])


def _calls(make: Expressions, reply: Any) -> Node:
    head, middle, tail = (fully_matched(make, pattern) for pattern in (_HEAD, _MIDDLE, _TAIL))
    tools = []
    for name, schema in reply["tools"]:
        try:
            arguments = schema_expression(make, schema)
        except NotUsable as error:
            raise NotUsable(f"in the parameters of {name!r}, {error}") from error
        tools.append(make.sequence([make.text(name), middle, arguments]))
    call = make.sequence([head, make.either(tools), tail])
    if not reply["parallel"]:
        return call
    more = make.repeat(make.join(make.text("\n"), call))
    # Another call would otherwise be the only way on but the end token, which models trained to end with the
    # label of the next speaker hardly ever choose.
    end = make.optional(make.either([make.text(stop) for stop in reply["stops"]]))
    return make.sequence([call, more, end])


def _after_opening(make: Expressions, opening: str, body: Node, *, required: bool) -> Node:
    """Return the expression of a body after the rest of the thought that the opening has begun."""
    if not opening.startswith("<think"):
        return body
    _, ended, rest = opening.rpartition(_THOUGHT_END[:-1])
    if ended:
        return body if rest.startswith(">") else make.join(make.text(">"), body)
    thought = make.without(_containing(make, make.text(_THOUGHT_END)))
    whole = make.sequence([thought, make.text(_THOUGHT_END), body])
    return whole if required else make.either([thought, whole])


def _containing(make: Expressions, node: Node) -> Node:
    return make.sequence([make.anything, node, make.anything])
