"""The bridge, with stand-ins for what only Pyodide has."""

import gc
import hashlib
import importlib
import json
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from goosequill.kernels import KERNELS
from goosequill.tuning.adapter import Adapter, AdapterFacts
from goosequill.weights import QuantizedMatrix, quantize
from goosequill.weights.formats.safetensors import encode
from goosequill.weights.quantize import bits_for
from tests.py.checkpoints import rwkv4, rwkv7, rwkv7a

WEIGHTS = b"".join(encode(rwkv4(vocab=256).items()))
ALTERED = WEIGHTS[:-1] + b"?"
CONFIG = json.dumps(
    {
        "format": "goosequill-model",
        "format_version": 1,
        "name": "test",
        "title": "A test",
        "tokenizer": {"kind": "byte"},
        "files": [
            {
                "name": "model.safetensors",
                "bytes": len(WEIGHTS),
                "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
            }
        ],
    }
).encode()


class JsFile:
    """A file as the worker passes it."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.size, self._data = name, len(data), data

    def read(self, offset: int, length: int) -> Any:
        return SimpleNamespace(to_bytes=lambda: self._data[offset : offset + length])


class JsObject:
    """A JavaScript object that Python can copy."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def to_py(self) -> dict[str, Any]:
        return dict(self._values)


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    js, pyodide, ffi = ModuleType("js"), ModuleType("pyodide"), ModuleType("pyodide.ffi")
    js.Object = SimpleNamespace(fromEntries=dict)  # type: ignore[attr-defined]
    ffi.to_js = lambda value, dict_converter=None: value  # type: ignore[attr-defined]
    for name, module in {"js": js, "pyodide": pyodide, "pyodide.ffi": ffi}.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield importlib.import_module("goosequill.browser.bridge").Bridge()
    sys.modules.pop("goosequill.browser.bridge")


def outcome(job: Any) -> Any:
    """The last answer of a job that was started, and all before it."""
    steps = []
    while True:
        answer = job.steps(0)
        if "error" in answer:
            return answer, steps
        steps.append(answer["value"])
        if "end" in steps[-1]:
            return answer, steps


def parts_of(steps: list[dict[str, Any]]) -> list[Any]:
    return [part for step in steps for part in step["parts"]]


def ask(bridge: Any, name: str, files: Any = None, **args: Any) -> Any:
    """A job's value or error."""
    started = bridge.run(name, JsObject(**args), files)
    if "error" in started:
        return started
    answer, _ = outcome(started["value"])
    return {"value": answer["value"]["end"]} if "value" in answer else answer


def result_of(bridge: Any, name: str, **args: Any) -> Any:
    return ask(bridge, name, **args)["value"]


def load(bridge: Any, *files: JsFile, tokenizer: str = "") -> Any:
    return bridge.load(files, JsObject(tokenizer=tokenizer), lambda *progress: None)


def load_test_model(bridge: Any) -> int:
    answer = load(bridge, JsFile("config.json", CONFIG), JsFile("model.safetensors", WEIGHTS))
    handle: int = answer["value"]["handle"]
    return handle


def test_a_folder_loads_and_is_described(bridge: Any) -> None:
    progress: list[Any] = []
    files = [JsFile("config.json", CONFIG), JsFile("model.safetensors", WEIGHTS)]
    answer = bridge.load(files, JsObject(verify=False), lambda *counts: progress.append(counts))
    info = answer["value"]["info"]
    assert info["title"] == "A test"
    assert (info["architecture"], info["vocab_size"], info["tokenizer"]) == ("rwkv4", 256, "byte")
    assert info["bytes"] == len(CONFIG) + len(WEIGHTS)
    assert progress[-1][0] == progress[-1][1] > 0
    assert bridge.status()["value"] == {"models": 1}


def test_weights_alone_load_with_the_tokenizer_of_their_vocabulary(bridge: Any) -> None:
    info = load(bridge, JsFile("my.safetensors", WEIGHTS))["value"]["info"]
    assert (info["title"], info["tokenizer"]) == ("my.safetensors", "byte")
    assert info["parameters"] == sum(tensor.size for tensor in rwkv4(vocab=256).values())


def copy_of(bridge: Any, handle: int) -> bytes:
    """Return the file that a page would store."""
    found = bridge.take_quantized(handle)["value"]
    data = b"".join(map(bytes, iter(lambda: found["file"].read()["value"], None)))
    assert len(data) == found["bytes"]
    return data


