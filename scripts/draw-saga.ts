/**
 * `npm run docs`: draws `docs/saga.md` from the table of the saga and the table of an order's moves, so that the
 * picture shows what the code does. A test fails when the file is out of date.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call, MessageType } from "../contracts/define-contract.ts";
import { OrderStatus } from "../services/orders/contract.ts";
import { moves } from "../services/orders/domain/order-record.ts";
import { type SagaStep, saga } from "../services/orders/domain/saga.ts";
import { ROOT } from "./command.ts";

type Move = (typeof moves)[keyof typeof moves];

/** The page as it should be: two Mermaid diagrams, and the same as tables. */
export function sagaPage(): string {
  const steps: readonly SagaStep[] = saga;
  return `${[
    "# The saga of an order",
    "What happens to an order after it is placed, and how each step is undone. Drawn by `npm run docs` from the tables in\n" +
      "[saga.ts](../services/orders/domain/saga.ts) and [order-record.ts](../services/orders/domain/order-record.ts): change\n" +
      "those, not this page. [How it works](how-it-works.md) tells why it is so.",
    "## Steps, and what undoes them",
    diagram("flowchart TD", ["client([client])", ...steps.flatMap(drawStep)]),
    table(["step", "service", "started by", "undone by"], steps.map(stepRow)),
    "The point of no return has a thick border: afterwards nothing cancels the order but its own fulfilment failing for good.",
    "## States, and the moves between them",
    diagram("stateDiagram-v2", drawMoves()),
    table(["move", "from", "to", "event"], Object.entries(moves).map(moveRow)),
    "Whatever is not in this table throws `IllegalTransition`.",
  ].join("\n\n")}\n`;
}

function drawStep({ name, service, startedBy, undo, pointOfNoReturn }: SagaStep, index: number): string[] {
  const node = `step${index + 1}`;
  const before = index === 0 ? "client" : `step${index}`;
  return [
    `${node}["${name}<br/>(${service})"]`,
    `${before} -- "${nameOf(startedBy)}" --> ${node}`,
    ...(undo
      ? [`${node} -. "${triggersOf(undo).join("<br/>")}" .-> undo${index + 1}(["${undo.name}"])`]
      : []),
    ...(pointOfNoReturn ? [`style ${node} stroke-width:4px`] : []),
  ];
}

function stepRow({ name, service, startedBy, undo, pointOfNoReturn }: SagaStep, index: number): string[] {
  return [
    `${index + 1}. ${name}${pointOfNoReturn ? " (point of no return)" : ""}`,
    service,
    `${startedBy.kind} \`${nameOf(startedBy)}\``,
    undo ? `${undo.name}, on ${describeTriggers(undo)}` : "-",
  ];
}

function triggersOf({ by }: NonNullable<SagaStep["undo"]>): string[] {
  return ("command" in by ? [by.command] : by.events).map(nameOf);
}

function describeTriggers(undo: NonNullable<SagaStep["undo"]>): string {
  const names = triggersOf(undo).map((name) => `\`${name}\``);
  return "command" in undo.by ? `command ${names}, sent if \`${undo.by.needed.name}\`` : names.join(", ");
}

function drawMoves(): string[] {
  const all: readonly Move[] = Object.values(moves);
  const first = OrderStatus.options.filter((status) => all.every(({ to }) => to !== status));
  const last = OrderStatus.options.filter((status) =>
    all.every(({ from }) => !from.some((one) => one === status)),
  );
  return [
    ...first.map((status) => `[*] --> ${status}`),
    ...Object.entries(moves).flatMap(([name, { from, to }]) =>
      from.map((status) => `${status} --> ${to} : ${name}`),
    ),
    ...last.map((status) => `${status} --> [*]`),
  ];
}

function moveRow([name, { from, to, event }]: [string, Move]): string[] {
  return [name, from.join(", "), to, `\`${nameOf(event)}\``];
}

function nameOf(message: Call | MessageType): string {
  return message.kind === "call" ? message.name : message.type;
}

function diagram(kind: string, lines: readonly string[]): string {
  return ["```mermaid", kind, ...lines.map((line) => `    ${line}`), "```"].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

if (import.meta.main) writeFileSync(join(ROOT, "docs/saga.md"), sagaPage());
