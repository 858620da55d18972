// Each block of code of the documentation gets a button that copies it. Without scripts it can be selected.
import { copies } from "./copy.js";

for (const [number, block] of document.querySelectorAll(".prose pre").entries()) {
  const frame = document.createElement("div");
  const button = document.createElement("button");
  block.id = `code-${number + 1}`;
  frame.className = "code";
  button.type = "button";
  button.className = "button slim";
  button.dataset.copies = block.id;
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${block.textContent.trim().slice(0, 60)}`);
  block.before(frame);
  frame.append(block, button);
}
if (!document.documentElement.classList.contains("scripted")) copies(); // whoever is signed in has it already
