// The queues of administrators: select, decide many at once, undo, keys.
import { decide, type Filters, type Item, matching, type Verdict } from "./decisions";
import { filled, Outcome, undoReason } from "./outcomes";
import * as list from "./rows";
import { announce, text } from "./status";
import * as store from "./store";

const UNDO_SECONDS = 30;
// Pages that are opened before the undo window ends offer to undo, too. An entry without ids is a
// sentence for the next page only.
const KEPT = "queue-undo";

interface Undo {
  path: string;
  ids: string[];
  said: string;
  until: number;
}

class Queue {
  private readonly kind: string;
  private readonly bar: HTMLElement;
  private readonly note: HTMLInputElement;
  private all: Item[] | undefined; // what "all that match" selected beyond this page
  private turn: Promise<void> = Promise.resolve(); // decisions are sent one after another
  private readonly sent = new Set<string>();

  constructor(private readonly form: HTMLFormElement) {
    this.kind = form.dataset.queue ?? "";
    this.bar = form.querySelector<HTMLElement>(".selection")!;
    this.note = form.querySelector<HTMLInputElement>("#note")!;
    for (const each of form.querySelectorAll<HTMLElement>("[data-page], [data-all], [data-pick]")) {
      each.hidden = false;
    }
    this.part("[data-steps]").hidden = false;
    form.addEventListener("submit", (event) => this.submitted(event));
    form.addEventListener("click", (event) => void this.clicked(event));
    form.addEventListener("change", (event) => this.changed(event));
    document.addEventListener("keydown", (event) => this.pressed(event));
    followKeys();
    this.resume();
    this.show();
  }

  private part(selector: string): HTMLElement {
    return this.bar.querySelector<HTMLElement>(selector)!;
  }

  private get ids(): string[] {
    return this.all ? this.all.map((each) => each.id) : list.selected().map(list.idOf);
  }

  private submitted(event: SubmitEvent): void {
    const button = event.submitter as HTMLButtonElement | null;
    const [verdict, id] = (button?.value ?? "").split(":");
    event.preventDefault();
    if (verdict !== "approve" && verdict !== "reject") return;
    this.decide(verdict, id ? [id] : this.ids);
  }

  private async clicked(event: Event): Promise<void> {
    const target = (event.target as Element).closest<HTMLElement>("button");
    if (!target) return;
    if (target.matches("[data-page]")) this.select(list.open());
    if (target.matches("[data-clear]")) this.clear();
    if (target.matches("[data-step]")) list.step(Number(target.dataset.step));
    if (target.matches("[data-pick]")) {
      const row = target.closest<list.Row>("[data-row]")!;
      list.check(row, !list.box(row).checked);
      this.all = undefined;
      this.show();
    }
    if (target.matches("[data-all]")) await this.selectAll(target);
  }

  private changed(event: Event): void {
    const row = (event.target as Element).closest<list.Row>("[data-row]");
    if (!row) return;
    list.check(row, list.box(row).checked);
    this.all = undefined;
    this.show();
  }

  private select(chosen: list.Row[]): void {
    this.all = undefined;
    for (const row of list.open()) list.check(row, chosen.includes(row));
    this.show();
    this.part("[data-active] button").focus();
  }

  private clear(): void {
    this.all = undefined;
    for (const row of list.rows()) list.check(row, false);
    this.show();
    this.part("[data-idle] button").focus();
  }

