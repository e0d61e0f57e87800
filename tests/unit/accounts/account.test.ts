import { expect, test } from "@jest/globals";
import { emailKey, openAccount, publicUser } from "../../../services/accounts/domain/account.ts";

const opened = (role: "customer" | "operator" | "admin") =>
  openAccount({ email: "Ada@Example.com", name: "Ada", passwordHash: "secret", role, nowMs: 1_000 });

test.each([
  ["customer", ["customer"]],
  ["operator", ["customer", "operator"]],
  ["admin", ["customer", "operator", "admin"]],
] as const)("an account of a %s has the roles %j", (role, roles) => {
  expect(opened(role).roles).toEqual(roles);
});

test("addresses compare without case and surrounding space", () => {
  expect(emailKey(" Ada@Example.COM ")).toBe("ada@example.com");
});

test("what others may know of an account is who, and no secret", () => {
  expect(publicUser(opened("customer"))).toEqual({
    id: expect.stringMatching(/^usr_/),
    email: "Ada@Example.com",
    name: "Ada",
    roles: ["customer"],
  });
});
