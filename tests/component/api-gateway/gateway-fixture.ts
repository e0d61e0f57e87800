/** The gateway over real HTTP; accounts, inventory and orders are played by the test. */
import { connect } from "node:net";
import { Writable } from "node:stream";
import { Errors, ServiceBroker } from "moleculer";
import type { Call } from "../../../contracts/define-contract.ts";
import { newId } from "../../../contracts/ids.ts";
import type { Role, User } from "../../../contracts/shapes.ts";
import { answerCalls, type Handler } from "../../../mixins/calls.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import { accounts } from "../../../services/accounts/contract.ts";
import type { SigningKey } from "../../../services/accounts/repositories/signing-keys.ts";
import { createAccessTokens } from "../../../services/accounts/security/access-tokens.ts";
import { createApiGatewayService } from "../../../services/api-gateway/api-gateway.service.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import { orders } from "../../../services/orders/contract.ts";
import { readSettings } from "../../../settings.ts";
import { freePort } from "../../support/free-port.ts";

const contracts = { accounts, inventory, orders };
type ServiceName = keyof typeof contracts;
type Stubs<Calls extends Record<string, Call>> = { -readonly [K in keyof Calls]?: Handler<Calls[K]> };

/** A call that reached a service. */
interface Seen {
  readonly action: string;
  readonly params: unknown;
  readonly requestId: string | null | undefined;
  readonly user: User | undefined;
  readonly traceparent: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  readonly body: any;
}

export type GatewayFixture = Awaited<ReturnType<typeof openGateway>>;

/** A failure of the domain, as it arrives from another service. */
export const refusal = (type: string, data: object = {}) =>
  new Errors.MoleculerClientError("only for logs", 422, type, data);

export const userWith = (...roles: Role[]): User => ({
  id: newId("usr", Date.now()),
  email: "ann@example.com",
  name: "Ann",
  roles,
});

/**
 * @param services those that are there; each call is answered by `stubs`, and fails where there is no stub
 */
export async function openGateway({
  services = ["accounts", "inventory", "orders"],
  drainMs = 50,
  clock = Date.now,
}: {
  services?: readonly ServiceName[];
  drainMs?: number;
  clock?: () => number;
} = {}) {
  const stubs: {
    accounts: Stubs<typeof accounts.calls>;
    inventory: Stubs<typeof inventory.calls>;
    orders: Stubs<typeof orders.calls>;
  } = { accounts: {}, inventory: {}, orders: {} };
  const calls: Seen[] = [];
  const log: Record<string, unknown>[] = [];
  const port = await freePort();
  const { transporter: _, ...options } = brokerOptions(
    readSettings({ NATS_URL: "nats://none" }),
    "gateway-1",
  );
  const broker = new ServiceBroker({ ...options, logger: capture(log) });
  broker.createService(createApiGatewayService({ port, host: "127.0.0.1", drainMs, clock }));

  const tokens = createAccessTokens({ keys: memoryKeys(), clock });
  stubs.accounts.publicKeys = async () => ({ keys: await tokens.publicKeys() });

  const join = (name: ServiceName) => {
    const { calls: contractCalls } = contracts[name] as { calls: Record<string, Call> };
    const handlers = Object.keys(contractCalls).map((call): [string, Handler<Call>] => [
      call,
      async (params, ctx) => {
        const { user, traceparent } = ctx.meta;
        calls.push({ action: `${name}.${call}`, params, requestId: ctx.requestID, user, traceparent });
        const stub = (stubs[name] as Record<string, Handler<Call> | undefined>)[call];
        if (!stub) throw new Error(`Nobody expected ${name}.${call}`);
        return stub(params, ctx);
      },
    ]);
    return broker.createService({ name, actions: answerCalls(contractCalls, Object.fromEntries(handlers)) });
  };
  for (const name of services) join(name);
  await broker.start();

  const base = `http://127.0.0.1:${port}`;
  return {
    broker,
    stubs,
    calls,
    log,
    port,
    tokens,
    /** Starts one more service. */
    join,
    leave: (name: ServiceName) => broker.destroyService(name),
    /** An `Authorization` header for a new user with these roles, or for this one. */
    async signIn(who: User | Role = "customer") {
      const user = typeof who === "string" ? userWith(who) : who;
      return { user, authorization: `Bearer ${(await tokens.sign(user)).token}` };
    },
    /** Sends a request; an object as `body` goes as JSON. */
    async send(
      method: string,
      path: string,
      { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
    ): Promise<Answer> {
      const raw = typeof body === "string" || body instanceof Uint8Array || body === undefined;
      const response = await fetch(`${base}${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text ? JSON.parse(text) : undefined,
      };
    },
    /** Sends bytes as they are, and answers all that comes back until the connection ends. */
    sendRaw: (text: string, options?: { timeoutMs?: number }) => sendRaw(port, text, options),
    stop: () => broker.stop(),
  };
}

function sendRaw(port: number, text: string, { timeoutMs = 12_000 } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`No end within ${timeoutMs} ms: ${received}`)),
    );
    socket.on("data", (bytes) => {
      received += bytes;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
    socket.write(text);
  });
}

/** A signing key that lives as long as the test. */
export function memoryKeys() {
  let stored: SigningKey | undefined;
  return {
    find: async () => stored,
    addIfAbsent: async (key: SigningKey) => {
      stored ??= key;
    },
  };
}

function capture(log: Record<string, unknown>[]) {
  const destination = new Writable({
    write(line, _encoding, done) {
      log.push(JSON.parse(String(line)));
      done();
    },
  });
  return {
    type: "Pino" as const,
    options: { pino: { options: { level: "info" }, destination } },
  };
}
