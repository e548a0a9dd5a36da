/** A program of `apps/` that can be made into one file. */
export interface Program {
  /** Name of the file in `dist/`. */
  readonly name: string;
  /** Its main module. */
  readonly main: string;
  /** Permissions that it runs with, as flags of Deno. */
  readonly permissions: readonly string[];
}

/** The programs. */
export const PROGRAMS: readonly Program[] = [
  {
    name: "ethup",
    main: "apps/ethernet/main.ts",
    permissions: [
      "--allow-ffi",
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
    ],
  },
  { name: "pppup", main: "apps/modem/main.ts", permissions: [] },
];
