"""How soon somebody sees it: a page of a real Chromium, where it is installed."""

from __future__ import annotations

import asyncio
import shutil
import time

from playwright.async_api import async_playwright

from bench import messages, watching
from bench.installation import Installation

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROUNDS = 30
FLAGS = ["--no-sandbox", "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


async def sees(server: Installation, cookie: str) -> list[float] | None:
    """Seconds from the moment a sender's request leaves until its title stands in an open page, sorted; None without Chromium."""
    if CHROMIUM is None:
        return None
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        address = f"http://127.0.0.1:{server.port}"
        context = await chromium.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": "tocsin", "value": cookie, "url": address}])
        page = await context.new_page()
        await page.goto(f"{address}/groups?status=open")
        await page.wait_for_selector("#live[data-state=live]")
        took = []
        for number, request in enumerate(messages.fresh(ROUNDS, "seen")):
            title = f"bench-seen{number} "
            shown = asyncio.create_task(
                page.wait_for_function("title => document.body.innerText.includes(title)", arg=title, timeout=10_000)
            )
            await asyncio.sleep(watching.PAUSE_S)
            started = time.perf_counter()
            await watching.send(server.port, request)
            await shown
            took.append(time.perf_counter() - started)
        await chromium.close()
    return sorted(took)
