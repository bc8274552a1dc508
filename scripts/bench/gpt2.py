"""A random GPT-2 in the files that transformers.js reads: an ONNX graph in 8 bits, with a cache of keys and
values, and a tokenizer of ours. Only its size and its form matter here.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from scripts.bench.graph import Graph
from scripts.bench.weights import Draw

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


@dataclass(frozen=True)
class Sizes:
    layers: int = 6
    width: int = 240
    heads: int = 4
    vocab: int = 4096
    positions: int = 256


class Decoder:
    """The graph. Values are [batch, tokens, width], and per head [batch, heads, tokens, width of a head]."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes, self.graph, self.draw = sizes, Graph(), Draw()
        self.present: list[str] = []

    def bytes_of(self, array: Any) -> tuple[str, np.float32, np.uint8]:
        scale = np.float32((array.max() - array.min()) / 255)
        zero = np.uint8(np.rint(-array.min() / scale))
        stored = np.clip(np.rint(array / scale) + zero, 0, 255).astype(np.uint8)
        return self.graph.constant(stored), scale, zero

    def product(self, x: str, columns: int, rows: int) -> str:
        op, constant = self.graph.op, self.graph.constant
        weights, scale, zero = self.bytes_of(np.ascontiguousarray(self.draw.matrix(rows, columns).T))
        q, x_scale, x_zero = op("DynamicQuantizeLinear", x, outputs=3)
        y = op("Cast", op("MatMulInteger", q, weights, x_zero, constant(zero)), to=FLOAT)
        return str(op("Mul", y, op("Mul", x_scale, constant(scale))))

    def norm(self, x: str) -> str:
        width = self.sizes.width
        one, none = self.graph.constant(np.ones(width, "f4")), self.graph.constant(np.zeros(width, "f4"))
        return str(self.graph.op("LayerNormalization", x, one, none, epsilon=1e-5))

    def split(self, x: str) -> str:
        """[batch, tokens, width] -> [batch, heads, tokens, width of a head]."""
        sizes, op = self.sizes, self.graph.op
        shape = self.graph.constant(np.array([0, 0, sizes.heads, sizes.width // sizes.heads]))
        return str(op("Transpose", op("Reshape", x, shape), perm=[0, 2, 1, 3]))

    def attention(self, x: str, layer: int, masked: str) -> str:
        op, constant, width = self.graph.op, self.graph.constant, self.sizes.width
        q, k, v = (self.split(self.product(x, width, width)) for _ in range(3))
        k, v = (
            op("Concat", f"past_key_values.{layer}.{name}", new, axis=2)
            for name, new in (("key", k), ("value", v))
        )
        self.present += [k, v]
        scores = op("MatMul", q, op("Transpose", k, perm=[0, 1, 3, 2]))
        scale = constant(np.float32((width // self.sizes.heads) ** -0.5))
        shares = op("Softmax", op("Add", op("Mul", scores, scale), masked), axis=-1)
        joined = op("Transpose", op("MatMul", shares, v), perm=[0, 2, 1, 3])
        return self.product(op("Reshape", joined, constant(np.array([0, 0, width]))), width, width)

    def mask(self) -> str:
        """What is added to scores, [tokens, past + tokens]: a token sees none after itself."""
        op, constant = self.graph.op, self.graph.constant
        every = op("Shape", "attention_mask", start=1)
        columns = op("Range", constant(np.int64(0)), op("Squeeze", every), constant(np.int64(1)))
        rows = op("Reshape", "position_ids", constant(np.array([-1, 1])))
        return str(
            op("Where", op("Greater", columns, rows), constant(np.float32(-1e9)), constant(np.float32(0)))
        )

    def model(self) -> Any:
        sizes, op, constant = self.sizes, self.graph.op, self.graph.constant
        table, scale, zero = self.bytes_of(self.draw.matrix(sizes.vocab, sizes.width))
        row = op("Sub", op("Cast", op("Gather", table, "input_ids"), to=FLOAT), constant(np.float32(zero)))
        places = constant(self.draw.matrix(sizes.positions, sizes.width))
        x = op("Add", op("Mul", row, constant(scale)), op("Gather", places, "position_ids"))
        masked = self.mask()
        for layer in range(sizes.layers):
            x = op("Add", x, self.attention(self.norm(x), layer, masked))
            wide = op("Gelu", self.product(self.norm(x), sizes.width, 4 * sizes.width), approximate="tanh")
            x = op("Add", x, self.product(wide, 4 * sizes.width, sizes.width))
        logits = self.product(self.norm(x), sizes.width, sizes.vocab)
        names = [f"{layer}.{name}" for layer in range(sizes.layers) for name in ("key", "value")]
        outputs = {logits: "logits"} | {
            at: f"present.{name}" for at, name in zip(self.present, names, strict=True)
        }
        self.graph.nodes += [helper.make_node("Identity", [at], [name]) for at, name in outputs.items()]
        cached = {"past": "p", "present": "all"}
        cache: dict[str, list[str | int | None]] = {
            name: ["b", sizes.heads, at, sizes.width // sizes.heads] for name, at in cached.items()
        }
        value = helper.make_tensor_value_info
        inputs = [value(name, INT64, ["b", "t"]) for name in ("input_ids", "position_ids")]
        inputs += [value("attention_mask", INT64, ["b", "all"])]
        inputs += [value(f"past_key_values.{name}", FLOAT, cache["past"]) for name in names]
        results = [value("logits", FLOAT, ["b", "t", sizes.vocab])]
        results += [value(f"present.{name}", FLOAT, cache["present"]) for name in names]
        graph = helper.make_graph(self.graph.nodes, "decoder", inputs, results, self.graph.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def write_folder(folder: Path, tokenizer: Path, sizes: Sizes = Sizes()) -> None:
    """Write a folder as transformers.js expects one of a hub; `tokenizer` is a tokenizer.json."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save(Decoder(sizes).model(), folder / "onnx" / "model_quantized.onnx")
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    config = {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": sizes.layers,
        "n_embd": sizes.width, "n_head": sizes.heads, "vocab_size": sizes.vocab,
        "n_positions": sizes.positions, "bos_token_id": 0, "eos_token_id": 0,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 0}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
