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
  ) {
    super(message);
  }
}

export class BadRequestError extends AkakoError {
  override readonly name = "BadRequestError";
}
export class UnauthorizedError extends AkakoError {
  override readonly name = "UnauthorizedError";
}
export class ForbiddenError extends AkakoError {
  override readonly name = "ForbiddenError";
}
export class NotFoundError extends AkakoError {
  override readonly name = "NotFoundError";
}
export class ConflictError extends AkakoError {
  override readonly name = "ConflictError";
}
export class PreconditionFailedError extends AkakoError {
  override readonly name = "PreconditionFailedError";
}
export class PayloadTooLargeError extends AkakoError {
  override readonly name = "PayloadTooLargeError";
}
export class UnsupportedMediaTypeError extends AkakoError {
  override readonly name = "UnsupportedMediaTypeError";
}
export class RangeNotSatisfiableError extends AkakoError {
  override readonly name = "RangeNotSatisfiableError";
}
export class ValidationError extends AkakoError {
  override readonly name = "ValidationError";
}
export class RateLimitError extends AkakoError {
  override readonly name = "RateLimitError";
}
export class ServerError extends AkakoError {
  override readonly name = "ServerError";
}
/** No answer came: no connection, or none in time. */
export class ConnectionError extends AkakoError {
  override readonly name = "ConnectionError";
}

type Constructor = new (...args: ConstructorParameters<typeof AkakoError>) => AkakoError;

const BY_STATUS: Record<number, Constructor> = {
  400: BadRequestError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  412: PreconditionFailedError,
  413: PayloadTooLargeError,
  415: UnsupportedMediaTypeError,
  416: RangeNotSatisfiableError,
  422: ValidationError,
  429: RateLimitError,
};

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** The error that an answer stands for; also of a proxy's HTML page or of cut JSON. */
export async function failure(response: Response): Promise<AkakoError> {
  let body: { error?: unknown; code?: unknown; details?: unknown } = {};
  try {
    body = Object(await response.json());
  } catch {
    // Not from the API itself; the status says all there is to say.
  }
  const Kind = BY_STATUS[response.status] ?? (response.status >= 500 ? ServerError : AkakoError);
  return new Kind(
    typeof body.error === "string" ? body.error : `Unexpected answer ${response.status}`,
    response.status,
    typeof body.code === "string" ? body.code : "UNEXPECTED_ANSWER",
    Object(body.details ?? {}),
    response.headers.get("x-request-id"),
    retryAfter(response),
  );
}
