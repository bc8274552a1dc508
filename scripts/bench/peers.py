"""The same random models in the peers' formats: an ONNX step graph of RWKV-4, a GGUF of RWKV-7."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import onnx
from gguf import GGMLQuantizationType, quants
from onnx import TensorProto, helper
from scripts.bench.graph import Graph
from scripts.bench.weights import Floats, Shape, is_matrix, tensors


class Step:
    """RWKV-4's step for one token, as a graph: state in, state out."""

    def __init__(self, shape: Shape, *, quantize: bool) -> None:
        self.shape, self.graph, self.quantize = shape, Graph(), quantize
        self.weights = dict(tensors(shape))

    def vector(self, name: str) -> str:
        return self.graph.constant(self.weights[name].reshape(-1))

    def norm(self, x: str, name: str) -> str:
        scale, bias = self.vector(f"{name}.weight"), self.vector(f"{name}.bias")
        result: str = self.graph.op("LayerNormalization", x, scale, bias, epsilon=1e-5)
        return result

    def product(self, name: str, x: str) -> str:
        weights = self.weights[f"{name}.weight"].T
        if not self.quantize:
            return str(self.graph.op("MatMul", x, self.graph.constant(np.ascontiguousarray(weights))))
        # As onnxruntime's dynamic quantization does for a MatMul: uint8 with one scale per matrix.
        low, high = float(weights.min()), float(weights.max())
        scale = (high - low) / 255
        zero = np.uint8(round(-low / scale))
        stored = np.clip(np.rint(weights / scale) + zero, 0, 255).astype(np.uint8)
        graph = self.graph
        q, x_scale, x_zero = graph.op("DynamicQuantizeLinear", x, outputs=3)
        y = graph.op("MatMulInteger", q, graph.constant(stored), x_zero, graph.constant(zero))
        factor = graph.op("Mul", x_scale, graph.constant(np.float32(scale)))
        return str(graph.op("Mul", graph.op("Cast", y, to=TensorProto.FLOAT), factor))

    def mix(self, x: str, previous: str, name: str) -> str:
        graph, share = self.graph, self.weights[name].reshape(-1)
        kept = graph.op("Mul", x, graph.constant(share))
        return str(graph.op("Add", kept, graph.op("Mul", previous, graph.constant(1 - share))))

    def layer(self, x: str, layer: int, state: list[str]) -> tuple[str, list[str]]:
        op, constant = self.graph.op, self.graph.constant
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        att_x, ffn_x, a, b, e = state
        now = self.norm(x, f"blocks.{layer}.ln1")
        k, v, r = (self.mix(now, att_x, f"{at}time_mix_{name}") for name in "kvr")
        r = op("Sigmoid", self.product(at + "receptance", r))
        k, v = self.product(at + "key", k), self.product(at + "value", v)
        decay, bonus = constant(-np.exp(self.weights[at + "time_decay"])), self.vector(at + "time_first")

        def blend(exponent: str, key: str) -> tuple[str, str, str]:
            top = op("Max", exponent, key)
            past, fresh = (op("Exp", op("Sub", z, top)) for z in (exponent, key))
            above = op("Add", op("Mul", past, a), op("Mul", fresh, v))
            return above, op("Add", op("Mul", past, b), fresh), top

        above, below, _ = blend(e, op("Add", bonus, k))
        new_a, new_b, new_e = blend(op("Add", e, decay), k)
        y = self.product(at + "output", op("Mul", r, op("Div", above, below)))
        x = op("Add", x, y)
        after = self.norm(x, f"blocks.{layer}.ln2")
        k, r = (self.mix(after, ffn_x, f"{ff}time_mix_{name}") for name in "kr")
        r = op("Sigmoid", self.product(ff + "receptance", r))
        k = op("Relu", self.product(ff + "key", k))
        x = op("Add", x, op("Mul", r, self.product(ff + "value", op("Mul", k, k))))
        return x, [now, after, new_a, new_b, new_e]

    def model(self) -> Any:
        op, constant, shape = self.graph.op, self.graph.constant, self.shape
        rows = op("Split", "state", outputs=5 * shape.layers, axis=0, num_outputs=5 * shape.layers)
        x = self.norm(op("Gather", constant(self.weights["emb.weight"]), "token"), "blocks.0.ln0")
        after: list[str] = []
        for layer in range(shape.layers):
            x, state = self.layer(x, layer, rows[5 * layer : 5 * layer + 5])
            after += state
        logits = self.product("head", self.norm(x, "ln_out"))
        self.graph.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
        self.graph.nodes.append(helper.make_node("Concat", after, ["new_state"], axis=0))
        size = [5 * shape.layers, shape.width]
        graph = helper.make_graph(
            self.graph.nodes,
            "step",
            [
                helper.make_tensor_value_info("token", TensorProto.INT64, [1]),
                helper.make_tensor_value_info("state", TensorProto.FLOAT, size),
            ],
            [
                helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, shape.vocab]),
                helper.make_tensor_value_info("new_state", TensorProto.FLOAT, size),
            ],
            self.graph.initializers,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def write_onnx(shape: Shape, path: Path, *, quantize: bool) -> None:
    onnx.save(Step(shape, quantize=quantize).model(), path)


