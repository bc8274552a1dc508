"""Documents and a small embedder for the tests of search."""

import hashlib
import random
from collections.abc import Iterator, Sequence

import numpy as np

from goosequill.kernels.kernel import Floats
from goosequill.search.bm25 import stems
from goosequill.search.documents.document import Block, Document

SUBJECTS = {
    "stomach": "reflux acid stomach oesophagus heartburn meal antacid bitter swallow chest burning".split(),  # noqa: SIM905
    "garden": "soil seed tomato water compost pruning rose hedge sunlight frost weed".split(),  # noqa: SIM905
    "engine": "piston valve oil torque gearbox diesel clutch brake exhaust fuel spark".split(),  # noqa: SIM905
    "music": "violin chord tempo melody rhythm choir piano scale sonata concert bow".split(),  # noqa: SIM905
}


class HashEmbedder:
    """Gives each stem a random direction, by its hash; a text's vector is their sum, of length 1."""

    def __init__(self, name: str = "minilm-l6", dimensions: int = 32) -> None:
        self.name, self.dimensions = name, dimensions
        self.space = "shared" if name in ("minilm-l6", "static-minilm") else ""
        self.fingerprint = hashlib.sha256(f"{name} {dimensions}".encode()).hexdigest()
        self.embedded = 0
        self._directions: dict[str, Floats] = {}

    def embed(self, texts: Sequence[str]) -> Floats:
        self.embedded += len(texts)
        return np.stack([self.question(text) for text in texts]) if texts else np.zeros((0, self.dimensions))

    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Floats]]:
        """Yield batches of five, the last texts first, as an embedder may."""
        for end in range(len(texts), 0, -5):
            rows = list(range(max(0, end - 5), end))
            yield rows, self.embed([texts[row] for row in rows])

    def question(self, text: str) -> Floats:
        total = np.full(self.dimensions, 1e-3)
        for word in stems(text):
            if word not in self._directions:
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little")
                self._directions[word] = np.random.default_rng(seed).standard_normal(64)[: self.dimensions]
            total = total + self._directions[word]
        return (total / np.linalg.norm(total)).astype(np.float32)

    def exported(self, vectors: Floats) -> Floats:
        return vectors

    def imported(self, vectors: Floats) -> Floats:
        return vectors


def make_document(number: int, *, subject: str = "", sentences: int = 12, name: str = "") -> Document:
    """Return a document on a subject, in two blocks, with letters of two and four bytes in it."""
    source = random.Random(number)
    chosen = subject or list(SUBJECTS)[number % len(SUBJECTS)]
    lines = [
        " ".join(source.choices(SUBJECTS[chosen], k=source.randint(12, 18))).capitalize() + " – déjà 🜁."
        for _ in range(sentences)
    ]
    half = len(lines) // 2
    first, second = " ".join(lines[:half]), " ".join(lines[half:])
    text = f"{first}\n\n{second}"
    blocks = (Block(0, len(first), ("Über", chosen)), Block(len(first) + 2, len(text), ("Über", "More")))
    return Document(name or f"{chosen}/{number}.txt", f"{chosen} {number}", text, blocks, f"{number}.html")
