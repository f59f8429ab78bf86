// The curriculum editor: open, add, rename, hide, move, delete, undo. Without it, forms do the same.
import { buttonOf, closeAdder, openAdder, preview, submit } from "./curriculum-adder";
import * as api from "./curriculum-api";
import type { Changes, Stage } from "./curriculum-api";
import * as rows from "./curriculum-rows";
import type { Row } from "./curriculum-rows";
import { announce, text } from "./status";
import { say } from "./words";

const root = document.querySelector<HTMLElement>("[data-curriculum]")!;
const SECONDS = Number(root.dataset.undoSeconds);

async function toggle(row: Row): Promise<void> {
  const head = rows.headOf(row);
  if (rows.branchOf(row)) return rows.open(row, head.getAttribute("aria-expanded") !== "true");
  const id = rows.idOf(row);
  const page = await api.fetchPage(`open=${id}`);
  const branch = page.querySelector(`[data-branch="${id}"]`);
  if (!branch) throw new Error("no branch");
  if (!rows.branchOf(row)) row.append(branch);
  rows.open(row, true);
}

function edit(row: Row): void {
  const there = row.querySelector<HTMLFormElement>(":scope > [data-editor]");
  const template = document.querySelector<HTMLTemplateElement>(
    `template[data-editor-of="${rows.kindOf(row)}"]`,
  )!;
  const form = there ?? (rows.fill(template, rows.idOf(row), rows.nameOf(row)) as HTMLFormElement);
  if (!there) rows.bodyOf(row).after(form);
  const name = form.querySelector<HTMLInputElement>("[name=name]")!;
  name.value = rows.nameOf(row);
  const stage = form.querySelector<HTMLSelectElement>("[name=stage]");
  if (stage) stage.value = row.dataset.stageName ?? stage.value;
  const mentor = form.querySelector<HTMLSelectElement>("[name=mentor]");
  const id = row.dataset.mentorId ?? "";
  if (mentor && id && ![...mentor.options].some((each) => each.value === id)) {
    mentor.add(new Option(rows.bodyOf(row).querySelector("[data-mentor]")?.textContent ?? id, id));
  }
  if (mentor) mentor.value = id;
  name.focus();
  name.select();
}

function tool(row: Row, selector: string): HTMLButtonElement {
  return rows.bodyOf(row).querySelector<HTMLButtonElement>(selector)!;
}

/** Remove the editor and the question of a row, and put the focus back to their button. */
function close(row: Row, asked: boolean): void {
  row.querySelector(":scope > [data-editor]")?.remove();
  row.querySelector(":scope > [data-question]")?.remove();
  tool(row, asked ? "[data-delete]" : "[name=edit]").focus();
}

async function save(row: Row, form: HTMLFormElement): Promise<void> {
  const name = form.querySelector<HTMLInputElement>("[name=name]")!.value.trim();
  const stage = form.querySelector<HTMLSelectElement>("[name=stage]");
  const mentor = form.querySelector<HTMLSelectElement>("[name=mentor]");
  const changes: Changes = { name };
  if (stage) changes.level = stage.value as Stage;
  if (mentor) changes.mentorId = mentor.value || null;
  try {
    await api.update(rows.kindOf(row), rows.idOf(row), changes);
  } catch (problem) {
    return announce(api.explain(problem, name));
  }
  rows.rename(row, name);
  if (stage) rows.showStage(row, stage.value);
  if (mentor) {
    row.dataset.mentorId = mentor.value;
    const shown = mentor.value ? mentor.selectedOptions[0]?.text : text("noMentor");
    rows.bodyOf(row).querySelector("[data-mentor]")!.textContent = shown ?? "";
  }
  close(row, false);
  announce(say("saved", { name }));
}

async function setActive(row: Row, active: boolean): Promise<void> {
  const name = rows.nameOf(row);
  await api.update(rows.kindOf(row), rows.idOf(row), { isActive: active });
  rows.setActive(row, tool(row, "[name=active]"), active);
  announce(say(active ? "visibleNow" : "hiddenNow", { name }));
}

async function move(row: Row, button: HTMLButtonElement): Promise<void> {
  const list = row.parentElement!;
  const before = [...list.children];
  const up = button.value === "up";
  const next = up ? row.previousElementSibling : row.nextElementSibling?.nextElementSibling;
  if (up && !next) return;
  list.insertBefore(row, next ?? null);
  rows.setEnds(list);
  focusMove(row, button);
  const all = [...list.children] as Row[];
  try {
    await api.order(rows.idOf(rows.parentOf(row)!), all.map(rows.idOf));
  } catch (problem) {
    list.replaceChildren(...before);
    rows.setEnds(list);
    focusMove(row, button);
    throw problem;
  }
  announce(say("moved", { name: rows.nameOf(row), place: all.indexOf(row) + 1, total: all.length }));
}

function focusMove(row: Row, button: HTMLButtonElement): void {
  const other = tool(row, `[name=move][value=${button.value === "up" ? "down" : "up"}]`);
  (button.disabled ? other : button).focus();
}

