/** Arguments of the calls in a script, as values.
 *
 * @module
 */

/** One argument. */
export type CallValue =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "any" }
  | { readonly kind: "list"; readonly items: readonly CallValue[] }
  | {
    readonly kind: "record";
    readonly fields: ReadonlyMap<string, CallValue>;
    readonly items: readonly CallValue[];
  };

/** Reads what stands between the parentheses of a call.
 *
 * @throws {SyntaxError} if it is not in the notation.
 */
export function parseArguments(text: string): CallValue[] {
  const tokens = text.match(/"(?:\\.|[^"\\])*"|\.\.\.|-?0x[\da-fA-F]+|-?\d+|[A-Za-z_]\w*|[^\s]/g) ?? [];
  const parser = new ValueParser(tokens);
  const values = parser.sequence(undefined);
  return values;
}

const ANY: CallValue = { kind: "any" };

class ValueParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  /** Values between commas, until `end`, which is taken. */
  sequence(end: string | undefined): CallValue[] {
    const values: CallValue[] = [];
    while (this.#peek() !== end) {
      values.push(this.#value());
      if (this.#peek() === ",") this.#at++;
      else if (this.#peek() !== end) throw new SyntaxError(`Cannot read "${this.#peek() ?? "the end"}"`);
    }
    this.#at++;
    return values;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #value(): CallValue {
    const first = this.#operand();
    if (this.#peek() !== "|") return first;
    const names: string[] = first.kind === "names" ? [...first.names] : [];
    while (this.#peek() === "|") {
      this.#at++;
      const next = this.#operand();
      if (next.kind === "names") names.push(...next.names);
    }
    return { kind: "names", names };
  }

  #operand(): CallValue {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError("A value is missing");
    if (token === "...") return ANY;
    if (token === "[") return { kind: "list", items: this.sequence("]") };
    if (token === "{") return this.#record();
    if (token.startsWith('"')) return { kind: "text", value: unquoted(token) };
    if (/^-?\d/.test(token)) return { kind: "number", value: Number(token) };
    if (!/^\w/.test(token)) throw new SyntaxError(`Cannot read "${token}"`);
    if (this.#peek() !== "(") return { kind: "names", names: [token] };
    // htons(8080), inet_addr("192.0.2.1"): what is inside.
    this.#at++;
    return this.sequence(")")[0] ?? ANY;
  }

  #record(): CallValue {
    const fields = new Map<string, CallValue>();
    const items: CallValue[] = [];
    while (this.#peek() !== "}") {
      if (this.#peek() === undefined) throw new SyntaxError("A brace is not closed");
      const name = this.#tokens[this.#at]!;
      const isField = /^[A-Za-z_]/.test(name) && this.#fieldEnd() > 0;
      if (isField) {
        this.#at = this.#fieldEnd();
        fields.set(name, this.#value());
      } else items.push(this.#value());
      if (this.#peek() === ",") this.#at++;
    }
    this.#at++;
    return { kind: "record", fields, items };
  }

  /** Behind the `=` of `name =` or `name(...) =`; 0 when there is none. */
  #fieldEnd(): number {
    let at = this.#at + 1;
    if (this.#tokens[at] === "(") {
      while (at < this.#tokens.length && this.#tokens[at] !== ")") at++;
      at++;
    }
    return this.#tokens[at] === "=" ? at + 1 : 0;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" };

/** The string between the quotes, as C has it. */
function unquoted(token: string): string {
  return token.slice(1, -1).replace(
    /\\(?:x([\da-fA-F]{2})|(.))/g,
    (_, hex: string | undefined, letter: string) =>
      hex === undefined ? ESCAPES[letter] ?? letter : String.fromCharCode(parseInt(hex, 16)),
  );
}

/** The number that a value is, through any brackets. */
export function numberIn(value: CallValue | undefined): number | undefined {
  if (value?.kind === "number") return value.value;
  if (value?.kind === "list" && value.items.length === 1) return numberIn(value.items[0]);
  return undefined;
}

/** The name that a value is, through any brackets. */
export function nameIn(value: CallValue | undefined): string | undefined {
  if (value?.kind === "names") return value.names[0];
  if (value?.kind === "list" && value.items.length === 1) return nameIn(value.items[0]);
  return undefined;
}

/** Whether a value is, or contains, the name. */
export function hasName(value: CallValue | undefined, name: string): boolean {
  return value?.kind === "names" && value.names.includes(name);
}
