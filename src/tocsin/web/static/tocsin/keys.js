// The keyboard: one letter does what the page's main buttons do. Nothing happens while somebody types.
const SEQUENCE_MS = 1200;
const ACTIONS = { a: "acknowledge", r: "resolve", z: "snooze", e: "escalate", c: "note" };
let afterG = 0;

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (press(event.key)) event.preventDefault();
  });
}

function isTyping(element) {
  return element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

function press(key) {
  if (afterG && Date.now() - afterG < SEQUENCE_MS) {
    afterG = 0;
    return go(key);
  }
  if (key === "g") {
    afterG = Date.now();
    return true;
  }
  if (key === "?") return open(document.getElementById("shortcuts"));
  if (key === "/") return focus(document.querySelector("[data-search]")) || visit("/groups?find");
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  return key in ACTIONS && act(ACTIONS[key]);
}

function go(key) {
  if (key === "m") return visit("/me");
  const place = document.querySelector(`.places [data-key="${CSS.escape(key)}"]`);
  return place ? visit(place.href) : false;
}

function act(name) {
  const scope = document.querySelector(".rows > li.selected") ?? document;
  const target = scope.querySelector(`[data-action="${name}"]`);
  if (!target) return false;
  if (target.matches("summary")) {
    target.click();
    target.parentElement.querySelector("button")?.focus();
  } else if (target.matches("textarea")) {
    target.focus();
  } else {
    target.click();
  }
  return true;
}

function step(by) {
  const rows = [...document.querySelectorAll(".rows > li")];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.classList.contains("selected"));
  const row = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  rows[at]?.classList.remove("selected");
  row.classList.add("selected");
  row.querySelector("a").focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

function open(dialog) {
  dialog?.showModal();
  return Boolean(dialog);
}

function focus(element) {
  element?.focus();
  return Boolean(element);
}

function visit(url) {
  location.assign(url);
  return true;
}
