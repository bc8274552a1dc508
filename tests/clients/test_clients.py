"""Other people's clients ask the server, each in a script of its own, and get what a plain request gets.

`make test-rest` installs those in Python, at pinned versions, into build/clients, and promptfoo into
build/promptfoo; the others in JavaScript are in package.json. To add one, write use_NAME.py or use_NAME.js,
and add a line to CLIENTS.
"""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.py.serve.running import MODEL, Running, load, only, running

from goosequill.evaluation.perplexity import evaluate, surprisal
from goosequill.search.embedders import open_folder
from goosequill.serve.app import Served

pytestmark = pytest.mark.rest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
ASKED = json.loads((FOLDER / "asked.json").read_text(encoding="utf-8"))
PYTHON = ROOT / "build" / "clients" / "bin" / "python"
CLIENTS = {
    "ag2.py": "text object",
    "ai_sdk.js": "text usage streamed tool object vector",
    "dspy.py": "text usage response vector",
    "haystack.py": "text usage streamed tool vector",
    "instructor.py": "object form",
    "langchain.js": "text usage streamed tool object vector",
    "langchain.py": "text usage streamed response tool object vector",
    "litellm.py": "text usage streamed completion vector",
    "llama_index.py": "text streamed completion tool",
    "llm.py": "text usage streamed object",
    "lm_eval.py": "likelihoods",
    "magentic.py": "text streamed tool object",
    "mirascope.py": "text usage streamed object",
    "openai.js": "models text usage streamed response completion tool object vector",
    "openai.py": "models text usage streamed response completion tool object vector",
    "openai_agents.py": "response streamed tool object",
    "outlines.py": "text streamed object",
    "promptfoo.js": "text usage verdicts",
    "pydantic_ai.py": "text usage streamed object",
    "smolagents.py": "text usage streamed tool",
}
"""Scripts without the "use_" of their names, and what each has to report."""

NEWEST = "openai.py, the newest"
"""It is in the environment of the tests, where its major version is the next."""

QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "OPENAI_API_KEY": "none",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
}
"""Variables with which clients ask nobody else."""

PATIENCE = 300


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    static = open_folder(MODEL.parent / "minilm-static")
    with running(Served(only(load()), {static.name: static})) as found:
        yield found


@pytest.fixture(scope="module")
def plain(server: Running) -> dict[str, Any]:
    """What requests without a client get, and the library itself."""

    def ask(path: str, **body: Any) -> Any:
        sent = json.dumps({"temperature": 0, **body}).encode()
        status, _, found = server.ask(f"/v1/{path}", sent, Content_Type="application/json")
        assert status == 200, found
        return found

    chat = ask("chat/completions", messages=[{"role": "user", "content": ASKED["message"]}])
    text = chat["choices"][0]["message"]["content"]
    completion = ask("completions", prompt=ASKED["prompt"], max_tokens=ASKED["length"])
    embedded = server.ask(
        "/v1/embeddings",
        json.dumps({"model": "static-minilm", "input": ASKED["message"]}).encode(),
        Content_Type="application/json",
    )[2]
    assert text and completion["choices"][0]["text"]
    return {
        "models": ["default", "static-minilm"],
        "text": text,
        "usage": [chat["usage"]["prompt_tokens"], chat["usage"]["completion_tokens"]],
        "streamed": text,
        "response": text,
        "completion": completion["choices"][0]["text"],
        "vector": pytest.approx(embedded["data"][0]["embedding"], abs=1e-6),
        "verdicts": [2, 2],
        "likelihoods": pytest.approx(likelihoods(server), abs=1e-3),
    }


def likelihoods(server: Running) -> list[float]:
    """The log of the probability of each text after the other, and of one after none, by the library."""
    loaded = server.loaded
    model, tokenizer = loaded.model, loaded.tokenizer
    texts = ASKED["prompt"], ASKED["message"]
    found = []
    for start, end in (texts, texts[::-1]):
        bits = surprisal(model, tokenizer.encode(start + end), end_token=None)
        found.append(bits[len(tokenizer.encode(start)) :].sum())
    return [-float(bits) * math.log(2) for bits in (*found, evaluate(model, tokenizer, texts[1]).bits)]


def command(script: Path) -> list[str]:
    """What runs a script; without the clients its test is skipped, and fails in continuous integration."""
    program = "node" if script.suffix == ".js" else str(PYTHON)
    folder = {"use_promptfoo.js": "promptfoo"}.get(script.name, "" if program == "node" else "clients")
    if folder and not (ROOT / "build" / folder / ".stamp").exists():
        missing = f"A client is missing: run make build/{folder}/.stamp"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return [program, str(script)]


@pytest.mark.parametrize("name", [*CLIENTS, NEWEST])
def test_a_client_gets_what_a_plain_request_gets(
    server: Running, plain: dict[str, Any], name: str, tmp_path: Path
) -> None:
    script, _, newest = name.partition(", ")
    run = [sys.executable, str(FOLDER / f"use_{script}")] if newest else command(FOLDER / f"use_{script}")
    environment = {**os.environ, **QUIET, "HOME": str(tmp_path)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [*run, server.base],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == set(CLIENTS[script].split())
    if "tool" in found:
        called, arguments = found.pop("tool")
        assert called == "lay"
        check_nest(arguments)
    for form in ("object", "form"):
        if form in found:
            check_nest(found.pop(form))
    assert found == {each: plain[each] for each in found}


def check_nest(value: Any) -> None:
    """It fits the schema, as a text or read."""
    read = json.loads(value) if isinstance(value, str) else value
    assert list(read) == ["eggs"] and read["eggs"] in (1, 2, 3)


def test_every_script_is_run_and_the_guide_names_the_clients_versions() -> None:
    assert {path.name.removeprefix("use_") for path in FOLDER.glob("use_*")} == set(CLIENTS)
    guide = re.sub(r"\s+", " ", (ROOT / "docs" / "how-to" / "serve.md").read_text(encoding="utf-8"))
    clients, _, _ = (FOLDER / "requirements.txt").read_text(encoding="utf-8").partition("\n\n")
    packages = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    more = json.loads((FOLDER / "promptfoo" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    pinned = [line.replace("==", " ") for line in clients.splitlines() if not line.startswith("#")]
    names = "openai", "@ai-sdk/openai-compatible", "@langchain/openai", *more
    pinned += [f"{name} {(packages | more)[name]}" for name in names]
    assert [each for each in pinned if each not in guide] == []
