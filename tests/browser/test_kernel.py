"""The SIMD kernels in a real page: both builds load, and generate the same text as numpy."""

from __future__ import annotations

import base64
import shutil
import threading
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import Browser
from scripts import kernel
from scripts.serve import make_server

from goosequill.kernels import abi
from goosequill.weights.packing import GROUPS, LAYOUTS, PANELS
from goosequill.weights.quantize import quantize

ROOT = Path(__file__).resolve().parents[2]

WRITE = """async ([base, kernel]) => {
  const { loadModel } = await import(base + "engine/client.js");
  const model = await loadModel({ model: base + "models/default/", kernel });
  let text = "";
  const settings = { max_new_tokens: 24, temperature: 0 };
  const logprobs = [];
  for await (const chunk of model.generate("Once upon a time", settings)) {
    text += chunk.text;
    if (chunk.logprob !== undefined) logprobs.push(chunk.logprob);
  }
  const { kernel: name } = model.info;
  model.dispose();
  return { name, text, logprobs };
}"""


def test_every_kernel_generates_the_same_text(browser: Browser, site_url: str) -> None:
    page = browser.new_page(service_workers="block")
    page.goto(site_url + "playground/")
    found = {kernel: page.evaluate(WRITE, [site_url, kernel]) for kernel in ("auto", "plain", "numpy")}
    page.close()
    assert [found[kernel]["name"] for kernel in found] == ["relaxed", "plain", "numpy"]
    expected = found["numpy"]
    for each in found.values():
        assert each["text"] == expected["text"] != ""
        for a, b in zip(each["logprobs"], expected["logprobs"], strict=True):
            assert abs(a - b) < 0.1  # in 4 bits, SIMD reads inputs in 8 bits and numpy in 32


COMPARE = """
import numpy as np
from goosequill.kernels import NumpyKernel, load_kernel
from goosequill.kernels.search import pack_signs
from goosequill.weights.quantize import quantize

rng = np.random.default_rng(5)
normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)
LENGTHS = [1, 60, 9, 33]
q, k, v = (normal(sum(LENGTHS), 96) for _ in range(3))
table, weights, bias = normal(64, 96), quantize(normal(200, 96) / 10, 8), normal(200)
vectors = rng.integers(-127, 128, (3001, 100)).astype(np.int8)
scales, question = rng.random(3001).astype(np.float32), normal(100)

def encode(kernel):
    matrix, rows = kernel.matrix(weights), kernel.table(table)
    def build(tokens):
        x = kernel.attention(*map(kernel.bind, (q, k, v)), LENGTHS, heads=3)
        x = kernel.add(x, kernel.positions(rows, LENGTHS))
        return kernel.product(matrix, x, bias=kernel.bind(bias), activation="gelu")
    return kernel.run([0] * sum(LENGTHS), build, programs={}, key=None)

def compare(name):
    kernel, reference = load_kernel(name), NumpyKernel()
    same = []
    for operation, operands in (("nearest", (vectors, scales)), ("nearest_bits", (pack_signs(vectors),))):
        for count in (1, 10, 2000, 9999):
            a, b = (getattr(k.search, operation)(*operands, question, count) for k in (kernel, reference))
            same += [np.array_equal(a.indices, b.indices), np.array_equal(a.scores, b.scores)]
    return [kernel.name, float(np.abs(encode(kernel) - encode(reference)).max()), all(same)]
"""

START = """async (source) => {
  const { loadPyodide } = await import(location.origin + "/pyodide/pyodide.mjs");
  const pyodide = await loadPyodide();
  await pyodide.loadPackage("numpy", { messageCallback() {} });
  pyodide.unpackArchive(await (await fetch("package.zip")).arrayBuffer(), "zip");
  pyodide.runPython(source);
  const compare = pyodide.globals.get("compare");
  return ["relaxed", "plain"].map((name) => compare(name).toJs());
}"""


@pytest.mark.rest
def test_every_kernel_encodes_and_scans_as_numpy_does(browser: Browser, tmp_path: Path) -> None:
    """The operations of encoders and of search, which no text that a model generates passes through."""
    shutil.make_archive(str(tmp_path / "package"), "zip", ROOT / "py")
    (tmp_path / "pyodide").symlink_to(ROOT / "build" / "vendor" / "pyodide")
    (tmp_path / "index.html").write_text("<!doctype html><title>Kernels</title>", encoding="utf-8")
    server = make_server(tmp_path)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
    found = page.evaluate(START, COMPARE)
    page.close()
    server.shutdown()
    server.server_close()
    assert [name for name, _, _ in found] == ["relaxed", "plain"]
    for _, error, same in found:
        assert error < 1e-3  # the inputs of a product in 8 bits are quantized to 15 bits
        assert same