RENAMED = {
    "emb.weight": "token_embd.weight",
    "blocks.0.ln0.weight": "token_embd_norm.weight",
    "blocks.0.ln0.bias": "token_embd_norm.bias",
    "ln_out.weight": "output_norm.weight",
    "ln_out.bias": "output_norm.bias",
    "head.weight": "output.weight",
}
PARTS = (
    ("ln1", "attn_norm"),
    ("ln2", "attn_norm_2"),
    ("att.ln_x", "time_mix_ln"),
    ("att.", "time_mix_"),
    ("ffn.x_k", "channel_mix_lerp_k.weight"),
    ("ffn.", "channel_mix_"),
)


def _gguf_name(name: str) -> str:
    if name in RENAMED:
        return RENAMED[name]
    _, layer, rest = name.split(".", 2)
    for ours, theirs in PARTS:
        if rest.startswith(ours):
            rest = theirs + rest[len(ours) :]
            break
    return f"blk.{layer}.{rest}" + ("" if rest.endswith((".weight", ".bias")) else ".weight")


def _gguf_tensors(shape: Shape) -> dict[str, Floats]:
    weights, found = dict(tensors(shape)), {}
    for number in "012":  # llama.cpp's converter writes copies where layer 0 does not use its own
        weights[f"blocks.0.att.v{number}"] = weights[f"blocks.0.att.a{number}"]
    for layer in range(shape.layers):
        at = f"blocks.{layer}.att."
        fused = np.stack([weights.pop(f"{at}x_{name}").reshape(1, 1, -1) for name in "rwkvag"])
        found[f"blk.{layer}.time_mix_lerp_fused.weight"] = fused
    for name, array in weights.items():
        if re.search(r"\.[wavg][12]$", name):
            array = np.ascontiguousarray(array.T)
        small = not is_matrix(name) and not re.search(r"\.[wavg][12]$", name)
        found[_gguf_name(name)] = array.reshape(-1) if small else array
    return found


def write_gguf(shape: Shape, path: Path, kind: str) -> None:
    writer = gguf.GGUFWriter(path, "rwkv7")
    writer.add_context_length(1 << 20)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_layer_norm_eps(1e-5)
    writer.add_wkv_head_size(64)
    writer.add_head_count(0)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_decay_lora_rank(shape.ranks["w"])
    writer.add_iclr_lora_rank(shape.ranks["a"])
    writer.add_value_residual_mix_lora_rank(shape.ranks["v"])
    writer.add_gate_lora_rank(shape.ranks["g"])
    writer.add_tokenizer_model("rwkv")
    printable = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = ["<s>", *printable, *(f"{{{i}}}" for i in range(shape.vocab - 1 - len(printable)))]
    writer.add_token_list(words)
    writer.add_token_types([3, *[1] * (shape.vocab - 1)])
    for name, array in _gguf_tensors(shape).items():
        quantized = array.ndim == 2 and not re.search(r"time_mix_[wavg][12]", name)
        number = GGMLQuantizationType[kind if quantized else "F32"]
        data = quants.quantize(np.ascontiguousarray(array), number)
        writer.add_tensor(name, data, raw_dtype=number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
