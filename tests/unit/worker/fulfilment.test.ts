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

  test("may find nothing to do only before the point of no return", () => {
    expect(fulfilment.filter(({ nothingToDo }) => nothingToDo).map(({ name }) => name)).toEqual(["claim"]);
  });
});
