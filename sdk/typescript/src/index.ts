import { Audit, Auth, Education, Enrollments, Mentors, Plans, Users } from "./areas.js";
import { Client, type Options } from "./client.js";
import { Files, Videos } from "./files.js";

export * from "./errors.js";
export { Page } from "./client.js";
export type { Options, Pagination, Schemas, Token } from "./client.js";
export type { AuditQuery, Change, NodeQuery, RequestQuery, UserQuery } from "./areas.js";
export type { DocumentOptions, DownloadOptions, UploadOptions } from "./files.js";
export { verifyWebhook } from "./webhooks.js";

/**
 * The Akako LMS API.
 *
 * Lists come as arrays with `.pagination`; `iter…` walks all of a list. Everything that fails
 * throws an AkakoError or a subclass of it.
 */
export class AkakoAPI {
  readonly auth: Auth;
  readonly users: Users;
  readonly education: Education;
  readonly files: Files;
  readonly videos: Videos;
  readonly enrollment: Enrollments;
  readonly mentors: Mentors;
  readonly plans: Plans;
  readonly audit: Audit;

  constructor(options: Options) {
    const client = new Client(options);
    this.auth = new Auth(client);
    this.users = new Users(client);
    this.education = new Education(client);
    this.files = new Files(client);
    this.videos = new Videos(client);
    this.enrollment = new Enrollments(client);
    this.mentors = new Mentors(client);
    this.plans = new Plans(client);
    this.audit = new Audit(client);
  }
}
