/** A program of `apps/` that can be made into one file. */
export interface Program {
  /** Name of the file in `dist/`. */
  readonly name: string;
  /** Its main module. */
  readonly main: string;
  /** Permissions that it runs with, as flags of Deno. */
  readonly permissions: readonly string[];
}

/** What a program needs that opens a device, or a capture, and tells about the host. */
const PERMISSIONS: readonly string[] = [
  "--allow-ffi",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
];

/** The programs. */
export const PROGRAMS: readonly Program[] = [
  { name: "ethup", main: "apps/ethernet/main.ts", permissions: PERMISSIONS },
  { name: "pppup", main: "apps/modem/main.ts", permissions: PERMISSIONS },
];
