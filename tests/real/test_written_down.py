"""What the pages tell people to write into the files of other programs, read by these programs themselves."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from fakes import certificates
from needs import lacks
from real.installation import Installation
from real.programs import Program, free_port
from real.visitor import Visitor

pytestmark = pytest.mark.xdist_group("real")
DOCS = Path(__file__).parents[2] / "docs"
HOWTO = DOCS / "howto"
_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LIVE_S = 2.0


def blocks(language: str) -> list[tuple[str, str]]:
    """Every block of this language, with the page it stands on."""
    return [
        (page.stem, text)
        for page in sorted(DOCS.rglob("*.md"))
        for found, text in _BLOCK.findall(page.read_text())
        if found == language
    ]


def documents(*keys: str) -> Iterator[tuple[str, str]]:
    """The YAML blocks that have one of these keys at the top."""
    for page, text in blocks("yaml"):
        held = yaml.safe_load(text)
        if isinstance(held, dict) and set(held) & set(keys):
            yield page, text


def installed(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        lacks(f"{name} is not installed, so the pages' configuration for it was not tried")
    return path


def run(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_alertmanager_takes_what_the_pages_say(amtool_binary: str, tmp_path: Path) -> None:
    """Each configuration of an Alertmanager on a page is one it accepts."""
    found = [(page, text) for page, text in documents("receivers") if "route" in text]
    assert {page for page, _ in found} >= {"alertmanager", "heartbeats"}
    for page, text in found:
        written = tmp_path / f"{page}.yml"
        written.write_text(text)
        run(amtool_binary, "check-config", str(written))


def test_prometheus_takes_what_the_pages_say(tmp_path: Path) -> None:
    """Each configuration and each set of rules for Prometheus on a page is one it accepts."""
    promtool = installed("promtool")
    theirs = ("scrape_configs:", "alertmanagers:")  # others have an `alerting` as well
    configurations = [one for one in documents("scrape_configs", "alerting") if any(word in one[1] for word in theirs)]
    rules = [(page, text) for page, text in documents("groups") if "expr:" in text]
    assert {page for page, _ in configurations} >= {"prometheus", "watch-tocsin-itself"}
    assert {page for page, _ in rules} >= {"prometheus", "watch-tocsin-itself"}
    for what, found in (("config", configurations), ("rules", rules)):
        for page, text in found:
            written = tmp_path / f"{page}-{what}.yml"
            written.write_text(text)
            run(promtool, "check", what, str(written))


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """The unit of the page is one without a word systemd does not know."""
    analyze = installed("systemd-analyze")
    ((_, text),) = blocks("ini")
    written = tmp_path / "tocsin.service"
    written.write_text(text.replace("/opt/tocsin/bin/tocsin serve", "/bin/true"))
    said = run(analyze, "verify", "--man=no", str(written))
    assert "Unknown" not in said


def test_pages_stay_fresh_through_nginx(tocsin: Installation, tmp_path: Path) -> None:
    """With the page's nginx in front somebody signs in over TLS, and the stream of changes is not held back."""
    nginx = installed("nginx")
    (text,) = (text for page, text in blocks("nginx") if page == "reverse-proxy-and-tls")
    port, tls = free_port(), certificates.make()
    text = text.partition("\n\nserver {")[0]  # without the one that leads from port 80 here
    for written, real in (
        ("443", str(port)),
        ("server_name tocsin.example.org", "server_name localhost"),
        ("/etc/letsencrypt/live/tocsin.example.org/fullchain.pem", str(tls.server_file)),
        ("/etc/letsencrypt/live/tocsin.example.org/privkey.pem", str(tls.server_file)),
        ("127.0.0.1:8080", f"127.0.0.1:{tocsin.port}"),
    ):
        assert written in text
        text = text.replace(written, real)
    temporary = "".join(f"{one}_temp_path {tmp_path}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
    file = tmp_path / "nginx.conf"
    file.write_text(f"daemon off; error_log stderr; pid {tmp_path}/pid; events {{}}\nhttp {{ access_log off; {temporary}\n{text}\n}}")  # fmt: skip
    run(nginx, "-t", "-p", str(tmp_path), "-c", str(file))
    with Program([nginx, "-p", str(tmp_path), "-c", str(file)], tmp_path / "nginx.log") as program:
        _is_live(tocsin, program, f"https://localhost:{port}")


def test_both_balancers_are_understood(tmp_path: Path) -> None:
    """Every other configuration of nginx on a page passes its own check."""
    nginx = installed("nginx")
    tls = certificates.make()
    found = blocks("nginx")
    assert {page for page, _ in found} >= {"reverse-proxy-and-tls", "two-nodes"}
    for page, text in found:
        ours = re.sub(r"/etc/letsencrypt/\S+\.pem", str(tls.server_file), text)
        file = tmp_path / f"{page}.conf"
        file.write_text(f"error_log stderr; pid {tmp_path}/pid; events {{}}\nhttp {{ access_log off;\n{ours}\n}}")
        run(nginx, "-t", "-p", str(tmp_path), "-c", str(file))


def test_pages_stay_fresh_through_caddy(tocsin: Installation, tmp_path: Path) -> None:
    """The same with the page's Caddy."""
    caddy = installed("caddy")
    ((_, text),) = blocks("caddyfile")
    port, tls = free_port(), certificates.make()
    text = text.replace("tocsin.example.org {", f"https://localhost:{port} {{\n    tls {tls.server_file} {tls.server_file}")  # fmt: skip
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{tocsin.port}")
    file = tmp_path / "Caddyfile"
    file.write_text("{\n    admin off\n    auto_https disable_redirects\n}\n" + text)
    run(caddy, "validate", "--adapter", "caddyfile", "--config", str(file))
    with Program([caddy, "run", "--adapter", "caddyfile", "--config", str(file)], tmp_path / "caddy.log") as program:
        _is_live(tocsin, program, f"https://localhost:{port}")


def _is_live(tocsin: Installation, program: Program, url: str) -> None:
    visitor = Visitor(url, certificates.make().ca_file)
    program.wait_for(lambda: visitor.get("/-/ready")[0] == 200, 20.0)
    visitor.sign_in(tocsin.admin, tocsin.password)
    assert visitor.get("/metrics")[0] == 403
    with visitor.stream("/live?about=group:") as lines:
        assert lines.until("event: hello", LIVE_S)
