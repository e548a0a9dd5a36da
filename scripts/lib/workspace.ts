import { dirname, fromFileUrl, join, relative } from "./path.ts";

/** One member of the workspace, as its `deno.json` describes it. */
export interface Member {
  /** Name, for instance `@lightwire/pbuf`. */
  readonly name: string;
  /** Folder, relative to the root, for instance `packages/pbuf`. */
  readonly dir: string;
  /** Version. */
  readonly version: string;
  /** Licence. */
  readonly license: string | undefined;
  /** One sentence for the registry. */
  readonly description: string | undefined;
  /** Entry points: export name to path relative to the folder. */
  readonly exports: Readonly<Record<string, string>>;
  /** Whether it is published. */
  readonly isPublished: boolean;
  /** What is left out of publishing. */
  readonly publishExclude: readonly string[];
}

/** A source file. */
export interface SourceFile {
  /** Path relative to the root, with slashes. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
}

/** Something a checker found. */
export interface Problem {
  /** Path relative to the root, with a line number behind a colon where there is one. */
  readonly where: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** Folder which holds the root `deno.json`. */
export const ROOT: string = fromFileUrl(new URL("../../", import.meta.url)).replace(/\/$/, "");

interface MemberJson {
  name: string;
  version?: string;
  license?: string;
  description?: string;
  exports?: string | Record<string, string>;
  publish?: false | { exclude?: string[] };
}

/** Reads the members named in the root `deno.json`. */
export function readMembers(root: string = ROOT): Member[] {
  const config = JSON.parse(Deno.readTextFileSync(join(root, "deno.json"))) as { workspace: string[] };
  return config.workspace.map((entry) => {
    const dir = entry.replace(/^\.\//, "");
    const json = JSON.parse(Deno.readTextFileSync(join(root, dir, "deno.json"))) as MemberJson;
    const publish = json.publish;
    return {
      name: json.name,
      dir,
      version: json.version ?? "",
      license: json.license,
      description: json.description,
      exports: typeof json.exports === "string" ? { ".": json.exports } : json.exports ?? {},
      isPublished: publish !== false,
      publishExclude: publish ? publish.exclude ?? [] : [],
    };
  });
}

/** Names of the root's import map. */
export function readImportNames(root: string = ROOT): string[] {
  const config = JSON.parse(Deno.readTextFileSync(join(root, "deno.json"))) as {
    imports: Record<string, string>;
  };
  return Object.keys(config.imports);
}

const SKIPPED = new Set([".git", "node_modules", "coverage", "dist", "build"]);

/**
 * Lists the files below some folders or of some names.
 *
 * @param tops Paths relative to the root; those which do not exist are left out.
 * @param root The root folder.
 * @returns Paths relative to the root, sorted.
 */
export function listFiles(tops: readonly string[], root: string = ROOT): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of Deno.readDirSync(path)) {
      if (SKIPPED.has(entry.name)) continue;
      const child = join(path, entry.name);
      if (entry.isDirectory) visit(child);
      else if (entry.isFile) found.push(relative(root, child));
    }
  };
  for (const top of tops) {
    const path = join(root, top);
    try {
      if (Deno.statSync(path).isDirectory) visit(path);
      else found.push(top);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found.sort();
}

/** Reads files into {@linkcode SourceFile}s. */
export function readSources(paths: readonly string[], root: string = ROOT): SourceFile[] {
  return paths.map((path) => ({ path, text: Deno.readTextFileSync(join(root, path)) }));
}

/** Whether a path is that of a test or a bench, or of what only they use. */
export function isTestPath(path: string): boolean {
  return /(?:_test|_bench)\.tsx?$/.test(path) || /(?:^|\/)(?:testdata|scenarios|__snapshots__)\//.test(path);
}

/** An import statement. */
export interface Import {
  /** What is written between the quotes. */
  readonly specifier: string;
  /** Line of the statement's end, from 1. */
  readonly line: number;
}

const STATEMENT = /^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["']([^"'\n]+)["']/gm;
const DYNAMIC =
  /\bimport\(\s*["']([^"'\n]+)["']\s*\)|\bnew URL\(\s*["'](\.[^"'\n]+\.ts)["'],\s*import\.meta\.url/g;

/**
 * Finds the imports of a module: statements, dynamic imports, and workers named by `new URL("./x.ts", import.meta.url)`.
 * Examples in comments do not count.
 */
export function findImports(text: string): Import[] {
  const found: Import[] = [];
  const lineAt = (index: number) => text.slice(0, index).split("\n").length;
  for (const match of text.matchAll(STATEMENT)) {
    found.push({ specifier: match[1]!, line: lineAt(match.index + match[0].length) });
  }
  for (const match of text.matchAll(DYNAMIC)) {
    const start = text.lastIndexOf("\n", match.index) + 1;
    if (/^\s*(?:\*|\/\/|\/\*)/.test(text.slice(start, match.index + 1))) continue;
    found.push({ specifier: (match[1] ?? match[2])!, line: lineAt(match.index) });
  }
  return found;
}

/** Resolves a relative specifier against the importing file. */
export function resolveRelative(from: string, specifier: string): string {
  return join(dirname(from), specifier);
}

/** Whether a path exists below the root. */
export function pathExists(path: string, root: string = ROOT): boolean {
  try {
    Deno.statSync(join(root, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/**
 * Prints what a checker found and ends the process: 0 when there is nothing, 1 otherwise.
 *
 * @param checker Name of the checker.
 * @param problems What it found.
 * @param checked What it looked at, for the summary line.
 */
export function finish(checker: string, problems: readonly Problem[], checked: string): never {
  for (const { where, message } of problems) console.error(`${where}: ${message}`);
  if (problems.length > 0) {
    console.error(
      `${checker}: ${problems.length} ${problems.length === 1 ? "problem" : "problems"} in ${checked}`,
    );
    Deno.exit(1);
  }
  console.log(`${checker}: ${checked}, no problem`);
  Deno.exit(0);
}
