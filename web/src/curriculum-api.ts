// The writes of the curriculum editor through the SDK, by kind of node.
import { Curriculum } from "../../sdk/typescript/src/curriculum.js";
import { Education } from "../../sdk/typescript/src/education.js";
import { AkakoError, client } from "./client";
import { text } from "./status";
import { say } from "./words";

export type Kind = "levels" | "grades" | "subjects" | "topics";
export type Stage = "primary" | "secondary" | "higher";
export interface Changes {
  name?: string;
  isActive?: boolean;
  level?: Stage;
  mentorId?: string | null;
}

const SHOWN = 40; // characters of a name in an error

let made: { education: Education; curriculum: Curriculum } | undefined;

function api(): { education: Education; curriculum: Curriculum } {
  made = made ?? { education: new Education(client()), curriculum: new Curriculum(client()) };
  return made;
}

/** Create a node and return its id. */
export async function create(kind: Kind, parent: string, name: string, level: Stage): Promise<string> {
  const { education } = api();
  if (kind === "levels") return (await education.createLevel({ name })).id;
  if (kind === "grades") {
    return (await education.createGrade({ name, educationLevelId: parent, level })).id;
  }
  return (await education.createSubject({ name, gradeId: parent })).id;
}

export async function update(kind: Kind, id: string, changes: Changes): Promise<void> {
  const { education } = api();
  if (kind === "levels") await education.updateLevel(id, changes);
  else if (kind === "grades") await education.updateGrade(id, changes);
  else if (kind === "subjects") await education.updateSubject(id, changes);
  else await education.updateTopic(id, changes);
}

export async function remove(kind: Kind, id: string): Promise<void> {
  const { education } = api();
  const force = { force: true };
  if (kind === "levels") await education.deleteLevel(id, force);
  else if (kind === "grades") await education.deleteGrade(id, force);
  else if (kind === "subjects") await education.deleteSubject(id, force);
  else await education.deleteTopic(id);
}

export async function restore(kind: Kind, id: string): Promise<void> {
  const { curriculum } = api();
  if (kind === "levels") await curriculum.restoreLevel(id);
  else if (kind === "grades") await curriculum.restoreGrade(id);
  else if (kind === "subjects") await curriculum.restoreSubject(id);
  else await curriculum.restoreTopic(id);
}

export async function order(subjectId: string, topicIds: string[]): Promise<void> {
  await api().curriculum.orderTopics(subjectId, topicIds);
}

/** Return a problem in words. */
export function explain(problem: unknown, name: string): string {
  if (!(problem instanceof AkakoError) || !problem.status) return text("trouble");
  if (problem.status === 409 && problem.details.field === "name") return say("taken", { name });
  if (problem.status === 422) return say("invalid", { name: name.slice(0, SHOWN) });
  return text(problem.status >= 500 || problem.status === 429 ? "trouble" : "changed");
}

/** Return the page of the curriculum as the server renders it. */
export async function fetchPage(query: string): Promise<Document> {
  const response = await fetch(`/admin/curriculum?${query}`, { credentials: "same-origin" });
  if (!response.ok) throw new Error(String(response.status));
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
