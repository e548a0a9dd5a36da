import type { SerialSink } from "@lightwire/ppp";
import { libc, openPty } from "@lightwire/app-linux";
import { openTty } from "./open_tty.ts";

const BLOCK_BYTES = 4096;

Deno.bench("write 4 KiB to a pseudo-terminal whose other end reads", (b) => {
  const pty = openPty();
  const port = openTty(pty.path, { baudRate: 921_600, flow: "none" });
  const block = new Uint8Array(BLOCK_BYTES).fill(0x55);
  const memory = new Uint8Array(BLOCK_BYTES);
  b.start();
  let sent = 0;
  while (sent < BLOCK_BYTES) {
    sent += port.write(block, sent, BLOCK_BYTES);
    libc().read(pty.masterFd, memory, BLOCK_BYTES);
  }
  b.end();
  port.close();
  libc().close(pty.masterFd);
});

Deno.bench("from a write of 100 octets at the other end until they are handed up", async (b) => {
  const pty = openPty();
  const port = openTty(pty.path, { baudRate: 921_600, flow: "none" });
  const block = new Uint8Array(100).fill(0x55);
  let arrived: () => void = () => {};
  const sink: SerialSink = {
    serialInput: () => arrived(),
    serialWritable: () => {},
    serialLinesChanged: () => {},
    serialClosed: () => {},
  };
  port.attach(sink);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const got = new Promise<void>((resolve) => arrived = resolve);
  b.start();
  libc().write(pty.masterFd, block, block.length);
  await got;
  b.end();
  await port.closeAndWait();
  libc().close(pty.masterFd);
});
