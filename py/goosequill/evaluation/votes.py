"""What people's votes between pairs of outputs say: strengths, their uncertainty, biases, agreement.

Strengths are those of Davidson's model, which is Bradley and Terry's with ties. Intervals come from a
bootstrap over prompts, because votes on one prompt are not independent of each other. Nothing here
draws or reads files; `judge` is what the page and the command line call.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import erfc, sqrt
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError, SettingsError

Array = np.ndarray[Any, np.dtype[np.float64]]

CHOICES = ("left", "right", "tie", "both_bad")
FORMAT = "goosequill-votes"
PRIOR_SD = 5.0  # of a strength, in log-odds: weak, but it keeps a contender that won every vote finite
NEWTON_STEPS = 40
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class Vote:
    """One rater's choice between two outputs for one prompt; left and right are the contenders' names."""

    rater: str
    prompt: str
    left: str
    right: str
    choice: str
    pair: tuple[str, ...]  # what was compared, whichever side it stood on: the unit of raters' agreement


def read_votes(data: object, *, name: str = "votes") -> list[Vote]:
    """Check one file of votes, as JSON values, and return its votes.

    Raises
    ------
    FileFormatError
        Names the file and the path inside it, for example ``votes[3].choice``.
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise _invalid(f'{name}: format is not "{FORMAT}".')
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
        raise _invalid(f"{path}.choice is {choice!r}, but must be one of {', '.join(CHOICES)}.")
    prompt = _text(vote, "prompt", where=f"{path}.")
    return Vote(rater, prompt, left[0], right[0], choice, tuple(sorted((left[1], right[1]))))


def _read_side(vote: Mapping[str, object], side: str, path: str) -> tuple[str, str]:
    """The contender's name, and a mark of the very sample that was shown."""
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
    return FileFormatError(message, code="file-format")


def davidson(wins: Array, ties: Array, *, prior_sd: float = PRIOR_SD) -> tuple[Array, Array]:
    """Fit Davidson's model to any number of tables of votes at once.

    P(i beats j) = p_i / (p_i + p_j + v sqrt(p_i p_j)), P(tie) = v sqrt(p_i p_j) / (the same), with
    strengths log p (their mean is 0) and tie propensity v. Without ties this is Bradley and Terry's model.

    Parameters
    ----------
    wins
        [..., n, n]: how often i beat j.
    ties
        [..., n, n], symmetric: how often i and j tied.
    prior_sd
        Standard deviation of the normal prior of each strength; ``inf`` for none.

    Returns
    -------
    strengths [..., n] in log-odds, and log v [...], which is -inf where there was no tie.

    Source: Davidson, "On extending the Bradley-Terry model to accommodate ties", JASA 65 (1970).
    """
    wins, ties = np.broadcast_arrays(np.asarray(wins, float), np.asarray(ties, float))
    count = wins.shape[-1]
    tied = ties.sum(axis=(-1, -2)) > 0
    start = np.zeros((*wins.shape[:-2], count + 1))
    start[..., -1] = np.where(tied, 0.0, -30.0)
    parameters = start
    for _ in range(NEWTON_STEPS):
        gradient, hessian = _slopes(parameters, wins, ties, prior_sd=prior_sd)
        gradient[..., -1] = np.where(tied, gradient[..., -1], 0.0)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        parameters = parameters + np.clip(step, -1.5, 1.5)
        if np.abs(step).max() < 1e-10:
            break
    strengths = parameters[..., :-1]
    log_tie = np.where(tied, parameters[..., -1], -np.inf)
    return strengths - strengths.mean(axis=-1, keepdims=True), log_tie


