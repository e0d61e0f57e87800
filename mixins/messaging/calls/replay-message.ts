import { DomainError } from "../../errors.ts";
import { readEventId } from "../dead-letter.ts";
import type { DeliveryHandler } from "../handle-delivery.ts";
import type { Troubles } from "../troubles.ts";

/** The service has no such consumer (any more). */
export class UnknownConsumer extends DomainError {
  readonly code = "UNKNOWN_CONSUMER";
  constructor(consumer: string) {
    super(`There is no consumer ${consumer}`, { consumer });
  }
}

/**
 * Handles a dead letter's message once more, as the one consumer that gave it up; what it has handled already has no
 * second effect. A letter whose handler fails again stays one.
 * @param handlerOf the delivery handler of a consumer of this service
 */
export function replayMessage({
  handlerOf,
  troubles,
}: {
  handlerOf: (consumer: string) => DeliveryHandler | undefined;
  troubles: Pick<Troubles, "clear">;
}) {
  return async ({
    consumer,
    body,
    headers,
  }: {
    consumer: string;
    body: string;
    headers: Readonly<Record<string, string>>;
  }): Promise<Record<string, never>> => {
    const handle = handlerOf(consumer);
    if (!handle) throw new UnknownConsumer(consumer);
    const bytes = new TextEncoder().encode(body);
    await handle({ body: bytes, header: (name) => headers[name], tries: 1 });
    await troubles.clear(`${consumer}:${readEventId(bytes)}`);
    return {};
  };
}
