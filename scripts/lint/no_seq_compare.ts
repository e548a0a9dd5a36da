import { locateSource } from "./source_place.ts";

/** Variables and members which hold a sequence number (RFC 9293 §3.3.1, RFC 6675 §2, RFC 7323 §4.3). */
const SEQUENCE_NAME =
  /^#?(?:seq|seqNumber|ackNumber|snd(?:Una|Nxt|Up|Wl1|Wl2)|rcv(?:Nxt|Up)|iss|irs|highRxt|rescueRxt|highData|lastAckSent|(?:\w+)(?:Seq|Una|Nxt))$/;

const COMPARISONS = new Set(["<", ">", "<=", ">="]);

function nameOf(node: Deno.lint.Node): string | undefined {
  switch (node.type) {
    case "Identifier":
      return node.name;
    case "MemberExpression":
      if (node.computed) return undefined;
      if (node.property.type === "PrivateIdentifier") return node.property.name;
      if (node.property.type !== "Identifier") return undefined;
      // SEG.ACK; elsewhere, `ack` is also a verb and a count.
      if (node.property.name === "ack" && nameOf(node.object)?.toLowerCase().startsWith("seg")) {
        return "ackNumber";
      }
      return node.property.name;
    case "TSNonNullExpression":
    case "TSAsExpression":
      return nameOf(node.expression);
    default:
      return undefined;
  }
}

function isSequenceNumber(node: Deno.lint.Node): boolean {
  const name = nameOf(node);
  return name !== undefined && SEQUENCE_NAME.test(name);
}

/** A literal marks a sentinel such as −1, which is no sequence number. */
function isLiteral(node: Deno.lint.Node): boolean {
  return node.type === "Literal" || (node.type === "UnaryExpression" && node.argument.type === "Literal");
}

/** Whether the result is brought back to 32 bits at once: `(a - b) | 0`, `(a + n) >>> 0`, `seqLt(a + n, b)`. */
function isWrapped(node: Deno.lint.BinaryExpression): boolean {
  const parent = node.parent as Deno.lint.Node;
  if (parent.type === "CallExpression") return nameOf(parent.callee)?.startsWith("seq") === true;
  if (parent.type === "BinaryExpression" && (parent.operator === "+" || parent.operator === "-")) {
    return isWrapped(parent);
  }
  return parent.type === "BinaryExpression" && parent.left === node &&
    (parent.operator === "|" || parent.operator === ">>>" || parent.operator === "&");
}

/**
 * Sequence numbers live on a circle of 2³²: comparing them with `<`, or adding without wrapping, is right until the
 * wrap. Only `packages/tcp/seq.ts` does arithmetic on them.
 */
export const noSeqCompare: Deno.lint.Rule = {
  create(context) {
    const place = locateSource(context.filename);
    if (place.packageName !== "tcp" || place.isTest || place.path === "seq.ts") return {};
    return {
      BinaryExpression(node) {
        const { left, right, operator } = node;
        if (!isSequenceNumber(left) && !isSequenceNumber(right)) return;
        if (COMPARISONS.has(operator)) {
          if (isLiteral(left) || isLiteral(right)) return;
          context.report({
            node,
            message: `sequence number compared with ${operator}`,
            hint: "Use seqLt, seqLeq, seqGt or seqGeq of seq.ts: the numbers wrap (RFC 9293 §3.4).",
          });
        } else if ((operator === "+" || operator === "-") && !isWrapped(node)) {
          context.report({
            node,
            message: `sequence number used with ${operator} and not brought back to 32 bits`,
            hint: "Use seqAdd or seqDiff of seq.ts: the numbers wrap (RFC 9293 §3.4).",
          });
        }
      },
    };
  },
};
