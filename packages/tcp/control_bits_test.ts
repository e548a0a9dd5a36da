import { assertEquals } from "@std/assert";
import { ACK, CWR, ECE, FIN, formatControlBits, PSH, RST, SYN, URG } from "./control_bits.ts";

Deno.test("formatControlBits() writes what tcpdump writes", () => {
  assertEquals(formatControlBits(SYN), "S");
  assertEquals(formatControlBits(SYN | ACK), "S.");
  assertEquals(formatControlBits(PSH | ACK), "P.");
  assertEquals(formatControlBits(FIN | PSH | ACK), "FP.");
  assertEquals(formatControlBits(RST | ACK), "R.");
  assertEquals(formatControlBits(ACK), ".");
  assertEquals(formatControlBits(SYN | ECE | CWR), "SEW");
  assertEquals(formatControlBits(URG), "U");
  assertEquals(formatControlBits(0), "none");
});
