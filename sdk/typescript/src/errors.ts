/** No answer came. */
export const NO_ANSWER = "NO_ANSWER";
/** A file broke off on its way. */
export const INTERRUPTED = "INTERRUPTED";
/** What came is not the API's: a proxy's page, cut JSON. */
export const UNREADABLE = "UNREADABLE_ANSWER";
export const REDIRECTED = "REDIRECTED";

/** What went wrong, as the API tells it. `details` depends on `code`. */
export class AkakoError extends Error {
  override readonly name: string = "AkakoError";

  constructor(
    message: string,
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    readonly code: string,
    readonly details: Record<string, unknown> = {},
    /** Names the request in the server's log. */
    readonly requestId: string | null = null,
    /** Seconds that the server asks to wait. */
    readonly retryAfter: number | null = null,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Status 0: no answer came (`NO_ANSWER`), or a file broke off on its way (`INTERRUPTED`). */
export class ConnectionFailedError extends AkakoError {
  override readonly name = "ConnectionFailedError";
}
/** 400 */
export class BadRequestError extends AkakoError {
  override readonly name = "BadRequestError";
}
/** 401: the token is missing, invalid or expired; `details.reason` says which. */
export class UnauthorizedError extends AkakoError {
  override readonly name = "UnauthorizedError";
}
/**
 * 403: `details` holds the roles `required` and `user_roles`; with the code `PLAN_REQUIRED` the
 * caller's `plan` and the plans `required`.
 */
export class ForbiddenError extends AkakoError {
  override readonly name = "ForbiddenError";
}
/** 404 */
export class NotFoundError extends AkakoError {
  override readonly name = "NotFoundError";
}
/** 405 */
export class MethodNotAllowedError extends AkakoError {
  override readonly name = "MethodNotAllowedError";
}
/** 408 */
export class RequestTimeoutError extends AkakoError {
  override readonly name = "RequestTimeoutError";
}
/** 409: a duplicate, or a state that does not allow it. */
export class ConflictError extends AkakoError {
  override readonly name = "ConflictError";
}
/** 412: the object has been changed since; `details` holds the `currentETag`. */
export class PreconditionFailedError extends AkakoError {
  override readonly name = "PreconditionFailedError";
}
/** 413: `details` holds `limitBytes`. */
export class PayloadTooLargeError extends AkakoError {
  override readonly name = "PayloadTooLargeError";
}
/** 414 */
export class UriTooLongError extends AkakoError {
  override readonly name = "UriTooLongError";
}
/** 415: for a rejected file, `details` holds `reason` and `allowedExtensions`. */
export class UnsupportedMediaTypeError extends AkakoError {
  override readonly name = "UnsupportedMediaTypeError";
}
/** 416 */
export class RangeNotSatisfiableError extends AkakoError {
  override readonly name = "RangeNotSatisfiableError";
}
/** 422: `details` holds `field`, `message` and `value`, and `errors` where there are more. */
export class ValidationError extends AkakoError {
  override readonly name = "ValidationError";
}
/** 423: another request is writing this upload. */
export class LockedError extends AkakoError {
  override readonly name = "LockedError";
}
/** 429: too many calls in this minute (`RATE_LIMITED`) or month (`QUOTA_EXCEEDED`). */
export class RateLimitError extends AkakoError {
  override readonly name = "RateLimitError";
}
/** 431 */
export class HeadersTooLargeError extends AkakoError {
  override readonly name = "HeadersTooLargeError";
}
/** 460: the bytes differ from their checksum. */
export class ChecksumMismatchError extends AkakoError {
  override readonly name = "ChecksumMismatchError";
}
/** 500 */
export class InternalServerError extends AkakoError {
  override readonly name = "InternalServerError";
}
/** 502 */
export class BadGatewayError extends AkakoError {
  override readonly name = "BadGatewayError";
}
/** 503 */
export class ServiceUnavailableError extends AkakoError {
  override readonly name = "ServiceUnavailableError";
}
/** 504 */
export class GatewayTimeoutError extends AkakoError {
  override readonly name = "GatewayTimeoutError";
}
/** 507: the server has no room for this file. */
export class InsufficientStorageError extends AkakoError {
  override readonly name = "InsufficientStorageError";
}

const BY_STATUS: Record<number, typeof AkakoError> = {
  400: BadRequestError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  405: MethodNotAllowedError,
  408: RequestTimeoutError,
  409: ConflictError,
  412: PreconditionFailedError,
  413: PayloadTooLargeError,
  414: UriTooLongError,
  415: UnsupportedMediaTypeError,
  416: RangeNotSatisfiableError,
  422: ValidationError,
  423: LockedError,
  429: RateLimitError,
  431: HeadersTooLargeError,
  460: ChecksumMismatchError,
  500: InternalServerError,
  502: BadGatewayError,
  503: ServiceUnavailableError,
  504: GatewayTimeoutError,
  507: InsufficientStorageError,
};
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** `Retry-After` in seconds: a number or a date. */
function retryAfter(value: string): number | null {
  if (/^[0-9]+$/.test(value)) return Number(value);
  const moment = value.endsWith("GMT") ? Date.parse(value) : Number.NaN;
  return Number.isNaN(moment) ? null : Math.max(0, (moment - Date.now()) / 1000);
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? (read as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The error of an answer that is not the API's own. */
export function unreadable(response: Response, address = response.url): AkakoError {
  const kind = response.headers.get("content-type") ?? "no content type";
  return errorOf(response, `The answer is not the API's: ${kind}${hint(address)}`, UNREADABLE);
}

function errorOf(
  response: Response,
  message: string,
  code: string,
  details: Record<string, unknown> = {},
): AkakoError {
  const { status, headers } = response;
  const Kind = BY_STATUS[status] ?? AkakoError;
  const wait = retryAfter(headers.get("retry-after") ?? "");
  return new Kind(message, status, code, details, headers.get("x-request-id"), wait);
}

const NAMED = [
  "id",
  "field",
  "value",
  "message",
  "reason",
  "allowedExtensions",
  "current",
  "expected",
  "plan",
  "required",
  "user_roles",
];
const ROLES = ["required", "user_roles"]; // no cause where there is a reason
const MAX_SHOWN = 200;

function shownAs(value: unknown): string {
  const text = typeof value === "string" && value ? value : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** The details that name the cause of an error, as the end of its message. */
function described(details: Record<string, unknown>): string {
  const has = (name: string) => details[name] !== undefined;
  const named = NAMED.filter((name) => has(name) && !(has("reason") && ROLES.includes(name)));
  const shown = named.map((name) => `${name}: ${shownAs(details[name])}`);
  const { errors } = details;
  const more = Array.isArray(errors) && errors.length > 1 ? `; ${errors.length} errors` : "";
  return shown.length ? ` (${shown.join(", ")}${more})` : "";
}

/** What to check if the request went past /api. */
function hint(address: string): string {
  const path = address && new URL(address).pathname;
  return !path || path.includes("/api/")
    ? ""
    : `. Does baseURL lack /api? The request was for ${path}`;
}

/** The error that an answer stands for; `address` is what was asked. */
export async function failure(response: Response, address: string): Promise<AkakoError> {
  if (response.type === "opaqueredirect" || REDIRECTS.has(response.status)) {
    void response.body?.cancel().catch(() => {});
    return errorOf(response, "Redirects are not followed", REDIRECTED);
  }
  const { code, error, details } = objectOf(await response.text().catch(() => ""));
  const known = (typeof details === "object" && details !== null ? details : {}) as Record<
    string,
    unknown
  >;
  if (typeof code !== "string") return unreadable(response, address);
  // Without details it is the path that is unknown, not a thing.
  const more = response.status === 404 && !Object.keys(known).length ? hint(address) : "";
  return errorOf(response, String(error) + described(known) + more, code, known);
}

/** The body of a success in the API's envelope. */
export function envelope(response: Response, text: string): Record<string, unknown> {
  const body = objectOf(text);
  if (body["success"] !== true || !("data" in body)) throw unreadable(response);
  return body;
}
