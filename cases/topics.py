"""What the topics of classifiers.core are called, on the desk and on the public pages."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

TOPICS: dict[str, Promise] = {
    "jalan_trotoar": gettext_lazy("jalan dan trotoar"),
    "banjir_drainase": gettext_lazy("banjir dan drainase"),
    "sampah": gettext_lazy("sampah"),
    "lampu_jalan_pju": gettext_lazy("lampu jalan"),
    "lalu_lintas_parkir": gettext_lazy("lalu lintas dan parkir"),
    "adminduk": gettext_lazy("administrasi kependudukan"),
    "kesehatan": gettext_lazy("kesehatan"),
    "pendidikan": gettext_lazy("pendidikan"),
    "air_pdam": gettext_lazy("air bersih"),
    "listrik": gettext_lazy("listrik"),
    "ketertiban_keamanan": gettext_lazy("ketertiban dan keamanan"),
    "transportasi_umum": gettext_lazy("transportasi umum"),
    "sosial_bansos": gettext_lazy("bantuan sosial"),
    "pohon_taman": gettext_lazy("pohon dan taman"),
    "perizinan": gettext_lazy("perizinan"),
    "telekomunikasi": gettext_lazy("telekomunikasi"),
    "layanan_aplikasi": gettext_lazy("aplikasi layanan"),
    "lain": gettext_lazy("lain-lain"),
}
