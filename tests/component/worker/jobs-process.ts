/** A node whose job begins and never ends: `node jobs-process.ts <file>`; prints `running` once it does. */
import { markingJob, startJobsNode } from "./jobs-fixture.ts";

const [file] = process.argv.slice(2) as [string];
await startJobsNode({
  file,
  node: "worker-dead",
  jobs: (store) => [
    markingJob(store, () => {
      console.log("running");
      return new Promise(() => {});
    }),
  ],
});
