// The one status region of a page: a sentence, and sometimes an action such as Undo.

const SHOWN_MS = 6000;
let before: EventTarget | null = null; // what had the focus before the region's action
let kept = false; // whether the sentence stays until `release`
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
  if (!region || kept) return;
  const line = document.createElement("div");
  const said = document.createElement("p");
  said.textContent = text;
  line.append(said);
  if (action) line.append(" ", offer(action, region));
  else clearInterval(ticker);
  empty(region);
  region.append(line);
  clearTimeout(timer);
  timer = window.setTimeout(() => empty(region), action ? lasts(action) : SHOWN_MS);
}

/** Remove the sentence. A focus on its action goes back to where it came from. */
function empty(region: HTMLElement): void {
  const focused = region.contains(document.activeElement);
  region.replaceChildren();
  if (focused) putFocus(before);
}

/** Focus an element that can be seen; the main part of the page where there is none. */
export function putFocus(wanted: EventTarget | null | undefined): void {
  const shown = wanted instanceof HTMLElement && wanted.isConnected && wanted.offsetParent;
  (shown ? (wanted as HTMLElement) : document.getElementById("main"))?.focus({ preventScroll: true });
}

function lasts(action: Action): number {
  return (action.seconds ?? 30) * 1000;
}

function offer(action: Action, region: HTMLElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = action.label;
  if (action.title) button.title = action.title;
  button.onfocus = (event) => (before = event.relatedTarget);
  button.onclick = () => {
    clearInterval(ticker);
    empty(region);
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

/** Show a sentence that no other replaces until `release`. */
export function insist(text: string, action: Action): void {
  hold(text, action);
  kept = true;
}

export function release(): void {
  if (!kept) return;
  kept = false;
  const region = document.getElementById("status");
  if (region) empty(region);
}

/** Return a text of the page in the reader's language. */
export function text(name: string): string {
  return document.getElementById("texts")?.dataset[name] ?? name;
}
