"""Fuzzes one reader with atheris, for as long as libFuzzer's options say: `tests.soak` starts one for each.

Coverage of the package's modules guides the inputs, so atheris has to see them imported.
"""

import sys

import atheris

with atheris.instrument_imports(include=["goosequill"]):
    from tests.soak import readers


def main() -> None:
    """Run `READER [libFuzzer options and folders]`."""
    name = sys.argv[1]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], lambda data: readers.check(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