def _slopes(parameters: Array, wins: Array, ties: Array, *, prior_sd: float) -> tuple[Array, Array]:
    """Gradient [..., n + 1] and negative Hessian [..., n + 1, n + 1] of the log posterior.

    In exponential-family form each game has the features (e_i, e_j or their mean; is it a tie), so the
    gradient is observed minus expected features, and the Hessian their covariance.
    """
    strengths, log_tie = parameters[..., :-1], parameters[..., -1, None, None]
    gap = strengths[..., :, None] - strengths[..., None, :]  # [..., n, n]
    low = np.exp(-np.logaddexp(np.logaddexp(gap / 2, -gap / 2), log_tie))
    win, tie = np.exp(gap / 2) * low, np.exp(log_tie) * low  # P(i beats j), P(i and j tie)
    games = wins + np.swapaxes(wins, -1, -2) + ties
    games[..., np.arange(games.shape[-1]), np.arange(games.shape[-1])] = 0.0
    score = (wins + ties / 2).sum(axis=-1) - (games * (win + tie / 2)).sum(axis=-1)
    tied = (ties - games * tie).sum(axis=(-1, -2)) / 2
    precision = prior_sd**-2
    gradient = np.concatenate([score - precision * strengths, tied[..., None]], axis=-1)
    mean = win - np.swapaxes(win, -1, -2)  # of the outcome +1, 0, -1
    spread = games * (1 - tie - mean**2) / 4
    cross = -(games * tie * mean).sum(axis=-1) / 2
    hessian = np.zeros((*gradient.shape, gradient.shape[-1]))
    size = strengths.shape[-1]
    diagonal = np.arange(size)
    hessian[..., :size, :size] = -spread
    hessian[..., diagonal, diagonal] += spread.sum(axis=-1) + precision + 1e-9
    hessian[..., :size, size] = hessian[..., size, :size] = cross
    hessian[..., size, size] = (games * tie * (1 - tie)).sum(axis=(-1, -2)) / 2 + 1e-9
    return gradient, hessian


def tables(votes: Sequence[Vote], names: Sequence[str]) -> tuple[Array, Array]:
    """Count wins and ties for each prompt: two arrays [prompts, n, n]. "Both bad" is a tie."""
    place = {name: index for index, name in enumerate(names)}
    prompts = {prompt: index for index, prompt in enumerate(dict.fromkeys(vote.prompt for vote in votes))}
    wins = np.zeros((len(prompts), len(names), len(names)))
    ties = np.zeros_like(wins)
    for vote in votes:
        at, left, right = prompts[vote.prompt], place[vote.left], place[vote.right]
        if vote.choice == "left":
            wins[at, left, right] += 1
        elif vote.choice == "right":
            wins[at, right, left] += 1
        else:
            ties[at, left, right] += 1
            ties[at, right, left] += 1
    return wins, ties


def resample_weights(prompts: int, *, resamples: int, seed: int) -> Array:
    """How often each resample of the prompts holds each of them: [resamples, prompts]."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples).astype(float)


def levels(prompts: int) -> tuple[float, float]:
    """The two percentiles of a bootstrap that make a 95% interval, widened for few prompts.

    Plain percentiles (2.5, 97.5) are too narrow by about sqrt((n - 1) / n) and the difference between the
    normal and Student's distribution. Source: Hesterberg, "What Teachers Should Know About the Bootstrap",
    The American Statistician 69 (2015), section 3.2.
    """
    if prompts < 2:
        return 0.0, 100.0
    z, free = NORMAL_975, prompts - 1
    student = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    tail = 50 * erfc(student * sqrt(prompts / free) / sqrt(2))
    return tail, 100 - tail


def bootstrap_interval(drawn: Array, prompts: int) -> tuple[Array, Array]:
    """The 95% interval from a bootstrap's fits [resamples, ...]: its two percentiles.

    They are read as positions among resamples + 1 gaps, which is right on average however few the
    resamples are; interpolating between the lowest and the highest makes the interval too narrow.
    """
    low, high = np.percentile(drawn, levels(prompts), axis=0, method="weibull")
    return low, high


def strengths(votes: Sequence[Vote], *, resamples: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """Strengths with 95% intervals, the strongest first.

    The interval of a strength (log-odds against the average contender) is that of the bootstrap's
    percentiles, prompts being drawn with replacement.
    """
    names = sorted({name for vote in votes for name in (vote.left, vote.right)})
    wins, ties = tables(votes, names)
    fitted, _ = davidson(wins.sum(axis=0), ties.sum(axis=0))
    weights = resample_weights(len(wins), resamples=resamples, seed=seed)
    drawn, _ = davidson(np.tensordot(weights, wins, 1), np.tensordot(weights, ties, 1))
    low, high = bootstrap_interval(drawn, len(wins))
    first = (drawn >= drawn.max(axis=1, keepdims=True) - 1e-12).mean(axis=0)
    total_wins, total_ties = wins.sum(axis=(0, 2)), ties.sum(axis=(0, 2))
    losses = wins.sum(axis=(0, 1))
    rows = [
        {
            "name": name,
            "strength": float(fitted[i]),
            "low": float(low[i]),
            "high": float(high[i]),
            "first": float(first[i]),
            "wins": int(total_wins[i]),
            "losses": int(losses[i]),
            "ties": int(total_ties[i]),
        }
        for i, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -row["strength"])


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion; (0, 1) if nothing was tried."""
    if trials == 0:
        return 0.0, 1.0
    z = NORMAL_975
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def position_bias(votes: Iterable[Vote]) -> dict[str, Any]:
    """How often the left side won, of the votes that had a winner. Sides are shuffled, so 0.5 is expected."""
    counts = Counter(vote.choice for vote in votes)
    decided = counts["left"] + counts["right"]
    low, high = wilson(counts["left"], decided)
    share = counts["left"] / decided if decided else None
    return {"left": counts["left"], "decided": decided, "share": share, "low": low, "high": high}


