"""Write MiniLM for the peers of search.py: an ONNX graph, quantized as onnxruntime does it.

    python scripts/bench/search_export.py build/bench/search/models/minilm

Needs onnx and onnxruntime, so it runs in an environment of its own; the head of search.py has the commands.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

import numpy as np  # noqa: E402
from onnx import TensorProto, helper, save  # noqa: E402
from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: E402
from scripts.bench.graph import Graph  # noqa: E402
from scripts.search.original import HEADS, VOCABULARY, OriginalTensors  # noqa: E402

OPSET = 20
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
SIZES: list[int | str] = ["batch", "tokens"]
CONFIG = {
    "model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": HEADS,
    "intermediate_size": 1536, "vocab_size": 30522, "max_position_embeddings": 512, "hidden_act": "gelu",
}  # fmt: skip
TOKENIZER = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 256}


class Encoder:
    """The graph: ids and mask [batch, tokens] to the last hidden state [batch, tokens, 384]."""

    def __init__(self) -> None:
        self.graph, self.weights = Graph(), OriginalTensors()
        self.op, self.constant = self.graph.op, self.graph.constant

    def vector(self, name: str) -> str:
        return self.constant(self.weights.read(name))

    def norm(self, x: str, name: str) -> str:
        scale, bias = self.vector(f"{name}.weight"), self.vector(f"{name}.bias")
        return str(self.op("LayerNormalization", x, scale, bias, epsilon=1e-12))

    def linear(self, x: str, name: str) -> str:
        weights = np.ascontiguousarray(self.weights.read(f"{name}.weight").T)
        return str(self.op("Add", self.op("MatMul", x, self.constant(weights)), self.vector(f"{name}.bias")))

    def attention(self, x: str, mask: str, at: str) -> str:
        op, sizes = self.op, self.constant(np.array([0, 0, HEADS, 32]))
        q, k, v = (
            op("Transpose", op("Reshape", self.linear(x, f"{at}self.{name}"), sizes), perm=perm)
            for name, perm in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
        )
        scores = op("Div", op("MatMul", q, k), self.constant(np.float32(32**0.5)))
        shares = op("Softmax", op("Add", scores, mask), axis=-1)
        mixed = op("Transpose", op("MatMul", shares, v), perm=[0, 2, 1, 3])
        merged = op("Reshape", mixed, self.constant(np.array([0, 0, 384])))
        return self.norm(op("Add", self.linear(merged, f"{at}output.dense"), x), f"{at}output.LayerNorm")

    def layer(self, x: str, mask: str, layer: int) -> str:
        at = f"encoder.layer.{layer}."
        x = self.attention(x, mask, f"{at}attention.")
        inner = self.op("Gelu", self.linear(x, f"{at}intermediate.dense"))
        return self.norm(self.op("Add", self.linear(inner, f"{at}output.dense"), x), f"{at}output.LayerNorm")

    def model(self) -> Any:
        op, constant = self.op, self.constant
        count = op("Gather", op("Shape", "input_ids"), constant(np.array([1])))
        axes = constant(np.array([0]))
        places = op("Slice", self.vector("embeddings.position_embeddings.weight"), axes, count, axes)
        x = op("Gather", self.vector("embeddings.word_embeddings.weight"), "input_ids")
        types = op("Gather", self.vector("embeddings.token_type_embeddings.weight"), "token_type_ids")
        x = self.norm(op("Add", op("Add", x, places), types), "embeddings.LayerNorm")
        absent = op("Sub", constant(np.float32(1)), op("Cast", "attention_mask", to=TensorProto.FLOAT))
        lowered = op("Mul", absent, constant(np.float32(-1e9)))
        mask = op("Unsqueeze", lowered, constant(np.array([1, 2])))
        for layer in range(CONFIG["num_hidden_layers"]):  # type: ignore[call-overload]
            x = self.layer(x, mask, layer)
        self.graph.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, SIZES) for name in INPUTS]
        output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*SIZES, 384])
        graph = helper.make_graph(self.graph.nodes, "minilm", inputs, [output], self.graph.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def main() -> None:
    """Write the folder as transformers.js expects it."""
    folder = Path(sys.argv[1])
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    whole, quantized = folder / "onnx" / "model.onnx", folder / "onnx" / "model_quantized.onnx"
    save(Encoder().model(), whole)
    quantize_dynamic(whole, quantized, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    whole.unlink()
    shutil.copyfile(VOCABULARY, folder / "vocab.txt")
    for name, content in {"config.json": CONFIG, "tokenizer_config.json": TOKENIZER}.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
