// Decisions of administrators, sent through the SDK: in batches, for both kinds of queues.
import type { Schemas } from "../../sdk/typescript/src/client.js";
import { Enrollments, Mentors } from "../../sdk/typescript/src/requests.js";
import { client } from "./client";

export type Verdict = "approve" | "reject" | "reopen";
export type Result = Schemas["DecisionResult"] | Schemas["ApplicationDecisionResult"];

/** What sentences say about a request. */
export interface Item {
  id: string;
  given: string;
  learner: string;
  subject: string;
}

export interface Filters {
  search?: string;
  gradeId?: string;
  subjectId?: string;
}

const BATCH = 200; // the most that one request may contain

type Waiting = Schemas["PendingEnrollment"] | Schemas["PendingApplication"];

function itemOf(each: Waiting): Item {
  const { firstName, lastName, username, email, id } = each.user;
  const learner = [firstName, lastName].filter(Boolean).join(" ") || username || email || id;
  const subject = "subject" in each ? each.subject.name : "";
  return { id: each.id, given: firstName || learner, learner, subject };
}

/** Return the requests that match the filters, the oldest first, at most `most`. */
export async function matching(kind: string, filters: Filters, most: number): Promise<Item[]> {
  const { gradeId, ...others } = filters;
  const query = { limit: 100, order: "asc" as const };
  const found: AsyncIterable<Waiting> =
    kind === "mentors"
      ? new Mentors(client()).iterPendingApplications({ ...query, ...others })
      : new Enrollments(client()).iterPendingEnrollments({ ...query, ...filters });
  const items: Item[] = [];
  for await (const each of found) {
    items.push(itemOf(each));
    if (items.length >= most) break;
  }
  return items;
}

/**
 * Decide on requests and hand each batch of results to `received`. A batch that fails stops the
 * rest, because its decisions may or may not have been made.
 */
export async function decide(
  kind: string,
  verdict: Verdict,
  ids: string[],
  note: string,
  received: (results: Result[]) => void,
): Promise<void> {
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH);
    const decisions = batch.map((id) => ({ id, decision: verdict, ...(note && { note }) }));
    received(
      kind === "mentors"
        ? await new Mentors(client()).decideApplications(decisions)
        : await new Enrollments(client()).decideEnrollments(decisions),
    );
  }
}
