/** What people read about the settings, made from their schema. */
import { settingsSchema } from "../settings.ts";

export interface SettingHelp {
  readonly name: string;
  readonly description: string;
  /** As it would be written in the environment; undefined when there is none. */
  readonly defaultValue: string | undefined;
}

/** Every setting in the order of the schema. */
export function describeSettings(): SettingHelp[] {
  return Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const unset = schema.safeParse(undefined);
    const value = unset.success ? unset.data : undefined;
    return {
      name,
      description: schema.description ?? "",
      defaultValue: value === undefined ? undefined : String(value),
    };
  });
}

/** The content of `.env.example`. */
export function environmentExample(): string {
  const intro = [
    "# Settings of the cluster: copy this file to `.env` and change what you need. Variables of the shell come before it.",
    "# Made by `node scripts/help.ts --env`.",
  ];
  const settings = describeSettings().flatMap(({ name, description, defaultValue = "" }) => [
    "",
    `# ${description}`,
    `# ${name}=${defaultValue}`,
  ]);
  return [...intro, ...settings, ""].join("\n");
}
