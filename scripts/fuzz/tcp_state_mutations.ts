/** {@linkcode MUTATIONS}: what may be wrong with each field of a TCP segment, relative to the connection that receives it.
 *
 * @module
 */
import { ACK_BIT, FIN_BIT, type SegmentSpec, SYN_BIT, type TcpView, URG_BIT } from "./tcp_state_world.ts";
import type { Draw } from "../sim/draw.ts";

/** Changes one field of a segment that was right. */
export type Mutation = (spec: SegmentSpec, view: TcpView, draw: Draw) => void;

/** A field, and everything that is done to it. */
export interface FieldMutations {
  /** Name of the field in RFC 9293 §3.1, or of the option. */
  readonly field: string;
  /** What is done to it, one after the other. */
  readonly mutations: readonly Mutation[];
}

const HALF = 0x8000_0000;

function uint32(draw: Draw): number {
  return draw.int(0, 0xffff_ffff);
}

function sequenceMutations(): Mutation[] {
  const offsets: ((v: TcpView) => number)[] = [
    ...[0, 1, -1, 2, -2, 9, -9, 10, 1000, -1000, HALF, HALF - 1, HALF + 1].map((d) => (v: TcpView) =>
      v.rcvNxt + d
    ),
    ...[0, 1, -1, -10].flatMap((d) => [
      (v: TcpView) => v.rcvNxt + v.rcvWnd + d,
      (v: TcpView) => v.rcvNxt - v.rcvWnd + d,
    ]),
    (v) => v.irs,
    (v) => v.irs + 1,
    (v) => v.irs - 1,
    () => 0,
    () => 0xffff_ffff,
  ];
  return [
    ...offsets.map((at): Mutation => (s, v) => s.seq = at(v) >>> 0),
    (s, _v, draw) => s.seq = uint32(draw),
    (s, v, draw) => s.seq = (v.rcvNxt + draw.int(0, v.rcvWnd)) >>> 0,
  ];
}

function acknowledgmentMutations(): Mutation[] {
  const values: ((v: TcpView) => number)[] = [
    ...[0, 1, -1, 1000, -1000, 65_535, -65_535, -70_000, HALF, HALF - 1].flatMap((d) => [
      (v: TcpView) => v.sndUna + d,
      (v: TcpView) => v.sndNxt + d,
    ]),
    (v) => v.iss,
    (v) => v.iss + 1,
    (v) => v.iss - 1,
    () => 0,
    () => 0xffff_ffff,
  ];
  return [
    ...values.map((at): Mutation => (s, v) => s.ack = at(v) >>> 0),
    (s, _v, draw) => s.ack = uint32(draw),
    (s, v, draw) => s.ack = (v.sndUna + draw.int(0, Math.max(0, (v.sndNxt - v.sndUna) | 0))) >>> 0,
  ];
}

