import { Area, type Changing, type SearchQuery } from "./area.js";
import { type Page, type Schemas, segment, type Versioned } from "./client.js";

export type NodeQuery = SearchQuery & { includeInactive?: boolean };
/** `force`: also where learners are enrolled below it. */
export type Deleting = Changing & { force?: boolean };

const ADMIN = "/admin/education";

/** Education level → grade → subject → topic. Reading is public; a token may show more. */
export class Education extends Area {
  getLevels(query?: NodeQuery): Promise<Page<Schemas["Level"]>> {
    return this.client.page("/education/levels", query);
  }
  iterLevels(query?: NodeQuery): AsyncGenerator<Schemas["Level"]> {
    return this.client.items("/education/levels", query);
  }
  async getGrades(levelId: string, query?: NodeQuery): Promise<Page<Schemas["Grade"]>> {
    return this.client.page(`/education/levels/${segment(levelId)}/grades`, query);
  }
  iterGrades(levelId: string, query?: NodeQuery): AsyncGenerator<Schemas["Grade"]> {
    return this.client.items(`/education/levels/${segment(levelId)}/grades`, query);
  }
  async getSubjects(gradeId: string, query?: NodeQuery): Promise<Page<Schemas["Subject"]>> {
    return this.client.page(`/education/grades/${segment(gradeId)}/subjects`, query);
  }
  iterSubjects(gradeId: string, query?: NodeQuery): AsyncGenerator<Schemas["Subject"]> {
    return this.client.items(`/education/grades/${segment(gradeId)}/subjects`, query);
  }
  async getTopics(subjectId: string, query?: NodeQuery): Promise<Page<Schemas["TopicSummary"]>> {
    return this.client.page(`/education/subjects/${segment(subjectId)}/topics`, query);
  }
  iterTopics(subjectId: string, query?: NodeQuery): AsyncGenerator<Schemas["TopicSummary"]> {
    return this.client.items(`/education/subjects/${segment(subjectId)}/topics`, query);
  }
  async getLevel(levelId: string): Promise<Versioned<Schemas["Level"]>> {
    return this.client.data("GET", `/education/levels/${segment(levelId)}`);
  }
  async getGrade(gradeId: string): Promise<Versioned<Schemas["Grade"]>> {
    return this.client.data("GET", `/education/grades/${segment(gradeId)}`);
  }
  async getSubject(subjectId: string): Promise<Versioned<Schemas["SubjectDetail"]>> {
    return this.client.data("GET", `/education/subjects/${segment(subjectId)}`);
  }
  async getTopic(topicId: string): Promise<Versioned<Schemas["Topic"]>> {
    return this.client.data("GET", `/education/topics/${segment(topicId)}`);
  }

  createLevel(level: Schemas["LevelCreate"]): Promise<Versioned<Schemas["Level"]>> {
    return this.client.data("POST", `${ADMIN}/levels`, { json: level });
  }
  createGrade(grade: Schemas["GradeCreate"]): Promise<Versioned<Schemas["Grade"]>> {
    return this.client.data("POST", `${ADMIN}/grades`, { json: grade });
  }
  createSubject(subject: Schemas["SubjectCreate"]): Promise<Versioned<Schemas["Subject"]>> {
    return this.client.data("POST", `${ADMIN}/subjects`, { json: subject });
  }
  createTopic(topic: Schemas["TopicCreate"]): Promise<Versioned<Schemas["Topic"]>> {
    return this.client.data("POST", `${ADMIN}/topics`, { json: topic });
  }

  updateLevel(
    levelId: string,
    changes: Schemas["LevelUpdate"],
    changing?: Changing,
  ): Promise<Versioned<Schemas["Level"]>> {
    return this.#update("levels", levelId, changes, changing);
  }
  updateGrade(
    gradeId: string,
    changes: Schemas["GradeUpdate"],
    changing?: Changing,
  ): Promise<Versioned<Schemas["Grade"]>> {
    return this.#update("grades", gradeId, changes, changing);
  }
  /** A mentor may change description and picture of the own ones. */
  updateSubject(
    subjectId: string,
    changes: Schemas["SubjectUpdate"],
    changing?: Changing,
  ): Promise<Versioned<Schemas["Subject"]>> {
    return this.#update("subjects", subjectId, changes, changing);
  }
  updateTopic(
    topicId: string,
    changes: Schemas["TopicUpdate"],
    changing?: Changing,
  ): Promise<Versioned<Schemas["Topic"]>> {
    return this.#update("topics", topicId, changes, changing);
  }

  deleteLevel(levelId: string, options?: Deleting): Promise<Schemas["Deleted"]> {
    return this.#delete("levels", levelId, options);
  }
  deleteGrade(gradeId: string, options?: Deleting): Promise<Schemas["Deleted"]> {
    return this.#delete("grades", gradeId, options);
  }
  deleteSubject(subjectId: string, options?: Deleting): Promise<Schemas["Deleted"]> {
    return this.#delete("subjects", subjectId, options);
  }
  deleteTopic(topicId: string, options?: Changing): Promise<Schemas["Deleted"]> {
    return this.#delete("topics", topicId, options);
  }

  async #update<T>(kind: string, id: string, json: object, changing: Changing = {}): Promise<T> {
    return this.client.data("PUT", `${ADMIN}/${kind}/${segment(id)}`, { json, ...changing });
  }
  async #delete<T>(kind: string, id: string, options: Deleting = {}): Promise<T> {
    const { force, ifMatch } = options;
    const request = { query: { force }, ifMatch };
    return this.client.data("DELETE", `${ADMIN}/${kind}/${segment(id)}`, request);
  }
}
