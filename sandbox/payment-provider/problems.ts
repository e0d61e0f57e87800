/** Everything that the provider answers with 400 and more. */

/** A request that is refused: nothing was done, nothing is remembered. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  /** More members of the problem's body. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    title: string,
    detail: string,
    { data = {}, headers = {} }: Partial<Pick<Problem, "data" | "headers">> = {},
  ) {
    super(detail);
    this.status = status;
    this.title = title;
    this.data = data;
    this.headers = headers;
  }
}

export const noSuchPayment = () => new Problem(404, "Not found", "There is no such payment.");

export const keyReused = () =>
  new Problem(422, "Idempotency key reused", "This Idempotency-Key was used for another request.");

export const illegalMove = (move: string, status: string) =>
  new Problem(409, "Illegal move", `A payment that is ${status} takes no ${move}.`, {
    data: { paymentStatus: status },
  });
