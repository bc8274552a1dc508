"""Evaluates votes between pairs of outputs: strengths with intervals, paired tests, position bias, agreement.

`judge` takes the contents of files of votes; `statistics` has the formulas. Intervals come from a
bootstrap over prompts, because votes on one prompt are not independent of each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError, SettingsError
from goosequill.evaluation import wording
from goosequill.evaluation.statistics import (
    Array,
    bootstrap_interval,
    cohen,
    davidson,
    holm,
    krippendorff,
    paired_permutation,
    resample_weights,
    wilson,
)
from goosequill.weights.source import is_count

CHOICES = ("left", "right", "tie", "both_bad")
FORMAT = "goosequill-votes"
FORMAT_VERSION = 1
MAX_RESAMPLES = 100_000
MAX_CELLS = 1 << 25
"""Numbers in the largest table, of 270 MB; 100 contenders with 1,000 resamples have 10 million."""
MOST_COMPARED = 190
"""Pairs of contenders that are tested against each other: those of 20 contenders."""
FEWEST_PROMPTS = 5
"""A contender needs votes on as many prompts for an interval; with fewer it misses the truth too often."""


@dataclass(frozen=True)
class Vote:
    """One rater's choice between two outputs for one prompt.

    Attributes
    ----------
    left, right
        Names of the contenders.
    choice
        One of `CHOICES`.
    pair
        Ids of the two samples, whichever side they were shown on: the unit of raters' agreement.
    """

    rater: str
    prompt: str
    left: str
    right: str
    choice: str
    pair: tuple[str, ...]


def read_votes(data: object, *, name: str = "votes") -> list[Vote]:
    """Return the votes in a file of votes, given as JSON values.

    Raises
    ------
    FileFormatError
        ``votes-file``, with the file and the path inside it, for example ``votes[3].choice``.
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise _invalid(f'{name}: format is not "{FORMAT}".')
    if data.get("format_version", FORMAT_VERSION) != FORMAT_VERSION:
        version = str(data["format_version"])[:20]
        raise _invalid(f"{name}: format_version is {version}, but this Goosequill reads {FORMAT_VERSION}.")
    rater = _text(data, "rater", where=f"{name}: ") or name
    votes = data.get("votes")
    if not isinstance(votes, Sequence) or isinstance(votes, str):
        raise _invalid(f"{name}: votes is missing or not a list.")
    return [_read_vote(vote, f"{name}: votes[{index}]", rater) for index, vote in enumerate(votes)]


def _read_vote(vote: object, path: str, rater: str) -> Vote:
    if not isinstance(vote, Mapping):
        raise _invalid(f"{path} is not an object.")
    left, right = (_read_side(vote, side, path) for side in ("left", "right"))
    choice = _text(vote, "choice", where=f"{path}.")
    if choice not in CHOICES:
        raise _invalid(f"{path}.choice is {choice[:40]!r}, but must be one of {', '.join(CHOICES)}.")
    prompt = _text(vote, "prompt", where=f"{path}.")
    return Vote(rater, prompt, left[0], right[0], choice, tuple(sorted((left[1], right[1]))))


def _read_side(vote: Mapping[str, object], side: str, path: str) -> tuple[str, str]:
    """The contender's name, and an id of the sample that was shown."""
    value = vote.get(side)
    if not isinstance(value, Mapping):
        raise _invalid(f"{path}.{side} is missing or not an object.")
    name = _text(value, "name", where=f"{path}.{side}.")
    return name, "\x1f".join((name, str(value.get("config")), str(value.get("sample"))))


def _text(holder: Mapping[str, object], member: str, *, where: str) -> str:
    value = holder.get(member)
    if not isinstance(value, str):
        raise _invalid(f"{where}{member} is missing or not a string.")
    return value


def _invalid(message: str) -> FileFormatError:
    return FileFormatError(message, code="votes-file")


