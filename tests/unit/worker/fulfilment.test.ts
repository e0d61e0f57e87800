import { describe, expect, test } from "@jest/globals";
import { fulfilment } from "../../../services/worker/domain/fulfilment.ts";

describe("A fulfilment", () => {
  test("claims before it takes money, and takes money before goods leave", () => {
    expect(fulfilment.map(({ call }) => call.name)).toEqual([
      "orders.claimFulfilment",
      "orders.capturePayment",
      "inventory.ship",
      "orders.fulfil",
    ]);
  });

  test("has only steps that are safe to repeat", () => {
    expect(fulfilment.filter(({ call }) => !call.idempotent)).toEqual([]);
  });

  test("finds nothing to do only where the order has ended: before the point of no return, or at the end", () => {
    expect(fulfilment.filter(({ nothingToDo }) => nothingToDo).map(({ name }) => name)).toEqual([
      "claim",
      "fulfil",
    ]);
  });

  test("never cancels an order before the point of no return, and after it says why", () => {
    expect(fulfilment.map(({ name, failsAs }) => [name, failsAs])).toEqual([
      ["claim", undefined],
      ["capture", "payment_failed"],
      ["ship", "shipment_failed"],
      ["fulfil", "payment_failed"],
    ]);
  });
});
