"""Write an index of a million passages with random vectors, for search.py to open.

python scripts/bench/search_index.py FOLDER [PASSAGES]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "py"))

import numpy as np  # noqa: E402

from goosequill.kernels import load_kernel  # noqa: E402
from goosequill.search.documents.document import Block, Document  # noqa: E402
from goosequill.search.index import Index  # noqa: E402
from goosequill.search.index_files import IndexModel  # noqa: E402
from goosequill.search.storage import FolderStorage  # noqa: E402

WIDTH = 384
AT_ONCE = 10_000


def write_index(folder: Path, passages: int) -> None:
    """Write documents of some hundred sentences until there are this many passages; commit once."""
    index = Index.create(FolderStorage(folder), load_kernel().search, name="bench")
    text = " ".join(f"This is sentence {i} of a document that only fills an index." for i in range(600))
    number = 0
    while len(index) < passages:
        index.add(Document(f"{number}.txt", f"Document {number}", text, (Block(0, len(text)),)))
        number += 1
    rng, model = np.random.default_rng(1), IndexModel("random", WIDTH, "0" * 64)
    while index.pending:
        count = len(index.waiting(AT_ONCE))
        index.add_vectors(rng.standard_normal((count, WIDTH), np.float32), model)
    index.commit()


if __name__ == "__main__":
    write_index(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
