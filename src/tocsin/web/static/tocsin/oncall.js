// A part of a schedule's line is chosen by dragging, or by the keyboard, and leads to the form for overrides.
const STEP_MINUTES = { 7: 30, 14: 60, 28: 120 };
const words = document.getElementById("select-words");

class Choice {
  constructor(band) {
    this.band = band;
    this.start = Date.parse(band.dataset.start);
    this.end = Date.parse(band.dataset.end);
    const days = Math.round((this.end - this.start) / 86400000);
    this.step = (STEP_MINUTES[days] ?? 60) * 60000;
    this.from = this.to = this.snap(Math.max(Date.now(), this.start));
    this.shown = document.createElement("div");
    this.shown.className = "selecting";
    this.shown.hidden = true;
    band.append(this.shown);
  }

  snap(at) {
    const bounded = Math.min(Math.max(at, this.start), this.end);
    return this.start + Math.round((bounded - this.start) / this.step) * this.step;
  }

  at(event) {
    const box = this.band.getBoundingClientRect();
    return this.snap(this.start + ((event.clientX - box.left) / box.width) * (this.end - this.start));
  }

  show() {
    const [low, high] = [Math.min(this.from, this.to), Math.max(this.from, this.to)];
    const share = (at) => (100 * (at - this.start)) / (this.end - this.start);
    this.shown.hidden = false;
    this.shown.style.left = `${share(low)}%`;
    this.shown.style.width = `${Math.max(0.3, share(high) - share(low))}%`;
    if (words) words.textContent = high > low ? `${local(low, this.band.dataset.zone, " ")} to ${local(high, this.band.dataset.zone, " ")}. Enter makes an override.` : `${local(low, this.band.dataset.zone, " ")}. Extend with Shift and the arrow keys.`;
  }

  go() {
    const [low, high] = [Math.min(this.from, this.to), Math.max(this.from, this.to)];
    if (high <= low) return;
    const zone = this.band.dataset.zone;
    location.assign(`${this.band.dataset.selects}?from=${local(low, zone, "T")}&to=${local(high, zone, "T")}`);
  }
}

// An instant on the viewer's clock, as the form's fields hold it.
function local(at, zone, between) {
  const parts = {};
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
  for (const { type, value } of format.formatToParts(at)) parts[type] = value;
  return `${parts.year}-${parts.month}-${parts.day}${between}${parts.hour}:${parts.minute}`;
}

function listen(band) {
  const choice = new Choice(band);
  let dragging = false;
  band.tabIndex = 0;
  band.setAttribute("role", "group");
  band.setAttribute("aria-label", "Choose a time to override: arrow keys move, Shift extends, Enter makes the override");
  band.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    dragging = true;
    band.setPointerCapture(event.pointerId);
    choice.from = choice.to = choice.at(event);
    choice.show();
  });
  band.addEventListener("pointermove", (event) => {
    if (!dragging) return;
    choice.to = choice.at(event);
    choice.show();
  });
  band.addEventListener("pointerup", () => {
    dragging = false;
    choice.go();
  });
  band.addEventListener("pointercancel", () => {
    dragging = false;
    choice.shown.hidden = true;
  });
  band.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, PageDown: 24, PageUp: -24 }[event.key];
    if (by) {
      choice.to = choice.snap(choice.to + by * (Math.abs(by) > 1 ? 3600000 : choice.step));
      if (!event.shiftKey) choice.from = choice.to;
      choice.show();
    } else if (event.key === "Enter") choice.go();
    else if (event.key === "Escape") choice.shown.hidden = true;
    else return;
    event.preventDefault();
  });
}

for (const band of document.querySelectorAll("[data-selects]")) listen(band);
// The chart is fetched anew when something changes; then the new line listens.
const chart = document.getElementById("part-chart")?.parentElement;
if (chart) new MutationObserver(() => {
  for (const band of document.querySelectorAll("[data-selects]:not([tabindex])")) listen(band);
}).observe(chart, { childList: true, subtree: true });
