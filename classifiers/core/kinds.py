"""The five kinds and the topics, in both languages."""

from enum import StrEnum


class Kind(StrEnum):
    COMPLAINT = "complaint"
    INFORMATION_REQUEST = "information_request"
    ASPIRATION = "aspiration"
    APPRECIATION = "appreciation"
    OTHER = "other"


INDONESIAN = {
    Kind.COMPLAINT: "pengaduan",
    Kind.INFORMATION_REQUEST: "permintaan_informasi",
    Kind.ASPIRATION: "aspirasi",
    Kind.APPRECIATION: "apresiasi",
    Kind.OTHER: "lainnya",
}

TOPICS = (
    "jalan_trotoar",
    "banjir_drainase",
    "sampah",
    "lampu_jalan_pju",
    "lalu_lintas_parkir",
    "adminduk",
    "kesehatan",
    "pendidikan",
    "air_pdam",
    "listrik",
    "ketertiban_keamanan",
    "transportasi_umum",
    "sosial_bansos",
    "pohon_taman",
    "perizinan",
    "telekomunikasi",
    "layanan_aplikasi",
    "lain",
)


def kind_of(word: str) -> Kind:
    """The kind named by an English or Indonesian word. Raises ValueError with the words that are known."""
    folded = word.strip().lower().replace(" ", "_")
    for kind, indonesian in INDONESIAN.items():
        if folded in (kind.value, indonesian):
            return kind
    known = ", ".join([*Kind, *INDONESIAN.values()])
    raise ValueError(f"jenis '{word}' tidak dikenal; yang dikenal: {known}")
