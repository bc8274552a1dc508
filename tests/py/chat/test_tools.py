"""Tools: how a model is told of them, what it is forced to write, and the calls that are read out of it.

    CASES=10000 python -m pytest tests/py/chat/test_tools.py -k random

tries more random tools than the usual few hundred.
"""

import json
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np
import pytest
from jsonschema import FormatChecker
from jsonschema.validators import Draft202012Validator

from goosequill.browser.jobs import Job
from goosequill.chat.conversation import Conversation
from goosequill.chat.formats import FORMATS
from goosequill.chat.replies import answer, say
from goosequill.chat.saved_state import encode_saved_state, load_saved_state
from goosequill.chat.tools import CallStream, Tools, ToolsEnd, read_calls, read_tools
from goosequill.decoding import DecodingConfig
from goosequill.decoding.grammar.byte_automaton import DEAD, Automaton
from goosequill.decoding.grammar.compile import compiled
from goosequill.decoding.grammar.token_mask import TokenMasks, token_table
from goosequill.decoding.steps.constraint import form_of
from goosequill.errors import SettingsError
from goosequill.loading.load import LoadedModel
from goosequill.support.progress import finish
from goosequill.tokenizers import Tokenizer, load_tokenizer
from goosequill.weights import BytesSource
from tests.py.decoding.grammar.random_schemas import NAMES, Schemas
from tests.py.decoding.grammar.test_random_schemas import USUAL
from tests.py.decoding.grammar.walks import distances, each_number_of_cases
from tests.py.jobs import chunks
from tests.py.refusals import refused

from .test_conversation import TOKENIZER, Scripted, build

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}, "days": {"type": "integer"}},
    "required": ["city"],
}
CALL = '```json\n{"name": "weather", "arguments": {"city": "Oslo"}}\n```'
NOW = '```json\n{\n  "name": "now",\n  "arguments": {}\n}\n```'
SPACES = (b" ", b"\n", b"\r", b"\t")
NAMED = {"type": "function", "function": {"name": "now"}}


def tool(name: str, schema: Any = None, description: str = "") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


TOOLS = [tool("weather", WEATHER, "The weather in a city."), tool("now")]


def found(choice: Any = None, *, parallel: bool | None = None, tools: Any = TOOLS) -> Tools:
    read = read_tools(tools, choice, parallel=parallel)
    assert read
    return read


def automaton(tools: Tools, opening: str = "", **settings: Any) -> Automaton:
    config = tools.constrain(DecodingConfig(**settings), opening, ["\n\nUser"])
    form = form_of(config)
    assert form
    return compiled(form)


def walk(automaton: Automaton, tokenizer: Tokenizer, random: Random, wandering: int) -> str:
    """Return a reply of random tokens that the masks allow; after some it ends as soon as it can."""
    size = tokenizer.vocab_size
    masks = TokenMasks(automaton, token_table(tokenizer, size), [])
    state, data = 0, bytearray()
    for _ in range(wandering):
        allowed = np.flatnonzero(masks.of(state))
        if not len(allowed):
            return data.decode()
        token = tokenizer.token_bytes(int(random.choice(allowed)))
        state = automaton.walk(state, token)
        assert state != DEAD
        data += token
    left = [] if automaton.accepting[state] else distances(automaton)
    while not automaton.accepting[state]:
        row = automaton.table[state]
        byte = min(np.flatnonzero(row != DEAD), key=lambda byte: left[row[byte]])
        data.append(int(byte))
        state = int(row[byte])
    return data.decode()


def random_tools(random: Random) -> list[dict[str, Any]]:
    tools = []
    for index in range(random.choice([1, 1, 2])):
        made = Schemas(random)
        made.definitions = {}
        schema: dict[str, Any] = {"type": "object"}
        made.restrict_object(schema, random.choice([1, 1, 2]), NAMES)
        tools.append(tool(f"tool-{index}", schema))
    return tools


