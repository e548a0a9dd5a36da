/** {@linkcode guardExit}: what must be put back even when the program ends in a way that nobody planned.
 *
 * @module
 */

/** Status of a process that its terminal hung up on: 128 and the signal's number. */
const EXIT_HANGUP = 129;

const guards = new Set<() => void>();

function runGuards(): void {
  for (const restore of [...guards]) {
    try {
      restore();
    } catch {
      // The others still want to be put back.
    }
  }
  guards.clear();
}

function hangUp(): void {
  runGuards();
  Deno.exit(EXIT_HANGUP);
}

/** Has `restore` called when the program ends: by itself, by `Deno.exit`, by an exception that nobody caught, or because its
 * terminal was closed (SIGHUP). Whoever handles SIGINT and SIGTERM closes in an orderly way.
 *
 * @param restore Synchronous; called at most once.
 * @returns A function that calls it off.
 */
export function guardExit(restore: () => void): () => void {
  if (guards.size === 0) {
    globalThis.addEventListener("unload", runGuards);
    globalThis.addEventListener("error", runGuards);
    globalThis.addEventListener("unhandledrejection", runGuards);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", hangUp);
  }
  guards.add(restore);
  return () => {
    if (!guards.delete(restore) || guards.size > 0) return;
    globalThis.removeEventListener("unload", runGuards);
    globalThis.removeEventListener("error", runGuards);
    globalThis.removeEventListener("unhandledrejection", runGuards);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGHUP", hangUp);
  };
}
