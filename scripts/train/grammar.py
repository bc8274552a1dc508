"""Whether greedy text is grammatical: sentences after fixed prompts, judged blind in the comparer.

    python -m scripts.train.grammar OLD NEW      write grammar/OLD.json and grammar/NEW.json
    python -m scripts.train.grammar --count      count the votes in grammar/votes-*.json and preferred-*.json

A report has the first two sentences after each of the prompts, which were written before any model was
asked. The rule: a text is grammatical if a careful native speaker could have written it, whatever it means:
its verbs agree with their subjects, its clauses are complete, its words are used as what they are. What is
unusual today but was not when the style was written is allowed, and so are definitions and headings without
a verb. A text without an end after 80 tokens is judged as far as it goes. To judge, open both reports in the
comparer and vote on "Which text is grammatical?": the better one if only one is, a tie if both are, else
both bad. It skips pairs whose two texts are the same. In votes-RUN.json, `default` is what that run gave;
files that end with -second or -third have the votes of further readers. The readers of fourth-mean and
rounded and the second one of mean-decay had never seen either model's texts; those of fourth-mean and
rounded read every text by itself, in random order, and their judgements became votes afterwards.

By that rule a text that repeats itself is grammatical, so a second round of votes on the same pairs asks
"Which text would you rather go on reading?"; there a tie counts for neither.
"""

from __future__ import annotations

import argparse
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import goosequill
from goosequill import DecodingConfig

FOLDER = Path(__file__).with_name("grammar")
SETTINGS: dict[str, Any] = {"temperature": 0, "max_new_tokens": 80}
END = re.compile(r"[.!?][\"')\]]*(?=\s|$)")


def two_sentences(text: str) -> str:
    """The text up to the end of its second sentence; all of it if there is none."""
    ends = [match.end() for match in END.finditer(text)]
    return text[: ends[1]] if len(ends) > 1 else text


def report(folder: Path) -> dict[str, Any]:
    """A report of a model folder's greedy sentences."""
    model = goosequill.load(folder)
    rows = []
    for prompt in json.loads((FOLDER / "prompts.json").read_text(encoding="utf-8")):
        text = two_sentences(model.write(prompt, DecodingConfig(**SETTINGS)))
        result = {"sampling_config": "greedy", "sampling_params": SETTINGS, "outputs": [text]}
        rows.append({"prompt": prompt, "results": [result]})
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"model_name": folder.name, "date": date, "args": {"generator": "goosequill"}, "prompts": rows}


def count(votes: list[dict[str, Any]], *, ties: bool = True) -> dict[str, int]:
    """How often each model's text was chosen; `ties` count for both."""
    found: dict[str, int] = {}
    for vote in votes:
        for side in ("left", "right"):
            name = vote[side]["name"]
            chosen = vote["choice"] == side or (ties and vote["choice"] == "tie")
            found[name] = found.get(name, 0) + chosen
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", type=Path, help="model folders")
    parser.add_argument("--count", action="store_true", help="count the votes instead")
    options = parser.parse_args()
    for folder in options.models:
        text = json.dumps(report(folder), indent=1, ensure_ascii=False)
        (FOLDER / f"{folder.name}.json").write_text(text + "\n", encoding="utf-8")
    if options.count:
        for kind, ties in (("votes", True), ("preferred", False)):
            for path in sorted(FOLDER.glob(f"{kind}-*.json")):
                votes = json.loads(path.read_text(encoding="utf-8"))["votes"]
                print(path.stem, count(votes, ties=ties), f"of {len(votes)}")


if __name__ == "__main__":
    main()
