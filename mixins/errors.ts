/**
 * Two families of failures. A `DomainError` is about the request or message itself: repeating it unchanged
 * cannot help. Anything else (time-out, breaker open, store busy) is a dependency's and is worth a retry.
 */

/** A rule of the domain was broken. Each failure is a class of its own with a stable `code`, such as `ORDER_NOT_FOUND`. */
export abstract class DomainError extends Error {
  /** Stable, upper snake case; the gateway translates it to an HTTP status. */
  abstract readonly code: string;
  /** What a caller may know about the failure: plain JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  constructor(message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = new.target.name;
    this.data = data;
  }
}

/** The params of a call or the data of a message do not fit the contract. */
export class InvalidShape extends DomainError {
  readonly code = "INVALID_SHAPE";
  constructor(errors: readonly { path: string; message: string }[]) {
    super("The input does not have the shape that the contract asks for", { errors });
  }
}

/** Something that this service needs is away or too slow; the same request may be tried again. */
export class DependencyUnavailable extends Error {
  readonly code = "DEPENDENCY_UNAVAILABLE";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DependencyUnavailable";
  }
}
