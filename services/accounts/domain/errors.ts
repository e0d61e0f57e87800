/** What accounts refuses; the gateway translates the codes. */
import { DomainError } from "../../../mixins/errors.ts";

export class EmailTaken extends DomainError {
  readonly code = "EMAIL_TAKEN";
  constructor() {
    super("The address has an account already");
  }
}

/** The same for an unknown address and a wrong password, so that nobody learns who has an account. */
export class BadCredentials extends DomainError {
  readonly code = "BAD_CREDENTIALS";
  constructor() {
    super("The address or the password is wrong");
  }
}

export class UserNotFound extends DomainError {
  readonly code = "USER_NOT_FOUND";
  constructor(userId: string) {
    super(`There is no user ${userId}`, { userId });
  }
}
