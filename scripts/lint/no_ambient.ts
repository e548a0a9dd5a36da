import { locateSource } from "./source_place.ts";

/** The two files that may touch the host, both in `packages/sockets`. */
const HOST_FILES = new Set(["pump.ts", "host_environment.ts"]);

const BANNED = new Map<string, string>([
  ["Deno", "packages run on other hosts too; drivers and programs that need Deno live in apps/"],
  ["Date", "take a Clock through the constructor"],
  ["performance", "take a Clock through the constructor"],
  ["setTimeout", "make a Timer from the TimerQueue"],
  ["setInterval", "make a Timer from the TimerQueue"],
  ["setImmediate", "make a Timer from the TimerQueue"],
  ["clearTimeout", "make a Timer from the TimerQueue"],
  ["clearInterval", "make a Timer from the TimerQueue"],
  ["queueMicrotask", "append to an outbox that the layer drains"],
  ["MessageChannel", "only pump.ts yields to the host's event loop"],
  ["crypto", "take a Random through the constructor"],
  ["console", "count it, or hand it to the caller's callback"],
  ["process", "packages run on other hosts too"],
  ["Buffer", "use Uint8Array or a Pbuf"],
  ["fetch", "packages do not use the host's network"],
  ["localStorage", "packages keep no state in the host"],
]);

/** Banned below `packages/sockets` in addition: whatever completes later than the call returns. */
const BANNED_BELOW_SOCKETS = new Map<string, string>([
  ["Promise", "callbacks run to completion below sockets"],
  ["ReadableStream", "streams begin in sockets"],
  ["WritableStream", "streams begin in sockets"],
  ["TransformStream", "streams begin in sockets"],
]);

interface Use {
  node: Deno.lint.Identifier;
  why: string;
}

/** Whether an identifier stands for a variable or a type, rather than for the name of a member. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as Deno.lint.Node | undefined;
  switch (parent?.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
      return parent.value === node || (parent.computed && parent.key === node);
    case "TSQualifiedName":
      return parent.left === node;
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.computed || parent.key !== node;
    case "TSPropertySignature":
    case "TSMethodSignature":
      return parent.computed === true && parent.key === node;
    case "ImportSpecifier":
    case "ExportSpecifier":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "TSAbstractMethodDefinition":
    case "TSAbstractPropertyDefinition":
      return false;
    default:
      return true;
  }
}

/** Names that a declaration binds, patterns taken apart. */
function* boundNames(pattern: Deno.lint.Node | null): Generator<string> {
  switch (pattern?.type) {
    case "Identifier":
      yield pattern.name;
      break;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        yield* boundNames(property.type === "Property" ? property.value : property.argument);
      }
      break;
    case "ArrayPattern":
      for (const element of pattern.elements) yield* boundNames(element);
      break;
    case "AssignmentPattern":
      yield* boundNames(pattern.left);
      break;
    case "RestElement":
      yield* boundNames(pattern.argument);
      break;
  }
}

/** `Math.random`, and banned globals behind `globalThis`. */
function checkMember(context: Deno.lint.RuleContext, node: Deno.lint.MemberExpression): void {
  const { object, property } = node;
  if (object.type !== "Identifier" || property.type !== "Identifier") return;
  if (object.name === "Math" && property.name === "random") {
    context.report({
      node,
      message: "Math.random in packages/",
      hint: "Take a Random through the constructor.",
    });
  }
  const why = object.name === "globalThis" ? BANNED.get(property.name) : undefined;
  if (why !== undefined) {
    context.report({ node, message: `globalThis.${property.name} in packages/`, hint: asSentence(why) });
  }
}

function asSentence(why: string): string {
  return `${why[0]!.toUpperCase()}${why.slice(1)}.`;
}

/**
 * Keeps the core functional: no ambient time, timers, entropy, host API or output in `packages/`, and below `sockets`
 * nothing asynchronous either. Tests, benches and the two host files of `sockets` are free.
 */
export const noAmbient: Deno.lint.Rule = {
  create(context) {
    const place = locateSource(context.filename);
    if (place.packageName === undefined || place.isTest) return {};
    const isSockets = place.packageName === "sockets";
    if (isSockets && HOST_FILES.has(place.path)) return {};
    const declared = new Set<string>();
    const uses: Use[] = [];

    const declare = (...patterns: (Deno.lint.Node | null)[]) => {
      for (const pattern of patterns) {
        for (const name of boundNames(pattern)) declared.add(name);
      }
    };
    const onFunction = (
      node: Deno.lint.FunctionDeclaration | Deno.lint.FunctionExpression | Deno.lint.ArrowFunctionExpression,
    ) => {
      if (node.type !== "ArrowFunctionExpression") declare(node.id);
      declare(...node.params as Deno.lint.Node[]);
      if (!isSockets && node.async) {
        context.report({
          node,
          message: "async function below sockets",
          hint: "Callbacks run to completion below sockets.",
        });
      }
    };
    return {
      VariableDeclarator: (node) => declare(node.id),
      FunctionDeclaration: onFunction,
      FunctionExpression: onFunction,
      ArrowFunctionExpression: onFunction,
      ClassDeclaration: (node) => declare(node.id),
      ImportDeclaration(node) {
        for (const specifier of node.specifiers) declared.add(specifier.local.name);
        const source = node.source.value;
        if (source.startsWith("node:")) {
          context.report({
            node,
            message: `import of ${source} in packages/`,
            hint: "Packages run without Node's modules.",
          });
        }
      },
      MemberExpression: (node) => checkMember(context, node),
      Identifier(node) {
        const why = BANNED.get(node.name) ?? (isSockets ? undefined : BANNED_BELOW_SOCKETS.get(node.name));
        if (why !== undefined && isReference(node)) uses.push({ node, why });
      },
      "Program:exit"() {
        for (const { node, why } of uses) {
          if (declared.has(node.name)) continue;
          context.report({
            node,
            message: `${node.name} is ambient in packages/`,
            hint: asSentence(why),
          });
        }
      },
    };
  },
};
