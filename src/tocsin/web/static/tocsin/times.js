// Instants stay true while a page is open. The words are those of web/times.py.
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const offset = serverOffset();

function serverOffset() {
  const told = Date.parse(document.body.dataset.now ?? "");
  return Number.isNaN(told) ? 0 : told - Date.now();
}

const two = (seconds, big, bigs, small, smalls) => {
  const rest = Math.floor((seconds % big) / small);
  return `${Math.floor(seconds / big)} ${bigs}` + (rest ? ` ${rest} ${smalls}` : "");
};

function fine(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return two(seconds, MINUTE, "min", 1, "s");
  if (seconds < 2 * DAY) return two(seconds, HOUR, "h", MINUTE, "min");
  return `${Math.floor(seconds / DAY)} days`;
}

function rough(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} days`;
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function refresh() {
  const now = Date.now() + offset;
  for (const element of document.querySelectorAll("time.time-ago")) {
    const seconds = Math.floor((now - Date.parse(element.dateTime)) / 1000);
    if (seconds >= 0 && seconds < 14 * DAY) write(element, seconds < 10 ? "just now" : `${rough(seconds)} ago`);
  }
  for (const element of document.querySelectorAll("time.time-until")) {
    const seconds = Math.floor((Date.parse(element.dateTime) - now) / 1000);
    write(element, seconds <= 0 ? "now" : `in ${fine(seconds)}`);
  }
}

export function tick() {
  refresh();
  setInterval(refresh, 1000);
}
