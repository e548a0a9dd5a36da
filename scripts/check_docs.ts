/**
 * `scripts/check_docs.ts`: what is documented is documented well, and what the documents name exists.
 *
 * Each entry point has a module doc (neither `deno doc --lint` nor a publish dry run notices its absence), each package
 * a README with its parts, and each path in backticks in the Markdown files exists.
 *
 * @module
 */
import { runDeno } from "./lib/run_deno.ts";
import { dirname } from "./lib/path.ts";
import {
  finish,
  listFiles,
  type Member,
  pathExists,
  type Problem,
  readMembers,
  readSources,
  resolveRelative,
  ROOT,
  type SourceFile,
} from "./lib/workspace.ts";

/** Headings that the README of each package has, in the form `## Heading`. */
const README_PARTS = ["Example", "RFCs", "Files", "Limits and defaults"];

/** Whether a module begins with a doc comment that holds `@module`. */
export function hasModuleDoc(text: string): boolean {
  const first = /^\s*(?:\/\/[^\n]*\n\s*)*\/\*\*([\s\S]*?)\*\//.exec(text);
  return first !== null && /@module\b/.test(first[1]!);
}

/** A path in backticks that looks like one of ours: `packages/ip/address.ts`, `docs/adr/`. */
const TOPS = "(?:packages|apps|scripts|docs|\\.ci)";
const NAMED = new RegExp(
  "`(" + TOPS + "/[\\w./-]*|(?:ARCHITECTURE|CONTRIBUTING|CHANGELOG|README)\\.md|deno\\.(?:json|lock))`",
  "g",
);
/** In ARCHITECTURE.md and READMEs also `tcp/seq.ts`, meaning a package's file; a bare `seq.ts` means a sibling. */
const SHORT = /`((?:pbuf|netif|ip|udp|tcp|dhcp|dns|sntp|ppp|sockets)\/[\w./-]+\.ts)`/g;
const BARE = /`((?:[\w-]+\/)*[\w-]+\.ts)`/g;

/**
 * Finds the paths that a Markdown file names.
 *
 * @param file The file.
 * @returns Paths relative to the root, with the line on which each stands.
 */
export function findNamedPaths(file: SourceFile): { path: string; line: number }[] {
  const found: { path: string; line: number }[] = [];
  const isPackageReadme = /^packages\/[^/]+\/README\.md$/.test(file.path);
  file.text.split("\n").forEach((text, i) => {
    for (const [, path] of text.matchAll(NAMED)) found.push({ path: path!, line: i + 1 });
    for (const [, path] of text.matchAll(SHORT)) found.push({ path: `packages/${path}`, line: i + 1 });
    // The list of files in a package's README: "| `seq.ts` | …" or "- `seq.ts`: …".
    if (isPackageReadme && /^(?:\||[-*]) *`/.test(text)) {
      const bare = BARE.exec(text)?.[1];
      BARE.lastIndex = 0;
      if (bare && !/^(?:packages|apps|scripts)\//.test(bare)) {
        found.push({ path: `${dirname(file.path)}/${bare}`, line: i + 1 });
      }
    }
  });
  return found;
}

/**
 * Checks the rows of ARCHITECTURE.md that name files and, in their last cell, one function: one of the files has it.
 *
 * @param file The document.
 * @param read Reads a file.
 * @returns What is wrong.
 */
export function checkNamedFunctions(file: SourceFile, read: (path: string) => string | undefined): Problem[] {
  const problems: Problem[] = [];
  file.text.split("\n").forEach((text, i) => {
    const last = /\| `([\w.]+)` \|$/.exec(text)?.[1];
    if (!text.startsWith("|") || last === undefined || last.includes("/")) return;
    const name = last.slice(last.lastIndexOf(".") + 1);
    const paths = findNamedPaths({ path: file.path, text }).map((named) => named.path);
    const texts = paths.map(read).filter((found) => found !== undefined);
    if (texts.length === 0 || texts.some((found) => new RegExp(`\\b${name}\\b`).test(found))) return;
    problems.push({
      where: `${file.path}:${i + 1}`,
      message: `names ${last}, which ${paths.join(" and ")} does not have`,
    });
  });
  return problems;
}

/**
 * Checks module docs and Markdown files.
 *
 * @param members Members of the workspace.
 * @param read Reads a file, `undefined` when there is none.
 * @param markdown The Markdown files.
 * @param exists Tells whether a path exists.
 * @returns What is wrong.
 */
export function checkDocs(
  members: readonly Member[],
  read: (path: string) => string | undefined,
  markdown: readonly SourceFile[],
  exists: (path: string) => boolean,
): Problem[] {
  const problems: Problem[] = [];
  for (const member of members) {
    for (const entry of Object.values(member.exports)) {
      const path = resolveRelative(`${member.dir}/deno.json`, entry);
      const text = read(path);
      if (text === undefined) continue; // check_graph says so.
      const isMain = member.isPublished && entry === member.exports["."];
      if (isMain && !text.includes("@example")) {
        problems.push({ where: path, message: "is the main entry point and has no @example" });
      }
      if (!hasModuleDoc(text)) {
        problems.push({ where: path, message: "is an entry point and has no @module doc at its top" });
      }
    }
    if (!member.isPublished) continue;
    const readme = read(`${member.dir}/README.md`);
    if (readme === undefined) {
      problems.push({ where: member.dir, message: "has no README.md" });
      continue;
    }
    for (const part of README_PARTS) {
      if (!readme.includes(`\n## ${part}\n`)) {
        problems.push({ where: `${member.dir}/README.md`, message: `has no part "## ${part}"` });
      }
    }
  }
  for (const file of markdown) {
    for (const { path, line } of findNamedPaths(file)) {
      if (!exists(path.replace(/\/$/, ""))) {
        problems.push({ where: `${file.path}:${line}`, message: `names ${path}, which does not exist` });
      }
    }
  }
  const architecture = markdown.find((file) => file.path === "ARCHITECTURE.md");
  if (architecture) problems.push(...checkNamedFunctions(architecture, read));
  const lines = architecture?.text.split("\n").length ?? 0;
  if (lines > 200) problems.push({ where: "ARCHITECTURE.md", message: `has ${lines} lines, more than 200` });
  return problems;
}

/** Runs `deno doc --lint` over every entry point that is published. */
async function lintDocs(members: readonly Member[]): Promise<Problem[]> {
  const entries = members.filter((m) => m.isPublished).flatMap((m) =>
    Object.values(m.exports).map((entry) => resolveRelative(`${m.dir}/deno.json`, entry))
  );
  const result = await runDeno(["doc", "--lint", ...entries.filter((path) => pathExists(path))], {
    isShown: false,
  });
  if (result.code === 0) return [];
  return [{ where: "deno doc --lint", message: `\n${result.output.replaceAll(`${ROOT}/`, "")}` }];
}

if (import.meta.main) {
  const members = readMembers();
  const read = (path: string) => pathExists(path) ? readSources([path])[0]!.text : undefined;
  const tops = ["docs", "packages", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
  const markdown = readSources(listFiles(tops).filter((path) => path.endsWith(".md")));
  const problems = [...checkDocs(members, read, markdown, pathExists), ...await lintDocs(members)];
  finish("check_docs", problems, `${members.length} members, ${markdown.length} documents`);
}
