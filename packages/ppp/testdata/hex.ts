/** Hexadecimal digits of octets. */
export const hex = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
/** Octets of hexadecimal digits; white space does not matter. */
export const bytes = (digits: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(digits.replace(/\s+/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
/** UTF-8 of a text. */
export const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