def scores(bridge: Any, handle: int) -> Any:
    return result_of(bridge, "logprobs", model=handle, text="A goose", top=3)


@pytest.mark.parametrize("bits", [8, 4])
def test_a_quantized_copy_is_returned_once_and_replaces_its_files(bridge: Any, bits: int) -> None:
    folder = [JsFile("config.json", CONFIG), JsFile("model.safetensors", WEIGHTS)]
    for files, others in ((folder, folder[:1]), (folder[1:], [])):
        options = {"quantize": bits, "verify": True}
        first = bridge.load(files, JsObject(**options, keep=True), lambda *_: None)["value"]
        handle = first["handle"]
        data = copy_of(bridge, handle)
        assert bridge.take_quantized(handle) == {"value": None}, "it is returned once"
        copy = JsFile("model.safetensors", data)
        second = bridge.load(others, JsObject(**options, keep=True), lambda *_: None, "auto", copy)["value"]
        assert scores(bridge, second["handle"]) == scores(bridge, handle)
        assert bridge.take_quantized(second["handle"]) == {"value": None}, "nothing was quantized"
        size = sum(file.size for file in others) + len(data)
        assert second["info"] | {"bytes": 0} == first["info"] | {"bytes": 0}
        assert second["info"]["bytes"] == size < first["info"]["bytes"]


