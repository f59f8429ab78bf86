// The one status region of a page: a sentence, and sometimes an action such as Undo.

const SHOWN_MS = 6000;
let timer = 0;
let ticker = 0;

export interface Action {
  label: string;
  run: () => void;
  /** For how long the action is offered. The remaining seconds are shown, and not announced. */
  seconds?: number;
  title?: string;
}

export function announce(text: string, action?: Action): void {
  const region = document.getElementById("status");
  if (!region) return;
  const line = document.createElement("div");
  const said = document.createElement("p");
  said.textContent = text;
  line.append(said);
  if (action) line.append(" ", offer(action, region));
  else clearInterval(ticker);
  region.replaceChildren(line);
  clearTimeout(timer);
  timer = window.setTimeout(() => region.replaceChildren(), action ? lasts(action) : SHOWN_MS);
}

function lasts(action: Action): number {
  return (action.seconds ?? 30) * 1000;
}

function offer(action: Action, region: HTMLElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = action.label;
  if (action.title) button.title = action.title;
  button.onclick = () => {
    clearInterval(ticker);
    region.textContent = "";
    action.run();
  };
  clearInterval(ticker);
  if (action.seconds) countDown(button, action.seconds);
  return button;
}

function countDown(button: HTMLButtonElement, seconds: number): void {
  const end = Date.now() + seconds * 1000;
  const shown = document.createElement("span");
  shown.className = "numbers";
  shown.ariaHidden = "true";
  const show = () => {
    shown.textContent = ` (${Math.max(Math.ceil((end - Date.now()) / 1000), 0)} s)`;
  };
  show();
  button.append(shown);
  ticker = window.setInterval(show, 1000);
}

/** Show a sentence until the next one. */
export function hold(text: string, action?: Action): void {
  announce(text, action);
  clearTimeout(timer);
}

/** Return a text of the page in the reader's language. */
export function text(name: string): string {
  return document.getElementById("texts")?.dataset[name] ?? name;
}
