import type { Client, Page, Query, Schemas } from "./client.js";

type Sort = { sort?: string; order?: "asc" | "desc"; page?: number; limit?: number };
type Dates = { createdFrom?: string; createdTo?: string };
export type NodeQuery = Sort &
  Dates & {
    search?: string;
    isActive?: boolean;
    includeInactive?: boolean;
    updatedFrom?: string;
    updatedTo?: string;
  };
export type UserQuery = Sort &
  Dates & {
    search?: string;
    role?: string;
    status?: string;
    isActive?: boolean;
    updatedFrom?: string;
    updatedTo?: string;
  };
export type RequestQuery = Sort & Dates & { search?: string; subjectId?: string };
export type AuditQuery = Sort &
  Dates & { actor?: string; resource?: string; resourceId?: string; action?: string };
export interface Change {
  /** Refuse the change with 412 unless the thing still has this ETag. */
  ifMatch?: string;
}

const id = encodeURIComponent;

abstract class Area {
  protected readonly client: Client;
  constructor(client: Client) {
    this.client = client;
  }
}

/** Sign-in and profile. */
export class Auth extends Area {
  sync(body: Schemas["SyncRequest"] = {}): Promise<Schemas["Profile"] | Schemas["Synced"]> {
    return this.client.data("POST", "/auth/sync", { json: body });
  }
  getProfile(): Promise<Schemas["Profile"]> {
    return this.client.data("GET", "/auth/profile");
  }
  updateProfile(
    changes: Schemas["ProfileUpdate"],
    change: Change = {},
  ): Promise<Schemas["Profile"]> {
    return this.client.data("PUT", "/auth/profile", { json: changes, ...change });
  }
}

/** Users and their dated roles. */
export class Users extends Area {
  getUsers(query?: UserQuery): Promise<Page<Schemas["AdminUser"]>> {
    return this.client.page("/users", query);
  }
  iterUsers(query?: UserQuery): AsyncGenerator<Schemas["AdminUser"]> {
    return this.client.items("/users", query);
  }
  getUser(userId: string): Promise<Schemas["AdminUser"]> {
    return this.client.data("GET", `/users/${id(userId)}`);
  }
  updateUser(
    userId: string,
    changes: Schemas["UserUpdate"],
    change: Change = {},
  ): Promise<Schemas["AdminUser"]> {
    return this.client.data("PUT", `/users/${id(userId)}`, { json: changes, ...change });
  }
  assignRole(userId: string, grant: Schemas["RoleGrant"]): Promise<Schemas["RoleAssigned"]> {
    return this.client.data("POST", `/users/${id(userId)}/roles`, { json: grant });
  }
  removeRole(userId: string, role: "ADMIN" | "MENTOR" | "LEARNER"): Promise<Schemas["AdminUser"]> {
    return this.client.data("DELETE", `/users/${id(userId)}/roles`, { query: { role } });
  }
}

/** Who did what. */
export class Audit extends Area {
  getEntries(query?: AuditQuery): Promise<Page<Schemas["AuditEntry"]>> {
    return this.client.page("/admin/audit", query);
  }
  iterEntries(query?: AuditQuery): AsyncGenerator<Schemas["AuditEntry"]> {
    return this.client.items("/admin/audit", query);
  }
}

