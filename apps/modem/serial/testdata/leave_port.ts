/** Opens the port named first, and ends in the way named second, without closing it. */
import { openTty } from "../open_tty.ts";

const [path, how] = Deno.args;
const port = openTty(path!, { baudRate: 57_600, flow: "none" });
console.log(port.baudRate);
if (how === "exit") Deno.exit(3);
if (how === "throw") throw new Error("nobody catches this");
if (how === "reject") Promise.reject(new Error("nor this"));
if (how === "hang-up") Deno.kill(Deno.pid, "SIGHUP");
