import { once } from "node:events";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { startNatsServer, type TestNatsServer } from "../../support/nats-server.ts";
import { runProcess, startProcess } from "../../support/processes.ts";
import { openGateway } from "./gateway-fixture.ts";

describe("a gateway that stops", () => {
  test("is not ready, serves on, ends connections, and waits for what has begun", async () => {
    const gateway = await openGateway({ drainMs: 500 });
    const began = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    gateway.stubs.inventory.listProducts = async () => {
      began.resolve();
      await finish.promise;
      return { items: [], nextCursor: null };
    };
    expect((await gateway.send("GET", "/readyz")).status).toBe(200);
    const inFlight = gateway.send("GET", "/v1/products");
    await began.promise;

    const stopped = gateway.stop();
    const notReady = await eventually(async () => {
      const answer = await gateway.send("GET", "/readyz");
      return answer.status === 503 ? answer : undefined;
    });
    expect(notReady?.body).toMatchObject({ type: "/problems/not-ready" });
    const served = await gateway.send("GET", "/healthz");
    expect([served.status, served.headers.get("connection")]).toEqual([200, "close"]);

    await eventually(() =>
      gateway.send("GET", "/healthz").then(
        () => false,
        () => true,
      ),
    );
    finish.resolve();
    const last = await inFlight;
    expect([last.status, last.headers.get("connection")]).toEqual([200, "close"]);
    await stopped;
  });

  test("loses no request of clients that keep their connections", async () => {
    const gateway = await openGateway({ drainMs: 300 });
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const outcomes: (number | string)[] = [];
    let stopping = false;
    const client = async () => {
      while (!stopping) outcomes.push(await getStatus(agent, gateway.port));
    };
    const clients = [client(), client(), client(), client()];
    await eventually(() => outcomes.length > 20);
    const stopped = gateway.stop();
    await eventually(async () => (await gateway.send("GET", "/readyz")).status === 503);
    // A balancer that asks for readiness stops sending now.
    stopping = true;
    await Promise.all(clients);
    await stopped;
    agent.destroy();
    expect(new Set(outcomes)).toEqual(new Set([200]));
  });
});

describe("the process", () => {
  let nats: TestNatsServer;
  beforeAll(async () => {
    nats = await startNatsServer();
  });
  afterAll(() => nats.stop());

  const args = ["services/api-gateway", "--id", "api-gateway-1"];
  const environment = (port: number) => ({ NATS_URL: nats.url, PORT: String(port) });

  test("ends with 0 within 6 s of SIGTERM, after it has served on for a while", async () => {
    const port = await freePort();
    const gateway = await startProcess("scripts/node.ts", args, environment(port));
    const start = performance.now();
    const exit = gateway.stop();
    await eventually(
      async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).headers.get("connection") === "close",
    );
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(6_000);
    expect(performance.now() - start).toBeGreaterThan(2_000);
  });

  test("that finds its port taken names it, says how to choose another, and ends with 1", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, lines } = await runProcess("scripts/node.ts", args, environment(port));
    other.close();
    expect(code).toBe(1);
    expect(lines).toContain(
      `Port ${port} is taken by another program: choose a free one with PORT=<number>.`,
    );
  });
});

function getStatus(agent: Agent, port: number): Promise<number | string> {
  return new Promise((resolve) => {
    request({ agent, port, host: "127.0.0.1", path: "/healthz" }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    })
      .on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"))
      .end();
  });
}