/** Levels, grades, subjects and topics. */
export class Education extends Area {
  getLevels(query?: NodeQuery): Promise<Page<Schemas["Level"]>> {
    return this.client.page("/education/levels", query);
  }
  iterLevels(query?: NodeQuery): AsyncGenerator<Schemas["Level"]> {
    return this.client.items("/education/levels", query);
  }
  getGrades(levelId: string, query?: NodeQuery): Promise<Page<Schemas["Grade"]>> {
    return this.client.page(`/education/levels/${id(levelId)}/grades`, query);
  }
  iterGrades(levelId: string, query?: NodeQuery): AsyncGenerator<Schemas["Grade"]> {
    return this.client.items(`/education/levels/${id(levelId)}/grades`, query);
  }
  getSubjects(gradeId: string, query?: NodeQuery): Promise<Page<Schemas["Subject"]>> {
    return this.client.page(`/education/grades/${id(gradeId)}/subjects`, query);
  }
  iterSubjects(gradeId: string, query?: NodeQuery): AsyncGenerator<Schemas["Subject"]> {
    return this.client.items(`/education/grades/${id(gradeId)}/subjects`, query);
  }
  getTopics(subjectId: string, query?: NodeQuery): Promise<Page<Schemas["Topic"]>> {
    return this.client.page(`/education/subjects/${id(subjectId)}/topics`, query);
  }
  iterTopics(subjectId: string, query?: NodeQuery): AsyncGenerator<Schemas["Topic"]> {
    return this.client.items(`/education/subjects/${id(subjectId)}/topics`, query);
  }
  getTopic(topicId: string): Promise<Schemas["Topic"]> {
    return this.client.data("GET", `/education/topics/${id(topicId)}`);
  }

  createLevel(level: Schemas["LevelCreate"]): Promise<Schemas["Level"]> {
    return this.#create("levels", level);
  }
  updateLevel(levelId: string, changes: Schemas["LevelUpdate"], change?: Change): Promise<Schemas["Level"]> {
    return this.#update("levels", levelId, changes, change);
  }
  deleteLevel(levelId: string, options?: Change & { force?: boolean }): Promise<Schemas["Deleted"]> {
    return this.#delete("levels", levelId, options);
  }
  createGrade(grade: Schemas["GradeCreate"]): Promise<Schemas["Grade"]> {
    return this.#create("grades", grade);
  }
  updateGrade(gradeId: string, changes: Schemas["GradeUpdate"], change?: Change): Promise<Schemas["Grade"]> {
    return this.#update("grades", gradeId, changes, change);
  }
  deleteGrade(gradeId: string, options?: Change & { force?: boolean }): Promise<Schemas["Deleted"]> {
    return this.#delete("grades", gradeId, options);
  }
  createSubject(subject: Schemas["SubjectCreate"]): Promise<Schemas["Subject"]> {
    return this.#create("subjects", subject);
  }
  updateSubject(
    subjectId: string,
    changes: Schemas["SubjectUpdate"],
    change?: Change,
  ): Promise<Schemas["Subject"]> {
    return this.#update("subjects", subjectId, changes, change);
  }
  deleteSubject(subjectId: string, options?: Change & { force?: boolean }): Promise<Schemas["Deleted"]> {
    return this.#delete("subjects", subjectId, options);
  }
  createTopic(topic: Schemas["TopicCreate"]): Promise<Schemas["Topic"]> {
    return this.#create("topics", topic);
  }
  updateTopic(topicId: string, changes: Schemas["TopicUpdate"], change?: Change): Promise<Schemas["Topic"]> {
    return this.#update("topics", topicId, changes, change);
  }
  deleteTopic(topicId: string, options?: Change): Promise<Schemas["Deleted"]> {
    return this.#delete("topics", topicId, options);
  }

  #create<T>(kind: string, json: object): Promise<T> {
    return this.client.data("POST", `/admin/education/${kind}`, { json });
  }
  #update<T>(kind: string, nodeId: string, json: object, change: Change = {}): Promise<T> {
    return this.client.data("PUT", `/admin/education/${kind}/${id(nodeId)}`, { json, ...change });
  }
  #delete<T>(kind: string, nodeId: string, options: Change & { force?: boolean } = {}): Promise<T> {
    const { force, ifMatch } = options;
    const query: Query = { force };
    return this.client.data("DELETE", `/admin/education/${kind}/${id(nodeId)}`, { query, ifMatch });
  }
}

