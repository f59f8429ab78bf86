// Fields that add nodes: Enter adds and leaves the next empty field; pasted lines are shown first.
import { create, explain, type Kind, type Stage } from "./curriculum-api";
import { branchOf, headOf, insert, makeRow, open, type Row } from "./curriculum-rows";
import { announce } from "./status";
import { say } from "./words";

interface Line {
  depth: number;
  name: string;
}

const KINDS: Kind[] = ["levels", "grades", "subjects"];
const MOST = 100;
const PREVIEWED = 12;
// One write after the other, in the order in which they were typed.
let queue: Promise<unknown> = Promise.resolve();

/** Return the names of a text, one per line; indented lines belong to the line above. */
export function readLines(text: string): Line[] {
  const found: Line[] = [];
  const indents: number[] = [];
  for (const raw of text.replace(/\t/g, "    ").split(/\r?\n/)) {
    const name = raw.trim().replace(/^(?:[-*•]|\d+[.)])\s+/, "").trim();
    if (!name) continue;
    const indent = raw.length - raw.trimStart().length;
    while (indents.length && indents[indents.length - 1]! >= indent) indents.pop();
    found.push({ depth: indents.length, name });
    indents.push(indent);
  }
  return found.slice(0, MOST);
}

function fieldOf(form: HTMLFormElement): HTMLTextAreaElement {
  return form.querySelector("textarea")!;
}

export function buttonOf(form: HTMLFormElement): HTMLButtonElement {
  return form.querySelector<HTMLButtonElement>(":scope > .button")!;
}

/** Open a field and close the other empty ones. */
export function openAdder(form: HTMLFormElement): void {
  for (const each of document.querySelectorAll<HTMLFormElement>("form[data-adder][data-open]")) {
    if (each !== form && !fieldOf(each).value.trim()) delete each.dataset.open;
  }
  form.dataset.open = "";
  fieldOf(form).focus();
}

export function closeAdder(form: HTMLFormElement): void {
  fieldOf(form).value = "";
  preview(form);
  delete form.dataset.open;
  buttonOf(form).focus();
}

/** Show the lines that will be added, where they are several. */
export function preview(form: HTMLFormElement): void {
  const shown = form.querySelector<HTMLElement>(".preview")!;
  const lines = readLines(fieldOf(form).value);
  const label = buttonOf(form).querySelector<HTMLElement>("[data-label]")!;
  label.dataset.label = label.dataset.label || (label.textContent ?? "");
  const many = lines.length > 1;
  label.textContent = many ? say("addAll", { n: lines.length }) : label.dataset.label;
  shown.hidden = !many;
  const hint = document.createElement("p");
  hint.textContent = say("preview");
  const list = document.createElement("ul");
  for (const line of lines.slice(0, PREVIEWED)) {
    const item = document.createElement("li");
    item.className = ["", "deeper", "deepest"][Math.min(line.depth, 2)]!;
    item.textContent = line.name;
    list.append(item);
  }
  if (lines.length > PREVIEWED) list.append("…");
  shown.replaceChildren(hint, list);
}

/** Add what was typed. `inside` goes on with the children of the last node. */
export function submit(form: HTMLFormElement, inside = false): void {
  const field = fieldOf(form);
  const lines = readLines(field.value);
  field.focus();
  if (!lines.length) return;
  field.value = "";
  preview(form);
  queue = queue.then(() => addLines(form, lines, inside));
}

async function addLines(form: HTMLFormElement, lines: Line[], inside: boolean): Promise<void> {
  const select = form.querySelector("select");
  const first = KINDS.indexOf(form.dataset.adder as Kind);
  const lists = [form.parentElement!.querySelector<HTMLElement>(":scope > ul, :scope > .nodes")!];
  const parents = [form.dataset.parent ?? ""];
  let row: Row | undefined;
  let stage = (select?.value ?? "primary") as Stage;
  for (const [number, line] of lines.entries()) {
    const depth = Math.min(line.depth, lists.length - 1, KINDS.length - 1 - first);
    const kind = KINDS[first + depth]!;
    lists.length = parents.length = depth + 1;
    try {
      if (kind === "levels") stage = stageOf(line.name);
      const id = await create(kind, parents[depth]!, line.name, stage);
      row = makeRow(kind, id, line.name, stage);
      insert(lists[depth]!, row);
      parents.push(id);
      const below = branchOf(row)?.querySelector<HTMLElement>(":scope > ul");
      if (below) lists.push(below);
    } catch (problem) {
      return giveBack(form, lines.slice(number), explain(problem, line.name));
    }
  }
  document.querySelector("[data-curriculum] > .empty")?.remove();
  announce(lines.length > 1 ? say("addedAll", { n: lines.length }) : say("added", lines[0]! as never));
  if (row) settle(form, row, lines, inside);
}

/** Open what has new children, and go on with those of the last node if that was wanted. */
function settle(form: HTMLFormElement, row: Row, lines: Line[], inside: boolean): void {
  const ends = [...form.parentElement!.querySelectorAll<Row>("li[data-id]")];
  for (const each of lines.length > 1 ? ends : []) {
    if (branchOf(each)?.querySelector("li") && headOf(each).ariaExpanded !== "true") open(each, true);
  }
  const next = branchOf(row)?.querySelector<HTMLFormElement>(":scope > form[data-adder]");
  if (!inside || !next) return;
  open(row, true);
  delete form.dataset.open;
  openAdder(next);
  next.scrollIntoView({ block: "nearest" });
}

/** Return the stage that the name of a level suggests, as the server does. */
function stageOf(level: string): Stage {
  if (/univers|tertiary|higher|faculty|supérieur/i.test(level)) return "higher";
  return /second|high|middle|junior|lycée|collège/i.test(level) ? "secondary" : "primary";
}

/** Put the lines that could not be added back into the field, before what was typed since. */
function giveBack(form: HTMLFormElement, lines: Line[], why: string): void {
  const field = fieldOf(form);
  const rest = lines.map((line) => "    ".repeat(line.depth) + line.name);
  field.value = [...rest, field.value].filter((each) => each.trim()).join("\n");
  form.dataset.open = "";
  preview(form);
  announce(why);
}

