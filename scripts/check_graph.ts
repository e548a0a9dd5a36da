/**
 * `scripts/check_graph.ts`: who may import whom.
 *
 * JSR refuses cycles between packages, type-only ones included, and finds them late; an unwanted edge that is no cycle
 * it does not find at all. This check names the file and the line.
 *
 * @module
 */
import {
  findImports,
  finish,
  isTestPath,
  listFiles,
  type Member,
  pathExists,
  type Problem,
  readImportNames,
  readMembers,
  readSources,
  resolveRelative,
  type SourceFile,
} from "./lib/workspace.ts";

/** What each package may import: contracts live on the lower side, upper layers register. */
export const ALLOWED_EDGES: Readonly<Record<string, readonly string[]>> = {
  pbuf: [],
  netif: ["pbuf"],
  ip: ["pbuf", "netif"],
  udp: ["pbuf", "netif", "ip"],
  tcp: ["pbuf", "netif", "ip"],
  ppp: ["pbuf", "netif", "ip"],
  dhcp: ["pbuf", "netif", "ip", "udp"],
  dns: ["pbuf", "netif", "ip", "udp"],
  sntp: ["pbuf", "netif", "ip", "udp"],
  sockets: ["pbuf", "netif", "ip", "udp", "tcp", "dhcp", "dns", "sntp"],
};

/** The name part and the entry of `@lightwire/netif/sim`: `netif` and `./sim`. */
function splitSpecifier(specifier: string): { member: string; entry: string } | undefined {
  const match = /^(@lightwire\/[\w-]+)(\/.+)?$/.exec(specifier);
  return match ? { member: match[1]!, entry: match[2] ? `.${match[2]}` : "." } : undefined;
}

/** What {@linkcode checkGraph} looks at. */
export interface GraphInput {
  /** Members of the workspace. */
  readonly members: readonly Member[];
  /** Source files of members and scripts. */
  readonly files: readonly SourceFile[];
  /** Names in the root's import map. */
  readonly importNames: readonly string[];
}

function memberOf(path: string, members: readonly Member[]): Member | undefined {
  return members.find((member) => path.startsWith(`${member.dir}/`));
}

/** Judges an import of a member of the workspace by its name. */
function judgeMemberImport(
  from: Member | undefined,
  path: string,
  specifier: string,
  input: GraphInput,
): string | undefined {
  const { member: targetName, entry } = splitSpecifier(specifier)!;
  const target = input.members.find((member) => member.name === targetName);
  if (!target) return `imports ${specifier}, and there is no member ${targetName}`;
  if (!(entry in target.exports)) {
    return `imports ${specifier}, which ${target.dir}/deno.json does not export`;
  }
  if (from === undefined) return undefined;
  if (from === target) return `imports its own package by name; write a relative path`;
  if (!from.isPublished) return undefined;
  if (!target.isPublished) return `imports ${specifier}, which is not published`;
  if (isTestPath(path)) return undefined;
  const source = from.dir.replace(/^packages\//, "");
  const allowed = ALLOWED_EDGES[source];
  if (!allowed) return `is in a package that has no line in ALLOWED_EDGES of scripts/check_graph.ts`;
  const name = target.dir.replace(/^packages\//, "");
  if (!allowed.includes(name)) {
    return `imports ${specifier}: ${source} may import ${
      allowed.length > 0 ? allowed.join(", ") : "no package"
    }`;
  }
  return undefined;
}

/** Judges an import that is neither relative nor a member: of npm, JSR, Node or the import map. */
function judgeOutsideImport(
  from: Member | undefined,
  path: string,
  specifier: string,
  input: GraphInput,
): string | undefined {
  const isPublishedCode = from?.isPublished === true && !isTestPath(path);
  const registry = /^(?:npm|jsr):\/?(?:@[^/@]+\/)?[^/@]+(@[^/]+)?/.exec(specifier);
  if (registry && !registry[1]) return `imports ${specifier} without a version`;
  if (specifier.startsWith("node:")) {
    return isPublishedCode ? `imports ${specifier}: packages run without Node's modules` : undefined;
  }
  if (/^https?:/.test(specifier)) return `imports ${specifier}: no code from the web`;
  if (isPublishedCode && !specifier.startsWith("@std/")) {
    return `imports ${specifier}: packages depend on nothing but @std`;
  }
  if (registry) return undefined;
  const isMapped = input.importNames.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  return isMapped ? undefined : `imports ${specifier}, which the root deno.json does not map`;
}

function checkFile(file: SourceFile, input: GraphInput): Problem[] {
  const problems: Problem[] = [];
  const from = memberOf(file.path, input.members);
  for (const { specifier, line } of findImports(file.text)) {
    let message: string | undefined;
    if (specifier.startsWith(".")) {
      const to = memberOf(resolveRelative(file.path, specifier), input.members);
      // Scripts start the programs in apps/ by path.
      const isStarted = from === undefined && to?.dir.startsWith("apps/") === true;
      if (to !== from && !isStarted) {
        message = from
          ? `imports ${specifier}, out of its package; import ${to?.name ?? "a package"} by name`
          : `imports ${specifier}, into ${to!.dir}; import ${to!.name} by name`;
      }
    } else if (splitSpecifier(specifier)) {
      message = judgeMemberImport(from, file.path, specifier, input);
    } else if (!specifier.startsWith("file:")) {
      message = judgeOutsideImport(from, file.path, specifier, input);
    }
    if (message !== undefined) problems.push({ where: `${file.path}:${line}`, message });
  }
  return problems;
}

function checkMember(member: Member, all: readonly Member[], exists: (path: string) => boolean): Problem[] {
  const where = `${member.dir}/deno.json`;
  const problems: Problem[] = [];
  const say = (message: string) => problems.push({ where, message });
  for (const [entry, path] of Object.entries(member.exports)) {
    if (!exists(`${member.dir}/${path.replace(/^\.\//, "")}`)) {
      say(`export "${entry}" names ${path}, which does not exist`);
    }
  }
  if (!member.isPublished) {
    if (member.dir.startsWith("packages/")) say("is in packages/ and not published");
    return problems;
  }
  if (member.version !== all.find((other) => other.isPublished)!.version) {
    say("has another version than the rest");
  }
  if (!member.license) say("has no license");
  if (!member.description) say("has no description");
  else if (member.description.length > 250) say("has a description of more than 250 characters");
  for (const pattern of ["**/*_test.ts", "**/*_bench.ts"]) {
    if (!member.publishExclude.includes(pattern)) {
      say(`publishes its tests: ${pattern} is missing in publish.exclude`);
    }
  }
  return problems;
}

/**
 * Checks every import and every member.
 *
 * @param input What to look at.
 * @param exists Tells whether a path exists.
 * @returns What is wrong.
 */
export function checkGraph(input: GraphInput, exists: (path: string) => boolean): Problem[] {
  return [
    ...input.members.flatMap((member) => checkMember(member, input.members, exists)),
    ...input.files.flatMap((file) => checkFile(file, input)),
  ];
}

if (import.meta.main) {
  const members = readMembers();
  const paths = listFiles(["packages", "apps", "scripts"]).filter((path) => /\.tsx?$/.test(path));
  const problems = checkGraph(
    { members, files: readSources(paths), importNames: readImportNames() },
    pathExists,
  );
  finish("check_graph", problems, `${members.length} members, ${paths.length} files`);
}
