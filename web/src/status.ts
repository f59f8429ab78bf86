// The one status region of a page: a sentence, and sometimes an action such as Undo.

const SHOWN_MS = 6000;
let timer = 0;

export function announce(text: string, action?: { label: string; run: () => void }): void {
  const region = document.getElementById("status");
  if (!region) return;
  const line = document.createElement("p");
  line.append(text);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.label;
    button.onclick = () => {
      region.textContent = "";
      action.run();
    };
    line.append(button);
  }
  region.replaceChildren(line);
  clearTimeout(timer);
  timer = window.setTimeout(() => region.replaceChildren(), action ? 30_000 : SHOWN_MS);
}

/** Show a sentence until the next one. */
export function hold(text: string): void {
  announce(text);
  clearTimeout(timer);
}

/** Return a text of the page in the reader's language. */
export function text(name: string): string {
  return document.getElementById("texts")?.dataset[name] ?? name;
}
