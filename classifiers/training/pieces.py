"""The cut tokenizer as a SentencePiece model, so that judging needs no more than that small library."""

import base64
import json
from pathlib import Path
from typing import Any

from sentencepiece import sentencepiece_model_pb2

proto: Any = sentencepiece_model_pb2  # generated, without types
_CONTROL = {"<s>", "<pad>", "</s>", "<mask>"}


def write_pieces(tokenizer: Path, out: Path) -> None:
    """Write ``tokenizer`` (a tokenizers file with a Unigram model of XLM-R's kind) as a SentencePiece model.

    Ids stay the same: piece n there is piece n here.
    """
    spec = json.loads(tokenizer.read_text("utf-8"))
    model = proto.ModelProto()
    for piece, score in spec["model"]["vocab"]:
        added = model.pieces.add()
        added.piece, added.score = piece, score
        if piece == "<unk>":
            added.type = proto.ModelProto.SentencePiece.UNKNOWN
        elif piece in _CONTROL:
            added.type = proto.ModelProto.SentencePiece.CONTROL
    known = {piece: number for number, (piece, _) in enumerate(spec["model"]["vocab"])}
    model.trainer_spec.model_type = proto.TrainerSpec.UNIGRAM
    model.trainer_spec.vocab_size = len(known)
    model.trainer_spec.bos_id, model.trainer_spec.pad_id = known["<s>"], known["<pad>"]
    model.trainer_spec.eos_id, model.trainer_spec.unk_id = known["</s>"], known["<unk>"]
    model.normalizer_spec.name = "nmt_nfkc"
    model.normalizer_spec.precompiled_charsmap = base64.b64decode(_charsmap(spec["normalizer"]))
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
    out.write_bytes(model.SerializeToString())


def _charsmap(normalizer: dict[str, object]) -> str:
    """The table of letter forms, wherever the normalizer keeps it."""
    if "precompiled_charsmap" in normalizer:
        return str(normalizer["precompiled_charsmap"])
    inner = normalizer["normalizers"]
    if not isinstance(inner, list):
        raise TypeError("the tokenizer's normalizer is of an unknown form")
    return next(_charsmap(one) for one in inner if "precompiled_charsmap" in one or "normalizers" in one)
