import { z } from "zod";
import { PageParams } from "../../../contracts/shapes.ts";

/** `?limit=1..100&cursor=...`, as they stand in a URL. */
export const PageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "must be a whole number from 1 to 100")
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(PageParams.limit.parse(undefined)),
  cursor: PageParams.cursor,
};
