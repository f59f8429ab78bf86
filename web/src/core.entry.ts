// What every page gets: the offline page, menus, dialogs, counters, forms that are sent once, kept progress.
import { flushNotes } from "./note-draft";
import { flush } from "./queue";
import { announce, text } from "./status";
import { followUnsent } from "./unsent";

const RELEASE_MS = 15_000;
document.documentElement.classList.add("script");

document.addEventListener("click", (event) => {
  const target = event.target as Element;
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
  const opener = target.closest<HTMLElement>("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog ?? "");
  if (dialog instanceof HTMLDialogElement) {
    event.preventDefault();
    dialog.showModal();
  }
  if (target.closest("[data-close]")) target.closest("dialog")?.close();
  const copied = document.getElementById(target.closest<HTMLElement>("[data-copy]")?.dataset.copy ?? "");
  if (copied && !navigator.clipboard) getSelection()?.selectAllChildren(copied); // plain http
  else if (copied) {
    void navigator.clipboard.writeText(copied.textContent ?? "").then(() => announce(text("copied")));
  }
  if (target.closest("[data-print]")) window.print();
  if (target.closest("[data-reload]")) location.reload();
});

document.addEventListener("keydown", (event) => {
  const menu = (event.target as Element).closest<HTMLDetailsElement>("details.menu[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-disabled", "true");
  // A person may have stopped the page; files may take longer.
  if (form.enctype !== "multipart/form-data") window.setTimeout(() => release(form), RELEASE_MS);
});

function release(form: HTMLFormElement): void {
  delete form.dataset.sent;
  form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
}

// A page from the back-forward cache may be sent again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll<HTMLFormElement>("form[data-sent]").forEach(release);
});

followUnsent();

for (const field of document.querySelectorAll<HTMLTextAreaElement>("[data-count]")) {
  const shown = document.getElementById(field.dataset.count ?? "");
  const count = () => {
    if (shown) shown.textContent = `${[...field.value].length} / ${field.maxLength}`;
  };
  field.addEventListener("input", count);
  count();
}

for (const shown of document.querySelectorAll<HTMLElement>("[data-countdown]")) {
  let left = Number(shown.dataset.countdown);
  const timer = window.setInterval(() => {
    left -= 1;
    shown.textContent = String(Math.max(left, 0));
    if (left > 0) return;
    clearInterval(timer);
    const then = document.getElementById(shown.dataset.then ?? "");
    if (then) then.hidden = false;
    shown.dispatchEvent(new Event("countdown", { bubbles: true }));
  }, 1000);
}
// The server offers Undo for as long as the form's countdown says.
document.addEventListener("countdown", (event) => {
  (event.target as Element).closest("[data-expires]")?.remove();
});

/** Send what the device kept: progress, then notes. */
function sendKept(): void {
  if (document.documentElement.dataset.user) void flush().then(flushNotes);
}

const offline = document.getElementById("offline");
const showOffline = () => {
  if (offline) offline.textContent = navigator.onLine ? "" : text("offline");
};
window.addEventListener("offline", showOffline);
window.addEventListener("online", () => {
  showOffline();
  sendKept();
  if (document.querySelector("[data-reload]")) location.reload();
});
showOffline();
sendKept();

// After the page and what it loads: the worker shows a page of our own while the device is offline.
window.addEventListener("load", () => {
  document.documentElement.classList.add("loaded");
  if (!("serviceWorker" in navigator)) return;
  const path = `/service-worker.js?language=${document.documentElement.lang}`;
  const register = () =>
    navigator.serviceWorker.register(path, { updateViaCache: "all" }).catch(() => undefined);
  window.setTimeout(register, 1500);
});
