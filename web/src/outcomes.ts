// The results of decisions in words, in the language of the page.
import type { Item, Result, Verdict } from "./decisions";
import { text } from "./status";

/** What was decided, what other administrators had decided, and reasons of failures by id. */
export class Outcome {
  readonly done: string[] = [];
  readonly others: Result[] = [];
  readonly reasons = new Map<string, string>();

  constructor(private readonly items: Map<string, Item>) {}

  add(results: Result[]): void {
    for (const each of results) {
      if (isOfOther(each)) this.others.push(each);
      else if (each.ok) this.done.push(each.id);
      else this.reasons.set(each.id, reason(each, this.items.get(each.id)));
    }
  }

  /** Return such as "18 approved, 2 could not be: Ama's account is inactive, …". */
  sentence(verdict: Verdict): string {
    const { done, others, reasons } = this;
    const parts: string[] = [];
    if (done.length || (!others.length && !reasons.size)) {
      parts.push(filled(verdict === "approve" ? "approved" : "rejected", { n: done.length }));
    }
    if (others.length) {
      const name = [...new Set(others.map(decider))].join(", ");
      parts.push(filled("others", { n: others.length, name }));
    }
    if (!reasons.size) return `${parts.join(", ")}.`;
    const why = [...new Set(reasons.values())].join(", ");
    const name = parts.length ? "failed" : verdict;
    return [...parts, filled(name, { n: reasons.size, reasons: why })].join(", ");
  }
}

/** Return a text of the page with values for its placeholders in braces. */
export function filled(name: string, values: Record<string, string | number>): string {
  return text(name).replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ""));
}

export function decider(result: Result): string {
  return result.decidedByName ?? text("admin");
}

/** Return the status of a request after its decision was tried. */
export function statusOf(result: Result): string {
  return result.status ?? detail(result, "current");
}

function detail(result: Result, name: string): string {
  const details = result.details as Record<string, unknown> | null | undefined;
  return String(details?.[name] ?? "");
}

function isOfOther(result: Result): boolean {
  if (result.ok) {
    const me = document.documentElement.dataset.user;
    return !!result.decidedBy && result.decidedBy !== me;
  }
  const decided = /^(APPROVED|REJECTED)$/.test(detail(result, "current"));
  return decided && /^(enrollment|mentor_application)$/.test(detail(result, "resource"));
}

/** Return why a decision could not be undone. */
export function undoReason(result: Result): string {
  const known = { FORBIDDEN: "own", NOT_FOUND: "gone", INVALID_STATE: "late", CONFLICT: "newer" };
  const name = known[result.code as keyof typeof known];
  return name ? text(name) : String(result.error);
}

function reason(result: Result, item: Item | undefined): string {
  const [resource, current] = [detail(result, "resource"), detail(result, "current")];
  const name = item?.given ?? "";
  if (result.code === "FORBIDDEN") return text("own");
  if (resource === "user") {
    return filled(current === "DELETED" ? "removed" : "inactive", { name });
  }
  if (resource === "user_role") return filled("ended", { name });
  if (resource === "subject") return filled("deleted", { name: item?.subject ?? "" });
  if (current === "CANCELLED") return filled("withdrawn", { name });
  if (result.code === "NOT_FOUND") return text("gone");
  return name ? `${name}: ${result.error}` : String(result.error);
}
