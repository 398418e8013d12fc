"""Signing in and out, and the page for someone who tried too often."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from desk.frame import theme_of


class SignInForm(AuthenticationForm):
    """Name and password, with sentences that help without telling which of the two was wrong."""

    error_messages = {
        "invalid_login": _(
            "Nama pengguna atau sandi tidak cocok. Periksa huruf besar dan kecilnya, lalu coba lagi."
        ),
        "inactive": _("Akun ini tidak aktif. Hubungi administrator."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].error_messages["required"] = _("Tulis nama pengguna Anda.")
        self.fields["password"].error_messages["required"] = _("Tulis sandi Anda.")


class SignIn(LoginView):
    template_name = "desk/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        theme = theme_of(self.request.COOKIES.get("theme", ""))
        return {**super().get_context_data(**kwargs), "theme": theme}


class SignOut(LogoutView):
    next_page = "sign_in"


def locked_out(request: HttpRequest, *args: object) -> HttpResponse:
    """What axes shows after too many failed attempts."""
    return render(request, "desk/locked_out.html", status=429)
