"""The laboratory's articles: what they request, first pictures from the build, and their policy."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts import docs_pages, imports, kept, lab, lab_numbers, policies
from scripts.command import ROOT, BuildError
from scripts.pages import Page

import goosequill.lab
from tests.samples import samples

ARTICLE = r"""# Goose

Text with <!-- generate: math \sigma(x)_1 --> inside, `<!-- generate: experiment code -->` as code.

<!-- generate: experiment dilation -->

<!-- generate: figure dilation   input -->

<!-- generate: math  y = x^2 -->

[Try it](#size=9&seed=3) and [a heading](#goose), `[code](#a=1)`.

```text
<!-- generate: experiment fence -->
```
"""


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "goose.md").write_text(ARTICLE, encoding="utf-8")
    monkeypatch.setattr(lab, "DOCS", tmp_path)
    monkeypatch.setattr(kept, "KEPT", tmp_path / "kept")
    cached = (lab.first_result, lab.drawn)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


MADE = {
    "experiments": {
        "dilation": {
            "label": "A & B",
            "experiment": '<input id="lab-dilation-size">',
            "parts": {"input": "<svg></svg>"},
        }
    },
    "math": {
        r"\sigma(x)_1": {"inline": "<math>1</math>", "block": ""},
        "y = x^2": {"block": "<math>2</math>"},
    },
}


def test_articles_are_read_without_their_code() -> None:
    assert lab.requests() == [
        ("math", r"\sigma(x)_1"),
        ("experiment", "dilation"),
        ("figure", "dilation input"),
        ("math", "y = x^2"),
    ]
    assert lab.mounted() == {"dilation": ["input"]}
    assert lab.styles("no requests") == lab.styles("<!-- generate: math x -->") == []
    assert lab.styles(ARTICLE)[:3] == ["ui/controls.css", "ui/chart.css", "lab/lab.css"]


def test_links_to_settings_and_inline_formulas_are_not_left_to_mkdocs() -> None:
    prepared = lab.prepare(ARTICLE)
    assert '<a class="lab-try" href="#size=9&amp;seed=3">Try it</a>' in prepared
    assert "[a heading](#goose), `[code](#a=1)`" in prepared
    assert 'Text with <span data-lab="math \\sigma(x)_1"></span> inside' in prepared
    assert "`<!-- generate: experiment code -->`" in prepared
    assert "\n<!-- generate: math  y = x^2 -->\n" in prepared, "a line of its own is a generator's"


def numbers_of(data: object, monkeypatch: pytest.MonkeyPatch, *requests: str) -> list[str]:
    monkeypatch.setattr(lab_numbers, "_file", lambda name: data)
    text = "\n".join(f"It is <!-- generate: number {request} --> here." for request in requests)
    return [line.removeprefix("It is ").removesuffix(" here.") for line in lab.prepare(text).split("\n")]


def test_numbers_are_those_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    data = {
        "rows": [{"setting": "ReLU, 2", "loss": {"mean": -0.00499, "half_width": 0.002}}, {"setting": "x"}],
        "shares": [0.2, 0.5, 0.9],
        "count": 12345,
        "pairs": [[0, 7], [1, 3], [2, 8]],
    }
    found = numbers_of(
        data,
        monkeypatch,
        "+.4f a.json rows/setting=ReLU, 2/loss/mean",
        "±+.3f a.json rows/0/loss",
        ".1f a.json rows/0/loss/mean",
        ".0% a.json shares/mean",
        "d a.json shares/below 0.5",
        "d a.json shares/above 0.1",
        ", a.json count",
        ".2f a.json rows/each setting/length",
        ".1f a.json pairs/each 1/median",
    )
    assert found == ["−0.0050", "−0.005 ± 0.002", "0.0", "53%", "1", "3", "12,345", "2.00", "7.0"]


@pytest.mark.parametrize("path", ["none", "rows/setting=y/loss", "shares/7", "rows/0/loss", "shares/half"])
def test_a_number_that_is_not_there_ends_the_build(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"rows": [{"setting": "x", "loss": {}}], "shares": [0.2]}
    with pytest.raises(BuildError, match="which cannot be had"):
        numbers_of(data, monkeypatch, f".2f a.json {path}")


@pytest.mark.parametrize("claim", ["low/max < high/min < 1", "high/mean > 0.5", "low/0 < low/1 > -1"])
def test_a_claim_that_is_so_leaves_no_text(claim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_numbers, "_file", lambda name: {"low": [0.1, 0.2], "high": [0.6, 0.8]})
    assert lab.prepare(f"It is so. <!-- generate: claim a.json\n{claim} -->\n") == "It is so.\n"


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        ("low/max > high/min", "is not so: .0.2, 0.6."),
        ("low/0 < low/1 < low/1", "is not so"),
        ("low/0", "is not so"),
        ("low/0 < none", "cannot be checked"),
    ],
)
def test_a_claim_that_is_not_so_ends_the_build(
    claim: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_numbers, "_file", lambda name: {"low": [0.1, 0.2], "high": [0.6, 0.8]})
    with pytest.raises(BuildError, match=problem):
        lab.prepare(f"It is so. <!-- generate: claim a.json {claim} -->")


def test_a_number_can_be_of_a_run_with_other_settings() -> None:
    first, second = "number d\n dilation#size=9 output_size", "number d dilation output_size"
    assert lab.prepare(f"<!-- generate: {first} --> of <!-- generate: {second} -->") == "5 of 3"


def test_places_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "drawn", lambda: MADE)
    page = "".join([lab.experiment("dilation"), lab.figure("dilation", "input"), lab.math("y", "=", "x^2")])
    filled = lab.fill(page)
    assert 'data-experiment="dilation" data-testid="experiment-dilation" data-state="idle"' in filled
    assert 'aria-label="Experiment: A &amp; B"><input id="lab-dilation-size"><noscript>' in filled
    assert '<div class="lab-figure" data-figure="dilation" data-part="input"><svg></svg></div>' in filled
    assert '<div class="lab-formula"><math>2</math></div>' in filled
    assert "data-lab=" not in filled


def test_the_contents_link_every_article_with_what_it_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page("lab/dilation/", "A & B", "What <it> does.", group="Laboratory", article="lab/dilation.md")
    others = [
        Page("lab/", "Laboratory", "All.", group="Laboratory", article="lab/index.md"),
        Page("how-to/host/", "Host", "Serve.", group="How-to guides", article="how-to/host.md"),
    ]
    monkeypatch.setattr(lab, "read_pages", lambda: [*others, page])
    legend, picture = "<svg>1</svg>", f'<svg tabindex="0">{"2" * lab.LEAST_DRAWING}</svg>'
    made = {"dilation": {"label": "", "experiment": legend, "parts": {"input": picture}}}
    monkeypatch.setattr(lab, "drawn", lambda: {"experiments": made, "math": {}})
    filled = lab.fill(lab.laboratory())
    assert filled.count("<li>") == 1
    assert '<a href="dilation/">A &amp; B</a><p>What &lt;it&gt; does.</p>' in filled
    assert '<figure class="chart lab-thumbnail" aria-hidden="true" inert><svg>2' in filled
    assert lab.styles(lab.CONTENTS + ARTICLE)[:3] == lab.styles(ARTICLE)[:3]
    assert lab.scripts(lab.CONTENTS) == [] and lab.scripts(ARTICLE) == ["lab/lab.js"]


def test_an_experiment_that_is_mounted_twice_has_ids_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "drawn", lambda: MADE)
    filled = lab.fill(lab.experiment("dilation") * 2)
    ids = re.findall(r' id="([^"]*)"', filled)
    assert len(set(ids)) == len(ids) == 4
    assert 'data-testid="experiment-dilation-2"' in filled and 'id="lab-dilation-2-size"' in filled


def test_first_results_are_computed_once_and_again_when_a_source_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = lab.first_result("dilation")
    first = json.loads(made.read_text(encoding="utf-8"))
    assert first["description"]["name"] == "dilation" and first["data"]["output_size"] == 3
    assert first["settings"] == first["data"]["settings"]
    lab.first_result.cache_clear()
    monkeypatch.setattr(lab, "_compute", lambda name, settings: "{}")
    assert lab.first_result("dilation") == made
    lab.first_result.cache_clear()
    monkeypatch.setattr(lab, "sources", lambda module: [Path(__file__)])
    assert lab.first_result("dilation") != made
    assert not made.exists(), "what is out of date is removed"


def test_the_sources_of_an_experiment_are_all_that_it_imports() -> None:
    names = {path.name for path in imports.sources("goosequill.lab.sta")}
    assert {"sta.py", "neurons.py", "errors.py", "parameters.py", "progress.py"} <= names
    assert "dilation.py" not in names


def test_an_unknown_experiment_ends_the_build() -> None:
    with pytest.raises(BuildError, match="mounts nothing, but the experiments are"):
        lab.first_result("nothing")


def test_pictures_and_formulas_are_drawn_by_the_pages_modules(tmp_path: Path) -> None:
    article = ARTICLE.replace("<!-- generate: figure dilation   input -->", "")
    (tmp_path / "lab" / "goose.md").write_text(article, encoding="utf-8")
    drawn = lab.drawn()
    made = drawn["experiments"]["dilation"]
    assert 'data-testid="run"' in made["experiment"] and 'value="7"' in made["experiment"]
    assert made["parts"] == {} and "disabled" in made["experiment"]
    assert drawn["math"]["y = x^2"]["block"].startswith("<math")
    assert 'display="block"' in drawn["math"]["y = x^2"]["block"]
    assert 'display="block"' not in drawn["math"][r"\sigma(x)_1"]["inline"]


def test_a_formula_or_a_module_that_fails_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "lab" / "goose.md").write_text("<!-- generate: math \\frac{1 -->", encoding="utf-8")
    with pytest.raises(BuildError, match=r"draw\.js could not draw"):
        lab.drawn()


def test_the_script_is_folded_and_its_source_linked(tmp_path: Path) -> None:
    (tmp_path / "lab" / "scripts").mkdir()
    (tmp_path / "lab" / "scripts" / "second-order.py").write_text("a = 1\n\nprint(a)\n", encoding="utf-8")
    text = lab.script("second-order")
    assert "    ```python\n    a = 1\n\n    print(a)\n    ```" in text
    assert '<a href="../source/second_order.py.txt">goosequill/lab/second_order.py</a>' in text
    with pytest.raises(BuildError, match=r"missing\.py is missing"):
        lab.script("missing")


def test_pages_get_results_data_and_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from goosequill.lab import experiments

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.npy").write_bytes(b"1")
    monkeypatch.setattr(experiments, "DATA", tmp_path / "data")
    lab.write_files(tmp_path / "out")
    written = {
        path.relative_to(tmp_path / "out" / "lab").as_posix() for path in (tmp_path / "out").rglob("*.*")
    }
    assert written == {"data/one.npy", "first/dilation.json", "source/dilation.py.txt"}


def test_every_kind_of_request_has_a_generator() -> None:
    assert set(docs_pages.GENERATORS) >= {"experiment", "figure", "math", "script"}


def test_the_policy_allows_the_engine_where_an_experiment_is() -> None:
    plain = policies.policy_of("<script src='a.js'></script>")
    assert "wasm" not in plain and "worker-src" not in plain
    for mark in ("data-experiment", "data-figure"):
        policy = policies.policy_of(f'<section {mark}="sta"></section>')
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert "'wasm-unsafe-eval'" in directives["script-src"].split()
        assert directives["worker-src"] == "'self'"


def test_the_experiment_of_the_guide_for_contributors_is_computed_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = [sample.code for sample in samples() if sample.file == "docs/how-to/contribute.md"]
    for name, head in {"decay.py": '"""Decay:', "site/lab/decay.js": "/** Draws what is left"}.items():
        (code,) = (code for code in guide if code.startswith(head))
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(code, encoding="utf-8")
    (tmp_path / "site" / "ui").symlink_to(ROOT / "site" / "ui")
    monkeypatch.setattr(goosequill.lab, "__path__", [*goosequill.lab.__path__, str(tmp_path)])
    first = tmp_path / "decay.json"
    first.write_text(lab._compute("decay"), encoding="utf-8")
    monkeypatch.delitem(sys.modules, "goosequill.lab.decay")
    task = {"experiments": [{"name": "decay", "parts": [], "first": str(first)}], "math": []}
    command = ["node", "scripts/draw.js", str(tmp_path / "site" / "lab")]
    done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)["experiments"]["decay"]["experiment"]
    assert 'id="lab-decay-half_life"' in made and 'value="8"' in made
    assert "What is left of an input" in made and "<svg" in made
