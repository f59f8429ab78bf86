import { Area, type PageQuery } from "./area.js";
import type { Page, Schemas } from "./client.js";
import { type Download, download, type DownloadOptions } from "./downloads.js";

/** Days, both inclusive, such as `2026-01-31`; by default the 56 days that end today. */
export type DaysQuery = { from?: string; to?: string; interval?: "day" | "week" | "month" };
export type CompletionQuery = PageQuery & { gradeId?: string; levelId?: string };
/** A report by the last part of its path. */
export type Report =
  "enrollments" | "active-learners" | "completion" | "storage" | "api-usage";
/** Days for enrollments and active learners, places for completion, the month for the usage. */
export type ReportQuery = DaysQuery & { gradeId?: string; levelId?: string; month?: string };

/** Figures about the school. All but the overview need the plan PRO or ENTERPRISE. */
export class Analytics extends Area {
  /** The figures of the start page. */
  getOverview(): Promise<Schemas["Overview"]> {
    return this.client.data("GET", "/analytics/overview");
  }
  /** Requests, decisions and cancellations per day, week or month. */
  getEnrollments(query?: DaysQuery): Promise<Schemas["EnrollmentFigures"][]> {
    return this.client.data("GET", "/analytics/enrollments", { query });
  }
  /** Distinct active learners in the 7 and 28 days that end with each date. */
  getActiveLearners(query?: DaysQuery): Promise<Schemas["ActiveLearners"][]> {
    return this.client.data("GET", "/analytics/active-learners", { query });
  }
  /** Subjects with the learners who started and completed them. */
  getCompletion(query?: CompletionQuery): Promise<Page<Schemas["SubjectCompletion"]>> {
    return this.client.page("/analytics/completion", query);
  }
  iterCompletion(query?: CompletionQuery): AsyncGenerator<Schemas["SubjectCompletion"]> {
    return this.client.items("/analytics/completion", query);
  }
  /** The size of the stored files. */
  getStorage(): Promise<Schemas["StorageFigures"]> {
    return this.client.data("GET", "/analytics/storage");
  }
  /** The usage of a month such as `2026-01`; by default the current one. */
  getApiUsage(query?: { month?: string }): Promise<Schemas["UsageFigures"]> {
    return this.client.data("GET", "/analytics/api-usage", { query });
  }
  /** All rows of a report as CSV. */
  downloadCsv(
    report: Report,
    query: ReportQuery = {},
    options: DownloadOptions = {},
  ): Promise<Download> {
    return download(this.client, `/analytics/${report}`, { ...query, format: "csv" }, options);
  }
}
