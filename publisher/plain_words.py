"""Office words and the everyday word that says the same, for announcements that everybody reads.

Our own list, from letters and notices as offices write them; one word or phrase each, in lower case. The basis of the
duty: information is given "in language that is easily understood" (UU 14/2008 art. 10).
"""

import re

PLAINER = {
    "adapun": "(hapus)",
    "agar supaya": "agar",
    "akan tetapi": "tetapi",
    "antara lain seperti": "seperti",
    "apabila": "jika",
    "atas perhatiannya diucapkan terima kasih": "terima kasih",
    "bahwasanya": "bahwa",
    "berdasarkan hal tersebut": "karena itu",
    "berkenaan dengan": "tentang",
    "bersama ini": "(hapus)",
    "bilamana": "jika",
    "dalam rangka": "untuk",
    "dalam hal": "jika",
    "demikian disampaikan": "(hapus)",
    "dengan hormat": "(hapus)",
    "diharapkan kehadirannya": "silakan datang",
    "dikarenakan": "karena",
    "dimohon kiranya": "mohon",
    "diimbau": "mohon",
    "dihimbau": "mohon",
    "dimaksud": "itu",
    "dipandang perlu": "perlu",
    "disposisi": "penugasan",
    "guna": "untuk",
    "hal ini dikarenakan": "karena",
    "implementasi": "pelaksanaan",
    "kiranya": "(hapus)",
    "koordinasi lintas sektor": "kerja bersama",
    "melaksanakan kegiatan": "mengadakan",
    "mengakomodir": "menampung",
    "menindaklanjuti": "meneruskan",
    "mengingat bahwa": "karena",
    "optimalisasi": "perbaikan",
    "oleh karena itu": "jadi",
    "pasca": "setelah",
    "per tanggal": "mulai",
    "perihal": "tentang",
    "rekan-rekan sekalian": "Anda",
    "saudara/i": "Anda",
    "sarana dan prasarana": "fasilitas",
    "sebagaimana dimaksud": "seperti disebut",
    "sehubungan dengan": "karena",
    "selambat-lambatnya": "paling lambat",
    "sesegera mungkin": "segera",
    "senantiasa": "selalu",
    "sosialisasi": "penjelasan",
    "stakeholder": "pihak terkait",
    "terhitung mulai tanggal": "mulai",
    "tersebut di atas": "itu",
    "tersebut diatas": "itu",
    "tidak tertutup kemungkinan": "mungkin",
    "tupoksi": "tugas",
    "untuk itu": "karena itu",
    "yang bersangkutan": "orang itu",
}

#: Words that hashtags of the city are made of, by which "#infobekasi" is seen to be two words.
TAG_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
acara agenda air aman ayo banjir bayar bekasi bencana bersih cek cuaca daerah dan darurat dinas ekonomi fakta
festival gratis hari info informasi jaga jalan jumat kabar kecamatan keluarga kelurahan kerja kesehatan kita
kota kuliner layanan lingkungan listrik lowongan masjid merdeka musik operasi padam pajak pasar patriot pawai
peduli pelayanan pemerintah pemkot pengumuman perempuan pers posko publik puskesmas ramadan raya relawan
sampah sayang sehat sekolah siaga siaran smart sosial sumpah taman tanggap transportasi vaksin vaksinasi wali
warga wisata yuk
""",
    )
)
