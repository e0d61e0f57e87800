/** Bugs that others have had, each put between the real services and their ports: the simulation must find every one. */
import { idempotencyCollection } from "../../mixins/idempotency/idempotency.ts";
import { inboxRows } from "../../mixins/messaging/outbox.ts";
import type { ConnectedStore, Document, Write } from "../../mixins/persistence/store.ts";
import type { Reservation } from "../../services/inventory/contract.ts";
import { movementRows } from "../../services/inventory/repositories/movements.ts";
import { OrderNotClaimable } from "../../services/orders/domain/errors.ts";
import { changed } from "../../services/orders/domain/order-record.ts";
import type { Bug } from "./services.ts";

/** An order that is cancelled before it is seen to be placed leaves no tombstone. */
const noTombstone: Bug = {
  reservations: (reservations) => ({
    ...reservations,
    async save(outcome, nowMs, delivery) {
      const { reservation, messages } = outcome;
      const isTombstone =
        reservation.version === 1 && reservation.status === "released" && messages.length === 0;
      if (!isTombstone) await reservations.save(outcome, nowMs, delivery);
    },
  }),
};

/** The claim does not mind what became of the order. */
const unconditionalClaim: Bug = {
  orders: (repository) => ({
    ...repository,
    change: (orderId, decide, more) =>
      repository.change(
        orderId,
        (order) => {
          try {
            return decide(order);
          } catch (error) {
            if (!(error instanceof OrderNotClaimable)) throw error;
            return changed(order, { at: order.updatedAt, claimedAt: order.updatedAt });
          }
        },
        more,
      ),
  }),
};

/** What is undone is not asked about first: an authorization without an answer counts as none. */
const voidBeforeTheAnswerIsKnown: Bug = {
  payments: (payments, repository) => ({
    ...payments,
    async authorize(request) {
      const { status } = await repository.get(request.orderId);
      if (status === "placed") return payments.authorize(request);
      return { outcome: "declined", paymentId: "pay-unknown", reason: "not asked" };
    },
  }),
};

/** A message that is in the inbox is handled again. */
const inboxCheckRemoved: Bug = {
  store: (store) => ({
    ...store,
    get: async (collection, key) =>
      collection.name === inboxRows.name ? undefined : store.get(collection, key),
    async commit(writes) {
      const inbox = writes.find(({ collection }) => collection.name === inboxRows.name);
      const known =
        inbox && (await store.get(inboxRows, (inbox as { document: Document }).document.id as string));
      await store.commit(known ? writes.filter((write) => write !== inbox) : writes);
    },
  }),
};

/** A release minds neither that the stock is released already, nor the inbox. */
const releaseTwice: Bug = {
  store: (store) => replacingWrites(store, (write) => (isRelease(write) ? renamed(write) : write)),
  reservations: (reservations) => ({
    ...reservations,
    async find(orderId) {
      const found = await reservations.find(orderId);
      const wasHeld = found?.status === "released" && found.lines.length > 0;
      return wasHeld ? ({ ...found, status: "held" } satisfies Reservation) : found;
    },
    save: (outcome, nowMs, delivery) =>
      reservations.save(outcome, nowMs, outcome.reservation.status === "released" ? undefined : delivery),
  }),
};

/** A conditional write without its condition: whoever comes last wins. */
const lostUpdates: Bug = {
  store: (store) => ({
    ...store,
    async commit(writes) {
      const blind = writes.map(async (write) => {
        if (write.kind !== "replace") return write;
        const key = write.document[write.collection.key] as string;
        const current = await store.get(write.collection, key);
        return { ...write, version: (current?.version ?? write.version) as number };
      });
      await store.commit(await Promise.all(blind));
    },
  }),
};

/** Each try has a key of its own, as if a time-out meant "not done". */
const newKeyForEachTry: Bug = {
  payments(payments) {
    let tries = 0;
    return {
      ...payments,
      authorize: (request) => payments.authorize({ ...request, key: `${request.key}-${++tries}` }),
    };
  },
};

/** The idempotency key is recorded first, and the effect fails. */
const keyBoundBeforeItsEffect: Bug = {
  store: (store) => ({
    ...store,
    async commit(writes) {
      const isKey = ({ collection }: Write) => collection.name === idempotencyCollection.name;
      const keys = writes.filter(isKey);
      if (keys.length > 0) await store.commit(keys);
      await store.commit(writes.filter((write) => !isKey(write)));
    },
  }),
};

export const bugs = {
  noTombstone,
  unconditionalClaim,
  voidBeforeTheAnswerIsKnown,
  inboxCheckRemoved,
  releaseTwice,
  lostUpdates,
  newKeyForEachTry,
  keyBoundBeforeItsEffect,
} as const;

function replacingWrites(store: ConnectedStore, replaceWrite: (write: Write) => Write): ConnectedStore {
  return { ...store, commit: (writes) => store.commit(writes.map(replaceWrite)) };
}

type MovementWrite = Extract<Write, { document: Document }>;

function isRelease(write: Write): write is MovementWrite {
  return (
    write.kind === "insert" &&
    write.collection.name === movementRows.name &&
    write.document.kind === "release"
  );
}

function renamed(write: MovementWrite): MovementWrite {
  return { ...write, document: { ...write.document, id: `${write.document.id} at ${write.document.at}` } };
}