@each_number_of_cases
def test_random_tools_are_only_called_with_arguments_that_are_valid(loaded: LoadedModel, cases: int) -> None:
    random, calls, refused = Random(5), 0, 0
    for _ in range(cases):
        tools = random_tools(random)
        read = found("required", tools=tools, parallel=random.random() < 0.7)
        try:
            machine = automaton(read)
        except SettingsError as error:
            refused += 1
            assert any(reason in error.message for reason in (*USUAL, "no text at all")), error.message
            assert error.param == "tools"
            continue
        text = walk(machine, loaded.tokenizer, random, 60).removesuffix("\n\nUser")
        outside, made = read_calls(read, text)
        assert outside == "", text
        written, _ = json.JSONDecoder().raw_decode(text[text.index("{") :])
        assert {name: made[0][name] for name in ("name", "arguments")} == written
        calls += len(made)
        schemas = {one["function"]["name"]: one["function"]["parameters"] for one in tools}
        for call in made:
            validator = Draft202012Validator(schemas[call["name"]], format_checker=FormatChecker())
            assert validator.is_valid(call["arguments"]), (schemas[call["name"]], call)
    assert calls >= (cases - refused) and refused < cases / 3
    print(f"{cases} cases: {calls} calls, {refused} refused")


@pytest.mark.parametrize("name", ["default", "world"])
def test_random_replies_that_may_call_are_text_or_valid_calls(loaded: LoadedModel, name: str) -> None:
    tokenizer = loaded.tokenizer if name == "default" else load_tokenizer("world")
    random, tools = Random(7), found()
    machine, validator = automaton(tools), Draft202012Validator(WEATHER)
    begun = machine.walk(0, b'A thought.\n```json\n{"name"')
    assert begun != DEAD and not machine.accepting[begun]
    for _ in range(20):
        text = walk(machine, tokenizer, random, 40)
        for call in read_calls(tools, text)[1]:
            assert call["name"] == "now" or validator.is_valid(call["arguments"])


@pytest.mark.parametrize(
    ("text", "choice", "parallel", "opening", "matches"),
    [
        ("Hello.", None, None, "", True),
        ("", None, None, "", True),
        ("Look: ```json\n[1]\n``` and ```python\nx\n```", None, None, "", True),
        ('```json\n{"name": "Bob"}\n```', None, None, "", False),
        (f"I will look.\n{CALL}", None, None, "", True),
        (NOW, None, None, "", True),
        (CALL.replace("Oslo", "Bonn"), None, None, "", False),
        (CALL.replace("weather", "rain"), None, None, "", False),
        (f"{CALL}\nIt is cold.", None, None, "", False),
        (f"{CALL}\n{NOW}", None, None, "", True),
        (f"{CALL}\n{NOW}", None, False, "", False),
        (f"{CALL}\n\nUser", None, None, "", True),
        (f"{CALL}\n\nUser", None, False, "", False),
        ("Hello.", "required", None, "", False),
        (f" {CALL}", "required", None, "", True),
        (f"Well: {CALL}", "required", None, "", False),
        (NOW, NAMED, None, "", True),
        (CALL, NAMED, None, "", False),
        (f"{NOW}\n{NOW}", NAMED, None, "", False),
        (f"> Hm, {CALL}</think>\n{CALL}", "required", None, " <think", True),
        (f"> Hm.{CALL}", "required", None, " <think", False),
        ("> Hm.", None, None, " <think", True),
        ("> Hm.</think>Yes.", None, None, " <think", True),
        (f">\n{CALL}", "required", None, " <think>\n</think", True),
        (CALL, "required", None, " <think>\n</think", False),
        (CALL, "required", None, " <think>\n</think>\n", True),
    ],
)
def test_the_form_of_a_reply(text: str, choice: Any, parallel: Any, opening: str, matches: bool) -> None:
    assert automaton(found(choice, parallel=parallel), opening).matches(text) is matches


@pytest.mark.parametrize("opening", ["", " <think>\n</think"])
def test_white_space_is_nowhere_free_in_calls(opening: str) -> None:
    """A model can idle in it, until its reply is as long as it may be."""
    machine = automaton(found("required"), opening)
    for text in (f" {CALL}\n{NOW}", f"\n{NOW}\n{CALL}"):
        state = machine.walk(0, b">" if opening else b"")
        for byte in text.encode():
            idle, length = {state}, 0
            while idle := {machine.walk(at, white) for at in idle for white in SPACES} - {DEAD}:
                length += 1
                assert length < 4, text
            state = machine.walk(state, bytes([byte]))
        assert machine.accepting[state]


