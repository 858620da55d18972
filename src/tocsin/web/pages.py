"""How a view answers with a page: one typed context, no thinking in the template."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme


def show(request: HttpRequest, template: str, page: object, *, status: int = 200) -> HttpResponse:
    """The page made from its context, which the template knows as `page`."""
    return render(request, template, {"page": page}, status=status)


def back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """After a form: to the page of ours it names in `next`, else to `otherwise`."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return HttpResponseRedirect(wanted if safe else otherwise, status=303)