/** Show what a deletion affects and ask; where it affects nothing, delete at once. */
async function ask(row: Row): Promise<void> {
  const page = await api.fetchPage(`delete=${rows.idOf(row)}`);
  const question = page.querySelector<HTMLElement>("[data-question]");
  // Another page was answered, such as that of the sign-in: nothing is deleted without its question.
  if (!question) throw new Error("no question");
  if (question.dataset.question === "nothing") return remove(row);
  row.querySelector(":scope > [data-question]")?.remove();
  rows.bodyOf(row).after(question);
  question.focus();
  question.scrollIntoView({ block: "nearest" });
}

async function remove(row: Row): Promise<void> {
  const name = rows.nameOf(row);
  await api.remove(rows.kindOf(row), rows.idOf(row));
  const list = row.parentElement!;
  const next = row.nextElementSibling as Row | null;
  const near = next ?? (row.previousElementSibling as Row | null);
  rows.recount(row, -1);
  row.querySelector(":scope > [data-question]")?.remove();
  row.remove();
  rows.setEnds(list);
  const adder = list.parentElement!.querySelector<HTMLElement>(":scope > form .button");
  (near ? rows.headOf(near) : adder)?.focus();
  const run = () => void attempt(() => undo(row, list, next), name);
  announce(say("deleted", { name }), { label: text("undo"), seconds: SECONDS, run });
  void showDeleted();
}

async function undo(row: Row, list: Element, next: Row | null): Promise<void> {
  await api.restore(rows.kindOf(row), rows.idOf(row));
  list.insertBefore(row, next && next.parentElement === list ? next : null);
  rows.recount(row);
  rows.setEnds(list);
  rows.headOf(row).focus();
  announce(say("back", { name: rows.nameOf(row) }));
  void showDeleted();
}

/** Show the list of deleted nodes again. */
async function showDeleted(): Promise<void> {
  const page = await api.fetchPage("").catch(() => undefined);
  if (!page) return;
  const now = page.querySelector("#deleted");
  const shown = document.getElementById("deleted");
  if (shown) shown.replaceWith(...(now ? [now] : []));
  else if (now) root.after(now);
}

async function attempt(work: () => Promise<void>, name: string): Promise<void> {
  try {
    await work();
  } catch (problem) {
    announce(api.explain(problem, name));
  }
}

/** Return what a button of the tree does, or nothing for one that only the server knows. */
function doing(button: HTMLButtonElement, row: Row): (() => Promise<void> | void) | undefined {
  if (button.hasAttribute("data-toggle")) return () => toggle(row);
  if (button.hasAttribute("data-cancel")) return () => close(row, !!button.closest("[data-question]"));
  if (button.hasAttribute("data-delete")) return () => ask(row);
  if (button.name === "edit") return () => edit(row);
  if (button.name === "move") return () => move(row, button);
  if (button.name === "sure") return () => remove(row);
  if (button.name !== "active") return undefined;
  return async () => {
    await setActive(row, button.value === "1");
    if (button.closest("[data-question]")) close(row, true);
  };
}

root.addEventListener(
  "click",
  (event) => {
    const button = (event.target as Element).closest("button");
    const row = button && (button.closest<Row>("[data-id]") as Row | null);
    const adder = button?.closest<HTMLFormElement>("form[data-adder]");
    if (!button) return;
    if (adder) {
      event.preventDefault();
      if (adder.dataset.open === undefined) openAdder(adder);
      else submit(adder);
      return;
    }
    const work = row && doing(button, row);
    if (!row || !work) return;
    event.preventDefault();
    if (button.dataset.busy) return;
    button.dataset.busy = "1";
    void attempt(async () => work(), rows.nameOf(row)).finally(() => delete button.dataset.busy);
  },
  true,
);

root.addEventListener(
  "submit",
  (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.hasAttribute("data-editor")) return;
    event.preventDefault();
    void save(rows.rowOf(form), form);
  },
  true,
);

root.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  const adder = target.closest<HTMLFormElement>("form[data-adder]");
  const inEditor = target.closest("[data-editor], [data-question]");
  if (event.key === "Escape" && adder && adder.dataset.open !== undefined) closeAdder(adder);
  else if (event.key === "Escape" && inEditor) {
    close(rows.rowOf(inEditor), inEditor.hasAttribute("data-question"));
  }
  if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
  if (!adder || target.tagName === "BUTTON") return;
  event.preventDefault();
  submit(adder, event.ctrlKey || event.metaKey);
});

root.addEventListener("input", (event) => {
  const adder = (event.target as Element).closest<HTMLFormElement>("form[data-adder]");
  if (adder) preview(adder);
});

for (const form of root.querySelectorAll<HTMLFormElement>("form[data-adder]")) {
  if (form.querySelector("textarea")!.value.trim()) {
    form.dataset.open = "";
    preview(form);
    buttonOf(form).scrollIntoView({ block: "nearest" });
  }
}