def allowed(*names: str, mode: Any = "auto") -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def test_only_allowed_tools_are_called_of_those_that_are_described() -> None:
    read = found(allowed("now"))
    assert '"weather"' in read.instructions and automaton(read).matches("Hello.")
    assert automaton(read).matches(f"{NOW}\n{NOW}") and not automaton(read).matches(CALL)
    must = automaton(found(allowed("now", mode="required")))
    assert must.matches(NOW) and not must.matches(CALL) and not must.matches("Hello.")
    assert automaton(found(allowed("weather", "now", mode="required"))).matches(f"{NOW}\n{CALL}")


def test_a_tool_may_have_the_name_of_a_choice() -> None:
    tools = [*TOOLS, tool("auto"), tool("required")]
    for choice in ("auto", "required"):
        assert automaton(found(choice, tools=tools)).matches(CALL)
    named = {"type": "function", "function": {"name": "auto"}}
    assert not automaton(found(named, tools=tools)).matches(CALL)
    assert automaton(found(named, tools=tools)).matches(NOW.replace("now", "auto"))


def test_a_form_of_the_answer_is_that_of_a_reply_without_calls() -> None:
    machine = automaton(found(), regex="[0-9]+")
    assert machine.matches("42") and machine.matches(CALL) and not machine.matches("Hello.")
    assert not automaton(found("required"), regex="[0-9]+").matches("42")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_calls_are_streamed_in_any_pieces(size: int) -> None:
    text = f"Let me look: ``x`` ```j \n\n{CALL}\n{NOW}"
    stream, shown, streamed = CallStream(found()), "", list[dict[str, Any]]()
    for at in range(0, len(text), size):
        more, deltas = stream.push(text[at : at + size])
        shown += more
        for delta in deltas:
            if "id" in delta:
                assert delta["index"] == len(streamed) and delta["arguments"] == ""
                streamed.append(dict(delta))
            else:
                streamed[delta["index"]]["arguments"] += delta["arguments"]
    assert (shown + stream.end()[0]).rstrip() == "Let me look: ``x`` ```j"
    assert [(one["name"], one["arguments"]) for one in streamed] == [
        ("weather", '{"city": "Oslo"}'),
        ("now", "{}"),
    ]
    assert [one["arguments"] for one in stream.calls] == [{"city": "Oslo"}, {}]
    assert [one["id"] for one in stream.calls] == [one["id"] for one in streamed]
    assert len({one["id"] for one in streamed}) == 2


def test_brackets_and_fences_in_a_text_do_not_end_the_arguments() -> None:
    value = {"a": 'x}"]\\', "b": ["```", {"c": "}\n```"}]}
    text = f'```json\n{{"name": "now", "arguments": {json.dumps(value)}}}\n```'
    outside, calls = read_calls(found(), text)
    assert outside == "" and calls[0]["arguments"] == value


def test_a_call_that_is_cut_off_is_not_complete() -> None:
    stream = CallStream(found())
    _, deltas = stream.push(CALL[:-20])
    assert [one["arguments"] for one in deltas] == ["", "{"] and stream.calls == ()
    assert read_calls(found(), "``` and ```json\n{")[0] == "``` and ```json\n{"


@pytest.mark.parametrize(("choice", "before"), [(None, "So:"), ("required", "")])
def test_an_answer_cut_anywhere_shows_no_part_of_a_call(choice: Any, before: str) -> None:
    text = f"{before}\n{CALL}\n{NOW}\n\nUser"
    for cut in range(len(text) + 1):
        stream, shown, arguments = CallStream(found(choice)), "", ["", ""]
        for more, deltas in (*(stream.push(character) for character in text[:cut]), stream.end(cut=True)):
            shown += more
            for delta in deltas:
                arguments[delta["index"]] += delta["arguments"]
        assert before.startswith(shown.strip())
        assert '{"city": "Oslo"}'.startswith(arguments[0]) and "{}".startswith(arguments[1])
    assert all(arguments)


def test_text_that_could_begin_a_call_is_held_back_at_a_bounded_cost() -> None:
    stream, start = CallStream(found()), time.process_time()
    for _ in range(20_000):
        stream.push("`")
        stream.push("\n")
    stream.end()
    stream = CallStream(found())
    stream.push("```json")
    for _ in range(20_000):
        stream.push(" ")
    assert stream.end()[0] == "```json" + " " * 20_000
    assert time.process_time() - start < 20


