// The service worker: shows what is pushed, answers from the notification, and says so when there is no line.
// It keeps one page, the one for no line. Pages with data are never kept: what is old must not look fresh.
const KEPT = "tocsin-1", OFFLINE = "/offline", LAST = "/offline/last";
const ICON = "/static/tocsin/icon-192.png", BADGE = "/static/tocsin/badge-96.png";
const REFUSED = ["Not acknowledged", "Tocsin refused it. Open Tocsin."];
const UNANSWERED = ["No answer came", "You may have it or not. Press again, or look in Tocsin."]; // it may have got there
const LEFT = "Somebody else has the others, or they are over. Nobody else is woken.";
const LOUD = [300, 120, 300, 120, 300, 600, 300, 120, 300, 120, 300];

self.addEventListener("install", (event) => {
  event.waitUntil(keepOffline().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

async function keepOffline() {
  const kept = await caches.open(KEPT);
  const answer = await fetch(OFFLINE, { cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw new Error(`${OFFLINE}: ${answer.status}`);
  const parts = [...(await answer.clone().text()).matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1]);
  await kept.put(OFFLINE, answer);
  await kept.addAll([...new Set(parts)]);
}

async function forgetOthers() {
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
}

// --- no line
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate" && request.method === "GET") event.respondWith(open(event, request));
  else if (new URL(request.url).pathname.startsWith("/static/tocsin/")) event.respondWith(part(request));
});

async function open(event, request) {
  try {
    const answer = await fetch(request);
    event.waitUntil(remember());
    return answer;
  } catch {
    return (await caches.match(OFFLINE)) ?? Response.error();
  }
}

async function part(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request)) ?? Response.error();
  }
}

async function remember() {
  const kept = await caches.open(KEPT);
  await kept.put(LAST, new Response(new Date().toISOString()));
}

// --- push
self.addEventListener("push", (event) => event.waitUntil(show(read(event.data))));

function read(data) {
  try {
    return data.json();
  } catch {
    return { kind: "notice", title: "Something happened", body: "Open Tocsin for details.", tag: "unreadable" };
  }
}

function show(said) {
  const isPage = said.kind === "page";
  const actions = said.acknowledge ? [{ action: "acknowledge", title: said.groups ? `Acknowledge all ${said.groups}` : "Acknowledge" }] : [];
  if (said.url) actions.push({ action: "open", title: "Open" });
  return self.registration.showNotification(said.title, {
    body: said.body,
    tag: said.tag,
    renotify: isPage || said.kind === "code",
    requireInteraction: Boolean(said.loud),
    silent: said.kind === "taken",
    vibrate: said.loud ? LOUD : isPage ? [200] : undefined,
    timestamp: said.at,
    icon: ICON,
    badge: BADGE,
    actions,
    data: said,
  });
}

self.addEventListener("notificationclick", (event) => {
  const said = event.notification.data;
  event.notification.close();
  event.waitUntil(event.action === "acknowledge" ? acknowledge(said) : visit(said));
});

async function acknowledge(said) {
  let status = 0;
  let yours = said.groups;
  try {
    const asked = { method: "POST", credentials: "omit", headers: { Accept: "application/json" } };
    const answer = await fetch(new URL(said.acknowledge, self.location).pathname, asked);
    status = answer.status;
    yours = (await answer.json()).yours ?? yours;
  } catch {
    // no line, or the answer got lost on it: said below
  }
  const words = {
    200: taken(said, yours),
    409: ["Not yours to take", "Somebody else has it, or it is over."],
    410: ["This is too old to be answered here", "Open Tocsin."],
  }[status] ?? (status >= 400 && status < 500 ? REFUSED : UNANSWERED);
  const failed = status !== 200 && status !== 409;
  return show({
    ...said,
    kind: failed ? "page" : "taken",
    title: said.groups ? words[0] : `${words[0]}: ${said.tag}`,
    body: words[1],
    loud: failed,
    acknowledge: failed && status !== 410 ? said.acknowledge : "",
  });
}

function taken(said, yours) {
  if (!said.groups) return ["You have it", "Nobody else is woken."];
  if (yours < said.groups) return [`You have ${yours} of ${said.groups} alert groups`, LEFT];
  return [`You have all ${said.groups} alert groups`, "Nobody else is woken."];
}

async function visit(said) {
  const buttons = (self.Notification?.maxActions ?? 0) > 0; // where notifications have none, the page has the button
  const wanted = (!buttons && said.acknowledge && said.ask) || said.url || said.ask || "/";
  const { pathname, search } = new URL(wanted, self.location);
  const address = new URL(pathname + search, self.location).href;
  for (const client of await self.clients.matchAll({ type: "window" })) {
    if ("navigate" in client) {
      await client.focus();
      return client.navigate(address);
    }
  }
  return self.clients.openWindow(address);
}