  private async selectAll(button: HTMLElement): Promise<void> {
    const { q, grade, subject, most } = this.form.dataset;
    const filters: Filters = {};
    if (q) filters.search = q;
    if (grade) filters.gradeId = grade;
    if (subject) filters.subjectId = subject;
    button.setAttribute("aria-disabled", "true");
    try {
      const found = await matching(this.kind, filters, Number(most));
      this.select(list.open());
      this.all = found;
      this.show();
    } catch {
      announce(text("trouble"));
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  /** Show what is selected: the bar is idle, or offers decisions. */
  private show(): void {
    const had = this.bar.contains(document.activeElement) ? document.activeElement : null;
    const n = this.ids.length;
    const total = Math.max(Number(this.form.dataset.total), n);
    this.bar.toggleAttribute("data-waiting", !n);
    this.bar.toggleAttribute("data-selecting", n > 0);
    this.part("[data-active]").hidden = !n;
    this.part("[data-clear]").hidden = !n;
    const count = this.part("[data-count]");
    count.textContent = n ? filled("selected", { n, total }) : filled("waits", { n: total });
    this.part("[data-steps]").hidden = n > 0;
    this.label(n);
    // The button that had the focus may be hidden now.
    if (had instanceof HTMLElement && !had.offsetParent) list.step(1);
  }

  /** Put present numbers into the buttons that select, and show those that would select more. */
  private label(n: number): void {
    const { total, most } = this.form.dataset;
    const shown = list.open().length;
    const more = Math.min(Number(total), Number(most));
    const page = this.part("[data-page]");
    page.textContent = filled(more > shown ? "these" : "all", { n: shown });
    page.hidden = !shown || n >= shown;
    const all = this.bar.querySelector<HTMLElement>("[data-all]");
    if (!all) return;
    all.textContent = filled("matching", { n: more });
    all.hidden = this.all !== undefined || more <= shown;
  }

  /** Decide after the decisions that are under way. A second click on a button changes nothing. */
  private decide(verdict: Verdict, chosen: string[]): void {
    if (!chosen.length) return announce(text("nothing"));
    const ids = chosen.filter((id) => !this.sent.has(id));
    if (!ids.length) return;
    const known = [...(this.all ?? []), ...list.rows().map(list.itemOf)];
    const note = this.note.value.trim();
    for (const id of ids) this.sent.add(id);
    this.form.setAttribute("aria-busy", "true");
    this.turn = this.turn.then(async () => {
      await this.send(verdict, ids, note, known);
      for (const id of ids) this.sent.delete(id);
      if (!this.sent.size) this.form.removeAttribute("aria-busy");
    });
  }

  private async send(verdict: Verdict, ids: string[], note: string, known: Item[]): Promise<void> {
    const outcome = new Outcome(new Map(known.map((each) => [each.id, each])));
    let trouble = false;
    try {
      await decide(this.kind, verdict, ids, note, (results) => outcome.add(results));
    } catch {
      trouble = true;
    }
    if (!trouble) {
      if (this.note.value.trim() === note) this.note.value = "";
      this.all = undefined;
    }
    this.apply(outcome, trouble);
    if (trouble && !outcome.done.length) return announce(text("trouble"));
    const said = outcome.sentence(verdict) + (trouble ? ` ${text("trouble")}` : "");
    this.offer(said, outcome.done);
  }

  /** Show the outcome. After trouble, what was not confirmed stays selected. */
  private apply(outcome: Outcome, trouble: boolean): void {
    for (const each of list.rows()) list.explain(list.idOf(each), "");
    for (const [id, reason] of outcome.reasons) list.explain(id, reason);
    for (const each of outcome.others) list.settle(each);
    for (const row of trouble ? [] : list.selected()) list.check(row, false);
    const confirmed = new Set([...outcome.done, ...outcome.others.map((each) => each.id)]);
    this.all = this.all?.filter((each) => !confirmed.has(each.id));
    list.fold(outcome.done);
    this.changeTotal(-outcome.done.length - outcome.others.length);
  }

  private changeTotal(by: number): void {
    const { dataset } = this.form;
    dataset.total = String(Math.max(Number(dataset.total) + by, 0));
    const count = document.querySelector(".tabs [aria-current] .chip");
    if (count) count.textContent = dataset.total;
    const finished = document.querySelector<HTMLElement>("[data-finished]");
    const left = list.rows();
    this.form.hidden = !left.length;
    if (finished) finished.hidden = left.length > 0;
    if (!left.length) finished?.querySelector<HTMLElement>("h2")?.focus();
    this.show();
  }

  private offer(said: string, ids: string[], seconds = UNDO_SECONDS, trouble = ""): void {
    if (!ids.length) return announce(said);
    const until = Date.now() + seconds * 1000;
    keep({ path: location.pathname, ids, said, until });
    const title = text("undoKey");
    const run = () => void this.undo(said, ids, until);
    announce(trouble || said, { label: text("undo"), title, seconds, run });
  }

  private async undo(said: string, ids: string[], until: number): Promise<void> {
    const undone: string[] = [];
    const reasons = new Set<string>();
    let trouble = false;
    try {
      await decide(this.kind, "reopen", ids, "", (results) => {
        for (const each of results) {
          if (each.ok) undone.push(each.id);
          else reasons.add(undoReason(each));
        }
      });
    } catch {
      trouble = true;
    }
    const left = Math.floor((until - Date.now()) / 1000);
    if (trouble && !undone.length && left > 0) return this.offerAgain(said, ids, left);
    if (trouble) reasons.add(text("trouble"));
    const failed = ids.length - undone.length;
    const why = failed ? ` ${filled("reopen", { n: failed, reasons: [...reasons].join(", ") })}` : "";
    this.bringBack(undone, filled("undone", { n: undone.length }) + why);
  }

  /** Show undone rows again; load the page anew where it was made without them. */
  private bringBack(ids: string[], said: string): void {
    if (ids.length && !ids.some(list.find)) {
      keep({ path: location.pathname, ids: [], said, until: Date.now() + UNDO_SECONDS * 1000 });
      return location.reload();
    }
    keep(undefined);
    this.form.hidden = false;
    list.unfold(ids);
    this.changeTotal(ids.length);
    announce(said);
  }

  /** Offer an undo that the server did not answer for as long as it is possible. */
  private offerAgain(said: string, ids: string[], seconds: number): void {
    this.offer(said, ids, seconds, text("notUndone"));
    document.querySelector<HTMLElement>("#status button")?.focus();
  }

  /** Offer again what was decided before this page was loaded. */
  private resume(): void {
    const kept = resumable();
    if (kept) this.offer(kept.said, kept.ids, secondsLeft(kept));
  }

  private pressed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches("input:not([type=checkbox]), textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog[open]")) return;
    const run = this.keys[event.key];
    if (!run || (store.read<boolean>("keys") === false && event.key !== "?")) return;
    event.preventDefault();
    run();
  }

