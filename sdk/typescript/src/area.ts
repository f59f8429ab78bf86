import type { Client } from "./client.js";

/** A moment: a `Date`, or text with its time zone such as `2026-01-31T08:00:00Z`. */
export type Moment = Date | string;

/** `limit` is 20 unless given, 100 at most; `cursor` comes from a page's `next`. */
export type PageQuery = {
  page?: number;
  limit?: number;
  sort?: string;
  order?: "asc" | "desc";
  cursor?: string;
};
/** `createdFrom` is inclusive, `createdTo` exclusive; as a date it includes that day. */
export type DatedQuery = PageQuery & { createdFrom?: Moment; createdTo?: Moment };
export type SearchQuery = DatedQuery & {
  search?: string;
  isActive?: boolean;
  updatedFrom?: Moment;
  updatedTo?: Moment;
};

export interface Changing {
  /** Refuse the change with 412 unless the thing still has this `etag`. */
  ifMatch?: string | undefined;
}

/** A part of the API. */
export abstract class Area {
  protected readonly client: Client;
  constructor(client: Client) {
    this.client = client;
  }
}