MULTIPLY = """async ([module, memory, weights, size, columns, bits, step, out, count]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(bytes(module)));
  const { memory: own, turned, turn, product_begin: begin, product_rows: compute } = instance.exports;
  own.grow(100);
  new Uint8Array(own.buffer).set(bytes(memory), %d);
  if (turned(columns, bits)) turn(weights, weights, size, columns, bits, 0);
  begin(step);
  compute(step);
  return [...new Uint32Array(own.buffer, out, count)];
}"""
DATA = 1 << 20
"""Where a test's data begins in a module's memory: behind its own."""


def multiplied(
    browser: Browser, module: Path, bits: Literal[8, 4], rows: int, columns: int, tokens: int
) -> tuple[list[int], float]:
    """The bits of a product of random weights, and its greatest error relative to its size."""
    rng = np.random.default_rng(rows)
    weights = quantize(rng.standard_normal((rows, columns)).astype(np.float32), bits)
    weights.values[1:4] = np.array([[-128], [127], [-1]], np.int8).astype(weights.values.dtype)
    inputs = rng.standard_normal((tokens, columns)).astype(np.float32)
    inputs[0] = rng.choice([-1, 1], columns)
    packed = LAYOUTS[GROUPS if bits == 4 else PANELS].pack(weights)
    scratch, out = np.zeros((tokens, 4 * columns), np.int32), np.zeros((tokens, rows), np.float32)
    step = np.zeros(abi.LIMITS["step_words"], np.int32)
    arrays = {
        "weights": packed.values,
        "scales": packed.scales,
        "inputs": inputs,
        "scratch": scratch,
        "out": out,
        "step": step,
    }
    at, addresses = DATA, dict[str, int]()
    for name, array in arrays.items():
        addresses[name] = at
        at += -(-array.nbytes // 64) * 64
    fields = {**addresses, "tokens": tokens, "columns": columns, "rows": rows, "form": bits}
    fields |= {"end_row": rows, "joined": 1, "operation": abi.NUMBERS["product"]}
    for name, index in abi.FIELDS["product"].items():
        step[index] = fields.get(name, 0)
    memory = b"".join(array.tobytes().ljust(-(-array.nbytes // 64) * 64, b"\0") for array in arrays.values())
    page = browser.new_page()
    texts = [base64.b64encode(part).decode() for part in (module.read_bytes(), memory)]
    wanted = (
        addresses["weights"],
        packed.values.nbytes,
        columns,
        bits,
        addresses["step"],
        addresses["out"],
        out.size,
    )
    found = page.evaluate(MULTIPLY % DATA, [*texts, *wanted])
    page.close()
    values = np.array(found, np.uint32).view(np.float32).reshape(out.shape)
    exact = inputs.astype(np.float64) @ weights.dequantize().T
    return found, float(np.abs(values - exact).max() / np.abs(exact).max())


@pytest.mark.rest
def test_every_way_of_multiplying_bytes_gives_the_same_bits(browser: Browser, tmp_path: Path) -> None:
    """Sums of two products and of four run everywhere; what a page chooses may multiply whole bytes."""
    modules = []
    for name, flags in (("chosen", []), ("pairs", ["-DQUADS=0"]), ("quads", ["-DQUADS=1"])):
        modules.append(tmp_path / f"{name}.wasm")
        exports = ("turned", "turn", "product_begin", "product_rows")
        kernel.build([*kernel.BUILDS["relaxed"], *flags], [], exports, modules[-1])
    assert len({module.read_bytes() for module in modules}) == 3
    shapes = ((80, 128, 1), (40, 64, 1), (40, 192, 3), (16, 64, 4), (80, 320, 9), (40, 1032, 5))
    for rows, columns, tokens in shapes:
        for bits, most in ((8, 1e-4), (4, 0.02)):  # as inputs are in 15 bits, or in 8
            if bits == 8 or columns % 64 == 0:
                products = (multiplied(browser, module, bits, rows, columns, tokens) for module in modules)
                chosen, *others = products
                assert all(other == chosen for other in others)
                assert chosen[1] < most
