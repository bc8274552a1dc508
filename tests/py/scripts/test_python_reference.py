"""The reference of the Python package has each name's signature and docstring, in Markdown."""

import re

import markdown
import pytest
from scripts.command import ROOT
from scripts.python_reference import entry

ARTICLE = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
NAMES = [
    (module, name)
    for module, names in re.findall(r"<!-- generate: api (\S+) (.*?) -->", ARTICLE)
    for name in names.split()
]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[f"{module}.{name}" for module, name in NAMES])
def test_every_name_has_a_heading_a_signature_and_a_text(module: str, name: str) -> None:
    text = entry(module, name)
    assert text.startswith(f"### {name}\n\n```python\n{name.split('.')[-1]}")
    signature, _, rest = text.partition("```python\n")[2].partition("\n```\n\n")
    assert len(rest) > 20 and not re.search("(?<!`)``(?!`)", rest)
    assert "self" not in signature and "<factory>" not in signature
    compile(f"def {signature}: ..." if "(" in signature else "", name, "exec")
    html = markdown.markdown(rest, extensions=["def_list", "fenced_code"])
    assert "<blockquote>" not in html, "an example outside a fence"
    assert html.count("<dl>") == html.count("</dl>") == len(re.findall(r"\*\*\n\n`[^`]+`\n:   ", rest))
    assert not re.search(r"<dd>\s*<dl>", html), "a definition inside another"


def test_a_long_signature_has_a_parameter_a_line() -> None:
    text = entry("goosequill.loading.load", "load_path")
    assert "\n    path: str | Path,\n    *,\n    tokenizer: str | Path | None = None,\n" in text
    assert "`tokenizer`\n:   Name or path" in text
    assert "`FileFormatError, UnsupportedModelError, TokenizerError`\n:   If a file is missing" in text


def test_settings_and_inherited_arguments_are_in_the_signature() -> None:
    assert "\n    temperature: float = 1.0,\n" in entry("goosequill.decoding", "DecodingConfig")
    assert "message: str," in entry("goosequill.errors", "FileFormatError")
    assert "user: str = 'User: '" in entry("goosequill.chat.formats", "ChatFormat")


def test_a_constant_is_shown_by_its_value() -> None:
    assert "group_norm_eps: float = 0.00064" in entry("goosequill.models", "ModelConfig")


def test_a_name_that_the_module_lacks_fails_the_build() -> None:
    with pytest.raises(AttributeError):
        entry("goosequill.decoding", "nothing")
