import { Area, type PageQuery } from "./area.js";
import { type Page, type Schemas, segment, type Versioned } from "./client.js";

export type DeletedKind = "level" | "grade" | "subject" | "topic";
export type DeletedQuery = PageQuery & { kind?: DeletedKind | readonly DeletedKind[] };
export type HitType = "subject" | "topic";
export type SearchOptions = { type?: HitType | readonly HitType[] };

const ADMIN = "/admin/education";

/** Search, order of topics, and deleted parts of the curriculum. */
export class Curriculum extends Area {
  /** Search subjects and topics; returns at most 50 hits, the best first. */
  async search(q: string, options: SearchOptions = {}): Promise<Schemas["SearchHit"][]> {
    return this.client.data("GET", "/search", { query: { q, type: options.type } });
  }
  /** Set the order of a subject's topics: all of them, active and inactive, each once. */
  async orderTopics(
    subjectId: string,
    topicIds: readonly string[],
  ): Promise<Schemas["TopicOrder"]> {
    const path = `${ADMIN}/subjects/${segment(subjectId)}/topic-order`;
    return this.client.data("PUT", path, { json: { topicIds } });
  }
  /** List what can be restored, the latest deletion first. */
  getDeleted(query?: DeletedQuery): Promise<Page<Schemas["DeletedNode"]>> {
    return this.client.page(`${ADMIN}/deleted`, query);
  }
  iterDeleted(query?: DeletedQuery): AsyncGenerator<Schemas["DeletedNode"]> {
    return this.client.items(`${ADMIN}/deleted`, query);
  }
  restoreLevel(levelId: string): Promise<Versioned<Schemas["Level"]>> {
    return this.#restore("levels", levelId);
  }
  restoreGrade(gradeId: string): Promise<Versioned<Schemas["Grade"]>> {
    return this.#restore("grades", gradeId);
  }
  restoreSubject(subjectId: string): Promise<Versioned<Schemas["Subject"]>> {
    return this.#restore("subjects", subjectId);
  }
  restoreTopic(topicId: string): Promise<Versioned<Schemas["Topic"]>> {
    return this.#restore("topics", topicId);
  }

  async #restore<T>(kind: string, id: string): Promise<T> {
    return this.client.data("POST", `${ADMIN}/${kind}/${segment(id)}/restore`);
  }
}
