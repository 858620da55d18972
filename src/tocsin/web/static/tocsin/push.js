// Turns push on for this browser, and says what stands in the way. The forms do the rest.
const form = document.getElementById("device-form");
const words = document.getElementById("device-words");
const button = document.getElementById("device-on");
const APPLE = /iPhone|iPad|iPod/;

function say(text) {
  words.textContent = text;
}

function supported() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    if (APPLE.test(navigator.userAgent)) return "On an iPhone or iPad: Share, then Add to Home Screen, and open Tocsin from there.";
    if (!window.isSecureContext) return "Browsers allow push only over https.";
    return "This browser does not take push.";
  }
  if (Notification.permission === "denied") return "This browser blocks notifications from here: allow them in its site settings.";
  return "";
}

function bytes(text) {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (one) => one.charCodeAt(0));
}

function called() {
  const agent = navigator.userAgent;
  const system = [["iPhone", /iPhone/], ["iPad", /iPad/], ["Android", /Android/], ["Windows", /Windows/], ["Mac", /Mac OS/], ["Linux", /Linux/]];
  const browser = [["Edge", /Edg/], ["Firefox", /Firefox/], ["Chrome", /Chrom/], ["Safari", /Safari/]];
  const first = (list) => list.find(([, pattern]) => pattern.test(agent))?.[0] ?? "";
  return [first(browser), first(system)].filter(Boolean).join(" on ");
}

async function turnOn() {
  button.setAttribute("aria-busy", "true");
  try {
    if ((await Notification.requestPermission()) !== "granted") return say("Without the permission to notify, nothing can ring here.");
    const registration = await navigator.serviceWorker.ready;
    const held = await registration.pushManager.getSubscription();
    const key = bytes(form.dataset.key);
    if (held && !same(held.options.applicationServerKey, key)) await held.unsubscribe();
    const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const { keys } = made.toJSON();
    form.elements.endpoint.value = made.endpoint;
    form.elements.p256dh.value = keys.p256dh;
    form.elements.auth.value = keys.auth;
    if (!form.elements.name.value) form.elements.name.value = called();
    form.submit();
  } catch (error) {
    say(`The browser’s push service could not be reached: ${error.message}`);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function same(held, key) {
  const one = held && new Uint8Array(held);
  return Boolean(one) && one.length === key.length && one.every((byte, place) => byte === key[place]);
}

// --- is this browser one of those in the list?
async function find() {
  const registration = await navigator.serviceWorker.getRegistration();
  const held = Notification.permission === "granted" && (await registration?.pushManager.getSubscription());
  if (!held) return;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(held.endpoint));
  const mark = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const row = document.querySelector(`[data-device="${mark}"]`);
  if (!row) return say("This browser took push before, but is not registered now: turn it on again.");
  row.querySelector(".meta").prepend(Object.assign(document.createElement("b"), { textContent: "this browser" }));
  say("Push is on in this browser.");
}

if (form) {
  const wrong = supported();
  if (wrong) {
    say(wrong);
    button.disabled = true;
  } else {
    find().catch(() => {}); // it only says what is so
  }
  button.addEventListener("click", turnOn);
}
