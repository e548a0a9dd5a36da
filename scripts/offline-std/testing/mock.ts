/** @module */
import { AssertionError } from "@std/assert/assertion-error";
import { assertEquals } from "@std/assert/equals";

// deno-lint-ignore no-explicit-any
type Any = any;

/** An error related to spying a function or instance method. */
export class MockError extends Error {
  /** @param message What went wrong. */
  constructor(message: string) {
    super(message);
    this.name = "MockError";
  }
}

/** Call information recorded by a spy. */
export interface SpyCall<Self = Any, A extends unknown[] = Any[], Return = Any> {
  /** Arguments passed to the function when called. */
  args: A;
  /** The value that was returned by the function. */
  returned?: Return;
  /** The error value that was thrown by the function. */
  error?: Error;
  /** The instance that a method was called on. */
  self?: Self;
}

/** A function or instance method wrapper that records all calls made to it. */
export interface Spy<Self = Any, A extends unknown[] = Any[], Return = Any> {
  (this: Self, ...args: A): Return;
  /** The function that is being spied on. */
  original: (this: Self, ...args: A) => Return;
  /** Information about calls made to the function or instance method. */
  calls: SpyCall<Self, A, Return>[];
  /** Whether or not the original instance method has been restored. */
  restored: boolean;
  /** If spying on an instance method, this restores the original. */
  restore(): void;
  /** Restores the original at the end of a `using` block. */
  [Symbol.dispose](): void;
}

function wrap(original: (...args: Any[]) => Any, restore: () => void): Spy {
  const calls: SpyCall[] = [];
  const spied = function (this: unknown, ...args: Any[]): unknown {
    const call: SpyCall = { args };
    if (this) call.self = this;
    calls.push(call);
    try {
      return call.returned = original.apply(this, args);
    } catch (error) {
      call.error = error as Error;
      throw error;
    }
  } as unknown as Spy;
  spied.original = original;
  spied.calls = calls;
  spied.restored = false;
  spied.restore = () => {
    if (spied.restored) throw new MockError("Cannot restore: instance method already restored");
    restore();
    spied.restored = true;
  };
  spied[Symbol.dispose] = () => spied.restored || spied.restore();
  return spied;
}

function replace(self: Any, property: PropertyKey, make: (original: Any) => (...args: Any[]) => Any): Spy {
  const original = self[property];
  if (typeof original !== "function") throw new MockError("Cannot spy: property is not an instance method");
  const own = Object.getOwnPropertyDescriptor(self, property);
  const spied = wrap(make(original), () => {
    if (own) Object.defineProperty(self, property, own);
    else delete self[property];
  });
  spied.original = original;
  Object.defineProperty(self, property, {
    value: spied,
    configurable: true,
    writable: true,
    enumerable: true,
  });
  return spied;
}

/**
 * Wraps a function, or an instance method, and records all calls made to it.
 *
 * @param func The function to wrap, or nothing for one that does nothing.
 * @returns The spy.
 */
export function spy<Self = Any, A extends unknown[] = Any[], Return = Any>(
  func?: (this: Self, ...args: A) => Return,
): Spy<Self, A, Return>;
/**
 * Wraps an instance method and records all calls made to it.
 *
 * @param self The instance to spy on.
 * @param property The name of the method.
 * @returns The spy.
 */
export function spy<Self extends object>(self: Self, property: keyof Self): Spy<Self>;
export function spy(first?: Any, property?: PropertyKey): Spy {
  if (property !== undefined) return replace(first, property, (original) => original);
  return wrap(first ?? (() => undefined), () => {
    throw new MockError("Cannot restore: function cannot be restored");
  });
}

/**
 * Replaces an instance method and records all calls made to it.
 *
 * @param self The instance to replace the method of.
 * @param property The name of the method.
 * @param func What is called in its place, or nothing for a function that does nothing.
 * @returns The spy.
 */
export function stub<Self extends object>(
  self: Self,
  property: keyof Self,
  func?: (...args: Any[]) => Any,
): Spy<Self> {
  return replace(self, property, () => func ?? (() => undefined));
}

/**
 * Creates a function that returns one after another of the values.
 *
 * @param values The values; an `Error` among them is thrown.
 * @returns A function that returns the next value at each call.
 */
export function returnsNext<Return, A extends unknown[] = Any[]>(
  values: Iterable<Return | Error>,
): (...args: A) => Return {
  const iterator = values[Symbol.iterator]();
  let calls = 0;
  return () => {
    const next = iterator.next();
    if (next.done) throw new MockError(`Not expected to be called more than ${calls} time(s)`);
    calls++;
    if (next.value instanceof Error) throw next.value;
    return next.value;
  };
}

/**
 * Asserts that a spy is called as many times as expected.
 *
 * @param spied The spy to check.
 * @param expectedCalls The number of the expected calls.
 */
export function assertSpyCalls(spied: Spy<Any, Any, Any>, expectedCalls: number): void {
  if (spied.calls.length === expectedCalls) return;
  throw new AssertionError(
    `Spy ${spied.calls.length < expectedCalls ? "not " : ""}called as ${
      spied.calls.length < expectedCalls ? "much" : "many times"
    } as expected: expected ${expectedCalls} call(s), received ${spied.calls.length} call(s)`,
  );
}

/**
 * Asserts that a spy is called with the given arguments.
 *
 * @param spied The spy to check.
 * @param callIndex The index of the call.
 * @param args The expected arguments.
 */
export function assertSpyCallArgs(spied: Spy<Any, Any, Any>, callIndex: number, args: unknown[]): void {
  const call = spied.calls[callIndex];
  if (!call) throw new AssertionError("Spy not called as much as expected");
  assertEquals(call.args as unknown[], args);
}
