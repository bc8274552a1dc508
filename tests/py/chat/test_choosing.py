"""Which chat format a model has, and why."""

from typing import Any

import pytest

from goosequill.chat import choosing
from goosequill.chat.choosing import choose_format, describe_choice, format_of, hints
from goosequill.chat.formats import FORMATS, ChatFormat
from goosequill.errors import SettingsError
from tests.py.refusals import refused

G1, RAVEN, WORLD = (reason for _, _, reason in choosing.NAMES)
# How llama.cpp's converter writes it into every RWKV model, G1 or not.
LLAMA_CPP = (
    "{%- for message in messages -%}{%- if message['role'] == 'user' -%}{{- 'User: ' + message['content']"
    "|trim + '\\n\\n' -}}{%- endif -%}{%- endfor -%}{%- if add_generation_prompt -%}{{- 'Assistant:' -}}"
)
OWN = {"prefix": "<dialogue>\n", "user": "Q: ", "assistant": "A:"}


@pytest.mark.parametrize(
    ("description", "name", "reason"),
    [
        ({"name": "rwkv7-g1-0.1b.pth"}, "g1", G1),
        ({"name": "rwkv7-g1a-0.4b-20250905-ctx4096.pth"}, "g1", G1),
        ({"name": "rwkv7-g1a2-0.1b-20251014-ctx8192.pth"}, "g1", G1),
        ({"name": "rwkv7-g0a3-7.2b-20251029-ctx8192.st"}, "g1", G1),
        ({"name": "rwkv7a-g1d-0.1b-20260212-ctx8192.pth"}, "g1", G1),
        ({"name": "RWKV7-G1f-1.5B-Q8_0.gguf"}, "g1", G1),
        ({"name": "folder", "title": "RWKV-7 G1 0.1B"}, "g1", G1),
        ({"name": "model.gguf", "metadata": {"general.name": "Rwkv7 G1d 0.4B"}}, "g1", G1),
        ({"name": "m.gguf", "metadata": {"general.name": "g1", "chat_template": LLAMA_CPP}}, "g1", G1),
        ({"name": "m.safetensors", "metadata": {"modelspec.title": "rwkv7-g1b"}}, "g1", G1),
        ({"name": "RWKV-4-Raven-1B5-v12-Eng98%25-Other2%25-20230520-ctx4096.pth"}, "raven", RAVEN),
        ({"name": "RWKV-x070-World-0.1B-v2.8-20241210-ctx4096.pth"}, "world", WORLD),
        ({"name": "rwkv-6-world-1b6.gguf", "chat": None}, "world", WORLD),
        ({"name": "model.gguf", "metadata": {"tokenizer.chat_template": LLAMA_CPP}}, "world", "TEMPLATE"),
        ({"name": "model.gguf", "metadata": {"tokenizer.chat_template": "rwkv-world"}}, "world", "TEMPLATE"),
        ({"name": "m", "metadata": {"chat_template": "<|im_start|>user"}}, "world", "UNKNOWN"),
        ({"name": "rwkv-4-pile-169m.pth"}, "world", "UNKNOWN"),
        ({"name": "big1-7b.pth"}, "world", "UNKNOWN"),
        ({"name": 3, "title": None, "metadata": []}, "world", "UNKNOWN"),
        ({}, "world", "UNKNOWN"),
        ({"name": "rwkv7-g1", "chat": FORMATS["raven"].to_dict()}, "raven", "DESCRIBED"),
    ],
)
def test_the_rules(description: dict[str, Any], name: str, reason: str) -> None:
    expected = FORMATS[name], getattr(choosing, reason, reason)
    assert choose_format(description) == expected
    assert expected[1] in choosing.REASONS
    assert describe_choice(description) == {
        "name": name,
        "title": choosing.TITLES[name],
        "reason": expected[1],
        "reasons": name == "g1",
    }


@pytest.mark.parametrize("name", FORMATS)
def test_what_the_caller_names_comes_first(name: str) -> None:
    assert choose_format({"chat": OWN, "name": "world"}, name) == (FORMATS[name], choosing.ASKED)


def test_a_models_own_format() -> None:
    prompt = format_of({"chat": OWN}).prompt([{"role": "user", "content": "x"}])
    assert prompt == "<dialogue>\nQ: x\n\nA:"
    assert format_of({"chat": OWN}).stop == ("\n\nQ",)
    found = {"name": "world", "title": "", "reason": choosing.DESCRIBED, "reasons": False}
    assert describe_choice({"chat": OWN}) == found
    assert describe_choice({"chat": ChatFormat("mine", opening=" <think>").to_dict()}) == found | {
        "name": "mine",
        "reasons": True,
    }


@pytest.mark.parametrize(
    ("description", "name"), [({"chat": "world"}, ""), ({"chat": {"user": 1}}, ""), ({}, "goose")]
)
def test_an_invalid_format_is_refused(description: dict[str, Any], name: str) -> None:
    with refused(SettingsError, "chat-format", match="chat format"):
        choose_format(description, name)
    if not name:
        assert describe_choice(description) is None  # the model can be loaded, and continue texts


def test_metadata_of_any_size_and_kind_is_bounded() -> None:
    long = "User: " + "g" * 10**7
    found = hints({"general.name": long, "name": 3, "tokenizer.chat_template": long, "x": "g1"})
    assert {key: len(value) for key, value in found.items()} == {
        "general.name": choosing.MOST,
        "tokenizer.chat_template": choosing.MOST,
    }
    assert choose_format({"name": long, "metadata": found})[1] == choosing.UNKNOWN
