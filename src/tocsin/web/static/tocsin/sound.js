// A sound that repeats while something urgent waits for whoever looks at this page, until it is in somebody's hands.
// Browsers play nothing before a first press, so until then the bar says how to turn it on.
const EVERY_MS = 10000, LOOK_MS = 1000, KEPT_AS = "tocsin-sound";
let audio = null, rang = 0;

const muted = () => localStorage.getItem(KEPT_AS) === "off";
const ready = () => audio?.state === "running";

export function watch() {
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, unlock, { once: true });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#alarm-sound")) return;
    localStorage.setItem(KEPT_AS, ready() && !muted() ? "off" : "on");
    rang = 0;
    unlock().then(look);
  });
  look();
  setInterval(look, LOOK_MS);
}

async function unlock() {
  audio ??= new AudioContext();
  if (audio.state !== "running") await audio.resume();
}

function look() {
  const bar = document.getElementById("alarm");
  const waits = Number(bar?.dataset.waits ?? 0) > 0;
  const button = document.getElementById("alarm-sound");
  if (button) {
    const words = ready() && !muted() ? "Mute" : "Sound on";
    if (button.textContent !== words) button.textContent = words;
  }
  if (!waits) {
    rang = 0;
  } else if (ready() && !muted() && Date.now() - rang >= EVERY_MS) {
    rang = Date.now();
    ring();
  }
}

function ring() {
  document.documentElement.dataset.rang = String(Number(document.documentElement.dataset.rang ?? 0) + 1);
  for (const [at, tone] of [[0, 880], [0.28, 660], [0.56, 880], [0.84, 660]]) beep(audio.currentTime + at, tone);
  navigator.vibrate?.([300, 100, 300]);
}

function beep(at, tone) {
  const source = audio.createOscillator(), loudness = audio.createGain();
  source.type = "triangle";
  source.frequency.value = tone;
  loudness.gain.setValueAtTime(0.0001, at);
  loudness.gain.exponentialRampToValueAtTime(0.5, at + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
  source.connect(loudness).connect(audio.destination);
  source.start(at);
  source.stop(at + 0.26);
}
