// Says when the server was last there, and goes back to what was wanted as soon as it answers again.
const LOOK_MS = 4000;
const place = document.getElementById("last");
const kept = await caches.match("/offline/last");
if (kept) place.textContent = `Last connected ${new Date(await kept.text()).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}.`;

async function look() {
  try {
    if ((await fetch("/-/healthy", { cache: "no-store" })).ok) location.reload();
  } catch {
    // still no line
  }
}

addEventListener("online", look);
document.addEventListener("visibilitychange", look);
setInterval(look, LOOK_MS);