def test_a_copy_reports_which_requests_it_fits(bridge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy_for(quantize: Any, large: int) -> Any:
        monkeypatch.setattr("goosequill.loading.load.LARGE", large)
        options = JsObject(quantize=quantize, keep=True)
        handle = bridge.load([JsFile("my.safetensors", WEIGHTS)], options, lambda *_: None)["value"]["handle"]
        found = bridge.take_quantized(handle)["value"]
        return found and (found["bits"], found["auto"])

    assert copy_for(8, 0) == copy_for("auto", 0) == (8, True)
    assert copy_for(4, 0) == (4, False)
    assert copy_for(8, 10**9) == (8, False)
    assert copy_for("auto", 10**9) is None
    assert copy_for(None, 0) is None


def test_no_copy_is_returned_unless_asked_for_and_still_loaded(bridge: Any) -> None:
    files = [JsFile("my.safetensors", WEIGHTS)]
    handle = bridge.load(files, JsObject(quantize=8), lambda *_: None)["value"]["handle"]
    assert bridge.take_quantized(handle) == {"value": None}
    handle = bridge.load(files, JsObject(quantize=8, keep=True), lambda *_: None)["value"]["handle"]
    bridge.unload(handle)
    assert bridge.take_quantized(handle) == {"value": None}
    numpy = bridge.load(files, JsObject(quantize=8, keep=True), lambda *_: None, "numpy")["value"]
    assert bridge.take_quantized(numpy["handle"]) == {"value": None}


@pytest.mark.parametrize(
    ("files", "tokenizer", "code"),
    [
        ([("cat.png", b"\x89PNG\r\n\x1a\n" + bytes(99))], "", "unknown-format"),
        ([("empty.pth", b"")], "", "file-truncated"),
        ([("cut.safetensors", WEIGHTS[: len(WEIGHTS) // 2])], "", "file-truncated"),
        ([("my.safetensors", WEIGHTS)], "world", "tokenizer-mismatch"),
        ([("my.safetensors", WEIGHTS), ("tokenizer.json", b"{}")], "", "tokenizer-file"),
        ([("config.json", CONFIG), ("model.safetensors", ALTERED)], "", "file-altered"),
        ([("config.json", CONFIG)], "", "file-missing"),
        ([("config.json", b"{}")], "", "model-folder"),
        ([("a.pth", WEIGHTS), ("b.pth", WEIGHTS)], "", "which-file"),
        ([], "", "which-file"),
    ],
)
def test_files_that_are_not_a_model_are_refused_with_a_remedy(
    bridge: Any, files: list[tuple[str, bytes]], tokenizer: str, code: str
) -> None:
    answer = load(bridge, *(JsFile(*file) for file in files), tokenizer=tokenizer)
    assert set(answer) == {"error"}
    assert answer["error"]["code"] == code
    assert answer["error"]["message"] and answer["error"]["remedy"]
    assert bridge.status()["value"] == {"models": 0}


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernel_that_the_page_chooses_is_used_and_reported(bridge: Any, kernel: str) -> None:
    def loaded(*force: str) -> Any:
        files = [JsFile("my.safetensors", WEIGHTS)]
        return bridge.load(files, JsObject(), lambda *progress: None, *force)["value"]["info"]["kernel"]

    assert loaded(kernel) == kernel
    assert loaded("auto") == loaded() == KERNELS[0]


def test_an_unavailable_kernel_is_an_error_not_a_crash(bridge: Any) -> None:
    files = [JsFile("my.safetensors", WEIGHTS)]
    answer = bridge.load(files, JsObject(), lambda *progress: None, "relaxed")
    assert answer["error"]["code"] == "unknown-kernel"
    assert "numpy" in answer["error"]["remedy"]


def test_another_programs_config_beside_the_weights_is_ignored(bridge: Any) -> None:
    answer = load(bridge, JsFile("config.json", b'{"model_type": "rwkv"}'), JsFile("m.safetensors", WEIGHTS))
    assert answer["value"]["info"]["title"] == "m.safetensors"


def steps_of(bridge: Any, name: str, **args: Any) -> list[dict[str, Any]]:
    return outcome(bridge.run(name, JsObject(**args))["value"])[1]


def write(bridge: Any, handle: int, *, prompt: Any = "Goose", given: Any = (), **settings: Any) -> Any:
    return steps_of(bridge, "generate", model=handle, prompt=prompt, given=given, settings=settings)


def test_a_text_comes_step_by_step_and_ends(bridge: Any) -> None:
    *steps, last = write(bridge, load_test_model(bridge), max_new_tokens=4, seed=5)
    progress = {"status": "prompt", "loaded": 5, "total": 5, "file": ""}
    assert steps[0] == {"progress": progress, "parts": []}
    chunks = parts_of(steps)
    assert [chunk["index"] for chunk in chunks] == [0, 1, 2, 3]
    assert all(chunk["logprob"] <= 0 for chunk in chunks)
    assert set(chunks[0]) == {"text", "token", "logprob", "index", "top_logprobs", "constraint"}
    assert last["end"]["finish_reason"] == "length"
    assert last["end"]["usage"] == {"prompt_tokens": 5, "completion_tokens": 4}
    assert last["end"]["seed"] == 5


@pytest.mark.parametrize("steps", [0, 3])
def test_cancelling_ends_with_an_end_that_says_so(bridge: Any, steps: int) -> None:
    args = JsObject(model=load_test_model(bridge), prompt="Goose", settings={"max_new_tokens": 9, "seed": 1})
    job = bridge.run("generate", args)["value"]
    for _ in range(steps):
        job.steps(0)
    job.cancel()
    _, last = outcome(job)
    assert last[-1]["end"]["finish_reason"] == "abort"
    assert not parts_of(last)


def test_a_branch_continues_from_the_given_tokens(bridge: Any) -> None:
    handle = load_test_model(bridge)
    whole = write(bridge, handle, max_new_tokens=5, temperature=0)
    tokens = [part["token"] for part in parts_of(whole)]
    branch = write(bridge, handle, max_new_tokens=3, temperature=0, given=tokens[:2])
    assert [part["token"] for part in parts_of(branch)] == tokens[2:]


def test_the_same_prompt_is_read_once(bridge: Any) -> None:
    handle = load_test_model(bridge)
    counts = count_tokens(bridge, handle)
    first = write(bridge, handle, max_new_tokens=3, temperature=0)
    assert sum(counts) == 7
    counts.clear()
    assert write(bridge, handle, max_new_tokens=3, temperature=0, seed=first[-1]["end"]["seed"]) == first
    assert sum(counts) == 2


def adapter_file(bridge: Any, handle: int, factor: float = 1) -> JsFile:
    """An adapter for a model, of noise."""
    model, rng = bridge._handles.model(handle).model, np.random.default_rng(1)
    changes = {name: rng.normal(0, 0.5, array.shape) for name, array in model.vectors.items() if "ln" in name}
    tensors = {name: factor * change.astype(np.float32) for name, change in changes.items()}
    about = AdapterFacts(model=model.fingerprint, recipe={"rate": 0.01}, counts={"examples": 3}, before=3.5)
    return JsFile("pirate.safetensors", Adapter(tensors, about).encode())


def test_an_adapted_model_is_another_model_with_its_own_kept_states(bridge: Any) -> None:
    """Both write by turns, and what one has read is not what the other has read."""
    base = load_test_model(bridge)
    file = adapter_file(bridge, base)
    plain = write(bridge, base, **GREEDY)
    opened = ask(bridge, "adapt", [file], model=base)["value"]
    adapted, about = opened["handle"], opened["adapter"]
    assert (about["name"], about["strength"], about["recipe"]) == ("pirate", 1.0, {"rate": 0.01})
    first = write(bridge, adapted, **GREEDY)
    assert shown(first) != shown(plain)
    assert write(bridge, base, **GREEDY) == plain and write(bridge, adapted, **GREEDY) == first
    other = ask(bridge, "adapt", [adapter_file(bridge, base, -1)], model=adapted, strength=0.5)["value"]
    assert shown(write(bridge, other["handle"], **GREEDY)) not in (shown(plain), shown(first))
    off = ask(bridge, "adapt", model=other["handle"])["value"]
    assert off["adapter"] is None and shown(write(bridge, off["handle"], **GREEDY)) == shown(plain)
    assert result_of(bridge, "fingerprint", model=other["handle"]) == about["model"]
    talk = result_of(bridge, "converse", model=adapted)["handle"]
    bridge.unload(adapted)
    assert write(bridge, base, **GREEDY) == plain, "the weights remain"
    assert bridge.run("say", JsObject(conversation=talk))["error"]["code"] == "conversation-over"
    bridge.unload(base)
    assert bridge.status()["value"] == {"models": 0}, "the weights are all models'"


def test_an_adapter_is_described_and_another_models_is_refused(bridge: Any) -> None:
    base = load_test_model(bridge)
    file = adapter_file(bridge, base)
    facts = ask(bridge, "describe_adapter", [file])["value"]
    assert (facts["bytes"], facts["method"], facts["before"]) == (file.size, "vectors", 3.5)
    assert facts["model"] == result_of(bridge, "fingerprint", model=base)
    other = load(bridge, JsFile("m.safetensors", b"".join(encode(rwkv4(vocab=256, seed=9).items()))))["value"]
    refusal = ask(bridge, "adapt", [file], model=other["handle"])["error"]
    assert refusal["code"] == "adapter-mismatch" and facts["model"] in refusal["message"]
    assert ask(bridge, "adapt", [file], model=base, strength=2)["error"]["code"] == "setting-range"
    wrong = ask(bridge, "adapt", [JsFile("model.safetensors", WEIGHTS)], model=base)["error"]
    assert wrong["code"] == "not-an-adapter"
    assert bridge.status()["value"] == {"models": 2}


def count_tokens(bridge: Any, handle: int) -> list[int]:
    """A list that grows by the number of tokens of each pass through a model."""
    model, counts = bridge._handles.model(handle).model, []
    forward = model.forward

    def counted(tokens: Any, *args: Any, **kwargs: Any) -> Any:
        counts.append(len(tokens))
        return forward(tokens, *args, **kwargs)

    model.forward = counted
    return counts


def say(bridge: Any, conversation: int, message: str, **settings: Any) -> list[dict[str, Any]]:
    return steps_of(bridge, "say", conversation=conversation, message=message, settings=settings)


def shown(steps: list[dict[str, Any]]) -> str:
    return "".join(part["text"] for part in (*parts_of(steps), steps[-1]["end"]))


GREEDY = {"temperature": 0, "max_new_tokens": 6, "seed": 1}


def test_a_conversation_is_started_continued_undone_saved_and_loaded(bridge: Any) -> None:
    handle = load_test_model(bridge)
    begun = result_of(bridge, "converse", model=handle, system="Be kind.")
    number = begun["handle"]
    assert begun["messages"] == []
    first = say(bridge, number, "Hi", **GREEDY)
    assert first[-1]["end"]["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": shown(first)},
    ]
    saved = result_of(bridge, "save_conversation", conversation=number)
    second = say(bridge, number, "And?", **GREEDY)
    assert len(second[-1]["end"]["messages"]) == 4
    undone = result_of(bridge, "undo", conversation=number)
    assert (undone["message"], undone["messages"]) == ("And?", first[-1]["end"]["messages"])
    assert say(bridge, number, "And?", **GREEDY) == second
    loaded = result_of(bridge, "converse", model=handle, state=saved)
    assert loaded["messages"] == first[-1]["end"]["messages"]
    assert shown(say(bridge, loaded["handle"], "And?", **GREEDY)) == shown(second)


def test_a_conversation_reads_every_message_once(bridge: Any) -> None:
    handle = load_test_model(bridge)
    counts = count_tokens(bridge, handle)
    number = result_of(bridge, "converse", model=handle, system="A long system prompt.")["handle"]
    say(bridge, number, "Hi", **GREEDY)
    counts.clear()
    say(bridge, number, "Hi", **GREEDY)
    assert sum(counts) == len("\n\nUser: Hi\n\nAssistant:") + GREEDY["max_new_tokens"]


def test_a_reply_is_interrupted_by_another_request(bridge: Any) -> None:
    number = result_of(bridge, "converse", model=load_test_model(bridge))["handle"]
    job = bridge.run("say", JsObject(conversation=number, message="Hi", settings=GREEDY))["value"]
    while not job.steps(0)["value"]["parts"]:
        pass
    assert result_of(bridge, "undo", conversation=number)["message"] == "Hi"
    end = job.steps(0)["value"]["end"]
    assert (end["finish_reason"], end["messages"]) == ("abort", [])


def test_branches_are_rated_and_ranked_in_one_tree_that_is_a_file(bridge: Any) -> None:
    number = result_of(bridge, "converse", model=load_test_model(bridge), system="Be kind.")["handle"]
    assert ask(bridge, "siblings", conversation=number)["error"]["code"] == "chat-messages"
    other = result_of(bridge, "branch", conversation=number)["handle"]
    for seed, each in enumerate((number, other)):
        say(bridge, each, "Hi", temperature=1, max_new_tokens=6, seed=seed)
    result_of(bridge, "rate_reply", conversation=number, rating=-1, reason="dull")
    result_of(bridge, "rank_replies", conversation=number, branches=[other, [number]])
    replies = result_of(bridge, "siblings", conversation=other)
    assert [(reply["rank"], reply["fields"].get("reason")) for reply in replies] == [(1, "dull"), (0, None)]
    tree = result_of(bridge, "conversation_tree", conversation=number)
    assert (tree["system"], len(tree["messages"])) == ("Be kind.", 3)
    data = result_of(bridge, "write_conversations", trees=[tree], to="oasst-messages")
    assert result_of(bridge, "read_conversations", data=data) == [tree]
    bridge.forget(other)
    over = ask(bridge, "rank_replies", conversation=number, branches=[[number], [other]])
    assert over["error"]["code"] == "conversation-over"


def test_a_conversation_that_is_over_is_an_error_with_a_remedy(bridge: Any) -> None:
    handle = load_test_model(bridge)
    number = result_of(bridge, "converse", model=handle)["handle"]
    assert ask(bridge, "say", conversation=number, message=" ")["error"]["code"] == "empty-message"
    assert ask(bridge, "converse", model=handle, state=b"no state")["error"]["remedy"]
    bridge.forget(number)
    assert ask(bridge, "say", conversation=number, message="Hi")["error"]["code"] == "conversation-over"
    other = result_of(bridge, "converse", model=handle)["handle"]
    bridge.unload(handle)
    assert ask(bridge, "undo", conversation=other)["error"]["code"] == "conversation-over"


def test_messages_are_answered_in_the_models_own_format(bridge: Any) -> None:
    config = json.loads(CONFIG) | {
        "chat": {"prefix": "<d>", "user": "Q: ", "assistant": "A:", "stop": ["\n\nQ"]}
    }
    files = JsFile("config.json", json.dumps(config).encode()), JsFile("model.safetensors", WEIGHTS)
    handle = load(bridge, *files)["value"]["handle"]
    messages = [{"role": "user", "content": "Hi"}]
    reply = steps_of(bridge, "answer", model=handle, messages=messages, settings={"stop": "zzz", **GREEDY})
    plain = write(bridge, handle, prompt="<d>Q: Hi\n\nA:", stop=["zzz", "\n\nQ"], **GREEDY)
    assert shown(reply) == shown(plain).strip()
    assert reply[-1]["end"]["usage"] == plain[-1]["end"]["usage"]
    assert ask(bridge, "answer", model=handle, messages=[{"role": 3}])["error"]["code"] == "chat-messages"


def test_an_unloaded_model_is_an_error_with_a_remedy(bridge: Any) -> None:
    handle = load_test_model(bridge)
    assert bridge.unload(handle) == {"value": None}
    assert bridge.unload(handle) == {"value": None}
    assert ask(bridge, "generate", model=handle, prompt="Goose")["error"]["code"] == "model-unloaded"


def test_only_listed_jobs_can_be_run(bridge: Any) -> None:
    assert ask(bridge, "os.system", command="ls")["error"]["code"] == "unknown-function"


def test_running_out_of_memory_is_reported(bridge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_args: Any, **_options: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("goosequill.browser.bridge.load_files", no_memory)
    assert load(bridge)["error"]["code"] == "out-of-memory"


def test_a_missing_part_of_a_file_is_reported(bridge: Any) -> None:
    class Broken(JsFile):
        """A file whose server stops responding after the header."""

        def read(self, offset: int, length: int) -> Any:
            return super().read(offset, length if offset < 5000 else 0)

    answer = load(bridge, Broken("model.safetensors", WEIGHTS))
    assert answer["error"]["code"] == "source-interrupted"


class Filling(JsFile):
    """A file that is read into memory of Python's; `most` of its bytes arrive."""

    def __init__(self, name: str, data: bytes, most: int = 1 << 40) -> None:
        super().__init__(name, data)
        self.filled, self.most = 0, most

    def pieces(self, offsets: Any, length: int) -> Any:
        raise AssertionError("no rows are read")

    def fill(self, array: Any, offset: int) -> int:
        part = np.frombuffer(self._data[offset : offset + array.nbytes][: self.most], array.dtype)
        array[: len(part)] = part
        self.filled += part.nbytes
        return part.nbytes


def test_quantized_weights_are_read_into_the_memory_where_they_are_used(bridge: Any) -> None:
    quantized = {
        name: quantize(array, 8) if bits_for(name, array.shape, 8) else array
        for name, array in rwkv7(vocab=256, layers=2).items()
    }
    data = b"".join(encode(quantized.items()))
    copied = load(bridge, JsFile("model.safetensors", data))["value"]["handle"]
    file = Filling("model.safetensors", data)
    filled = load(bridge, file)["value"]["handle"]
    assert file.filled == sum(
        matrix.values.nbytes for matrix in quantized.values() if isinstance(matrix, QuantizedMatrix)
    )
    assert write(bridge, filled, prompt="ab", **GREEDY) == write(bridge, copied, prompt="ab", **GREEDY)
    answer = load(bridge, Filling("model.safetensors", data, most=100))
    assert answer["error"]["code"] == "source-interrupted"


def test_rows_are_read_from_the_file_until_the_model_is_unloaded(bridge: Any) -> None:
    class Broken(JsFile):
        """A file that cannot be read any more after a while."""

        gone = False

        def pieces(self, offsets: Any, length: int) -> Any:
            starts = [] if self.gone else [int(offset) for offset in offsets]
            return SimpleNamespace(
                to_bytes=lambda: b"".join(self._data[start : start + length] for start in starts)
            )

    tensors = rwkv7a(vocab=256, layers=2).items()
    file = Broken("model.safetensors", b"".join(encode(tensors)))
    answer = load(bridge, file)["value"]
    assert answer["reads"] == ["model.safetensors"]
    assert answer["info"]["architecture"] == "rwkv7a"
    first = write(bridge, answer["handle"], prompt="ab", **GREEDY)
    file.gone = True
    bridge._handles._memories[answer["handle"]].clear()
    assert write(bridge, answer["handle"], prompt="ab", **GREEDY) == first  # whose rows are kept
    job = bridge.run("generate", JsObject(model=answer["handle"], prompt=chr(127), given=(), settings={}))[
        "value"
    ]
    assert job.steps(0)["error"]["code"] == "source-interrupted"
    del job
    kept = weakref.ref(file)
    del file
    assert kept() is not None
    bridge.unload(answer["handle"])
    gc.collect()
    assert kept() is None
    assert load(bridge, JsFile("model.safetensors", WEIGHTS))["value"]["reads"] == []


def test_files_are_described_with_what_they_need(bridge: Any) -> None:
    file = JsFile("model.safetensors", WEIGHTS)
    bridge._handles._available = 10**9
    found = ask(bridge, "inspect", [file], quantize="auto")["value"]
    assert found["config"]["version"] == "4"
    assert found["problem"] is None
    assert load(bridge, file)["value"]["info"]["layers"] == found["config"]["layers"]
    bridge._handles._available = 10**6
    assert ask(bridge, "inspect", [file])["value"]["problem"]["code"] == "model-too-large"
    assert ask(bridge, "inspect", [JsFile("x.pth", b"no")])["error"]["code"] == "unknown-format"
