// Keys, the open row, and small conveniences. Every page works without this file.
(() => {
  "use strict";
  const OFF = "kentongan.keys.off";
  const keysOff = () => localStorage.getItem(OFF) === "1";
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  function move(step) {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function press(selector) {
    const button = document.querySelector(selector);
    if (button) button.click();
    return Boolean(button);
  }

  function handled(event) {
    switch (event.key) {
      case "j": move(1); return true;
      case "k": move(-1); return true;
      case "/": {
        const search = document.querySelector("[data-search]");
        if (search) search.focus();
        return Boolean(search);
      }
      case "?": document.getElementById("keys")?.showModal(); return true;
      case "Enter":
        return document.activeElement === document.body || document.activeElement.id === "isi"
          ? press("[data-suggested]") : false;
      default:
        return /^[1-5usUS]$/.test(event.key) && press(`[data-key="${event.key.toLowerCase()}"]`);
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    if (keysOff() && event.key !== "Enter") return;
    if (handled(event)) event.preventDefault();
  });

  // After a decision the next post takes the place of the last one: keys go on, and a screen reader hears it.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "review") document.getElementById("isi").focus({ preventScroll: true });
    if (event.target.id === "panel") {
      const address = event.detail.requestConfig.path;
      document.querySelectorAll("[data-row]").forEach((row) => row.classList.toggle("open", row.getAttribute("href") === address));
      if (window.innerWidth < 1181) event.target.scrollIntoView({ block: "start" });
    }
  });
  // A refusal comes as 422 with the page that explains it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });

  // Text typed but not saved is kept in this browser, and offered again when the page is opened anew.
  const form = document.querySelector("[data-compose]");
  const address = document.body.dataset.address;
  if (address && location.pathname !== address) history.replaceState(null, "", address);
  if (form) {
    const place = `kentongan.draft.${location.pathname}`;
    const words = () => [...form.querySelectorAll("[name^='isi_']")];
    const asServed = JSON.stringify(words().map((one) => one.value));
    const kept = JSON.parse(localStorage.getItem(place) || "null");
    if (kept && kept.served === asServed && !document.querySelector("[role=alert]")) {
      words().forEach((one) => { if (one.name in kept.values) one.value = kept.values[one.name]; });
      words()[0]?.dispatchEvent(new Event("change", { bubbles: true }));
    }
    form.addEventListener("input", () => {
      const values = Object.fromEntries(words().map((one) => [one.name, one.value]));
      localStorage.setItem(place, JSON.stringify({ served: asServed, values }));
    });
    form.addEventListener("submit", () => localStorage.removeItem(place));
    const time = form.querySelector("[data-time]");
    time?.addEventListener("input", () => { form.querySelector("[value=nanti]").checked = true; });
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
    const told = document.getElementById("copied");
    if (told) told.textContent = button.dataset.copied;
  });

  const all = document.querySelector("[data-tick-all]");
  all?.addEventListener("change", () => {
    document.querySelectorAll("[data-tick]").forEach((box) => { box.checked = all.checked; });
  });

  document.querySelectorAll("[data-needs-script]").forEach((one) => { one.hidden = false; });
  const control = document.querySelector("[data-keys-switch]");
  if (control) {
    control.checked = !keysOff();
    control.addEventListener("change", () => localStorage.setItem(OFF, control.checked ? "0" : "1"));
  }
})();
