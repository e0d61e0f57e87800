import type { z } from "zod";
import { problem } from "./problem.ts";

/** More errors than this help nobody, and a hostile body can have thousands. */
const MAX_ERRORS = 50;

export interface FieldError {
  /** Where, with dots: `items.0.quantity`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/**
 * Checks what a client sent against a schema and answers the parsed value.
 * @throws {Problem} invalid-request, naming each wrong field
 */
export function checkShape<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues.flatMap(fieldErrors));
}

/** A 422 that names the wrong fields. */
export function invalidRequest(errors: readonly FieldError[]) {
  const [first] = errors;
  const detail = first && `${first.path || "The body"}: ${first.message}`;
  return problem("invalid-request", {
    ...(detail === undefined ? {} : { detail }),
    extensions: { errors: errors.slice(0, MAX_ERRORS) },
  });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path.join("."), message: issue.message }];
  return issue.keys
    .slice(0, MAX_ERRORS)
    .map((key) => ({ path: [...issue.path, key].join("."), message: "is not a known field" }));
}
