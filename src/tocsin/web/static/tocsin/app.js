// What a page does by itself: stays fresh, counts time, listens to the keyboard. Every page works without it.
import { copies } from "./copy.js";
import { follow } from "./live.js";
import { listen } from "./keys.js";
import { watch } from "./sound.js";
import { tick } from "./times.js";

const BUSY_MS = 8000;

document.documentElement.classList.add("scripted");

// --- one press is one request
document.addEventListener("submit", (event) => {
  const button = event.submitter ?? event.target.querySelector("[type=submit], button:not([type])");
  if (event.defaultPrevented || event.target.method === "dialog" || !button) return;
  if (button.hasAttribute("aria-busy")) return event.preventDefault();
  button.setAttribute("aria-busy", "true");
  setTimeout(() => button.removeAttribute("aria-busy"), BUSY_MS);
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

// --- dialogs, menus, filters
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  for (const menu of document.querySelectorAll("details.menu[open], details.choice[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open], details.choice[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("form[data-at-once] select")) event.target.form.requestSubmit();
});

// --- an app on the phone: push, and a page for when there is no line
navigator.serviceWorker?.register("/sw.js").catch(() => {}); // private windows and old browsers do without

copies();
listen();
tick();
watch();
if (document.body.dataset.live) follow();
