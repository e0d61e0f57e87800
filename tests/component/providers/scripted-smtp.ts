/** An SMTP server that does what a test tells it, step by step. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

export type Step = "greeting" | "EHLO" | "MAIL" | "RCPT" | "DATA" | "content" | "QUIT" | "RSET";
/** A reply, or what to do instead of one. */
export type Behaviour = string | "hang" | "drop";

const REPLIES: Readonly<Record<Step, string>> = {
  greeting: "220 test",
  EHLO: "250 test",
  MAIL: "250 ok",
  RCPT: "250 ok",
  DATA: "354 go on",
  content: "250 taken",
  QUIT: "221 bye",
  RSET: "250 ok",
};

export type ScriptedSmtp = Awaited<ReturnType<typeof startScriptedSmtp>>;

/** `behaviour` may be changed at any time; `mails` counts those that came in whole, whatever was answered. */
export async function startScriptedSmtp() {
  const state = { behaviour: {} as Partial<Record<Step, Behaviour>>, mails: 0, connections: 0 };
  const sockets = new Set<Socket>();

  const act = (socket: Socket, step: Step) => {
    const behaviour = state.behaviour[step] ?? REPLIES[step] ?? "500 unknown command";
    if (behaviour === "drop") socket.destroy();
    else if (behaviour !== "hang") socket.write(`${behaviour}\r\n`);
  };
  const converse = (socket: Socket) => {
    let inContent = false;
    createInterface({ input: socket }).on("line", (line) => {
      if (inContent && line !== ".") return;
      if (inContent) state.mails++;
      const step = inContent ? "content" : (line.split(/[ :]/)[0]?.toUpperCase() as Step);
      inContent = step === "DATA" && (state.behaviour.DATA ?? REPLIES.DATA).startsWith("3");
      act(socket, step);
    });
    act(socket, "greeting");
  };

  const server = createServer((socket) => {
    state.connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    converse(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(state, {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Ends all connections, as a mail server does with idle ones. */
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  });
}
