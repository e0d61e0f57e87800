/** SMTP by hand: what a well-behaved client library would never send. */
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** Connects, and reads the greeting. */
export async function connectSmtp(port: number) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();

  /** The next reply, all its lines; `220 ...`. */
  async function reply(): Promise<string> {
    const read: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return read.join("\n");
      read.push(value);
      if (!/^\d{3}-/.test(value)) return read.join("\n");
    }
  }
  async function say(line: string): Promise<string> {
    socket.write(`${line}\r\n`);
    return reply();
  }

  const greeting = await reply();
  return {
    greeting,
    reply,
    say,
    write: (bytes: string) => socket.write(bytes),
    /** Up to the server's `354`: the next bytes are the mail. */
    async startMail(to = "ann@example.com"): Promise<string> {
      await say("EHLO test");
      await say("MAIL FROM:<shop@example.com>");
      await say(`RCPT TO:<${to}>`);
      return say("DATA");
    },
    async hangUp(): Promise<void> {
      socket.destroy();
      if (!socket.closed) await once(socket, "close");
    },
  };
}
