// Something changed: fetch this page again and put the parts that changed in place. Says how fresh it is.
import { announce } from "./announce.js";

const AT_MOST_EVERY_MS = 400, HIDDEN_EVERY_MS = 10000, SHARE = 4, POLL_MS = 10000, RETRY_FIRST_MS = 1000, RETRY_MAX_MS = 30000, POLL_AFTER_TRIES = 2, PENDING_MS = 2000;

const body = document.body;
const pill = document.getElementById("live");
const words = document.getElementById("live-words");
const fresh = document.getElementById("fresh");
let seen = Number(body.dataset.seen) || 0;
let source = null, tries = 0, retryTimer = 0, pollTimer = 0, pending = 0, last = 0, asked = 0, took = 0, fetching = false, again = false, kept = null;

function say(state, text) {
  pill.dataset.state = state;
  if (words.textContent !== text) words.textContent = text;
}

const asOf = () => new Date(last || performance.timeOrigin).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export function follow() {
  last = Date.now();
  connect();
  window.addEventListener("online", () => connect());
  window.addEventListener("offline", () => say("lost", `Offline: this is from ${asOf()}`));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (!source || source.readyState === EventSource.CLOSED) connect();
    if (pending) sooner();
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && connect());
  setInterval(() => document.querySelector("[data-pending]") && change(), PENDING_MS); // what no fact will tell of
}

function connect() {
  clearTimeout(retryTimer);
  source?.close();
  source = new EventSource(`/live?about=${encodeURIComponent(body.dataset.live)}&since=${seen}`);
  source.addEventListener("hello", () => {
    tries = 0;
    clearInterval(pollTimer);
    pollTimer = 0;
    say("live", "Live");
  });
  source.addEventListener("changed", (event) => {
    seen = Math.max(seen, Number(event.lastEventId) || 0);
    change();
  });
  source.onerror = () => lost();
}

function lost() {
  source.close();
  tries += 1;
  if (tries >= POLL_AFTER_TRIES && !pollTimer) pollTimer = setInterval(change, POLL_MS);
  if (!navigator.onLine) say("lost", `Offline: this is from ${asOf()}`);
  else if (tries > 1 && pill.dataset.state !== "polling") say("lost", `Reconnecting: this is from ${asOf()}`);
  const wait = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 6));
  retryTimer = setTimeout(connect, wait * (0.5 + Math.random()));
}

// A page nobody looks at asks rarely, and one whose server is slow asks less often.
function change() {
  if (pending) return;
  const every = document.hidden ? HIDDEN_EVERY_MS : Math.max(AT_MOST_EVERY_MS, SHARE * took);
  pending = setTimeout(refresh, Math.max(0, last + every - Date.now()));
}

function sooner() {
  clearTimeout(pending);
  refresh();
}

function refresh() {
  pending = 0;
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  asked = Date.now();
  kept = keep();
  const parts = [...document.querySelectorAll("[data-part]")].map((part) => `#${part.id}`);
  fresh.setAttribute("hx-select-oob", parts.join(","));
  window.htmx.trigger(fresh, "refresh");
}

function done() {
  fetching = false;
  restore(kept);
  if (again) {
    again = false;
    change();
  }
}

// --- what a person has opened, and where they are, stays
function keep() {
  return {
    open: [...document.querySelectorAll("details[id][open]")].map((details) => details.id),
    focus: document.activeElement?.id,
    y: scrollY,
  };
}

function restore(kept) {
  for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
  if (kept.focus && document.activeElement === body) document.getElementById(kept.focus)?.focus({ preventScroll: true });
  if (scrollY !== kept.y) scrollTo({ top: kept.y, behavior: "instant" });
}

fresh.addEventListener("htmx:afterRequest", (event) => {
  const answer = event.detail.xhr;
  if (event.detail.successful) {
    if (!answer.responseURL.endsWith(location.pathname + location.search)) return location.reload();
    last = Date.now();
    took = Math.min(last - asked, POLL_MS / SHARE);
    if (pollTimer) say("polling", "Asking every 10 s");
    else if (source.readyState === EventSource.OPEN) say("live", "Live");
    for (const part of document.querySelectorAll("[data-part]")) mark(part);
    announce();
  } else if (answer.status === 403 || answer.status === 404) {
    return location.reload();
  } else {
    say("lost", `Cannot reach the server: this is from ${asOf()}`);
    setTimeout(change, RETRY_FIRST_MS); // what changed has been heard of and is not told again: fetch until it is here
  }
  done();
});

const before = new Map();

function mark(part) {
  const text = part.textContent.replace(/\s+/g, " ");
  if (before.has(part.id) && before.get(part.id) !== text) {
    part.classList.add("changed");
    setTimeout(() => part.classList.remove("changed"), 1600);
  }
  before.set(part.id, text);
}
