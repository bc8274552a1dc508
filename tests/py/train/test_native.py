"""The recurrences in C are compiled once, also by threads that need them at the same time."""

from concurrent.futures import ThreadPoolExecutor

from scripts.train import native


def test_threads_may_compile_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOSEQUILL_TRAIN_DIR", str(tmp_path))
    with ThreadPoolExecutor(4) as pool:
        libraries = list(pool.map(native.load, ["wkv4"] * 4))
    assert all(library.wkv4_forward for library in libraries)
    assert [file.suffix for file in tmp_path.iterdir()] == [".so"]
