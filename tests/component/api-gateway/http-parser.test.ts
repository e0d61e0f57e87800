import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../../support/eventually.ts";
import { type GatewayFixture, openGateway } from "./gateway-fixture.ts";

let gateway: GatewayFixture;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.stop());

/** The parts of a raw answer. */
function parse(raw: string) {
  const [head = "", body = ""] = raw.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]));
  return { status: Number(statusLine.split(" ")[1]), headers, body: JSON.parse(body) };
}

const HEAD = "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

describe("what is no HTTP request", () => {
  const broken: [string, number, string, string][] = [
    ["garbage", 400, "malformed-request", "garbage\r\n\r\n"],
    ["an unknown method", 400, "malformed-request", "FOO / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a wrong version", 400, "malformed-request", "GET / HTTP/9.9\r\nHost: x\r\n\r\n"],
    ["HTTP/2", 400, "malformed-request", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["no host", 400, "malformed-request", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"],
    ["two lengths", 400, "malformed-request", `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    [
      "a length and chunks",
      400,
      "malformed-request",
      `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
    ],
    ["a malformed chunk", 400, "malformed-request", `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`],
    [
      "huge headers",
      431,
      "headers-too-large",
      `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${"x".repeat(17_000)}\r\n\r\n`,
    ],
    ["a huge path", 431, "headers-too-large", `GET /${"x".repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    [
      "huge chunk extensions",
      413,
      "body-too-large",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n2;${"x".repeat(20_000)}\r\n{}\r\n`,
    ],
    ["CONNECT", 405, "method-not-allowed", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"],
    [
      "an unknown expectation",
      417,
      "expectation-failed",
      `${HEAD}Expect: magic\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    ],
  ];
  test.each(broken)("(%s) is answered with a problem %i", async (_, status, type, text) => {
    const answer = parse(await gateway.sendRaw(text));
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.headers.get("connection")).toBe("close");
    expect(answer.body).toMatchObject({
      type: `/problems/${type}`,
      title: expect.any(String),
      status,
      requestId: answer.headers.get("x-request-id"),
    });
    expect(answer.body.requestId).toMatch(/^req_/);
  });
});

test("a client that is silent, slow with its headers or slow with its body is let go within 10 s", async () => {
  const start = performance.now();
  const slow = ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n", `${HEAD}Content-Length: 20\r\n\r\n{"email":`];
  const answers = await Promise.all(slow.map(async (text) => parse(await gateway.sendRaw(text))));
  expect(performance.now() - start).toBeLessThan(10_000);
  for (const { status, body } of answers) {
    expect([status, body.type]).toEqual([408, "/problems/request-timeout"]);
  }
});

test("a request whose body stays away keeps its id, in the answer and in the log", async () => {
  gateway.log.length = 0;
  const text = `${HEAD}X-Request-Id: req-stalled\r\nContent-Length: 20\r\n\r\n{"email":`;
  const { status, headers, body } = parse(await gateway.sendRaw(text));
  expect([status, headers.get("x-request-id"), body.requestId]).toEqual([408, "req-stalled", "req-stalled"]);
  const line = await eventually(() => gateway.log.find(({ msg }) => msg === "request"));
  expect(line).toMatchObject({ requestId: "req-stalled", status: 408 });
});

test.each(["GARBAGE\r\n\r\n", "\0\u0001"])(
  "what comes behind a request that is carried out does not take its answer: %j",
  async (rubbish) => {
    const page = { items: [], nextCursor: null };
    gateway.stubs.inventory.listProducts = () => delay(100, page);
    const answer = parse(await gateway.sendRaw(`GET /v1/products HTTP/1.1\r\nHost: x\r\n\r\n${rubbish}`));
    expect([answer.status, answer.body]).toEqual([200, page]);
  },
);

test("clients that send slowly take no place of others, however many they are", async () => {
  const slow = Array.from({ length: 2_100 }, () => connect(gateway.port, "127.0.0.1"));
  try {
    for (const socket of slow) socket.on("error", () => {}).write(`${HEAD}Content-Length: 50\r\n\r\n{`);
    await Promise.all(slow.map((socket) => once(socket, "connect")));
    await delay(500);
    expect((await gateway.send("GET", "/healthz")).status).toBe(200);
  } finally {
    for (const socket of slow) socket.destroy();
  }
});

test("a client that hangs up leaves no failure behind", async () => {
  gateway.log.length = 0;
  const socket = connect(gateway.port, "127.0.0.1");
  socket.end(`${HEAD}Content-Length: 20\r\n\r\n{"email":`);
  socket.destroySoon();
  const line = await eventually(() => gateway.log.find(({ msg }) => msg === "request"));
  expect(line).toMatchObject({ path: "/v1/auth/login" });
  expect(gateway.log.filter(({ msg }) => msg === "request failed")).toEqual([]);
  expect((await gateway.send("GET", "/healthz")).status).toBe(200);
});
