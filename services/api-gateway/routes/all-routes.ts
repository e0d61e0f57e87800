import type { Readiness } from "../health/readiness.ts";
import { authRoutes } from "./auth-routes.ts";
import { deadLetterRoutes } from "./dead-letter-routes.ts";
import { createHealthRoutes } from "./health-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { orderRoutes } from "./order-routes.ts";
import { productRoutes } from "./product-routes.ts";
import type { Route } from "./route.ts";

/** The HTTP interface: every route there is. */
export function allRoutes({ readiness }: { readiness: Pick<Readiness, "report"> }): readonly Route[] {
  return [
    ...createHealthRoutes(readiness),
    ...authRoutes,
    ...productRoutes,
    ...orderRoutes,
    ...jobRoutes,
    ...deadLetterRoutes,
  ];
}
