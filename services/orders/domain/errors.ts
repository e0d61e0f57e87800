import { DomainError } from "../../../mixins/errors.ts";

/** There is no such order, or it is somebody else's: both look the same. */
export class OrderNotFound extends DomainError {
  readonly code = "ORDER_NOT_FOUND";
  constructor(orderId: string) {
    super(`There is no order ${orderId}`, { orderId });
  }
}

/** Less is available than the order asks for. */
export class InsufficientStock extends DomainError {
  readonly code = "INSUFFICIENT_STOCK";
  constructor(skus: readonly string[]) {
    super(`Not enough stock of ${skus.join(", ")}`, { skus });
  }
}

/** The order names products that do not exist. */
export class UnknownSku extends DomainError {
  readonly code = "UNKNOWN_SKU";
  constructor(skus: readonly string[]) {
    super(`Unknown sku: ${skus.join(", ")}`, { skus });
  }
}

/** The products of one order have prices in more than one currency. */
export class MixedCurrencies extends DomainError {
  readonly code = "MIXED_CURRENCIES";
  constructor(currencies: readonly string[]) {
    super(`An order takes one currency, not ${currencies.join(" and ")}`, { currencies });
  }
}

/** The order's state does not allow this move. */
export class IllegalTransition extends DomainError {
  readonly code = "ILLEGAL_TRANSITION";
  constructor(move: string, order: { id: string; status: string }) {
    super(`An order that is ${order.status} can not take the step ${move}`, {
      orderId: order.id,
      status: order.status,
      move,
    });
  }
}

/** The order is not confirmed (any more), so its fulfilment must not begin. */
export class OrderNotClaimable extends DomainError {
  readonly code = "ORDER_NOT_CLAIMABLE";
  constructor(order: { id: string; status: string }) {
    super(`The order ${order.id} is ${order.status}, its fulfilment can not begin`, {
      orderId: order.id,
      status: order.status,
    });
  }
}

/** A step past the point of no return was asked for before that point. */
export class OrderNotClaimed extends DomainError {
  readonly code = "ORDER_NOT_CLAIMED";
  constructor(orderId: string) {
    super(`The fulfilment of the order ${orderId} was not claimed`, { orderId });
  }
}

/** The order can't be fulfilled before its payment is captured. */
export class PaymentNotCaptured extends DomainError {
  readonly code = "PAYMENT_NOT_CAPTURED";
  constructor(orderId: string) {
    super(`The payment of the order ${orderId} is not captured`, { orderId });
  }
}

/** The call came without a signed-in user. */
export class NotSignedIn extends DomainError {
  readonly code = "NOT_SIGNED_IN";
  constructor() {
    super("Sign in first");
  }
}

/** The order has ended otherwise, or its fulfilment has begun. */
export class OrderCannotBeCancelled extends DomainError {
  readonly code = "ORDER_CANNOT_BE_CANCELLED";
  constructor({ id, status, claimedAt }: { id: string; status: string; claimedAt?: string }) {
    super(`The order ${id} is ${claimedAt ? "being fulfilled" : status} and can not be cancelled`, {
      orderId: id,
      status,
    });
  }
}

/** Only a fulfilled order can be returned. */
export class OrderCannotBeReturned extends DomainError {
  readonly code = "ORDER_CANNOT_BE_RETURNED";
  constructor({ id, status }: { id: string; status: string }) {
    super(`The order ${id} is ${status} and can not be returned`, { orderId: id, status });
  }
}
