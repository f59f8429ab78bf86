import { Analytics } from "./analytics.js";
import { Client, type Options } from "./client.js";
import { Curriculum } from "./curriculum.js";
import { Education } from "./education.js";
import { Files, Videos } from "./files.js";
import { Integrations } from "./integrations.js";
import { LearningProgress, Notes } from "./learning.js";
import { Notifications } from "./notifications.js";
import { Audit, Auth, Plans, Users } from "./people.js";
import { Enrollments, Mentors } from "./requests.js";
import { Webhooks } from "./webhooks.js";

export {
  AkakoError,
  BadGatewayError,
  BadRequestError,
  ChecksumMismatchError,
  ConflictError,
  ConnectionFailedError,
  ForbiddenError,
  GatewayTimeoutError,
  HeadersTooLargeError,
  InsufficientStorageError,
  InternalServerError,
  LockedError,
  MethodNotAllowedError,
  NotFoundError,
  PayloadTooLargeError,
  PreconditionFailedError,
  RangeNotSatisfiableError,
  RateLimitError,
  RequestTimeoutError,
  ServiceUnavailableError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
  UriTooLongError,
  ValidationError,
} from "./errors.js";
export { Page } from "./client.js";
export { Download } from "./downloads.js";
export { readEvent } from "./events.js";
export { verifyWebhook, WebhookVerificationError } from "./webhooks.js";
export type { Changing, DatedQuery, Moment, PageQuery, SearchQuery } from "./area.js";
export type { ByteStream, Progress, UploadFile, Whole as WholeFile } from "./bodies.js";
export type { Options, Pagination, Schemas, Token, Versioned } from "./client.js";
export type { DownloadOptions } from "./downloads.js";
export type { DeletedKind, DeletedQuery, HitType, SearchOptions } from "./curriculum.js";
export type { Deleting, NodeQuery } from "./education.js";
export type { CompletionQuery, DaysQuery, Report, ReportQuery } from "./analytics.js";
export type { AkakoEvent, EventName } from "./events.js";
export type { DocumentNames, UploadOptions } from "./files.js";
export type { DeliveryQuery, WebhookQuery } from "./integrations.js";
export type {
  NoteChanging,
  NoteQuery,
  ProgressItem,
  ProgressSearchQuery,
  ProgressUpdate,
  SharedNoteQuery,
  SubjectProgressQuery,
} from "./learning.js";
export type { NotificationQuery } from "./notifications.js";
export type { AuditQuery, Plan, Role, UserQuery } from "./people.js";
export type {
  ApplicationQuery,
  EnrollmentQuery,
  PendingApplicationQuery,
  PendingEnrollmentQuery,
  PendingQuery,
} from "./requests.js";
export type { ResumableOptions } from "./resumable.js";

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
  readonly curriculum: Curriculum;
  readonly files: Files;
  readonly videos: Videos;
  readonly enrollment: Enrollments;
  readonly mentors: Mentors;
  readonly notifications: Notifications;
  readonly plans: Plans;
  readonly progress: LearningProgress;
  readonly notes: Notes;
  readonly audit: Audit;
  readonly webhooks: Webhooks;
  readonly analytics: Analytics;
  readonly integrations: Integrations;

  constructor(options: Options) {
    const client = new Client(options);
    this.auth = new Auth(client);
    this.users = new Users(client);
    this.education = new Education(client);
    this.curriculum = new Curriculum(client);
    this.files = new Files(client);
    this.videos = new Videos(client);
    this.enrollment = new Enrollments(client);
    this.mentors = new Mentors(client);
    this.notifications = new Notifications(client);
    this.plans = new Plans(client);
    this.progress = new LearningProgress(client);
    this.notes = new Notes(client);
    this.audit = new Audit(client);
    this.webhooks = new Webhooks(client);
    this.analytics = new Analytics(client);
    this.integrations = new Integrations(client);
  }
}
