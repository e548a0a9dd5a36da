/** {@linkcode Output}: everything a command says, to a person or, with `--json`, to a program.
 *
 * Results go to stdout; progress, notes and errors to stderr, so that `ethup … get URL -o - | tar x` works.
 *
 * @module
 */

/** Where the bytes go; replaced in tests. */
export interface OutputSink {
  /** Writes to standard output. */
  stdout(text: string): void;
  /** Writes to standard error. */
  stderr(text: string): void;
  /** Whether standard error is a terminal: a live status line makes sense. */
  readonly isTerminal: boolean;
  /** Whether colours are wanted (a terminal, and `NO_COLOR` unset). */
  readonly hasColor: boolean;
  /** Width of the terminal, where there is one. */
  columns?(): number | undefined;
}

/** The process's own streams. */
export function processSink(): OutputSink {
  const encoder = new TextEncoder();
  const writeAll = (
    stream: { writeSync(p: Uint8Array): number },
    text: string,
  ): void => {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  };
  const isTerminal = Deno.stderr.isTerminal();
  return {
    stdout: (text) => writeAll(Deno.stdout, text),
    stderr: (text) => writeAll(Deno.stderr, text),
    isTerminal,
    hasColor: isTerminal && !Deno.noColor,
    columns: () => {
      try {
        return isTerminal ? Deno.consoleSize().columns : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/** How much is said. */
export interface OutputOptions {
  /** One JSON object per event, a line each. */
  readonly json: boolean;
  /** Results only. */
  readonly quiet: boolean;
  /** Also how things came about. */
  readonly verbose: boolean;
}

/** Fields of a JSON event. */
export type EventFields = object;

/** Prints events, notes, errors and the live status line. */
export class Output {
  /** How much is said. */
  readonly options: OutputOptions;
  readonly #sink: OutputSink;
  #status = "";

  /** @param sink default: the process's streams. */
  constructor(options: OutputOptions, sink: OutputSink = processSink()) {
    this.options = options;
    this.#sink = sink;
  }

  /** Whether a live status line is shown. */
  get hasStatusLine(): boolean {
    return this.#sink.isTerminal && !this.options.json && !this.options.quiet;
  }

  /** A result: as a JSON line with `event` first, or as `text` for a person.
   *
   * @param text `undefined`: nothing is said to a person.
   */
  event(
    event: string,
    fields: EventFields,
    text?: string,
  ): void {
    if (this.options.json) {
      this.#sink.stdout(JSON.stringify({ event, ...fields }) + "\n");
    } else if (text !== undefined) {
      this.#aside(() => this.#sink.stdout(text + "\n"));
    }
  }

  /** Something worth knowing that is not a result; silent with `--json` and `-q`. */
  note(text: string): void {
    if (this.options.json || this.options.quiet) return;
    this.#aside(() => this.#sink.stderr(this.dim(text) + "\n"));
  }

  /** A note that is laid out by its author; silent with `--json` and `-q`. */
  aside(text: string): void {
    if (this.options.json || this.options.quiet) return;
    this.#aside(() => this.#sink.stderr(text + "\n"));
  }

  /** A detail for `-v`. */
  detail(text: string): void {
    if (this.options.verbose) this.note(text);
  }

  /** What went wrong, in one sentence which says what to do next.
   *
   * @param fields more for a program.
   */
  error(text: string, fields: EventFields = {}): void {
    if (this.options.json) {
      this.#sink.stdout(
        JSON.stringify({ event: "error", message: text, ...fields }) + "\n",
      );
    }
    this.#aside(() => this.#sink.stderr(this.#paint("31", text) + "\n"));
  }

  /** Replaces the live status line; an empty text removes it. What does not fit into a line of the terminal is cut off. */
  status(text: string, isDim: boolean = false): void {
    if (!this.hasStatusLine) return;
    const columns = this.#sink.columns?.() ?? Infinity;
    const cut = text.length < columns ? text : `${[...text].slice(0, Math.max(0, columns - 2)).join("")}…`;
    const shown = isDim && cut !== "" ? this.dim(cut) : cut;
    if (shown === this.#status) return;
    this.#status = shown;
    this.#sink.stderr("\r\x1b[2K" + shown);
  }

  /** Text in the colour of less important things. */
  dim(text: string): string {
    return this.#paint("2", text);
  }

  /** Text in the colour of good news. */
  good(text: string): string {
    return this.#paint("32", text);
  }

  /** Text in the colour of bad news. */
  bad(text: string): string {
    return this.#paint("31", text);
  }

  /** Text in the colour of things to look at. */
  warn(text: string): string {
    return this.#paint("33", text);
  }

  /** Emphasised text. */
  strong(text: string): string {
    return this.#paint("1", text);
  }

  #paint(code: string, text: string): string {
    return this.#sink.hasColor ? `\x1b[${code}m${text}\x1b[0m` : text;
  }

  #aside(print: () => void): void {
    if (this.#status === "") return print();
    this.#sink.stderr("\r\x1b[2K");
    print();
    this.#sink.stderr(this.#status);
  }
}
