/** {@linkcode DnsWriter}: writes messages, compressing names (RFC 1035 §4.1.4).
 *
 * @module
 */
import { dnsLabels } from "./dns_name.ts";

/** Offsets from here on do not fit a pointer. */
const MAX_POINTER = 0x3fff;

/** Grows as needed. */
export class DnsWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(512);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #seen: Map<string, number> = new Map();

  /** Octets written so far. */
  get length(): number {
    return this.#length;
  }

  /** Appends an octet. */
  uint8(value: number): void {
    this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** Appends two octets. */
  uint16(value: number): void {
    this.#grow(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  /** Appends four octets. */
  uint32(value: number): void {
    this.#grow(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** Appends octets. */
  bytes(value: Uint8Array): void {
    this.#grow(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Appends a name.
   *
   * @param compress point to the same name earlier in the message where there is one. Only for names of the header
   * part and of the types of RFC 1035 (RFC 3597 §4).
   * @throws {RangeError} when it is no name.
   */
  name(name: string, compress: boolean): void {
    const labels = dnsLabels(name);
    if (labels === undefined) throw new RangeError(`Cannot use "${name}" as domain name`);
    for (let i = 0; i < labels.length; i++) {
      const suffix = suffixKey(labels, i);
      const known = this.#seen.get(suffix);
      if (known !== undefined && compress) {
        this.uint16(0xc000 | known);
        return;
      }
      if (known === undefined && this.#length <= MAX_POINTER) this.#seen.set(suffix, this.#length);
      this.uint8(labels[i]!.length);
      this.bytes(labels[i]!);
    }
    this.uint8(0);
  }

  /** Reserves two octets for a length.
   *
   * @returns what fills them in once everything that the length covers is written.
   * @throws {RangeError} (what is returned) when that is more than 65535 octets.
   */
  length16(): () => void {
    const at = this.#length;
    this.uint16(0);
    return () => {
      const length = this.#length - at - 2;
      if (length > 0xffff) throw new RangeError(`Cannot write record data of ${length} bytes`);
      this.#view.setUint16(at, length);
    };
  }

  /** What was written, copied. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The labels from `first` on, unmistakably. Letters count as they are, so that no name takes over the case of another one
 * (RFC 4343 §4). */
function suffixKey(labels: readonly Uint8Array[], first: number): string {
  let key = "";
  for (let i = first; i < labels.length; i++) {
    key += String.fromCharCode(labels[i]!.length, ...labels[i]!);
  }
  return key;
}
