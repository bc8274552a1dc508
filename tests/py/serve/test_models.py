"""Several models on one server: each is loaded when it is first asked, and unloaded for another."""

import gc
import json
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import openai
import pytest

from goosequill.errors import FileFormatError, SettingsError
from goosequill.loading.load import LoadedModel
from goosequill.openai.http import Refusal
from goosequill.serve.app import Served
from goosequill.serve.models import Models, Source
from tests.py.refusals import refused
from tests.py.serve.running import ENDLESS, Running, load, running

SIZE = 100
NAMES = ["default", "grey", "snow"]
ASKED: dict[str, Any] = {"prompt": "Two geese went to the", "max_tokens": 12, "seed": 5}


class Shop:
    """Sources of one model under several names, and how often each was loaded."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.alive: list[Any] = []
        self.sources = [Source(name, self._load(name), SIZE) for name in NAMES]

    def _load(self, name: str) -> Callable[[], LoadedModel]:
        def loading() -> LoadedModel:
            self.loads.append(name)
            found = load()
            self.alive.append(weakref.ref(found.model))
            return replace(found, description={**found.description, "name": name})

        return loading

    @property
    def count(self) -> int:
        """How many models are in memory."""
        gc.collect()
        return sum(each() is not None for each in self.alive)


def write(server: Running, name: str) -> tuple[str, str]:
    found = server.client().completions.create(model=name, **ASKED)
    return found.model, found.choices[0].text


def test_a_model_is_loaded_once_at_its_first_use() -> None:
    shop = Shop()
    with running(Served(Models(shop.sources))) as server:
        assert [each.id for each in server.client().models.list()] == NAMES and shop.loads == []
        assert [write(server, name)[0] for name in ("snow", "snow", "default")] == ["snow", "snow", "default"]
        assert shop.loads == server.ask("/health")[2]["loaded"] == ["snow", "default"]
        assert server.ask("/v1/tokenizer_info?model=grey")[0] == 200 and shop.loads[-1] == "grey"
        found = server.client().embeddings.create(model="snow", input="a")
        assert found.model == "snow" and len(shop.loads) == 3
        for address in ("/v1/tokenizer_info?model=goose", "/v1/models/goose"):
            status, _, answer = server.ask(address)
            assert (status, answer["error"]["code"]) == (404, "model_not_found")
        with refused(openai.NotFoundError, "model_not_found", match="default, grey, snow"):
            write(server, "goose")


def test_the_least_recently_used_model_is_unloaded_where_there_is_no_room() -> None:
    shop = Shop()
    with running(Served(Models(shop.sources, limit=2 * SIZE))) as server:
        text = write(server, "default")[1]
        for name, loaded in (("grey", 2), ("default", 2), ("snow", 2), ("default", 2), ("grey", 2)):
            assert write(server, name) == (name, text)
            assert shop.count == loaded
        assert shop.loads == ["default", "grey", "snow", "grey"]
        assert server.ask("/health")[2]["loaded"] == ["default", "grey"]


def test_a_model_that_answers_stays_and_another_is_told_to_come_again() -> None:
    shop = Shop()
    with running(Served(Models(shop.sources, limit=SIZE))) as server:
        stream = server.client().completions.create(model="default", prompt="a", stream=True, **ENDLESS)
        next(iter(stream))
        body = json.dumps({"model": "grey", **ASKED}).encode()
        status, headers, answer = server.ask("/v1/completions", body, Content_Type="application/json")
        assert (status, answer["error"]["code"], headers["retry-after"]) == (503, "busy", "5")
        assert next(iter(stream)).choices[0].text is not None
        stream.close()
        server.wait_for_requests(0)
        assert write(server, "grey")[0] == "grey" and shop.count == 1


def test_models_in_turn_write_what_each_writes_alone() -> None:
    """Of several at once, all are answered, however often each is unloaded for another."""
    shop = Shop()
    with running(Served(Models(shop.sources, limit=2 * SIZE))) as server:
        wanted = write(server, "default")[1]
        patient = openai.OpenAI(base_url=server.base, api_key="none", max_retries=20)

        def ask(name: str) -> str:
            return str(patient.completions.create(model=name, **ASKED).choices[0].text)

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(ask, ["default", "grey"] * 6)) == {wanted}
        assert shop.count == 2


def test_a_model_that_cannot_be_loaded_can_be_asked_again() -> None:
    shop, fails = Shop(), [FileFormatError("It is gone.", code="file-missing")]

    def loading() -> LoadedModel:
        if fails:
            raise fails.pop()
        return shop.sources[1].load()

    sources = [shop.sources[0], Source("grey", loading, SIZE)]
    with running(Served(Models(sources, limit=2 * SIZE))) as server:
        with pytest.raises(openai.InternalServerError, match="grey could not be loaded"):
            write(server, "grey")
        assert write(server, "grey")[0] == "grey"


def test_two_models_of_one_name_are_refused() -> None:
    with refused(SettingsError, "option", match="same name: a, a"):
        Models([Source("a", load), Source("a", load)])


def test_nothing_is_unloaded_where_that_would_not_be_enough() -> None:
    shop = Shop()
    models = Models([*shop.sources[:2], replace(shop.sources[2], size=2 * SIZE)], limit=2 * SIZE)
    with models.using("default"):
        with models.using("grey"):
            pass
        with pytest.raises(Refusal), models.using("snow"):
            pass
        assert models.loaded == ["default", "grey"]
