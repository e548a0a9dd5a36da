import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  DO,
  emitNegotiation,
  emitSubnegotiation,
  escapeTelnet,
  IAC,
  MAX_SUBNEGOTIATION_BYTES,
  SB,
  SE,
  TelnetDecoder,
  type TelnetSink,
  WILL,
} from "./telnet_codec.ts";

class Recorder implements TelnetSink {
  readonly data: number[] = [];
  readonly events: string[] = [];
  telnetData(bytes: Uint8Array, start: number, end: number): void {
    this.data.push(...bytes.subarray(start, end));
  }
  telnetNegotiation(command: number, option: number): void {
    this.events.push(`${command} ${option}`);
  }
  telnetSubnegotiation(option: number, payload: Uint8Array): void {
    this.events.push(`SB ${option} ${[...payload].join()}`);
  }
}

function escape(data: Uint8Array, isText = false): Uint8Array {
  const into = new Uint8Array(2 * data.length + 2);
  const both = escapeTelnet(data, 0, data.length, into, isText);
  assertEquals(Math.floor(both / 65536), data.length);
  return into.subarray(0, both & 0xffff);
}

Deno.test("commands are taken out of the data, and IAC IAC is one octet (RFC 854)", () => {
  const sink = new Recorder();
  const decoder = new TelnetDecoder(sink);
  decoder.input(
    Uint8Array.of(1, IAC, IAC, 2, IAC, WILL, 44, 3, IAC, 241, IAC, SB, 44, 101, IAC, IAC, 7, IAC, SE, 4),
  );
  assertEquals(sink.data, [1, 255, 2, 3, 4]);
  assertEquals(sink.events, ["251 44", "SB 44 101,255,7"]);
});

Deno.test("text: CR NUL is CR, until both use BINARY (RFC 854, RFC 856)", () => {
  const sink = new Recorder();
  const decoder = new TelnetDecoder(sink);
  decoder.isText = true;
  decoder.input(Uint8Array.of(13, 0, 13, 10, 0));
  decoder.isText = false;
  decoder.input(Uint8Array.of(13, 0));
  assertEquals(sink.data, [13, 13, 10, 0, 13, 0]);
  assertEquals([...escape(Uint8Array.of(13, 10), true)], [13, 0, 10]);
});

Deno.test("a subnegotiation that is too long is dropped and counted", () => {
  const sink = new Recorder();
  const decoder = new TelnetDecoder(sink);
  decoder.input(emitSubnegotiation(44, new Array(MAX_SUBNEGOTIATION_BYTES + 1).fill(7)));
  decoder.input(emitNegotiation(DO, 0));
  assertEquals([decoder.tooLong, sink.events], [1, ["253 0"]]);
});

Deno.test("escapeTelnet() takes what fits", () => {
  const into = new Uint8Array(5);
  const both = escapeTelnet(Uint8Array.of(255, 255, 255), 0, 3, into, false);
  assertEquals([Math.floor(both / 65536), both & 0xffff], [2, 4]);
});

Deno.test("property: data survives escaping, however it is cut and whatever stands between", () => {
  const octet = fc.oneof(fc.constantFrom(0, 13, 240, 250, 255), fc.nat(255));
  fc.assert(fc.property(
    fc.array(fc.array(octet, { maxLength: 40 }), { maxLength: 5 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 7 }),
    (parts, isText, cut) => {
      const sink = new Recorder();
      const decoder = new TelnetDecoder(sink);
      decoder.isText = isText;
      const stream: number[] = [];
      for (const part of parts) {
        stream.push(...escape(Uint8Array.from(part), isText), ...emitSubnegotiation(44, [107, 255]));
      }
      for (let at = 0; at < stream.length; at += cut) {
        decoder.input(Uint8Array.from(stream.slice(at, at + cut)));
      }
      assertEquals(sink.data, parts.flat());
      assertEquals(sink.events, parts.map(() => "SB 44 107,255"));
    },
  ));
});

Deno.test("property: no octets make the decoder throw", () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.constantFrom(240, 250, 251, 255), fc.nat(255))), (octets) => {
    new TelnetDecoder(new Recorder()).input(Uint8Array.from(octets));
  }));
});
