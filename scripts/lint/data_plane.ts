import { locateSource } from "./source_place.ts";

const ARRAY_CHAINS = new Set(["map", "filter", "reduce", "forEach", "flatMap", "flat", "some", "every"]);

type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

function isFunction(node: Deno.lint.Node): node is FunctionNode {
  return node.type === "FunctionDeclaration" || node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression";
}

function parentOf(node: Deno.lint.Node): Deno.lint.Node | undefined {
  return (node as { parent?: Deno.lint.Node }).parent;
}

/** The innermost function around a node, or `undefined` at the top level of the module and in class fields. */
function enclosingFunction(node: Deno.lint.Node): FunctionNode | undefined {
  for (let at = parentOf(node); at; at = parentOf(at)) {
    if (isFunction(at)) return at;
    if (at.type === "Program") return undefined;
  }
  return undefined;
}

function isConstructor(fn: FunctionNode): boolean {
  const parent = fn.parent as Deno.lint.Node;
  return parent.type === "MethodDefinition" && parent.kind === "constructor";
}

/** Whether a node runs once for each packet: inside a function that is not a constructor. */
function isPerPacket(node: Deno.lint.Node): boolean {
  const fn = enclosingFunction(node);
  return fn !== undefined && !isConstructor(fn);
}

/**
 * Files whose module doc begins with "Data plane." in `packages/` keep off what costs time or garbage per packet:
 * `try`, spread, closures, chains over arrays. Constructors and the top level run once and are free.
 */
export const dataPlane: Deno.lint.Rule = {
  create(context) {
    const place = locateSource(context.filename);
    if (place.packageName === undefined || place.isTest) return {};
    const opening = /^\s*\/\*\*[\s*]*Data plane\./.test(context.sourceCode.text);
    if (!opening) return {};
    const report = (node: Deno.lint.Node, what: string) => {
      context.report({
        node,
        message: `${what} in a data plane file`,
        hint: "It costs time or garbage for every packet.",
      });
    };
    const onClosure = (node: Deno.lint.FunctionExpression | Deno.lint.ArrowFunctionExpression) => {
      const parent = node.parent as Deno.lint.Node;
      if (parent.type === "MethodDefinition" || parent.type === "Property") return;
      if (isPerPacket(node)) report(node, "closure");
    };
    return {
      TryStatement: (node) => report(node, "try statement"),
      SpreadElement(node) {
        if (isPerPacket(node)) report(node, "spread");
      },
      ArrowFunctionExpression: onClosure,
      FunctionExpression: onClosure,
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        if (ARRAY_CHAINS.has(callee.property.name) && isPerPacket(node)) {
          report(node, `array method ${callee.property.name}()`);
        }
      },
    };
  },
};
