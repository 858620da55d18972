"""What makes Tocsin an app on a phone: its manifest, its service worker, and the page for when there is no line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from tocsin.kit.installation import installation
from tocsin.web.pages import show

BACKGROUND = "#171512"
ASKED_ABOUT = "no-cache"  # kept, but asked about each time
ICONS = ((192, "any"), (512, "any"), (512, "maskable"))


@require_safe
def worker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The service worker, from the root so that it covers every page. It keeps nothing but the page for no line."""
    response = HttpResponse(_source(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = ASKED_ABOUT
    return response


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """What a phone needs to know to install Tocsin."""
    name = installation().instance
    written = {
        "id": "/",
        "name": name,
        "short_name": name[:12],
        "description": "Who is paged, and what happens next.",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": BACKGROUND,
        "theme_color": BACKGROUND,
        "icons": [
            {
                "src": static(f"tocsin/icon-{'maskable-' if purpose == 'maskable' else ''}{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for size, purpose in ICONS
        ],
        "shortcuts": [
            {"name": "Alerts", "url": "/groups"},
            {"name": "Inbox", "url": "/inbox"},
            {"name": "Me", "url": "/me"},
        ],
    }
    response = JsonResponse(written, content_type="application/manifest+json")
    response["Cache-Control"] = ASKED_ABOUT
    return response


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Shown by the service worker when the server cannot be reached; it holds nothing that could be out of date."""
    return show(request, "paging/offline.html", None)


@cache
def _source() -> bytes:
    found = finders.find("tocsin/worker.js")
    assert isinstance(found, str)
    return Path(found).read_bytes()
