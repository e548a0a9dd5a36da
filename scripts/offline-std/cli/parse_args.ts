/** @module */

type Name = string | undefined;
type Names<T extends Name> = T | readonly Extract<T, string>[];
type Key<T extends Name> = Extract<T, string>;
type AliasMap = Record<string, string | readonly string[]>;

/** A flag, typed by the options in which it is named. */
type Flag<K, B extends Name, S extends Name, C extends Name, N extends Name> =
  | (K extends Key<C> ? (K extends Key<S> ? string[] : K extends Key<B> ? boolean[] : unknown[])
    : K extends Key<S> ? string | undefined
    : boolean)
  | (K extends Key<N> ? (K extends Key<S> | Key<C> ? false : never) : never);

type Known<B extends Name, S extends Name, C extends Name, N extends Name, D> =
  & {
    [K in Key<B> | Key<S> | Key<C>]: K extends keyof D ? NonNullable<Flag<K, B, S, C, N>> | D[K]
      : Flag<K, B, S, C, N>;
  }
  & { [K in Exclude<keyof D, Key<B> | Key<S> | Key<C>>]: unknown };

type AliasesOf<K, A> = K extends keyof A
  ? A[K] extends string ? A[K] : A[K] extends readonly (infer E extends string)[] ? E : never
  : never;

type WithAliases<T, A> = { [K in keyof T as K | AliasesOf<K, A>]: T[K] };

type IsUntyped<B, S, C> = string extends B ? true
  : [B] extends [undefined] ? [S] extends [undefined] ? [C] extends [undefined] ? true
      : false
    : false
  : false;

type Flags<B extends Name, S extends Name, C extends Name, N extends Name, D, A> =
  // deno-lint-ignore no-explicit-any
  IsUntyped<B, S, C> extends true ? Record<string, any>
    : Record<string, unknown> & WithAliases<Known<B, S, C, N, D>, A>;

/** The value returned from {@linkcode parseArgs}. */
export type Args<
  // deno-lint-ignore no-explicit-any
  TArgs extends Record<string, unknown> = Record<string, any>,
  TDoubleDash extends boolean | undefined = undefined,
> =
  & TArgs
  & {
    /** All arguments that had no option associated with them. */
    _: (string | number)[];
  }
  & (true extends TDoubleDash ? {
      /** All arguments that appear after the double dash. */
      "--": string[];
    }
    : Record<never, never>);

