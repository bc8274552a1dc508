"""Words from doubtful letters: the best letters, and a search over a trie. Needs only numpy."""

import numpy as np

COUNTS = {
    "THE": 500,
    "THEN": 90,
    "THAN": 80,
    "SHIP": 9,
    "SHOP": 12,
    "WIND": 20,
    "WINE": 15,
    "FIND": 60,
    "A": 400,
}
total = sum(COUNTS.values())
rng = np.random.default_rng(0)


def seen(word, doubt):
    """log p(letter | picture) of a word's letters: the right one, and noise."""
    logits = doubt * rng.standard_normal((len(word), 26))
    logits[np.arange(len(word)), [ord(letter) - 65 for letter in word]] += 4
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


# The trie: a node is the first letters of a word, and its children are nodes with one letter more.
children = {}
for word in COUNTS:
    for end in range(len(word)):
        children.setdefault(word[:end], set()).add(word[: end + 1])


def read(letters):
    """Viterbi: the score of a node is that of its parent and of its letter."""
    scores = {"": 0.0}
    for row in letters:
        scores = {
            child: score + row[ord(child[-1]) - 65]
            for node, score in scores.items()
            for child in children.get(node, ())
        }
    words = {word: score + np.log(COUNTS[word] / total) for word, score in scores.items() if word in COUNTS}
    return max(words, key=words.get)


text = ["THE", "SHIP", "FIND", "A", "WIND", "THEN"]
pictures = [seen(word, doubt=2.5) for word in text]
print("written     ", *text)
print("best letters", *("".join(chr(65 + at) for at in each.argmax(axis=1)) for each in pictures))
print("word list   ", *(read(each) for each in pictures))
