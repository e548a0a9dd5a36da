/**
 * Ways of citing which differ from `RFC 9293 §3.10.7.4`. The number and what follows it are captured, so that the
 * message can show how it is written.
 */
const WRONG: readonly RegExp[] = [
  /\bRFC-?(\d{3,5})\b/g,
  /\bRFC {2,}(\d{3,5})\b/g,
  /\b(?:Rfc|rfc)[ -]?(\d{3,5})\b(?!\.|\/)/g,
  /\bRFC (\d{3,5}),? *(?:[Ss]ections?|[Ss]ecs?\.?|[Pp]aragraph|[Ss]ect\.?) ?([\dA-Z][\w.]*)?/g,
  /\bRFC (\d{3,5})(?:, ?| {2,})§ ?([\dA-Z][\w.]*)/g,
  /\bRFC (\d{3,5}) ?§ +([\dA-Z][\w.]*)/g,
  /\bRFC (\d{3,5})§([\dA-Z][\w.]*)/g,
];

/** A citation that is not in the house's form. */
export interface WrongCitation {
  /** Offset in the text at which it starts. */
  readonly index: number;
  /** Its text. */
  readonly text: string;
  /** How it is written here. */
  readonly wanted: string;
}

/**
 * Finds citations of RFCs which are not in the form `RFC <number> §<section>`.
 *
 * @param text The text of a comment.
 * @returns What was found, in order, each place once.
 */
export function findWrongCitations(text: string): WrongCitation[] {
  const found = new Map<number, WrongCitation>();
  for (const pattern of WRONG) {
    for (const match of text.matchAll(pattern)) {
      if (found.has(match.index) || isPartOfAddress(text, match.index)) continue;
      const section = match[2]?.replace(/[.,;:]+$/, "");
      found.set(match.index, {
        index: match.index,
        text: match[0].trim(),
        wanted: `RFC ${match[1]}${section ? ` §${section}` : ""}`,
      });
    }
  }
  return [...found.values()].sort((a, b) => a.index - b.index);
}

/** The name of an RFC in a web address or a file name is not a citation. */
function isPartOfAddress(text: string, index: number): boolean {
  return /[\w/.-]$/.test(text.slice(0, index));
}

/** Citations have one form, so that a script can collect them. */
export const rfcCitation: Deno.lint.Rule = {
  create(context) {
    return {
      "Program:exit"() {
        for (const comment of context.sourceCode.getAllComments()) {
          for (const wrong of findWrongCitations(comment.value)) {
            // Two characters open the comment.
            const start = comment.range[0] + 2 + wrong.index;
            context.report({
              range: [start, start + wrong.text.length],
              message: `citation is not in the form "RFC <number> §<section>"`,
              hint: `Write "${wrong.wanted}".`,
            });
          }
        }
      },
    };
  },
};
