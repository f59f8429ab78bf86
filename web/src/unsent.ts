// A form that could not be sent, because its session had ended: its texts are put back into the form
// when the same person opens its page again in this tab.
import { announce, text } from "./status";

interface Kept {
  user: string;
  path: string;
  texts: [string, string][];
}

const KEPT = "akako:unsent";
const LAST = "akako:last";

/** Keep the texts of the page for unsent forms; put them back on the page of the form. */
export function followUnsent(): void {
  try {
    const form = document.querySelector<HTMLFormElement>("form[data-unsent]");
    const user = document.documentElement.dataset.user;
    if (form) keep(form, user);
    else if (user) putBack(user);
    if (user) sessionStorage.setItem(LAST, user);
  } catch {
    // Storage is full or switched off: the page for unsent forms is enough.
  }
}

function keep(form: HTMLFormElement, signedIn: string | undefined): void {
  const user = signedIn ?? sessionStorage.getItem(LAST) ?? "";
  const path = document.getElementById("texts")?.dataset.unsent ?? "";
  const store = () => {
    const texts = [...form.querySelectorAll("textarea")].map((each) => [each.name, each.value]);
    sessionStorage.setItem(KEPT, JSON.stringify({ user, path, texts }));
  };
  store();
  form.addEventListener("input", store);
  if (signedIn) form.addEventListener("submit", () => sessionStorage.removeItem(KEPT));
}

function putBack(user: string): void {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Kept | null;
  if (!kept) return;
  const form = document.querySelector<HTMLFormElement>(`form[action="${CSS.escape(kept.path)}"]`);
  if (kept.user !== user || !form) return;
  for (const [name, value] of kept.texts) {
    const field = form.elements.namedItem(name);
    if (!(field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement)) continue;
    field.value = value;
    const closed = field.closest("details");
    if (closed) closed.open = true;
  }
  sessionStorage.removeItem(KEPT);
  announce(text("restored"));
}
