/** The services with durable messages: whom the worker asks about messages, and to clean up. */
export const participants = ["orders", "inventory", "notifications", "worker"] as const;

export type Participant = (typeof participants)[number];
