import { Area, type Changing, type DatedQuery, type Moment } from "./area.js";
import { type Page, type Schemas, segment } from "./client.js";

export type PendingQuery = DatedQuery & { search?: string };
export type PendingEnrollmentQuery = PendingQuery & { subjectId?: string; gradeId?: string };
export type EnrollmentQuery = PendingEnrollmentQuery & {
  userId?: string;
  status?: Schemas["Enrollment"]["status"] | Schemas["Enrollment"]["status"][];
};
export type PendingApplicationQuery = PendingQuery & { subjectId?: string };
export type ApplicationQuery = PendingApplicationQuery & {
  userId?: string;
  status?: Schemas["MentorApplication"]["status"] | Schemas["MentorApplication"]["status"][];
};

const ENROLLMENT = "/admin/enrollment";
const MENTOR = "/admin/mentor";

/** Learners ask to enroll in subjects, administrators decide. */
export class Enrollments extends Area {
  requestEnrollment(
    subjectId: string,
    options: { message?: string } = {},
  ): Promise<Schemas["Enrollment"]> {
    return this.client.data("POST", "/enrollment/request", { json: { subjectId, ...options } });
  }
  getMyEnrollments(query?: DatedQuery): Promise<Page<Schemas["Enrollment"]>> {
    return this.client.page("/enrollment/me", query);
  }
  iterMyEnrollments(query?: DatedQuery): AsyncGenerator<Schemas["Enrollment"]> {
    return this.client.items("/enrollment/me", query);
  }
  getPendingEnrollments(
    query?: PendingEnrollmentQuery,
  ): Promise<Page<Schemas["PendingEnrollment"]>> {
    return this.client.page(`${ENROLLMENT}/pending`, query);
  }
  iterPendingEnrollments(
    query?: PendingEnrollmentQuery,
  ): AsyncGenerator<Schemas["PendingEnrollment"]> {
    return this.client.items(`${ENROLLMENT}/pending`, query);
  }
  /** List requests in all states, newest first. */
  getEnrollments(query?: EnrollmentQuery): Promise<Page<Schemas["PendingEnrollment"]>> {
    return this.client.page(ENROLLMENT, query);
  }
  iterEnrollments(query?: EnrollmentQuery): AsyncGenerator<Schemas["PendingEnrollment"]> {
    return this.client.items(ENROLLMENT, query);
  }
  /** Withdraw an own request or leave the subject. */
  async cancelEnrollment(enrollmentId: string): Promise<Schemas["Enrollment"]> {
    return this.client.data("POST", `/enrollment/${segment(enrollmentId)}/cancel`);
  }
  async approveEnrollment(
    enrollmentId: string,
    { ifMatch, ...json }: { note?: string } & Changing = {},
  ): Promise<Schemas["Enrollment"]> {
    const path = `${ENROLLMENT}/${segment(enrollmentId)}/approve`;
    return this.client.data("PUT", path, { json, ifMatch });
  }
  async rejectEnrollment(
    enrollmentId: string,
    { ifMatch, ...json }: { reason?: string } & Changing = {},
  ): Promise<Schemas["Enrollment"]> {
    const path = `${ENROLLMENT}/${segment(enrollmentId)}/reject`;
    return this.client.data("PUT", path, { json, ifMatch });
  }
  /** Make a decided request pending again. */
  async reopenEnrollment(enrollmentId: string): Promise<Schemas["Enrollment"]> {
    return this.client.data("POST", `${ENROLLMENT}/${segment(enrollmentId)}/reopen`);
  }
  /** Decide on many requests at once; one result for each, in their order. */
  async decideEnrollments(
    decisions: readonly Schemas["Decision"][],
  ): Promise<Schemas["DecisionResult"][]> {
    const path = `${ENROLLMENT}/decisions`;
    const request = { json: { decisions } };
    return (await this.client.data<Schemas["DecisionResults"]>("POST", path, request)).results;
  }
}

/** Learners apply to become mentors, administrators decide. */
export class Mentors extends Area {
  apply(application: Schemas["ApplicationRequest"]): Promise<Schemas["MentorApplication"]> {
    return this.client.data("POST", "/mentor/apply", { json: application });
  }
  getMyApplications(query?: DatedQuery): Promise<Page<Schemas["MentorApplication"]>> {
    return this.client.page("/mentor/applications/me", query);
  }
  iterMyApplications(query?: DatedQuery): AsyncGenerator<Schemas["MentorApplication"]> {
    return this.client.items("/mentor/applications/me", query);
  }
  getPendingApplications(
    query?: PendingApplicationQuery,
  ): Promise<Page<Schemas["PendingApplication"]>> {
    return this.client.page(`${MENTOR}/pending`, query);
  }
  iterPendingApplications(
    query?: PendingApplicationQuery,
  ): AsyncGenerator<Schemas["PendingApplication"]> {
    return this.client.items(`${MENTOR}/pending`, query);
  }
  /** List applications in all states, newest first. */
  getApplications(query?: ApplicationQuery): Promise<Page<Schemas["PendingApplication"]>> {
    return this.client.page(MENTOR, query);
  }
  iterApplications(query?: ApplicationQuery): AsyncGenerator<Schemas["PendingApplication"]> {
    return this.client.items(MENTOR, query);
  }
  /** Undo a decision of the last 30 seconds, with the role and subjects it assigned. */
  async reopenApplication(applicationId: string): Promise<Schemas["MentorApplication"]> {
    return this.client.data("POST", `${MENTOR}/${segment(applicationId)}/reopen`);
  }
  /** Decide on many applications at once; one result for each, in their order. */
  async decideApplications(
    decisions: readonly Schemas["ApplicationDecision"][],
  ): Promise<Schemas["ApplicationDecisionResult"][]> {
    const request = { json: { decisions } };
    const path = `${MENTOR}/decisions`;
    const decided = this.client.data<Schemas["ApplicationDecisionResults"]>("POST", path, request);
    return (await decided).results;
  }
  /** Make the applicant a mentor, of these subjects, for good or until a given moment. */
  async approveApplication(
    applicationId: string,
    {
      ifMatch,
      ...json
    }: { subjectIds?: string[]; effectiveEndDate?: Moment; note?: string } & Changing = {},
  ): Promise<Schemas["MentorApplication"]> {
    const path = `${MENTOR}/${segment(applicationId)}/approve`;
    return this.client.data("PUT", path, { json, ifMatch });
  }
  async rejectApplication(
    applicationId: string,
    { ifMatch, ...json }: { reason?: string } & Changing = {},
  ): Promise<Schemas["MentorApplication"]> {
    const path = `${MENTOR}/${segment(applicationId)}/reject`;
    return this.client.data("PUT", path, { json, ifMatch });
  }
}
