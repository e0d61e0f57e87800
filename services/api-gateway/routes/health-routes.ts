import { z } from "zod";
import type { Readiness } from "../health/readiness.ts";
import { problem } from "../problems/problem.ts";
import { defineRoute, type Route } from "./route.ts";

const tag = "health";

/** Liveness, which asks nobody; and readiness, which tells a load balancer whether to send requests here. */
export function createHealthRoutes(readiness: Pick<Readiness, "report">): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/healthz",
      tag,
      summary: "Whether the process works.",
      who: "anyone",
      answer: {
        status: 200,
        description: "It does.",
        schema: z.strictObject({ status: z.literal("ok") }),
      },
      async handle() {
        return { body: { status: "ok" as const } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/readyz",
      tag,
      summary: "Whether requests can be served: NATS and every needed service are there.",
      who: "anyone",
      answer: {
        status: 200,
        description: "They are.",
        schema: z.strictObject({ status: z.literal("ready"), services: z.array(z.string()) }),
      },
      problems: ["not-ready"],
      async handle() {
        const report = readiness.report();
        if (report.ready) return { body: { status: "ready" as const, services: [...report.services] } };
        throw problem("not-ready", { detail: report.reason, extensions: { missing: report.missing } });
      },
    }),
  ];
}
