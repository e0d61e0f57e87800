import { z } from "zod";
import { pageOf } from "../../../contracts/shapes.ts";
import { callService } from "../../../mixins/calls.ts";
import { DeadLetter, DeadLetterId, DeadLetterWithBody, worker } from "../../worker/contract.ts";
import { PageQuery } from "./query-parameters.ts";
import { defineRoute, type Route } from "./route.ts";

const tag = "admin";
const ById = z.strictObject({ id: DeadLetterId });

export const deadLetterRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/admin/dead-letters",
    tag,
    summary: "The messages that consumers have given up, newest first.",
    who: "operator",
    query: z.strictObject(PageQuery),
    answer: { status: 200, description: "A page of dead letters.", schema: pageOf(DeadLetter) },
    problems: ["bad-cursor"],
    async handle({ query, caller }) {
      return { body: await callService(caller, worker.calls.listDeadLetters, query) };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/v1/admin/dead-letters/:id",
    tag,
    summary: "One dead letter with its body.",
    who: "operator",
    params: ById,
    answer: { status: 200, description: "The dead letter.", schema: DeadLetterWithBody },
    problems: ["not-found"],
    async handle({ params, caller }) {
      return { body: await callService(caller, worker.calls.getDeadLetter, params) };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/admin/dead-letters/:id/replay",
    tag,
    summary: "Has the consumer that gave the message up handle it once more.",
    who: "operator",
    params: ById,
    answer: { status: 200, description: "The letter, which is gone now.", schema: DeadLetter },
    problems: ["not-found", "replay-failed"],
    async handle({ params, caller }) {
      return { body: await callService(caller, worker.calls.replayDeadLetter, params) };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/v1/admin/dead-letters/:id",
    tag,
    summary: "Discards a dead letter: its consumer never handles the message.",
    who: "operator",
    params: ById,
    answer: { status: 200, description: "The letter, which is gone now.", schema: DeadLetter },
    problems: ["not-found"],
    async handle({ params, caller }) {
      return { body: await callService(caller, worker.calls.discardDeadLetter, params) };
    },
  }),
];
