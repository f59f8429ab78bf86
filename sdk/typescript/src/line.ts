import { AkakoError, ConnectionFailedError, NO_ANSWER } from "./errors.js";

/** Why a request failed: in Node `fetch` hides the reason in a cause, which may hide more. */
function causeOf(error: unknown): string {
  const { message, cause, errors, code } = (error ?? {}) as {
    message?: string;
    cause?: unknown;
    errors?: unknown[];
    code?: string;
  };
  if (cause) return causeOf(cause);
  if (errors?.length) return errors.map(causeOf).join("; ");
  return message || code || String(error);
}

const LONGEST_TIMER = 2 ** 31 - 1; // above, timers fire at once

/** The life of one request: it ends when nothing happens for a time, or when it is stopped. */
export class Line {
  readonly #end = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #patience: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped: { reason: unknown } | null = null;

  readonly #address: string;

  /** `address` is what the request was sent to, for messages. */
  constructor(address: string, milliseconds: number, caller?: AbortSignal) {
    this.#address = address;
    this.#patience = milliseconds;
    this.#caller = caller;
    caller?.addEventListener("abort", this.#obey);
    if (caller?.aborted) this.#obey();
    this.alive();
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Something happened: wait anew. */
  alive(): void {
    this.rest();
    if (this.#patience > LONGEST_TIMER) return;
    this.#timer = setTimeout(() => this.#end.abort(), this.#patience);
  }

  /** Nothing is being waited for. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** End the request for good, with this error. */
  stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.#end.abort();
  }

  close(): void {
    this.rest();
    this.#caller?.removeEventListener("abort", this.#obey);
  }

  /** What an error on this line means. One with a `cause` may pass. */
  explain(error: unknown, code = NO_ANSWER): unknown {
    if (this.#stopped) return this.#stopped.reason;
    if (error instanceof AkakoError) return error;
    const late = this.signal.aborted;
    const options = late ? {} : { cause: error };
    const message = late
      ? `No answer in time from ${this.#address}`
      : `No connection to ${this.#address}: ${causeOf(error)}`;
    return new ConnectionFailedError(message, 0, code, {}, null, null, options);
  }

  #obey = () => this.stop(this.#caller?.reason);
}
