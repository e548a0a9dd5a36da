/**
 * `scripts/tidy.ts`: sizes of files, leftovers, dead and untested code, names.
 *
 * Files past 400 lines (600 for tests) are named; `// tidy: allow file-length <why>` in one of them is an answer.
 * The length of functions is the lint rule `function-length`.
 *
 * @module
 */
import {
  findImports,
  finish,
  isTestPath,
  listFiles,
  type Member,
  type Problem,
  readMembers,
  readSources,
  resolveRelative,
  type SourceFile,
} from "./lib/workspace.ts";

const MAX_CODE_LINES = 400;
const MAX_TEST_LINES = 600;

/** Spelled in parts, so that this file does not report itself. */
const LEFTOVERS = new RegExp(
  `\\b(?:${["FIX", "TO", "X"].map((a, i) => a + ["ME", "DO", "XX"][i]).join("|")})\\b`,
);
const ONLY = new RegExp(`\\b(?:test|describe|it|bench)\\.${"on"}ly\\b|\\b${"on"}ly: ?true\\b`);
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const ODD_NAME = /[^a-zA-Z0-9$()+\-.@[\]_{}~]/;
const GRAB_BAG = /(?:^|\/)(?:utils?|helpers?|types|misc|common|index)\.ts$/;

function allows(text: string, what: string): boolean {
  return new RegExp(`^\\s*(?://|\\*) tidy: allow ${what} \\S+`, "m").test(text);
}

function checkFile({ path, text }: SourceFile): Problem[] {
  const problems: Problem[] = [];
  const lines = text.split("\n");
  const isTest = isTestPath(path);
  const limit = isTest ? MAX_TEST_LINES : MAX_CODE_LINES;
  const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  if (count > limit && !path.includes("/testdata/") && !allows(text, "file-length")) {
    problems.push({
      where: path,
      message:
        `has ${count} lines, more than ${limit}; split it, or write "// tidy: allow file-length <why>"`,
    });
  }
  lines.forEach((line, i) => {
    if (LEFTOVERS.test(line)) {
      problems.push({ where: `${path}:${i + 1}`, message: "leftover note; do it, or file an issue" });
    }
    if (isTest && ONLY.test(line)) {
      problems.push({ where: `${path}:${i + 1}`, message: "runs only this test" });
    }
  });
  return problems;
}

function checkNames(paths: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const path of paths) {
    const say = (message: string) => problems.push({ where: path, message });
    const name = path.slice(path.lastIndexOf("/") + 1);
    const twin = seen.get(path.toLowerCase());
    if (twin) say(`differs from ${twin} only in case`);
    seen.set(path.toLowerCase(), path);
    if (RESERVED.test(name)) say("is a reserved name on Windows; JSR refuses it");
    if (path.startsWith("packages/") && ODD_NAME.test(name)) {
      say("has a character in its name that JSR refuses");
    }
    if (GRAB_BAG.test(path) && !path.startsWith("scripts/offline-std/")) {
      say("is named after no symbol; name it after its main one");
    }
  }
  return problems;
}

/** Files that can be reached from a set of files over imports, members by name included. */
export function reach(
  from: readonly string[],
  files: ReadonlyMap<string, SourceFile>,
  members: readonly Member[],
): Set<string> {
  const reached = new Set<string>();
  const queue = [...from];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = files.get(path);
    if (!file || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of findImports(file.text)) {
      if (specifier.startsWith(".")) {
        queue.push(resolveRelative(path, specifier));
        continue;
      }
      const member = members.find((m) => specifier === m.name || specifier.startsWith(`${m.name}/`));
      const target = member?.exports[`.${specifier.slice(member.name.length)}`];
      if (member && target) queue.push(resolveRelative(`${member.dir}/deno.json`, target));
    }
  }
  return reached;
}

/** Whether a module does something at run time, rather than re-export or describe types. */
function hasCode(text: string): boolean {
  return /^(?:export )?(?:default )?(?:abstract )?(?:async )?(?:function|class|const|let)\b/m.test(text);
}

/** Names code that no test reaches, and code that nothing at all reaches. */
function checkReach(
  files: ReadonlyMap<string, SourceFile>,
  members: readonly Member[],
  programs: ReadonlySet<string>,
): Problem[] {
  const paths = [...files.keys()];
  const isProgram = (path: string) =>
    programs.has(path) || files.get(path)!.text.includes("import.meta.main");
  const tests = paths.filter((path) => path.endsWith("_test.ts"));
  const entries = members.flatMap((m) =>
    Object.values(m.exports).map((e) => resolveRelative(`${m.dir}/deno.json`, e))
  );
  const tested = reach(tests, files, members);
  const alive = reach(
    [...tests, ...paths.filter(isTestPath), ...entries, ...paths.filter(isProgram)],
    files,
    members,
  );
  const problems: Problem[] = [];
  for (const path of paths) {
    if (isTestPath(path) || path.startsWith("scripts/offline-std/")) continue;
    const { text } = files.get(path)!;
    if (!alive.has(path) && !allows(text, "dead-file")) {
      problems.push({ where: path, message: "is imported by nothing" });
    } else if (!tested.has(path) && hasCode(text) && !isProgram(path) && !allows(text, "no-test")) {
      problems.push({
        where: path,
        message: `has no test: ${path.replace(/\.ts$/, "_test.ts")}, or one that imports it`,
      });
    }
  }
  return problems;
}

/**
 * Checks all files.
 *
 * @param sources The TypeScript files.
 * @param texts Other texts, which are searched for leftovers only.
 * @param members Members of the workspace.
 * @param programs Modules that are run, by a task for instance; those that ask `import.meta.main` need not be named.
 * @returns What is wrong.
 */
export function tidy(
  sources: readonly SourceFile[],
  texts: readonly SourceFile[],
  members: readonly Member[],
  programs: ReadonlySet<string> = new Set(),
): Problem[] {
  const files = new Map(sources.map((file) => [file.path, file]));
  const leftovers = texts.flatMap((file) =>
    checkFile(file).filter((problem) => problem.message.startsWith("leftover"))
  );
  return [
    ...sources.flatMap(checkFile),
    ...leftovers,
    ...checkNames([...sources, ...texts].map((file) => file.path)),
    ...checkReach(files, members, programs),
  ];
}

if (import.meta.main) {
  const tops = [
    "packages",
    "apps",
    "scripts",
    "docs",
    ".ci",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
  ];
  const paths = listFiles(tops);
  const sources = readSources(paths.filter((path) => /\.tsx?$/.test(path)));
  const texts = readSources(
    paths.filter((path) => /\.(?:md|json|sh)$|^\.ci\//.test(path) && !path.includes("/testdata/")),
  );
  const programs = new Set(
    readSources(["deno.json"])[0]!.text.match(/\b(?:apps|scripts)\/[\w/]+\.ts\b/g) ?? [],
  );
  finish(
    "tidy",
    tidy(sources, texts, readMembers(), programs),
    `${sources.length} modules, ${texts.length} texts`,
  );
}
