"""Who we are on a WordPress site and what we may do there: asked before the first write, said in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import slugify

from channels.contract import ChannelError, Failure
from channels.plain import plain
from channels.reading import identifier, listing, mapping
from channels.website_rest import Rest


@dataclass(frozen=True, slots=True)
class Member:
    """Our user on the site."""

    login: str
    number: str = ""  #: "" where the site tells nobody who is signed in
    roles: str = ""
    #: What the user may do, in WordPress's words; None where the site does not tell.
    may: frozenset[str] | None = None

    def can(self, what: str) -> bool:
        return self.may is None or what in self.may


def signed_in(rest: Rest, login: str, *, picture: bool) -> Member:
    """Our user, able to publish (and to upload, with ``picture``). Raises ChannelError saying what is wrong."""
    if rest.session.auth is None:
        raise ChannelError("Akun ini belum mempunyai kata sandi aplikasi WordPress.", Failure.CREDENTIALS)
    try:
        me = mapping(rest.read("/wp/v2/users/me", context="edit"))
    except ChannelError as error:
        if error.code in ("rest_no_route", "404"):
            return Member(login)  # a plugin hides all users; what we may do shows when we do it
        raise _refused(rest, login, error) from error
    may = frozenset(name for name, yes in mapping(me.get("capabilities")).items() if yes)
    roles = ", ".join(str(role) for role in listing(me.get("roles")))
    member = Member(login, identifier(me.get("id")), roles, may if "capabilities" in me else None)
    for what, said in (("publish_posts", "menerbitkan artikel"), ("upload_files", "mengunggah gambar")):
        if not member.can(what) and (picture or what != "upload_files"):
            raise ChannelError(
                f"Pengguna {login} di situs ini tidak boleh {said} (perannya {roles or 'tidak disebut'}). "
                "Minta pengelola situs memberinya peran Penulis (Author).",
                Failure.CREDENTIALS,
                code="role",
            )
    return member


def _refused(rest: Rest, login: str, error: ChannelError) -> ChannelError:
    """The sentence for a sign-in that failed."""
    if error.failure != Failure.CREDENTIALS:
        return error
    if not offers_passwords(rest):
        return ChannelError(NO_PASSWORDS, Failure.CREDENTIALS, code=error.code)
    return ChannelError(
        f"Situs menolak masuk: nama pengguna {login} atau kata sandi aplikasinya salah. Buat kata sandi aplikasi "
        "baru di WordPress (Pengguna > Profil), lalu simpan di akun ini.",
        Failure.CREDENTIALS,
        code=error.code,
    )


NO_PASSWORDS = "Situs ini tidak menerima kata sandi aplikasi (perlu https)."


def offers_passwords(rest: Rest) -> bool:
    """Whether the site takes application passwords at all, by its index; True when the index cannot be read.

    Without WP_ENVIRONMENT_TYPE=local or https, WordPress offers none and answers a right password with 401, as it
    does a wrong one (seen with 6.8.12).
    """
    try:
        index = mapping(rest.read("/"))
    except ChannelError:
        return True
    return "application-passwords" in mapping(index.get("authentication"))


def categories(rest: Rest, member: Member, names: Sequence[str], fallback: str) -> list[int]:
    """The numbers of the categories of these names; one that is missing is made, where the role may.

    Where it may not, ``fallback`` (the account setting `category`, "" for none) takes its place. Raises
    ChannelError (refused) saying who has to make which category.
    """
    found = [_category(rest, member, name, fallback) for name in dict.fromkeys(names)]
    return list(dict.fromkeys(found))


def _category(rest: Rest, member: Member, name: str, fallback: str) -> int:
    if (number := _known(rest, name)) is not None:
        return number
    # With WordPress's own roles an Author may use categories and only an Editor may make them.
    if member.can("manage_categories"):
        return _made(rest, name)
    if fallback and (number := _known(rest, fallback)) is not None:
        return number
    raise ChannelError(
        f"Kategori “{name}” belum ada di situs, dan pengguna {member.login} tidak boleh membuatnya. Minta pengelola "
        "situs membuatnya, atau isi setelan category akun ini dengan kategori yang ada; lalu kirim lagi.",
        Failure.REFUSED,
        code="category",
    )


def _known(rest: Rest, name: str) -> int | None:
    rows = rest.read("/wp/v2/categories", search=name, per_page=100, _fields="id,name")
    for row in map(mapping, listing(rows)):
        if _folded(plain(row.get("name"))) == _folded(name):
            return int(identifier(row.get("id")))
    # WordPress keeps "Banjir & rob" as "Banjir &amp; rob", which its search does not find (seen with 6.8.12), and
    # takes "Banjir!" for "Banjir": the slug is what must be unique.
    if not (slug := slugify(name)):
        return None
    for row in map(mapping, listing(rest.read("/wp/v2/categories", slug=slug, _fields="id"))):
        return int(identifier(row.get("id")))
    return None


def _made(rest: Rest, name: str) -> int:
    try:
        return int(identifier(rest.write("POST", "/wp/v2/categories", json={"name": name})["id"]))
    except ChannelError as error:
        # {"code": "term_exists", "data": {"status": 400, "term_id": 3}}: another worker made it at this moment.
        if error.code != "term_exists" or (number := _known(rest, name)) is None:
            raise
        return number


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
