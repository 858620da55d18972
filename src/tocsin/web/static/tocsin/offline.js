// Says when the server was last there, and comes back by itself when the line does.
const place = document.getElementById("last");
const kept = await caches.match("/offline/last");
if (kept) place.textContent = `Last connected ${new Date(await kept.text()).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}.`;
addEventListener("online", () => location.reload());