def tables(votes: Sequence[Vote], names: Sequence[str]) -> tuple[Array, Array]:
    """Count for each prompt wins, and votes without a winner as ties: two arrays [prompts, n, n]."""
    ids = {name: index for index, name in enumerate(names)}
    prompts = {prompt: index for index, prompt in enumerate(dict.fromkeys(vote.prompt for vote in votes))}
    wins = np.zeros((len(prompts), len(names), len(names)))
    ties = np.zeros_like(wins)
    for vote in votes:
        at, left, right = prompts[vote.prompt], ids[vote.left], ids[vote.right]
        if vote.choice == "left":
            wins[at, left, right] += 1
        elif vote.choice == "right":
            wins[at, right, left] += 1
        else:
            ties[at, left, right] += 1
            ties[at, right, left] += 1
    return wins, ties


def strengths(votes: Sequence[Vote], *, resamples: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """Strengths (log-odds against the average contender) with 95% intervals, the strongest first.

    The intervals are percentiles of a bootstrap that draws prompts with replacement. "low" and "high" are
    None with too few votes: on fewer than `FEWEST_PROMPTS` prompts, or without a win, or without a loss. No
    resample has what no vote had, so that the interval would end where the prior does, however strong the
    contender is. "Both bad" counts as a tie in the strength, and on its own in the row.
    """
    names = sorted({name for vote in votes for name in (vote.left, vote.right)})
    wins, ties = tables(votes, names)
    fitted, _ = davidson(wins.sum(axis=0), ties.sum(axis=0))
    weights = resample_weights(len(wins), resamples=resamples, seed=seed)
    drawn, _ = davidson(np.tensordot(weights, wins, 1), np.tensordot(weights, ties, 1))
    low, high = bootstrap_interval(drawn, len(wins))
    seen = ((wins + wins.swapaxes(1, 2) + ties).sum(axis=2) > 0).sum(axis=0)
    won, lost = wins.sum(axis=(0, 2)), wins.sum(axis=(0, 1))
    enough = (seen >= FEWEST_PROMPTS) & (won > 0) & (lost > 0) & (high - low > 1e-9)
    left = Counter(vote.left for vote in votes)
    without_winner = Counter((name, vote.choice) for vote in votes for name in (vote.left, vote.right))
    rows = [
        {
            "name": name,
            "strength": float(fitted[i]),
            "low": float(low[i]) if enough[i] else None,
            "high": float(high[i]) if enough[i] else None,
            "wins": int(won[i]),
            "losses": int(lost[i]),
            "ties": without_winner[name, "tie"],
            "both_bad": without_winner[name, "both_bad"],
            "left": left[name],
        }
        for i, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -row["strength"])


def comparisons(votes: Sequence[Vote], *, seed: int = 0) -> list[dict[str, Any]] | None:
    """Test each two contenders against each other over the prompts on which both were judged.

    A contender's lead on a prompt is the share of the votes that it won minus the share that it lost. The
    test is paired by prompt; p-values are corrected together. "first" is the contender with more lead.

    Returns
    -------
    For each pair {"first", "second", "wins", "losses", "ties", "both_bad", "prompts"} and what
    `wording.tested` returns; None if there are more than `MOST_COMPARED` pairs.
    """
    pairs: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    both_bad: Counter[tuple[str, str]] = Counter()
    for vote in votes:
        gain = {"left": 1, "right": -1}.get(vote.choice, 0)
        one, other = sorted((vote.left, vote.right))
        pairs[one, other][vote.prompt].append(gain if one == vote.left else -gain)
        both_bad[one, other] += vote.choice == "both_bad"
    if len(pairs) > MOST_COMPARED:
        return None
    found = []
    for (one, other), prompts in sorted(pairs.items()):
        leads = np.array([sum(gains) / len(gains) for gains in prompts.values()])
        counts = Counter(gain for gains in prompts.values() for gain in gains)
        bad, won, lost = both_bad[one, other], counts[1], counts[-1]
        if leads.sum() < 0:
            one, other, won, lost = other, one, lost, won
        row = {"first": one, "second": other, "wins": won, "losses": lost}
        row |= {"ties": counts[0] - bad, "both_bad": bad, "prompts": len(prompts)}
        found.append((row, paired_permutation(leads, seed=seed)))
    adjusted = holm([test.p for _, test in found])
    return [
        row | wording.tested(test, adjusted=p, tests=len(found))
        for (row, test), p in zip(found, adjusted, strict=True)
    ]


def position_bias(votes: Iterable[Vote]) -> dict[str, Any]:
    """How often the left side won, among the votes with a winner. Sides are balanced, so 0.5 is expected."""
    counts = Counter(vote.choice for vote in votes)
    decided = counts["left"] + counts["right"]
    low, high = wilson(counts["left"], decided)
    share = counts["left"] / decided if decided else None
    bias = {"left": counts["left"], "decided": decided, "share": share, "low": low, "high": high}
    return {**bias, "sentences": wording.position(bias)}


def agreement(votes: Iterable[Vote]) -> dict[str, Any] | None:
    """How far raters agree on the pairs that more than one of them judged; None if there are none."""
    units: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for vote in votes:
        winner = {"left": vote.left, "right": vote.right}.get(vote.choice, vote.choice)
        units[(vote.prompt, *vote.pair)][vote.rater] = winner
    shared = [labels for labels in units.values() if len(labels) > 1]
    if not shared:
        return None
    raters = sorted({rater for labels in shared for rater in labels})
    pairs = []
    for one, other in combinations(raters, 2):
        both = [labels for labels in shared if one in labels and other in labels]
        if both:
            kappa = cohen([labels[one] for labels in both], [labels[other] for labels in both])
            same = sum(labels[one] == labels[other] for labels in both)
            pairs.append({"raters": [one, other], "units": len(both), "same": same, "kappa": kappa})
    alpha = krippendorff([list(labels.values()) for labels in shared])
    return {"units": len(shared), "raters": len(raters), "alpha": alpha, "pairs": pairs}


def _check_sizes(votes: Sequence[Vote], resamples: int) -> None:
    """Refuse votes whose tables would fill the memory."""
    names = {name for vote in votes for name in (vote.left, vote.right)}
    prompts = {vote.prompt for vote in votes}
    cells = len(names) ** 2 * max(len(prompts), resamples) + len(prompts) * resamples
    if cells > MAX_CELLS:
        raise _invalid(
            f"There are too many votes to evaluate together: {len(names):,} contenders on {len(prompts):,} "
            f"prompts, with {resamples:,} resamples."
        )


def judge(rounds: Sequence[object], *, resamples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Evaluate rounds of votes together, given as the JSON values of their files.

    Returns
    -------
    {"votes", "prompts", "raters", "choices", "strengths", "comparisons", "position", "agreement"} as plain
    values.

    Raises
    ------
    FileFormatError
        ``votes-file``: a file is invalid; the message has its member "file", or its number.
    SettingsError
        ``no-votes``, or ``self-comparison``: a vote is between two outputs of the same contender.
    """
    if not (is_count(seed) and is_count(resamples) and 1 <= resamples <= MAX_RESAMPLES):
        raise SettingsError(
            f"The bootstrap needs 1 to {MAX_RESAMPLES:,} resamples, and a seed from 0 on.",
            code="setting-range",
            remedy="Leave both out for the usual ones.",
        )
    votes: list[Vote] = []
    for index, data in enumerate(rounds):
        given = data.get("file") if isinstance(data, Mapping) else None
        votes += read_votes(data, name=given if isinstance(given, str) else f"file {index + 1}")
    if not votes:
        raise SettingsError("There are no votes yet.", code="no-votes")
    if any(vote.left == vote.right for vote in votes):
        raise SettingsError("A vote compares a contender with itself.", code="self-comparison")
    _check_sizes(votes, resamples)
    return {
        "votes": len(votes),
        "prompts": len({vote.prompt for vote in votes}),
        "raters": sorted({vote.rater for vote in votes}),
        "choices": {choice: sum(vote.choice == choice for vote in votes) for choice in CHOICES},
        "strengths": strengths(votes, resamples=resamples, seed=seed),
        "comparisons": comparisons(votes, seed=seed),
        "position": position_bias(votes),
        "agreement": agreement(votes),
    }
