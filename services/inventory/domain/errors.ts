/** What inventory refuses; the gateway translates the codes. */
import { DomainError } from "../../../mixins/errors.ts";
import type { Reservation } from "../contract.ts";

export class ProductNotFound extends DomainError {
  readonly code = "PRODUCT_NOT_FOUND";
  constructor(sku: string) {
    super(`There is no product ${sku}`, { sku });
  }
}

export class SkuTaken extends DomainError {
  readonly code = "SKU_TAKEN";
  constructor(sku: string) {
    super(`There is a product ${sku} already`, { sku });
  }
}

/** A movement would leave less than nothing, available or reserved. */
export class InsufficientStock extends DomainError {
  readonly code = "INSUFFICIENT_STOCK";
  constructor(sku: string) {
    super(`There is not enough stock of ${sku}`, { skus: [sku] });
  }
}

/** An order with the same sku in two lines. */
export class DuplicateSku extends DomainError {
  readonly code = "DUPLICATE_SKU";
  constructor(orderId: string) {
    super(`The order ${orderId} has a sku in two lines`, { orderId });
  }
}

export class ReservationNotFound extends DomainError {
  readonly code = "RESERVATION_NOT_FOUND";
  constructor(orderId: string) {
    super(`There is no reservation for the order ${orderId}`, { orderId });
  }
}

/** Only held stock can be released or shipped. */
export class ReservationNotHeld extends DomainError {
  readonly code = "RESERVATION_NOT_HELD";
  constructor({ orderId, status }: Reservation) {
    super(`The stock of the order ${orderId} is not held but ${status}`, { orderId, status });
  }
}

/** Only shipped stock can be returned. */
export class ReservationNotShipped extends DomainError {
  readonly code = "RESERVATION_NOT_SHIPPED";
  constructor({ orderId, status }: Reservation) {
    super(`The stock of the order ${orderId} is not shipped but ${status}`, { orderId, status });
  }
}
