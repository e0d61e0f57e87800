/** What happened in a schedule, line by line, for those who want to read it. */

export type Trace = (who: string, what: string, outcome?: unknown) => void;

const ID = /(ord|evt|rsv|pay|mov|req|usr)_[0-9a-f]{32}/g;

/**
 * @param elapsed milliseconds since the start
 * @param write takes each line; ids stand in it as `ord#1`, in the order of their appearance: their random part is
 *   another one in each run
 */
export function createTrace(elapsed: () => number, write: (line: string) => void): Trace {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();

  function nameOf(id: string, prefix: string): string {
    const known = names.get(id);
    if (known) return known;
    const count = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, count);
    const name = `${prefix}#${count}`;
    names.set(id, name);
    return name;
  }

  return (who, what, outcome) => {
    const told = outcome === undefined ? "" : ` -> ${tell(outcome)}`;
    const line = `${(elapsed() / 1000).toFixed(3).padStart(9)}s  ${who.padEnd(16)} ${what}${told}`;
    write(line.replace(ID, nameOf));
  };
}

function tell(outcome: unknown): string {
  if (outcome instanceof Error) return `${outcome.name}: ${outcome.message}`;
  return typeof outcome === "string" ? outcome : JSON.stringify(outcome);
}