function uint32Octets(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Sets raw options, cut or padded to whole words. */
function options(make: (v: TcpView, draw: Draw, s: SegmentSpec) => number[]): Mutation {
  return (s, v, draw) => {
    const octets = make(v, draw, s).slice(0, 40);
    while (octets.length % 4 !== 0) octets.push(draw.chance(0.5) ? 0 : 1);
    s.options = octets;
  };
}

/** Every kind with every length that lies, alone and behind NOPs. */
function lengthMutations(): Mutation[] {
  const kinds = [2, 3, 4, 5, 8, 14, 19, 28, 29, 30, 34, 69, 253, 254, 255];
  const lengths = [0, 1, 2, 3, 4, 5, 9, 10, 11, 18, 20, 39, 40, 41, 255];
  return kinds.flatMap((kind) =>
    lengths.map((length) =>
      options((
        _v,
        draw,
      ) => [kind, length, ...Array.from({ length: draw.int(0, 38) }, () => draw.int(0, 255))])
    )
  );
}

function sackMutations(): Mutation[] {
  const block = (
    left: number,
    right: number,
  ): number[] => [...uint32Octets(left >>> 0), ...uint32Octets(right >>> 0)];
  const sack = (blocks: (v: TcpView, draw: Draw) => [number, number][]): Mutation =>
    options((v, draw, s) => {
      const list = blocks(v, draw).slice(0, 4);
      return [
        ...s.options.slice(0, 12),
        1,
        1,
        5,
        2 + 8 * list.length,
        ...list.flatMap(([l, r]) => block(l, r)),
      ];
    });
  return [
    sack((v) => [[v.sndUna, v.sndNxt]]),
    sack((v) => [[v.sndUna + 1, v.sndNxt]]),
    sack((v) => [[v.sndNxt, v.sndNxt + 1000]]),
    sack((v) => [[v.sndNxt, v.sndUna]]),
    sack((v) => [[v.sndUna, v.sndUna]]),
    sack((v) => [[v.sndUna - 1000, v.sndUna]]),
    sack((v) => [[v.sndUna - 1000, v.sndUna + 1000]]),
    sack((
      v,
    ) => [[v.sndUna + 100, v.sndUna + 200], [v.sndUna + 150, v.sndUna + 400], [
      v.sndUna + 100,
      v.sndUna + 101,
    ]]),
    sack((
      v,
    ) => [[v.sndUna + 10, v.sndUna + 11], [v.sndUna + 12, v.sndUna + 13], [v.sndUna + 14, v.sndUna + 15]]),
    sack((v) => [[v.sndUna, v.sndUna + HALF]]),
    sack((v) => [[v.sndUna + HALF, v.sndUna]]),
    sack((_v, draw) => [[uint32(draw), uint32(draw)], [uint32(draw), uint32(draw)]]),
    sack((v, draw) => {
      const at = () => v.sndUna + draw.int(-10, Math.max(10, (v.sndNxt - v.sndUna) | 0));
      return [[at(), at()], [at(), at()], [at(), at()]];
    }),
    sack(() => []),
  ];
}

function timestampMutations(): Mutation[] {
  const stamp = (
    val: (v: TcpView, draw: Draw) => number,
    ecr: (v: TcpView, draw: Draw) => number,
  ): Mutation =>
    options((
      v,
      draw,
    ) => [1, 1, 8, 10, ...uint32Octets(val(v, draw) >>> 0), ...uint32Octets(ecr(v, draw) >>> 0)]);
  const values: ((v: TcpView, draw: Draw) => number)[] = [
    ...[0, 1, -1, 1000, -1000, HALF, HALF - 1].map((d) => (v: TcpView) => v.tsRecent + d),
    () => 0,
    () => 0xffff_ffff,
    (_v, draw) => uint32(draw),
  ];
  const echoes: ((v: TcpView, draw: Draw) => number)[] = [
    ...[0, 1, -1, 1000, -1_000_000, HALF].map((d) => (v: TcpView) => v.tsSent + d),
    () => 0,
    () => 0xffff_ffff,
    (_v, draw) => uint32(draw),
  ];
  return [
    ...values.map((value) => stamp(value, (v) => v.tsSent)),
    ...echoes.map((echo) => stamp((v) => v.tsRecent, echo)),
    options(() => []),
    options((v, _d, s) => [...s.options, 1, 1, 8, 10, ...uint32Octets(v.tsRecent), ...uint32Octets(0)]),
  ];
}

function otherOptionMutations(): Mutation[] {
  return [
    ...[0, 1, 63, 64, 87, 88, 536, 1460, 65_495, 65_535].map((mss) =>
      options(() => [2, 4, mss >> 8, mss & 255])
    ),
    ...[0, 1, 7, 14, 15, 16, 31, 255].map((shift) => options(() => [3, 3, shift, 1])),
    options(() => [4, 2, 1, 1]),
    options(() => [4, 2, 4, 2, 4, 2, 4, 2]),
    options(() => [2, 4, 2, 0, 2, 4, 5, 180, 2, 4, 0, 0]),
    options(() => new Array(40).fill(1)),
    options(() => new Array(40).fill(0)),
    options(() => [0, 8, 10, 1, 2, 3, 4, 5]),
    options((
      _v,
      draw,
    ) => [34, draw.pick([2, 6, 10, 18]), ...Array.from({ length: 16 }, () => draw.int(0, 255))]),
    options(() => [19, 18, ...new Array(16).fill(7), 1, 1]),
    options(() => [29, 16, ...new Array(14).fill(7)]),
    options((_v, draw) => Array.from({ length: draw.int(1, 40) }, () => draw.int(0, 255))),
  ];
}

function urgentMutations(): Mutation[] {
  const pointers = [0, 1, 2, 9, 10, 11, 1000, 32_767, 32_768, 65_535];
  return [
    ...pointers.map((up): Mutation => (s) => {
      s.ctl |= URG_BIT;
      s.up = up;
    }),
    (s) => s.up = 77,
    (s, _v, draw) => {
      s.ctl |= URG_BIT;
      s.up = draw.int(0, 65_535);
    },
  ];
}

/** All fields but the ports, which say which connection it is. */
export const MUTATIONS: readonly FieldMutations[] = [
  { field: "none", mutations: [() => {}] },
  { field: "sequence number", mutations: sequenceMutations() },
  { field: "acknowledgment number", mutations: acknowledgmentMutations() },
  {
    field: "control bits",
    mutations: Array.from({ length: 256 }, (_, ctl): Mutation => (s) => s.ctl = ctl),
  },
  {
    field: "data offset",
    mutations: Array.from({ length: 16 }, (_, words): Mutation => (s) => s.dataOffset = words),
  },
  {
    field: "reserved bits",
    mutations: Array.from({ length: 16 }, (_, bits): Mutation => (s) => s.reserved = bits),
  },
  {
    field: "window",
    mutations: [
      ...[0, 1, 2, 255, 256, 1000, 32_767, 32_768, 65_534, 65_535].map((wnd): Mutation => (s) => s.wnd = wnd),
      (s, _v, draw) => s.wnd = draw.int(0, 65_535),
    ],
  },
  {
    field: "checksum",
    mutations: [1, 0xffff, 0x8000, 0x0100].map((error): Mutation => (s) => s.checksumError = error),
  },
  { field: "urgent pointer", mutations: urgentMutations() },
  {
    field: "text",
    mutations: [0, 1, 2, 9, 11, 100, 536, 1000, 1448, 1460].map((length): Mutation => (s) =>
      s.textLength = length
    ),
  },
  {
    field: "traffic class",
    mutations: [1, 2, 3, 0xfc, 0xff].map((tos): Mutation => (s) => s.tos = tos),
  },
  { field: "option lengths", mutations: lengthMutations() },
  { field: "SACK", mutations: sackMutations() },
  { field: "timestamps", mutations: timestampMutations() },
  { field: "options", mutations: otherOptionMutations() },
  {
    field: "SYN and FIN at once",
    mutations: [
      (s) => s.ctl = SYN_BIT | FIN_BIT,
      (s) => s.ctl = SYN_BIT | FIN_BIT | ACK_BIT,
      (s, v) => {
        s.ctl = SYN_BIT | ACK_BIT;
        s.seq = (v.irs + 0x1_0000) >>> 0;
      },
    ],
  },
];

/** Exhaustive pairs of a field and a mutation, in their order. */
export function singleMutations(): { readonly name: string; readonly mutation: Mutation }[] {
  return MUTATIONS.flatMap(({ field, mutations }) =>
    mutations.map((mutation, i) => ({ name: `${field} ${i}`, mutation }))
  );
}
