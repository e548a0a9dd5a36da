/**
 * Deep equality as `@std/assert` defines it.
 *
 * @module
 */

type Pairs = Map<object, Set<object>>;

function isKeyedCollection(
  x: unknown,
): x is Set<unknown> | Map<unknown, unknown> {
  return x instanceof Set || x instanceof Map;
}

function isPrimitive(x: unknown): boolean {
  return x === null || (typeof x !== "object" && typeof x !== "function");
}

function prototypesEqual(a: object, b: object): boolean {
  const pa = Object.getPrototypeOf(a);
  const pb = Object.getPrototypeOf(b);
  if (pa === pb) return true;
  // An object without a prototype equals a plain object.
  return (pa === Object.prototype && pb === null) ||
    (pa === null && pb === Object.prototype);
}

function collectionsEqual(
  a: Set<unknown> | Map<unknown, unknown>,
  b: Set<unknown> | Map<unknown, unknown>,
  seen: Pairs,
): boolean {
  if (a.size !== b.size) return false;
  if (a instanceof Set !== b instanceof Set) return false;
  const rest = [...b.entries()];
  for (const [key, value] of a.entries()) {
    if (isPrimitive(key) && a instanceof Map) {
      if (!b.has(key)) return false;
      if (!compare(value, (b as Map<unknown, unknown>).get(key), seen)) {
        return false;
      }
      continue;
    }
    const at = rest.findIndex(([k, v]) => compare(key, k, seen) && compare(value, v, seen));
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return true;
}

function bytesEqual(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.byteLength !== b.byteLength) return false;
  const x = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const y = new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
  for (let i = 0; i < x.length; i++) {
    if (x[i] !== y[i]) return false;
  }
  return true;
}

function isIntegerView(x: object): x is ArrayBufferView {
  return ArrayBuffer.isView(x) && !(x instanceof Float32Array) &&
    !(x instanceof Float64Array);
}

function ownKeys(x: object): PropertyKey[] {
  const keys: PropertyKey[] = Object.keys(x);
  for (const symbol of Object.getOwnPropertySymbols(x)) {
    if (Object.prototype.propertyIsEnumerable.call(x, symbol)) {
      keys.push(symbol);
    }
  }
  return keys;
}

function propertiesEqual(a: object, b: object, seen: Pairs): boolean {
  const left = a as Record<PropertyKey, unknown>;
  const right = b as Record<PropertyKey, unknown>;
  for (const key of new Set([...ownKeys(a), ...ownKeys(b)])) {
    if (!compare(left[key], right[key], seen)) return false;
    if (key in a && !(key in b) && left[key] !== undefined) return false;
    if ((key in a) !== (key in b)) return false;
  }
  return true;
}

function compare(a: unknown, b: unknown, seen: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true; // 0 equals -0, as in the original
  if (isPrimitive(a) || isPrimitive(b)) return false;
  if (typeof a === "function" || typeof b === "function") return false;
  const x = a as object;
  const y = b as object;
  if (x instanceof RegExp && y instanceof RegExp) {
    return x.toString() === y.toString();
  }
  if (x instanceof URL && y instanceof URL) {
    return x.toString() === y.toString();
  }
  if (x instanceof Date && y instanceof Date) {
    return Object.is(x.getTime(), y.getTime());
  }
  if (
    x instanceof WeakMap || x instanceof WeakSet || y instanceof WeakMap ||
    y instanceof WeakSet
  ) {
    throw new TypeError("Cannot compare WeakMap or WeakSet instances");
  }
  if (x instanceof WeakRef && y instanceof WeakRef) {
    return compare(x.deref(), y.deref(), seen);
  }
  if (!prototypesEqual(x, y)) return false;
  const partners = seen.get(x);
  if (partners?.has(y)) return true;
  if (partners) partners.add(y);
  else seen.set(x, new Set([y]));
  if (isIntegerView(x) && isIntegerView(y)) return bytesEqual(x, y);
  if (x instanceof ArrayBuffer && y instanceof ArrayBuffer) {
    return bytesEqual(new Uint8Array(x), new Uint8Array(y));
  }
  if (Array.isArray(x) && Array.isArray(y) && x.length !== y.length) {
    return false;
  }
  if (isKeyedCollection(x) && isKeyedCollection(y)) {
    return collectionsEqual(x, y, seen);
  }
  if (x instanceof Error && y instanceof Error) {
    if (x.name !== y.name || x.message !== y.message) return false;
    if (!compare(x.cause, y.cause, seen)) return false;
  }
  return propertiesEqual(x, y, seen);
}

/**
 * Deep equality comparison used in assertions.
 *
 * @param a The actual value.
 * @param b The expected value.
 * @returns `true` if the values are deeply equal, `false` otherwise.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}
