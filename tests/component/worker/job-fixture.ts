/** One run of one job, with the services that it asks played by the test. */
import { ServiceBroker } from "moleculer";
import type { Call, ParsedParamsOf, ResultOf } from "../../../contracts/define-contract.ts";
import { answerCalls, type Handler } from "../../../mixins/calls.ts";
import { domainErrors } from "../../../mixins/domain-errors.ts";
import type { Done } from "../../../services/worker/domain/job-run.ts";
import type { RunJob } from "../../../services/worker/jobs/job.ts";

export interface LogLine {
  readonly level: "warn" | "error";
  readonly details: object;
  readonly message: string;
}

/** A call with what the test answers to it. */
export interface Stub {
  readonly call: Call;
  readonly answer: Handler<Call>;
}

export function stub<C extends Call>(
  call: C,
  answer: (params: ParsedParamsOf<C>) => ResultOf<C> | Promise<ResultOf<C>>,
): Stub {
  return { call, answer: async (params) => answer(params as ParsedParamsOf<C>) };
}

/** @param stubs calls without one fail as those of a service that is away */
export async function openJobFixture(stubs: readonly Stub[]) {
  const log: LogLine[] = [];
  const note = (level: LogLine["level"]) => (details: object, message: string) => {
    log.push({ level, details, message });
  };
  const broker = new ServiceBroker({ logger: false, requestTimeout: 2_000, metrics: true });
  const byService = Map.groupBy(stubs, ({ call }) => call.name.split(".")[0] as string);
  for (const [name, own] of byService) {
    const shortName = ({ call }: Stub) => call.name.split(".")[1] as string;
    const calls = Object.fromEntries(own.map((one) => [shortName(one), one.call]));
    const handlers = Object.fromEntries(own.map((one) => [shortName(one), one.answer]));
    broker.createService({ name, mixins: [domainErrors()], actions: answerCalls(calls, handlers) });
  }
  await broker.start();
  return {
    broker,
    log,
    run: (job: RunJob, signal: AbortSignal = new AbortController().signal): Promise<Done> => {
      const service = { logger: { info: () => {}, warn: note("warn"), error: note("error") } };
      const ctx = { broker, service, call: broker.call.bind(broker) };
      return job(ctx as unknown as Parameters<RunJob>[0], { signal });
    },
    stop: () => broker.stop(),
  };
}