/** The options of {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends Name = Name,
  TStrings extends Name = Name,
  TCollectable extends Name = Name,
  TNegatable extends Name = Name,
  TDefault extends Record<string, unknown> | undefined = Record<string, unknown> | undefined,
  TAliases extends AliasMap | undefined = AliasMap | undefined,
  TDoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** When `true`, what follows a `--` goes to the result's `"--"` instead of `_`. */
  "--"?: TDoubleDash;
  /** Maps names to further names of the same option. */
  alias?: TAliases;
  /** Options which take no value; `true` means each `--name` that has no `=`. `false` when absent. */
  boolean?: boolean | Names<TBooleans>;
  /** Values of absent options. */
  default?: TDefault;
  /** When `true`, everything after the first non-option goes to `_` unparsed. */
  stopEarly?: boolean;
  /** Options whose value stays a string. */
  string?: Names<TStrings>;
  /** Options which may be repeated; their values are collected. */
  collect?: Names<TCollectable>;
  /** Options which `--no-name` sets to `false`. */
  negatable?: Names<TNegatable>;
  /** Called for each argument that is not named in the options; `false` leaves it out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

type Value = string | number | boolean;
interface Tree {
  [key: string]: unknown;
}

const NUMBER = /^(?:0x[0-9a-f]+|[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)$/i;

function nameSet(names: unknown, related: Map<string, Set<string>>): Set<string> {
  const all = new Set<string>();
  for (const name of [names].flat() as unknown[]) {
    if (typeof name !== "string" || name === "") continue;
    all.add(name);
    for (const other of related.get(name) ?? []) all.add(other);
  }
  return all;
}

function relateAliases(alias: AliasMap | undefined): Map<string, Set<string>> {
  const related = new Map<string, Set<string>>();
  for (const [name, others] of Object.entries(alias ?? {})) {
    const group = [name, ...[others].flat()] as string[];
    for (const member of group) related.set(member, new Set(group.filter((other) => other !== member)));
  }
  return related;
}

/** Holds the state of one parse: what the options say and what has been found. */
class Parser {
  readonly result: Tree & { _: (string | number)[] } = { _: [] };
  readonly #options: ParseOptions;
  readonly #related: Map<string, Set<string>>;
  readonly #booleans: Set<string>;
  readonly #strings: Set<string>;
  readonly #collected: Set<string>;
  readonly #negatable: Set<string>;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#related = relateAliases(options.alias);
    this.#booleans = nameSet(options.boolean, this.#related);
    this.#strings = nameSet(options.string, this.#related);
    this.#collected = nameSet(options.collect, this.#related);
    this.#negatable = nameSet(options.negatable, this.#related);
  }

  #put(name: string, value: unknown, collect: boolean): void {
    const path = name.split(".");
    const last = path.pop()!;
    let tree: Tree = this.result;
    for (const part of path) tree = (tree[part] ??= {}) as Tree;
    if (!collect) {
      tree[last] = value;
    } else if (Array.isArray(tree[last])) {
      (tree[last] as unknown[]).push(value);
    } else {
      tree[last] = tree[last] ? [tree[last], value] : [value];
    }
  }

  #has(name: string): boolean {
    let tree: unknown = this.result;
    for (const part of name.split(".")) {
      if (typeof tree !== "object" || tree === null || !Object.hasOwn(tree, part)) return false;
      tree = (tree as Tree)[part];
    }
    return true;
  }

  #set(name: string, value: Value, arg: string, mayCollect = true): void {
    const isKnown = this.#booleans.has(name) || this.#strings.has(name) || this.#related.has(name) ||
      (this.#options.boolean === true && /^--[^=]+$/.test(arg));
    if (!isKnown && this.#options.unknown?.(arg, name, value) === false) return;
    const typed = typeof value === "string" && !this.#strings.has(name) && NUMBER.test(value)
      ? Number(value)
      : value;
    const collect = mayCollect && this.#collected.has(name);
    for (const each of [name, ...this.#related.get(name) ?? []]) this.#put(each, typed, collect);
  }

  /** Takes `next` as the value of `name` if it can be one; tells whether it did. */
  #setWithNext(name: string, next: string | undefined, arg: string, looksLikeOption: RegExp): boolean {
    const takesValue = !this.#booleans.has(name);
    const allBooleans = this.#options.boolean === true && arg.startsWith("--");
    if (next && takesValue && !allBooleans && !looksLikeOption.test(next)) {
      this.#set(name, next, arg);
      return true;
    }
    if (next === "true" || next === "false") {
      this.#set(name, next === "true", arg);
      return true;
    }
    this.#set(name, this.#strings.has(name) ? "" : true, arg);
    return false;
  }

  #long(arg: string, next: string | undefined): boolean {
    const equals = arg.indexOf("=", 3);
    if (equals > 0 && equals < arg.length - 1) {
      const name = arg.slice(2, equals);
      const value = arg.slice(equals + 1);
      this.#set(name, this.#booleans.has(name) ? value !== "false" : value, arg);
      return false;
    }
    const name = arg.slice(2, equals > 0 ? equals : undefined);
    if (name.startsWith("no-") && this.#negatable.has(name.slice(3))) {
      this.#set(name.slice(3), false, arg, false);
      return false;
    }
    return this.#setWithNext(name, next, arg, /^-/);
  }

  #short(arg: string, next: string | undefined): boolean {
    const letters = arg.slice(1);
    for (let i = 0; i < letters.length - 1; i++) {
      const letter = letters[i]!;
      const rest = letters.slice(i + 1);
      if (rest === "-") {
        this.#set(letter, rest, arg);
        continue;
      }
      const equals = rest.indexOf("=");
      const isLetter = /[A-Za-z]/.test(letter);
      if (isLetter && equals >= 0 && equals < rest.length - 1) {
        this.#set(letter, rest.slice(equals + 1), arg);
        return false;
      }
      if ((isLetter && /-?\d+(\.\d*)?(e-?\d+)?$/.test(rest)) || /^\W/.test(rest)) {
        this.#set(letter, rest, arg);
        return false;
      }
      this.#set(letter, this.#strings.has(letter) ? "" : true, arg);
    }
    const last = letters.at(-1)!;
    return last === "-" ? false : this.#setWithNext(last, next, arg, /^--?[^-]/);
  }

  /** Parses one argument; tells whether it used up the next one too. */
  take(arg: string, next: string | undefined): boolean {
    return arg.startsWith("--") ? this.#long(arg, next) : this.#short(arg, next);
  }

  takePositional(arg: string): void {
    if (this.#options.unknown?.(arg) === false) return;
    this.result._.push(this.#strings.has("_") || !NUMBER.test(arg) ? arg : Number(arg));
  }

  fillDefaults(): void {
    for (const [name, value] of Object.entries(this.#options.default ?? {})) {
      if (this.#has(name)) continue;
      for (const each of [name, ...this.#related.get(name) ?? []]) this.#put(each, value, false);
    }
    for (const name of this.#booleans) {
      if (!this.#has(name)) this.#put(name, this.#collected.has(name) ? [] : false, false);
    }
    for (const name of this.#strings) {
      if (!this.#has(name) && this.#collected.has(name)) this.#put(name, [], false);
    }
  }
}

/**
 * Takes command line arguments and returns an object of the flags found in them.
 *
 * @param args The command line arguments.
 * @param options What the names mean.
 * @returns The flags by name, and the other arguments in `_`.
 */
export function parseArgs<
  TDoubleDash extends boolean | undefined = undefined,
  const TBooleans extends Name = undefined,
  const TStrings extends Name = undefined,
  const TCollectable extends Name = undefined,
  const TNegatable extends Name = undefined,
  const TDefaults extends Record<string, unknown> | undefined = undefined,
  const TAliases extends AliasMap | undefined = undefined,
>(
  args: string[],
  options: ParseOptions<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases, TDoubleDash> = {},
): Args<Flags<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases>, TDoubleDash> {
  const parser = new Parser(options as ParseOptions);
  const { result } = parser;
  const dashes = args.indexOf("--");
  const before = dashes < 0 ? args : args.slice(0, dashes);
  const after = dashes < 0 ? [] : args.slice(dashes + 1);
  for (let i = 0; i < before.length; i++) {
    const arg = before[i]!;
    if (arg.length > 1 && arg.startsWith("-")) {
      if (parser.take(arg, before[i + 1])) i++;
      continue;
    }
    parser.takePositional(arg);
    if (options.stopEarly) {
      result._.push(...before.slice(i + 1));
      break;
    }
  }
  parser.fillDefaults();
  if (options["--"]) (result as Tree)["--"] = after;
  else result._.push(...after);
  return result as unknown as Args<
    Flags<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases>,
    TDoubleDash
  >;
}
