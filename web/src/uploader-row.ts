// The row of one upload: name, size, state in words, bar, buttons.
import { duration, say, size } from "./words";

export type State =
  | "waiting"
  | "starting"
  | "uploading"
  | "paused"
  | "line"
  | "again"
  | "done"
  | "failed";
export type Action = "pause" | "resume" | "retry" | "remove";

const BUTTONS: Record<State, Action[]> = {
  waiting: ["pause", "remove"],
  starting: ["pause", "remove"],
  uploading: ["pause", "remove"],
  paused: ["resume", "remove"],
  line: ["pause", "retry", "remove"],
  again: ["remove"],
  done: ["remove"],
  failed: ["retry", "remove"],
};

export class Row {
  readonly element: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #state: HTMLElement;
  readonly #error: HTMLElement;
  readonly #input: HTMLInputElement;
  #since = 0;
  #from = 0;

  constructor(
    name: string,
    readonly bytes: number,
    kind: "document" | "video",
    title: string | undefined,
    on: { act: (action: Action) => void; rename: (name: string) => void },
  ) {
    const template = document.getElementById("upload-row") as HTMLTemplateElement;
    this.element = (template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
    this.#bar = this.#find("progress");
    this.#state = this.#find("[data-state]");
    this.#error = this.#find("[data-error]");
    this.#input = this.#find("[data-name]");
    if (kind === "video") {
      const icon = this.#find("use");
      icon.setAttribute("href", `${icon.getAttribute("href")?.split("#")[0]}#play`);
    }
    this.#find("[data-size]").textContent = size(bytes);
    for (const each of this.element.querySelectorAll("[data-of]")) each.textContent = ` ${name}`;
    this.#bar.setAttribute("aria-label", say("uploadOf", { name }));
    this.#input.setAttribute("aria-label", say("nameOf", { name }));
    this.#input.value = title ?? name;
    this.#input.addEventListener("change", () => on.rename(this.#input.value.trim()));
    this.element.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-do]");
      if (button) on.act(button.dataset.do as Action);
    });
  }

  #find<T extends HTMLElement>(selector: string): T {
    return this.element.querySelector(selector) as T;
  }

  /** Show the name that the server stored, unless another one is being typed. */
  name(name: string): void {
    if (document.activeElement !== this.#input) this.#input.value = name;
  }

  focus(): void {
    this.element.querySelector<HTMLElement>("[data-do]:not([hidden])")?.focus();
  }

  /** Show a state. Focus stays on the row when the button under it goes. */
  show(state: State, sent: number, error = ""): void {
    const percent = this.bytes ? Math.floor((sent / this.bytes) * 100) : 0;
    if (state !== "uploading") this.#since = 0;
    this.#bar.value = state === "done" ? 100 : percent;
    this.#bar.hidden = state === "done" || state === "failed";
    this.#state.textContent = this.#words(state, sent, percent);
    this.#error.textContent = error;
    this.#error.hidden = !error;
    const focused = this.element.contains(document.activeElement);
    for (const button of this.element.querySelectorAll<HTMLElement>("[data-do]")) {
      button.hidden = !BUTTONS[state].includes(button.dataset.do as Action);
    }
    const gone = focused && !(document.activeElement as HTMLElement).offsetParent;
    if (gone) this.element.querySelector<HTMLElement>("[data-do]:not([hidden])")?.focus();
  }

  #words(state: State, sent: number, percent: number): string {
    switch (state) {
      case "uploading": {
        if (!this.#since) {
          this.#since = performance.now();
          this.#from = sent;
        }
        const seconds = (performance.now() - this.#since) / 1000;
        const speed = (sent - this.#from) / seconds;
        const left = speed > 0 ? (this.bytes - sent) / speed : 0;
        return left ? say("percent", { percent, left: duration(left) }) : `${percent} %`;
      }
      case "paused":
      case "line":
      case "again":
        return say(state, { percent });
      default:
        return say(state);
    }
  }
}
