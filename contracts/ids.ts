import { randomBytes } from "node:crypto";

/**
 * A prefixed id that sorts by time of creation: `ord_` + UUIDv7 (RFC 9562) without dashes.
 * @param prefix `ord`, `usr`, `rsv`, `pay` or `evt`
 * @param nowMs Unix time in milliseconds
 */
export function newId(prefix: string, nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  return `${prefix}_${bytes.toString("hex")}`;
}
