// Says once, to whoever listens to the page, that something new waits for them; not again at each refresh.
const line = document.getElementById("announced");
let known = waiting();

function waiting() {
  const bar = document.getElementById("alarm");
  return { count: Number(bar?.dataset.waits ?? 0), newest: Number(bar?.dataset.newest ?? 0) };
}

export function announce() {
  const now = waiting();
  const all = now.count === 1 ? "" : ` ${now.count} urgent alert groups wait in all.`;
  if (now.count && now.newest > known.newest) line.textContent = `AG-${now.newest} waits for you.${all}`;
  else if (!now.count && known.count) line.textContent = "Nothing urgent waits for you any more.";
  known = { count: now.count, newest: Math.max(now.newest, known.newest) };
}
