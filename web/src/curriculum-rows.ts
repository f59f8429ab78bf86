// The rows of the curriculum's tree.
import type { Kind } from "./curriculum-api";
import { text } from "./status";
import { say } from "./words";

export type Row = HTMLLIElement;
const NAMES = new Intl.Collator(document.documentElement.lang, { numeric: true });

export function rowOf(element: Element): Row {
  return element.closest<Row>("[data-id]")!;
}

export function kindOf(row: Row): Kind {
  return row.dataset.kind as Kind;
}

export function idOf(row: Row): string {
  return row.dataset.id ?? "";
}

export function nameOf(row: Row): string {
  return row.querySelector("[data-shown-name]")?.textContent ?? "";
}

export function parentOf(row: Row): Row | null {
  return row.parentElement!.closest<Row>("[data-id]");
}

export function branchOf(row: Row): HTMLElement | null {
  return row.querySelector<HTMLElement>(":scope > [data-branch]");
}

/** Return the button or link that names the row. */
export function headOf(row: Row): HTMLElement {
  return row.querySelector<HTMLElement>(".node-name")!;
}

export function bodyOf(row: Row): HTMLElement {
  return row.querySelector<HTMLElement>(".node-row")!;
}

/** Return a copy of a template in which `{id}` and `{name}` are replaced. */
export function fill(template: HTMLTemplateElement, id: string, name: string): HTMLElement {
  const made = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
  const filled = (value: string) => value.replace(/\{(id|name)\}/g, (_, key) => (key === "id" ? id : name));
  for (const each of [made, ...made.querySelectorAll("*")]) {
    for (const { name: attribute, value } of [...each.attributes]) {
      if (value.includes("{")) each.setAttribute(attribute, filled(value));
    }
    for (const node of each.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) node.textContent = filled(node.textContent ?? "");
    }
  }
  return made;
}

/** Make a row; `stage` is that of a grade, or what a level's grades will have. */
export function makeRow(kind: Kind, id: string, name: string, stage: string): Row {
  const template = document.querySelector<HTMLTemplateElement>(`template[data-row="${kind}"]`)!;
  const row = fill(template, id, name) as Row;
  const select = row.querySelector("select");
  if (kind === "levels" && select) select.value = stage;
  if (kind === "grades") showStage(row, stage);
  return row;
}

/** Show the stage of a grade in the words of the page. */
export function showStage(row: Row, stage: string): void {
  const levels = document.querySelector<HTMLTemplateElement>('template[data-row="levels"]')!;
  const options = [...levels.content.querySelectorAll("option")];
  row.dataset.stageName = stage;
  const words = options.find((each) => each.value === stage)?.text;
  bodyOf(row).querySelector("[data-stage]")!.textContent = words ?? stage;
}

/** Insert a row in the order of names. */
export function insert(list: Element, row: Row): void {
  const name = nameOf(row);
  const after = ([...list.children] as Row[]).find((each) => NAMES.compare(nameOf(each), name) > 0);
  list.insertBefore(row, after ?? null);
  recount(row);
}

/** Show how many children the parent of a row has. */
export function recount(row: Row, by = 1): void {
  const parent = parentOf(row);
  const shown = parent && bodyOf(parent).querySelector<HTMLElement>(".node-count");
  if (!shown) return;
  const n = Number(shown.dataset.count) + by;
  shown.dataset.count = String(n);
  const [first, ...rest] = kindOf(parent);
  const form = n === 1 ? "one" : "many";
  shown.textContent = say(`${form}${first!.toUpperCase()}${rest.join("")}`, { n });
}

export function open(row: Row, opened: boolean): void {
  const branch = branchOf(row);
  if (branch) branch.hidden = !opened;
  headOf(row).setAttribute("aria-expanded", String(opened));
  const shown = opened ? row : parentOf(row);
  history.replaceState(null, "", `/admin/curriculum?open=${shown ? idOf(shown) : ""}`);
}

export function rename(row: Row, name: string): void {
  const own = row.querySelectorAll(":scope > .node-row [data-shown-name]");
  for (const each of own) each.textContent = name;
}

/** Show whether a row is hidden; its button does the opposite from then on. */
export function setActive(row: Row, button: HTMLButtonElement, active: boolean): void {
  const label = text(active ? "hide" : "show");
  button.value = active ? "0" : "1";
  button.title = label;
  const [words] = [...(button.querySelector(".hide")?.childNodes ?? [])];
  if (words) words.textContent = `${label} `;
  const use = button.querySelector("use");
  use?.setAttribute("href", use.getAttribute("href")!.replace(/#.*/, active ? "#hide" : "#eye"));
  const facts = bodyOf(row).querySelector(".node-facts")!;
  facts.querySelector(".chip")?.remove();
  if (active) return;
  const chip = document.createElement("span");
  chip.className = "chip warn";
  chip.textContent = text(kindOf(row) === "topics" ? "draftMark" : "hiddenMark");
  facts.prepend(chip);
}

/** Only the first topic cannot move up, and the last one down. */
export function setEnds(list: Element): void {
  [...list.children].forEach((each, index) => {
    const moves = each.querySelectorAll<HTMLButtonElement>("button[name=move]");
    moves.forEach((move) => {
      move.disabled = move.value === "up" ? index === 0 : index === list.children.length - 1;
    });
  });
}
