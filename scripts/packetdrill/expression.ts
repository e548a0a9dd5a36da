/** The expressions of `%{ assert … }%`: numbers, names, comparisons (chained, too), arithmetic, `and`, `or`, `not`.
 *
 * @module
 */

type Value = number | boolean | string;

/** Runs the lines of a code block: `assert EXPRESSION[, "message"]`, `NAME = EXPRESSION`, `NAME += EXPRESSION`; `print` and empty lines
 * are ignored.
 *
 * @param lookUp value of a name, `undefined` for none.
 * @param variables what blocks have given a value, which goes before `lookUp`.
 * @returns what was wrong, or `undefined`.
 * @throws {SyntaxError} if a line is not of these kinds.
 */
export function runAsserts(
  code: string,
  lookUp: (name: string) => number | undefined,
  variables: Map<string, number> = new Map(),
): string | undefined {
  for (
    const line of code.replace(/\\\n/g, " ").split(/[\n;]/).map((l) => l.replace(/#.*/, "").trim()).filter((
      l,
    ) => l !== "")
  ) {
    if (/^print\b/.test(line)) continue;
    const used = new Map<string, number>();
    const named = (name: string) => {
      const value = variables.get(name) ?? lookUp(name);
      if (value === undefined) throw new SyntaxError(`There is no ${name}`);
      used.set(name, value);
      return value;
    };
    const assignment = /^([A-Za-z_]\w*)\s*([-+]?)=(?!=)\s*(.*)$/.exec(line);
    if (assignment !== null) {
      const [, name, sign, expression] = assignment;
      const value = Number(new ExpressionParser(expression!, named).value());
      variables.set(name!, sign === "" ? value : named(name!) + (sign === "+" ? value : -value));
      continue;
    }
    const assertion = /^assert\b\s*(.*)$/.exec(line);
    if (assertion === null) throw new SyntaxError(`Cannot read "${line}"`);
    if (!new ExpressionParser(assertion[1]!, named).value()) {
      return `${line}: ${[...used].map(([name, value]) => `${name} is ${value}`).join(", ")}`;
    }
  }
  return undefined;
}

const COMPARISONS: Readonly<Record<string, (a: Value, b: Value) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
};

const ARITHMETIC: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { "|": (a, b) => a | b, "&": (a, b) => a & b },
  { "<<": (a, b) => a << b, ">>": (a, b) => a >> b },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "//": (a, b) => Math.floor(a / b), "/": (a, b) => a / b, "%": (a, b) => a % b },
];

class ExpressionParser {
  readonly #tokens: readonly string[];
  readonly #lookUp: (name: string) => number;
  #at = 0;

  constructor(text: string, lookUp: (name: string) => number) {
    this.#tokens = text.match(/"[^"]*"|'[^']*'|0x[\da-fA-F]+|\d+(?:\.\d+)?|\w+|[<>]{2}|[=!<>]=|\/\/|\S/g) ??
      [];
    this.#lookUp = lookUp;
  }

  /** What it comes to; a message behind a comma is not looked at. */
  value(): Value {
    const value = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined && rest !== ",") throw new SyntaxError(`Cannot read "${rest}"`);
    return value;
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #or(): Value {
    let value = this.#and();
    while (this.#accept("or")) {
      const right = this.#and();
      value = Boolean(value) || Boolean(right);
    }
    return value;
  }

  #and(): Value {
    let value = this.#not();
    while (this.#accept("and")) {
      const right = this.#not();
      value = Boolean(value) && Boolean(right);
    }
    return value;
  }

  #not(): Value {
    return this.#accept("not") ? !this.#not() : this.#comparison();
  }

  #comparison(): Value {
    let left = this.#sum(0);
    let result: Value = left;
    for (let isFirst = true;; isFirst = false) {
      const compare = COMPARISONS[this.#tokens[this.#at] ?? ""];
      if (compare === undefined) return result;
      this.#at++;
      const right = this.#sum(0);
      result = (isFirst || result === true) && compare(left, right);
      left = right;
    }
  }

  #sum(level: number): Value {
    const operators = ARITHMETIC[level];
    if (operators === undefined) return this.#operand();
    let left = this.#sum(level + 1);
    for (;;) {
      const operator = operators[this.#tokens[this.#at] ?? ""];
      if (operator === undefined) return left;
      this.#at++;
      left = operator(Number(left), Number(this.#sum(level + 1)));
    }
  }

  #operand(): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError("The expression ends too soon");
    if (token === "(") {
      const value = this.#or();
      if (!this.#accept(")")) throw new SyntaxError("A parenthesis is not closed");
      return value;
    }
    if (token === "-") return -Number(this.#operand());
    if (/^["']/.test(token)) return token.slice(1, -1);
    if (/^\d/.test(token)) return Number(token);
    if (token === "True") return true;
    if (token === "False") return false;
    if (!/^\w/.test(token)) throw new SyntaxError(`Cannot read "${token}"`);
    return this.#lookUp(token);
  }
}
