import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "../../../contracts/ids.ts";
import { inventory } from "../../../services/inventory/contract.ts";
import { type OrderStatus, orders } from "../../../services/orders/contract.ts";
import { expireHolds } from "../../../services/worker/handlers/jobs/expire-holds.ts";
import { anOrder } from "../../support/orders-mother.ts";
import { openJobFixture, stub } from "./job-fixture.ts";

const ids = (count: number) => Array.from({ length: count }, () => newId("ord", Date.now()));

describe("The job that expires holds", () => {
  let pages: string[][];
  let asked: string[];
  let atOnce: number;
  let becomes: (orderId: string) => OrderStatus;
  let fixture: Awaited<ReturnType<typeof openJobFixture>>;
  beforeEach(async () => {
    asked = [];
    atOnce = 0;
    becomes = () => "cancelled";
    let running = 0;
    fixture = await openJobFixture([
      stub(inventory.calls.listExpired, ({ cursor = "0" }) => ({
        orderIds: pages[Number(cursor)] ?? [],
        nextCursor: Number(cursor) + 1 < pages.length ? String(Number(cursor) + 1) : null,
      })),
      stub(orders.calls.expire, async ({ orderId }) => {
        asked.push(orderId);
        atOnce = Math.max(atOnce, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        return anOrder({ id: orderId, status: becomes(orderId) });
      }),
    ]);
  });
  afterEach(() => fixture.stop());

  test("asks orders to end every order whose hold has run out, page by page, a few at once", async () => {
    pages = [ids(40), ids(40), ids(3)];
    expect(await fixture.run(expireHolds())).toEqual({ overdue: 83, expired: 83, failed: 0 });
    expect(asked.toSorted()).toEqual(pages.flat().toSorted());
    expect(atOnce).toBeLessThanOrEqual(8);
  });

  test("does nothing when no hold has run out", async () => {
    pages = [[]];
    expect(await fixture.run(expireHolds())).toEqual({ overdue: 0, expired: 0, failed: 0 });
  });

  test("leaves to orders whether an order ends", async () => {
    pages = [ids(3)];
    becomes = (orderId) => (orderId === pages[0]?.[0] ? "confirmed" : "cancelled");
    expect(await fixture.run(expireHolds())).toEqual({ overdue: 3, expired: 2, failed: 0 });
  });

  test("goes on behind an order that can not be expired, and says so", async () => {
    pages = [ids(5), ids(5)];
    becomes = (orderId) => {
      if (orderId === pages[0]?.[2]) throw new Error("store busy");
      return "cancelled";
    };
    await expect(fixture.run(expireHolds())).rejects.toMatchObject({
      message: expect.stringContaining("1 of 10 orders could not be expired"),
      did: { overdue: 10, expired: 9, failed: 1 },
    });
  });

  test("stops soon when it is told to", async () => {
    pages = [ids(200), ids(200)];
    const abort = new AbortController();
    becomes = () => {
      abort.abort(new Error("the node stops"));
      return "cancelled";
    };
    await expect(fixture.run(expireHolds(), abort.signal)).rejects.toThrow("the node stops");
    expect(asked.length).toBeLessThanOrEqual(16);
  });
});
