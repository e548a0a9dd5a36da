/** @module */
import { assertEquals } from "./equals.ts";

type Plain = Record<PropertyKey, unknown>;

function isPlain(x: unknown): x is Plain {
  return typeof x === "object" && x !== null &&
    !(x instanceof RegExp || x instanceof Date || x instanceof Set ||
      ArrayBuffer.isView(x));
}

/** Keeps of `actual` what `expected` speaks of, level by level. */
function select(
  actual: unknown,
  expected: unknown,
  seen: Map<object, object>,
): unknown {
  if (!isPlain(actual) || !isPlain(expected)) return actual;
  const known = seen.get(expected);
  if (known) return known;
  if (Array.isArray(actual) && Array.isArray(expected)) {
    const out: unknown[] = [];
    seen.set(expected, out);
    for (let i = 0; i < actual.length; i++) {
      if (i < expected.length) out.push(select(actual[i], expected[i], seen));
    }
    return out;
  }
  if (actual instanceof Map && expected instanceof Map) {
    const out = new Map<unknown, unknown>();
    seen.set(expected, out);
    for (const [key, want] of expected) {
      if (actual.has(key)) out.set(key, select(actual.get(key), want, seen));
    }
    return out;
  }
  const out: Plain = Object.create(Object.getPrototypeOf(expected));
  seen.set(expected, out);
  for (const key of Reflect.ownKeys(expected)) {
    if (key in actual) out[key] = select(actual[key], expected[key], seen);
  }
  return out;
}

/**
 * Makes an assertion that `expected` is a subset of `actual`, deeply.
 *
 * @param actual The actual value to be matched.
 * @param expected The expected object to match.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(select(actual, expected, new Map()), expected as unknown, msg);
}
