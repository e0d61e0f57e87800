/** Every trap of the domain, each a bug found elsewhere, as a story on the simulated cluster. */
import { describe, expect, test } from "@jest/globals";
import { inventory } from "../../services/inventory/contract.ts";
import { orders } from "../../services/orders/contract.ts";
import { worker } from "../../services/worker/contract.ts";
import { paymentMethods } from "./payment-provider.ts";
import { operator } from "./shop.ts";
import type { Simulation } from "./simulation.ts";
import { ann, bob, events, look, place, teas, tell } from "./story.ts";

/** More events than an order has on its whole way. */
const WHOLE_WAY = 150;
const TIMEOUT_MS = 60_000;

const placed = orders.events.placed.type;
const reserved = inventory.events.reserved.type;
const cancelled = orders.events.cancelled.type;
const ship = worker.commands.shipFulfilment.type;

/** Cancels as the customer does who wants nothing more; answers the refusal, if there is one. */
async function cancel({ shop, until }: Simulation, orderId: string): Promise<string | undefined> {
  const answer = await until(shop.cancel(ann, orderId, "cancel"));
  return answer.done ? undefined : answer.refusal;
}

describe("traps of the domain", () => {
  describe("A retry after a failed create must not answer success with no order behind it.", () => {
    test(
      "whenever orders crashes, the same key gets one order that is there",
      async () => {
        for (let crashAt = 0; crashAt < 30; crashAt++) {
          await tell(async (simulation) => {
            const answer = simulation.shop.place(ann, "key", teas(2));
            await events(simulation, crashAt);
            simulation.cluster.crash("orders");
            const { result } = (await simulation.until(answer)) as { result: { id: string } };
            expect(
              look(simulation)
                .orders()
                .map(({ id }) => id),
            ).toEqual([result.id]);
            expect(look(simulation).keys()).toBe(1);
          });
        }
      },
      TIMEOUT_MS,
    );

    test("what was refused binds no key: the same key gets the order once there is stock", () =>
      tell(
        async (simulation) => {
          const { shop, until } = simulation;
          expect(await until(shop.place(ann, "key", teas(2)))).toMatchObject({
            refusal: "INSUFFICIENT_STOCK",
          });
          expect(look(simulation).keys()).toBe(0);
          await until(shop.receive("TEA-100", "receipt", 5));
          const order = await place(simulation);
          expect(look(simulation).order(order.id)?.status).toBe("placed");
        },
        { onHand: 1 },
      ));
  });

  test(
    "Two customers racing for the last unit: exactly one wins; nobody gets less than was paid for.",
    async () => {
      const ends = new Set<string>();
      for (let seed = 1; seed <= 100; seed++) {
        await tell(
          async (simulation) => {
            const { shop, settle } = simulation;
            for (const who of [ann, bob]) void shop.place(who, "key", teas(1));
            await settle();
            const found = look(simulation).orders();
            expect(found.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
            expect(
              look(simulation)
                .movements()
                .filter((kind) => kind === "shipment"),
            ).toHaveLength(1);
            ends.add(
              found
                .map(({ status }) => status)
                .toSorted()
                .join(),
            );
          },
          { onHand: 1, seed },
        );
      }
      expect(ends).toContain("fulfilled,rejected");
    },
    TIMEOUT_MS,
  );

  describe("`cancel` arriving before, during and after reservation, authorization and claim: stock and money end right.", () => {
    test("before the reservation: nothing is ever held", () =>
      tell(async (simulation) => {
        simulation.cluster.stream.hold(placed);
        const { id } = await place(simulation);
        await cancel(simulation, id);
        await simulation.untilTrue(() => look(simulation).reservation(id) === "released");
        simulation.cluster.stream.release(placed);
        await simulation.settle();
        expect(look(simulation).movements()).toEqual([]);
        expect(look(simulation).ledger()).toEqual([]);
      }));

    test("after the reservation: the stock is released, and nothing is authorized", () =>
      tell(async (simulation) => {
        simulation.cluster.stream.hold(reserved);
        const { id } = await place(simulation);
        await simulation.untilTrue(() => look(simulation).reservation(id) === "held");
        await cancel(simulation, id);
        simulation.cluster.stream.release(reserved);
        await simulation.settle();
        expect(look(simulation).movements()).toEqual(["reservation", "release"]);
        expect(look(simulation).ledger()).toEqual([]);
      }));

    test("during the authorization: what turns out to be authorized is voided", () =>
      tell(async (simulation) => {
        const { id } = await place(simulation, teas(2, { paymentMethod: paymentMethods.timeout }));
        await simulation.untilTrue(() => look(simulation).ledger().length === 1);
        await cancel(simulation, id);
        await simulation.settle();
        expect(look(simulation).order(id)).toMatchObject({
          status: "cancelled",
          payment: { status: "voided" },
        });
        expect(look(simulation).ledger()).toEqual(["authorize", "void"]);
      }));

    test("after the authorization, before the claim: released and voided", () =>
      tell(async (simulation) => {
        simulation.cluster.stream.hold(ship);
        const { id } = await place(simulation);
        await simulation.untilTrue(() => look(simulation).order(id)?.status === "confirmed");
        await cancel(simulation, id);
        simulation.cluster.stream.release(ship);
        await simulation.settle();
        expect(look(simulation).reservation(id)).toBe("released");
        expect(look(simulation).ledger()).toEqual(["authorize", "void"]);
      }));

    test("after the claim: it comes too late, and the order is fulfilled", () =>
      tell(async (simulation) => {
        const { id } = await place(simulation);
        await simulation.untilTrue(() => look(simulation).order(id)?.claimedAt !== undefined);
        expect(await cancel(simulation, id)).toBe("ORDER_CANNOT_BE_CANCELLED");
        await simulation.settle();
        expect(look(simulation).order(id)?.status).toBe("fulfilled");
        expect(look(simulation).ledger()).toEqual(["authorize", "capture"]);
      }));

    test(
      "at every single event of an order's way, one of these two ends",
      async () => {
        const ends = new Map<string, number>();
        for (let cancelAt = 0; cancelAt < WHOLE_WAY; cancelAt++) {
          await tell(async (simulation) => {
            const { id } = await place(simulation);
            await events(simulation, cancelAt);
            await cancel(simulation, id);
            await simulation.settle();
            const end = [look(simulation).order(id)?.status, ...look(simulation).ledger()].join();
            ends.set(end, (ends.get(end) ?? 0) + 1);
          });
        }
        expect([...ends.keys()].toSorted()).toEqual([
          "cancelled",
          "cancelled,authorize,void",
          "fulfilled,authorize,capture",
        ]);
      },
      TIMEOUT_MS,
    );
  });

  test("A command that arrives after its order was cancelled must not reserve, charge or ship.", () =>
    tell(async (simulation) => {
      const { stream } = simulation.cluster;
      stream.hold(ship);
      const { id } = await place(simulation);
      await simulation.untilTrue(() => look(simulation).order(id)?.status === "confirmed");
      await cancel(simulation, id);
      await simulation.untilTrue(() => look(simulation).order(id)?.payment.status === "voided");
      stream.release(ship);
      stream.repeat(placed);
      stream.repeat(reserved);
      await simulation.settle();
      expect(look(simulation).movements()).toEqual(["reservation", "release"]);
      expect(look(simulation).ledger()).toEqual(["authorize", "void"]);
      expect(look(simulation).order(id)?.claimedAt).toBeUndefined();
    }));

  test('A time-out is "unknown", not "not done": retry with the same key, never with a new one.', () =>
    tell(async (simulation) => {
      const { id } = await place(simulation, teas(2, { paymentMethod: paymentMethods.timeout }));
      await simulation.settle();
      expect(look(simulation).order(id)?.status).toBe("fulfilled");
      expect(look(simulation).ledger()).toEqual(["authorize", "capture"]);
    }));

  describe("Authorized, then crashed, then cancelled: the authorization is voided all the same.", () => {
    test("the order is cancelled before anybody knows of its authorization", () =>
      tell(async (simulation) => {
        const { id } = await place(simulation);
        await simulation.untilTrue(() => look(simulation).ledger().length === 1);
        simulation.cluster.crash("orders");
        simulation.cluster.stream.hold(reserved);
        await cancel(simulation, id);
        expect(look(simulation).order(id)?.payment).toMatchObject({ status: "pending" });
        await simulation.untilTrue(() => look(simulation).order(id)?.payment.status === "voided");
        simulation.cluster.stream.release(reserved);
        await simulation.settle();
        expect(look(simulation).ledger()).toEqual(["authorize", "void"]);
      }));

    test("where the crash came before the provider was asked, it is asked and undone with the same keys", () =>
      tell(async (simulation) => {
        const { id } = await place(simulation);
        await simulation.untilTrue(() => look(simulation).order(id)?.payment.intendedAt !== undefined);
        simulation.cluster.crash("orders");
        await cancel(simulation, id);
        await simulation.settle();
        expect(look(simulation).order(id)?.payment.status).toBe("voided");
        expect(look(simulation).ledger()).toEqual(["authorize", "void"]);
      }));
  });

  describe("A message that is delivered twice, or out of order, has one effect.", () => {
    const types = [orders, inventory, worker].flatMap(({ events: told, commands }) =>
      [...Object.values(told), ...Object.values(commands)].map(({ type }) => type),
    );

    test("all messages of a fulfilled and returned order, once more when all is over", () =>
      tell(async (simulation) => {
        const { shop, until, settle, cluster } = simulation;
        const { id } = await place(simulation);
        await settle();
        await until(shop.return(operator, id, "return"));
        await settle();
        const before = snapshot(simulation);
        for (const type of types) cluster.stream.repeat(type);
        await settle();
        expect(snapshot(simulation)).toEqual(before);
        expect(new Set(look(simulation).tallies())).toEqual(new Set([1]));
        expect(look(simulation).ledger()).toEqual(["authorize", "capture", "refund"]);
        expect(look(simulation).mails()).toEqual(["placed", "confirmed", "fulfilled", "returned"]);
      }));

    test(
      "all messages so far, once more at every event of the way",
      async () => {
        for (let repeatAt = 0; repeatAt < WHOLE_WAY; repeatAt += 3) {
          await tell(async (simulation) => {
            const { id } = await place(simulation);
            await events(simulation, repeatAt);
            for (const type of types) simulation.cluster.stream.repeat(type);
            await simulation.settle();
            expect(look(simulation).order(id)?.status).toBe("fulfilled");
            expect(look(simulation).movements()).toEqual(["reservation", "shipment"]);
            expect(look(simulation).ledger()).toEqual(["authorize", "capture"]);
          });
        }
      },
      TIMEOUT_MS,
    );

    test.each(types)("%s comes after all that it overtook or that overtook it", (type) =>
      tell(async (simulation) => {
        const { stream } = simulation.cluster;
        stream.hold(type);
        const { id } = await place(simulation);
        await events(simulation, WHOLE_WAY);
        await cancel(simulation, id);
        await events(simulation, WHOLE_WAY);
        stream.release(type);
        await simulation.settle();
      }),
    );

    test("order.cancelled that comes before order.placed leaves a tombstone", () =>
      tell(async (simulation) => {
        const { stream } = simulation.cluster;
        stream.hold(placed);
        const { id } = await place(simulation);
        await cancel(simulation, id);
        await simulation.untilTrue(() => look(simulation).reservation(id) !== undefined);
        expect(look(simulation).reservation(id)).toBe("released");
        stream.release(placed);
        stream.repeat(cancelled);
        await simulation.settle();
        expect(look(simulation).movements()).toEqual([]);
      }));
  });

  test("Prices and product names are those at placing time, whatever changes later.", () =>
    tell(async (simulation) => {
      const { shop, until, settle, cluster } = simulation;
      cluster.stream.hold(placed);
      const { id } = await place(simulation);
      await until(
        shop.change("TEA-100", "change", { name: "Old tea", price: { amount: 9_900, currency: "EUR" } }),
      );
      cluster.stream.release(placed);
      await settle();
      const line = {
        sku: "TEA-100",
        name: "TEA-100",
        quantity: 2,
        unitPrice: { amount: 450, currency: "EUR" },
      };
      expect(look(simulation).order(id)).toMatchObject({ status: "fulfilled", items: [line] });
      expect(cluster.provider.ledger.map(({ amount }) => amount.amount)).toEqual([900, 900]);
    }));

  test("Any user asking for another user's order gets 404, as for one that does not exist.", () =>
    tell(async (simulation) => {
      const { shop, until } = simulation;
      const { id } = await place(simulation);
      const missing = `ord_${"0".repeat(32)}`;
      const answers = [
        await until(shop.get(bob, id)),
        await until(shop.get(bob, missing)),
        await until(shop.cancel(bob, id, "cancel")),
        await until(shop.cancel(bob, missing, "cancel")),
      ];
      expect(answers).toEqual(answers.map(() => ({ done: false, refusal: "ORDER_NOT_FOUND" })));
      expect(await until(shop.get(ann, id))).toMatchObject({ done: true, result: { id } });
      expect(await until(shop.get(operator, id))).toMatchObject({ done: true, result: { id } });
    }));
});

/** All that an effect could have changed. */
function snapshot(simulation: Simulation) {
  const { orders: all, movements, ledger, tallies, mails } = look(simulation);
  return { orders: all(), movements: movements(), ledger: ledger(), tallies: tallies(), mails: mails() };
}
