"""Whatever the line ends of a text, a model reads the same tokens; ids stay as they are."""

import io
import json
import sys
from pathlib import Path

import pytest

import goosequill as gq
from goosequill.chat.formats import FORMATS
from goosequill.chat.requests import save_state
from goosequill.chat.saved_state import SavedState, encode_saved_state
from goosequill.cli.main import main
from goosequill.decoding.explain import explain
from goosequill.decoding.streaming import continue_text
from goosequill.decoding.tokens import tokenize
from goosequill.decoding.writer import prompt_tokens
from goosequill.evaluation.reports import read_prompts
from goosequill.insight.attribution import attribute
from goosequill.search.documents.reading import read
from goosequill.support.line_ends import NOTE, count_replaced, unix_lines

MODEL = Path("site/models/default")
TEXT = "The goose flew south.\n\nIt was late in the year,\nand the lake lay still.\n"
WINDOWS = TEXT.replace("\n", "\r\n")
MAC = TEXT.replace("\n", "\r")
SETTINGS = {"temperature": 0, "max_new_tokens": 4}


@pytest.fixture(scope="module")
def model() -> gq.TextModel:
    return gq.load(MODEL)


def test_each_line_end_becomes_one_line_feed() -> None:
    assert unix_lines(WINDOWS) == unix_lines(MAC) == unix_lines(TEXT) == TEXT
    assert unix_lines("\r\r\n\n\r") == "\n\n\n\n"
    assert (count_replaced(WINDOWS), count_replaced("\r\r\n\n\r"), count_replaced(TEXT)) == (4, 3, 0)


@pytest.mark.parametrize("text", [WINDOWS, MAC])
def test_a_prompt_has_the_tokens_of_the_text_with_line_feeds(model: gq.TextModel, text: str) -> None:
    tokenizer = model.loaded.tokenizer
    assert prompt_tokens(tokenizer, text) == tokenizer.encode(TEXT) == model.tokenize(TEXT)
    assert model.write(text, **SETTINGS) == model.write(TEXT, **SETTINGS)
    assert model.write("A", negative_prompt=text, guidance_scale=2, **SETTINGS) == model.write(
        "A", negative_prompt=TEXT, guidance_scale=2, **SETTINGS
    )


def test_ids_and_tokenizing_are_exact(model: gq.TextModel) -> None:
    ids = model.tokenize(WINDOWS)
    assert model.detokenize(ids) == WINDOWS
    assert prompt_tokens(model.loaded.tokenizer, ids) == ids
    assert "".join(str(entry["text"]) for entry in tokenize(model.loaded.tokenizer, WINDOWS)) == WINDOWS
    assert "".join(token.text for token in model.logprobs(WINDOWS)) == WINDOWS


def test_states_explanations_and_attributions_are_those_of_the_same_tokens(model: gq.TextModel) -> None:
    loaded, tokenizer = model.loaded.model, model.loaded.tokenizer
    assert save_state(loaded, tokenizer, WINDOWS) == save_state(loaded, tokenizer, TEXT)
    one, other = (explain(loaded, tokenizer, text, [5], 0, {}) for text in (WINDOWS, TEXT))
    assert one == other
    assert attribute(loaded, tokenizer, "A\r\ngoose") == attribute(loaded, tokenizer, "A\ngoose")


def test_a_saved_state_continues_with_the_same_tokens(model: gq.TextModel, tmp_path: Path) -> None:
    model.save_state(tmp_path / "state.safetensors", model.read(WINDOWS))
    saved = model.load_state(tmp_path / "state.safetensors")
    assert model.write("One\r\nmore", state=saved, **SETTINGS) == model.write(TEXT + "One\nmore", **SETTINGS)


def test_what_a_model_wrote_and_has_not_read_yet_is_read_as_it_is(model: gq.TextModel) -> None:
    arrays = {name: array.copy() for name, array in model.read("One").arrays.items()}
    saved = SavedState(arrays, unread="two\r\n")
    *_, end = model.generate("a\r\nb", state=saved, **SETTINGS)
    assert (
        end.usage["prompt_tokens"] == len(model.tokenize("two\r\na\nb")) != len(model.tokenize("two\na\nb"))
    )
    state = encode_saved_state(saved, model.loaded.model)
    stream = continue_text(model.loaded.model, model.loaded.tokenizer, "a\r\nb", SETTINGS, state=state)
    with pytest.raises(StopIteration) as ended:
        while True:
            next(stream)
    assert ended.value.value.usage == end.usage


