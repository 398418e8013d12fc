"""Why a text was judged as it was: every sign that weighed, as lines for a person."""

from city.places import find_one
from classifiers.core.authority import authority, name_of
from classifiers.core.fast import NO_TOPIC
from classifiers.core.judge import Thresholds, judge
from classifiers.core.kinds import INDONESIAN, TOPICS, Kind
from classifiers.core.model import Model
from classifiers.core.urgency import LABELS, urgency

_KINDS = list(Kind)


def explain(text: str, model: Model | None, thresholds: Thresholds, via: str = "mention") -> list[str]:
    """Indonesian lines. Without a model, or without words, only what the rules say."""
    (verdict,) = judge([text], model, thresholds, [via])
    lines = []
    if verdict.kind is None or model is None:
        lines.append("Jenis: tidak dinilai (tidak ada model atau tidak ada kata); masuk tinjauan.")
    else:
        lines += _kinds(text, model, via, verdict.decision.value, thresholds)
    return [*lines, *_rules(text, verdict.topic)]


def _kinds(text: str, model: Model, via: str, decision: str, thresholds: Thresholds) -> list[str]:
    both = model.opinion([text], [via])
    quick = model.fast.opinion([text])
    kind = int(both.kinds[0].argmax())
    lines = [
        f"Jenis: {INDONESIAN[_KINDS[kind]]} ({both.kinds[0, kind]:.2f}); keputusan: {decision}; model {model.version}"
    ]
    lines.append("Peluang: " + _chances(both.kinds[0].tolist()))
    lines.append("Penilai cepat: " + _chances(quick.kinds[0].tolist()))
    if model.deep is not None and model.stack is not None:
        lines.append("Penilai dalam: " + _chances(model.deep.opinion([text]).kinds[0].tolist()))
    if quick.weighed is not None:
        brought = quick.weighed.brought[:, : len(_KINDS)]
        lead = brought[:, kind] - brought.mean(axis=1)
        order = sorted(range(len(lead)), key=lambda at: -abs(lead[at]))[:8]
        words = [f"{quick.weighed.tokens[at]} {lead[at]:+.2f}" for at in order]
        lines.append(
            f"Kata yang menimbang untuk (+) atau melawan (-) {INDONESIAN[_KINDS[kind]]}: " + ", ".join(words)
        )
    cut = model.cut(via, thresholds.recall)
    if cut:
        lines.append(
            f"Ambang: pengaduan mulai {cut.threshold:.3f} dilihat orang, agar {cut.recall:.1%} pengaduan terbaca; "
            f"beban yang diperkirakan {cut.load:.0%}; diteruskan langsung mulai {thresholds.forward:.2f}"
        )
    best = (-both.topics[0]).argsort()[:3].tolist()
    lines.append("Topik: " + ", ".join(f"{TOPICS[at]} {both.topics[0, at]:.2f}" for at in best))
    return lines


def _chances(row: list[float]) -> str:
    return ", ".join(f"{INDONESIAN[kind]} {chance:.2f}" for kind, chance in zip(_KINDS, row, strict=True))


def _rules(text: str, topic: str | None) -> list[str]:
    place, (alarm,) = find_one(text), urgency([text])
    (owner,) = authority([text], [topic or NO_TOPIC], [place])
    lines = [
        f"Kegentingan: {LABELS[alarm.level]}" + (f"; {alarm.why} (“{alarm.words}”)" if alarm.rule else "")
    ]
    lines += [
        f"Tempat: {one.name} ({one.kind}, {one.kecamatan or 'kecamatan tidak diketahui'}) {one.confidence:.2f}; "
        f"{one.why}"
        for one in place.candidates
    ] or ["Tempat: tidak diketahui"]
    if place.elsewhere:
        lines.append(f"Di luar kota: {place.elsewhere}")
    if place.address:
        lines.append(f"Alamat seperti tertulis: {place.address}")
    source = f"; sumber: {owner.source}" if owner.source else ""
    lines.append(f"Berwenang: {name_of(owner.key)} ({owner.confidence:.2f}); {owner.why}{source}")
    return lines
