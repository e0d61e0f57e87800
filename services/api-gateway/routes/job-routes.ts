import { z } from "zod";
import { callService } from "../../../mixins/calls.ts";
import { InvariantReport, ScheduledJob, worker } from "../../worker/contract.ts";
import { defineRoute, type Route } from "./route.ts";

const tag = "admin";

export const jobRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/v1/admin/jobs",
    tag,
    summary: "The scheduled jobs: last run, next run, who leads.",
    who: "operator",
    answer: {
      status: 200,
      description: "All jobs.",
      schema: z.strictObject({ items: z.array(ScheduledJob) }),
    },
    async handle({ caller }) {
      return { body: await callService(caller, worker.calls.listJobs, {}) };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/v1/admin/invariants",
    tag,
    summary: "The invariant monitor: what it checked, when, what it found.",
    who: "operator",
    answer: {
      status: 200,
      description: "The latest report of each check.",
      schema: z.strictObject({ items: z.array(InvariantReport) }),
    },
    async handle({ caller }) {
      return { body: await callService(caller, worker.calls.invariants, {}) };
    },
  }),
];
