import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { answerCalls } from "../../../mixins/calls.ts";
import { domainErrors } from "../../../mixins/domain-errors.ts";
import { DomainError } from "../../../mixins/errors.ts";
import { brokerOptions } from "../../../moleculer.config.ts";
import { createApiGatewayService } from "../../../services/api-gateway/api-gateway.service.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import { readSettings } from "../../../settings.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";

class ProductNotFound extends DomainError {
  readonly code = "PRODUCT_NOT_FOUND";
}

let nats: TestNatsServer;
let link: Awaited<ReturnType<typeof openLink>>;
let gateway: ServiceBroker;
let others: ServiceBroker;
let base: string;
let asked: PromiseWithResolvers<void>;
let released: PromiseWithResolvers<void>;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  asked = Promise.withResolvers();
  released = Promise.withResolvers();
  link = await openLink(Number(new URL(nats.url).port));
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  gateway = node("api-gateway-1", link.url);
  gateway.createService(createApiGatewayService({ port, host: "127.0.0.1", drainMs: 0 }));
  others = node("others-1", nats.url);
  others.createService({ name: "accounts" });
  others.createService({ name: "orders" });
  const { getProduct } = inventory.calls;
  others.createService({
    name: "inventory",
    mixins: [domainErrors()],
    actions: answerCalls(
      { getProduct },
      {
        getProduct: async ({ sku }) => {
          asked.resolve();
          if (sku === "HANGS") await released.promise;
          throw new ProductNotFound("There is no such product");
        },
      },
    ),
  });
  await Promise.all([gateway.start(), others.start()]);
  await ready();
});
afterEach(async () => {
  await Promise.all([gateway.stop(), others.stop()]);
  link.close();
});

const get = (path: string) => fetch(`${base}${path}`);
const isReady = async () => (await get("/readyz")).status === 200;
const ready = (timeoutMs = 10_000) => eventually(isReady, { timeoutMs });
const notReady = (timeoutMs = 3_000) => eventually(async () => !(await isReady()), { timeoutMs });

describe("the gateway", () => {
  test("is ready when NATS and every needed service are there", async () => {
    const answer = await get("/readyz");
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: "ready", services: ["accounts", "inventory", "orders"] },
    ]);
  });

  test("is not ready while a needed service is away, and names it", async () => {
    await others.destroyService("orders");
    await notReady();
    const answer = await get("/readyz");
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({
      status: 503,
      type: "/problems/not-ready",
      missing: ["orders"],
    });
    expect((await get("/healthz")).status).toBe(200);

    others.createService({ name: "orders" });
    await ready();
  });

  test("is not ready 3 s after NATS was killed, and ready 10 s after its return", async () => {
    await nats.kill();
    await notReady(3_000);
    expect((await get("/healthz")).status).toBe(200);
    await nats.start();
    await ready(10_000);
  });

  test("is not ready 3 s after the link to NATS went silent, and ready again when it speaks", async () => {
    link.silence();
    await notReady(3_000);
    link.speak();
    await ready(10_000);
  });
});

test("stops in time although another node hangs", async () => {
  const hanging = get("/v1/products/HANGS").catch(() => "hung up");
  await asked.promise;
  const start = performance.now();
  await gateway.stop();
  expect(performance.now() - start).toBeLessThan(4_000);
  expect(await hanging).toBe("hung up");
  released.resolve();
});

test("a refusal of another node arrives as what it is", async () => {
  const answer = await get("/v1/products/TEA-100");
  expect([answer.status, await answer.json()]).toMatchObject([404, { type: "/problems/not-found" }]);
});

function node(id: string, natsUrl: string): ServiceBroker {
  const options = brokerOptions(readSettings({ NATS_URL: natsUrl }), id);
  return new ServiceBroker({ ...options, logger: false });
}

/** A link to a port that can go silent without being closed. */
async function openLink(port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence: () => sockets.forEach((socket) => void socket.pause()),
    speak: () => sockets.forEach((socket) => void socket.resume()),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