WRONG: list[tuple[str, Callable[[], Any]]] = [
    ("tools", lambda: read_tools("now")),
    ("tools", lambda: read_tools({"a": 1})),
    ("tools", lambda: read_tools([7])),
    ("tools", lambda: read_tools([{"type": "web_search"}])),
    ("tools", lambda: read_tools([tool("")])),
    ("tools", lambda: read_tools([tool("a b")])),
    ("tools", lambda: read_tools([tool("a" * 65)])),
    ("tools", lambda: read_tools([tool("a", "x")])),
    ("tools", lambda: read_tools([tool("a", {"type": "string"})])),
    ("tools", lambda: read_tools([tool("a", None, "x" * 1_025)])),
    ("tools", lambda: read_tools([tool("a"), tool("a")])),
    ("tools", lambda: read_tools([tool(f"a{index}") for index in range(129)])),
    ("tools", lambda: read_tools([tool("a", {"default": {1, 2}})])),
    ("tool_choice", lambda: read_tools(TOOLS, "always")),
    ("tool_choice", lambda: read_tools(TOOLS, {"type": "function", "function": {"name": "rain"}})),
    ("tool_choice", lambda: read_tools(TOOLS, ["now"])),
    ("tool_choice", lambda: read_tools(None, "required")),
    ("tool_choice", lambda: read_tools(TOOLS, allowed())),
    ("tool_choice", lambda: read_tools(TOOLS, allowed("now", "rain"))),
    ("tool_choice", lambda: read_tools(TOOLS, allowed("now", mode="function"))),
    ("tool_choice", lambda: read_tools(TOOLS, {"type": "allowed_tools", "allowed_tools": {"tools": [7]}})),
    ("tool_choice", lambda: read_tools([], NAMED)),
    ("parallel_tool_calls", lambda: read_tools(TOOLS, parallel=1)),
    ("tools", lambda: automaton(found(tools=[tool("a", {"properties": {"b": {"not": {}}}})]))),
    ("tools", lambda: automaton(found(tools=[tool("a", {"$ref": "#/$defs/missing"})]))),
    ("tools", lambda: automaton(found(), ignore_end=True)),
]


@pytest.mark.parametrize(("param", "act"), WRONG)
def test_tools_that_cannot_be_used_are_refused(param: str, act: Callable[[], Any]) -> None:
    with pytest.raises(SettingsError) as error:
        act()
    assert error.value.param == param


def test_no_tools_and_no_choice_are_no_tools() -> None:
    assert read_tools(None) is read_tools([]) is read_tools(TOOLS, "none") is read_tools(None, "auto") is None


def test_large_tools_are_refused_within_the_bound_of_work() -> None:
    deep: Any = {"type": "string"}
    for _ in range(40):
        deep = {"type": "object", "properties": {"a": deep}}
    wide = {
        "type": "object",
        "properties": {f"p{at}": {"type": "string", "maxLength": 900} for at in range(60)},
    }
    loop: dict[str, Any] = {"type": "object"}
    loop["properties"] = {"a": loop}
    long = {"type": "object", "properties": {"a": {"enum": ["x" * 1_000 + str(at) for at in range(250)]}}}
    for schema in (deep, wide, loop, long):
        start = time.process_time()
        with pytest.raises(SettingsError) as error:
            automaton(found(tools=[tool(f"t{at}", schema) for at in range(3)]))
        assert error.value.param == "tools"
        assert time.process_time() - start < 60


def test_as_many_tools_as_there_may_be_can_be_used() -> None:
    tools = [tool(f"tool_{at}", WEATHER, "d" * 100) for at in range(128)]
    assert automaton(found(tools=tools)).matches(CALL.replace("weather", "tool_127"))


