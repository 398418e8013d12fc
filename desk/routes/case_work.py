"""Addresses of the work on cases: many at once, kept filters, files, merges, who answers for it; see desk/urls.py."""

from django.urls import URLPattern, path

from desk.views import case_bulk, case_files, case_list, case_merges, cases

urlpatterns: list[URLPattern] = [
    path("kasus/", case_list.cases, name="cases"),
    path("kasus/saringan/", case_list.keep, name="case_filter_keep"),
    path("kasus/saringan/<int:filter_id>/hapus/", case_list.forget, name="case_filter_forget"),
    path("kasus/massal/", case_bulk.act, name="case_bulk"),
    path("kasus/massal/hasil/", case_bulk.result, name="case_bulk_result"),
    path("kasus/massal/<int:event_id>/batalkan/", case_bulk.undo, name="case_bulk_undo"),
    path("kasus/<str:number>/buka-kembali/", cases.reopen, name="case_reopen"),
    path("kasus/<str:number>/penanggung-jawab/", cases.assignee, name="case_assignee"),
    path("kasus/<str:number>/ikuti/", cases.follow, name="case_follow"),
    path("kasus/<str:number>/tahan/", cases.hold, name="case_hold"),
    path("kasus/<str:number>/gabung/", case_merges.merge, name="case_merge"),
    path("kasus/<str:number>/gabung/<int:merge_id>/batalkan/", case_merges.undo, name="case_merge_undo"),
    path("kasus/<str:number>/keluarkan/", case_merges.take_out, name="case_take_out"),
    path("kasus/<str:number>/berkas/", case_files.attach, name="case_attach"),
    path("kasus/<str:number>/berkas/<int:attachment_id>/", case_files.file, name="case_file"),
    path(
        "kasus/<str:number>/berkas/<int:attachment_id>/keterangan/",
        case_files.describe,
        name="case_file_describe",
    ),
    path("kasus/<str:number>/berkas/<int:attachment_id>/hapus/", case_files.remove, name="case_file_remove"),
]
