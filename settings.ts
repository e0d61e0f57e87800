/** Every setting of the cluster: environment variables, one schema, one sentence each. The only reader of the environment. */
import { z } from "zod";

const url = (...protocols: string[]) =>
  z.string().refine(
    (value) => {
      return value.split(",").every((one) => URL.canParse(one) && protocols.includes(new URL(one).protocol));
    },
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
  );

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

/** Who mails come from. A name with marks that could end it must stand in quotes, or it would read as several senders. */
const sender = () =>
  z.string().refine((value) => {
    const [, address = value] =
      /^(?:"[^"\\\p{C}\p{Zl}\p{Zp}]+" *|[^()<>[\]:;@\\,"\p{C}\p{Zl}\p{Zp}]+)<(.*)>$/u.exec(value) ?? [];
    return z.email().max(254).safeParse(address).success;
  }, "must be an address, such as orders@example.com, or a name and an address, such as Shop <orders@example.com>");

export const settingsSchema = z.object({
  PORT: integer(1, 65_535)
    .default(3000)
    .describe("Port of the gateway; further gateways take the next free ones."),
  DATA_DIR: z
    .string()
    .min(1)
    .default("./data")
    .describe("Folder for all that a cluster keeps: stores, streams, mails, logs, pids."),
  NATS_URL: url("nats:", "tls:")
    .optional()
    .describe("NATS server with JetStream; unset: `make up` runs its own on a free port."),
  SMTP_URL: url("smtp:", "smtps:")
    .optional()
    .describe(
      "Mail server; unset: a mail sink that keeps each mail as DATA_DIR/mail/*.eml and shows them on a page.",
    ),
  MAIL_FROM: sender()
    .default("Moleculer Orders <orders@example.com>")
    .describe("Sender of all mails, an address or `Name <address>`; your mail server must let it send."),
  PAYMENT_URL: url("http:", "https:")
    .optional()
    .describe("Payment provider; unset: a sandbox with its ledger in DATA_DIR/payments/ledger.jsonl."),
  ADMIN_EMAIL: z
    .email("must be an email address")
    .default("admin@example.com")
    .describe("Address of the first admin."),
  ADMIN_PASSWORD: z
    .string()
    .min(8, "must have 8 to 128 characters")
    .max(128, "must have 8 to 128 characters")
    .optional()
    .describe("Password of the first admin; unset: a random one that `make up` prints once."),
  HOLD_SECONDS: integer(1, 86_400)
    .default(900)
    .describe("How long stock is held for an order that is not paid, in seconds."),
  LOG_LEVEL: z
    .enum(
      ["fatal", "error", "warn", "info", "debug", "trace"],
      "must be fatal, error, warn, info, debug or trace",
    )
    .default("info")
    .describe("The least severe log lines to write: fatal, error, warn, info, debug or trace."),
  NODE_ENV: z
    .enum(["development", "test", "production"], "must be development, test or production")
    .default("development")
    .describe("development, test or production."),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;

/** A setting is missing or bad; the message is one sentence that names it. */
export class BadSetting extends Error {
  readonly code = "BAD_SETTING";
}

/**
 * Reads and checks the settings. An empty value counts as unset.
 * @param environment usually `process.env`
 * @throws {BadSetting} the first setting that does not fit
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    Object.keys(settingsSchema.shape).flatMap((name) =>
      environment[name] ? [[name, environment[name]]] : [],
    ),
  );
  const parsed = settingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BadSetting(`The setting ${issue?.path.join(".")} ${issue?.message}.`);
}

/**
 * A setting that this process cannot do without.
 * @throws {BadSetting} it is unset
 */
export function required<K extends keyof Settings>(settings: Settings, name: K): NonNullable<Settings[K]> {
  const value = settings[name];
  if (value === undefined)
    throw new BadSetting(`The setting ${name} is missing: ${settingsSchema.shape[name].description}`);
  return value as NonNullable<Settings[K]>;
}