def test_the_model_is_told_of_tools_and_reads_calls_and_results() -> None:
    model: Any = Scripted(f" {CALL}\n\nUser: x")
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Is it "}, {"type": "text", "text": "cold?"}]},
    ]
    settings = {"temperature": 0, "max_new_tokens": 300}
    steps = answer(model, TOKENIZER, {}, messages, settings, tools=TOOLS)
    end = finish(steps)
    assert model.read.startswith("System: Be brief.\nYou can call these tools: [{")
    assert '{"name": "weather", "description": "The weather in a city.", "parameters": {' in model.read
    assert "\n\nUser: Is it cold?\n\nAssistant: ```json" in model.read
    assert [one["arguments"] for one in end["tool_calls"]] == [{"city": "Oslo"}]
    assert (end["text"], end["finish_reason"]) == ("", "stop")
    call = {**end["tool_calls"][0], "arguments": '{"city":"Oslo"}'}
    asked = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": call}]}
    chat = FORMATS["world"]
    assert chat.transcript([asked]) == f"Assistant: {CALL}\n\n"
    result = {"role": "tool", "tool_call_id": "1", "name": "weather", "content": "-3"}
    assert chat.transcript([result]) == "User: Tool output of weather:\n-3\n\n"


DEEP = '{"a":' + "[" * 200 + "]" * 200 + "}"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": "", "tool_calls": "x"},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "now"}]},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "now", "arguments": "[1"}]},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "now", "arguments": "[1]"}]},
        {"role": "assistant", "content": "", "tool_calls": [{"name": 'n"', "arguments": {}}]},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "now", "arguments": DEEP}]},
        {"role": "user", "content": [{"type": "image_url"}]},
        {"role": "user", "content": [{"type": "text", "text": 7}]},
        {"role": "tool"},
    ],
)
def test_a_message_that_cannot_be_read_is_refused(message: Any) -> None:
    with pytest.raises(SettingsError) as error:
        FORMATS["world"].transcript([message])
    assert (error.value.code, error.value.param) == ("chat-messages", "messages")


def test_a_conversation_calls_and_continues_with_the_result() -> None:
    model: Any = Scripted(f" {CALL}", " It is cold.\n\nUser", " Bye.\n\nUser")
    talk = Conversation(model, TOKENIZER)
    settings = {"temperature": 0, "max_new_tokens": 300}
    options = {"tools": TOOLS, "parallel_tool_calls": False}
    items, end = chunks(say(talk, "Is it cold?", settings, **options))
    (call,) = end["tool_calls"]
    assert call["arguments"] == {"city": "Oslo"}
    deltas = [delta for item in [*items, end] for delta in item["tool_call_deltas"]]
    assert deltas[0] == {"index": 0, "id": call["id"], "name": "weather", "arguments": ""}
    assert "".join(delta["arguments"] for delta in deltas) == '{"city": "Oslo"}'
    assert "".join(item["text"] for item in [*items, end]) == ""
    assert talk.messages[-1] == {"role": "assistant", "content": "", "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": call["id"], "name": "weather", "content": "-3"}
    _, end = chunks(say(talk, [result], settings, **options))
    assert end["tool_calls"] == () and talk.messages[-1]["content"] == "It is cold."
    assert talk.messages[2] == result
    assert model.read.count("You can call these tools") == 1
    assert talk.undo() == "Is it cold?" and talk.messages == []
    chunks(say(talk, "Bye.", settings, tools=TOOLS[1:]))
    assert model.read.count("You can call these tools") == 1  # those before were undone


@pytest.mark.parametrize(("choice", "before"), [(None, ""), (None, "See. "), ("required", ""), (NAMED, "")])
def test_a_prefix_may_begin_a_call_anywhere(choice: Any, before: str) -> None:
    call = CALL if choice != NAMED else NOW
    arguments = json.loads(call.strip("`json\n"))["arguments"]
    for cut in range(len(before) + 1, len(before + call) + 1, 5):
        talk = Conversation(Scripted(f" {before}{call}\n\nUser"), TOKENIZER)
        asked: dict[str, Any] = {"prefix": (before + call)[:cut], "tools": TOOLS, "tool_choice": choice}
        parts, end = parts_of(talk, asked)
        (made,) = end["tool_calls"]
        assert made["arguments"] == arguments and end["finish_reason"] == "stop"
        assert "".join(part["text"] for part in parts) == ""
        first, *rest = [delta for part in parts for delta in part["tool_call_deltas"]]
        assert (first["id"], first["name"]) == (made["id"], made["name"])
        assert json.loads("".join(delta["arguments"] for delta in rest)) == arguments
        message = talk.messages[-1]
        assert message["content"] == before.strip() and message["tool_calls"][0]["arguments"] == arguments


