// The rows of a queue: selection, focus, folding away and coming back.
import type { Item, Result } from "./decisions";
import { decider, filled, statusOf } from "./outcomes";

export type Row = HTMLTableRowElement;

const FOLD_MS = 170;

export function rows(): Row[] {
  return [...document.querySelectorAll<Row>("[data-row]:not([data-folding])")];
}

export function open(): Row[] {
  return rows().filter((row) => !row.hasAttribute("data-settled"));
}

export function idOf(row: Row): string {
  return row.dataset.row ?? "";
}

export function find(id: string): Row | undefined {
  return document.querySelector<Row>(`[data-row="${CSS.escape(id)}"]`) ?? undefined;
}

export function itemOf(row: Row): Item {
  const { given = "", learner = "", subject = "" } = row.dataset;
  return { id: idOf(row), given, learner, subject };
}

export function box(row: Row): HTMLInputElement {
  return row.querySelector<HTMLInputElement>("input[name=id]")!;
}

export function selected(): Row[] {
  return open().filter((row) => box(row).checked);
}

export function check(row: Row, on: boolean): void {
  box(row).checked = on;
  row.querySelector("[data-pick]")?.setAttribute("aria-pressed", String(on));
}

/** Return the row that contains the focus. */
export function current(): Row | undefined {
  return document.activeElement?.closest<Row>("[data-row]") ?? undefined;
}

export function focus(row: Row): void {
  box(row).focus();
  row.scrollIntoView({ block: "nearest" });
}

/** Move the focus by a number of rows; from outside of the rows to the first or last one. */
export function step(by: number): void {
  const all = open();
  const at = current();
  const from = at ? all.indexOf(at) : by > 0 ? -1 : all.length;
  const next = all[Math.min(Math.max(from + by, 0), all.length - 1)];
  if (next) focus(next);
}

/** Fold decided rows away. The focus goes to the row after them, if it was in one of them. */
export function fold(ids: string[]): void {
  const going = ids.map(find).filter((row): row is Row => row !== undefined);
  const at = current();
  const all = rows();
  if (at && going.includes(at)) {
    const after = [...all.slice(all.indexOf(at)), ...all.slice(0, all.indexOf(at)).reverse()];
    const next = after.find((row) => !going.includes(row) && !row.hasAttribute("data-settled"));
    if (next) focus(next);
  }
  for (const row of going) {
    check(row, false);
    row.dataset.folding = "";
    row.inert = true; // a second click is for the row that follows
    // Hidden after it has faded, unless it came back.
    window.setTimeout(() => {
      if ("folding" in row.dataset) row.dataset.gone = "";
    }, FOLD_MS);
  }
}

export function unfold(ids: string[]): void {
  for (const id of ids) {
    const row = find(id);
    if (!row) continue;
    delete row.dataset.folding;
    delete row.dataset.gone;
    row.inert = false;
  }
  const first = ids.map(find).find((row) => row !== undefined);
  if (first) focus(first);
}

/** Show why a row could not be decided. It stays selectable. */
export function explain(id: string, reason: string): void {
  const shown = find(id)?.querySelector<HTMLElement>("[data-reason]");
  if (!shown) return;
  shown.textContent = reason;
  shown.hidden = !reason;
}

/** Show in a row which other administrator decided, and when, in place of its buttons. */
export function settle(result: Result): void {
  const row = find(result.id);
  const cell = row?.querySelector<HTMLElement>("[data-actions]");
  if (!row || !cell) return;
  const approved = statusOf(result) === "APPROVED";
  const line = document.createElement("p");
  line.className = `chip ${approved ? "ok" : "bad"}`;
  line.textContent = filled(approved ? "byApproved" : "byRejected", { name: decider(result) });
  const at = document.createElement("p");
  at.className = "small quiet";
  if (result.decidedAt) at.append(moment(result.decidedAt));
  const had = row.contains(document.activeElement);
  check(row, false);
  box(row).disabled = true;
  row.dataset.settled = "";
  cell.replaceChildren(line, at);
  if (had) step(1);
}

function moment(iso: string): HTMLElement {
  const shown = document.createElement("time");
  const language = document.documentElement.lang;
  const at = new Date(iso);
  shown.dateTime = iso;
  shown.title = at.toLocaleString(language, { dateStyle: "long", timeStyle: "medium" });
  shown.textContent = at.toLocaleTimeString(language, { timeStyle: "short" });
  return shown;
}
