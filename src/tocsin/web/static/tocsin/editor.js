// The editor of documents: numbers its lines, indents with Tab, and says while one types what is wrong at which line.
const CHECK_AFTER_MS = 350, INDENT = "  ";

for (const form of document.querySelectorAll("[data-editor]")) edit(form);

function edit(form) {
  const text = form.querySelector("textarea[name=content]");
  const said = form.querySelector("#problems");
  const gutter = document.createElement("div");
  gutter.className = "gutter";
  gutter.setAttribute("aria-hidden", "true");
  text.before(gutter);
  let timer = 0, asked = null, leaving = false, unsaved = false;

  const number = () => {
    const lines = text.value.split("\n").length;
    while (gutter.children.length < lines) {
      gutter.append(Object.assign(document.createElement("span"), { textContent: gutter.children.length + 1 }));
    }
    while (gutter.children.length > lines) gutter.lastChild.remove();
    gutter.scrollTop = text.scrollTop;
  };
  const mark = () => {
    const wrong = new Set([...said.querySelectorAll("[data-line]")].map((one) => Number(one.dataset.line)));
    [...gutter.children].forEach((line, index) => line.classList.toggle("wrong-line", wrong.has(index + 1)));
  };
  const goTo = (line) => {
    const lines = text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    text.scrollTop = (line - 4) * (text.scrollHeight / lines.length);
  };
  const check = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.dataset.editor, { method: "POST", body: new FormData(form), signal: asked.signal });
      if (!answer.ok) return;
      said.innerHTML = await answer.text();
      said.dataset.checked = String(Number(said.dataset.checked ?? 0) + 1);
      mark();
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = "The check could not be asked; Plan will tell.";
    }
  };
  const changed = () => {
    unsaved = true;
    number();
    for (const apply of form.querySelectorAll("button[value=apply]")) apply.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  };

  form.addEventListener("submit", () => (unsaved = false));
  window.addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
  text.addEventListener("input", changed);
  text.addEventListener("scroll", () => (gutter.scrollTop = text.scrollTop));
  text.addEventListener("blur", () => (leaving = false));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaving = true;
    else if (event.key !== "Tab") leaving = event.key === "Shift" && leaving;
    if (event.key !== "Tab" || leaving || text.readOnly) return;
    event.preventDefault();
    indent(text, event.shiftKey);
    changed();
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-to-line]");
    if (!link) return;
    event.preventDefault();
    goTo(Number(link.dataset.toLine));
  });
  number();
  mark();
}

function indent(text, back) {
  const { selectionStart: start, selectionEnd: end, value } = text;
  if (start === end && !back) return text.setRangeText(INDENT, start, end, "end");
  const from = value.lastIndexOf("\n", start - 1) + 1;
  const lines = value.slice(from, end).split("\n");
  const moved = lines.map((line) => (back ? line.replace(/^ {1,2}/, "") : INDENT + line)).join("\n");
  text.setRangeText(moved, from, end, "preserve");
  if (start === end) text.setSelectionRange(Math.max(from, start - INDENT.length), Math.max(from, start - INDENT.length));
}