@pytest.mark.parametrize("prefix", ["`", "A ", "A `", "A ```", "```json\n", "A\r\n```json\r\n{\r\n"])
def test_a_prefix_that_could_have_begun_a_call_is_not_shown_again(prefix: str) -> None:
    start = prefix.replace("\r", "")
    talk = Conversation(Scripted(f" {start}quoted` word\n\nUser"), TOKENIZER)
    parts, end = parts_of(talk, {"prefix": prefix, "tools": TOOLS})
    assert "".join(part["text"] for part in parts) == "quoted` word"
    assert end["tool_calls"] == ()
    assert talk.messages[-1]["content"] == (start + "quoted` word").strip()


def test_a_prefix_that_no_call_has_is_refused_if_there_must_be_one() -> None:
    talk = Conversation(Scripted(""), TOKENIZER)
    for prefix in ("<tool_call>", '```json\n{"name": "goose"'):
        with refused(SettingsError, "all-tokens-removed"):
            parts_of(talk, {"prefix": prefix, "tools": TOOLS, "tool_choice": "required"})
    assert talk.messages == []


def parts_of(talk: Conversation, asked: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The items of a reply, and its end, which is one of them."""
    parts, end = chunks(say(talk, "Weather?", {"temperature": 0}, **asked))
    return [*parts, end], end


def test_a_conversation_of_the_python_interface_has_the_calls_at_its_end() -> None:
    model: Any = Scripted(f" {NOW}")
    talk = Conversation(model, TOKENIZER)
    config = DecodingConfig(temperature=0, max_new_tokens=300)
    *_, end = talk.reply("Time?", config, tools=found(NAMED))
    assert isinstance(end, ToolsEnd) and end.tool_calls[0]["name"] == "now"
    assert talk.messages[-1]["tool_calls"] == list(end.tool_calls)


@pytest.mark.parametrize("length", [8, 30])
def test_a_call_that_is_cut_is_not_the_text_of_a_message(length: int) -> None:
    model: Any = Scripted(f" {NOW}")
    talk = Conversation(model, TOKENIZER)
    chunks(say(talk, "Time?", {"temperature": 0, "max_new_tokens": length}, tools=TOOLS, tool_choice=NAMED))
    assert talk.messages[-1] == {"role": "assistant", "content": ""}


def test_calls_are_kept_in_a_saved_state() -> None:
    model = build()
    calls = [{"id": "1", "name": "now", "arguments": {}}]
    messages = [
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "content": "3", "name": "now"},
    ]
    saved = Conversation(model, TOKENIZER, messages=messages).save()
    broken = {**messages[0], "tool_calls": [{"name": 3}]}
    saved = type(saved)(saved.arrays, "", "", (*saved.messages, broken))
    found = load_saved_state(BytesSource(encode_saved_state(saved, model)), model)
    assert list(found.messages) == [*messages, {"role": "assistant", "content": ""}]


def test_a_reply_with_tools_can_be_cancelled_while_its_form_is_made() -> None:
    wide = {
        "type": "object",
        "properties": {f"p{at}": {"type": "string", "maxLength": 40} for at in range(9)},
    }
    arguments = {"messages": [{"role": "user", "content": "a"}], "tools": [tool("a", wide)]}
    resources: Mapping[str, Any] = {"model": Scripted(""), "tokenizer": TOKENIZER, "description": {}}
    job = Job(answer, arguments, resources=resources)
    assert job.step()["progress"]["status"] == "constraint"
    job.cancel()
    end = job.step()["end"]
    assert (end["finish_reason"], end["tool_calls"]) == ("abort", [])


def test_the_default_model_calls_a_tool(loaded: LoadedModel) -> None:
    messages = [{"role": "user", "content": "Is it cold in Rome?"}]
    settings = {"seed": 1, "max_new_tokens": 120}
    for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
        options = {"tools": TOOLS, "tool_choice": choice, "parallel_tool_calls": False}
        _, end = chunks(
            answer(loaded.model, loaded.tokenizer, loaded.description, messages, settings, **options)
        )
        (call,) = end["tool_calls"]
        assert end["finish_reason"] == "stop" and end["text"] == ""
        assert call["name"] == "now" or call["arguments"]["city"] in ("Oslo", "Rome")
