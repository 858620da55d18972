"""The phone in somebody's hand: a page that rings as a notification and is answered there, the app without a line,
contacts proven with the code, rules by keyboard only, and the sound of an open page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from fakes.push import Browser
from serving import Served
from tocsin.config import actions as configuring
from tocsin.config.domain import ManagedBy
from tocsin.kit import clock, db
from tocsin.kit.installation import link_signer
from tocsin.people import actions as accounts
from tocsin.people.models import User
from tocsin.people.rights import Right

TAP_PX_MIN = 44
ZOE = {"name": "Zoe Vale", "email": "zoe@acme.example", "role": "responder", "timezone": "Europe/Berlin"}


@pytest.fixture
def zoe(visits: Any) -> str:
    """Somebody whose contacts no file manages."""

    def make() -> None:
        with db.transact(clock.now()) as tx:
            body = {**ZOE, "contacts": {"inbox": {"inbox": True}}}
            configuring.put(tx, "people", "zoe", body, configuring.Author(by="tocsin", through=ManagedBy.UI))
            if not tx.value("SELECT count(*) FROM people_user WHERE person = 'zoe'"):
                accounts.create_user(tx, "zoe@acme.example", "zoe", None)

    visits.beside(make)
    return "zoe"


def see(page: Any, words: str) -> None:
    page.get_by_text(re.compile(words)).first.wait_for()


def push(page: Any, said: dict[str, Any], served: Served) -> None:
    """What a push service would hand to the browser, decrypted."""
    devtools = page.context.new_cdp_session(page)
    found: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    for _ in range(50):
        if found:
            break
        page.wait_for_timeout(50)
    assert found, "no service worker is registered"
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": served.url, "registrationId": found[-1], "data": json.dumps(said)},
    )


def shown(page: Any, there: str) -> dict[str, Any]:
    """The next notification whose title has these words, once it is shown.

    The worker's own word is waited for: asking Chromium again and again what it shows, while it is about to show
    something, now and then has it take that away.
    """
    (worker,) = page.context.service_workers
    found: dict[str, Any] = worker.evaluate(
        """async (words) => {
            const isIt = (title) => title.includes(words);
            for (let tries = 0; !self.shown.some(isIt); tries += 1) {
                if (tries === 200) throw new Error(`no notification says ${words}, but ${self.shown}`);
                await new Promise((done) => setTimeout(done, 50));
            }
            self.shown.splice(0, self.shown.findIndex(isIt) + 1);
            const all = await self.registration.getNotifications();
            const one = all.find((each) => isIt(each.title));
            if (!one) throw new Error(`what says ${words} was shown, and is gone`);
            return {
                title: one.title, body: one.body, tag: one.tag, loud: one.requireInteraction,
                renotify: one.renotify, actions: one.actions.map((each) => each.action),
                buttons: one.actions.map((each) => each.title), count: all.length,
            };
        }""",
        there,
    )
    return found


def remember_what_is_shown(page: Any) -> None:
    """The worker keeps the title of every notification of its, once it is shown."""
    (worker,) = page.context.service_workers
    worker.evaluate(
        """() => {
            const show = self.registration.showNotification.bind(self.registration);
            self.shown = [];
            self.registration.showNotification = async (title, options) => {
                await show(title, options);
                self.shown.push(title);
            };
        }"""
    )


def press(page: Any, tag: str, action: str) -> None:
    """What the system does when a button of the notification is pressed."""
    (worker,) = page.context.service_workers
    worker.evaluate(
        """async ([tag, action]) => {
            const [one] = await self.registration.getNotifications({ tag });
            self.dispatchEvent(new NotificationEvent("notificationclick", { notification: one, action }));
        }""",
        [tag, action],
    )


@pytest.fixture
def ringing(visits: Any, served: Served) -> tuple[Any, int, dict[str, Any]]:
    """A phone with the app open on another page, a group that pages Cleo, and what is pushed of it."""
    number = served.trouble("the pump has stopped")
    pages = served.wait_for(f"/groups/{number}/pages", lambda body: body["pages"], "cleo")["pages"]
    token = link_signer().sign(f"page:{pages[0]['id']}", clock.now().replace(year=2099))
    link = f"{served.url}/a/{token}"
    page = visits.open("/inbox", who="cleo", size="phone")
    page.context.grant_permissions(["notifications"], origin=served.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    remember_what_is_shown(page)
    said = {
        "kind": "page",
        "title": f"[HIGH] Checkout: high urgency alert (AG-{number})",
        "body": "Open Tocsin for details.",
        "tag": f"AG-{number}",
        "url": f"{served.url}/groups/{number}",
        "acknowledge": link,
        "ask": link,
        "loud": True,
        "at": 1772442000000,
    }
    return page, number, said


def test_a_pushed_page_rings_and_is_answered_on_the_notification(
    ringing: tuple[Any, int, dict[str, Any]], served: Served
) -> None:
    """It stays on the screen until it is answered; Acknowledge takes the group without opening anything."""
    page, number, said = ringing
    push(page, said, served)
    notification = shown(page, "[HIGH]")
    assert notification["loud"]
    assert notification["renotify"]
    assert notification["actions"] == ["acknowledge", "open"]
    push(page, said, served)
    assert shown(page, "[HIGH]")["count"] == 1, "said again, it takes the place of the first"
    press(page, said["tag"], "acknowledge")
    assert shown(page, "You have it")["body"] == "Nobody else is woken."
    assert served.api("ann", "GET", f"/groups/{number}").body["acknowledged_by"] == "person:cleo"


def test_what_somebody_else_has_is_said_so(ringing: tuple[Any, int, dict[str, Any]], served: Served) -> None:
    """A press that comes too late takes nothing away from whoever has it."""
    page, number, said = ringing
    served.api("ann", "POST", f"/groups/{number}/acknowledgement")
    push(page, said, served)
    shown(page, "[HIGH]")
    press(page, said["tag"], "acknowledge")
    shown(page, "Not yours to take")
    assert served.api("ann", "GET", f"/groups/{number}").body["acknowledged_by"] == "person:ann"


def test_one_press_takes_all_that_was_pushed_as_one(ringing: tuple[Any, int, dict[str, Any]], served: Served) -> None:
    """The button says how many it takes, and what comes of it how many it took: what Ann has stays hers."""
    page, number, said = ringing
    taken = served.trouble("the valve is stuck")
    link = f"{served.url}{served.link(number, taken)}"
    served.api("ann", "POST", f"/groups/{taken}/acknowledgement")
    several = {"tag": "page-of-two", "title": "[HIGH] 2 alert groups", "groups": 2}
    push(page, {**said, **several, "acknowledge": link, "ask": link, "url": link}, served)
    assert shown(page, "[HIGH]")["buttons"] == ["Acknowledge all 2", "Open"]
    press(page, "page-of-two", "acknowledge")
    assert shown(page, "You have 1 of 2")["title"] == "You have 1 of 2 alert groups"
    who = [served.api("ann", "GET", f"/groups/{one}").body["acknowledged_by"] for one in (number, taken)]
    assert who == ["person:cleo", "person:ann"]


def test_a_press_on_a_dead_link_is_not_lost_silently(
    ringing: tuple[Any, int, dict[str, Any]], served: Served, visits: Any
) -> None:
    """The notification comes back, and says that it is too old to be answered there."""
    page, number, said = ringing
    said["acknowledge"] = f"{served.url}/a/not-a-link"
    push(page, said, served)
    shown(page, "[HIGH]")
    press(page, said["tag"], "acknowledge")
    shown(page, "too old to be answered here")
    assert served.api("ann", "GET", f"/groups/{number}").body["status"] == "open"
    visits.complaints = [one for one in visits.complaints if "410" not in one]


def test_a_press_without_a_line_comes_back_with_its_button(
    ringing: tuple[Any, int, dict[str, Any]], served: Served, visits: Any
) -> None:
    """It says what is known, that no answer came; it stays on the screen, and the next press, with a line, takes the group."""
    page, number, said = ringing
    push(page, said, served)
    shown(page, "[HIGH]")
    page.context.set_offline(True)
    press(page, said["tag"], "acknowledge")
    notification = shown(page, "No answer came")
    assert notification["body"] == "You may have it or not. Press again, or look in Tocsin."
    assert notification["loud"]
    assert notification["actions"] == ["acknowledge", "open"]
    page.context.set_offline(False)  # whether the first press got as far as the server is for nobody to know
    press(page, said["tag"], "acknowledge")
    shown(page, "You have it")
    assert served.api("ann", "GET", f"/groups/{number}").body["acknowledged_by"] == "person:cleo"
    of_the_line = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "htmx:")
    visits.complaints = [one for one in visits.complaints if not any(words in one for words in of_the_line)]


def test_news_that_it_is_over_replaces_what_rang(ringing: tuple[Any, int, dict[str, Any]], served: Served) -> None:
    """One notification for one group: the last word stands, and it does not ring."""
    page, number, said = ringing
    push(page, said, served)
    shown(page, "[HIGH]")
    push(page, {"kind": "taken", "title": f"Taken: AG-{number}", "body": "Ann has it.", "tag": said["tag"]}, served)
    notification = shown(page, "Taken")
    assert notification["count"] == 1
    assert not notification["loud"]


def test_without_a_line_the_app_says_so_and_shows_nothing_old(visits: Any, served: Served) -> None:
    """No page with data is shown from a store: the app says when it was last connected, and comes back by itself."""
    served.trouble("a secret nobody should read offline")
    page = visits.open("/", who="cleo", size="phone")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.evaluate(
        """async () => {
            while (!(await caches.match("/offline/last"))) await new Promise((done) => setTimeout(done, 50));
        }"""
    )
    page.context.set_offline(True)
    page.goto("/groups?status=open", wait_until="commit")
    see(page, "No connection to Tocsin")
    see(page, "Last connected")
    assert "a secret" not in page.content()
    kept = page.evaluate(
        "caches.open('tocsin-1').then((one) => one.keys()).then((all) => all.map((one) => new URL(one.url).pathname))"
    )
    assert {path for path in kept if not path.startswith("/static/")} == {"/offline", "/offline/last"}
    page.context.set_offline(False)
    see(page, "in nobody’s hands|a secret nobody should read offline")
    of_the_line = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "htmx:")
    visits.complaints = [one for one in visits.complaints if not any(words in one for words in of_the_line)]


def test_a_contact_is_proven_with_the_code_that_came(visits: Any, served: Served, zoe: str) -> None:
    """On a phone: add a mail address, read the code in the mail, type it, and it counts."""
    page = visits.open("/me", who=zoe, size="phone")
    see(page, "Only the inbox inside Tocsin reaches you")
    page.locator("#more-add > summary").tap()
    page.fill("#add-address", "zoe@acme.example")
    page.locator("#add-contact").tap()
    see(page, "not proven yet")
    code = _code_sent(visits)
    page.locator("#code-mail").fill("000000" if code != "000000" else "111111")
    page.get_by_role("button", name="Prove it").tap()
    see(page, "not the code that was sent")
    page.locator("#code-mail").fill(code)
    page.get_by_role("button", name="Prove it").tap()
    see(page, "mail is proven: pages can go there")
    visits.complaints = [one for one in visits.complaints if "422" not in one]  # of the wrong code
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_rules_are_changed_by_keyboard_only(visits: Any, served: Served, zoe: str) -> None:
    """Open, choose, save: Tab, arrows and Enter are enough, and the sentence says what holds."""
    page = visits.open("/me", who=zoe)
    page.locator("html.scripted").wait_for()
    page.locator("#more-rules > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.locator("#save-rules").focus()
    page.keyboard.press("Enter")
    see(page, "Your rules are changed")
    assert page.locator("#rules .sentences li").first.inner_text() == "After 5 min: inbox in Tocsin"


def test_one_contact_is_tried_and_says_what_came_of_it(visits: Any, served: Served, zoe: str) -> None:
    """The line under the contact goes from on its way to delivered by itself."""
    page = visits.open("/me", who=zoe, size="phone")
    page.get_by_role("button", name="Send a test message to inbox").tap()
    see(page, "A test message is on its way to inbox")
    see(page, "The last test message was delivered")


def test_page_me_now_on_a_phone(visits: Any, served: Served, zoe: str) -> None:
    """One tap: it is on its way, it has arrived, and the answer is timed, without reloading anything."""
    page = visits.open("/me", who=zoe, size="phone")
    page.locator(".live[data-state=live]").wait_for()
    button = page.locator("#page-me")
    assert button.bounding_box()["height"] >= TAP_PX_MIN
    button.tap()
    see(page, "Not woken")
    page.locator(".live[data-state=live]").wait_for()
    number = int(page.locator("#part-test a").first.inner_text().removeprefix("AG-"))
    token = _token(visits)
    assert served.call(token, "POST", f"/api/v1/groups/{number}/acknowledgement").status == 200
    see(page, "Answered")


def test_a_team_is_rehearsed_and_everybody_s_result_shows(
    visits: Any, served: Served, screenshot: Callable[[Any, str], None]
) -> None:
    """Whoever manages the team presses once; as members answer, their lines say after how long."""
    page = visits.open("/teams/shop/rehearsal", who="bob", size="phone")
    page.locator("#rehearse").tap()
    see(page, r"0 of 3 answered, \d were reached")  # its engine is quick: some may be before the page is there
    page.locator(".live[data-state=live]").wait_for()
    found = served.wait_for("/people/cleo/test", lambda body: body["test"]["deliveries"])["test"]
    served.api("cleo", "POST", f"/groups/{found['group']}/acknowledgement")
    see(page, "1 of 3 answered")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, "rehearsal-answered-phone-light")


def test_push_is_turned_on_in_a_browser(visits: Any, served: Served, zoe: str) -> None:
    """The button asks the browser, the form registers what it gave, and the device stands in the list."""
    p256dh, auth = Browser("https://push.example.net/phone").keys
    page = visits.open("/me", who=zoe, size="phone")
    page.context.grant_permissions(["notifications"], origin=served.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.add_init_script("PushManager.prototype.getSubscription = async () => window.taken ?? null;")
    page.evaluate(
        """([p256dh, auth]) => {
            PushManager.prototype.getSubscription = async () => null;
            PushManager.prototype.subscribe = async (asked) => {
                if (asked.applicationServerKey.length !== 65 || !asked.userVisibleOnly) throw new Error("wrong key");
                const endpoint = "https://push.example.net/phone";
                return { endpoint, toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
            };
        }""",
        [p256dh, auth],
    )
    page.fill("#device-name", "Zoe’s phone")
    page.locator("#device-on").tap()
    see(page, "This device takes push from now on")
    see(page, "Zoe’s phone")
    page.add_init_script("window.taken = { endpoint: 'https://push.example.net/phone' };")
    page.reload()
    see(page, "Push is on in this browser")
    see(page, "^this browser$")


def test_what_is_new_is_announced_once(visits: Any, served: Served) -> None:
    """Whoever listens hears politely that a group waits for them, once, however often the page refreshes afterwards."""
    page = visits.open("/groups", who="cleo")
    page.locator(".live[data-state=live]").wait_for()
    assert page.locator("#announced").text_content() == "", "what was there before is read with the page"
    page.evaluate(
        """() => {
            window.heard = [];
            const line = document.getElementById("announced");
            new MutationObserver(() => window.heard.push(line.textContent)).observe(line, { childList: true });
        }"""
    )
    number = served.trouble("the goldfish is gone")
    page.locator("#announced", has_text=f"AG-{number} waits").wait_for(state="attached")
    served.api("ann", "POST", f"/groups/{number}/notes", {"text": "looked under the sofa"})
    other = served.trouble("the goldfish is back, and angry")
    page.locator("#announced", has_text=f"AG-{other} waits").wait_for(state="attached")
    heard = page.evaluate("window.heard")
    assert [one.partition(" waits for you.")[0] for one in heard] == [f"AG-{number}", f"AG-{other}"]
    assert page.locator("#announced").get_attribute("role") == "status"


def test_an_open_page_rings_until_somebody_has_it(visits: Any, served: Served) -> None:
    """After a first press the page makes a sound while something urgent waits for whoever looks at it; it can be muted."""
    page = visits.open("/", who="cleo")
    page.locator(".live[data-state=live]").wait_for()
    page.locator("h1").click()
    number = served.trouble("the freezer is warm")
    page.locator("#alarm-sound").wait_for()
    page.locator("html[data-rang]").wait_for(state="attached")
    page.locator("#alarm-sound", has_text="Mute").click()
    page.locator("#alarm-sound", has_text="Sound on").wait_for()
    rang = page.evaluate("document.documentElement.dataset.rang")
    served.wait_for(f"/groups/{number}/pages", lambda body: body["pages"], "cleo")
    assert page.evaluate("document.documentElement.dataset.rang") == rang


def _token(visits: Any) -> str:
    """A token that acts for Zoe."""

    def make() -> str:
        with db.transact(clock.now()) as tx:
            return accounts.create_token(tx, User.objects.get(person="zoe"), "tests", list(Right), None)

    return str(visits.beside(make))


def _code_sent(visits: Any) -> str:
    """The code as the outbox has it: this installation has no mail server."""

    def look() -> str:
        return str(
            db.reader(clock.now()).value(
                "SELECT body FROM engine_delivery WHERE subject = 'code:zoe:mail' ORDER BY id DESC LIMIT 1"
            )
        )

    found = re.search(r"\b\d{6}\b", json.loads(visits.beside(look))["text"])
    assert found is not None
    return found[0]
