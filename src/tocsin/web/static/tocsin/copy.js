// Copying: a button that names what it copies. On plain http a browser offers no clipboard, so the text is selected
// and copied the old way; where even that is refused it stays selected, ready for the keys.
export function copies() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const held = document.getElementById(button.dataset.copies);
    button.textContent = (await copied(held)) ? "Copied" : "Selected";
  });
}

async function copied(held) {
  try {
    await navigator.clipboard.writeText(held.textContent.trim());
    return true;
  } catch {
    getSelection().selectAllChildren(held);
    return document.execCommand("copy");
  }
}
