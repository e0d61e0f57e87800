import { type Context, Errors, type ServiceSchema } from "moleculer";
import { DependencyUnavailable, DomainError } from "./errors.ts";
import { StoreUnavailable } from "./persistence/store.ts";

/**
 * Classes do not travel over the wire. This mixin turns a service's failures into Moleculer errors that do:
 * a `DomainError` becomes a `MoleculerClientError` (code 422, not retryable) with the failure's `code` as `type`;
 * a dependency that is away becomes a retryable error with code 503.
 */
export function domainErrors(): Partial<ServiceSchema> {
  return {
    hooks: {
      error: {
        "*": (_ctx: Context, error: Error) => {
          if (error instanceof DomainError) {
            throw new Errors.MoleculerClientError(error.message, 422, error.code, error.data);
          }
          if (error instanceof StoreUnavailable || error instanceof DependencyUnavailable) {
            throw new Errors.MoleculerRetryableError(error.message, 503, error.code);
          }
          throw error;
        },
      },
    },
  };
}

/**
 * Whether repeating the same call or message unchanged cannot help: a `DomainError`, here or at the far end of a call.
 * Everything else (time-out, breaker open, store busy) is worth a retry.
 */
export function isFailureOfRequest(error: unknown): boolean {
  return error instanceof DomainError || error instanceof Errors.MoleculerClientError;
}