/** Requests to enroll in a subject, and their decisions. */
export class Enrollments extends Area {
  requestEnrollment(subjectId: string, message?: string): Promise<Schemas["Enrollment"]> {
    return this.client.data("POST", "/enrollment/request", { json: { subjectId, message } });
  }
  getMyEnrollments(query?: Sort & Dates): Promise<Page<Schemas["Enrollment"]>> {
    return this.client.page("/enrollment/me", query);
  }
  iterMyEnrollments(query?: Sort & Dates): AsyncGenerator<Schemas["Enrollment"]> {
    return this.client.items("/enrollment/me", query);
  }
  cancelEnrollment(enrollmentId: string): Promise<Schemas["Enrollment"]> {
    return this.client.data("POST", `/enrollment/${id(enrollmentId)}/cancel`);
  }
  getPendingEnrollments(query?: RequestQuery): Promise<Page<Schemas["PendingEnrollment"]>> {
    return this.client.page("/admin/enrollment/pending", query);
  }
  iterPendingEnrollments(query?: RequestQuery): AsyncGenerator<Schemas["PendingEnrollment"]> {
    return this.client.items("/admin/enrollment/pending", query);
  }
  approveEnrollment(enrollmentId: string, note?: string): Promise<Schemas["Enrollment"]> {
    return this.client.data("PUT", `/admin/enrollment/${id(enrollmentId)}/approve`, {
      json: { note },
    });
  }
  rejectEnrollment(enrollmentId: string, reason?: string): Promise<Schemas["Enrollment"]> {
    return this.client.data("PUT", `/admin/enrollment/${id(enrollmentId)}/reject`, {
      json: { reason },
    });
  }
  reopenEnrollment(enrollmentId: string): Promise<Schemas["Enrollment"]> {
    return this.client.data("POST", `/admin/enrollment/${id(enrollmentId)}/reopen`);
  }
  decideEnrollments(decisions: Schemas["Decision"][]): Promise<Schemas["DecisionResults"]> {
    return this.client.data("POST", "/admin/enrollment/decisions", { json: { decisions } });
  }
}

/** Applications of learners who want to become mentors. */
export class Mentors extends Area {
  apply(application: Schemas["ApplicationRequest"]): Promise<Schemas["MentorApplication"]> {
    return this.client.data("POST", "/mentor/apply", { json: application });
  }
  getMyApplications(query?: Sort & Dates): Promise<Page<Schemas["MentorApplication"]>> {
    return this.client.page("/mentor/applications/me", query);
  }
  iterMyApplications(query?: Sort & Dates): AsyncGenerator<Schemas["MentorApplication"]> {
    return this.client.items("/mentor/applications/me", query);
  }
  getPendingApplications(query?: RequestQuery): Promise<Page<Schemas["PendingApplication"]>> {
    return this.client.page("/admin/mentor/pending", query);
  }
  iterPendingApplications(query?: RequestQuery): AsyncGenerator<Schemas["PendingApplication"]> {
    return this.client.items("/admin/mentor/pending", query);
  }
  approveApplication(
    applicationId: string,
    approval: Schemas["MentorApproval"] = {},
  ): Promise<Schemas["MentorApplication"]> {
    return this.client.data("PUT", `/admin/mentor/${id(applicationId)}/approve`, { json: approval });
  }
  rejectApplication(applicationId: string, reason?: string): Promise<Schemas["MentorApplication"]> {
    return this.client.data("PUT", `/admin/mentor/${id(applicationId)}/reject`, { json: { reason } });
  }
}

/** Plans and what was used of them this month. */
export class Plans extends Area {
  getQuota(): Promise<Schemas["Quota"]> {
    return this.client.data("GET", "/auth/quota");
  }
  setOrganizationPlan(
    organizationId: string,
    plan: "FREE" | "PRO" | "ENTERPRISE",
  ): Promise<Schemas["Organization"]> {
    return this.client.data("PUT", `/admin/organizations/${id(organizationId)}`, { json: { plan } });
  }
}
