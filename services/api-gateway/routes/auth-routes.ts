import { z } from "zod";
import { User } from "../../../contracts/shapes.ts";
import { callService } from "../../../mixins/calls.ts";
import { accounts, Login, Register, Session } from "../../accounts/contract.ts";
import { defineRoute, type Route } from "./route.ts";

const tag = "auth";
const UserAnswer = z.strictObject({ user: User });

export const authRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/v1/auth/register",
    tag,
    summary: "Opens a customer's account.",
    who: "anyone",
    body: Register,
    answer: { status: 201, description: "The new user.", schema: UserAnswer },
    problems: ["email-taken"],
    async handle({ body, caller }) {
      const user = await callService(caller, accounts.calls.register, body);
      return { body: { user }, location: "/v1/auth/me" };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/v1/auth/login",
    tag,
    summary: "Trades an address and a password for an access token.",
    who: "anyone",
    body: Login,
    answer: { status: 200, description: "A token, and who it stands for.", schema: Session },
    problems: ["bad-credentials"],
    async handle({ body, caller }) {
      return { body: await callService(caller, accounts.calls.login, body) };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/v1/auth/me",
    tag,
    summary: "Who the token stands for.",
    who: "customer",
    answer: { status: 200, description: "The signed-in user.", schema: UserAnswer },
    async handle({ user, caller }) {
      return { body: { user: await callService(caller, accounts.calls.getUser, { userId: user.id }) } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/.well-known/jwks.json",
    tag,
    summary: "The public keys that tokens are signed with (RFC 7517).",
    who: "anyone",
    answer: {
      status: 200,
      description: "A JSON Web Key Set.",
      schema: accounts.calls.publicKeys.result,
    },
    cacheControl: "public, max-age=300",
    async handle({ caller }) {
      return { body: await callService(caller, accounts.calls.publicKeys, {}) };
    },
  }),
];