def krippendorff(units: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's alpha for nominal labels; each unit is the labels that raters gave it.

    None where no unit has two labels, or all labels are one. Source: Krippendorff, "Computing
    Krippendorff's alpha-reliability" (2011).
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for labels in units:
        for i, j in combinations(range(len(labels)), 2):
            share = 1 / (len(labels) - 1)
            pairs[labels[i], labels[j]] += share  # type: ignore[assignment]
            pairs[labels[j], labels[i]] += share  # type: ignore[assignment]
    totals: Counter[str] = Counter()
    for (label, _), share in pairs.items():
        totals[label] += share
    total = sum(totals.values())
    expected = total * total - sum(count * count for count in totals.values())
    if total <= 1 or expected == 0:
        return None
    differing = sum(share for (one, other), share in pairs.items() if one != other)
    return 1 - (total - 1) * differing / expected


def cohen(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of two raters over the same units; None where chance explains everything."""
    if not first:
        return None
    count = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    ones, others = Counter(first), Counter(second)
    chance = sum(ones[label] * others[label] for label in ones) / count**2
    return None if chance == 1 else (observed - chance) / (1 - chance)


def agreement(votes: Iterable[Vote]) -> dict[str, Any] | None:
    """How far raters agree on what more than one of them judged; None if nothing was judged twice."""
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


def judge(files: Sequence[object], *, resamples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Read files of votes (JSON values), merge them, and say what they show.

    Returns
    -------
    {"votes", "prompts", "raters", "choices", "strengths", "position", "agreement"} as plain values.

    Raises
    ------
    FileFormatError
        If a file is not one of votes; it is named by its place, or by its member "file".
    SettingsError
        If there is no vote at all.
    """
    votes: list[Vote] = []
    for index, data in enumerate(files):
        given = data.get("file") if isinstance(data, Mapping) else None
        votes += read_votes(data, name=given if isinstance(given, str) else f"file {index + 1}")
    if not votes:
        raise SettingsError("There are no votes yet.", code="no-votes")
    if any(vote.left == vote.right for vote in votes):
        raise SettingsError("A vote compares a contender with itself.", code="self-comparison")
    return {
        "votes": len(votes),
        "prompts": len({vote.prompt for vote in votes}),
        "raters": sorted({vote.rater for vote in votes}),
        "choices": {choice: sum(vote.choice == choice for vote in votes) for choice in CHOICES},
        "strengths": strengths(votes, resamples=resamples, seed=seed),
        "position": position_bias(votes),
        "agreement": agreement(votes),
    }
