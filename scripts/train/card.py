"""Write the default model's card (README.md) and its curves, from the figures that training left.

Nothing in it is typed by hand but the explanations (card.md): sizes, tables and samples come from
manifest.json, the runs' logs, results.json and the model itself. The samples are those of fixed seeds,
whatever they say.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from scripts.train import curves
from scripts.train.corpus import REGISTERS, training_folder
from scripts.train.export import DEFAULT

from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.generate import generate
from goosequill.decoding.items import Chunk, End
from goosequill.loading import LoadedModel, load_path

TEMPLATE = Path(__file__).with_name("card.md")
NOTICES = Path(__file__).with_name("NOTICES.md")
SAMPLE_TOKENS = 90
SEEDS = (1, 2)
NAMES = {
    "gzip": "gzip -9",
    "xz": "xz -9e",
    "kneser-ney": "Kneser-Ney 5-gram, same tokens and training text",
    "float32": "**this model**, float32",
    "int8": "**this model, int8 (shipped)**",
    "int4": "this model, int4 (embedding and head int8)",
    "int4-all": "this model, int4 throughout",
}


def trial_table(folder: Path) -> list[str]:
    """The trials at equal CPU time, best first."""
    rows = []
    for log in folder.glob("trial-*/log.jsonl"):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        found = [line for line in lines if "valid_bpb" in line and line["seconds"] < 160]
        if found and found[-1]["seconds"] > 130:
            rows.append((found[-1]["valid_bpb"], log.parent.name.removeprefix("trial-"), found[-1]))
    table = ["| trial | CPU seconds | tokens | validation bits per byte |", "|---|---|---|---|"]
    for score, name, line in sorted(rows, key=lambda row: row[0]):
        table.append(f"| {name} | {line['seconds']:.0f} | {line['tokens']:,} | {score:.3f} |")
    return table


def data_table(manifest: dict[str, Any]) -> list[str]:
    table = ["| package | content | text | licence |", "|---|---|---|---|"]
    for source in manifest["sources"]:
        size = f"{source['text_bytes'] / 1e6:.1f} MB"
        package = f"{source['client']} `{source['name']}` {source['version']}"
        table.append(f"| {package} | {source['content']} | {size} | {source['licence']} |")
    return table


def register_table(manifest: dict[str, Any]) -> list[str]:
    table = ["| register | train | validation | test |", "|---|---|---|---|"]
    for tag in REGISTERS:
        sizes = [manifest["splits"][split]["registers"][tag] / 1e3 for split in ("train", "valid", "test")]
        table.append(f"| `<{tag}>` | " + " | ".join(f"{size:,.0f} kB" for size in sizes) + " |")
    return table


def result_table(results: dict[str, dict[str, float]]) -> list[str]:
    columns = ["total", *REGISTERS]
    table = ["| bits per byte | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in sorted(results.items(), key=lambda item: -item[1]["total"]):
        label = NAMES.get(name, name)
        table.append(f"| {label} | " + " | ".join(f"{row[column]:.3f}" for column in columns) + " |")
    return table


def samples(loaded: LoadedModel) -> list[str]:
    """Greedy, greedy with a penalty, and sampled continuations of every prompt in config.json."""
    settings = [("greedy", DecodingConfig(temperature=0.0, max_new_tokens=60))]
    penalised = DecodingConfig(temperature=0.0, frequency_penalty=0.6, max_new_tokens=60)
    settings.append(("greedy, frequency penalty 0.6", penalised))
    for seed in SEEDS:
        config = DecodingConfig(temperature=0.8, top_p=0.9, seed=seed, max_new_tokens=SAMPLE_TOKENS)
        settings.append((f"temperature 0.8, top-p 0.9, seed {seed}", config))
    parts = []
    for prompt in loaded.description["prompts"]:
        parts += [f"### {prompt['title']}", "", *_quote(prompt["text"]), ""]
        for name, config in settings:
            items = generate(loaded.model, loaded.tokenizer, prompt["text"], config)
            text = "".join(item.text for item in items if isinstance(item, (Chunk, End)))
            parts += [f"{name}:", "", *_quote(text), ""]
    return parts


def _quote(text: str) -> list[str]:
    return ["```text", *text.strip("\n").split("\n"), "```"]


def write(folder: Path, *, stable: str, release: str) -> None:
    """Write README.md and curves.svg into a model folder."""
    data = training_folder()
    manifest, results = (json.loads((data / name).read_text()) for name in ("manifest.json", "results.json"))
    loaded = load_path(folder)
    description = loaded.description
    (folder / "curves.svg").write_text(draw_curves(data / "runs", stable=stable, release=release))
    weights = next(file for file in description["files"] if file["name"].endswith(".safetensors"))
    config, training = loaded.model.config, description["training"]
    text = TEMPLATE.read_text().format(
        version=config.version,
        parameters=f"{description['parameters']:,}",
        layers=config.layers,
        width=config.width,
        ffn_width=config.ffn_width,
        vocab=config.vocab_size,
        megabytes=f"{weights['bytes'] / 1e6:.1f}",
        steps=f"{training['steps']:,}",
        tokens=f"{training['tokens'] / 1e6:.1f}",
        minutes=f"{training['cpu_seconds'] / 60:.0f}",
        total=f"{results['int8']['total']:.3f}",
        results="\n".join(result_table(results)),
        int8_cost=f"{100 * (results['int8']['total'] / results['float32']['total'] - 1):+.2f}%",
        int4_cost=f"{100 * (results['int4']['total'] / results['float32']['total'] - 1):+.2f}%",
        data="\n".join(data_table(manifest)),
        registers="\n".join(register_table(manifest)),
        trials="\n".join(trial_table(data / "runs")),
        samples="\n".join(samples(loaded)),
        notices=NOTICES.read_text(),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def draw_curves(runs: Path, *, stable: str, release: str) -> str:
    lines = [
        curves.read_curve(runs / stable, "constant rate"),
        curves.read_curve(runs / stable, "its running mean", y="average_bpb"),
        curves.read_curve(runs / release, "decay"),
        curves.read_curve(runs / release, "decay, running mean", y="average_bpb"),
    ]
    return curves.draw(
        [line for line in lines if line.points],
        title="Validation loss of the default model in training",
        x_title="tokens read (millions)",
        y_title="validation, bits per byte",
        x_unit=1e6,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stable", default="main")
    parser.add_argument("--release", default="release")
    parser.add_argument("--to", type=Path, default=DEFAULT)
    options = parser.parse_args()
    write(options.to, stable=options.stable, release=options.release)


if __name__ == "__main__":
    main()