  private readonly keys: Record<string, () => void> = {
    j: () => list.step(1),
    k: () => list.step(-1),
    x: () => list.current() && list.box(list.current()!).click(),
    a: () => this.decideHere("approve"),
    r: () => this.decideHere("reject"),
    z: () => document.querySelector<HTMLElement>("#status button")?.click(),
    "?": () => this.part("[data-dialog]").click(),
  };

  /** Decide the selection; without one, the row that has the focus. */
  private decideHere(verdict: Verdict): void {
    const row = list.current();
    const ids = this.ids;
    this.decide(verdict, ids.length || !row ? ids : [list.idOf(row)]);
  }
}

/** Let people switch the keys off: speech input types letters where no field has the focus. */
function followKeys(): void {
  const choice = document.querySelector<HTMLInputElement>("[data-keys]");
  if (!choice) return;
  choice.checked = store.read<boolean>("keys") ?? true;
  choice.onchange = () => store.write("keys", choice.checked);
}

function keep(undo: Undo | undefined): void {
  try {
    if (undo) sessionStorage.setItem(KEPT, JSON.stringify(undo));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // Storage is full or switched off: then only this page can undo.
  }
}

function read(): Undo | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

function secondsLeft(kept: Undo): number {
  return Math.floor((kept.until - Date.now()) / 1000);
}

/** Return what this page has to say about the page before. A sentence without ids is said once. */
function resumable(): Undo | undefined {
  const kept = read();
  if (!kept || secondsLeft(kept) <= 0 || kept.path !== location.pathname) return undefined;
  if (!kept.ids.length) keep(undefined);
  return kept;
}

/** Offer to undo on a page without rows, which is loaded again afterwards. */
function resumeAlone(): void {
  const kept = resumable();
  if (!kept) return;
  if (!kept.ids.length) return announce(kept.said);
  const kind = kept.path.endsWith("mentors") ? "mentors" : "requests";
  const run = async () => {
    keep(undefined);
    await decide(kind, "reopen", kept.ids, "", () => undefined).catch(() => undefined);
    location.assign(kept.path);
  };
  announce(kept.said, { label: text("undo"), title: text("undoKey"), seconds: secondsLeft(kept), run });
}

const form = document.querySelector<HTMLFormElement>("form[data-queue]");
if (form) new Queue(form);
else resumeAlone();
