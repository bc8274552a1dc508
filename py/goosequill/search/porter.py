"""Porter's stemmer: "connected", "connecting" and "connection" become "connect".

M. F. Porter, "An algorithm for suffix stripping", Program 14 (1980), with the two departures of his own
later program ("bli" and "logi"), as npm's `stemmer` has it, so that JavaScript can search the same index.
"""

from __future__ import annotations

import re

_STEP_2 = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "bli": "ble",
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousli": "ous",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
    "logi": "log",
}
_STEP_3 = {"icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": ""}
_STEP_4 = "al ance ence er ic able ible ant ement ment ent ou ism ate iti ous ive ize".split()  # noqa: SIM905

_CONSONANTS = "[^aeiou][^aeiouy]*"
_VOWELS = "[aeiouy][aeiou]*"
_MEASURE_ABOVE_0 = re.compile(f"(?:{_CONSONANTS})?{_VOWELS}{_CONSONANTS}").match
_MEASURE_1 = re.compile(f"(?:{_CONSONANTS})?{_VOWELS}{_CONSONANTS}(?:{_VOWELS})?").fullmatch
_MEASURE_ABOVE_1 = re.compile(f"(?:{_CONSONANTS})?(?:{_VOWELS}{_CONSONANTS}){{2}}").match
_HAS_VOWEL = re.compile(f"(?:{_CONSONANTS})?[aeiouy]").match
_SHORT = re.compile(f"{_CONSONANTS}[aeiouy][^aeiouwxy]").fullmatch
_DOUBLE = re.compile(r".*([^aeiouylsz])\1").fullmatch


def _suffixes(endings: list[str]) -> re.Pattern[str]:
    return re.compile(f"(.+?)({'|'.join(endings)})")


_IN_STEP_2 = _suffixes(list(_STEP_2)).fullmatch
_IN_STEP_3 = _suffixes(list(_STEP_3)).fullmatch
_IN_STEP_4 = _suffixes(_STEP_4).fullmatch


def stem(word: str) -> str:
    """Return the stem of a lower-case word; a word of one or two characters is its own stem."""
    if len(word) < 3:
        return word
    starts_with_y = word[0] == "y"
    if starts_with_y:
        word = "Y" + word[1:]  # a consonant here, which "y" is not elsewhere
    word = _derivations(_participles(_plural(word)))
    return "y" + word[1:] if starts_with_y else word


def _plural(word: str) -> str:
    """Step 1a: caresses -> caress, ponies -> poni, cats -> cat."""
    if (len(word) > 4 and word.endswith("sses")) or (len(word) > 3 and word.endswith("ies")):
        return word[:-2]
    return word[:-1] if len(word) > 2 and word[-1] == "s" and word[-2] != "s" else word


def _participles(word: str) -> str:
    """Steps 1b and 1c: agreed -> agree, hopping -> hop, filing -> file, happy -> happi."""
    if word.endswith("eed") and len(word) > 3:
        word = word[:-1] if _MEASURE_ABOVE_0(word[:-3]) else word
    else:
        word = _without_ending(word)
    return word[:-1] + "i" if word.endswith("y") and _HAS_VOWEL(word[:-1]) else word


def _without_ending(word: str) -> str:
    base = word.removesuffix("ed") if word.endswith("ed") else word.removesuffix("ing")
    if base == word or not _HAS_VOWEL(base):
        return word
    if base.endswith(("at", "bl", "iz")):
        return base + "e"
    if _DOUBLE(base):
        return base[:-1]
    return base + "e" if _SHORT(base) else base


def _derivations(word: str) -> str:
    """Steps 2 to 5: relational -> relate, electrical -> electric, adjustment -> adjust, rate -> rate."""
    if (found := _IN_STEP_2(word)) and _MEASURE_ABOVE_0(found[1]):
        word = found[1] + _STEP_2[found[2]]
    if (found := _IN_STEP_3(word)) and _MEASURE_ABOVE_0(found[1]):
        word = found[1] + _STEP_3[found[2]]
    if found := _IN_STEP_4(word):
        word = found[1] if _MEASURE_ABOVE_1(found[1]) else word
    elif word.endswith(("sion", "tion")) and len(word) > 4 and _MEASURE_ABOVE_1(word[:-3]):
        word = word[:-3]
    base = word[:-1]
    if word.endswith("e") and (_MEASURE_ABOVE_1(base) or (_MEASURE_1(base) and not _SHORT(base))):
        word = base
    return word[:-1] if word.endswith("ll") and _MEASURE_ABOVE_1(word) else word
