// Passkeys: asks the browser for a credential and sends it with the form the button belongs to.
// A button says what it does: data-passkey="add", "use" (both with data-options) or "sign-in" (which fetches them).

const toBytes = (text) => {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(padded), (one) => one.charCodeAt(0));
};
const toText = (buffer) => {
  if (buffer === null || buffer === undefined) return undefined;
  const letters = Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
const keys = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

async function create({ publicKey }, passwordless) {
  const options = {
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
    excludeCredentials: keys(publicKey.excludeCredentials),
    authenticatorSelection: {
      ...publicKey.authenticatorSelection,
      residentKey: passwordless ? "required" : "discouraged",
      requireResidentKey: passwordless,
      ...(passwordless ? { userVerification: "required" } : {}),
    },
  };
  const made = await navigator.credentials.create({ publicKey: options });
  return said(made, {
    attestationObject: toText(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
}

async function get({ publicKey }) {
  const options = {
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    allowCredentials: keys(publicKey.allowCredentials),
  };
  const made = await navigator.credentials.get({ publicKey: options });
  return said(made, {
    authenticatorData: toText(made.response.authenticatorData),
    signature: toText(made.response.signature),
    userHandle: toText(made.response.userHandle),
  });
}

function said(made, more) {
  return {
    type: made.type,
    id: made.id,
    rawId: toText(made.rawId),
    authenticatorAttachment: made.authenticatorAttachment ?? undefined,
    clientExtensionResults: made.getClientExtensionResults(),
    response: { clientDataJSON: toText(made.response.clientDataJSON), ...more },
  };
}

async function credential(button, form) {
  if (button.dataset.passkey === "sign-in") {
    const answer = await fetch(form.action, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
    if (!answer.ok) throw new Error("the server did not answer");
    return get((await answer.json()).request_options);
  }
  const options = JSON.parse(button.dataset.options);
  if (button.dataset.passkey === "use") return get(options.request_options);
  return create(options.creation_options, form.elements.passwordless?.checked ?? false);
}

function failed(button, error) {
  const place = document.getElementById("passkey-wrong");
  if (!place) return;
  place.hidden = false;
  place.textContent =
    error.name === "NotAllowedError"
      ? "Nothing was changed: the browser was not let do it, or it took too long. Try again."
      : error.name === "InvalidStateError"
        ? "This device or key is here already."
        : "The browser could not do that. Nothing was changed.";
  button.disabled = false;
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  const form = document.getElementById(button.getAttribute("form")) ?? button.closest("form");
  if (!window.PublicKeyCredential || !form) continue;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      form.elements.credential.value = JSON.stringify(await credential(button, form));
      form.submit();
    } catch (error) {
      failed(button, error);
    }
  });
  button.hidden = false; // only now: whoever is quicker than the script would press for nothing
}
