import { locateSource } from "./source_place.ts";

/** Lines after which to stop and think. */
const MAX_LINES = 70;

type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/** The name under which a function is known, for the message. */
function nameOf(node: FunctionNode): string {
  if (node.type !== "ArrowFunctionExpression" && node.id) return `${node.id.name}()`;
  const parent = node.parent as Deno.lint.Node;
  if (parent.type === "MethodDefinition" && parent.key.type === "Identifier") return `${parent.key.name}()`;
  if (parent.type === "VariableDeclarator" && parent.id.type === "Identifier") return `${parent.id.name}()`;
  return "a function";
}

/**
 * A function of more than 70 lines is two functions, or says why not in a comment inside or up to three lines above:
 * `// tidy: allow function-length <why>`. Tests and benches are free.
 */
export const functionLength: Deno.lint.Rule = {
  create(context) {
    if (locateSource(context.filename).isTest) return {};
    const { text } = context.sourceCode;
    const check = (node: FunctionNode) => {
      const [start, end] = node.range;
      const body = text.slice(start, end);
      const lines = body.split("\n").length;
      if (lines <= MAX_LINES) return;
      const above = text.slice(0, start).split("\n").slice(-4).join("\n");
      if (/\/\/ tidy: allow function-length \S+/.test(above + body)) return;
      context.report({
        range: [start, start + Math.max(1, body.indexOf("\n"))],
        message: `${nameOf(node)} has ${lines} lines`,
        hint:
          `Split it where a step of the RFC ends, or write "// tidy: allow function-length <why>" above it.`,
      });
    };
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
};