def test_messages_and_the_prefix_of_a_reply_have_line_feeds(model: gq.TextModel) -> None:
    messages = [{"role": "user", "content": "One\r\rtwo\r\n\r\nthree\r"}]
    assert FORMATS["world"].prompt(messages) == "User: One\ntwo\nthree\n\nAssistant:"
    replies = []
    for prefix in ("A\r\nb", "A\nb"):
        chat = model.chat()
        replies.append("".join(map(str, chat.reply("Hi", gq.DecodingConfig(**SETTINGS), prefix=prefix))))
    assert replies[0] == replies[1]


@pytest.mark.parametrize("text", [WINDOWS, MAC])
def test_an_evaluation_is_that_of_the_text_with_line_feeds(model: gq.TextModel, text: str) -> None:
    plain, found, raw = model.evaluate(TEXT), model.evaluate(text), model.evaluate(text, raw=True)
    assert (found.ids, found.bits, found.bytes) == (plain.ids, plain.bits, plain.bytes)
    assert (plain.line_ends_replaced, found.line_ends_replaced, raw.line_ends_replaced) == (0, 4, 0)
    assert raw.bytes == len(text)
    assert raw.bits_per_byte > 1.1 * plain.bits_per_byte


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main(arguments) == 0
    found = capsys.readouterr()
    return found.out, found.err


def test_the_command_evaluate_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes(WINDOWS.encode())
    command = ["evaluate", "--model", str(MODEL), "--json", str(file)]
    out, err = run(command, capsys)
    assert json.loads(out)["line_ends_replaced"] == 4
    assert NOTE in err
    raw, err = run([*command, "--raw"], capsys)
    assert json.loads(raw)["bytes"] == len(WINDOWS) == json.loads(out)["bytes"] + 4
    assert NOTE not in err
    file.write_bytes(TEXT.encode())
    again, err = run(command, capsys)
    assert json.loads(again)["bits_per_byte"] == json.loads(out)["bits_per_byte"]
    assert NOTE not in err


def test_the_command_generate_says_so_and_echoes_what_is_read(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "prompt.txt"
    outputs = []
    for text in (WINDOWS, TEXT):
        file.write_bytes(text.encode())
        settings = ["--temperature", "0", "--max-new-tokens", "3", "--echo"]
        assert main(["generate", "--model", str(MODEL), "--prompt-file", str(file), *settings]) == 0
        found = capfdbinary.readouterr()
        assert (NOTE.encode() in found.err) == (text is WINDOWS)
        outputs.append(found.out)
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith(TEXT.encode())


def test_the_command_tokenize_is_exact(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"a\r\nb"))
    monkeypatch.setattr(sys, "stdin", stream)
    out, _ = run(["tokenize", "--tokenizer", "byte"], capsys)
    assert out.strip() == "97,13,10,98"


def test_prompts_of_a_report_have_line_feeds(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"One\\ntwo\r\nThree\r\n")
    (tmp_path / "a.json").write_text(json.dumps(["One\r\ntwo", "Three", "One\rtwo"]))
    expected = ["One\ntwo", "Three"]
    assert read_prompts(tmp_path / "a.txt") == read_prompts(tmp_path / "a.json") == expected


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.csv"])
def test_documents_of_a_search_cope_with_windows_line_ends(name: str) -> None:
    texts = {
        "a.md": "# Geese\n\nThey fly\nsouth.\n\n- one\n- two\n",
        "a.txt": "Geese\n\nThey fly\nsouth.\n",
        "a.html": "<h1>Geese</h1>\n<p>They fly\nsouth.</p>\n",
        "a.csv": 'title,text\nGeese,"They fly\nsouth.\n\nIn flocks."\n',
    }
    for text in (texts[name], texts[name].replace("\n", "\r\n")):
        assert [document.text for document in read(name, text.encode())] == [
            document.text for document in read(name, texts[name].encode())
        ]
