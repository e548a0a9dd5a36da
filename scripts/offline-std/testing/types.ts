/** @module */

/** Asserts at compile time that the type argument is true. */
export function assertType<T extends boolean>(_expectTrue: T): void {}

/** Asserts at compile time that the type argument is the `true` type. */
export type AssertTrue<T extends true> = never;
/** Asserts at compile time that the type argument is the `false` type. */
export type AssertFalse<T extends false> = never;
/** Asserts at compile time that the type argument is the expected boolean type. */
export type Assert<T extends boolean, Expected extends T> = never;

type Same<A, B> = (<G>() => G extends A ? 1 : 2) extends (<G>() => G extends B ? 1 : 2) ? true : false;

/** Checks if type `T` has the specified type `U`. */
export type Has<T, U> = IsAny<T> extends true ? true
  : IsAny<U> extends true ? false
  : Extract<T, U> extends never ? false
  : true;
/** Checks if type `T` does not have the specified type `U`. */
export type NotHas<T, U> = Has<T, U> extends false ? true : false;
/** Checks if type `T` is possibly null or undefined. */
export type IsNullable<T> = Extract<T, null | undefined> extends never ? false : true;
/** Checks if type `T` exactly matches type `U`. */
export type IsExact<T, U> = Same<T, U>;
/** Checks if type `T` is the `any` type. */
export type IsAny<T> = 0 extends (1 & T) ? true : false;
/** Checks if type `T` is the `never` type. */
export type IsNever<T> = [T] extends [never] ? true : false;
/** Checks if type `T` is the `unknown` type. */
export type IsUnknown<T> = IsAny<T> extends true ? false : unknown extends T ? true : false;
