/** What the system knows of a process. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** 127.0.0.1 and ::1 as little-endian machines write them there. */
const LOOPBACK = ["0100007F", "00000000000000000000000001000000"];

const onLinux = process.platform === "linux";

/** The command line, as `ps` shows it. */
export function commandLineOf(pid: number): string {
  if (!onLinux) return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

/** The addresses and TCP ports that a process listens on. */
export function listeningOf(pid: number): { isLoopback: boolean; port: number }[] {
  return onLinux ? listeningFromProc(pid) : listeningFromLsof(pid);
}

function listeningFromProc(pid: number): { isLoopback: boolean; port: number }[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => /socket:\[(\d+)\]/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]),
  );
  return ["tcp", "tcp6"]
    .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, "utf8").trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === "0A" && sockets.has(inode))
    .map(([, local = ""]) => {
      const [address = "", port = ""] = local.split(":");
      return { isLoopback: LOOPBACK.includes(address), port: Number.parseInt(port, 16) };
    });
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}

function listeningFromLsof(pid: number): { isLoopback: boolean; port: number }[] {
  const args = ["-nP", "-a", "-p", String(pid), "-iTCP", "-sTCP:LISTEN", "-Fn"];
  const output = execFileSync("lsof", args, { encoding: "utf8" });
  return [...output.matchAll(/^n(.*):(\d+)$/gm)].map(([, address = "", port]) => ({
    isLoopback: address === "127.0.0.1" || address === "[::1]",
    port: Number(port),
  }));
}
