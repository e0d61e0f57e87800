import type { ConnectionOptions } from "nats";

/**
 * What `NATS_URL` says, as options of the client.
 * @param natsUrl one or more URLs, comma-separated, with credentials (percent-encoded) in the first; `tls://` in the
 * first encrypts
 */
export function natsOptions(natsUrl: string): Pick<ConnectionOptions, "servers" | "user" | "pass" | "tls"> {
  const urls = natsUrl.split(",").map((url) => new URL(url));
  const [{ username, password, protocol }] = urls as [URL];
  return {
    servers: urls.map(({ host }) => host),
    ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
    ...(protocol === "tls:" ? { tls: {} } : {}),
  };
}
